"""From sound to text, the same for every engine: spans, language, which model, batches, the growing transcript."""

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from najva.languages import LANGUAGES
from najva.transcriber.behaviour import Behaviour
from najva.transcriber.engine import Encoded, Engine
from najva.transcriber.language_probe import LanguageProbe, speech_features
from najva.transcriber.span_writer import SpanWriter, Written
from najva.transcriber.transcript import FLAGS, DetectedLanguage, Transcript
from najva.vad import SAMPLE_RATE_HZ, Span, SpeechDetector, cut_into_spans

TIMESTAMPS = ("none", "segment", "word")
_HOUR = 3600.0


@dataclass(frozen=True)
class Voice:
    """A model and the name that answers give it."""

    reference: str
    engine: Engine


@dataclass(frozen=True)
class _EncodedBatch:
    """Spans after the encoder, and each one's probability of every language."""

    spans: list[Span]
    encoded: Encoded
    languages: list[dict[str, float]]


class Transcriber:
    """Writes down recordings with a multilingual base and, for some languages, a model of their own.

    The language is read from the base, and by its probe where it has one; a tuned model can spoil nothing but its own
    language.

    Args:
        base: the multilingual model.
        detector: voice activity network.
        tuned: models by language code, such as `{"fa": …}`.
        behaviour: see `Behaviour`.
        probe: what hears one language better than the base does; made for this very base.
    """

    def __init__(
        self,
        base: Voice,
        detector: SpeechDetector,
        tuned: dict[str, Voice] | None = None,
        behaviour: Behaviour | None = None,
        probe: LanguageProbe | None = None,
    ) -> None:
        self.base, self.detector, self.probe = base, detector, probe
        self.tuned, self.behaviour = tuned or {}, behaviour or Behaviour()

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
        once: bool = False,
    ) -> Iterator[Transcript]:
        """Do the same for speech that is cut already.

        Args:
            spans: in the order of time; gathered a few at a time.
            language: see `stream`.
            timestamps: see `stream`.
            only_base: see `stream`.
            once: never decode a doubtful text again, which costs several times as much.
        """
        behaviour = self._behaviour(once=once)
        started = time.perf_counter()
        detected = DetectedLanguage(code=language, sure=True, decided_by="caller") if language != "auto" else None
        transcript = Transcript(language=detected or DetectedLanguage())
        written: list[Written] = []
        pool = ThreadPoolExecutor(self.base.engine.workers)
        try:
            for group in self._groups(iter(spans)):
                group = self._fit(group, self.base.engine)
                encoded = None
                if detected is None:
                    encoded = self._encode(pool, self.base.engine, group)
                    detected = self._average_language(encoded) if only_base else self._language(encoded)
                voice = self.base if only_base else self.tuned.get(detected.code, self.base)
                writer = SpanWriter(voice.engine, behaviour, detected.code, words=timestamps == "word")
                if voice is not self.base:
                    group, encoded = self._fit(group, voice.engine), None
                for part in self._write(pool, voice.engine, writer, group, encoded):
                    written += part
                    whole = _assemble(detected, written, voice, time.perf_counter() - started)
                    transcript = replace(whole, settled_seconds=transcript.settled_seconds)
                    yield transcript
                if group:
                    transcript = replace(transcript, settled_seconds=max(span.end_seconds for span in group))
        finally:
            # A caller who stops early leaves batches that nobody wants any more.
            pool.shutdown(cancel_futures=True)
        whole = replace(transcript, compute_seconds=time.perf_counter() - started, finished=True)
        if not whole.segments:
            whole = replace(whole, flags=("no_speech",), model="", language=DetectedLanguage())
        yield whole.without_times() if timestamps == "none" else whole

    def write_each(self, clips: Sequence[np.ndarray], language: str, task: str = "transcribe") -> list[str]:
        """Return what the base writes of each clip, told its language: the same of the same clip every time.

        Args:
            clips: float32 mono 16 kHz, of speech from end to end.
            language: code as Whisper writes it.
            task: `transcribe`, or `translate`: into English.
        """
        # Each clip lies in an hour of its own, by which its pieces are known again.
        spans = self._fit([Span(_HOUR * place, clip) for place, clip in enumerate(clips)], self.base.engine)
        # Without the samples that are drawn of a doubtful text: who asks has another engine for it, and guards.
        writer = SpanWriter(self.base.engine, self._behaviour(once=True), language, words=False, task=task)
        written: list[Written] = []
        with ThreadPoolExecutor(self.base.engine.workers) as pool:
            for part in self._write(pool, self.base.engine, writer, spans, None):
                written += part
        texts: list[list[str]] = [[] for _ in clips]
        for one in sorted(written, key=lambda one: one.span.start_seconds):
            texts[int(one.span.start_seconds // _HOUR)] += [segment.text for segment in one.segments]
        return [" ".join(parts) for parts in texts]

    def _behaviour(self, *, once: bool) -> Behaviour:
        return replace(self.behaviour, temperatures=self.behaviour.temperatures[:1]) if once else self.behaviour

    def detect_language(self, blocks: Iterable[np.ndarray]) -> DetectedLanguage:
        """Return the language of the first spans in which somebody speaks.

        Args:
            blocks: as for `stream`.
        """
        group = self._first_spans(blocks)
        with ThreadPoolExecutor(self.base.engine.workers) as pool:
            return self._language(self._encode(pool, self.base.engine, group))

    def speech_features(self, blocks: Iterable[np.ndarray], codes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return what a probe would judge the first spans by, and their seconds; see `language_probe`.

        Args:
            blocks: as for `stream`.
            codes: languages in the order of their features.

        Returns:
            float32 (spans, features) and (spans,); empty where nobody speaks.
        """
        features, seconds = [], []
        for batch in self._batches(self.base.engine, self._first_spans(blocks)):
            encoded, lengths = self._encode_batch(self.base.engine, batch), [span.seconds for span in batch]
            features += [*speech_features(encoded.states(), lengths, encoded.language_probabilities(), codes)]
            seconds += lengths
        return np.array(features, np.float32), np.array(seconds, np.float32)

    def _first_spans(self, blocks: Iterable[np.ndarray]) -> list[Span]:
        """Return the first group of spans, as long as the base hears them."""
        spans = cut_into_spans(blocks, self.detector, self.behaviour.cutting)
        return self._fit(next(self._groups(spans), []), self.base.engine)

    def _groups(self, spans: Iterator[Span]) -> Iterator[list[Span]]:
        """Gather spans: few at first, so that the first text comes early, then many, so that batches are even."""
        size = self.behaviour.batch_spans * self.base.engine.workers
        while group := list(islice(spans, size)):
            yield group
            size = self.behaviour.batch_spans * self.base.engine.workers * self.behaviour.read_ahead_batches

    def _fit(self, group: Sequence[Span], engine: Engine) -> list[Span]:
        """Cut again what is longer than a checkpoint's window; a model tuned on short clips hears no more."""
        cutting = self.behaviour.cutting.within(engine.window_seconds)
        fitting: list[Span] = []
        for span in group:
            if span.seconds <= engine.window_seconds:
                fitting.append(span)
                continue
            for piece in cut_into_spans([span.samples], self.detector, cutting):
                fitting.append(replace(piece, start_seconds=span.start_seconds + piece.start_seconds))
        return fitting

    def _batches(self, engine: Engine, group: Sequence[Span]) -> list[list[Span]]:
        """Share spans out to the engine's workers in batches of similar length and of even cost."""
        ordered = sorted(group, key=lambda span: -span.seconds)
        rounds = -(-len(ordered) // (engine.workers * self.behaviour.batch_spans))
        seconds = [span.seconds + self.behaviour.margin_seconds for span in ordered]
        sizes = even_batches(seconds, rounds * engine.workers, self.behaviour.batch_spans)
        remaining = iter(ordered)
        return [list(islice(remaining, size)) for size in sizes]

    def _encode(self, pool: ThreadPoolExecutor, engine: Engine, group: Sequence[Span]) -> list[_EncodedBatch]:
        """Encode a group and read its languages, on all workers."""

        def encode(batch: list[Span]) -> _EncodedBatch:
            encoded = self._encode_batch(engine, batch)
            return _EncodedBatch(batch, encoded, encoded.language_probabilities())

        return list(pool.map(encode, self._batches(engine, group)))

    def _encode_batch(self, engine: Engine, batch: Sequence[Span]) -> Encoded:
        window = engine.window_seconds
        if self.behaviour.window_follows_span:
            window = min(window, batch[0].seconds + self.behaviour.margin_seconds)
        return engine.encode([span.samples for span in batch], window)

    def _language(self, batches: Sequence[_EncodedBatch]) -> DetectedLanguage:
        """Return the language that Whisper reads from speech, or that its probe hears."""
        detected, probe = self._average_language(batches), self.probe
        if probe is None or detected.code in ("", probe.language):
            return detected
        if detected.probabilities.get(probe.language, 0.0) < probe.least_probability:
            return detected
        score = 0.0
        for batch in batches:
            seconds = [span.seconds for span in batch.spans]
            score += probe.score(batch.encoded.states(), seconds, batch.languages) * sum(seconds)
        if score <= 0:
            return detected
        judge = f"{LANGUAGES[probe.language].english_name.lower()}-check"
        return replace(detected, code=probe.language, sure=False, decided_by=judge)

    def _average_language(self, batches: Iterable[_EncodedBatch]) -> DetectedLanguage:
        """Average the spans' probabilities, each weighted by its seconds."""
        total: dict[str, float] = {}
        seconds = 0.0
        for batch in batches:
            for span, probabilities in zip(batch.spans, batch.languages, strict=True):
                seconds += span.seconds
                for code, probability in probabilities.items():
                    total[code] = total.get(code, 0.0) + probability * span.seconds
        if not total:
            return DetectedLanguage()
        ranked = dict(sorted(((code, value / seconds) for code, value in total.items()), key=lambda item: -item[1]))
        code = next(iter(ranked))
        return DetectedLanguage(code, ranked, ranked[code] >= self.behaviour.thresholds.sure_language)

    def _write(
        self,
        pool: ThreadPoolExecutor,
        engine: Engine,
        writer: SpanWriter,
        group: Sequence[Span],
        encoded: list[_EncodedBatch] | None,
    ) -> Iterator[list[Written]]:
        """Yield what each batch says as soon as it is written, and then what decoders left out at the ends of spans."""

        def encode_and_write(batch: list[Span]) -> list[Written]:
            return writer.write(batch, self._encode_batch(engine, batch))

        while group:
            if encoded is None:
                jobs = [pool.submit(encode_and_write, batch) for batch in self._batches(engine, group)]
            else:
                jobs = [pool.submit(writer.write, batch.spans, batch.encoded) for batch in encoded]
            group, encoded = [], None
            for job in as_completed(jobs):
                part = job.result()
                group += [rest for written in part for rest in written.rest]
                yield part


def even_batches(seconds: Sequence[float], batches: int, max_size: int) -> list[int]:
    """Cut a list into batches so that the dearest costs as little as possible.

    Every item of a batch costs what its longest one costs, since they share a window.

    Args:
        seconds: of each item, the longest first.
        batches: at most.
        max_size: items of a batch at most; `batches * max_size` holds all of them.

    Returns:
        The batches' sizes, in the order of the list.
    """
    for limit in sorted({size * longest for longest in seconds for size in range(1, max_size + 1)}):
        sizes: list[int] = []
        first = 0
        while first < len(seconds) and seconds[first] <= limit:
            size = min(max_size, len(seconds) - first, int(limit // seconds[first] + 1e-9))
            sizes.append(max(1, size))
            first += sizes[-1]
        if first == len(seconds) and len(sizes) <= batches:
            return sizes
    return []


def _assemble(detected: DetectedLanguage, written: Sequence[Written], voice: Voice, seconds: float) -> Transcript:
    """Join what was written so far in the order of time."""
    parts = sorted(written, key=lambda part: part.span.start_seconds)
    raised = {flag for part in parts if part.segments for flag in part.flags}
    if not detected.sure:
        raised.add("language_unsure")
    return Transcript(
        language=detected,
        segments=tuple(segment for part in parts for segment in part.segments),
        flags=tuple(flag for flag in FLAGS if flag in raised),
        model=voice.reference,
        audio_seconds=max(part.span.end_seconds for part in parts),
        compute_seconds=seconds,
    )


class _Meter:
    """Counts the seconds of the blocks that pass through."""

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self._blocks, self.seconds = blocks, 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.seconds += block.size / SAMPLE_RATE_HZ
            yield block
