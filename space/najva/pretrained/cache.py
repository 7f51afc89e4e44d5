"""Folders that are built once and are then only read, whoever asks at the same time."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from safetensors import SafetensorError

from najva.pretrained.errors import ModelError

_BUILDING = ".building-"


def build_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """Return `folder`, building it first if it does not exist.

    The work is done in a sibling folder that takes its final name in one rename, so a reader never sees a half-built
    folder: not when two processes start together (the second waits for the first), not after a kill (the next
    process clears what was left), not on a full disk (the partial folder is removed and the error is raised).

    Args:
        folder: the finished folder.
        build: fills the empty folder that it is given; what it puts beside it, under a name that goes on after the
            folder's, is cleared away after a kill too.

    Raises:
        ModelError: the disk is full or may not be written; nothing is left behind then.
        Exception: whatever else `build` raises; the same holds.
    """
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if not folder.is_dir():
                _build(folder, build)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"The folder {folder} cannot be written ({error}): make room for it, or name another cache by NAJVA_CACHE."
        ) from error
    return folder


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    prefix = f"{_BUILDING}{folder.name}-"
    for left_over in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    unfinished = folder.parent / f"{prefix}{os.getpid()}"
    try:
        unfinished.mkdir()
        build(unfinished)
        unfinished.replace(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
