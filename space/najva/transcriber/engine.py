"""What a Whisper engine must do; the behaviour of a transcription lives in the transcriber, once for all engines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from najva.transcriber.tokens import WhisperTokens

# Positions of Whisper's decoder, less the longest prompt.
MAX_TOKENS = 444


def token_limit(seconds: float, tokens_per_second: float) -> int:
    """Return how many tokens a decoder may write for so much speech: a rate, 32 more, and what it has room for."""
    return min(MAX_TOKENS, int(32 + tokens_per_second * seconds))


@dataclass(frozen=True)
class Decoding:
    """How tokens are chosen.

    Attributes:
        beam_size: 1 is greedy.
        temperature: 0 takes the likeliest token; above it tokens are sampled and `beam_size` is ignored.
        candidates: samples drawn above temperature 0; the likeliest is kept.
        max_tokens: tokens written at most, the prompt not counted.
    """

    beam_size: int = 1
    temperature: float = 0.0
    candidates: int = 1
    max_tokens: int = MAX_TOKENS


@dataclass(frozen=True)
class Hypothesis:
    """What the decoder wrote for one clip.

    Attributes:
        tokens: ids without prompt and end of text; timestamp tokens are among them.
        mean_log_probability: mean natural logarithm of the tokens' probability, the end of text counted.
        no_speech_probability: probability of `<|nospeech|>` at the first position.
    """

    tokens: list[int]
    mean_log_probability: float
    no_speech_probability: float


class Encoded(Protocol):
    """A batch of clips after the encoder; every later question is asked of it, so the encoder runs once."""

    def language_probabilities(self) -> list[dict[str, float]]:
        """Return for each clip the probability of every language, read from the language logits."""

    def states(self) -> np.ndarray:
        """Return the encoder's output, float32 (clips, frames, width), 50 frames a second."""

    def decode(self, rows: Sequence[int], prompt: list[int], decoding: Decoding) -> list[Hypothesis]:
        """Write the text of some of the clips."""

    def align(
        self, rows: Sequence[int], start: list[int], texts: list[list[int]], frames: list[int]
    ) -> list[list[float]]:
        """Return for each clip the start of each of its text tokens and the end of the last, in seconds."""


class Engine(Protocol):
    """One checkpoint on one device.

    Attributes:
        tokens: the checkpoint's vocabulary.
        window_seconds: longest window that its encoder takes.
        workers: batches that are best computed at the same time.
        compute_type: the arithmetic's name, such as `int8` or `float16`.
    """

    compute_type: str
    tokens: WhisperTokens
    window_seconds: float
    workers: int

    def encode(self, waveforms: Sequence[np.ndarray], window_seconds: float) -> Encoded:
        """Encode clips of float32 mono 16 kHz, each padded with silence to the same window.

        Args:
            waveforms: the clips.
            window_seconds: what the encoder sees of each.
        """
