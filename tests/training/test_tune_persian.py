"""The mission's one command: what cannot end well is known before anything is trained."""

from pathlib import Path

import pytest

import tune_persian
from tests.hub import LoopbackHub
from tests.training.made_sheets import SENTENCES, good_sheet, voice, write_clip, write_workbook


@pytest.fixture(autouse=True)
def nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is started all the same is a failure."""

    def run_job(*arguments: str, **_: object) -> dict:
        pytest.fail(f"{arguments[0]} was started")

    monkeypatch.setattr(tune_persian, "run_job", run_job)


def mission(workbook: Path, folder: Path, *more: str) -> int:
    """Run the command."""
    given = ["--workbook", str(workbook), "--audio-folder", str(workbook.parent), "--folder", str(folder)]
    return tune_persian.main([*given, *more])


@pytest.mark.parametrize("name", ["داده‌ها.xlsx", "my audio.xlsx"])
def test_a_workbook_whose_name_is_none_on_the_hub(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workbook = good_sheet(tmp_path).rename(tmp_path / name)
    assert mission(workbook, tmp_path / "work", "--owner", "somebody") == 1
    said = capsys.readouterr().err
    assert "is no name for a repository" in said and "another --name" in said
    assert not (tmp_path / "work").exists()


@pytest.mark.hub
def test_a_token_that_may_not_write_is_known_at_once(
    hub: LoopbackHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workbook = good_sheet(tmp_path)
    assert mission(workbook, tmp_path / "work", "--owner", "somebody-else") == 1
    assert "somebody-else" in capsys.readouterr().err


def test_data_of_another_sheet_are_not_taken_for_this_one_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import prepare_transcripts

    workbook, data = good_sheet(tmp_path), tmp_path / "work" / "data" / "sheet"
    monkeypatch.setattr("sys.argv", ["prepare", "--workbook", str(workbook), "--output", str(data)])
    assert prepare_transcripts.main() == 0
    tune_persian.check_same_sheet(workbook, data)
    write_clip(tmp_path / "one-more.wav", voice(99))
    rows = [(f"clips/{101 + number}.wav", text) for number, text in enumerate(SENTENCES)]
    write_workbook(workbook, [("audio", "text"), *rows, ("one-more.wav", "یکی دیگر هم گفته شد")])
    assert mission(workbook, tmp_path / "work") == 1
    assert "was prepared from another sheet" in capsys.readouterr().err
