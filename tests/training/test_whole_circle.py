"""The mission in one command, and its demonstration: from a sheet to a published model that a Space serves."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi, ModelCard

from run_record import read_record
from tests.hub import LoopbackHub
from tests.training.made_sheets import good_sheet

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: str, environment: dict[str, str]) -> tuple[dict, str]:
    """Run a job; return its last line and all that it said."""
    command = [sys.executable, str(ROOT / "training" / script), *arguments]
    whole = {**os.environ, "PYTHONPATH": str(ROOT / "space"), **environment}
    done = subprocess.run(command, env=whole, capture_output=True, text=True, encoding="utf-8", timeout=280)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1]), done.stdout


@pytest.mark.slow
@pytest.mark.hub
def test_a_sheet_becomes_published_models_and_a_space(tiny: Path, cache: Path, tmp_path: Path) -> None:
    workbook = good_sheet(tmp_path)
    with LoopbackHub(tmp_path / "hub") as hub:
        environment = {
            **hub.environment(tmp_path / "home"),
            "NAJVA_CACHE": str(cache),
            "NAJVA_MODELS": "hub",
        }
        api = HfApi(endpoint=hub.endpoint, token=hub.token)
        api.create_repo(f"{hub.user}/tiny")
        api.upload_folder(repo_id=f"{hub.user}/tiny", folder_path=tiny)
        arguments = [
            *("--workbook", str(workbook), "--audio-folder", str(tmp_path), "--owner", hub.user),
            *("--base-model", f"{hub.user}/tiny", "--epochs", "1", "--tunings", "lora", "--name", "made"),
            *("--folder", str(tmp_path / "work"), "--options", "--batch-size 4 --lora-rank 2"),
        ]
        result, said = run("tune_persian.py", *arguments, environment=environment)
        assert set(result["results"]["lora"]) >= {"base_mean_clip_wer", "tuned_mean_clip_wer", "verdict"}
        assert "mean WER before" in said
        assert read_record(tmp_path / "work" / "runs" / "made-lora")["options"]["lora_rank"] == 2
        names = {repository.id for repository in api.list_models(author=hub.user)}
        assert f"{hub.user}/tiny-fa-made-lora" in names
        card = api.hf_hub_download(f"{hub.user}/tiny-fa-made-lora", "README.md", cache_dir=tmp_path / "cards")
        assert ModelCard.load(card).data.datasets == [f"{hub.user}/made"]
        # The Space serves the very commit that was pushed.
        variables = api.get_space_variables(f"{hub.user}/made-space")
        revision = result["published"]["lora"]["revision"]
        assert variables["NAJVA_ASR_PERSIAN"].value == f"{hub.user}/tiny-fa-made-lora@{revision}"
        again, said = run("tune_persian.py", *arguments, environment=environment)
        assert "is trained" in said
        assert again["results"]["lora"]["tuned_wer"] == result["results"]["lora"]["tuned_wer"]


@pytest.mark.slow
@pytest.mark.hub
def test_the_demonstration_goes_round(program, cache: Path, tmp_path: Path) -> None:
    program("espeak-ng")
    environment = {"NAJVA_DEMO_EXIT": "1", "NAJVA_CACHE": str(cache), "HF_HOME": str(tmp_path / "home")}
    result, said = run(
        "demo.py", "--folder", str(tmp_path / "demo"), "--minutes", "0.2", "--port", "7921", environment=environment
    )
    assert result["figures"]["clips"] == 16
    # The Space answers with the very commit that was pushed.
    assert result["written_by"] == result["model"]
    assert len(result["written"]) > 5
    rate = r"[\d.]+% \([\d.]+ to [\d.]+\)"
    assert re.search(rf"\nMean WER before {rate}, after {rate}, on the\s+same 16", said)
    # The model is private; the address that is shown opens its card all the same, as long as the Hub is there.
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\S+\?token=\S+", result["card"])
