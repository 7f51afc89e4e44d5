"""How far a translator's text may be believed, told without knowing the right one.

A small translator writes fluent nonsense as readily as a good translation. What gives it away are signs: how probable
it found its own pieces, how much of the source it knows as words rather than as single letters, how long the text is
for its source, and whether it goes round in circles. A logistic regression, fitted on held-out sentences by
`training/train_translator.py`, makes of them the probability that the text has at least half of what the reference
says; it lies beside the weights as `confidence.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "confidence.json"


@dataclass(frozen=True)
class Signs:
    """What is seen of one translation.

    Attributes:
        score: mean natural logarithm of the pieces' probability.
        known: share of the source's letters that stand in pieces of two letters and more, from 0 to 1.
        length: logarithm of how many pieces the text has for one of the source.
        pieces: logarithm of the source's pieces: long sentences go wrong more often.
        variety: share of the text's pairs of letters that are seen for the first time, from 0 to 1.
    """

    score: float
    known: float
    length: float
    pieces: float
    variety: float


def signs_of(source: Sequence[str], text: str, text_pieces: int, score: float) -> Signs:
    """Return the signs of one translation.

    Args:
        source: pieces of the source, without special ones.
        text: the translation.
        text_pieces: how many pieces it has.
        score: see `Signs`.
    """
    words = [piece.strip("\u2581") for piece in source]
    letters = sum(map(len, words)) or 1
    known = sum(len(word) for word in words if len(word) > 1 and not word.startswith("<0x")) / letters
    pairs = [text[place : place + 2] for place in range(len(text) - 1)]
    return Signs(
        score=score,
        known=known,
        length=math.log((text_pieces + 1) / (len(source) + 1)),
        pieces=math.log(len(source) + 1),
        variety=len(set(pairs)) / len(pairs) if pairs else 1.0,
    )


NAMES = tuple(Signs.__dataclass_fields__)


@dataclass(frozen=True)
class Confidence:
    """A fitted judge of translations.

    Attributes:
        means, scales: of each sign, in the order of `NAMES`, on the sentences it was fitted on.
        weights: of the signs after both, and of the square of `length`: too short and too long are both bad.
        bias: of the sum.
        threshold: below it a translation is called rough.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    threshold: float

    @classmethod
    def load(cls, folder: Path) -> Confidence | None:
        """Read what lies beside a translator's weights; None where there is nothing.

        Raises:
            ValueError, KeyError, TypeError: the file is damaged.
        """
        if not (folder / FILE).is_file():
            return None
        stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if stored["signs"] != list(NAMES):
            raise ValueError(f"{FILE} is of other signs")
        lists = {name: tuple(map(float, stored[name])) for name in ("means", "scales", "weights")}
        return cls(**lists, bias=float(stored["bias"]), threshold=float(stored["threshold"]))

    def as_dict(self) -> dict:
        """Return what `load` reads."""
        return {"signs": list(NAMES), **asdict(self)}

    def features(self, signs: Signs) -> list[float]:
        """Return the numbers that the weights are of."""
        values = (getattr(signs, name) for name in NAMES)
        scaled = [(value - mean) / scale for value, mean, scale in zip(values, self.means, self.scales, strict=True)]
        return [*scaled, scaled[NAMES.index("length")] ** 2]

    def trust(self, signs: Signs) -> float:
        """Return the probability that a translation is right, from 0 to 1."""
        total = self.bias + sum(w * x for w, x in zip(self.weights, self.features(signs), strict=True))
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))
