"""A model reference, as jobs are given one, becomes checkpoints on this machine."""

from pathlib import Path

from najva.pretrained import Checkpoint, Hub, find_checkpoint
from najva.pretrained.checkpoint import find_translator
from najva.settings import Settings


def find_model(reference: str) -> tuple[Checkpoint, Checkpoint | None, Path]:
    """Find a model by the settings of the environment.

    Args:
        reference: see `najva.pretrained`.

    Returns:
        The checkpoint, the base of an adapter or None, and the folder of everything built from weights.

    Raises:
        ModelError: it, or its base, cannot be had.
    """
    hub, cache = _places()
    checkpoint = find_checkpoint(reference, hub, cache)
    base = find_checkpoint(checkpoint.base, hub, cache) if checkpoint.is_adapter else None
    return checkpoint, base, cache


def find_text_model(reference: str) -> Checkpoint:
    """Find a model that translates text, by the settings of the environment; see `find_model`."""
    return find_translator(reference, *_places())


def _places() -> tuple[Hub, Path]:
    settings = Settings.from_environment()
    return Hub(offline=settings.models == "offline"), settings.cache
