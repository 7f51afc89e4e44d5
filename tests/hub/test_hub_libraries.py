"""Stock `transformers` and `peft` push to the loopback Hub and load back, in a process of their own."""

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
def test_whisper_and_adapter_come_back(tmp_path: Path) -> None:
    """Weights, processor and LoRA adapter are the same after push and load, the private way."""
    with LoopbackHub(tmp_path / "hub") as hub:
        run = subprocess.run(
            [sys.executable, str(PROGRAM), str(tmp_path / "work")],
            env=hub.environment(tmp_path / "home"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert run.returncode == 0, run.stderr[-4000:]
        found = json.loads(run.stdout.splitlines()[-1])
        lfs_puts = [request for request in hub.requests if request.startswith("PUT /storage/")]
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(found["model_files"])
    assert {"adapter_config.json", "adapter_model.safetensors"} <= set(found["adapter_files"])
    assert found["text"] == "نجوا یعنی whisper" and (found["vocabulary"], found["mel_bins"]) == (261, 16)
    assert found["private"] and found["same_logits"] and found["same_adapted_logits"] and found["adapter_matters"]
    assert len(lfs_puts) == 2
