"""The one error of this package."""


class ModelError(RuntimeError):
    """A model cannot be had or used; one sentence names it, says why, and what to do."""
