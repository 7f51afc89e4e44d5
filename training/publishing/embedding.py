"""A staged model becomes one that comes with the app."""

import shutil
from pathlib import Path

EMBEDDED = Path(__file__).parents[2] / "space" / "embedded"
# Of a model that is on no Hub: where it lies in this repository.
PLACE = "./space/embedded"


def place_in_app(staged: Path, name: str) -> Path:
    """Put a staged folder into the app, in the place of what was there; return where.

    Args:
        staged: what `stage_…` made; code that lies with it stays out, since the app has it.
        name: the folder's, in `space/embedded/`.
    """
    target = EMBEDDED / name
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(staged, unfinished, ignore=shutil.ignore_patterns("najva"))
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    return target
