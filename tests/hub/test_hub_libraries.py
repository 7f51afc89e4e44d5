"""Stock `transformers`, `peft` and `datasets` push to the loopback Hub and load back, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from . import LoopbackHub

pytestmark = pytest.mark.hub

PROGRAM = Path(__file__).with_name("library_round_trip.py")


@pytest.mark.slow
def test_whisper_adapter_and_clips_come_back(way: str, tmp_path: Path) -> None:
    """Weights, processor, LoRA adapter and a data set are the same after push and load, the private way."""
    with LoopbackHub(tmp_path / "hub") as hub:
        run = subprocess.run(
            [sys.executable, str(PROGRAM), str(tmp_path / "work")],
            env=hub.environment(tmp_path / "home", xet=way == "xet"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert run.returncode == 0, run.stderr[-4000:]
        found = json.loads(run.stdout.splitlines()[-1])
        puts = [request.removeprefix("PUT /storage/") for request in hub.requests if request.startswith("PUT")]
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(found["model_files"])
    assert {"adapter_config.json", "adapter_model.safetensors"} <= set(found["adapter_files"])
    assert found["text"] == "نجوا یعنی whisper" and (found["vocabulary"], found["mel_bins"]) == (261, 16)
    assert found["private"] and found["same_logits"] and found["same_adapted_logits"] and found["adapter_matters"]
    assert found["same_clips"]
    # The model, the adapter and the data set.
    assert len(puts) == 3 and all(put.startswith("xorbs/") == (way == "xet") for put in puts)
