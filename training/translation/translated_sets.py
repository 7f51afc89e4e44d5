"""Sets go through engines, sentence by sentence, into ledgers; what lies there already is not computed again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from najva import audio
from najva.services import Services
from najva.transcriber import DetectedLanguage, Segment, Transcript, Word
from najva.vad import SAMPLE_RATE_HZ
from translation.measured_engines import Answer, MeasuredEngine, speech_models
from translation.translation_ledgers import SPEECH, TEXT, HeardRow, Ledger, Row, fingerprint, ledger_path
from translation.translation_sets import Item, SentenceSet

TRANSCRIPTS = "transcripts"
# Texts that are translated together, as the app does with the sentences of one.
_TEXTS_AT_A_TIME = 16


class Measurement:
    """One run: services, where ledgers are kept, what is asked for.

    Args:
        services: that recognise speech.
        target: `zh-Hans` or `zh-Hant`.
        output: folder of the ledgers; None to keep none.
        detect: whether Whisper is to hear the language, not told it.
        again: whether what lies in the ledgers is left aside.
    """

    def __init__(
        self, services: Services, target: str, output: Path | None, *, detect: bool = False, again: bool = False
    ) -> None:
        self._services, self._target, self._output = services, target, output
        self._detect, self._again = detect, again
        self.computed = self.kept = 0

    def recognise(self, sets: Sequence[SentenceSet]) -> dict[str, dict[str, HeardRow]]:
        """Return what Whisper writes of each recording, by set and id; once for all engines.

        Args:
            sets: those without speech are passed over.

        Raises:
            AudioError: a recording cannot be used.
            ModelError: Whisper cannot be had.
        """
        spoken = [one for one in sets if one.speech]
        if not spoken:
            return {}
        models = [f"{model['reference']}@{model['revision']}" for model in speech_models(self._services)]
        heard: dict[str, dict[str, HeardRow]] = {}
        with Ledger(ledger_path(self._output, TRANSCRIPTS), HeardRow, again=self._again) as ledger:
            for one in spoken:
                language = "auto" if self._detect else one.language
                rows = heard.setdefault(one.name, {})
                for item in tqdm(one.items, desc=f"Listening to {one.title}", unit="clip"):
                    inputs = fingerprint(audio=_sha256(item.audio), models=models, language=language)
                    found = ledger.find((one.name, SPEECH, item.id), inputs)
                    self._count(found)
                    rows[item.id] = _described(found or self._hear(item, language), one, item, inputs)
                    ledger.add([rows[item.id]])
        return heard

    def translate(
        self, engine: MeasuredEngine, sets: Sequence[SentenceSet], heard: dict[str, dict[str, HeardRow]]
    ) -> dict[tuple[str, str], list[Row]]:
        """Return an engine's rows by set and condition; of recordings also those of their gold texts, where it can.

        Args:
            engine: takes the language of each set.
            sets: in any language.
            heard: of `recognise`.
        """
        found = {}
        with Ledger(ledger_path(self._output, engine.name), Row, again=self._again) as ledger:
            for one in sets:
                if engine.takes(one.language, spoken=False):
                    found[one.name, TEXT] = self._texts(engine, one, ledger)
                if one.speech:
                    found[one.name, SPEECH] = self._clips(engine, one, heard[one.name], ledger)
        return found

    def _texts(self, engine: MeasuredEngine, one: SentenceSet, ledger: Ledger[Row]) -> list[Row]:
        made_with = engine.made_with(one.language)
        # Of several speakers of one sentence it is translated once.
        inputs = {item.source: self._inputs(item.source, one.language, made_with) for item in one.items}
        rows: dict[str, Row] = {}
        pending: dict[str, list[Item]] = {}
        for item in one.items:
            found = ledger.find((one.name, TEXT, item.id), inputs[item.source])
            self._count(found)
            if found:
                rows[item.id] = replace(found, reference=item.reference, group=item.group)
                ledger.add([rows[item.id]])
            else:
                pending.setdefault(item.source, []).append(item)
        sources = list(pending)
        if sources:
            engine.prepare(one.language, spoken=False)
        with tqdm(total=len(one.items), initial=len(rows), desc=f"{engine.name}: {one.name}", unit="sentence") as bar:
            for first in range(0, len(sources), _TEXTS_AT_A_TIME):
                batch = sources[first : first + _TEXTS_AT_A_TIME]
                for source, answer in zip(batch, engine.of_texts(batch, one.language), strict=True):
                    made = [_row(one, TEXT, item, answer, inputs[source]) for item in pending[source]]
                    rows |= {row.id: row for row in made}
                    ledger.add(made)
                    bar.update(len(made))
        return [rows[item.id] for item in one.items]

    def _clips(
        self, engine: MeasuredEngine, one: SentenceSet, heard: dict[str, HeardRow], ledger: Ledger[Row]
    ) -> list[Row]:
        made_with, rows, ready = engine.made_with(one.language), [], False
        for item in tqdm(one.items, desc=f"{engine.name}: {one.title}", unit="clip"):
            said = heard[item.id]
            inputs = self._inputs(said.hypothesis, said.language, made_with, said.inputs)
            found = ledger.find((one.name, SPEECH, item.id), inputs)
            self._count(found)
            if found:
                row = replace(found, source=item.source, reference=item.reference, group=item.group)
            else:
                if not ready:
                    engine.prepare(one.language, spoken=True)
                    ready = True
                answer = engine.of_speech(_transcript(said), self._blocks(item), said.language or one.language)
                row = replace(
                    _row(one, SPEECH, item, answer, inputs), heard=said.hypothesis, audio_seconds=said.audio_seconds
                )
            rows.append(row)
            ledger.add([row])
        return rows

    def _inputs(self, text: str, language: str, made_with: str, recording: str = "") -> str:
        return fingerprint(text=text, language=language, engine=made_with, target=self._target, recording=recording)

    def _hear(self, item: Item, language: str) -> HeardRow:
        *_, transcript = self._services.transcriber.stream(self._blocks(item), language, "word")
        return HeardRow(
            set="",
            id=item.id,
            reference=item.source,
            hypothesis=transcript.text,
            language=transcript.language.code,
            segments=[asdict(segment) for segment in transcript.segments],
            flags=transcript.flags,
            model=transcript.model,
            seconds=transcript.compute_seconds,
            audio_seconds=transcript.audio_seconds,
        )

    def _blocks(self, item: Item) -> Iterator[np.ndarray]:
        settings = self._services.settings
        limits = {"max_seconds": settings.max_seconds, "max_bytes": settings.max_bytes}
        return audio.read_blocks(item.audio, sample_rate_hz=SAMPLE_RATE_HZ, **limits)

    def _count(self, found: object) -> None:
        self.kept, self.computed = self.kept + bool(found), self.computed + (not found)


def _described(row: HeardRow, one: SentenceSet, item: Item, inputs: str) -> HeardRow:
    known = {"set": one.name, "reference": item.source, "group": item.group, "speech": one.speech}
    return replace(row, **known, inputs=inputs)


def _row(one: SentenceSet, condition: str, item: Item, answer: Answer, inputs: str) -> Row:
    return Row(
        set=one.name,
        condition=condition,
        id=item.id,
        source=item.source,
        reference=item.reference,
        hypothesis=answer.text,
        flags=answer.flags,
        english=answer.english,
        trust=answer.trust,
        seconds=answer.seconds,
        engine=answer.engine,
        model=answer.model,
        group=item.group,
        speech=one.speech if condition == SPEECH else "",
        inputs=inputs,
    )


def _transcript(row: HeardRow) -> Transcript:
    """Return a transcript as it was before it became a row."""
    segments = tuple(
        Segment(**segment | {"words": tuple(Word(**word) for word in segment["words"])}) for segment in row.segments
    )
    return Transcript(
        language=DetectedLanguage(row.language, sure=True, decided_by="caller"),
        segments=segments,
        flags=tuple(row.flags),
        model=row.model,
        audio_seconds=row.audio_seconds,
        compute_seconds=row.seconds,
        finished=True,
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
