"""The command line, in this process, on the packaged weights."""

import json
import shutil
from pathlib import Path

import pytest

from najva.__main__ import main

ENGLISH = Path(__file__).parents[2] / "space" / "examples" / "English-synthetic.mp3"


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("NAJVA_MODELS", "offline")
    monkeypatch.setenv("NAJVA_CACHE", str(cache))


@pytest.fixture
def recordings(tmp_path: Path) -> list[str]:
    """Two recordings of the same sentence."""
    for name in ("one.mp3", "two.mp3"):
        shutil.copy(ENGLISH, tmp_path / name)
    return [str(tmp_path / "one.mp3"), str(tmp_path / "two.mp3")]


def test_a_bad_file_does_not_stop_the_good_ones(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    bad, target = tmp_path / "notes.wav", tmp_path / "written"
    bad.write_text("not a sound")
    assert main(["transcribe", str(bad), str(ENGLISH), "--output", str(target), "--format", "json"]) == 1
    printed = capsys.readouterr()
    assert "notes.wav" in printed.err
    assert "Traceback" not in printed.err
    written = target / "English-synthetic.json"
    assert "train to the city" in json.loads(written.read_text(encoding="utf-8"))["text"]
    assert list(target.iterdir()) == [written]
    assert json.loads(printed.out) == {"written": [str(written)], "failed": [str(bad)]}


def test_a_file_that_is_there_is_kept(recordings: list[str], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    mine = tmp_path / "one.srt"
    mine.write_text("corrected by hand")
    call = ["transcribe", *recordings, "--output", str(tmp_path), "--format", "srt"]
    assert main(call) == 1
    assert mine.read_text() == "corrected by hand"
    assert "one.srt is there already: --overwrite" in capsys.readouterr().err
    assert "train to the city" in " ".join((tmp_path / "two.srt").read_text(encoding="utf-8").split())
    assert main([*call, "--overwrite"]) == 0
    assert mine.read_text(encoding="utf-8") == (tmp_path / "two.srt").read_text(encoding="utf-8")


@pytest.mark.parametrize("failure", ["write_text", "replace"])
def test_a_file_is_written_whole_or_not_at_all(
    failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, failure, full)
    assert main(["transcribe", str(ENGLISH), "--output", str(tmp_path)]) == 1
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err.endswith("English-synthetic.txt cannot be written: No space left on device.\n")


def test_several_texts_stand_under_their_names(recordings: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(["transcribe", *recordings]) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.splitlines()[0] == f"==> {recordings[0]} <=="
    assert second.splitlines()[0] == f"==> {recordings[1]} <=="
    assert first.splitlines()[1:] == second.splitlines()[1:]
    assert "train to the city" in first


def test_one_text_stands_alone(capsys: pytest.CaptureFixture) -> None:
    assert main(["transcribe", str(ENGLISH)]) == 0
    assert capsys.readouterr().out.startswith("Good morning")


def test_json_on_stdout_is_a_line_a_recording(recordings: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(["transcribe", *recordings, "--format", "json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["file"] for answer in answers] == recordings
    assert all("train to the city" in answer["text"] and answer["segments"] for answer in answers)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.wav", "b.wav", "--format", "srt"], "one SRT could not be told apart: --output FOLDER"),
        (["a.wav", "b.wav", "--format", "vtt"], "one VTT could not be told apart: --output FOLDER"),
        (["a.wav", "b.wav", "a.mp3", "--output", "folder"], "a.wav and a.mp3 would both become a.txt"),
        (["a.wav", "A.mp3", "--output", "folder"], "a.wav and A.mp3 would both become A.txt"),
        (["a.wav", "--format", "srt", "--timestamps", "none"], "--format srt needs times"),
        (["a.wav", "--output", "taken/folder"], "taken/folder cannot be made"),
    ],
)
def test_what_cannot_end_well_is_refused_at_once(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("a file")
    assert main(["transcribe", *arguments]) == 1
    said = capsys.readouterr().err
    # Nothing about a.wav, which does not exist: nobody looked for it yet.
    assert sentence in said.replace("\\", "/")
    assert len(said.splitlines()) == 1


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
    assert main(["detect-language", str(ENGLISH)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["language"] == "en"


def test_models_lists_roles(capsys: pytest.CaptureFixture) -> None:
    assert main(["models"]) == 0
    roles = [model["role"] for model in json.loads(capsys.readouterr().out)]
    assert [role for role in roles if role != "genre"] == ["speech", "persian", "voice-activity", "translation"]
    assert "genre" in roles
