"""Fine-tuning as a command: it trains, an interruption changes nothing, and what cannot be meant is refused."""

import csv
import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import finetune_whisper
from evaluation import figures
from run_record import NAME, RunError, read_record
from sheets.speech_data import Clip, load_speech, relative_audio, write_speech
from sheets.splits import draw_split
from tuning import whisper_training
from tuning.whisper_trainer import WhisperTrainer, last_whole_checkpoint
from tuning.whisper_tuning import find_base

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def settings(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Hub, and the tests' own cache."""
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    monkeypatch.setenv("NAJVA_MODELS", "offline")


def arguments(data: Path, output: Path, tiny: Path, tuning: str = "full", **more: object) -> list[str]:
    """A command line on the tiny Whisper."""
    given = {"epochs": 3, "batch-size": 4, "precision": "fp32", "learning-rate": 0.01} | more
    listed = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    return [
        *("--data", str(data), "--output", str(output), "--base-model", str(tiny), "--tuning", tuning),
        *listed,
    ]


def history(output: Path) -> list[dict]:
    """The rows of a run's `history.csv`."""
    with (output / "history.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_a_run_learns_and_leaves_models_that_others_load(
    tuning: str, data: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run"
    assert finetune_whisper.main(arguments(data, output, tiny, tuning, epochs=6)) == 0
    rows = history(output)
    assert [float(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    # Small updates of random weights learn little, and still they learn.
    fall = {"full": 0.5, "lora": 0.05}[tuning]
    assert float(rows[-1]["training_loss"]) < float(rows[0]["training_loss"]) - fall
    record = read_record(output)
    assert record["data"]["clips"] == {"train": 8, "validation": 2, "test": 2}
    assert record["training"]["epochs"] == 6
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["validation_wer"] == min(float(row["validation_wer"]) for row in rows)
    weights = {"full": ["model.safetensors"], "lora": ["adapter/adapter_model.safetensors", "merged/model.safetensors"]}
    for name in weights[tuning]:
        assert load_file(output / name)
    assert (output / "figures" / "history.png").read_bytes().startswith(b"\x89PNG")
    assert (output / "split.json").read_bytes() == (data / "split.json").read_bytes()
    assert not (output / "checkpoints").exists()
    # The longest of the twelve clips has 3.75 s.
    assert record["model"]["window_seconds"] == 5


def test_a_second_training_goes_on_from_the_first_one_s_adapter(
    data: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert finetune_whisper.main(arguments(data, first, tiny, "lora", epochs=2)) == 0
    init = {"init-adapter": str(first / "adapter"), "learning-rate": 1e-6, "epochs": 1}
    assert finetune_whisper.main(arguments(data, second, tiny, "lora", **init)) == 0
    without = tmp_path / "without"
    assert finetune_whisper.main(arguments(data, without, tiny, "lora", **{**init, "init-adapter": ""})) == 0
    # Where the first one ended, and far from where it had begun.
    reached = min(history(first), key=lambda row: float(row["validation_wer"]))["validation_loss"]
    losses = [float(history(run)[0]["validation_loss"]) for run in (second, without)]
    assert losses[0] == pytest.approx(float(reached), abs=0.01)
    assert abs(losses[1] - losses[0]) > 0.03
    record, before = read_record(second)["init_adapter"], read_record(first)
    assert record["hours"] == before["training"]["hours"]
    assert record["same_split"]
    assert "no measure of new speech" not in capsys.readouterr().out


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_the_checkpoint_of_the_best_validation_wer_is_saved(
    tuning: str, data: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = "decoder.layers.0.fc1." + {"full": "weight", "lora": "lora_B.default.weight"}[tuning]
    rates, seen = iter([0.9, 0.2, 0.5]), []

    def measure(self: WhisperTrainer, predicted: object) -> dict[str, float]:
        seen.append(next(weight.clone() for name, weight in self.model.named_parameters() if name.endswith(layer)))
        rate = next(rates)
        return {"wer": rate, "mean_clip_wer": 1 - rate, "cer": 1 - rate}

    monkeypatch.setattr(WhisperTrainer, "measure", measure)
    assert finetune_whisper.main(arguments(data, tmp_path, tiny, tuning, epochs=3)) == 0
    file = {"full": "model.safetensors", "lora": "adapter/adapter_model.safetensors"}[tuning]
    (saved,) = [weight for name, weight in load_file(tmp_path / file).items() if layer.replace(".default", "") in name]
    near = [torch.allclose(saved.float(), weight, atol=1e-4, rtol=1e-3) for weight in seen]
    assert near == [False, True, False]
    assert read_record(tmp_path)["training"]["best"]["epoch"] == 2


def test_a_training_is_what_the_mission_asks_for_unless_told_otherwise() -> None:
    lora, full = (finetune_whisper.FinetuneOptions("data", Path("run"), tuning) for tuning in ("lora", "full"))
    assert (lora.base_model, lora.epochs, lora.early_stopping, lora.minutes) == ("openai/whisper-small", 50, 0, 0)
    assert (lora.lora_layers, lora.window_seconds, lora.precision) == ("all-linear", "auto", "auto")
    assert (lora.rate, full.rate) == (1e-3, 3e-5)


@pytest.mark.parametrize(
    ("asked", "able", "used"), [("auto", True, "bf16"), ("auto", False, "fp32"), ("bf16", 0, "bf16")]
)
def test_half_precision_where_the_processor_has_it(
    asked: str, able: bool, used: str, data: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper_training, "has_bf16", lambda cpu: able)
    assert finetune_whisper.main(arguments(data, tmp_path, tiny, epochs=1, precision=asked)) == 0
    assert read_record(tmp_path)["training"]["precision"] == used
    assert float(history(tmp_path)[-1]["training_loss"]) > 0


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_spec_augment_hides_some_of_what_is_heard_while_training(
    tuning: str, data: Path, tiny: Path, tmp_path: Path
) -> None:
    losses = {}
    for share in (0.0, 0.4):
        options = finetune_whisper.FinetuneOptions(
            str(data), tmp_path, tuning, spec_augment=share, batch_size=4, precision="fp32"
        )
        trainer = whisper_training.build_trainer(options, load_speech(str(data)), find_base(str(tiny)), 5)
        batch = trainer.data_collator([trainer.train_dataset[index] for index in range(4)])
        trainer.model.train()
        np.random.seed(3)  # transformers draws its masks from it
        losses[share] = [float(trainer.model(**batch).loss.detach()) for _ in range(2)]
    assert losses[0.0][0] == losses[0.0][1]
    assert len({*losses[0.0], *losses[0.4]}) == 3


@pytest.mark.slow
# Masks are drawn by each process for itself, so what was learned is not the same to the last bit; what hardly learned
# must write the very same texts.
@pytest.mark.parametrize(("tuning", "rate"), [("full", 1e-3), ("lora", 1e-9)])
def test_two_processes_train_and_measure_as_one(
    tuning: str, rate: float, clips: list[Clip], tiny: Path, tmp_path: Path
) -> None:
    # Three validation clips, so that one of the two processes is given a clip twice, which must not count.
    split = draw_split([[clip.id] for clip in clips], validation_share=0.3)
    data = tmp_path / "data"
    named = [replace(clip, audio=relative_audio(clip.path, data)) for clip in clips]
    write_speech(data, named, split, {"name": "made", "speech": "synthetic"})
    assert len(load_speech(str(data)).clips("validation")) == 3
    runs = {1: tmp_path / "one", 2: tmp_path / "two"}
    for count, run in runs.items():
        more = {"batch-size": 4 // count, "epochs": 2, "learning-rate": rate}
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(count), "--"]
        job = [str(ROOT / "training" / "finetune_whisper.py"), *arguments(data, run, tiny, tuning, **more)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "space"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run([*command, *job], env=environment, capture_output=True, text=True, timeout=250)
        assert done.returncode == 0, done.stderr[-3000:]
        # One line of JSON, as one process writes it.
        assert len([line for line in done.stdout.splitlines() if line.startswith("{")]) == 1
    rows = [history(run) for run in runs.values()]
    assert [row["step"] for row in rows[0]] == [row["step"] for row in rows[1]]
    for one, two in zip(*rows, strict=True):
        assert float(two["validation_loss"]) == pytest.approx(float(one["validation_loss"]), rel=1e-3)
        assert float(two["training_loss"]) == pytest.approx(float(one["training_loss"]), rel=1e-3)
        for measured in ("validation_wer", "validation_mean_clip_wer", "validation_cer"):
            assert two[measured] == one[measured] or rate > 1e-6
    assert read_record(runs[2])["training"]["processes"] == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tuning", "with_others"), [("full", False), ("lora", True)], ids=["full", "LoRA, others, measured between epochs"]
)
def test_a_killed_run_goes_on_to_the_same_result(
    tuning: str, with_others: bool, data: Path, tiny: Path, tmp_path: Path
) -> None:
    weights = {"full": "model.safetensors", "lora": "adapter/adapter_model.safetensors"}[tuning]
    options = {"spec-augment": 0.2, "augment": "speed", "timestamp-share": 0.5, "epochs": 4}
    if with_others:
        # Every epoch draws other clips of them, and checkpoints lie in the midst of epochs.
        options |= {"others": str(data), "others-share": 0.5, "batch-size": 2, "evaluate-steps": 3}
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    def start(output: Path) -> subprocess.Popen:
        command = [sys.executable, str(ROOT / "training" / "finetune_whisper.py")]
        # One thread: sums in another order differ in their last bit, and Adam makes steps of such bits.
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "space"), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen([*command, *arguments(data, output, tiny, tuning, **options)], env=environment)

    assert start(whole).wait() == 0
    process = start(killed)
    deadline = time.monotonic() + 120
    while last_whole_checkpoint(killed / "checkpoints") is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed / weights).exists()
    assert start(killed).wait() == 0
    kept = ("step", "training_loss", "validation_wer", "validation_loss")
    rows = [[{name: row[name] for name in kept} for row in history(run)] for run in (whole, killed)]
    assert rows[0] == rows[1]
    expected, resumed = (load_file(run / weights) for run in (whole, killed))
    assert all((expected[name] == resumed[name]).all() for name in expected)


def test_the_clock_goes_on_where_the_checkpoint_was(
    data: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = arguments(data, tmp_path, tiny, **{"epochs": 3, "minutes": 60, "early-stopping": 9})
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        # Before the models are saved; the checkpoints stay.
        patch.setattr(finetune_whisper, "save", Mock(side_effect=KeyboardInterrupt))
        finetune_whisper.main(given)
    last = last_whole_checkpoint(tmp_path / "checkpoints")
    shutil.rmtree(last)
    state = last_whole_checkpoint(tmp_path / "checkpoints") / "trainer_state.json"
    record = json.loads(state.read_text())
    assert 0 < record["stateful_callbacks"]["Clock"]["attributes"]["seconds"] < 600
    record["stateful_callbacks"]["Clock"]["attributes"]["seconds"] = 3000.0
    state.write_text(json.dumps(record))
    assert finetune_whisper.main(given) == 0
    rows = history(tmp_path)
    assert [row["epoch"] for row in rows] == ["1.0", "2.0", "3.0"]
    assert 50 < float(rows[-1]["minutes"]) < 60
    # Five sixths of the time are over, more than two thirds of the epochs.
    assert float(rows[-1]["learning_rate"]) < 0.01 * (1 - 3000 / 3600) / 0.9
    assert 50 / 60 < read_record(tmp_path)["training"]["hours"] < 1


def test_a_checkpoint_that_was_cut_short_is_passed_over(tmp_path: Path) -> None:
    for step, state in ((5, '{"global_step": 5}'), (10, '{"global_st'), (20, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state:
            (folder / "trainer_state.json").write_text(state)
    assert last_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-5"
    assert last_whole_checkpoint(tmp_path / "nowhere") is None


@pytest.mark.slow
def test_a_disk_that_fills_while_a_checkpoint_is_written(
    data: Path, tiny: Path, small_disk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and no torn file; with more room, the same command ends where an undisturbed one does."""
    assert finetune_whisper.main(arguments(data, tmp_path / "whole", tiny)) == 0
    whole = history(tmp_path / "whole")
    # Room for one checkpoint of weights and Adam's two moments, and for the beginning of the next.
    checkpoint = 3 * (tmp_path / "whole" / "model.safetensors").stat().st_size
    run = small_disk(int(1.6 * checkpoint / 2**20)) / "run"
    capsys.readouterr()
    assert finetune_whisper.main(arguments(data, run, tiny)) == 1
    assert "is full" in (said := capsys.readouterr().err) and "goes on from checkpoint-2." in said
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["checkpoint-2"]
    assert not (run / "model.safetensors").exists()
    small_disk(20 * int(checkpoint / 2**20), grow=True)
    assert finetune_whisper.main(arguments(data, run, tiny)) == 0
    assert "Going on from checkpoint-2." in capsys.readouterr().out
    assert [row["step"] for row in history(run)] == [row["step"] for row in whole]
    assert float(history(run)[-1]["training_loss"]) == pytest.approx(float(whole[-1]["training_loss"]), rel=1e-3)


@pytest.mark.slow
def test_a_run_that_is_killed_while_it_is_merged_is_merged_again(data: Path, tiny: Path, tmp_path: Path) -> None:
    """Nobody takes half a merged model for a whole one: the run is trained only when all of it is saved."""
    killed = tmp_path / "killed"
    code = (
        "import os, signal, sys, finetune_whisper; from tuning import whisper_tuning; save = whisper_tuning.save_whole;"
        "whisper_tuning.save_whole = lambda *a: (save(*a), os.kill(os.getpid(), signal.SIGKILL));"
        "sys.exit(finetune_whisper.main(sys.argv[1:]))"
    )
    path = os.pathsep.join(str(ROOT / folder) for folder in ("space", "training"))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    given = arguments(data, killed, tiny, "lora", epochs=2)
    assert subprocess.run([sys.executable, "-c", code, *given], env=environment).returncode == -signal.SIGKILL
    assert (killed / "merged").is_dir() and "training" not in read_record(killed)
    script = str(ROOT / "training" / "finetune_whisper.py")
    again = subprocess.run([sys.executable, script, *given], env=environment, capture_output=True, text=True)
    assert again.returncode == 0 and "Going on from checkpoint-4" in again.stdout
    assert "training" in read_record(killed)
    undisturbed = [sys.executable, script, *arguments(data, tmp_path / "whole", tiny, "lora", epochs=2)]
    assert subprocess.run(undisturbed, env=environment, capture_output=True).returncode == 0
    for name in ("adapter/adapter_model.safetensors", "merged/model.safetensors"):
        expected, resumed = (load_file(run / name) for run in (tmp_path / "whole", killed))
        assert all((expected[key] == resumed[key]).all() for key in expected)


def test_a_disk_that_fills_while_the_models_are_saved(
    data: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The picture is the last that is written before the run counts as trained."""
    given = arguments(data, tmp_path, tiny, "lora", epochs=2)
    with monkeypatch.context() as full:
        full.setattr(figures, "draw_history", Mock(side_effect=OSError(28, "No space left on device")))
        full.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
        assert finetune_whisper.main(given) == 1
    said = capsys.readouterr().err
    assert "is full" in said and "goes on from checkpoint-4" in said
    assert "training" not in read_record(tmp_path) and (tmp_path / "checkpoints").is_dir()
    assert finetune_whisper.main(given) == 0
    assert "Going on from checkpoint-4" in capsys.readouterr().out
    assert (tmp_path / "figures" / "history.png").is_file() and (tmp_path / "merged" / "model.safetensors").is_file()
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_gradient_checkpointing_changes_nothing_but_memory(tuning: str, data: Path, tiny: Path, tmp_path: Path) -> None:
    losses = []
    for name, more in (("plain", []), ("checkpointed", ["--gradient-checkpointing"])):
        given = arguments(data, tmp_path / name, tiny, tuning, epochs=2, **{"spec-augment": 0})
        assert finetune_whisper.main([*given, *more]) == 0
        losses.append([float(row["training_loss"]) for row in history(tmp_path / name)])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_early_stopping_ends_a_run_that_gets_no_better(data: Path, tiny: Path, tmp_path: Path) -> None:
    """On request only: the same run without it goes to its end."""
    for name, more, epochs in (("stopped", {"early-stopping": 2}, 3), ("whole", {}, 5)):
        given = arguments(data, tmp_path / name, tiny, **{"epochs": 5, "learning-rate": 1e-12} | more)
        assert finetune_whisper.main(given) == 0
        assert [float(row["epoch"]) for row in history(tmp_path / name)] == list(range(1, epochs + 1))
        assert read_record(tmp_path / name)["training"]["epochs"] == epochs


def test_a_limit_in_minutes_ends_the_run_with_an_evaluation(data: Path, tiny: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    started = time.monotonic()
    assert finetune_whisper.main(arguments(data, output, tiny, epochs=10000, minutes=0.1)) == 0
    assert time.monotonic() - started < 60
    record = read_record(output)
    assert record["training"]["stopped_by_time"]
    assert 0 < record["training"]["epochs"] < 10000
    rows = history(output)
    assert int(rows[-1]["step"]) == record["training"]["steps"]
    # The rate falls to nothing by the clock, not by the ten thousandth epoch.
    assert float(rows[-1]["learning_rate"]) < 0.005


def test_another_run_in_the_same_folder_is_refused(
    data: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune_whisper.main(arguments(data, tmp_path, tiny, epochs=1)) == 0
    assert finetune_whisper.main(arguments(data, tmp_path, tiny, epochs=1, seed=5)) == 1
    assert "holds a run with another seed; name another --output" in capsys.readouterr().err
    # The same data under another spelling are the same data.
    assert finetune_whisper.main(arguments(f"{data}/", tmp_path, tiny, epochs=1)) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORLD_SIZE", "2")
        assert finetune_whisper.main(arguments(data, tmp_path, tiny, epochs=1)) == 1
    assert "another number of processes" in capsys.readouterr().err


def test_an_option_that_is_newer_than_the_run_had_its_default(
    data: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune_whisper.main(arguments(data, tmp_path, tiny, epochs=1)) == 0
    record = json.loads((tmp_path / NAME).read_text())
    del record["options"]["lora_dropout"]
    (tmp_path / NAME).write_text(json.dumps(record))
    assert finetune_whisper.main(arguments(data, tmp_path, tiny, epochs=1)) == 0
    assert finetune_whisper.main(arguments(data, tmp_path, tiny, **{"epochs": 1, "lora-dropout": 0.1})) == 1
    assert "holds a run with another lora_dropout" in capsys.readouterr().err


def test_other_clips_in_the_same_folder_are_another_run(
    data: Path, tiny: Path, clips: list, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder that is mixed in may have kept its name and got another split."""
    others = tmp_path / "others"
    named = [Clip(**{**vars(clip), "audio": relative_audio(clip.path, others)}) for clip in clips]
    write_speech(others, named, draw_split([[clip.id] for clip in clips], seed=1), {"name": "others"})
    given = arguments(data, tmp_path / "run", tiny, epochs=1, others=others)
    assert finetune_whisper.main(given) == 0
    write_speech(others, named, draw_split([[clip.id] for clip in clips], seed=2), {"name": "others"})
    assert finetune_whisper.main(given) == 1
    assert "holds a run with another others" in capsys.readouterr().err


def test_what_fails_beside_a_nearly_full_disk_is_told_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(torch.OutOfMemoryError), finetune_whisper.full_disk_in_words(tmp_path, torch.nn.Linear(2, 2)):
        raise torch.OutOfMemoryError
    with pytest.raises(RunError, match="is full"), finetune_whisper.full_disk_in_words(tmp_path, torch.nn.Linear(2, 2)):
        torch.save({"weight": torch.zeros(10**6)}, "/dev/full")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"window-seconds": 2}, "The longest clip has 3.8 s and the window 2 s"),
        ({"window-seconds": 11}, "hears 10 s at most"),
        ({"window-seconds": "long"}, "--window-seconds is auto or a whole number of seconds, not 'long'"),
        ({"augment": "echo"}, "There is no augmentation 'echo'"),
        ({"warmup-share": 1.5}, "--warmup-share lies between 0 and 1"),
        ({"batch-size": 0}, "must be above 0"),
        ({"init-adapter": "embedded:persian-adapter"}, "--init-adapter goes with --tuning lora"),
        ({"language": "Persian"}, "--language is a code such as fa, not 'Persian'"),
        ({"base-model": "./nowhere"}, "The model folder './nowhere' does not exist"),
    ],
)
def test_what_cannot_be_meant_gets_one_sentence(
    change: dict, sentence: str, data: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments(data, tmp_path / "run", tiny, **change)
    assert finetune_whisper.main(given) == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence in told


def test_tracking_without_its_package_gets_one_sentence(
    data: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be installed where the tests run."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "trackio" else found(name, *more)
    )
    assert finetune_whisper.main(arguments(data, tmp_path / "run", tiny, trackio="project")) == 1
    assert "--trackio needs the package trackio" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_can_be_watched_in_trackio(data: Path, tiny: Path, tmp_path: Path) -> None:
    """Logged on this machine alone, the rates of every epoch among them."""
    given = arguments(data, tmp_path / "run", tiny, trackio="watched", epochs=2)
    environment = {**os.environ, "TRACKIO_DIR": str(tmp_path / "trackio"), "PYTHONPATH": str(ROOT / "space")}
    command = [sys.executable, str(ROOT / "training" / "finetune_whisper.py"), *given]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    (database,) = (tmp_path / "trackio").glob("watched*.db")
    with closing(sqlite3.connect(database)) as log:
        logged = [json.loads(row) for (row,) in log.execute("SELECT metrics FROM metrics ORDER BY step")]
    rates = [row["eval/wer"] for row in logged if "eval/wer" in row]
    assert rates == pytest.approx([float(row["validation_wer"]) for row in history(tmp_path / "run")], abs=1e-4)
    assert sum("train/loss" in row for row in logged) > 1


def test_data_that_is_not_there_gets_one_sentence(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune_whisper.main(arguments(Path("nowhere"), tmp_path / "run", tiny)) == 1
    assert "There is no folder nowhere" in capsys.readouterr().err
