"""A translator's checkpoint becomes a network and a tokenizer that are ready to write."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

from najva.pretrained import Checkpoint, ModelError
from najva.pretrained.checkpoint import TRANSLATOR_TYPES, read_json
from najva.pretrained.conversion import converted_translator, in_a_line
from najva.translation.confidence import Confidence
from najva.translation.language_codes import OWN_LANGUAGES, whisper_code
from najva.translation.sequence_to_sequence import OWN_TAG
from najva.translation.text_networks import CTranslate2Network, Loaded, TorchNetwork


def family_of(checkpoint: Checkpoint) -> str:
    """Return a translator's family, as the registry calls it, told by network and tokenizer."""
    tokenizer = read_json(checkpoint.folder / "tokenizer_config.json").get("tokenizer_class") or ""
    if tokenizer.startswith("Nllb"):
        return "nllb"
    if not TRANSLATOR_TYPES[_type_of(checkpoint)]:
        return "chat"
    # This project's translators have Marian's tokenizer, whatever network is behind it.
    return "marian" if tokenizer.startswith("Marian") or _type_of(checkpoint) == "marian" else "m2m100"


def languages_of_marian(checkpoint: Checkpoint) -> frozenset[str]:
    """Return which languages, as Whisper's codes, a Marian translator reads, as its tokenizer states.

    Raises:
        ModelError: it states none that Whisper knows, or it does not write Chinese.
    """
    if OWN_TAG in read_json(checkpoint.folder / "vocab.json"):
        return OWN_LANGUAGES
    stated = read_json(checkpoint.folder / "tokenizer_config.json")
    source, target = (whisper_code(str(stated.get(key) or "")) for key in ("source_lang", "target_lang"))
    if source is None or target != "zh":
        raise ModelError(
            f"The translator {checkpoint.reference} does not state that it goes from one language that Whisper knows "
            "into Chinese: `source_lang` and `target_lang` of its tokenizer_config.json."
        )
    return frozenset({source})


def load_translator(checkpoint: Checkpoint, cache: Path, device: str, say: Callable[[str], None]) -> Loaded:
    """Return a translator's network and tokenizer.

    Args:
        checkpoint: of `find_translator`.
        cache: folder of everything built from weights.
        device: `cpu` for CTranslate2 in int8, `cuda` for PyTorch in half precision.
        say: takes one line on what is going on.

    Raises:
        ModelError: it cannot be read or converted.
    """
    has_encoder = TRANSLATOR_TYPES[_type_of(checkpoint)]
    try:
        tokenizer, confidence = load_tokenizer(checkpoint.folder), Confidence.load(checkpoint.folder)
        if not has_encoder and not tokenizer.chat_template:
            raise ValueError("it has no chat template")
        ends = _ends(checkpoint.folder, tokenizer.eos_token_id)
        if device == "cpu":
            folder = converted_translator(checkpoint, cache, say)
            network = CTranslate2Network(folder, _pieces(folder), ends, has_encoder=has_encoder)
        else:
            pad, folder = tokenizer.pad_token_id, checkpoint.folder
            network = TorchNetwork(folder, pad, ends, has_encoder=has_encoder, device=device, dtype="float16")
    except ModelError:
        raise
    except (RuntimeError, ValueError, KeyError, OSError, TypeError, AttributeError, ImportError) as error:
        raise ModelError(f"The translator {checkpoint.reference} cannot be loaded: {in_a_line(error)}.") from error
    return Loaded(pinned(checkpoint), tokenizer, network, confidence)


def load_tokenizer(folder: Path):
    """Return the tokenizer of a model folder.

    Raises:
        ValueError: there is none.
        OSError: it cannot be read.
    """
    from transformers import AutoTokenizer

    with warnings.catch_warnings():
        # Of Marian's: another package could rewrite punctuation first, as nothing here was trained with.
        warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except TypeError as error:
            # A file's name is None where there is no such file.
            raise ValueError("it has no whole tokenizer") from error
    if tokenizer.get_vocab().keys() <= tokenizer.added_tokens_encoder.keys():
        # Without files some are made up of nothing but their special pieces.
        raise ValueError("it has no tokenizer")
    return tokenizer


def pinned(checkpoint: Checkpoint) -> str:
    """Return a reference that names the commit, where there is one."""
    if checkpoint.source != "hub":
        return checkpoint.reference
    return f"{checkpoint.reference.partition('@')[0]}@{checkpoint.revision}"


def _ends(folder: Path, end: int) -> list[int]:
    """Return the numbers of the pieces that end a text: the tokenizer's, and of a chat model others that it states."""
    stated = read_json(folder / "generation_config.json").get("eos_token_id") or end
    return list(dict.fromkeys([end, *(stated if isinstance(stated, list) else [stated])]))


def _pieces(converted: Path) -> list[str]:
    """Return the pieces of a converted network by their numbers."""
    return json.loads(next(converted.glob("*vocabulary.json")).read_text(encoding="utf-8"))


def _type_of(checkpoint: Checkpoint) -> str:
    return read_json(checkpoint.folder / "config.json").get("model_type", "")
