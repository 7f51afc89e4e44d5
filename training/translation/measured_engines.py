"""The engines of a measurement: those of the app as it serves them, and the baselines, which take no model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from najva.pretrained import Checkpoint, ModelError
from najva.pretrained.checkpoint import find_translator
from najva.services import Services
from najva.speech_translation import Heard, joined, main_engine, translate_speech
from najva.transcriber import Transcript
from najva.translation.guards import find_flags
from najva.translation.registry import AUTO, MODELS
from najva.translation.sentences import sentences_of_text
from najva.translation.translator import TranslatedSentence, Translator, UnsupportedLanguage, unsupported
from najva.translation_models import FORCED, OWN, PIVOT, UnknownEngine
from translation.baselines import BASELINES, COPY, NEAREST, Copy, Nearest


@dataclass(frozen=True)
class Answer:
    """What an engine makes of one text or recording; see `Row`."""

    text: str
    flags: tuple[str, ...]
    seconds: float
    english: str = ""
    trust: float | None = None
    engine: str = ""
    model: str = ""


class MeasuredEngine(Protocol):
    """An engine that can be measured.

    Attributes:
        name: on the command line and of the ledger.
        models: what it is made of: role, reference, revision, licence.
    """

    name: str
    models: list[dict]

    def takes(self, language: str, *, spoken: bool) -> bool:
        """Whether it translates a language, as text or spoken."""

    def made_with(self, language: str) -> str:
        """Return what its answers depend on besides what is translated; no weights are loaded."""

    def prepare(self, language: str, *, spoken: bool) -> None:
        """Load what is needed, so that it counts in no sentence's time."""

    def of_texts(self, texts: Sequence[str], language: str) -> list[Answer]:
        """Translate texts."""

    def of_speech(self, transcript: Transcript, blocks: Iterable, language: str) -> Answer:
        """Translate what was recognised in a recording; its blocks are float32 (samples,), mono at 16 kHz."""


class ServedEngine:
    """An engine of the app: its models, retries, guards and letters; see `MeasuredEngine`.

    Args:
        name: one of `TranslationModels.names`.
        translator: that answers to it.
        models: see `MeasuredEngine`.
        target: `zh-Hans` or `zh-Hant`.
    """

    def __init__(self, name: str, translator: Translator, models: list[dict], target: str) -> None:
        self.name, self.models, self.translator, self._target = name, models, translator, target

    def takes(self, language: str, *, spoken: bool) -> bool:
        """See `MeasuredEngine.takes`."""
        return bool(self.translator.engines_for(language, self._target, spoken=spoken))

    def made_with(self, language: str) -> str:
        """See `MeasuredEngine.made_with`."""
        return "; ".join(f"{model['reference']}@{model['revision']}" for model in self.models)

    def prepare(self, language: str, *, spoken: bool) -> None:
        """See `MeasuredEngine.prepare`; a model that cannot be had is told of when it is asked."""
        for engine in self.translator.engines_for(language, self._target, spoken=spoken):
            with suppress(ModelError):
                _ = engine.references

    def of_texts(self, texts: Sequence[str], language: str) -> list[Answer]:
        """See `MeasuredEngine.of_texts`; their sentences are translated together, as those of a long text are."""
        cut = [sentences_of_text(text) for text in texts]
        began = time.perf_counter()
        done = self.translator.translate([one for sentences in cut for one in sentences], language, self._target)
        seconds, answers, place = time.perf_counter() - began, [], 0
        for sentences in cut:
            own, place = done[place : place + len(sentences)], place + len(sentences)
            answers.append(self._answer(own, (), seconds * len(own) / max(1, len(done))))
        return answers

    def of_speech(self, transcript: Transcript, blocks: Iterable, language: str) -> Answer:
        """See `MeasuredEngine.of_speech`."""
        heard = Heard(blocks)
        for _ in heard:
            pass
        try:
            *_, found = translate_speech([transcript], heard, self.translator, self._target)
        except UnsupportedLanguage:
            # Heard as a language that the engine does not take: its visitor gets nothing either.
            return Answer("", ("empty",), transcript.compute_seconds)
        return self._answer(found.sentences, transcript.flags, found.compute_seconds)

    def _answer(self, sentences: Sequence[TranslatedSentence], flags: Sequence[str], seconds: float) -> Answer:
        trusts = [one.trust for one in sentences if one.trust is not None]
        return Answer(
            text=joined(sentences),
            flags=tuple(dict.fromkeys([*flags, *(flag for one in sentences for flag in one.flags)])),
            seconds=seconds,
            english=" ".join(one.english for one in sentences if one.english),
            trust=min(trusts, default=None),
            engine=main_engine(sentences),
            model="; ".join(reference for _, reference in self.translator.references(sentences)),
        )


class BaselineEngine:
    """A baseline, judged by the same guards; see `MeasuredEngine`."""

    def __init__(self, baseline: Copy | Nearest) -> None:
        self.name, self.baseline, self.models = baseline.name, baseline, []

    def takes(self, language: str, *, spoken: bool) -> bool:
        """See `MeasuredEngine.takes`."""
        return True

    def made_with(self, language: str) -> str:
        """See `MeasuredEngine.made_with`."""
        return self.baseline.made_with(language)

    def prepare(self, language: str, *, spoken: bool) -> None:
        """See `MeasuredEngine.prepare`."""
        self.baseline.prepare(language)

    def of_texts(self, texts: Sequence[str], language: str) -> list[Answer]:
        """See `MeasuredEngine.of_texts`."""
        began = time.perf_counter()
        written = self.baseline.write(texts, language)
        seconds = (time.perf_counter() - began) / max(1, len(texts))
        return [
            Answer(answer, tuple(find_flags(text, answer)), seconds, engine=self.name)
            for text, answer in zip(texts, written, strict=True)
        ]

    def of_speech(self, transcript: Transcript, blocks: Iterable, language: str) -> Answer:
        """See `MeasuredEngine.of_speech`."""
        (answer,) = self.of_texts([transcript.text], language)
        flags = (*transcript.flags, *answer.flags)
        return Answer(answer.text, flags, answer.seconds + transcript.compute_seconds, engine=self.name)


def find_engines(
    names: Sequence[str], services: Services, target: str, training_data: Path | None
) -> list[MeasuredEngine]:
    """Return engines by name, in their order.

    Args:
        names: of the app's engines and of `BASELINES`.
        services: whose engines they are.
        target: `zh-Hans` or `zh-Hant`.
        training_data: what `nearest` remembers.

    Raises:
        UnknownEngine: there is none of a name.
        ModelError: a model cannot be had.
    """
    known = [*services.translations.names, *BASELINES]
    for name in names:
        if name not in known:
            hint = f" '{OWN}' wants --translator." if name == OWN else ""
            raise UnknownEngine(f"There is no engine '{name}'; there are {', '.join(known)}.{hint}")
    baselines: dict[str, Callable[[], Copy | Nearest]] = {COPY: Copy, NEAREST: lambda: Nearest(training_data)}
    return [
        BaselineEngine(baselines[name]())
        if name in baselines
        else ServedEngine(name, services.translations.translator(name), models_of(name, services), target)
        for name in names
    ]


def check_ways(engines: Iterable[MeasuredEngine], language: str, *, spoken: bool) -> None:
    """Refuse engines that do not take a language, before anything is computed.

    Args:
        engines: that were asked for.
        language: as Whisper writes it.
        spoken: whether there are recordings.

    Raises:
        UnsupportedLanguage: one does not.
    """
    for engine in engines:
        if not engine.takes(language, spoken=spoken):
            raise UnsupportedLanguage(unsupported(language, [engine.name], spoken=spoken))


def models_of(name: str, services: Services) -> list[dict]:
    """Return what an engine of the app is made of, each with its revision.

    Raises:
        ModelError: one cannot be had.
    """
    speech = [_facts("speech", services.roles[0].checkpoint)] if name in (FORCED, PIVOT) else []
    if name == FORCED:
        return speech
    if name in (AUTO, PIVOT):
        found = [services.translations.checkpoint(row) for row in services.translations.default]
    elif name == OWN:
        found = [find_translator(services.settings.translator, services.hub, services.settings.cache)]
    else:
        found = [services.translations.checkpoint(MODELS[name])]
    return [*speech, *(_facts("translation", one) for one in found)]


def speech_models(services: Services) -> list[dict]:
    """Return what writes down recordings here, as `models_of`."""
    return [_facts(role.role, role.checkpoint) for role in services.roles]


def _facts(role: str, found: Checkpoint) -> dict:
    return {"role": role, "reference": found.reference, "revision": found.revision, "licence": found.licence}
