"""The command line, in this process, on the packaged weights."""

import json
from pathlib import Path

import pytest

from najva.__main__ import main

EXAMPLES = Path(__file__).parents[2] / "space" / "examples"


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("NAJVA_MODELS", "offline")
    monkeypatch.setenv("NAJVA_CACHE", str(cache))


def test_a_bad_file_does_not_stop_the_good_ones(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    bad = tmp_path / "notes.wav"
    bad.write_text("not a sound")
    good = EXAMPLES / "English-synthetic.mp3"
    assert main(["transcribe", str(bad), str(good), "--output", str(tmp_path), "--format", "json"]) == 1
    printed = capsys.readouterr()
    assert "notes.wav" in printed.err
    assert "Traceback" not in printed.err
    written = json.loads((tmp_path / "English-synthetic.json").read_text(encoding="utf-8"))
    assert "train to the city" in written["text"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["transcribe", "nowhere.wav"], "nowhere.wav"), (["transcribe", "x.wav", "--language", "klingon"], "klingon")],
)
def test_refusals_are_one_sentence(arguments: list[str], word: str, capsys: pytest.CaptureFixture) -> None:
    assert main(arguments) == 1
    said = capsys.readouterr().err.strip()
    assert word in said
    assert len(said.splitlines()) == 1


def test_a_wrong_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("NAJVA_MODELS", "sometimes")
    assert main(["models"]) == 1
    assert "NAJVA_MODELS must be one of auto, hub, offline" in capsys.readouterr().err


def test_detect_language_prints_a_line_a_file(capsys: pytest.CaptureFixture) -> None:
    assert main(["detect-language", str(EXAMPLES / "English-synthetic.mp3")]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["language"] == "en"


def test_models_lists_roles(capsys: pytest.CaptureFixture) -> None:
    assert main(["models"]) == 0
    roles = [model["role"] for model in json.loads(capsys.readouterr().out)]
    assert roles == ["speech", "voice-activity"]
