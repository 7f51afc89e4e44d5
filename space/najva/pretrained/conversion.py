"""Any Whisper of transformers, any adapter on its base, and any translator, for both engines."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from najva.languages import LARGE_V3_LANGUAGES
from najva.pretrained.cache import build_once
from najva.pretrained.checkpoint import Checkpoint
from najva.pretrained.errors import ModelError

_POSITIONS_PER_SECOND = 50  # of the encoder


def converted(checkpoint: Checkpoint, cache: Path, base: Checkpoint | None, say: Callable[[str], None]) -> Path:
    """Return a CTranslate2 folder of a checkpoint, converting it on first use.

    The folder is keyed by the revisions of model and base and by the window, so a new commit is converted anew and
    an old one never again.

    Args:
        checkpoint: a whole model or an adapter.
        cache: folder of everything built from weights.
        base: the adapter's base; None for a whole model.
        say: takes one line on what is going on.

    Raises:
        ModelError: the adapter does not fit its base, or the model cannot be converted.
    """
    if checkpoint.converted:
        return checkpoint.converted
    folder = cache / f"converted-{_key(checkpoint, base)}"
    if folder.is_dir():
        return folder
    say(f"Preparing {checkpoint.reference} for this processor (once)")

    def build(unfinished: Path) -> None:
        if base is None:
            _convert(checkpoint.folder, unfinished, checkpoint, base)
            return
        # As large as the base and of no use later, so it is not kept. The converter empties its own folder first, so
        # it lies beside it, under a name that `build_once` clears away after a kill.
        with tempfile.TemporaryDirectory(dir=unfinished.parent, prefix=f"{unfinished.name}-merged-") as whole:
            merge_adapter(checkpoint, base, Path(whole))
            _convert(Path(whole), unfinished, checkpoint, base)

    return build_once(folder, build)


def converted_translator(checkpoint: Checkpoint, cache: Path, say: Callable[[str], None]) -> Path:
    """Return a CTranslate2 folder of a model that translates text, converting it on first use; see `converted`.

    Raises:
        ModelError: it cannot be converted.
    """
    folder = translator_folder(checkpoint.source, checkpoint.revision, cache)
    if not folder.is_dir():
        say(f"Preparing {checkpoint.reference} for this processor (once)")
    return build_once(folder, lambda unfinished: _convert_translator(checkpoint, unfinished))


def translator_folder(source: str, revision: str, cache: Path) -> Path:
    """Return where a converted translator lies, or will; told without its files."""
    return cache / f"translator-{hashlib.sha256(repr((source, revision)).encode()).hexdigest()[:16]}"


def merged(checkpoint: Checkpoint, cache: Path, base: Checkpoint | None, say: Callable[[str], None]) -> Path:
    """Return a Hub-style folder of a whole model; an adapter is merged into its base on first use.

    Args:
        checkpoint: see `converted`.
        cache: see `converted`.
        base: see `converted`.
        say: see `converted`.

    Raises:
        ModelError: the adapter does not fit its base.
    """
    if base is None:
        return checkpoint.folder
    folder = cache / f"merged-{_key(checkpoint, base)}"
    if not folder.is_dir():
        say(f"Adding {checkpoint.reference} to its base {base.reference} (once)")
    return build_once(folder, lambda unfinished: merge_adapter(checkpoint, base, unfinished))


def window_seconds(checkpoint: Checkpoint, base: Checkpoint | None = None) -> int:
    """Return the encoder window that a checkpoint states, else its base's, else Whisper's 30 s."""
    for candidate in filter(None, (checkpoint, base)):
        # transformers 4 writes the extractor's settings into a file of their own, transformers 5 into the processor's.
        extractor = _settings(candidate, "preprocessor_config.json")
        extractor = extractor or _settings(candidate, "processor_config.json").get("feature_extractor", {})
        positions = _settings(candidate, "config.json").get("max_source_positions", 0)
        stated = extractor.get("chunk_length") or positions // _POSITIONS_PER_SECOND
        if stated:
            return int(stated)
    return 30


def _settings(checkpoint: Checkpoint, name: str) -> dict:
    path = checkpoint.folder / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def merge_adapter(adapter: Checkpoint, base: Checkpoint, folder: Path) -> None:
    """Add an adapter's matrices to its base and save the whole model, Hub-style, in float32.

    Raises:
        ModelError: the base is an adapter too, or the adapter is broken or was made for a model of another shape.
    """
    if base.is_adapter:
        raise ModelError(
            f"The adapter {adapter.reference} belongs to {base.reference}, which is an adapter itself: merge that one "
            "and name the whole model as the base."
        )
    # Seconds of imports, needed once a model and not at all when the cache has it.
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import SafetensorError, safe_open
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizerFast

    misfit = ModelError(
        f"The adapter {adapter.reference} does not fit its base {base.reference}: it was made for a model of another "
        "shape, so train it on this base or name the one it was trained on."
    )
    try:
        with safe_open(adapter.folder / "adapter_model.safetensors", "pt") as weights:
            stored = {name for name in weights.keys() if "lora_" in name}  # noqa: SIM118 - no dictionary
        model = load_strictly(WhisperForConditionalGeneration, base.folder, dtype=torch.float32)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"The adapter {adapter.reference} or its base cannot be read: {in_a_line(error)}.") from error
    try:
        # By itself it reads the matrices onto a GPU where there seems to be one, which a ZeroGPU Space only emulates.
        adapted = PeftModel.from_pretrained(model, adapter.folder, torch_device="cpu")
    except (RuntimeError, ValueError, KeyError) as error:
        raise misfit from error
    # peft itself only warns of matrices that find no place, and of places that find no matrix.
    placed = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    if stored != {name for name in placed if "lora_" in name}:
        raise misfit
    whole = adapted.merge_and_unload()
    # By itself it saves in the first of several processes alone, which may be waiting for this one's folder.
    whole.should_save_on_this_rank = lambda is_main_process: is_main_process
    whole.save_pretrained(folder)
    WhisperTokenizerFast.from_pretrained(base.folder).save_pretrained(folder)
    bands = model.config.num_mel_bins
    WhisperFeatureExtractor(bands, chunk_length=window_seconds(adapter, base)).save_pretrained(folder)


def _key(checkpoint: Checkpoint, base: Checkpoint | None) -> str:
    key = (checkpoint.source, checkpoint.revision, base and base.revision, window_seconds(checkpoint, base))
    return hashlib.sha256(repr(key).encode()).hexdigest()[:16]


def _convert_translator(checkpoint: Checkpoint, target: Path) -> None:
    with _refusal(checkpoint):
        # Of large models int8 is kept, so that a start reads half as much.
        _strict_converter(checkpoint.folder).convert(str(target), quantization="int8", force=True)


def _strict_converter(folder: Path):
    from ctranslate2.converters import TransformersConverter

    class StrictConverter(TransformersConverter):
        load_model = staticmethod(load_strictly)
        load_tokenizer = staticmethod(_load_tokenizer)

    return StrictConverter(str(folder))


@contextmanager
def _refusal(checkpoint: Checkpoint) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, RuntimeError, ValueError, KeyError, OSError, AttributeError) as error:
        raise ModelError(
            f"The model {checkpoint.reference} cannot be converted for this processor: {in_a_line(error)}."
        ) from error


def _convert(source: Path, target: Path, checkpoint: Checkpoint, base: Checkpoint | None) -> None:
    from transformers import WhisperTokenizerFast

    with _refusal(checkpoint):
        tokenizer = WhisperTokenizerFast.from_pretrained(source)
        vocabulary = tokenizer.get_vocab()
        if "<|startoftranscript|>" not in vocabulary:
            # Where there are no files, transformers makes up an empty tokenizer.
            raise ValueError("it has no tokenizer of a Whisper")
        # float16 on disk, as the packaged model has it; int8 is made of it when a CPU loads it.
        _strict_converter(source).convert(str(target), quantization="float16", force=True)
        tokenizer.save_pretrained(target)
        _complete_languages(target / "config.json", vocabulary)
        model = json.loads((source / "config.json").read_text(encoding="utf-8"))
    stated = {"feature_size": model.get("num_mel_bins", 80), "chunk_length": window_seconds(checkpoint, base)}
    (target / "preprocessor_config.json").write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")


def load_strictly(model_class: type, folder: Path | str, **options: object) -> object:
    """Load a model of transformers, which itself fills what is missing with random numbers and a warning.

    Args:
        model_class: of transformers.
        folder: Hub-style folder.
        options: further ones of `from_pretrained`.

    Raises:
        ValueError: weights are missing.
    """
    model, loading = model_class.from_pretrained(folder, use_safetensors=True, output_loading_info=True, **options)
    if loading["missing_keys"]:
        raise ValueError(f"it lacks {', '.join(sorted(loading['missing_keys'])[:3])}")
    return model


def _load_tokenizer(tokenizer_class: type, folder: Path | str, **options: object) -> object:
    """Load a tokenizer whose vocabulary holds the languages, too.

    M2M100's keeps them beside it; CTranslate2 looks for them where transformers 4 told of them.
    """
    tokenizer = tokenizer_class.from_pretrained(folder, **options)
    if languages := getattr(tokenizer, "lang_token_to_id", None):
        vocabulary = tokenizer.get_vocab() | languages
        tokenizer.get_vocab = lambda: vocabulary
    return tokenizer


def _complete_languages(path: Path, vocabulary: dict[str, int]) -> None:
    """Write the languages' tokens into CTranslate2's configuration, where the model's own did not list them.

    CTranslate2 detects no language without them and says nothing.
    """
    config = json.loads(path.read_text(encoding="utf-8"))
    if not config.get("lang_ids"):
        tokens = (f"<|{code}|>" for code in LARGE_V3_LANGUAGES)
        config["lang_ids"] = [vocabulary[token] for token in tokens if token in vocabulary]
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def in_a_line(error: Exception) -> str:
    """Return what an error says, short enough to stand in a sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(".:")
