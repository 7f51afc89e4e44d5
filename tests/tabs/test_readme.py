"""The README's own examples, run as they stand against the running app."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running_app import ROOT, RunningApp

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a recording and a song, as the reader has them."""
    shutil.copy(ROOT / "space" / "examples" / "English-synthetic.mp3", tmp_path / "recording.mp3")
    shutil.copy(ROOT / "space" / "examples" / "music" / "Swing-synthetic.mp3", tmp_path / "song.mp3")
    return tmp_path


def _run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_examples_run(app: RunningApp, folder: Path, number: int) -> None:
    code = BLOCKS[number].replace("http://127.0.0.1:7860", app.url)
    printed = _run([sys.executable, "-c", code], folder, HF_TOKEN="hf_of_a_reader")
    assert ("train to the city", "embedded:genre/", "own cascade", "packaged:whisper-base")[number] in printed


def test_there_are_examples() -> None:
    assert len(BLOCKS) == 4


def test_the_command_line_runs(folder: Path, cache: Path) -> None:
    (line,) = re.findall(r"^    (python -m najva .*)$", README, flags=re.MULTILINE)
    printed = _run(
        [sys.executable, *line.split()[1:]],
        folder,
        PYTHONPATH=str(ROOT / "space"),
        NAJVA_CACHE=str(cache),
        NAJVA_MODELS="offline",
    )
    assert printed.startswith("1\n00:00:0")
    assert "train to the city" in " ".join(printed.split())


@pytest.mark.parametrize("name", ["README.md", "space/README.md"])
def test_every_setting_is_in_the_readme(name: str) -> None:
    """In the Space's own too: whoever duplicates it chooses the models by nothing else."""
    from dataclasses import fields

    from najva.settings import Settings

    text = (ROOT / name).read_text("utf-8")
    for setting in fields(Settings):
        assert f"`NAJVA_{setting.name.upper()}`" in text


def test_a_metric_names_its_command() -> None:
    measured = README.split("## Measured")[1].split("\n## ")[0]
    for command in re.findall(r"python (tests/\S+\.py)", measured):
        assert (ROOT / command).is_file()
    assert "python tests/benchmarks/transcribe.py" in measured
