"""What a translation engine must do; everything around it lives in the translator, once for all engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Unit:
    """What is translated at a time: a sentence.

    Attributes:
        id: an engine answers by it.
        text: in the source language.
        samples: the sentence as it was spoken, float32 mono 16 kHz; None where nobody spoke it.
    """

    id: int
    text: str
    samples: np.ndarray | None = None


@dataclass(frozen=True)
class Attempt:
    """How a text is chosen.

    Attributes:
        beam_size: 1 is greedy.
        no_repeat: no row of so many pieces comes twice; 0 allows it.
    """

    beam_size: int = 1
    no_repeat: int = 0


@dataclass(frozen=True)
class Written:
    """What an engine wrote for one unit.

    Attributes:
        id: the unit's.
        text: Chinese, in whichever script the model writes.
        score: mean natural logarithm of the pieces' probability; None where the engine knows none.
        english: what a pivot went through; empty elsewhere.
        trust: probability that the text says what the source says, from 0 to 1; None where the engine was not
            calibrated.
        rough: whether that is too little to show it as a finished translation.
    """

    id: int
    text: str
    score: float | None = None
    english: str = ""
    trust: float | None = None
    rough: bool = False


class EngineError(RuntimeError):
    """An engine could not do its work, for want of memory perhaps; one sentence says so."""


# What may go wrong in an engine, its own errors and those of its libraries: whatever one trips over, the next may not.
FAILURES = (RuntimeError, MemoryError, ValueError)


class TranslationEngine(Protocol):
    """One way from a source language to Chinese.

    Attributes:
        name: as callers ask for it, such as `m2m100_418m`.
        references: role and reference, with its commit, of each model that has a part in it: under its own name the
            one that writes the Chinese.
        needs_speech: whether units need their samples.
        attempts: how a text is chosen, and how again where the guards found fault with it.
    """

    name: str
    references: list[tuple[str, str]]
    needs_speech: bool
    attempts: tuple[Attempt, ...]

    def supports(self, source: str, target: str) -> bool:
        """Whether the engine knows the way; no weights are loaded for the answer.

        Args:
            source: language as Whisper writes it, such as `fa`.
            target: `zh-Hans` or `zh-Hant`.
        """

    def translate(self, units: Sequence[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
        """Return the Chinese of each unit, in their order.

        Raises:
            EngineError: it could not.
        """
