"""Hearing one language where the base takes it for another.

Whisper base takes every second Persian sentence for Arabic, Turkish or English, though its encoder hears what language
it is: a linear probe on the encoder's output and on the base's own opinion tells. It costs nothing beside the encoder,
which has run already. `training/train_language_probe.py` makes it, for one base; another base's output means other
things.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

STATES_PER_SECOND = 50  # of Whisper's encoder
_TINY = 1e-7


@dataclass(frozen=True)
class LanguageProbe:
    """A linear judge of one language.

    Attributes:
        language: code of what it hears.
        codes: the base's languages, in the order of their features.
        weights: float32 (2 x width + languages,), of each feature of `speech_features`.
        bias: added to the weighted sum; 0 is the threshold.
        least_probability: what the base must give the language, so that what it rules out stays so. The probe has
            heard voices that sound natural in its own language only, and alone takes every fourth piece of 1.5 s of
            people's English for that; the base gives it less than this there.
        origin: what it learned from and how well, as JSON values.
    """

    language: str
    codes: tuple[str, ...]
    weights: np.ndarray
    bias: float
    least_probability: float = 0.0
    origin: Mapping[str, Any] = field(default_factory=dict)

    def score(
        self, states: np.ndarray, seconds: Sequence[float], probabilities: Sequence[Mapping[str, float]]
    ) -> float:
        """Return how much speaks for the language: above 0 it is the language, if the base does not rule it out.

        Args:
            states: see `speech_features`; spans of one recording.
            seconds: see `speech_features`; longer spans count more.
            probabilities: see `speech_features`.
        """
        scores = speech_features(states, seconds, probabilities, self.codes) @ self.weights + self.bias
        return float(np.average(scores, weights=seconds))

    def save(self, path: Path) -> None:
        """Write it as safetensors."""
        stated = {
            "language": self.language,
            "codes": " ".join(self.codes),
            "least_probability": str(self.least_probability),
            "origin": json.dumps(dict(self.origin), ensure_ascii=False),
        }
        save_file({"weights": self.weights, "bias": np.float32([self.bias])}, path, stated)

    @classmethod
    def load(cls, path: Path) -> LanguageProbe:
        """Read what `save` wrote.

        Raises:
            OSError, SafetensorError, KeyError, ValueError: it is not there, or damaged.
        """
        with safe_open(path, "numpy") as file:
            stated = file.metadata()
            weights, bias = file.get_tensor("weights"), file.get_tensor("bias")
        codes, origin = tuple(stated["codes"].split()), json.loads(stated["origin"])
        return cls(stated["language"], codes, weights, float(bias[0]), float(stated["least_probability"]), origin)


def speech_features(
    states: np.ndarray,
    seconds: Sequence[float],
    probabilities: Sequence[Mapping[str, float]],
    codes: Sequence[str],
) -> np.ndarray:
    """Return what a probe judges spans by.

    Args:
        states: float32 (spans, frames, width), the encoder's output.
        seconds: how much of each window is speech; the silence behind it is left out.
        probabilities: of every language, by the base, for each span.
        codes: languages in the order of their features; one that the base does not have counts as impossible.

    Returns:
        float32 (spans, 2 x width + languages): mean and standard deviation of the states over time, and the natural
        logarithm of the languages' probabilities.
    """
    features = []
    for clip, length, languages in zip(states, seconds, probabilities, strict=True):
        spoken = clip[: max(1, round(length * STATES_PER_SECOND))]
        opinion = np.log([max(languages.get(code, 0.0), _TINY) for code in codes])
        features.append(np.concatenate([spoken.mean(0), spoken.std(0), opinion]))
    return np.array(features, np.float32)
