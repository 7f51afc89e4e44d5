"""Options of a job: fields of a dataclass that `transformers.HfArgumentParser` makes a command line of."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any

from transformers.hf_argparser import HfArgumentParser

from jobs import JobError
from najva.pretrained.errors import ModelError

# What cannot be done is said in a sentence: most of these errors are values.
_REFUSALS = (ValueError, OSError, JobError, ModelError)


def option(default: Any, text: str) -> Any:
    """Return a field with a default and its help text; a list is copied for each command line."""
    make = {"default_factory": lambda: list(default)} if isinstance(default, list) else {"default": default}
    return field(**make, metadata={"help": text})


def required(text: str) -> Any:
    """Return a field without a default and its help text."""
    return field(metadata={"help": text})


def run_command(
    form: type,
    work: Callable[[Any], dict | None],
    document: str,
    arguments: Sequence[str] | None,
    refusal: str = "",
) -> int:
    """Run a job from its command line; return its exit status.

    Args:
        form: dataclass of its options.
        work: takes them and returns the last line, which is printed as JSON; nothing where another process prints it.
        document: the job's docstring, whose first line is shown with `--help`.
        arguments: of the command line; None for the process's own.
        refusal: what the sentence on why it cannot be done begins with.
    """
    parser = HfArgumentParser(form, description=document.splitlines()[0])
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments, look_for_args_file=False)
        result = work(options)
    except _REFUSALS as error:
        print(f"{refusal}{error}", file=sys.stderr)
        return 1
    if result:
        print(json.dumps(result, ensure_ascii=False))
    return 0
