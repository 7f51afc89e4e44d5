"""Models small enough to push and convert in a second, and the Hub that they are pushed to."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub import HfApi
from huggingface_hub.utils._http import default_client_factory
from peft import LoraConfig, get_peft_model
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from najva.audio import read_blocks
from tests.hub import LoopbackHub
from tests.hub.client import redirect_client

WINDOW_SECONDS = 10
CARD = "---\nlicense: apache-2.0\nlanguage: fa\n---\n# A tiny Whisper\n"


def read_clip(path: Path) -> np.ndarray:
    """Return a clip as float32 (samples,), mono at 16 kHz."""
    return np.concatenate(list(read_blocks(path, sample_rate_hz=16000, max_seconds=60, max_bytes=10**8)))


def save_tiny_whisper(folder: Path, packaged: Path, *, width: int = 32, layers: int = 1) -> Path:
    """Save a Whisper with random weights, the real vocabulary and a window of its own, Hub-style.

    Args:
        folder: made if need be.
        packaged: the packaged model's `transformers/`, which lends tokenizer and generation config.
        width: of the model.
        layers: of the encoder and as many of the decoder.
    """
    torch.manual_seed(0)
    config = WhisperConfig.from_pretrained(packaged)
    config.update(
        {
            "d_model": width,
            "encoder_layers": layers,
            "decoder_layers": layers,
            "num_hidden_layers": layers,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 2 * width,
            "decoder_ffn_dim": 2 * width,
            "max_source_positions": WINDOW_SECONDS * 50,
        }
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig.from_pretrained(packaged, alignment_heads=[[0, 0], [0, 1]])
    model.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80, chunk_length=WINDOW_SECONDS).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(packaged / name, folder)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    return folder


def save_adapter(folder: Path, base: Path, base_name: str, strength: float = 0.02) -> Path:
    """Save a LoRA adapter that was never trained but, unlike a fresh one, changes what its base says.

    Args:
        folder: of the adapter.
        base: Hub-style folder of the model whose shape it gets.
        base_name: reference that it names as its base.
        strength: standard deviation of its second matrices.
    """
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration.from_pretrained(base)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=strength)
    adapted.save_pretrained(folder)
    change_json(folder / "adapter_config.json", base_model_name_or_path=base_name)
    (folder / "README.md").unlink(missing_ok=True)
    return folder


def change_json(path: Path, **changes: object) -> None:
    """Change keys of a JSON file; a key set to None goes."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    content = {key: value for key, value in content.items() if value is not None}
    path.write_text(json.dumps(content), encoding="utf-8")


def push(api: HfApi, folder: Path, name: str, *, private: bool = False) -> str:
    """Push a folder and return the commit."""
    api.create_repo(name, private=private, exist_ok=True)
    return api.upload_folder(repo_id=name, folder_path=folder, commit_message="Push").oid


@contextmanager
def running_hub(folder: Path, user: str = "najva-tester", *, xet: bool = True) -> Iterator[LoopbackHub]:
    """A Hub that this process's client uses, with an empty cache, and with Xet unless told otherwise."""
    with pytest.MonkeyPatch.context() as patch, LoopbackHub(folder / "hub", user=user) as hub:
        redirect_client(patch, hub, folder / "home", xet=xet)
        yield hub


def give_back_client() -> None:
    """Make the client of this process the library's own again; `Hub` has made it one that gives up."""
    huggingface_hub.set_client_factory(default_client_factory)
