"""The translators of one app: each found and loaded on first use, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import RLock

import numpy as np

from najva.pretrained import Checkpoint, Hub, ModelError
from najva.pretrained.checkpoint import EMBEDDED_FOLDER, find_translator
from najva.pretrained.conversion import translator_folder
from najva.settings import Settings
from najva.translation.chat import ChatModel
from najva.translation.engine import TranslationEngine
from najva.translation.forced import FORCED, Forced
from najva.translation.loading import family_of, languages_of_marian, load_translator
from najva.translation.pivot import PIVOT, Pivot
from najva.translation.registry import AUTO, AUTO_ORDER, MODELS, ModelRow
from najva.translation.sequence_to_sequence import SequenceToSequence
from najva.translation.text_networks import Loaded
from najva.translation.translator import Translator

EMBEDDED, OWN = "embedded", "own"
_EMBEDDED_NAME = "translator"
# Large ones, at a time; how long it takes until one that could not be had is looked for again, and until one that was
# had and could not be loaded is tried again, which takes minutes.
_MOST_LOADED, _RETRY_SECONDS, _RELOAD_SECONDS = 2, 60.0, 1800.0
# What a family can take where the registry does not know the model.
_LANGUAGES = {"marian": "embedded", "m2m100": "m2m100_418m", "nllb": "nllb-200-distilled-600m"}

# Writes what is said in clips of a language, as a task of Whisper.
WriteEach = Callable[[Sequence[np.ndarray], str, str], list[str]]


class UnknownEngine(ValueError):
    """A name that is none of the engines'; the message lists them."""


class TranslationModels:
    """Engines by name.

    Args:
        settings: `translator` names the default one.
        hub: where Hub names are looked up.
        say: takes one line on what is going on.
        lock: held while a model is loaded, the one of whatever else loads.
        device: returns `cpu` or `cuda`.
        write_each: see `Transcriber.write_each`.
        speech_model: returns the reference of the Whisper that `write_each` asks.
        fixed: offer the default ones alone, and look for no better ones later.
    """

    def __init__(
        self,
        settings: Settings,
        hub: Hub,
        say: Callable[[str], None],
        lock: RLock,
        device: Callable[[], str],
        write_each: WriteEach,
        speech_model: Callable[[], str],
        *,
        fixed: bool = False,
    ) -> None:
        self._settings, self._hub, self._say, self._lock = settings, hub, say, lock
        self._device, self._write_each, self._speech_model = device, write_each, speech_model
        self._fixed = fixed
        # Not the other one: a download may take minutes, in which everybody else goes on.
        self._finding = RLock()
        self._checkpoints: dict[str, Checkpoint] = {}
        self._loaded: dict[str, Loaded] = {}
        self._default: list[ModelRow] | None = None
        self._found_at = 0.0
        self._own: ModelRow | None = None
        # Why one could not be loaded, and when that was.
        self._broken: dict[str, tuple[str, float]] = {}
        # Why a better one is not at work, a sentence each.
        self.stepped_down: list[str] = []

    @property
    def names(self) -> list[str]:
        """What may be asked for, `auto` first."""
        if self._fixed and self._default is not None:
            return [AUTO, *(row.name for row in self._default), PIVOT, FORCED]
        found = [name for name, row in MODELS.items() if row.reference and (row.name != EMBEDDED or self.has_embedded)]
        return [AUTO, *([OWN] if self._settings.translator else []), *found, PIVOT, FORCED]

    @property
    def has_embedded(self) -> bool:
        """Whether a translator comes with the app."""
        return (EMBEDDED_FOLDER / _EMBEDDED_NAME / "config.json").is_file()

    def translator(self, name: str = AUTO) -> Translator:
        """Return the engines that answer to a name, in the order in which they are asked.

        Raises:
            UnknownEngine: there is none of that name, or it is not allowed here.
            ModelError: `auto`, and there is none at all.
        """
        if name == AUTO:
            engines, spares = ([self._engine(row) for row in rows] for rows in (self.default, self._spare_rows()))
            return Translator([*engines, self._pivot([*engines, *spares])], self._say, spares)
        if name == FORCED:
            return Translator([Forced(lambda clips: self._write_each(clips, "zh", "transcribe"), self._speech_model())])
        if name == PIVOT:
            return Translator([self._pivot([self._engine(row) for row in self.default])], self._say)
        engine = self._engine(self._row(name))
        return Translator([engine, self._pivot([engine])], self._say)

    @property
    def default(self) -> list[ModelRow]:
        """The models that `auto` asks, in order: the best one that can be had, then the one that comes with the app.

        Raises:
            ModelError: there is none.
        """
        with self._finding:
            if self._default is None or self._may_be_better():
                self.stepped_down, self._found_at = [], time.monotonic()
                self._default = self._find_default()
            if not self._default:
                raise ModelError(
                    " ".join(["No translator can be had: NAJVA_TRANSLATOR may name one.", *self.stepped_down])
                )
            return self._default

    def load_default(self) -> None:
        """Load the models that `auto` asks; one that cannot be loaded gives way to the next best.

        Raises:
            ModelError: there is none.
        """
        waiting = list(self.default)
        while waiting:
            try:
                self._load(waiting.pop(0))
            except ModelError as error:
                self._say(str(error))
                waiting = list(self.default)

    @property
    def is_settled(self) -> bool:
        """Whether it is known which models `auto` asks, or can be told without a download."""
        return self._default is not None or not self._hub.answers

    def why(self, row: ModelRow) -> str:
        """Return why a model is among the default ones."""
        if self._settings.translator and row is self.default[0]:
            return "NAJVA_TRANSLATOR names it"
        if row.name != EMBEDDED:
            return "the best one that can be had"
        reasons = (
            self.stepped_down
            if self._hub.answers
            else ["the Hub is not asked, or does not answer"] * (row is self.default[0])
        )
        return "; ".join(["it comes with the app, and is rough", *(reason.rstrip(".") for reason in reasons)])

    def checkpoint(self, row: ModelRow) -> Checkpoint:
        """Return where a model lies; it is downloaded if need be.

        Raises:
            ModelError: it cannot be had.
        """
        with self._finding:
            if row.name not in self._checkpoints:
                pinned = f"{row.reference}@{row.revision}" if row.revision else row.reference
                self._checkpoints[row.name] = find_translator(pinned, self._hub, self._settings.cache)
            return self._checkpoints[row.name]

    @property
    def found(self) -> list[Checkpoint]:
        """The models that lie on this machine, as far as they were asked for."""
        return list(self._checkpoints.values())

    def is_at_hand(self, row: ModelRow) -> bool:
        """Whether a model lies on this machine already."""
        return row.name in self._checkpoints

    def _may_be_better(self) -> bool:
        """Whether a model that could not be had a minute ago may be had now."""
        waited = time.monotonic() - self._found_at > _RETRY_SECONDS
        return bool(self.stepped_down) and not self._fixed and waited and self._hub.answers

    def _spare_rows(self) -> list[ModelRow]:
        """Return the Hub's models behind the default one, which are downloaded only when nothing else can do it."""
        known = [row.name for row in self.default]
        if self._fixed or not self._hub.answers or not set(known) & set(AUTO_ORDER[:-1]):
            return []
        first = max(AUTO_ORDER.index(name) for name in known if name in AUTO_ORDER[:-1])
        return [MODELS[name] for name in AUTO_ORDER[first + 1 :] if name not in (EMBEDDED, *known)]

    def _find_default(self) -> list[ModelRow]:
        found: list[ModelRow] = []
        if self._settings.translator:
            found += self._had(OWN)
        for name in AUTO_ORDER:
            # Of the Hub's one is enough; the embedded one is next to nothing.
            is_wanted = self.has_embedded if name == EMBEDDED else not found
            if is_wanted:
                found += self._had(name)
        return found

    def _had(self, name: str) -> list[ModelRow]:
        try:
            row = self._row(name)
            reason, when = self._broken.get(row.name, ("", 0.0))
            if reason and time.monotonic() - when < _RELOAD_SECONDS:
                raise ModelError(reason)
            self._check_memory(row)
            self.checkpoint(row)
        except (ModelError, UnknownEngine) as error:
            self.stepped_down.append(str(error))
            return []
        return [row]

    def check_name(self, name: str) -> None:
        """Refuse what is no engine's name.

        Raises:
            UnknownEngine: there is none of that name; the message lists them.
        """
        if name not in self.names:
            raise UnknownEngine(f"There is no engine '{name}'; there are {', '.join(self.names)}.")

    def _row(self, name: str) -> ModelRow:
        self.check_name(name)
        row = self._own_row() if name == OWN else MODELS[name]
        if row.non_commercial and not self._settings.non_commercial:
            raise UnknownEngine(
                f"The engine '{name}' ({row.reference}) is licensed for non-commercial use only ({row.licence}): "
                "whoever runs this app may allow it by NAJVA_NON_COMMERCIAL=1."
            )
        return row

    def _own_row(self) -> ModelRow:
        """Return the row of the model that the settings name.

        Raises:
            ModelError: it cannot be had, or nobody knows how it is asked.
        """
        with self._finding:
            if self._own is None:
                self._own = self._find_own()
            return self._own

    def _find_own(self) -> ModelRow:
        reference = self._settings.translator
        for row in MODELS.values():
            if row.reference == reference:
                return row
            if row.reference and row.reference == reference.partition("@")[0]:
                # Under a name of its own, since the row's stands for the row's commit.
                return replace(row, name=OWN, reference=reference, revision="")
        found = find_translator(reference, self._hub, self._settings.cache)
        family = family_of(found)
        if family not in _LANGUAGES:
            raise ModelError(
                f"The translator {reference} is a chat model whose prompt is not known here: it needs a row in "
                "najva/translation/registry.py."
            )
        self._checkpoints[OWN] = found
        like = MODELS[_LANGUAGES[family]]
        languages = languages_of_marian(found) if family == "marian" else like.languages
        return replace(like, name=OWN, reference=reference, revision="", licence=found.licence, languages=languages)

    def _engine(self, row: ModelRow) -> TranslationEngine:
        kind = ChatModel if row.family == "chat" else SequenceToSequence
        return kind(row, lambda: self._load(row))

    def _load(self, row: ModelRow) -> Loaded:
        found = self.checkpoint(row)
        with self._lock:
            if row.name not in self._loaded:
                self._check_memory(row)
                large = [name for name in self._loaded if name != EMBEDDED]
                if len(large) >= _MOST_LOADED:
                    del self._loaded[large[0]]
                try:
                    self._loaded[row.name] = load_translator(found, self._settings.cache, self._device(), self._say)
                except ModelError as error:
                    # Whoever comes next gets the next best one, and does not wait for the same failure.
                    self._broken[row.name] = (str(error), time.monotonic())
                    self._default = None
                    raise
            return self._loaded[row.name]

    def _check_memory(self, row: ModelRow) -> None:
        """Refuse a model that memory has no room for: to work, and to be prepared for this processor before.

        Raises:
            ModelError: there is too little.
        """
        if self._device() == "cuda":
            import torch

            needed, free, kind = row.gpu_bytes, torch.cuda.mem_get_info()[0], "GPU memory"
        else:
            known = self._checkpoints.get(row.name)
            source, revision = (known.source, known.revision) if known else ("hub", row.revision)
            is_prepared = translator_folder(source, revision, self._settings.cache).is_dir()
            needed = row.memory_bytes if is_prepared else row.preparing_bytes
            free, kind = available_bytes(), "memory"
        if free is not None and needed > free:
            raise ModelError(
                f"The translator {row.reference} needs {needed / 1e9:.1f} GB of {kind}, and {free / 1e9:.1f} GB "
                "are free."
            )

    def _pivot(self, engines: Sequence[TranslationEngine]) -> Pivot:
        return Pivot(
            lambda clips, language: self._write_each(clips, language, "translate"), engines, self._speech_model
        )


def available_bytes() -> int | None:
    """Return how much memory is free for a model, as Linux and its containers count; None elsewhere."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        counts = dict(line.split() for line in Path("/sys/fs/cgroup/memory.stat").read_text("ascii").splitlines())
        # Files that were read, such as weights, are counted as used, and are let go of when memory is wanted.
        used -= int(counts["inactive_file"])
    except (OSError, ValueError, KeyError):
        # No container, or one without a limit ("max").
        return free
    return min(free, max(0, limit - used))
