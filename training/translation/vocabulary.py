"""One vocabulary for English, Persian and Chinese, as Marian's tokenizer of transformers reads it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from translation.parallel_text import DOMAINS
from whole_files import write_json

# The first numbers; M2M100's positions begin after that of the padding, so it is small.
END, PAD, UNKNOWN = "</s>", "<pad>", "<unk>"
_SPACE = "\u2581"
_FILES = ("source.spm", "target.spm")
TOKENIZER = ("vocab.json", *_FILES, "tokenizer_config.json")


def tag(domain: str) -> str:
    """Return the piece that a source sentence of a domain begins with."""
    return f">>{domain}<<"


def train_vocabulary(texts: Iterable[str], folder: Path, pieces: int) -> None:
    """Learn pieces (SentencePiece, unigram) and write the files of a tokenizer.

    Args:
        texts: sentences of all languages.
        folder: where to.
        pieces: how many, the special ones not counted.
    """
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

    folder.mkdir(parents=True, exist_ok=True)
    prefix = folder / "pieces"
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_prefix=str(prefix),
        vocab_size=pieces,
        model_type="unigram",
        character_coverage=0.9998,
        byte_fallback=True,
        normalization_rule_name="identity",
        split_digits=True,
        input_sentence_size=400_000,
        shuffle_input_sentence=True,
        bos_id=-1,
        # A small text has fewer pieces than were asked for.
        hard_vocab_limit=False,
        minloglevel=1,
        train_extremely_large_corpus=False,
    )
    learned = SentencePieceProcessor(model_file=f"{prefix}.model")
    known = [learned.id_to_piece(number) for number in range(learned.get_piece_size())]
    own = [piece for piece in known if piece not in (END, PAD, UNKNOWN)]
    names = [END, PAD, UNKNOWN, *map(tag, DOMAINS), *own]
    write_json(folder / "vocab.json", {name: number for number, name in enumerate(names)})
    for name in _FILES:
        shutil.copyfile(f"{prefix}.model", folder / name)
    for ending in ("model", "vocab"):
        Path(f"{prefix}.{ending}").unlink()
    write_json(
        folder / "tokenizer_config.json",
        # The answer begins with the end of the text before it, as M2M100's do.
        {"tokenizer_class": "MarianTokenizer", "separate_vocabs": False, "bos_token": END, "model_max_length": 256},
    )


class Encoder:
    """Sentences to numbers and back, without transformers' overhead for each sentence.

    Args:
        folder: of `train_vocabulary`.
    """

    def __init__(self, folder: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._pieces = SentencePieceProcessor(model_file=str(folder / _FILES[0]))
        self.numbers: dict[str, int] = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self._names = {number: name for name, number in self.numbers.items()}
        self.end, self.unknown, self.pad = (self.numbers[name] for name in (END, UNKNOWN, PAD))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.numbers)

    @property
    def pieces(self) -> int:
        """How many were asked for when they were learned."""
        return self._pieces.get_piece_size()

    def encode(self, texts: Sequence[str], domain: str = "") -> list[list[int]]:
        """Return the numbers of each text with its end; of sources after the tag of their domain."""
        first = [self.numbers[tag(domain)]] if domain else []
        pieces = self._pieces.encode(list(texts), out_type=str)
        if not domain:
            # Chinese has no space that a sentence could begin with; a tenth of its pieces would say so.
            pieces = [one[1:] if one[:1] == [_SPACE] else one for one in pieces]
        return [[*first, *(self.numbers.get(piece, self.unknown) for piece in one), self.end] for one in pieces]

    def decode(self, numbers: Iterable[int]) -> str:
        """Return the text of numbers up to their end."""
        names = []
        for number in numbers:
            if number == self.end:
                break
            if number not in (self.pad, self.unknown):
                names.append(self._names[number])
        return self._pieces.decode([name for name in names if not name.startswith(">>")])
