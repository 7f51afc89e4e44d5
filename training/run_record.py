"""`run.json`: what one run was made of and what it was measured to do, from training through evaluation to the card.

A card can state no number that is not in here, so every job adds its own section and touches no other one's.
"""

import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from whole_files import write_json

NAME = "run.json"
_PACKAGES = ("torch", "transformers", "peft", "accelerate", "ctranslate2", "jiwer", "numpy")


class RunError(ValueError):
    """A run folder that cannot be used for what was asked, in one sentence."""


def read_record(folder: Path) -> dict:
    """Return a run's record.

    Args:
        folder: `runs/NAME`.

    Raises:
        RunError: there is none, or it is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"{folder} is no run: it has no {NAME}, which a training job makes.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunError(f"{path} is damaged, as it is not JSON: {error}.") from error


def add_sections(folder: Path, **sections: Mapping) -> dict:
    """Write sections of a run's record, whole or not at all, and return the record.

    Args:
        folder: `runs/NAME`; made if need be.
        sections: JSON values by the section's name; an older one of that name is replaced.
    """
    record = read_record(folder) if (folder / NAME).is_file() else {}
    record |= {name: dict(content) for name, content in sections.items()}
    write_json(folder / NAME, record)
    return record


def is_trained(folder: Path) -> bool:
    """Whether a training of this folder went to its end and what came out of it is saved."""
    return (folder / NAME).is_file() and "training" in read_record(folder)


def changed_options(folder: Path, options: Mapping, form: type) -> list[str]:
    """Return the names of options that a run was begun with other values of.

    Args:
        folder: of a run that was begun.
        options: as they would be recorded now.
        form: the dataclass that they are of. An option that is newer than the run had its default then.
    """
    defaults = {
        option.name: option.default if option.default_factory is MISSING else option.default_factory()
        for option in fields(form)
    }
    had = defaults | read_record(folder).get("options", options)
    return [name for name, value in options.items() if had[name] != value]


def refuse_other_run(folder: Path, different: Sequence[str]) -> None:
    """Refuse to go on with a folder in which something else was trained.

    Raises:
        RunError: some of what it is made of is different.
    """
    if different:
        raise RunError(
            f"{folder} holds a run with another {', '.join(different)}; name another --output, or delete it."
        )


def trained_hours(record: Mapping) -> float | None:
    """Return how long a run's models were trained, earlier stages included; None where one of them is unknown."""
    stages = [record[name]["hours"] for name in ("init_adapter", "training") if name in record]
    return round(sum(stages), 3) if stages and None not in stages else None


def circumstances() -> dict:
    """Return the versions, the hardware and the hour, as they belong beside any figure."""
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "hardware": hardware(),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def hardware() -> str:
    """Return the processor, its cores and the GPUs, in words."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return f"{_processor()}, {cores} cores" + (f"; {len(gpus)} × {gpus[0]}" if gpus else ", no GPU")


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
