"""The model that is trained, and what is saved of it: loadable by everybody, adapter and merged model the same."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoProcessor, WhisperForConditionalGeneration

from najva.pretrained import Hub, ModelError, converted, find_checkpoint, window_seconds
from najva.transcriber.ctranslate2_engine import CTranslate2Engine
from najva.transcriber.engine import Decoding
from najva.transcriber.tokens import WhisperTokens
from tuning.whisper_tuning import (
    Base,
    add_lora,
    find_base,
    go_on_from,
    load_model,
    save_adapter,
    save_whole,
    write_tokens,
)


@pytest.fixture
def base(tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Base:
    """The tiny Whisper as a base."""
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    monkeypatch.setenv("NAJVA_MODELS", "offline")
    return find_base(str(tiny))


def features(seconds: float, clips: int = 2) -> torch.Tensor:
    """Random log-mel frames."""
    torch.manual_seed(1)
    return torch.rand(clips, 80, int(seconds * 100)) * 2 - 1


def changed(model: PeftModel) -> PeftModel:
    """Let an adapter that was never trained say something."""
    torch.manual_seed(2)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    return model


def test_the_whole_window_is_encoded_as_transformers_does(base: Base) -> None:
    stock = WhisperForConditionalGeneration.from_pretrained(base.folder)
    ours = load_model(base, 10, "fa").eval()
    whole = features(10)
    torch.testing.assert_close(ours.model.encoder(whole)[0], stock.eval().model.encoder(whole)[0])


def test_a_shorter_clip_is_encoded_as_a_checkpoint_of_that_window_would(base: Base, tmp_path: Path) -> None:
    save_whole(load_model(base, 4, "fa"), base, tmp_path)
    stock = WhisperForConditionalGeneration.from_pretrained(tmp_path).eval()
    ours = load_model(base, 10, "fa").eval()
    short = features(4)
    torch.testing.assert_close(ours.model.encoder(short)[0], stock.model.encoder(short)[0])


def test_a_window_longer_than_the_base_s_is_refused(base: Base) -> None:
    with pytest.raises(ModelError, match=r"hears 10 s at most, so the window cannot be 30 s"):
        load_model(base, 30, "fa")


def test_language_and_task_stand_in_the_generation_configuration_alone(base: Base, tmp_path: Path) -> None:
    save_whole(load_model(base, 4, "fa"), base, tmp_path)
    generation = json.loads((tmp_path / "generation_config.json").read_text())
    assert (generation["language"], generation["task"]) == ("fa", "transcribe")
    assert "forced_decoder_ids" not in {key for key, value in generation.items() if value}


def test_stock_transformers_loads_the_saved_model_with_its_window(base: Base, tmp_path: Path) -> None:
    save_whole(load_model(base, 4, "fa"), base, tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    inputs = processor(np.zeros(16000, np.float32), sampling_rate=16000, return_tensors="pt")
    assert inputs.input_features.shape[-1] == 400
    model = WhisperForConditionalGeneration.from_pretrained(tmp_path)
    written = model.generate(inputs.input_features, max_new_tokens=5)
    assert written.shape[0] == 1
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".safetensors"}


def test_adapter_names_its_base_and_its_window(base: Base, tmp_path: Path) -> None:
    model = changed(add_lora(load_model(base, 4, "fa"), rank=4, alpha=8, dropout=0.0, layers="all-linear"))
    save_adapter(model, base, tmp_path)
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == base.name
    assert config["task_type"] is None
    assert window_seconds(find_checkpoint(str(tmp_path), Hub(offline=True), tmp_path)) == 4


def test_all_linear_layers_get_updates_and_the_vocabulary_none(base: Base) -> None:
    model = add_lora(load_model(base, 4, "fa"), rank=4, alpha=8, dropout=0.0, layers="all-linear")
    touched = {name.split(".")[-4] for name, _ in model.named_parameters() if "lora_A" in name}
    assert touched == {"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"}
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert all("lora_" in name for name in trained)


def test_the_decoder_s_linear_layers_alone(base: Base) -> None:
    model = add_lora(load_model(base, 4, "fa"), rank=4, alpha=8, dropout=0.0, layers="decoder")
    names = [name for name, _ in model.named_parameters() if "lora_A" in name]
    assert {name.split(".")[-4] for name in names} == {"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"}
    assert all(".decoder." in name for name in names)


def test_a_training_goes_on_from_an_adapter(base: Base, tmp_path: Path) -> None:
    form = {"rank": 4, "alpha": 8, "dropout": 0.0, "layers": "all-linear"}
    before = changed(add_lora(load_model(base, 4, "fa"), **form))
    save_adapter(before, base, tmp_path)
    adapter = find_checkpoint(str(tmp_path), Hub(offline=True), tmp_path)
    after = add_lora(load_model(base, 4, "fa"), **form)
    go_on_from(after, adapter, base)
    expected, got = before.state_dict(), after.state_dict()
    assert expected.keys() == got.keys()
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    assert all(weight.requires_grad for name, weight in after.named_parameters() if "lora_" in name)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"rank": 8}, "has rank 4 and alpha 8, the training 8 and 8: give it --lora-rank 4 --lora-alpha 8"),
        ({"layers": "decoder"}, "updates other layers"),
    ],
)
def test_an_adapter_of_another_form_is_not_gone_on_from(form: dict, sentence: str, base: Base, tmp_path: Path) -> None:
    usual = {"rank": 4, "alpha": 8, "dropout": 0.0, "layers": "all-linear"}
    save_adapter(add_lora(load_model(base, 4, "fa"), **usual), base, tmp_path)
    adapter = find_checkpoint(str(tmp_path), Hub(offline=True), tmp_path)
    with pytest.raises(ModelError, match=sentence):
        go_on_from(add_lora(load_model(base, 4, "fa"), **usual | form), adapter, base)


def test_an_adapter_of_another_base_is_not_gone_on_from(base: Base, tmp_path: Path) -> None:
    model = add_lora(load_model(base, 4, "fa"), rank=4, alpha=8, dropout=0.0, layers="all-linear")
    save_adapter(model, base, tmp_path)
    adapter = replace(find_checkpoint(str(tmp_path), Hub(offline=True), tmp_path), base="someone/else")
    with pytest.raises(ModelError, match="belongs to someone/else, not to"):
        go_on_from(model, adapter, base)


def test_adapter_on_its_base_and_merged_model_write_the_same(base: Base, tmp_path: Path, cache: Path) -> None:
    model = changed(add_lora(load_model(base, 4, "fa"), rank=4, alpha=8, dropout=0.0, layers="all-linear"))
    save_adapter(model, base, tmp_path / "adapter")
    save_whole(model.merge_and_unload(), base, tmp_path / "merged")
    hub = Hub(offline=True)
    adapter, merged = (find_checkpoint(str(tmp_path / name), hub, cache) for name in ("adapter", "merged"))
    engines = [
        CTranslate2Engine(converted(adapter, cache, find_checkpoint(adapter.base, hub, cache), print)),
        CTranslate2Engine(converted(merged, cache, None, print)),
    ]
    sound = [np.random.default_rng(n).normal(0, 0.1, 48000).astype(np.float32) for n in range(3)]
    written = []
    for engine in engines:
        assert engine.window_seconds == 4
        encoded = engine.encode(sound, 4)
        prompt = engine.tokens.prompt("fa", timestamps=False)
        written.append([clip.tokens for clip in encoded.decode([0, 1, 2], prompt, Decoding(max_tokens=20))])
    assert written[0] == written[1]
    assert any(written[0])


def test_decoding_while_training_is_that_of_generate(base: Base, tokens: WhisperTokens) -> None:
    model = load_model(base, 10, "fa").eval()
    prompt = tokens.prompt("fa", timestamps=False)
    stock = WhisperForConditionalGeneration.from_pretrained(base.folder).eval()
    ours = write_tokens(model, model.model.encoder(features(10)), prompt, tokens.end_of_text, 12)
    theirs = stock.generate(features(10), language="fa", task="transcribe", max_new_tokens=12, num_beams=1)
    for mine, other in zip(ours.tolist(), theirs.tolist(), strict=True):
        kept = [token for token in other if token < tokens.end_of_text]
        assert [token for token in mine if token < tokens.end_of_text] == kept
