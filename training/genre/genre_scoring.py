"""What a genre network's validation is worth: accuracies with intervals, confusions, calibration, comparisons.

All of it comes from a ledger: the probabilities that a network gave each piece of each validation song, at temperature
one. A song is judged by the mean of its pieces' probabilities, at the temperature of the network that is published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest

_BINS = 10
_LEAST = 1e-12
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Judged:
    """One validation song.

    Attributes:
        id: see `Song`.
        genre: the right one.
        artist: who plays; empty if unknown.
        fold: in which it validated.
        part: `validation`, or `test` where the protocol has one.
        log_probabilities: (pieces, genres), natural, at temperature one.
    """

    id: str
    genre: str
    artist: str
    fold: int
    part: str
    log_probabilities: np.ndarray

    def mean(self, temperature: float = 1.0) -> np.ndarray:
        """Return the song's probabilities (genres,) at a temperature."""
        return _tempered(self.log_probabilities, temperature).mean(0)


@dataclass(frozen=True)
class Share:
    """So many of so many, with Wilson's 95 % interval."""

    right: int
    count: int

    @property
    def value(self) -> float:
        """The share."""
        return self.right / self.count

    def as_dict(self) -> dict:
        """Return it as `run.json` has it."""
        bounds = binomtest(self.right, self.count).proportion_ci(_CONFIDENCE, "wilson")
        return {
            "right": self.right,
            "count": self.count,
            "accuracy": round(self.value, 4),
            "low": round(float(bounds.low), 4),
            "high": round(float(bounds.high), 4),
            "confidence": _CONFIDENCE,
        }

    @property
    def in_words(self) -> str:
        """The share with its interval, for a reader."""
        return in_words(self.as_dict())


def in_words(share: Mapping[str, Any]) -> str:
    """Return a share as `run.json` has it, for a reader."""
    return f"{share['accuracy']:.1%} ({share['low']:.1%} to {share['high']:.1%}, {share['right']} of {share['count']})"


def read_ledger(path: Path) -> list[Judged]:
    """Read what `train_genre.py` wrote."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Judged(**row | {"log_probabilities": np.array(row["log_probabilities"])}) for row in rows]


def validation_of(judged: list[Judged]) -> list[Judged]:
    """Return the songs that temperature and thresholds are fitted on."""
    return [song for song in judged if song.part == "validation"]


def measured_of(judged: list[Judged]) -> list[Judged]:
    """Return the songs that figures are taken on: the test's, where the protocol has one."""
    return [song for song in judged if song.part == "test"] or judged


def verdicts(songs: Sequence[Judged], labels: Sequence[str], temperature: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return how sure each song is judged, and whether rightly: (songs,) each."""
    means = np.array([song.mean(temperature) for song in songs])
    return means.max(1), means.argmax(1) == [labels.index(song.genre) for song in songs]


def by_song(songs: Sequence[Judged], labels: Sequence[str], temperature: float = 1.0) -> Share:
    """Return how many songs are judged right."""
    return Share(int(verdicts(songs, labels, temperature)[1].sum()), len(songs))


def by_piece(songs: Sequence[Judged], labels: Sequence[str]) -> Share:
    """Return how many pieces are judged right, each by itself."""
    right = sum(int((song.log_probabilities.argmax(1) == labels.index(song.genre)).sum()) for song in songs)
    return Share(right, sum(len(song.log_probabilities) for song in songs))


def confusion(songs: Sequence[Judged], labels: Sequence[str], temperature: float = 1.0) -> np.ndarray:
    """Return (genres, genres): how many songs of a row's genre were judged a column's."""
    table = np.zeros((len(labels), len(labels)), dtype=int)
    for song in songs:
        table[labels.index(song.genre), song.mean(temperature).argmax()] += 1
    return table


def fit_temperature(songs: Sequence[Judged], labels: Sequence[str]) -> float:
    """Return the temperature at which the right genres are likeliest (Guo et al., ICML 2017), for songs as a whole."""

    def loss(logarithm: float) -> float:
        temperature = float(np.exp(logarithm))
        given = [song.mean(temperature)[labels.index(song.genre)] for song in songs]
        return -float(np.log(np.maximum(given, _LEAST)).mean())

    return round(float(np.exp(minimize_scalar(loss, bounds=(np.log(0.1), np.log(10)), method="bounded").x)), 4)


def calibration_error(songs: Sequence[Judged], labels: Sequence[str], temperature: float = 1.0) -> float:
    """Return the expected calibration error: how far, on average, confidence lies from the share that is right."""
    sure, right = verdicts(songs, labels, temperature)
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return float(sum(abs(sure[bins == one].sum() - right[bins == one].sum()) for one in set(bins)) / len(songs))


def least_confidence(songs: Sequence[Judged], labels: Sequence[str], temperature: float) -> float:
    """Return the confidence that all but one in fifty of the songs that are judged right have."""
    sure, right = verdicts(songs, labels, temperature)
    return round(float(np.quantile(sure[right], 0.02)), 4) if right.any() else 1.0


def mcnemar(one: Sequence[bool], other: Sequence[bool]) -> tuple[int, int, float]:
    """Return on how many songs only the one is right, only the other, and the exact p-value of such a difference."""
    only_one = sum(a and not b for a, b in zip(one, other, strict=True))
    only_other = sum(b and not a for a, b in zip(one, other, strict=True))
    differ = only_one + only_other
    return only_one, only_other, float(binomtest(only_one, differ).pvalue) if differ else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (Holm, Scand. J. Statistics 6, 1979)."""
    order = np.argsort(p_values, kind="stable")
    raised = np.maximum.accumulate([(len(order) - rank) * p_values[place] for rank, place in enumerate(order)])
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted.tolist()


def _tempered(log_probabilities: np.ndarray, temperature: float) -> np.ndarray:
    scaled = log_probabilities / temperature
    scaled = np.exp(scaled - scaled.max(1, keepdims=True))
    return scaled / scaled.sum(1, keepdims=True)
