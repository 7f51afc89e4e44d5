"""A batch of spans becomes segments: decoding, doubts, times, and what a decoder left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from najva.transcriber.behaviour import Behaviour
from najva.transcriber.engine import Decoding, Encoded, Engine, Hypothesis, token_limit
from najva.transcriber.quality import cut_loops, is_doubtful, is_silence
from najva.transcriber.transcript import Segment, Word
from najva.vad import SAMPLE_RATE_HZ, Span

# A decoder that writes times may end at the end of a sentence, before the end of its span. What is left, when it is
# longer than this, is decoded by itself: Whisper's sequential algorithm goes on from the last time in the same way.
_REST_SECONDS = 1.2
# Faster than this nobody speaks: the times are wrong then, and the text is all there.
_MAX_SPOKEN_TOKENS_PER_SECOND = 12.0


@dataclass
class Written:
    """What was written for one span.

    Attributes:
        span: the span.
        segments: in the order of time.
        flags: of the transcript's `FLAGS`.
        rest: the end of the span, where the decoder stopped before it.
    """

    span: Span
    segments: list[Segment] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    rest: list[Span] = field(default_factory=list)


class SpanWriter:
    """Writes down spans in one language with one engine.

    Args:
        engine: the checkpoint.
        behaviour: see `Behaviour`.
        language: code as Whisper writes it.
        words: whether each word gets its times.
        task: see `WhisperTokens.prompt`.
    """

    def __init__(
        self, engine: Engine, behaviour: Behaviour, language: str, *, words: bool, task: str = "transcribe"
    ) -> None:
        self._engine, self._tokens, self._behaviour = engine, engine.tokens, behaviour
        self._language, self._words, self._task = language, words, task

    def write(self, batch: Sequence[Span], encoded: Encoded) -> list[Written]:
        """Return what each span of an encoded batch says."""
        hypotheses = self._decode(batch, encoded)
        times = self._align(batch, encoded, hypotheses) if self._words else [None] * len(batch)
        return [self._segments(*parts) for parts in zip(batch, hypotheses, times, strict=True)]

    def _decode(self, batch: Sequence[Span], encoded: Encoded) -> list[Hypothesis]:
        """Decode every span, again at higher temperatures while the text is doubtful; the best attempt is kept."""
        behaviour = self._behaviour
        # Times are asked for even when nobody wants them: without them the packaged base repeats itself more often.
        prompt = self._tokens.prompt(self._language, timestamps=True, task=self._task)
        room = token_limit(max(span.seconds for span in batch), behaviour.tokens_per_second)
        best: dict[int, Hypothesis] = {}
        rows = list(range(len(batch)))
        for temperature in behaviour.temperatures:
            decoding = Decoding(behaviour.beam_size, temperature, behaviour.candidates, room)
            for row, hypothesis in zip(rows, encoded.decode(rows, prompt, decoding), strict=True):
                best[row] = self._better(best.get(row), hypothesis)
            rows = [row for row in rows if self._is_doubtful(best[row])]
            if not rows:
                break
        return [best[row] for row in range(len(batch))]

    def _is_doubtful(self, hypothesis: Hypothesis) -> bool:
        thresholds = self._behaviour.thresholds
        text = self._tokens.text(hypothesis.tokens)
        return not is_silence(hypothesis, thresholds) and is_doubtful(hypothesis, text, thresholds)

    def _better(self, known: Hypothesis | None, new: Hypothesis) -> Hypothesis:
        """Of two attempts take the one that is not doubtful, else one that does not loop, else the likelier."""
        if known is None:
            return new

        def rank(attempt: Hypothesis) -> tuple[bool, bool, float]:
            text = self._tokens.text(attempt.tokens)
            doubtful = is_doubtful(attempt, text, self._behaviour.thresholds)
            return not doubtful, not cut_loops(text)[1], attempt.mean_log_probability

        return max(known, new, key=rank)

    def _segments(self, span: Span, hypothesis: Hypothesis, times: list[float] | None) -> Written:
        """Split a span's tokens at their times and clean each piece; `times` are as `_align` returns them."""
        written, thresholds = Written(span), self._behaviour.thresholds
        if is_silence(hypothesis, thresholds):
            written.flags.add("no_speech")
            return written
        if hypothesis.mean_log_probability < thresholds.mean_log_probability:
            written.flags.add("low_confidence")
        ended = 0.0
        for start, end, first, ids in self._pieces(hypothesis.tokens, span.seconds):
            text, looped = cut_loops(self._tokens.text(ids).strip())
            if looped:
                written.flags |= {"loop_cut", "low_confidence"}
            if not any(character.isalnum() for character in text):
                continue
            begin, finish = span.start_seconds + start, span.start_seconds + end
            words = self._timed(ids, times[first:], span.start_seconds) if times else ()
            words = _still_there(words, text) if looped else words
            written.segments.append(Segment(begin, finish, text, words, tuple(sorted(written.flags))))
            ended = end
        spoken = sum(token < self._tokens.end_of_text for token in hypothesis.tokens)
        credible = ended > 0 and spoken <= _MAX_SPOKEN_TOKENS_PER_SECOND * ended and "loop_cut" not in written.flags
        if credible and span.seconds - ended >= _REST_SECONDS:
            rest = span.samples[round(ended * SAMPLE_RATE_HZ) :]
            written.rest.append(Span(span.start_seconds + ended, rest))
        return written

    def _pieces(self, tokens: list[int], seconds: float) -> Iterator[tuple[float, float, int, list[int]]]:
        """Yield each timed piece: start, end, the place of its first text token among all, and its text tokens.

        Times are seconds from the span's start. Pieces that claim to start in the silence after it are invented and
        left out.
        """
        start, first, ids = 0.0, 0, []
        for token in tokens:
            at = self._tokens.seconds(token)
            if at is None:
                ids += [token] if token < self._tokens.end_of_text else []
                continue
            if ids and start < seconds:
                yield start, min(max(at, start), seconds), first, ids
            start, first, ids = at, first + len(ids), []
        if ids and start < seconds:
            yield start, seconds, first, ids

    def _align(
        self, batch: Sequence[Span], encoded: Encoded, hypotheses: Sequence[Hypothesis]
    ) -> list[list[float] | None]:
        """Return for every span when each of its text tokens begins, and when the last ends, in seconds."""
        texts = [[i for i in hypothesis.tokens if i < self._tokens.end_of_text] for hypothesis in hypotheses]
        rows = [row for row, text in enumerate(texts) if text]
        times: list[list[float] | None] = [None] * len(batch)
        if rows:
            start = self._tokens.prompt(self._language, timestamps=False)
            frames = [round(batch[row].seconds * 100) for row in rows]
            for row, found in zip(rows, encoded.align(rows, start, [texts[row] for row in rows], frames), strict=True):
                times[row] = found
        return times

    def _timed(self, ids: list[int], times: list[float], offset: float) -> tuple[Word, ...]:
        """Return the words of a piece's text tokens, given when each token begins; times count from `offset`."""
        words, position = [], 0
        for text, word_ids in self._tokens.words(ids):
            begin, position = times[position], position + len(word_ids)
            words.append(Word(offset + begin, offset + max(begin, times[position]), text.strip()))
        return tuple(words)


def _still_there(words: Sequence[Word], text: str) -> tuple[Word, ...]:
    """Return the words of a text from which a repeated passage was cut."""
    kept, place = [], 0
    for word in words:
        place += len(text[place:]) - len(text[place:].lstrip())
        if text.startswith(word.text, place):
            kept.append(word)
            place += len(word.text)
    return tuple(kept)
