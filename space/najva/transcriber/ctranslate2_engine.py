"""Whisper on CTranslate2: int8 on a CPU, the quick engine of every model without a GPU."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import ctranslate2
import numpy as np

from najva.transcriber.engine import Decoding, Hypothesis
from najva.transcriber.log_mel import FRAMES_PER_SECOND, log_mel
from najva.transcriber.tokens import WhisperTokens

_MAX_WORKERS = 4
_MIN_THREADS = 2  # of a worker


class CTranslate2Engine:
    """One converted checkpoint.

    On a CPU a small decoder gains next to nothing from a second thread (26 tokens: 0.23 s on one, 0.22 s on two), but
    two batches beside each other take little longer than one: 102 s of speech took 2.9 s on two workers of one thread
    and 6.0 s on one worker of two. So cores become workers first. The encoder does gain from a second thread (11 s of
    speech: 0.15 s on one, 0.09 s on two), and a short clip keeps one worker busy only, so each worker has two: two busy
    workers with two threads each on two cores are no slower than with one each.

    Args:
        folder: `model.bin` with `config.json`, `tokenizer.json` and `preprocessor_config.json`.
        device: `cpu` or `cuda`.
        compute_type: CTranslate2's name of the arithmetic; None is int8 on a CPU and float16 on a GPU.
        cores: cores to use; None is all of them.
        features: computes log-mel frames; see `najva.transcriber.log_mel`.
    """

    def __init__(
        self,
        folder: Path,
        device: str = "cpu",
        compute_type: str | None = None,
        cores: int | None = None,
        features: Callable[[np.ndarray, int, int], np.ndarray] = log_mel,
    ) -> None:
        self._features = features
        self.compute_type = compute_type or ("int8" if device == "cpu" else "float16")
        cores = cores or os.cpu_count() or 1
        self.workers = min(cores, _MAX_WORKERS) if device == "cpu" else 1
        # First of all: while it is read it takes twice the memory that it takes later, the peak of a short run.
        self._model = ctranslate2.models.Whisper(
            str(folder),
            device=device,
            compute_type=self.compute_type,
            inter_threads=self.workers,
            intra_threads=min(cores, max(_MIN_THREADS, cores // self.workers)),
        )
        self.tokens = WhisperTokens(folder)
        preprocessor = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
        self.window_seconds = float(preprocessor["chunk_length"])
        self.bands = int(preprocessor["feature_size"])

    def encode(self, waveforms: Sequence[np.ndarray], window_seconds: float) -> "CTranslate2Encoded":
        """Encode clips; see `Engine.encode`. A window shorter than the checkpoint's costs proportionally less."""
        frames = round(min(window_seconds, self.window_seconds) * FRAMES_PER_SECOND)
        features = [self._features(waveform, self.bands, frames)[None] for waveform in waveforms]
        if self._model.device == "cpu":
            # One after the other: a batch is no quicker here, and its attention takes 40 MB a clip of 20 s.
            outputs = [np.array(self._model.encode(ctranslate2.StorageView.from_array(clip))) for clip in features]
            output = ctranslate2.StorageView.from_array(np.concatenate(outputs))
        else:
            output = self._model.encode(ctranslate2.StorageView.from_array(np.concatenate(features)))
        return CTranslate2Encoded(self._model, self.tokens, output)


class CTranslate2Encoded:
    """A batch after the encoder; see `Encoded`."""

    def __init__(
        self, model: "ctranslate2.models.Whisper", tokens: WhisperTokens, output: ctranslate2.StorageView
    ) -> None:
        self._model, self._tokens, self._output = model, tokens, output

    def language_probabilities(self) -> list[dict[str, float]]:
        """See `Encoded.language_probabilities`."""
        detected = self._model.detect_language(self._output)
        return [{token.strip("<|>"): probability for token, probability in clip} for clip in detected]

    def states(self) -> np.ndarray:
        """See `Encoded.states`."""
        return self._on_cpu().astype(np.float32, copy=False)

    def decode(self, rows: Sequence[int], prompt: list[int], decoding: Decoding) -> list[Hypothesis]:
        """See `Encoded.decode`."""
        sampling = decoding.temperature > 0
        results = self._model.generate(
            self._rows(rows),
            [prompt] * len(rows),
            beam_size=1 if sampling else decoding.beam_size,
            num_hypotheses=decoding.candidates if sampling else 1,
            sampling_topk=0 if sampling else 1,
            sampling_temperature=decoding.temperature if sampling else 1.0,
            # CTranslate2 writes at most half of this.
            max_length=2 * decoding.max_tokens,
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [self._best(result) for result in results]

    def align(
        self, rows: Sequence[int], start: list[int], texts: list[list[int]], frames: list[int]
    ) -> list[list[float]]:
        """See `Encoded.align`."""
        results = self._model.align(self._rows(rows), start, texts, frames)
        return [_token_times(result.alignments, len(text)) for result, text in zip(results, texts, strict=True)]

    def _rows(self, rows: Sequence[int]) -> ctranslate2.StorageView:
        if list(rows) == list(range(self._output.shape[0])):
            return self._output
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(self._on_cpu()[list(rows)]))

    def _on_cpu(self) -> np.ndarray:
        return np.array(self._output.to_device(ctranslate2.Device.cpu))

    @staticmethod
    def _best(result: "ctranslate2.models.WhisperGenerationResult") -> Hypothesis:
        best = int(np.argmax(result.scores))
        tokens = result.sequences_ids[best]
        # CTranslate2 divides the sum of log-probabilities by the tokens without the end of text; Whisper's mean
        # counts the end of text too.
        mean = result.scores[best] * len(tokens) / (len(tokens) + 1)
        return Hypothesis(list(tokens), float(mean), float(result.no_speech_prob))


def _token_times(alignments: list[tuple[int, int]], tokens: int) -> list[float]:
    """Turn (token, encoder frame) pairs of a monotonic path into token starts, and the end of the last token."""
    starts: dict[int, int] = {}
    for token, frame in alignments:
        starts.setdefault(token, frame)
    last = alignments[-1][1] if alignments else 0
    frames = [starts.get(token, last) for token in range(tokens)] + [starts.get(tokens, last)]
    return [2 * frame / FRAMES_PER_SECOND for frame in frames]
