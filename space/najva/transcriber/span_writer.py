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
        words = self._align(batch, encoded, hypotheses) if self._words else [[] for _ in batch]
        return [self._segments(*parts) for parts in zip(batch, hypotheses, words, strict=True)]

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

    def _segments(self, span: Span, hypothesis: Hypothesis, words: list[Word]) -> Written:
        """Split a span's tokens at their times and clean each piece."""
        written, thresholds = Written(span), self._behaviour.thresholds
        if is_silence(hypothesis, thresholds):
            written.flags.add("no_speech")
            return written
        if hypothesis.mean_log_probability < thresholds.mean_log_probability:
            written.flags.add("low_confidence")
        ended = 0.0
        pieces = list(self._pieces(hypothesis.tokens, span.seconds))
        owners = [_owner(word, [span.start_seconds + start for start, _, _ in pieces]) for word in words]
        for number, (start, end, ids) in enumerate(pieces):
            text, looped = cut_loops(self._tokens.text(ids).strip())
            if looped:
                written.flags |= {"loop_cut", "low_confidence"}
            if not any(character.isalnum() for character in text):
                continue
            begin, finish = span.start_seconds + start, span.start_seconds + end
            inside = tuple(word for word, owner in zip(words, owners, strict=True) if owner == number)
            written.segments.append(Segment(begin, finish, text, inside, tuple(sorted(written.flags))))
            ended = end
        spoken = sum(token < self._tokens.end_of_text for token in hypothesis.tokens)
        credible = ended > 0 and spoken <= _MAX_SPOKEN_TOKENS_PER_SECOND * ended and "loop_cut" not in written.flags
        if credible and span.seconds - ended >= _REST_SECONDS:
            rest = span.samples[round(ended * SAMPLE_RATE_HZ) :]
            written.rest.append(Span(span.start_seconds + ended, rest))
        return written

    def _pieces(self, tokens: list[int], seconds: float) -> Iterator[tuple[float, float, list[int]]]:
        """Yield start, end (seconds from the span's start) and text tokens of each timed piece.

        Pieces that claim to start in the silence after the span are invented and left out.
        """
        start, ids = 0.0, []
        for token in tokens:
            at = self._tokens.seconds(token)
            if at is None:
                ids.append(token)
                continue
            if ids and start < seconds:
                yield start, min(max(at, start), seconds), ids
            start, ids = at, []
        if ids and start < seconds:
            yield start, seconds, ids

    def _align(self, batch: Sequence[Span], encoded: Encoded, hypotheses: Sequence[Hypothesis]) -> list[list[Word]]:
        """Return the words of every span with their times."""
        texts = [[i for i in hypothesis.tokens if i < self._tokens.end_of_text] for hypothesis in hypotheses]
        rows = [row for row, text in enumerate(texts) if text]
        words: list[list[Word]] = [[] for _ in batch]
        if not rows:
            return words
        start = self._tokens.prompt(self._language, timestamps=False)
        frames = [round(batch[row].seconds * 100) for row in rows]
        times = encoded.align(rows, start, [texts[row] for row in rows], frames)
        for row, token_times in zip(rows, times, strict=True):
            offset, position = batch[row].start_seconds, 0
            for text, ids in self._tokens.words(texts[row]):
                begin, position = token_times[position], position + len(ids)
                end = max(begin, token_times[position])
                words[row].append(Word(offset + begin, offset + end, text.strip()))
        return words


def _owner(word: Word, starts: Sequence[float]) -> int:
    """Return the number of the piece in which a word is said: the last that has begun by the word's middle.

    Alignment and timestamps disagree by tenths of a second, so that a last word may lie beyond the end of its piece.
    """
    begun = sum(start <= (word.start + word.end) / 2 for start in starts)
    return max(0, begun - 1)
