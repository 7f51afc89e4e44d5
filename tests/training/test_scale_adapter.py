"""A run drawn back towards its base: the updates alone are scaled, and nothing is said of it that was not measured."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import scale_adapter
from run_record import read_record


@pytest.fixture(autouse=True)
def settings(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Hub, and the tests' own cache."""
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    monkeypatch.setenv("NAJVA_MODELS", "offline")


def scale(run: Path, strength: float, output: Path) -> int:
    """Run the job."""
    return scale_adapter.main(["--run", str(run), "--strength", str(strength), "--output", str(output)])


def merged(run: Path) -> dict[str, torch.Tensor]:
    """Weights of a run's merged model."""
    return load_file(run / "merged" / "model.safetensors")


def test_the_merged_model_lies_between_base_and_run(
    trained_lora: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = tmp_path / "half"
    assert scale(trained_lora, 0.5, half) == 0
    base, whole, between = load_file(tiny / "model.safetensors"), merged(trained_lora), merged(half)
    moved = [name for name in whole if name in base and not torch.equal(whole[name].float(), base[name].float())]
    assert moved
    for name in moved:
        if whole[name].shape == base[name].shape:
            middle = (whole[name].float() + base[name].float()) / 2
            assert torch.allclose(between[name].float(), middle, atol=2e-3), name
    record = read_record(half)
    assert record["scaled"]["strength"] == 0.5 and record["scaled"]["of"] == trained_lora.name
    assert record["training"] == read_record(trained_lora)["training"]
    assert not {"evaluation", "sheets", "ledgers"} & record.keys()
    # The same once more is done already, another strength is another run.
    assert scale(trained_lora, 0.5, half) == 0
    assert scale(trained_lora, 0.6, half) == 1
    assert "holds another run" in capsys.readouterr().err
    assert scale(half, 0.5, tmp_path / "quarter") == 1
    assert f"was scaled itself, from {trained_lora.name}" in capsys.readouterr().err


def test_what_cannot_be_scaled_gets_one_sentence(
    finished_runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scale(finished_runs / "full", 0.5, tmp_path / "new") == 1
    assert "is no LoRA run" in capsys.readouterr().err
    assert scale(tmp_path, 0.5, tmp_path / "new") == 1
    assert "is no run" in capsys.readouterr().err
    assert scale(finished_runs / "lora", 0, tmp_path / "new") == 1
    assert "between 0 and 2" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def trained_lora(data: Path, tiny: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA run of one epoch at a rate that moves it far."""
    import finetune_whisper

    run = tmp_path_factory.mktemp("scale") / "lora"
    given = ["--data", str(data), "--output", str(run), "--base-model", str(tiny), "--tuning", "lora", "--epochs", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAJVA_CACHE", str(cache))
        patch.setenv("NAJVA_MODELS", "offline")
        assert finetune_whisper.main([*given, "--batch-size", "4", "--learning-rate", "0.05"]) == 0
    assert json.loads((run / "run.json").read_text("utf-8"))["training"]
    return run
