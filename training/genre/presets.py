"""The two ways a genre network is trained: the course's to the letter, and what works."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Preset:
    """Everything but the network's body.

    Attributes:
        segment_seconds: a song is cut into pieces of this length; 29.9 s is GTZAN's shortest clip, whole.
        pooling: see `GenreConfig.pooling`.
        crops: train on other pieces every epoch, drawn anywhere in the song.
        normalised: features by the mean and deviation of the training songs'.
        learning_rate: Adam's, at its peak.
        schedule: `constant`, or `cosine`: a rise over the first tenth and a fall to nothing.
        epochs: passes over the training pieces.
        batch_size: pieces a step, over all processes.
    """

    segment_seconds: float
    pooling: Literal["last", "mean"]
    crops: bool
    normalised: bool
    learning_rate: float
    schedule: Literal["constant", "cosine"]
    epochs: int
    batch_size: int = 32


PRESETS = {
    "as-specified": Preset(29.9, "last", False, False, 1e-4, "constant", 30),
    "tuned": Preset(3.0, "mean", True, True, 1e-3, "cosine", 40),
}
