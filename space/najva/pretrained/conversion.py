"""Any Whisper of transformers, and any adapter on its base, for the quick engine."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from najva.pretrained.cache import build_once
from najva.pretrained.checkpoint import Checkpoint
from najva.pretrained.errors import ModelError


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
    key = (checkpoint.source, checkpoint.revision, base and base.revision, window_seconds(checkpoint, base))
    folder = cache / f"converted-{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    say(f"Preparing {checkpoint.reference} for this processor (once)")

    def build(unfinished: Path) -> None:
        if base is None:
            _convert(checkpoint.folder, unfinished, checkpoint, base)
            return
        with tempfile.TemporaryDirectory(dir=unfinished.parent, prefix=".merging-") as merged:
            merge_adapter(checkpoint, base, Path(merged))
            _convert(Path(merged), unfinished, checkpoint, base)

    return build_once(folder, build)


def window_seconds(checkpoint: Checkpoint, base: Checkpoint | None = None) -> int:
    """Return the encoder window that a checkpoint states, else its base's, else Whisper's 30 s."""
    for candidate in (checkpoint, base):
        path = candidate and candidate.folder / "preprocessor_config.json"
        if path and path.is_file():
            return int(json.loads(path.read_text(encoding="utf-8")).get("chunk_length", 30))
    return 30


def merge_adapter(adapter: Checkpoint, base: Checkpoint, folder: Path) -> None:
    """Add an adapter's matrices to its base and save the whole model, Hub-style, in float32.

    Raises:
        ModelError: the adapter was made for a model of another shape.
    """
    # Seconds of imports, needed once a model and not at all when the cache has it.
    import torch
    from peft import PeftModel
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    model = WhisperForConditionalGeneration.from_pretrained(base.folder, dtype=torch.float32)
    try:
        merged = PeftModel.from_pretrained(model, adapter.folder).merge_and_unload()
    except (RuntimeError, ValueError, KeyError) as error:
        raise ModelError(
            f"The adapter {adapter.reference} does not fit its base {base.reference}: it was made for a model of "
            "another shape."
        ) from error
    merged.save_pretrained(folder)
    WhisperProcessor.from_pretrained(base.folder).save_pretrained(folder)


def _convert(source: Path, target: Path, checkpoint: Checkpoint, base: Checkpoint | None) -> None:
    from ctranslate2.converters import TransformersConverter
    from transformers import WhisperFeatureExtractor, WhisperTokenizerFast

    try:
        # float16 on disk, as the packaged model has it; int8 is made of it when a CPU loads it.
        TransformersConverter(str(source)).convert(str(target), quantization="float16", force=True)
        WhisperTokenizerFast.from_pretrained(source).save_pretrained(target)
        extractor = WhisperFeatureExtractor.from_pretrained(source)
    except (RuntimeError, ValueError, KeyError, OSError, AttributeError) as error:
        raise ModelError(f"The model {checkpoint.reference} cannot be converted for this processor: {error}") from error
    stated = {"feature_size": extractor.feature_size, "chunk_length": window_seconds(checkpoint, base)}
    (target / "preprocessor_config.json").write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
