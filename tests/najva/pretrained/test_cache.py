"""A folder is built once or not at all: by two processes at once, after a kill, on a full disk."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from najva.pretrained import ModelError
from najva.pretrained.cache import build_once
from najva.pretrained.packaged_whisper import packaged_whisper

SPACE = Path(__file__).parents[3] / "space"

# Builds a folder slowly and leaves a line in a log for every build.
SLOW_BUILD = """
import sys, time
from pathlib import Path
from najva.pretrained.cache import build_once
folder, log, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
def build(unfinished):
    (unfinished / "first").write_text("half")
    beside = unfinished.with_name(unfinished.name + "-beside")
    beside.mkdir()
    with log.open("a") as lines:
        lines.write("built\\n")
    time.sleep(seconds)
    beside.rmdir()
    (unfinished / "second").write_text("whole")
print(sorted(path.name for path in build_once(folder, build).iterdir()))
"""


def start(folder: Path, log: Path, seconds: float) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", SLOW_BUILD, str(folder), str(log), str(seconds)],
        env=os.environ | {"PYTHONPATH": str(SPACE)},
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def visible(folder: Path) -> list[str]:
    """Everything beside the lock, which stays."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def write(unfinished: Path) -> None:
    (unfinished / "first").write_text("whole")


def never(unfinished: Path) -> None:
    raise AssertionError("the folder was there already")


def test_built_folder_is_never_built_again(tmp_path):
    folder = tmp_path / "not" / "yet" / "there"
    assert build_once(folder, write) == folder
    assert build_once(folder, never) == folder
    assert visible(folder.parent) == ["there"]


def test_two_processes_at_once_build_once(tmp_path):
    log = tmp_path / "log"
    processes = [start(tmp_path / "cache" / "model", log, 1.0) for _ in range(2)]
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert answers == ["['first', 'second']"] * 2
    assert log.read_text() == "built\n"


def test_kill_in_the_middle_leaves_nothing_that_counts(tmp_path):
    folder, log = tmp_path / "cache" / "model", tmp_path / "log"
    killed = start(folder, log, 600)
    wait_for(log)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not folder.exists() and visible(folder.parent)  # what is left over is not taken for the model
    answer, _ = start(folder, log, 0).communicate(timeout=60)
    assert answer.strip() == "['first', 'second']"
    assert visible(folder.parent) == ["model"]


def test_reader_never_sees_half_a_folder(tmp_path):
    folder = tmp_path / "model"

    def build(unfinished: Path) -> None:
        write(unfinished)
        assert not folder.exists() and unfinished.parent == folder.parent

    build_once(folder, build)


def test_full_disk_leaves_nothing_and_is_said(tmp_path):
    folder = tmp_path / "model"

    def build(unfinished: Path) -> None:
        write(unfinished)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelError, match=rf"{folder} cannot be written .*No space left.* NAJVA_CACHE\.$"):
        build_once(folder, build)
    assert visible(tmp_path) == []
    assert (build_once(folder, write) / "first").read_text() == "whole"


@pytest.mark.parametrize("mebibytes", [1, 50, 200])
def test_a_disk_that_is_really_full(small_disk, mebibytes):
    """Too small for the first file, in the middle of one, in the middle of the last; where a disk may be mounted."""
    disk = small_disk(mebibytes)
    with pytest.raises(ModelError, match=r"No space left on device.*NAJVA_CACHE"):
        packaged_whisper(disk)
    assert visible(disk) == []
    build_once(disk / "model", write)
    assert visible(disk) == ["model"]


def test_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"file.* cannot be written .*NAJVA_CACHE\.$"):
        build_once(tmp_path / "file" / "model", write)
