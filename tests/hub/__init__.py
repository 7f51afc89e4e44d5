"""A Hugging Face Hub on the loopback interface, for tests and for trying out publishing on one machine."""

from .server import LoopbackHub

__all__ = ["LoopbackHub"]
