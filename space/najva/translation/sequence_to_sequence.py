"""Encoder-decoder translators: M2M100, NLLB, Marian (OPUS-MT), and this project's own.

They differ by where the languages go: M2M100 and NLLB want the source's code before the text and the target's as the
first piece of the answer (arXiv:2010.11125, arXiv:2207.04672); Marian's multilingual models want the target as a tag
before the text (`>>cmn_Hans<<`), and this project's translator the kind of text (`>>talk<<`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from najva.translation.confidence import Signs, signs_of
from najva.translation.engine import Attempt, Unit, Written
from najva.translation.language_codes import m2m100_code, nllb_code
from najva.translation.spelling import source_spelling
from najva.translation.text_networks import Hypothesis, Loaded

if TYPE_CHECKING:
    from najva.translation.registry import ModelRow

# Chinese needs fewer pieces than what it translates; what goes on beyond is a loop.
_PIECES_FOR_ONE, _PIECES_BESIDES, _MOST_PIECES = 2, 24, 256
# Of a source: more than a sentence has, unless every letter of it is unknown. The published networks have places for
# as many; what a tokenizer says of a smaller one holds.
_MOST_PIECES_READ = 512
OWN_TAG = ">>talk<<"
_NLLB_TARGETS = {"zh-Hans": "zho_Hans", "zh-Hant": "zho_Hant"}
_MARIAN_TARGETS = {"zh-Hans": ">>cmn_Hans<<", "zh-Hant": ">>cmn_Hant<<"}


@dataclass(frozen=True)
class Family:
    """How one family is told its languages.

    Attributes:
        encode: returns the numbers of a text's pieces, with all that the encoder wants beside them.
        begin: returns the numbers that the answer begins with.
    """

    encode: Callable[[Any, str, str, str], list[int]]
    begin: Callable[[Any, str], list[int]]


def _m2m100(tokenizer: Any, text: str, source: str, target: str) -> list[int]:
    tokenizer.src_lang = m2m100_code(source)
    return _numbers(tokenizer, text)


def _nllb(tokenizer: Any, text: str, source: str, target: str) -> list[int]:
    tokenizer.src_lang = nllb_code(source)
    return _numbers(tokenizer, text)


def _marian(tokenizer: Any, text: str, source: str, target: str) -> list[int]:
    tags = tokenizer.supported_language_codes
    is_own = OWN_TAG in tags
    tag = OWN_TAG if is_own else _MARIAN_TARGETS[target]
    # Its tokenizer takes whatever begins with >> and goes on to << for a tag.
    plain = (source_spelling(text, source) if is_own else text).replace(">>", "»").replace("<<", "«")
    return _numbers(tokenizer, (tag if tag in tags else "") + plain)


def _numbers(tokenizer: Any, text: str) -> list[int]:
    """Return the numbers of a text's pieces, none of which is a language or an end because somebody wrote its name."""
    longest = min(tokenizer.model_max_length, _MOST_PIECES_READ)
    return tokenizer(text, split_special_tokens=True, truncation=True, max_length=longest).input_ids


FAMILIES = {
    "m2m100": Family(_m2m100, lambda tokenizer, target: [tokenizer.get_lang_id("zh")]),
    "nllb": Family(_nllb, lambda tokenizer, target: [tokenizer.convert_tokens_to_ids(_NLLB_TARGETS[target])]),
    "marian": Family(_marian, lambda tokenizer, target: []),
}


class SequenceToSequence:
    """One encoder-decoder; see `TranslationEngine`.

    Args:
        row: of the registry.
        load: returns network and tokenizer, the same ones every time; first called when they are needed.
    """

    needs_speech = False
    attempts = (Attempt(beam_size=4), Attempt(beam_size=4, no_repeat=3))

    def __init__(self, row: ModelRow, load: Callable[[], Loaded]) -> None:
        self.name, self._row, self._load = row.name, row, load
        self._family = FAMILIES[row.family]

    @property
    def references(self) -> list[tuple[str, str]]:
        """See `TranslationEngine`; loads the weights."""
        return [(self.name, self._load().reference)]

    def supports(self, source: str, target: str) -> bool:
        """See `TranslationEngine.supports`."""
        return source in self._row.languages

    def translate(self, units: Sequence[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
        """See `TranslationEngine.translate`."""
        loaded = self._load()
        tokenizer, network = loaded.tokenizer, loaded.network
        with loaded.lock:
            sources = [self._family.encode(tokenizer, unit.text, source, target) for unit in units]
            begun = self._family.begin(tokenizer, target)
        longest = max(map(len, sources), default=0)
        room = min(_MOST_PIECES, _PIECES_FOR_ONE * longest + _PIECES_BESIDES)
        written = network.write(sources, begun, attempt, room)
        return [
            self._judged(loaded, unit.id, numbers, one)
            for unit, numbers, one in zip(units, sources, written, strict=True)
        ]

    def _judged(self, loaded: Loaded, id: int, source: list[int], written: Hypothesis) -> Written:
        text, judge = text_of(loaded.tokenizer, written), loaded.confidence
        if judge is None:
            return Written(id, text, written.score)
        trust = judge.trust(signs_of_written(loaded.tokenizer, source, written))
        return Written(id, text, written.score, trust=trust, rough=trust < judge.threshold)


def text_of(tokenizer: Any, written: Hypothesis) -> str:
    """Return what a network wrote as text."""
    return tokenizer.decode(written.pieces, skip_special_tokens=True).strip()


def signs_of_written(tokenizer: Any, source: list[int], written: Hypothesis) -> Signs:
    """Return what a judge of this project's translator goes by.

    Args:
        tokenizer: Marian's.
        source: numbers of the pieces that the network read.
        written: what it made of them.
    """
    special = {*tokenizer.all_special_tokens, *tokenizer.supported_language_codes}
    pieces = [piece for piece in tokenizer.convert_ids_to_tokens(source) if piece not in special]
    return signs_of(pieces, text_of(tokenizer, written), len(written.pieces), written.score)
