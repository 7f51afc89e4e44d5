"""A model reference, as jobs are given one, becomes checkpoints on this machine."""

from pathlib import Path

from najva.pretrained import Checkpoint, Hub, find_checkpoint
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
    settings = Settings.from_environment()
    hub = Hub(offline=settings.models == "offline")
    checkpoint = find_checkpoint(reference, hub, settings.cache)
    base = find_checkpoint(checkpoint.base, hub, settings.cache) if checkpoint.is_adapter else None
    return checkpoint, base, settings.cache
