"""Where weights come from: a model reference becomes a verified local folder."""

from najva.pretrained.checkpoint import Checkpoint, find_checkpoint
from najva.pretrained.conversion import converted, merged, window_seconds
from najva.pretrained.errors import ModelError
from najva.pretrained.hub import Hub

__all__ = ["Checkpoint", "Hub", "ModelError", "converted", "find_checkpoint", "merged", "window_seconds"]
