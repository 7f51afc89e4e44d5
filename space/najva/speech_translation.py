"""Speech becomes Chinese while it is heard: the transcript grows, its sentences are translated as they are complete."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from najva.transcriber import Transcript
from najva.translation.forced import FORCED
from najva.translation.pivot import PIVOT
from najva.translation.sentences import Sentence, Word, sentences_of, take_sentences, words_of
from najva.translation.translator import SCRIPT, TranslatedSentence, Translator
from najva.vad import SAMPLE_RATE_HZ, Span

# So many are translated between two looks at what has been written, and at whether anybody still wants it.
_AT_A_TIME = 8
# A word's first sound may begin before its time.
_MARGIN_SECONDS = 0.2
# Of sound whose sentences are not translated yet, such as hours of music in which nobody speaks.
_MOST_SECONDS_KEPT = 900.0


@dataclass(frozen=True)
class Translation:
    """A recording's text beside its Chinese, whole or as far as it is translated.

    Attributes:
        transcript: what was said.
        target: `zh-Hans` or `zh-Hant`.
        sentences: in the order of time.
        models: reference of each engine that wrote any of it.
        notes: sentences on what went otherwise than asked, such as an engine that failed.
        compute_seconds: listening and translating.
        finished: whether this is the whole.
    """

    transcript: Transcript
    target: str
    sentences: tuple[TranslatedSentence, ...] = ()
    models: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    compute_seconds: float = 0.0
    finished: bool = False

    @property
    def text(self) -> str:
        """All the Chinese in one line."""
        return joined(self.sentences)

    @property
    def engine(self) -> str:
        """The engine that wrote most of it; empty where there is nothing."""
        return main_engine(self.sentences)

    @property
    def route(self) -> str:
        """Which way it went: see `route_of`."""
        return route_of(self.sentences)

    def as_dict(self) -> dict:
        """Return it as JSON, in the form of `/translate`."""
        heard = self.transcript
        return {
            "source_text": heard.text,
            "language": heard.language.code,
            "translation": self.text,
            "target": self.target,
            "segments": [
                {"start": round(one.start, 2), "end": round(one.end, 2), **sentence_dict(one)} for one in self.sentences
            ],
            "engine": self.engine,
            "route": self.route,
            "models": {"speech": heard.model, **dict(self.models)},
            "notes": list(self.notes),
            "language_probabilities": heard.language.as_dict()["probabilities"],
            "decided_by": heard.language.decided_by,
            "flags": list(heard.flags),
            "audio_seconds": round(heard.audio_seconds, 2),
            "compute_seconds": round(self.compute_seconds, 2),
        }


class Heard:
    """The blocks of a recording as they pass, the last quarter of an hour remembered until it is translated.

    Args:
        blocks: float32 (samples,), mono at 16 kHz, consecutive.
    """

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self._blocks, self._begin, self._end = blocks, 0, 0
        self._kept: deque[np.ndarray] = deque()

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the blocks."""
        for block in self._blocks:
            self._kept.append(block)
            self._end += block.size
            self._drop(self._end - self._begin - round(_MOST_SECONDS_KEPT * SAMPLE_RATE_HZ))
            yield block

    def samples(self, sentence: Sentence) -> np.ndarray:
        """Return how a sentence was spoken."""
        first = max(self._begin, round((sentence.start - _MARGIN_SECONDS) * SAMPLE_RATE_HZ))
        last = round((sentence.end + _MARGIN_SECONDS) * SAMPLE_RATE_HZ)
        parts, at = [np.zeros(0, np.float32)], self._begin
        for block in self._kept:
            if at < last and at + block.size > first:
                parts.append(block[max(0, first - at) : last - at])
            at += block.size
        return np.concatenate(parts)

    def forget(self, seconds: float) -> None:
        """Let go of what lies before a time."""
        self._drop(round((seconds - _MARGIN_SECONDS) * SAMPLE_RATE_HZ) - self._begin)

    def _drop(self, samples: int) -> None:
        """Let go of whole blocks, so many samples at most."""
        while self._kept and self._kept[0].size <= samples:
            dropped = self._kept.popleft().size
            self._begin, samples = self._begin + dropped, samples - dropped


def translate_speech(
    transcripts: Iterable[Transcript], heard: Heard, translator: Translator, target: str
) -> Iterator[Translation]:
    """Yield the translation as it grows, the last time finished.

    Args:
        transcripts: of `Transcriber.stream` with the times of words.
        heard: the recording that they are of.
        translator: see there.
        target: `zh-Hans` or `zh-Hant`.

    Raises:
        UnsupportedLanguage, ModelError: see `Translator.translate`.
    """
    done: list[TranslatedSentence] = []
    segments = 0
    pending: list[Word] = []
    translation = Translation(Transcript(), target)
    for transcript in transcripts:
        settled = [one for one in transcript.segments if transcript.finished or one.end <= transcript.settled_seconds]
        pending += words_of(one.as_dict() for one in settled[segments:])
        segments = len(settled)
        complete, words = take_sentences(pending, finished=transcript.finished)
        pending = pending[words:]
        # The transcript's own clock goes on while sentences are translated.
        arrived, seconds = time.perf_counter(), transcript.compute_seconds
        translation = replace(translation, transcript=transcript, compute_seconds=seconds)
        if not complete:
            yield translation
        for start in range(0, len(complete), _AT_A_TIME):
            batch = complete[start : start + _AT_A_TIME]
            done += translator.translate(batch, transcript.language.code, target, heard.samples)
            heard.forget(batch[-1].end)
            translation = replace(
                translation,
                sentences=tuple(done),
                models=tuple(translator.references(done)),
                notes=tuple(translator.failures),
                compute_seconds=seconds + time.perf_counter() - arrived,
            )
            yield translation
    yield replace(translation, finished=True)


def translate_span(span: Span, transcript: Transcript, translator: Translator, target: str) -> list[TranslatedSentence]:
    """Return the sentences of one stretch of speech with their Chinese.

    Args:
        span: the speech.
        transcript: what was written of it, its times those of the span's stream.
        translator: see there.
        target: `zh-Hans` or `zh-Hant`.

    Raises:
        UnsupportedLanguage, ModelError: see `Translator.translate`.
    """

    def samples(sentence: Sentence) -> np.ndarray:
        first, last = (
            round(max(0.0, seconds - span.start_seconds) * SAMPLE_RATE_HZ)
            for seconds in (sentence.start - _MARGIN_SECONDS, sentence.end + _MARGIN_SECONDS)
        )
        return span.samples[first:last]

    sentences = sentences_of(segment.as_dict() for segment in transcript.segments)
    return translator.translate(sentences, transcript.language.code, target, samples)


def joined(sentences: Iterable[TranslatedSentence]) -> str:
    """Return the Chinese of sentences in one line; a space only where Latin letters would meet."""
    text = ""
    for one in sentences:
        piece = one.translation.strip()
        gap = " " if text and piece and text[-1].isascii() and piece[0].isascii() else ""
        text += gap + piece
    return text


def main_engine(sentences: Iterable[TranslatedSentence]) -> str:
    """Return the engine that wrote most of some sentences; empty where none wrote any."""
    counts = Counter(one.engine for one in sentences if one.engine)
    return counts.most_common(1)[0][0] if counts else ""


def route_of(sentences: Iterable[TranslatedSentence]) -> str:
    """Return which way most of some sentences went: `cascade`, `pivot`, `forced` or `script`; empty where none did.

    A cascade has a text first and then its translation; of `script` only the letters were changed.
    """
    engine = main_engine(sentences)
    return engine if engine in (PIVOT, FORCED, SCRIPT, "") else "cascade"


def sentence_dict(one: TranslatedSentence) -> dict:
    """Return a sentence as JSON, in the form of the endpoints' answers."""
    answer: dict = {"source": one.source, "translation": one.translation, "flags": list(one.flags)}
    answer["engine"] = one.engine
    if one.english:
        answer["english"] = one.english
    if one.trust is not None:
        answer["trust"] = round(one.trust, 3)
    return answer
