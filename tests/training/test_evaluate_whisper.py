"""Evaluation as a command: every system on the same clips, nothing decoded twice, two processes alike one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import evaluate_whisper
import finetune_whisper
from evaluation.ledgers import read_ledger
from evaluation.system_ledgers import Decoder
from run_record import NAME, read_record
from tests.training.made_sheets import good_sheet, voice, write_clip, write_csv

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def settings(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Hub, and the tests' own cache."""
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    monkeypatch.setenv("NAJVA_MODELS", "offline")


@pytest.fixture(scope="module")
def trained(data: Path, tiny: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA run of one epoch."""
    output = tmp_path_factory.mktemp("runs") / "lora"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAJVA_CACHE", str(cache))
        patch.setenv("NAJVA_MODELS", "offline")
        given = ["--data", str(data), "--output", str(output), "--base-model", str(tiny), "--tuning", "lora"]
        assert finetune_whisper.main([*given, "--epochs", "1", "--batch-size", "4"]) == 0
    return output


def evaluate(data: Path, run: Path, *more: str) -> int:
    """Run the job with few replicates."""
    return evaluate_whisper.main(["--data", str(data), "--run", str(run), "--replicates", "200", *more])


def test_three_systems_write_the_same_clips(data: Path, trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(data, trained) == 0
    said = capsys.readouterr().out.strip().splitlines()
    last = json.loads(said[-1])
    record = read_record(trained)
    assert last["clips"] == 2
    assert said[-2].startswith("Mean WER before ")
    assert f"on the same 2 clips, split {record['data']['split_sha256'][:12]}" in said[-2]
    ledgers = {name: read_ledger(trained / "ledgers" / f"{name}.jsonl") for name in ("base", "tuned", "merged")}
    split = json.loads((data / "split.json").read_text())
    assert all([row.id for row in rows] == split["test"] for rows in ledgers.values())
    assert last["merged_agrees"] == 2
    assert [row.hypothesis for row in ledgers["tuned"]] == [row.hypothesis for row in ledgers["merged"]]
    assert record["evaluation"]["systems"]["tuned"]["mean_clip_wer"] == last["tuned_mean_clip_wer"]
    assert (trained / "figures" / "wer_by_clip.png").is_file()
    assert evaluate(data, trained) == 0
    again = capsys.readouterr()
    assert again.out.count("was decoded with the same settings and is used again") == 3
    assert json.loads(again.out.strip().splitlines()[-1]) == last


def test_the_base_is_measured_before_the_training_and_not_again(
    data: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert evaluate(data, run, "--before", str(tiny)) == 0
    before = capsys.readouterr().out.strip().splitlines()
    assert before[-2].startswith("Mean WER before ") and before[-2].endswith(
        "on 2 clips, synthetic speech, split " + (f"{json.loads(before[-1])['split_sha256'][:12]}.")
    )
    ledger = (run / "ledgers" / "base.jsonl").read_bytes()
    given = ["--data", str(data), "--output", str(run), "--base-model", str(tiny), "--tuning", "full"]
    assert finetune_whisper.main([*given, "--epochs", "1", "--batch-size", "4"]) == 0
    assert evaluate(data, run) == 0
    after = capsys.readouterr().out
    assert "base: " in after and "decoded with the same settings and is used again" in after
    assert (run / "ledgers" / "base.jsonl").read_bytes() == ledger
    figures = [json.loads(lines[-1])["base_mean_clip_wer"] for lines in (before, after.strip().splitlines())]
    assert figures[0] == figures[1]
    assert evaluate(data, run, "--before", str(tiny)) == 1
    assert "is trained" in capsys.readouterr().err


def test_another_model_leaves_the_run_s_own_figures_as_they_are(
    data: Path, trained: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(data, trained) == 0
    kept = {path: path.read_bytes() for path in (*(trained / "figures").glob("*.png"), trained / "ledgers/base.jsonl")}
    before = read_record(trained)["evaluation"]
    other = shutil.copytree(tiny, tmp_path / "other")
    assert evaluate(data, trained, "--model", str(other)) == 0
    after = read_record(trained)["evaluation"]
    (name,) = after["systems"].keys() - before["systems"].keys()
    assert (trained / "ledgers" / f"{name}.jsonl").is_file() and (trained / "figures" / name).is_dir()
    del after["systems"][name]
    assert after == before
    assert {path: path.read_bytes() for path in kept} == kept
    assert evaluate(data, trained, "--model", str(other), "--before", str(tiny)) == 1
    assert "give one of them" in capsys.readouterr().err


def test_a_base_ledger_of_a_run_beside_is_used_again(
    data: Path, trained: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(data, trained) == 0
    beside = trained.parent / "full"
    given = ["--data", str(data), "--output", str(beside), "--base-model", str(tiny), "--tuning", "full"]
    assert finetune_whisper.main([*given, "--epochs", "1", "--batch-size", "4"]) == 0
    capsys.readouterr()
    assert evaluate(data, beside) == 0
    said = capsys.readouterr().out
    assert f"base: {trained / 'ledgers' / 'base.jsonl'} was decoded with the same settings" in said
    assert (beside / "ledgers" / "base.jsonl").read_bytes() == (trained / "ledgers" / "base.jsonl").read_bytes()


def test_what_tuning_forgot_of_another_language(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.wav", "b.wav"):
        write_clip(tmp_path / name, voice(len(name), seconds=2.0))
    rows = [("File", "Said"), ("a.wav", "Good morning.")]
    columns = ["--audio-column", "file", "--text-column", "said"]
    sheet = write_csv(tmp_path / "english.csv", [*rows, ("b.wav", "Thank you!")])
    assert evaluate(data, trained, "--sheets", f"{sheet}:en", *columns) == 0
    last = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    section = read_record(trained)["sheets"]["english"]
    assert section["language"] == "en"
    assert section["systems"]["tuned"]["normalizer"] == "basic"
    assert section["systems"]["base"]["made_with"]["decode"]["language"] == "en"
    assert last["english_tuned_mean_clip_wer"] == section["systems"]["tuned"]["mean_clip_wer"]
    assert [row.id for row in read_ledger(trained / "ledgers" / "base-english.jsonl")] == ["a.wav", "b.wav"]
    broken = write_csv(tmp_path / "broken.csv", [*rows, ("c.wav", "Thank you!")])
    assert evaluate(data, trained, "--sheets", str(broken), *columns) == 1
    assert "broken.csv, row 3: missing" in capsys.readouterr().err


def test_a_sheet_whose_clip_was_recorded_anew_is_decoded_anew(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(tmp_path / "a.wav", voice(1, seconds=2.0))
    sheet = write_csv(tmp_path / "again.csv", [("audio", "text"), ("a.wav", "سلام")])
    assert evaluate(data, trained, "--sheets", str(sheet)) == 0
    before = read_ledger(trained / "ledgers" / "base-again.jsonl")
    capsys.readouterr()
    assert evaluate(data, trained, "--sheets", str(sheet)) == 0
    assert "base-again.jsonl was decoded with the same settings" in capsys.readouterr().out
    write_clip(tmp_path / "a.wav", voice(2, seconds=2.0))
    assert evaluate(data, trained, "--sheets", str(sheet)) == 0
    assert "base-again.jsonl was decoded with the same settings" not in capsys.readouterr().out
    assert read_ledger(trained / "ledgers" / "base-again.jsonl")[0].sha256 != before[0].sha256


def test_two_sheets_of_one_name_are_refused(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(tmp_path / "a.wav", voice(1, seconds=2.0))
    rows = [("audio", "text"), ("../a.wav", "سلام")]
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        write_csv(tmp_path / folder / "talks.csv", rows)
    sheets = [str(tmp_path / folder / "talks.csv") for folder in ("first", "second")]
    assert evaluate(data, trained, "--sheets", *sheets) == 1
    assert "Two sheets are called talks" in capsys.readouterr().err


def test_an_interrupted_evaluation_keeps_what_was_decoded(
    data: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    shutil.rmtree(run / "ledgers", ignore_errors=True)
    # A neighbour that is damaged is none of this run's business.
    (tmp_path / "neighbour").mkdir()
    (tmp_path / "neighbour" / NAME).write_text("{")
    write = Decoder.write

    def interrupted(self: Decoder, name: str, *rest: object) -> object:
        if name == "merged":
            raise KeyboardInterrupt
        return write(self, name, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Decoder, "write", interrupted)
        evaluate(data, run)
    capsys.readouterr()
    assert evaluate(data, run) == 0
    said = capsys.readouterr().out
    again = [line.partition(":")[0] for line in said.splitlines() if line.endswith("is used again.")]
    assert again == ["base", "tuned"]


def test_a_sheet_that_lists_a_clip_twice_is_refused(
    data: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(tmp_path / "a.wav", voice(1, seconds=2.0))
    sheet = write_csv(tmp_path / "twice.csv", [("audio", "text"), ("a.wav", "سلام"), ("a.wav", "سلام")])
    assert evaluate(data, trained, "--sheets", str(sheet)) == 1
    assert "twice.csv, row 3: a.wav stands in row 2 already" in capsys.readouterr().err


def test_a_part_of_the_clips_is_named_as_one(data: Path, trained: Path) -> None:
    assert evaluate(data, trained) == 0
    whole = (trained / "ledgers" / "tuned.jsonl").read_bytes()
    assert evaluate(data, trained, "--clips", "1") == 0
    assert (trained / "ledgers" / "tuned.jsonl").read_bytes() == whole
    assert len(read_ledger(trained / "ledgers" / "tuned-first-1.jsonl")) == 1
    assert read_record(trained)["evaluation"]["systems"]["tuned"]["made_with"]["clips"] == 1


def test_another_split_is_refused(
    trained: Path, tmp_path: Path, clips: list, capsys: pytest.CaptureFixture[str]
) -> None:
    import prepare_transcripts

    given = ["--workbook", str(good_sheet(tmp_path)), "--audio-folder", str(tmp_path)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["prepare", *given, "--output", str(tmp_path / "other")])
        assert prepare_transcripts.main() == 0
    assert evaluate(tmp_path / "other", trained) == 1
    assert "was trained on another split" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_write_what_one_writes(data: Path, trained: Path, tmp_path: Path) -> None:
    """On twelve clips more, so that there is a batch for each process."""
    sheet = good_sheet(tmp_path)
    more = ["--sheets", f"{sheet}:de", "--replicates", "200"]
    assert evaluate(data, trained, *more) == 0
    ledgers = {path: path.read_bytes() for path in sorted((trained / "ledgers").glob("*.jsonl"))}
    assert {"base.jsonl", "merged.jsonl", f"tuned-{sheet.stem}.jsonl"} <= {path.name for path in ledgers}
    record = read_record(trained)
    for path in ledgers:
        path.unlink()
    # Without the dashes torchrun takes --run for one of its own options.
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--"]
    job = [str(ROOT / "training" / "evaluate_whisper.py"), "--data", str(data), "--run", str(trained), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "space"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *job], env=environment, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr[-3000:]
    written = list((trained / "ledgers").glob("*.jsonl"))
    assert len(written) == 5
    assert all(path.read_bytes() == ledgers[path] for path in written)
    again = read_record(trained)
    assert again["evaluation"]["systems"] == record["evaluation"]["systems"]
    assert again["sheets"][sheet.stem]["systems"] == record["sheets"][sheet.stem]["systems"]
