"""Any Whisper for the quick engine: converted once a commit, strict about its tensors, with its own window."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from transformers import WhisperForConditionalGeneration

from najva.languages import LANGUAGES
from najva.pretrained import Checkpoint, Hub, ModelError, converted, find_checkpoint, merged, window_seconds
from najva.transcriber.ctranslate2_engine import CTranslate2Engine
from najva.transcriber.torch_engine import TorchEngine
from tests.najva.pretrained import tiny_models
from tests.najva.pretrained.tiny_models import change_json, push, save_adapter, save_tiny_whisper

NOISE = np.random.default_rng(0).standard_normal(16000 * tiny_models.WINDOW_SECONDS).astype(np.float32) / 10


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "copy"))


def find(folder: Path | str) -> Checkpoint:
    return find_checkpoint(str(folder), Hub(offline=True), Path("unused"))


def convert(folder: Path, cache: Path, base: Path | None = None) -> Path:
    return converted(find(folder), cache, find(base) if base else None, lambda line: None)


def refusal(folder: Path, cache: Path, base: Path | None = None) -> str:
    """Return the sentence with which a model is refused; nothing of it stays in the cache."""
    with pytest.raises(ModelError) as refused:
        convert(folder, cache, base)
    message = str(refused.value)
    assert str(folder) in message and message.endswith(".") and "\n" not in message
    assert [path for path in cache.iterdir() if path.suffix != ".lock"] == []
    return message


def languages(engine) -> dict[str, float]:
    return engine.encode([NOISE], engine.window_seconds).language_probabilities()[0]


@pytest.mark.hub
def test_hub_model_is_converted_once_a_commit(copy, tmp_path):
    lines: list[str] = []
    with tiny_models.running_hub(tmp_path) as hub:

        def prepare() -> Path:
            return converted(
                find_checkpoint("najva-tester/tiny", Hub(), tmp_path), tmp_path / "cache", None, lines.append
            )

        push(hub.api(), copy, "najva-tester/tiny")
        first = prepare()
        written = (first / "model.bin").stat().st_mtime_ns
        assert prepare() == first and (first / "model.bin").stat().st_mtime_ns == written
        assert len(lines) == 1 and "najva-tester/tiny" in lines[0]
        change_json(copy / "config.json", note="second")
        push(hub.api(), copy, "najva-tester/tiny")
        second = prepare()
        assert second != first and len(lines) == 2 and first.is_dir()


def test_converted_model_keeps_window_and_languages(tiny, tmp_path):
    assert window_seconds(find(tiny)) == 10
    quick, exact = CTranslate2Engine(convert(tiny, tmp_path), compute_type="float32"), TorchEngine(tiny)
    assert quick.window_seconds == exact.window_seconds == 10
    assert set(languages(quick)) == set(LANGUAGES) and sum(languages(quick).values()) == pytest.approx(1, abs=1e-4)
    # Random weights give every language some probability, and no two the same.
    assert list(languages(quick).values()) != [pytest.approx(1 / 99)] * 99
    for code, probability in languages(exact).items():
        assert languages(quick)[code] == pytest.approx(probability, rel=0.05)


def test_languages_need_no_generation_config(copy, tmp_path):
    """Many a fine-tuned model has none; the vocabulary knows the languages too."""
    (copy / "generation_config.json").unlink()
    found = languages(CTranslate2Engine(convert(copy, tmp_path)))
    assert set(found) == set(LANGUAGES) and sum(found.values()) == pytest.approx(1, abs=1e-4)


def test_tokenizer_in_the_older_files(copy, tmp_path):
    """As `vocab.json`, `merges.txt` and `added_tokens.json`, which trainers of transformers 4 left behind."""
    tokenizer = json.loads((copy / "tokenizer.json").read_text(encoding="utf-8"))
    whole = convert(copy, tmp_path / "cache")
    (copy / "tokenizer.json").unlink()
    added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in tokenizer["model"]["merges"]]
    (copy / "vocab.json").write_text(json.dumps(tokenizer["model"]["vocab"]), encoding="utf-8")
    (copy / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]), encoding="utf-8")
    (copy / "added_tokens.json").write_text(json.dumps(added), encoding="utf-8")
    (copy / "special_tokens_map.json").write_text(json.dumps({"additional_special_tokens": list(added)}))
    engines = [CTranslate2Engine(folder) for folder in (whole, convert(copy, tmp_path / "cache"))]
    assert languages(engines[0]) == languages(engines[1])
    for token in ("<|startoftranscript|>", "<|fa|>", "<|transcribe|>", "<|notimestamps|>", "<|endoftext|>"):
        assert engines[0].tokens.id(token) == engines[1].tokens.id(token)
    assert engines[1].tokens.text(tokenizer_ids := [2425, 11, 1002]) == engines[0].tokens.text(tokenizer_ids)


def test_window_is_the_adapters_then_the_bases_then_whispers(tiny, copy, packaged, tmp_path):
    adapter = find(save_adapter(tmp_path / "adapter", tiny, str(tiny)))
    assert window_seconds(adapter, find(tiny)) == 10
    assert window_seconds(adapter) == 30
    assert window_seconds(find(packaged / "transformers")) == 30
    (adapter.folder / "preprocessor_config.json").write_text('{"chunk_length": 8}')
    assert window_seconds(adapter, find(tiny)) == 8
    (adapter.folder / "preprocessor_config.json").rename(adapter.folder / "processor_config.json")
    change_json(adapter.folder / "processor_config.json", feature_extractor={"chunk_length": 9})
    assert window_seconds(adapter, find(tiny)) == 9  # the form of transformers 5
    (copy / "preprocessor_config.json").unlink()
    assert window_seconds(find(copy)) == 10  # the encoder's positions say it as well


def test_weights_in_several_files(tiny, copy, tmp_path):
    (copy / "model.safetensors").unlink()
    WhisperForConditionalGeneration.from_pretrained(tiny).save_pretrained(copy, max_shard_size="5MB")
    assert len(list(copy.glob("model-*.safetensors"))) > 1
    whole, parts = (CTranslate2Engine(convert(folder, tmp_path / "cache")) for folder in (tiny, copy))
    assert languages(whole) == languages(parts)


class TestRefused:
    @pytest.fixture
    def own(self, tmp_path: Path) -> Path:
        (tmp_path / "cache").mkdir()
        return tmp_path / "cache"

    def test_missing_tensor(self, copy, own):
        """Stock loading would fill it with random numbers and a warning."""
        tensors = load_file(copy / "model.safetensors")
        tensors.pop("model.decoder.layers.0.fc1.weight")
        save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
        assert "model.decoder.layers.0.fc1.weight" in refusal(copy, own)

    def test_tensor_of_another_shape(self, copy, own):
        change_json(copy / "config.json", decoder_ffn_dim=48)
        assert "cannot be converted" in refusal(copy, own)

    def test_broken_weights(self, copy, own):
        content = (copy / "model.safetensors").read_bytes()
        (copy / "model.safetensors").write_bytes(content[: len(content) // 2])
        assert "cannot be converted" in refusal(copy, own)

    def test_no_tokenizer(self, copy, own):
        (copy / "tokenizer.json").unlink()
        assert "it has no tokenizer" in refusal(copy, own)

    def test_adapter_of_a_wider_model(self, tiny, packaged, own, tmp_path):
        wide = save_tiny_whisper(tmp_path / "wide", packaged / "transformers", width=64)
        adapter = save_adapter(tmp_path / "adapter", wide, str(tiny))
        message = refusal(adapter, own, base=tiny)
        assert "does not fit its base" in message and str(tiny) in message

    def test_adapter_of_a_deeper_model(self, tiny, packaged, own, tmp_path):
        """What it has for the layers above would be left out in silence."""
        deep = save_tiny_whisper(tmp_path / "deep", packaged / "transformers", layers=2)
        adapter = save_adapter(tmp_path / "adapter", deep, str(tiny))
        assert "does not fit its base" in refusal(adapter, own, base=tiny)

    def test_adapter_of_a_shallower_model(self, tiny, packaged, own, tmp_path):
        """The layers above would get an adapter that does nothing."""
        deep = save_tiny_whisper(tmp_path / "deep", packaged / "transformers", layers=2)
        adapter = save_adapter(tmp_path / "adapter", tiny, str(deep))
        assert "does not fit its base" in refusal(adapter, own, base=deep)

    def test_broken_adapter(self, tiny, own, tmp_path):
        adapter = save_adapter(tmp_path / "adapter", tiny, str(tiny))
        (adapter / "adapter_model.safetensors").write_bytes(b"broken")
        assert "cannot be read" in refusal(adapter, own, base=tiny)

    def test_adapter_of_an_adapter(self, tiny, own, tmp_path):
        first = save_adapter(tmp_path / "first", tiny, str(tiny))
        second = save_adapter(tmp_path / "second", tiny, str(first))
        assert "is an adapter itself" in refusal(second, own, base=first)

    def test_adapter_that_names_no_base(self, tiny, tmp_path):
        adapter = save_adapter(tmp_path / "adapter", tiny, str(tiny))
        change_json(adapter / "adapter_config.json", base_model_name_or_path=None)
        with pytest.raises(ModelError, match=r"does not say which model it belongs to \(base_model_name_or_path\)"):
            find(adapter)


def test_merging_adds_the_adapters_product(tiny, tmp_path):
    adapter = save_adapter(tmp_path / "adapter", tiny, str(tiny))
    folder = merged(find(adapter), tmp_path / "cache", find(tiny), lambda line: None)
    name = "model.decoder.layers.0.self_attn.q_proj"
    first, second = (
        load_file(adapter / "adapter_model.safetensors")[f"base_model.model.{name}.lora_{part}.weight"] for part in "AB"
    )
    before, after = (load_file(path / "model.safetensors") for path in (tiny, folder))
    scale = 8 / 4  # peft's default lora_alpha over the rank
    np.testing.assert_allclose(after[f"{name}.weight"], before[f"{name}.weight"] + scale * second @ first, atol=1e-6)
    assert np.abs(scale * second @ first).max() > 1e-4
    np.testing.assert_array_equal(
        after["model.decoder.layers.0.fc1.weight"], before["model.decoder.layers.0.fc1.weight"]
    )
    assert merged(find(adapter), tmp_path / "cache", find(tiny), pytest.fail) == folder


def test_any_of_several_processes_can_merge(tiny, tmp_path, monkeypatch):
    """transformers writes a model in the first process alone, while the second may be the one that merges."""
    from transformers.distributed import mixin

    adapter = save_adapter(tmp_path / "adapter", tiny, str(tiny))
    monkeypatch.setattr(mixin, "_is_torch_distributed_initialized", lambda: True)
    monkeypatch.setattr(mixin, "_get_torch_distributed_rank", lambda: 1)
    assert (convert(adapter, tmp_path / "cache", tiny) / "model.bin").is_file()


def test_adapter_says_the_same_in_both_engines(tiny, tmp_path):
    adapter = save_adapter(tmp_path / "adapter", tiny, str(tiny), strength=0.5)
    (adapter / "preprocessor_config.json").write_text('{"chunk_length": 8}')
    exact = TorchEngine(merged(find(adapter), tmp_path / "cache", find(tiny), lambda line: None))
    quick = CTranslate2Engine(convert(adapter, tmp_path / "cache", base=tiny), compute_type="float32")
    assert exact.window_seconds == quick.window_seconds == 8
    without = languages(TorchEngine(tiny))
    for code, probability in languages(exact).items():
        assert languages(quick)[code] == pytest.approx(probability, rel=0.05)
    assert any(
        abs(without[code] - probability) > 0.05 * without[code] for code, probability in languages(exact).items()
    )
    assert sorted(path.name.partition("-")[0] for path in (tmp_path / "cache").iterdir() if path.is_dir()) == [
        "converted",
        "merged",
    ]
