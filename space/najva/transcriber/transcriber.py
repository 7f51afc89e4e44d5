"""From sound to text: spans, language, decoding, doubts and times, the same for every engine."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from najva.transcriber.engine import Decoding, Encoded, Engine, Hypothesis
from najva.transcriber.quality import Thresholds, cut_loops, is_doubtful, is_silence
from najva.transcriber.transcript import FLAGS, DetectedLanguage, Segment, Transcript, Word
from najva.vad import Cutting, Span, SpeechDetector, cut_into_spans

TIMESTAMPS = ("none", "segment", "word")


@dataclass(frozen=True)
class Behaviour:
    """Everything about a transcription that does not depend on the engine.

    Attributes:
        cutting: see `najva.vad.Cutting`.
        thresholds: see `najva.transcriber.quality.Thresholds`.
        beam_size: 1 is greedy.
        temperatures: tried in turn while a text is doubtful.
        candidates: samples drawn above temperature 0.
        batch_spans: spans decoded together.
        read_ahead_spans: spans gathered and sorted by length before they are decoded; the first time only
            `batch_spans`, so that the first text comes early.
        window_follows_span: whether the encoder sees the span and a margin, or always the checkpoint's window.
        margin_seconds: silence after the span inside the window.
        tokens_per_second: what the decoder may write for a second of speech, and 32 more; stops loops early.
    """

    cutting: Cutting = Cutting()
    thresholds: Thresholds = Thresholds()
    beam_size: int = 1
    temperatures: tuple[float, ...] = (0.0, 0.4, 0.8)
    candidates: int = 3
    batch_spans: int = 8
    read_ahead_spans: int = 24
    window_follows_span: bool = True
    margin_seconds: float = 2.0
    tokens_per_second: float = 15.0


@dataclass(frozen=True)
class Voice:
    """A model and the name that answers give it."""

    reference: str
    engine: Engine


@dataclass
class _Written:
    """What was written for one span."""

    segments: list[Segment] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)


class Transcriber:
    """Writes down recordings with a multilingual base and, for some languages, a model of their own.

    The language is always read from the base, so that a tuned model can spoil nothing but its own language.

    Args:
        base: the multilingual model.
        tuned: models by language code, such as `{"fa": …}`.
        detector: voice activity network.
        behaviour: see `Behaviour`.
    """

    def __init__(
        self,
        base: Voice,
        detector: SpeechDetector,
        tuned: dict[str, Voice] | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        self.base, self.tuned = base, tuned or {}
        self.detector, self.behaviour = detector, behaviour or Behaviour()

    def transcribe(
        self, blocks: Iterable[np.ndarray], language: str = "auto", timestamps: str = "segment"
    ) -> Transcript:
        """Return the whole transcript; see `stream`."""
        *_, transcript = self.stream(blocks, language, timestamps)
        return transcript

    def stream(
        self,
        blocks: Iterable[np.ndarray],
        language: str = "auto",
        timestamps: str = "segment",
        *,
        only_base: bool = False,
    ) -> Iterator[Transcript]:
        """Yield the transcript as it grows, the last time finished.

        Args:
            blocks: float32 (samples,), mono at 16 kHz, consecutive; memory holds a few spans, never the whole.
            language: code as Whisper writes it, or `auto`.
            timestamps: `none`, `segment` or `word`.
            only_base: never use a tuned model.
        """
        heard = _Meter(blocks)
        spans = cut_into_spans(heard, self.detector, self.behaviour.cutting)
        for transcript in self.stream_spans(spans, language, timestamps, only_base=only_base):
            yield replace(transcript, audio_seconds=heard.seconds)

    def stream_spans(
        self,
        spans: Iterable[Span],
        language: str = "auto",
        timestamps: str = "segment",
        *,
        only_base: bool = False,
    ) -> Iterator[Transcript]:
        """Do the same for speech that is cut already.

        Args:
            spans: in the order of time; gathered a few at a time.
            language: see `stream`.
            timestamps: see `stream`.
            only_base: see `stream`.
        """
        started = time.perf_counter()
        detected = DetectedLanguage(code=language, sure=True, decided_by="caller") if language != "auto" else None
        voice = self.base
        written: dict[float, _Written] = {}
        seconds = 0.0
        for group in self._groups(iter(spans)):
            seconds = group[-1].end_seconds
            batches = self._encode(self.base.engine, group)
            if detected is None:
                detected = self._detect(batches)
            voice = self.base if only_base else self.tuned.get(detected.code, self.base)
            engine = voice.engine
            if engine is not self.base.engine:
                batches = self._encode(engine, group)
            while batches:
                unwritten: list[Span] = []
                for batch, encoded in batches:
                    for span, part in self._write(engine, batch, encoded, detected.code, timestamps):
                        written[span.start_seconds] = part
                        unwritten += _rest_of(span, part)
                    yield self._transcript(detected, written, voice, seconds, started)
                batches = self._encode(engine, unwritten)
        whole = self._transcript(detected or DetectedLanguage(), written, voice, seconds, started)
        if not whole.segments:
            whole = replace(whole, flags=("no_speech",), model="", language=DetectedLanguage())
        yield replace(whole.without_times() if timestamps == "none" else whole, finished=True)

    def detect_language(self, blocks: Iterable[np.ndarray]) -> DetectedLanguage:
        """Return the language of the first spans that somebody speaks.

        Args:
            blocks: as for `stream`.
        """
        spans = cut_into_spans(blocks, self.detector, self.behaviour.cutting)
        group = list(islice(spans, self.behaviour.batch_spans))
        return self._detect(self._encode(self.base.engine, group)) if group else DetectedLanguage()

    def _groups(self, spans: Iterator[Span]) -> Iterator[list[Span]]:
        """Gather spans: few at first, then many."""
        size = self.behaviour.batch_spans
        while group := list(islice(spans, size)):
            yield group
            size = self.behaviour.read_ahead_spans

    def _encode(self, engine: Engine, group: Sequence[Span]) -> "Iterable[tuple[list[Span], Encoded]]":
        """Encode spans in batches of similar length, the longest first."""
        ordered = sorted(group, key=lambda span: -span.seconds)
        size = self.behaviour.batch_spans
        batches = []
        for first in range(0, len(ordered), size):
            batch = ordered[first : first + size]
            window = engine.window_seconds
            if self.behaviour.window_follows_span:
                window = min(window, batch[0].seconds + self.behaviour.margin_seconds)
            batches.append((batch, engine.encode([span.samples for span in batch], window)))
        return batches

    def _detect(self, batches: "Iterable[tuple[list[Span], Encoded]]") -> DetectedLanguage:
        """Average the spans' probabilities, each weighted by its seconds."""
        total: dict[str, float] = {}
        seconds = 0.0
        for batch, encoded in batches:
            for span, probabilities in zip(batch, encoded.language_probabilities(), strict=True):
                seconds += span.seconds
                for code, probability in probabilities.items():
                    total[code] = total.get(code, 0.0) + probability * span.seconds
        ranked = dict(sorted(((code, value / seconds) for code, value in total.items()), key=lambda item: -item[1]))
        code = next(iter(ranked))
        return DetectedLanguage(code, ranked, ranked[code] >= self.behaviour.thresholds.sure_language)

    def _write(
        self, engine: Engine, batch: Sequence[Span], encoded: Encoded, language: str, timestamps: str
    ) -> "Iterator[tuple[Span, _Written]]":
        # Times are asked for even when nobody wants them: without them the packaged base repeats itself more often.
        prompt = engine.tokens.prompt(language, timestamps=True)
        hypotheses = self._decode(engine, batch, encoded, prompt)
        words = self._align(engine, batch, encoded, language, hypotheses) if timestamps == "word" else {}
        for row, (span, hypothesis) in enumerate(zip(batch, hypotheses, strict=True)):
            yield span, self._segments(engine, span, hypothesis, words.get(row))

    def _decode(
        self, engine: Engine, batch: Sequence[Span], encoded: Encoded, prompt: list[int]
    ) -> list[Hypothesis]:
        """Decode every span, again at higher temperatures while the text is doubtful; the likeliest text is kept."""
        behaviour, thresholds = self.behaviour, self.behaviour.thresholds
        best: dict[int, Hypothesis] = {}
        rows = list(range(len(batch)))
        room = int(32 + behaviour.tokens_per_second * max(span.seconds for span in batch))
        for temperature in behaviour.temperatures:
            decoding = Decoding(behaviour.beam_size, temperature, behaviour.candidates, min(room, 444))
            for row, hypothesis in zip(rows, encoded.decode(rows, prompt, decoding), strict=True):
                best[row] = _better(best.get(row), hypothesis, engine, thresholds)
            rows = [
                row
                for row in rows
                if not is_silence(best[row], thresholds)
                and is_doubtful(best[row], engine.tokens.text(best[row].tokens), thresholds)
            ]
            if not rows:
                break
        return [best[row] for row in range(len(batch))]

    def _segments(
        self, engine: Engine, span: Span, hypothesis: Hypothesis, words: list[Word] | None
    ) -> _Written:
        """Split a span's tokens at its timestamps and clean each piece."""
        thresholds = self.behaviour.thresholds
        if is_silence(hypothesis, thresholds):
            return _Written(flags={"no_speech"})
        written = _Written()
        if hypothesis.mean_log_probability < thresholds.mean_log_probability:
            written.flags.add("low_confidence")
        for start, end, ids in _pieces(engine, hypothesis.tokens, span.seconds):
            text, looped = cut_loops(engine.tokens.text(ids).strip())
            if not any(character.isalnum() for character in text):
                continue
            if looped:
                written.flags |= {"loop_cut", "low_confidence"}
            begin, finish = span.start_seconds + start, span.start_seconds + end
            inside = tuple(word for word in words or () if begin <= (word.start + word.end) / 2 < finish)
            written.segments.append(Segment(begin, finish, text, inside, tuple(sorted(written.flags))))
        return written

    def _align(
        self, engine: Engine, batch: Sequence[Span], encoded: Encoded, language: str, hypotheses: list[Hypothesis]
    ) -> dict[int, list[Word]]:
        """Return the words of every span with their times."""
        texts = [[i for i in hypothesis.tokens if i < engine.tokens.end_of_text] for hypothesis in hypotheses]
        rows = [row for row, text in enumerate(texts) if text]
        if not rows:
            return {}
        start = engine.tokens.prompt(language, timestamps=False)
        frames = [round(batch[row].seconds * 100) for row in rows]
        times = encoded.align(rows, start, [texts[row] for row in rows], frames)
        aligned = {}
        for row, token_times in zip(rows, times, strict=True):
            words, position = [], 0
            for text, ids in engine.tokens.words(texts[row]):
                begin, position = token_times[position], position + len(ids)
                offset = batch[row].start_seconds
                words.append(Word(offset + begin, offset + max(begin, token_times[position]), text.strip()))
            aligned[row] = [word for word in words if word.text]
        return aligned

    def _transcript(
        self, detected: DetectedLanguage, written: dict[float, _Written], voice: Voice, seconds: float, started: float
    ) -> Transcript:
        segments = tuple(segment for start in sorted(written) for segment in written[start].segments)
        raised = {flag for part in written.values() if part.segments for flag in part.flags}
        if not detected.sure and detected.code:
            raised.add("language_unsure")
        return Transcript(
            language=detected,
            segments=segments,
            flags=tuple(flag for flag in FLAGS if flag in raised),
            model=voice.reference,
            audio_seconds=seconds,
            compute_seconds=time.perf_counter() - started,
        )


class _Meter:
    """Counts the seconds of the blocks that pass through."""

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self._blocks, self.seconds = blocks, 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.seconds += block.size / 16000
            yield block


# A decoder that writes times may end its text early, at the end of a sentence. What is left of a span, when it is
# longer than this, is decoded by itself: Whisper's own sequential algorithm goes on from the last time in the same way.
_REST_SECONDS = 1.2


def _rest_of(span: Span, written: _Written) -> list[Span]:
    """Return the part of a span after the last segment, if there is enough of it to be speech."""
    if not written.segments or "loop_cut" in written.flags:
        return []
    done = written.segments[-1].end
    if done <= span.start_seconds or span.end_seconds - done < _REST_SECONDS:
        return []
    return [Span(done, span.samples[round((done - span.start_seconds) * 16000) :])]


def _better(known: Hypothesis | None, new: Hypothesis, engine: Engine, thresholds: Thresholds) -> Hypothesis:
    """Of two attempts take the one that is not doubtful, else the likelier one that does not loop."""
    if known is None:
        return new
    texts = {id(attempt): engine.tokens.text(attempt.tokens) for attempt in (known, new)}
    return max(
        (known, new),
        key=lambda attempt: (
            not is_doubtful(attempt, texts[id(attempt)], thresholds),
            not cut_loops(texts[id(attempt)])[1],
            attempt.mean_log_probability,
        ),
    )


def _pieces(engine: Engine, tokens: list[int], seconds: float) -> Iterator[tuple[float, float, list[int]]]:
    """Yield start, end (seconds from the span's start) and text tokens of each timestamped piece."""
    start, ids = 0.0, []
    for token in tokens:
        at = engine.tokens.seconds(token)
        if at is None:
            ids.append(token)
            continue
        at = min(at, seconds)
        if ids:
            yield start, max(at, start), ids
            ids = []
        start = at
    if ids:
        yield start, seconds, ids
