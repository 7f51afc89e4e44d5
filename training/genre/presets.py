"""The two ways a genre network is trained: the course's to the letter, and what works."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints


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


def changed(preset: Preset, changes: Sequence[str]) -> Preset:
    """Return a preset with some of its fields changed.

    Args:
        preset: the one to start from.
        changes: such as `pooling=last`, `crops=no` or `learning_rate=0.0001`.

    Raises:
        ValueError: there is no such field, or it cannot have that value.
    """
    return replace(preset, **dict(_read(change) for change in changes))


def _read(change: str) -> tuple[str, Any]:
    """Return a field's name and its new value."""
    name, _, text = change.partition("=")
    kinds = get_type_hints(Preset)
    if name not in kinds:
        raise ValueError(f"--change {change}: a preset has {', '.join(field.name for field in fields(Preset))}.")
    kind = kinds[name]
    # What may be written, and what it means; numbers are read.
    known = {"yes": True, "no": False} if kind is bool else {one: one for one in get_args(kind)}
    if known:
        if text not in known:
            raise ValueError(f"--change {change}: {name} is {' or '.join(known)}.")
        return name, known[text]
    try:
        value = kind(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise ValueError(f"--change {change}: {name} is a number above 0.")
    return name, value
