"""A reference becomes a checked local folder."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from najva.pretrained.errors import ModelError
from najva.pretrained.hub import Hub, stated_licence
from najva.pretrained.packaged_whisper import HUB_EQUIVALENT, LICENCE, NAME, packaged_whisper, revision
from najva.pretrained.references import ModelReference, parse_reference

EMBEDDED_FOLDER = Path(__file__).parents[2] / "embedded"
# Of transformers: whether there is an encoder beside the decoder.
TRANSLATOR_TYPES = {"marian": True, "m2m_100": True, "qwen3": False}
# What is said of a model changes without the model.
_SAID_OF_MODELS = {"README.md", "measured.json", "run.json", "split.json", "history.csv", "trials.csv"}


@dataclass(frozen=True)
class Checkpoint:
    """A model on this machine.

    Attributes:
        reference: as it is called on the page and in answers.
        source: `hub`, `packaged`, `embedded` or `folder`.
        revision: commit of a Hub model, sha256 of packaged weights, a fingerprint of other folders.
        licence: as its card states it; empty if it states none.
        folder: Hub-style folder: a whole model, or an adapter.
        base: reference of the model that an adapter belongs to; empty for a whole model.
        converted: CTranslate2 folder, where one came with the model.
        measured: what the model was measured to do, from `measured.json`.
    """

    reference: str
    source: str
    revision: str
    licence: str
    folder: Path
    base: str = ""
    converted: Path | None = None
    measured: dict = field(default_factory=dict)

    @property
    def is_adapter(self) -> bool:
        """Whether it is a LoRA adapter rather than a whole model."""
        return bool(self.base)


def find_checkpoint(reference: str, hub: Hub, cache: Path) -> Checkpoint:
    """Find a Whisper, or an adapter of one.

    Args:
        reference: see `references`.
        hub: where Hub names are looked up.
        cache: where packaged weights are laid out.

    Raises:
        ModelError: it does not exist, may not be read, is no Whisper or holds no safetensors.
    """
    return _check_whisper(_find(reference, hub, cache))


def find_genre_network(reference: str, hub: Hub, cache: Path) -> Checkpoint:
    """Find a genre network; see `find_checkpoint`.

    Raises:
        ModelError: it does not exist, may not be read, is no genre network of this project or holds no safetensors.
    """
    found = _find(reference, hub, cache)
    config = read_json(found.folder / "config.json")
    if not {"architecture", "labels"} <= config.keys():
        raise ModelError(f"The model {reference} is not a genre network: {_kind(config)}.")
    _check_safetensors(found, "model")
    return found


def find_translator(reference: str, hub: Hub, cache: Path) -> Checkpoint:
    """Find a model that translates text; see `find_checkpoint`.

    Raises:
        ModelError: it does not exist, may not be read, is of no kind that is known here or holds no safetensors.
    """
    found = _find(reference, hub, cache)
    config = read_json(found.folder / "config.json")
    if config.get("model_type") not in TRANSLATOR_TYPES:
        raise ModelError(f"The model {reference} is no translator that is known here: {_kind(config)}.")
    _check_safetensors(found, "model")
    return found


def _find(reference: str, hub: Hub, cache: Path) -> Checkpoint:
    parsed = parse_reference(reference)
    finder = {"hub": _from_hub, "packaged": _from_package, "embedded": _from_embedded, "folder": _from_folder}
    return finder[parsed.kind](parsed, hub, cache)


def _from_package(reference: ModelReference, hub: Hub, cache: Path) -> Checkpoint:
    if reference.name != NAME:
        raise ModelError(f"There is no packaged model '{reference.name}'; the only one is packaged:{NAME}.")
    folder = packaged_whisper(cache)
    return Checkpoint(
        reference=reference.text,
        source="packaged",
        revision=revision(),
        licence=LICENCE,
        folder=folder / "transformers",
        converted=folder / "ctranslate2",
        measured=read_json(EMBEDDED_FOLDER / NAME / "measured.json"),
    )


def _from_hub(reference: ModelReference, hub: Hub, cache: Path) -> Checkpoint:
    try:
        snapshot = hub.snapshot(reference.name, reference.revision)
    except ModelError:
        if reference.name != HUB_EQUIVALENT or reference.revision:
            raise
        # The same weights: an adapter of this base works on a machine that has never seen the Hub, and with a Hub of
        # one's own that has no copy of it.
        return _from_package(parse_reference(f"packaged:{NAME}"), hub, cache)
    return _read(reference.text, "hub", snapshot.commit, snapshot.licence, snapshot.folder)


def _from_embedded(reference: ModelReference, hub: Hub, cache: Path) -> Checkpoint:
    folder = EMBEDDED_FOLDER / reference.name
    if not folder.resolve().is_relative_to(EMBEDDED_FOLDER.resolve()) or not folder.is_dir():
        raise ModelError(f"There is no embedded model '{reference.name}'.")
    return _read(reference.text, "embedded", _fingerprint(folder), stated_licence(folder), folder)


def _from_folder(reference: ModelReference, hub: Hub, cache: Path) -> Checkpoint:
    folder = Path(reference.name)
    if not folder.is_dir():
        raise ModelError(f"The model folder '{reference.text}' does not exist.")
    return _read(reference.text, "folder", _fingerprint(folder), stated_licence(folder), folder)


def _read(reference: str, source: str, revision: str, licence: str, folder: Path) -> Checkpoint:
    """Return what a folder holds, as it says itself."""
    adapter = read_json(folder / "adapter_config.json")
    base = adapter.get("base_model_name_or_path") or ""
    if adapter and not base:
        raise ModelError(f"The adapter {reference} does not say which model it belongs to (base_model_name_or_path).")
    return Checkpoint(reference, source, revision, licence, folder, base, measured=read_json(folder / "measured.json"))


def _check_whisper(found: Checkpoint) -> Checkpoint:
    """Look at the configuration before anything loads weights."""
    config = read_json(found.folder / "config.json")
    if not found.is_adapter and config.get("model_type") != "whisper":
        raise ModelError(f"The model {found.reference} is not a Whisper: {_kind(config)}.")
    _check_safetensors(found, "adapter_model" if found.is_adapter else "model")
    return found


def _check_safetensors(found: Checkpoint, name: str) -> None:
    # By their names, since a loader that finds only some other safetensors takes the pickle beside them.
    if not any(found.folder.glob(f"{name}*.safetensors")):
        raise ModelError(
            f"The model {found.reference} has no safetensors, and other formats can carry code: save it again with "
            "save_pretrained()."
        )


def _kind(config: dict) -> str:
    kind = config.get("model_type") or config.get("architecture")
    return f"it is a '{kind}'" if kind else "it has no config.json"


def _fingerprint(folder: Path) -> str:
    """Identify a folder's content by its files' names, sizes and times of change; weights are too large to hash."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in _SAID_OF_MODELS)
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr((str(folder.resolve()), facts)).encode()).hexdigest()[:16]


def read_json(path: Path) -> dict:
    """Return a file's JSON object; an empty one where there is none."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"The file {path} is damaged, as it is not JSON: write it again.") from error
    return content if isinstance(content, dict) else {}
