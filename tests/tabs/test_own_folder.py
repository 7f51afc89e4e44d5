"""The app's temporary folder is its own and goes with it, whichever way it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running_app import ROOT

PROGRAM = """
import signal, tempfile, time
# A shell lets what it starts in the background ignore Ctrl+C.
signal.signal(signal.SIGINT, signal.default_int_handler)
from tabs.own_folder import use_own_folder
folder = use_own_folder()
open(tempfile.NamedTemporaryFile(delete=False).name, "w").write("a visitor's voice")
(folder / "hash").mkdir()
(folder / "hash" / "talk.mp3").write_text("a visitor's voice")
try:
    print(folder, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("in order")
"""
Start = Callable[[], tuple[subprocess.Popen, Path]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program that has such a folder below `tmp_path`."""
    started = []

    def run() -> tuple[subprocess.Popen, Path]:
        environment = os.environ | {"GRADIO_TEMP_DIR": str(tmp_path), "PYTHONPATH": str(ROOT / "space")}
        process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, Path(process.stdout.readline().strip())

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["container stopped", "Ctrl+C"])
def test_an_orderly_end_leaves_nothing(start: Start, tmp_path: Path, how: signal.Signals) -> None:
    process, folder = start()
    assert len([*folder.rglob("*")]) == 3 and folder.parent == tmp_path
    assert folder.stat().st_mode & 0o077 == 0  # nobody else's to read
    process.send_signal(how)
    assert process.communicate(timeout=20)[0] == "in order\n" and process.returncode == 0
    assert [*tmp_path.iterdir()] == []


def test_what_a_killed_app_left_goes_at_the_next_start_and_another_app_keeps_its_own(start: Start) -> None:
    killed, left = start()
    other, kept = start()
    killed.kill()
    killed.wait()
    assert left.is_dir()
    _, mine = start()
    assert not left.exists() and not left.with_name(f"{left.name}.lock").exists()
    assert (kept / "hash" / "talk.mp3").exists() and (mine / "hash" / "talk.mp3").exists()
    assert other.poll() is None
