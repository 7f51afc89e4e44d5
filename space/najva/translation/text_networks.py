"""Text-to-text networks on CTranslate2 or PyTorch: numbers of pieces in, numbers of pieces out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from najva.pretrained.conversion import load_strictly
from najva.translation.confidence import Confidence
from najva.translation.engine import Attempt, EngineError

# Pieces computed at a time, padding counted; more gain nothing on a CPU.
_BATCH_PIECES = 2048
# Of a converted network, up to which one thread alone is quicker than several.
_SMALL_BYTES = 64_000_000


@dataclass(frozen=True)
class Hypothesis:
    """What a network wrote.

    Attributes:
        pieces: numbers, without what it was begun with and without the end.
        score: mean natural logarithm of the pieces' probability, the end counted.
    """

    pieces: list[int]
    score: float


class TextNetwork(Protocol):
    """One network on one device."""

    def write(
        self, sources: Sequence[list[int]], begun: list[int], attempt: Attempt, max_pieces: int
    ) -> list[Hypothesis]:
        """Write what follows from each source.

        Args:
            sources: numbers of pieces, the special ones among them.
            begun: pieces that every answer begins with; of a network without an encoder none.
            attempt: how pieces are chosen.
            max_pieces: of an answer at most.

        Raises:
            EngineError: memory ran out.
        """


@dataclass(frozen=True)
class Loaded:
    """A network with its tokenizer.

    Attributes:
        reference: with its commit, as answers name it.
        tokenizer: of transformers.
        network: which writes.
        confidence: judges what it wrote; None where nobody fitted it.
        lock: held while the tokenizer is asked, which keeps the source language in itself.
    """

    reference: str
    tokenizer: Any
    network: TextNetwork
    confidence: Confidence | None = None
    lock: Lock = field(default_factory=Lock)


def _threads(folder: Path) -> int:
    """Return how many threads share a batch of a converted network."""
    # Each of a small network's products is done before two threads have met: with two the app's own translator takes
    # fourteen times as long for a sentence as with one, on the machine of the README's figures.
    return 1 if (folder / "model.bin").stat().st_size < _SMALL_BYTES else os.cpu_count() or 1


class CTranslate2Network:
    """A converted network on a CPU: int8.

    Args:
        folder: as CTranslate2 wrote it.
        pieces: every piece by its number.
        ends: numbers of the pieces that end a text; of an encoder with a decoder the first.
        has_encoder: whether it is an encoder with a decoder, or a decoder alone.
        compute_type: CTranslate2's name of the arithmetic.
        threads: of a batch; None for all cores, or for one where the network is too small to share out.
    """

    def __init__(
        self,
        folder: Path,
        pieces: Sequence[str],
        ends: Sequence[int],
        *,
        has_encoder: bool,
        compute_type: str = "int8",
        threads: int | None = None,
    ) -> None:
        import ctranslate2

        make = ctranslate2.Translator if has_encoder else ctranslate2.Generator
        threads = threads or _threads(folder)
        self.compute_type = compute_type
        self._model = make(str(folder), device="cpu", compute_type=compute_type, intra_threads=threads)
        self._pieces, self._ends, self._has_encoder = list(pieces), list(ends), has_encoder
        self._numbers = {piece: number for number, piece in enumerate(self._pieces)}

    def write(
        self, sources: Sequence[list[int]], begun: list[int], attempt: Attempt, max_pieces: int
    ) -> list[Hypothesis]:
        """See `TextNetwork.write`."""
        rows = [[self._pieces[number] for number in source] for source in sources]
        options = {
            "max_batch_size": _BATCH_PIECES,
            "batch_type": "tokens",
            "beam_size": attempt.beam_size,
            "no_repeat_ngram_size": attempt.no_repeat,
            "return_scores": True,
        }
        if not self._has_encoder:
            results = _spared(
                self._model.generate_batch,
                rows,
                max_length=max_pieces,
                include_prompt_in_result=False,
                end_token=self._ends,
                **options,
            )
            return [Hypothesis(result.sequences_ids[0], result.scores[0]) for result in results]
        first, longest = [self._pieces[number] for number in begun], max_pieces + len(begun)
        results = _spared(
            self._model.translate_batch,
            rows,
            target_prefix=[first] * len(rows),
            max_decoding_length=longest,
            **options,
        )
        answers = []
        for result in results:
            numbers = [self._numbers[piece] for piece in result.hypotheses[0]]
            # Its mean counts what the answer was begun with, as if that had been sure.
            counted = len(numbers) + (len(numbers) < longest)
            score = result.scores[0] * counted / max(1, counted - len(begun))
            answers.append(Hypothesis(numbers[len(begun) :], score))
        return answers


class TorchNetwork:
    """A network of transformers, for a GPU and for comparison.

    Args:
        folder: Hub-style folder.
        pad: number of the piece that fills up.
        ends: numbers of the pieces that end a text.
        has_encoder: see `CTranslate2Network`.
        device: `cpu` or `cuda`.
        dtype: arithmetic, such as `float16`.
    """

    def __init__(
        self, folder: Path, pad: int, ends: Sequence[int], *, has_encoder: bool, device: str, dtype: str
    ) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, GenerationConfig

        make = AutoModelForSeq2SeqLM if has_encoder else AutoModelForCausalLM
        self.compute_type = dtype
        model = load_strictly(make, folder, dtype=getattr(torch, dtype), local_files_only=True)
        # It would fill in all that is not said here, so that a chat model would draw lots. What Marian's forbids is the
        # piece that fills up.
        model.generation_config = GenerationConfig(bad_words_ids=model.generation_config.bad_words_ids)
        self._model = _spared(model.to, device).eval()
        self._pad, self._ends, self._has_encoder = pad, list(ends), has_encoder

    def write(
        self, sources: Sequence[list[int]], begun: list[int], attempt: Attempt, max_pieces: int
    ) -> list[Hypothesis]:
        """See `TextNetwork.write`."""
        order = sorted(range(len(sources)), key=lambda place: len(sources[place]))
        found: dict[int, Hypothesis] = {}
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and len(sources[order[end]]) * (end + 1 - start) <= _BATCH_PIECES:
                end += 1
            batch = order[start:end]
            written = _spared(self._write, [sources[place] for place in batch], begun, attempt, max_pieces)
            found.update(zip(batch, written, strict=True))
            start = end
        return [found[place] for place in range(len(sources))]

    def _write(
        self, sources: Sequence[list[int]], begun: list[int], attempt: Attempt, max_pieces: int
    ) -> list[Hypothesis]:
        import torch
        from transformers import GenerationConfig

        longest = max(map(len, sources))
        device = self._model.device
        inputs = torch.tensor([self._filled(source, longest, self._pad) for source in sources], device=device)
        mask = torch.tensor([self._filled([1] * len(source), longest, 0) for source in sources], device=device)
        config = GenerationConfig(
            max_new_tokens=max_pieces,
            num_beams=attempt.beam_size,
            no_repeat_ngram_size=attempt.no_repeat or None,
            eos_token_id=self._ends,
            pad_token_id=self._pad,
            decoder_start_token_id=getattr(self._model.config, "decoder_start_token_id", None),
            return_dict_in_generate=True,
            output_scores=True,
        )
        first = {}
        skipped = longest
        if self._has_encoder:
            first_pieces = [config.decoder_start_token_id, *begun]
            first["decoder_input_ids"] = torch.tensor([first_pieces] * len(sources), device=inputs.device)
            skipped = len(first_pieces)
        with torch.inference_mode():
            written = self._model.generate(inputs, attention_mask=mask, generation_config=config, **first)
            scores = self._model.compute_transition_scores(
                written.sequences, written.scores, getattr(written, "beam_indices", None), normalize_logits=True
            )
        answers = []
        for sequence, steps in zip(written.sequences[:, skipped:].tolist(), scores.tolist(), strict=True):
            length = next((place for place, piece in enumerate(sequence) if piece in self._ends), len(sequence))
            counted = steps[: length + 1]
            answers.append(Hypothesis(sequence[:length], sum(counted) / max(1, len(counted))))
        return answers

    def _filled(self, row: list[int], length: int, filler: int) -> list[int]:
        """Return a row filled up; a decoder goes on after the last piece, so that there it is before the first."""
        rest = [filler] * (length - len(row))
        return row + rest if self._has_encoder else rest + row


def _spared(compute, *arguments, **options):
    """Compute, and say in a sentence when memory runs out."""
    try:
        return compute(*arguments, **options)
    except MemoryError as error:
        raise EngineError("there is not enough memory for it") from error
    except RuntimeError as error:
        # CTranslate2 and PyTorch know no error of their own for it; CUDA's says "out of memory".
        if any(sign in str(error).lower() for sign in ("out of memory", "bad_alloc", "failed to allocate")):
            raise EngineError("there is not enough memory for it") from error
        raise
