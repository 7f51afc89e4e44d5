"""Options of a job: fields of a dataclass that `transformers.HfArgumentParser` makes a command line of."""

from dataclasses import field
from typing import Any


def option(default: Any, text: str) -> Any:
    """Return a field with a default and its help text; a list is copied for each command line."""
    make = {"default_factory": lambda: list(default)} if isinstance(default, list) else {"default": default}
    return field(**make, metadata={"help": text})


def required(text: str) -> Any:
    """Return a field without a default and its help text."""
    return field(metadata={"help": text})
