"""The mission's one command: what cannot end well is known before anything is trained."""

import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import tune_persian
from jobs import JobError
from run_record import add_sections
from sheets.transcripts import workbook_sha256
from tests.hub import LoopbackHub
from tests.training.made_sheets import SENTENCES, good_sheet, voice, write_clip, write_workbook
from whole_files import write_json


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


@pytest.mark.hub
def test_a_base_that_could_not_be_published_is_known_at_once(
    hub: LoopbackHub, tiny: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    base = shutil.copytree(tiny, tmp_path / "base")
    (base / "README.md").unlink()
    given = ("--owner", hub.user, "--base-model", str(base))
    workbook = good_sheet(tmp_path)
    assert mission(workbook, tmp_path / "work", *given, "--tunings", "full") == 1
    assert "states no licence; name the model's own by --licence" in capsys.readouterr().err
    assert mission(workbook, tmp_path / "work", *given, "--licence", "mit", "--tunings", "lora") == 1
    assert "publish the base first" in capsys.readouterr().err


@pytest.mark.parametrize("stopped_at", range(6))
def test_a_mission_that_was_stopped_goes_on_where_it_was(
    stopped_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before each of its jobs in turn: the second call does what the first one would have done from there."""
    workbook = good_sheet(tmp_path)
    whole = ["prepare", "evaluate", "finetune", "evaluate", "evaluate", "finetune", "evaluate"]
    figures = {"base_mean_clip_wer": 1.0, "tuned_mean_clip_wer": 0.5, "verdict": "better", "speech": "synthetic"}
    begun: list[str] = []

    def run_job(script: str, *given: str, **_: object) -> dict:
        if len(begun) == stopped_at and not stopped:
            raise JobError("killed")
        begun.append(script.partition("_")[0])
        named = dict(pairwise(given))
        if script.startswith("prepare"):
            source = {"workbook_sha256": workbook_sha256(workbook)}
            write_json(Path(named["--output"]) / "source.json", source)
            write_json(Path(named["--output"]) / "split.json", {})
        elif script.startswith("finetune"):
            add_sections(Path(named["--output"]), training={})
        elif "--before" in named:
            add_sections(Path(named["--run"]), data={})
            write_json(Path(named["--run"]) / "ledgers" / "base.jsonl", {})
        return figures

    monkeypatch.setattr(tune_persian, "run_job", run_job)
    stopped = False
    assert mission(workbook, tmp_path / "work") == 1
    assert begun == whole[:stopped_at]
    stopped, begun[:] = True, []
    assert mission(workbook, tmp_path / "work") == 0
    # What measures a finished run, or goes on with it, finds it done by itself.
    again = ["finetune", "evaluate"] if stopped_at > 3 else []
    done = {0: 0, 1: 1, 2: 2, 3: 2, 4: 4, 5: 5}[stopped_at]
    assert begun == again + whole[done:]


def test_data_of_another_sheet_are_not_taken_for_this_one_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import prepare_transcripts

    workbook, data = good_sheet(tmp_path), tmp_path / "work" / "data" / "sheet"
    monkeypatch.setattr("sys.argv", ["prepare", "--workbook", str(workbook), "--output", str(data)])
    assert prepare_transcripts.main() == 0
    options = tune_persian.MissionOptions(workbook, tmp_path, prepare="--seed 1")
    tune_persian.check_same_data(options, data)
    write_json(data / tune_persian.PREPARED, tune_persian.prepared_with(options))
    tune_persian.check_same_data(options, data)
    for other in (replace(options, prepare="--group-by recording"), replace(options, audio_folder=tmp_path / "else")):
        with pytest.raises(ValueError, match=r"prepared with another --(prepare|audio-folder); give another --name"):
            tune_persian.check_same_data(other, data)
    write_clip(tmp_path / "one-more.wav", voice(99))
    rows = [(f"clips/{101 + number}.wav", text) for number, text in enumerate(SENTENCES)]
    write_workbook(workbook, [("audio", "text"), *rows, ("one-more.wav", "یکی دیگر هم گفته شد")])
    assert mission(workbook, tmp_path / "work") == 1
    assert "was prepared from another sheet" in capsys.readouterr().err
