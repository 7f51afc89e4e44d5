"""A Whisper that trains in seconds, and a data folder of twelve short clips for it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from accelerate.state import AcceleratorState

from najva.pretrained.packaged_whisper import packaged_whisper
from najva.transcriber.tokens import WhisperTokens
from sheets.speech_data import Clip, relative_audio, write_speech
from sheets.splits import draw_split
from tests.hub.conftest import hub, way  # noqa: F401 - fixtures
from tests.najva.pretrained.tiny_models import save_tiny_whisper
from tests.training.made_runs import make_run
from tests.training.made_sheets import SENTENCES, voice, write_clip


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget the arithmetic of the job before: accelerate allows one a process, which outside of tests is one job."""
    AcceleratorState._reset_state()


@pytest.fixture(scope="session")
def packaged(cache: Path) -> Path:
    """The folder that holds the packaged Whisper's `transformers/` and `ctranslate2/`."""
    return packaged_whisper(cache)


@pytest.fixture(scope="session")
def tokens(packaged: Path) -> WhisperTokens:
    """The vocabulary of every multilingual Whisper."""
    return WhisperTokens(packaged / "transformers")


@pytest.fixture(scope="session")
def tiny(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper with random weights and a window of 10 s, Hub-style."""
    return save_tiny_whisper(tmp_path_factory.mktemp("models") / "tiny", packaged / "transformers")


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Twelve clips of one to four seconds, each with a sentence."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for number, text in enumerate(SENTENCES):
        path = folder / f"{number}.wav"
        waveform = voice(number, seconds=1.0 + 0.25 * number)
        write_clip(path, waveform)
        seconds = waveform.size / 16000
        made.append(Clip(path.name, path.name, text, seconds, 16000, f"{number:064x}", "", "", number + 2, path))
    return made


@pytest.fixture(scope="session")
def data(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of these clips: 8 train, 2 validation, 2 test."""
    folder = tmp_path_factory.mktemp("data") / "made"
    split = draw_split([[clip.id] for clip in clips])
    named = [Clip(**{**vars(clip), "audio": relative_audio(clip.path, folder)}) for clip in clips]
    write_speech(folder, named, split, {"name": "made", "speech": "synthetic"})
    return folder


@pytest.fixture(scope="session")
def finished_runs(tiny: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs `lora` and `full`, trained and measured; copied by whoever changes or publishes one."""
    folder = tmp_path_factory.mktemp("runs")
    for tuning in ("lora", "full"):
        make_run(folder / tuning, tiny, data, tuning)
    return folder


@pytest.fixture(params=["lora", "full"])
def run(request: pytest.FixtureRequest, finished_runs: Path, tmp_path: Path) -> Path:
    """A run of either tuning."""
    return shutil.copytree(finished_runs / request.param, tmp_path / "runs" / request.param)


@pytest.fixture
def lora_run(finished_runs: Path, tmp_path: Path) -> Path:
    """A LoRA run."""
    return shutil.copytree(finished_runs / "lora", tmp_path / "runs" / "lora")


@pytest.fixture
def generator() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(0)
