"""A live session: samples in, words out, nothing lost in between. Knows neither Gradio nor a model.

What is said is written down for good at a pause. Before that it is written again and again as far as it goes, and the
words on which two such drafts in a row agree stand firm (LocalAgreement-2, Macháček et al. 2023, arXiv 2307.14743).
"""

import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from threading import Lock, Timer

import numpy as np

from najva.languages import AUTO
from najva.transcriber import Transcript
from najva.transcriber.transcript import UNSPACED_LANGUAGES
from najva.vad import SAMPLE_RATE_HZ, Cutting, Span, SpanCutter, SpeechDetector

# A speaker waits for the text at a pause, so a shorter one than a file's ends a span. The words are there as a draft
# before; of shorter pieces more is misheard (`tests/benchmarks/live.py`).
LIVE_CUTTING = Cutting(pause_seconds=1.0, max_seconds=20.0)
MAX_SESSION_SECONDS = 3600.0
# Of a shorter span the language is not asked where the session has one: "yes" sounds like many.
_TELLING_SECONDS = 3.0
# What must be new for another draft; the first wants as much speech.
_DRAFT_STEP_SECONDS = 0.4
# A draft that is longer is decoded again from a gap on only.
_LONG_DRAFT_SECONDS = 6.0
# A browser whose page slept sends what it kept; beyond this nobody can have spoken so much since the session began.
_SLACK_SECONDS = 120.0
# Captions whose Chinese nobody has asked for yet; the oldest goes.
_MOST_KEPT = 8

_ENDED = "This live session has ended; start a new one."
_NOT_KEPT = "This caption is no longer kept."

# Writes down a span in a language, by its code or `auto`, for good or as a draft; None where a draft must wait.
Write = Callable[[Span, str, bool], Transcript | None]


class LiveError(ValueError):
    """A message of a live session cannot be accepted; one sentence says why."""


@dataclass(frozen=True)
class Caption:
    """What was said up to a pause.

    Attributes:
        number: its place in the session, from 0 on.
        span: the speech.
        transcript: its text; times count from the session's start.
    """

    number: int
    span: Span
    transcript: Transcript


@dataclass(frozen=True)
class Draft:
    """What is being said, as far as it goes.

    Attributes:
        firm: beginning on which two drafts agree.
        pale: the rest, which may change.
        language: its code.
        start_seconds: where the speech began in the session.
        end_seconds: up to where it is written.
    """

    firm: str = ""
    pale: str = ""
    language: str = ""
    start_seconds: float = 0.0
    end_seconds: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What a session says to the samples it was sent: what is certain now, and what is not yet."""

    captions: tuple[Caption, ...] = ()
    draft: Draft = Draft()


@dataclass
class LiveSession:
    """One visitor at the microphone.

    Messages carry a number, so that a lost or repeated one is noticed and not written over.

    Attributes:
        cutter: cuts the stream at pauses.
        write: see `Write`.
        max_seconds: length at which the session ends.
        clock: seconds that only grow.
        full: whether it has ended by its length; what came after was not taken.
        ended: whether nothing more is taken.
        next_number: number that the next message must have.
        received_samples: samples taken so far, at the microphone's rate.
        used_at: `clock()` of the last message.
    """

    cutter: SpanCutter
    write: Write
    max_seconds: float
    clock: Callable[[], float] = time.monotonic
    full: bool = False
    ended: bool = False
    next_number: int = 0
    received_samples: int = 0
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Begin with nothing heard."""
        self.used_at = self._began_at = self.clock()
        self._spoken: Counter[str] = Counter()
        self._captions = 0
        # Of its own, as whoever takes a caption shall not wait until the next one is written.
        self._kept: dict[int, Caption] = {}
        self._keeping = Lock()
        self._begin_draft(0.0)

    def _begin_draft(self, start_seconds: float) -> None:
        self._draft, self._drafted_to = Draft(start_seconds=start_seconds), start_seconds
        # What is no longer decoded again, up to where, and the last draft's words after it.
        self._settled, self._settled_to = "", start_seconds
        # Of those the beginning that stands firm.
        self._units: list[str] = []
        self._firm: list[str] = []
        self._drafted_in, self._heard_in, self._is_spaced = "", "", True

    def push(self, number: int, samples: np.ndarray, *, last: bool, language: str = AUTO, keep: bool = False) -> Answer:
        """Take the next samples.

        Args:
            number: 0 for the first message, then one more each time.
            samples: float32 (samples,), mono at 16 kHz; may be empty.
            last: whether the speaker has stopped.
            language: in which it is to be written, or `auto`.
            keep: whether captions will be taken for their Chinese.

        Returns:
            What is complete now; at the limit of length, everything said until then.

        Raises:
            LiveError: a message was lost, or there is more sound than time has passed.
        """
        if self.ended:
            raise LiveError(_ENDED)
        if number != self.next_number:
            raise LiveError(f"Message {self.next_number} of this session got lost; stop and start again.")
        self.used_at = self.clock()
        if self.used_at - self._began_at > self.max_seconds + _SLACK_SECONDS:
            # Of messages without sound no count of samples ever ends a session.
            raise LiveError(_ENDED)
        if self.received_samples + samples.size > (self.used_at - self._began_at + _SLACK_SECONDS) * SAMPLE_RATE_HZ:
            raise LiveError("More sound came than time has passed: a recording goes to the tab for recordings.")
        room = int(self.max_seconds * SAMPLE_RATE_HZ) - self.received_samples
        self.full = samples.size > room
        samples = samples[:room]
        self.next_number += 1
        self.received_samples += samples.size
        spans, is_last = self.cutter.push(samples), last or self.full
        if is_last:
            spans += self.cutter.flush()
        captions = tuple(caption for span in spans if (caption := self._write_down(span, language)))
        if keep:
            self._keep(captions)
        # Only now: until its captions are kept nobody shall take the session for one that is over.
        self.ended, self.used_at = is_last, self.clock()
        return Answer(captions, self._drafted(language))

    def take(self, number: int) -> Caption:
        """Return a caption that was not taken yet, for its Chinese.

        Raises:
            LiveError: there is none.
        """
        with self._keeping:
            caption = self._kept.pop(number, None)
        if caption is None:
            raise LiveError(_NOT_KEPT)
        self.used_at = self.clock()
        return caption

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come of it."""
        return self.ended and not self._kept

    def _write_down(self, span: Span, language: str) -> Caption | None:
        transcript = self.write(span, self._asked(span, language), False)
        if transcript is None or not transcript.segments:
            return None
        if (language == AUTO and span.seconds >= _TELLING_SECONDS) or not self._spoken:
            self._spoken[transcript.language.code] += span.seconds
        caption = Caption(self._captions, span, transcript)
        self._captions += 1
        return caption

    def _keep(self, captions: tuple[Caption, ...]) -> None:
        with self._keeping:
            self._kept |= {caption.number: caption for caption in captions}
            for number in sorted(self._kept)[:-_MOST_KEPT]:
                del self._kept[number]

    def _asked(self, span: Span, language: str) -> str:
        """Return the language that a span is to be written in: a short one's is the session's, if it has one."""
        if language != AUTO or span.seconds >= _TELLING_SECONDS or not self._spoken:
            return language
        return self._spoken.most_common(1)[0][0]

    def _asked_of_draft(self, language: str) -> str:
        """Return the language of a draft: a model of one language is not to wait for the base to hear which it is."""
        if language != AUTO:
            return language
        return self._spoken.most_common(1)[0][0] if self._spoken else self._heard_in or AUTO

    def _drafted(self, language: str) -> Draft:
        """Return the draft of the open span, a new one where enough was said since the last."""
        span = self.cutter.open_span()
        if span is None or self.ended:
            self._begin_draft(0.0)
            return self._draft
        if span.start_seconds != self._draft.start_seconds:
            self._begin_draft(span.start_seconds)
        if span.end_seconds - self._drafted_to < _DRAFT_STEP_SECONDS:
            return self._draft
        self._settle(language)
        part = self._write_draft(self.cutter.open_span(self._settled_to), language)
        if not part:
            return self._draft
        self._drafted_to = span.end_seconds
        # What stands firm stays; what the last two drafts agree on beyond it comes to it.
        agreed = sum(1 for _ in takewhile(lambda pair: _same(*pair), zip(self._units, part, strict=False)))
        self._firm += part[len(self._firm) : agreed]
        self._units = part
        firm, pale = self._joined(self._firm), self._joined(part[len(self._firm) :])
        gap = " " if self._settled and firm and self._is_spaced else ""
        self._draft = Draft(self._settled + gap + firm, pale, self._drafted_in, span.start_seconds, span.end_seconds)
        return self._draft

    def _settle(self, language: str) -> None:
        """Let a long draft's beginning be, up to the last gap in the speech, so that drafts stay short and quick."""
        gaps = [gap for gap in self.cutter.open_gaps if gap - self._settled_to >= _LONG_DRAFT_SECONDS / 3]
        if self._drafted_to - self._settled_to < _LONG_DRAFT_SECONDS or not gaps:
            return
        # Heard for the second time at least: the drafts before reached beyond it.
        beginning = self._write_draft(self.cutter.open_span(self._settled_to, gaps[-1]), language)
        if beginning:
            text = self._joined([*self._firm, *beginning[len(self._firm) :]])
            self._settled += (" " if self._settled and self._is_spaced else "") + text
            self._settled_to, self._firm, self._units = gaps[-1], [], []

    def _write_draft(self, span: Span, language: str) -> list[str] | None:
        """Return the words of a draft, or the letters of a language without spaces; None where it must wait."""
        transcript = self.write(span, self._asked_of_draft(language), True)
        if transcript is None or not transcript.segments:
            return None
        code = transcript.language.code
        self._drafted_in = code
        if span.seconds >= _TELLING_SECONDS:
            self._heard_in = code
        self._is_spaced = code not in UNSPACED_LANGUAGES
        return transcript.text.split() if self._is_spaced else _letters(transcript.text)

    def _joined(self, units: list[str]) -> str:
        return (" " if self._is_spaced else "").join(units)


def _letters(text: str) -> list[str]:
    """Return letters with the marks that belong to them."""
    found: list[str] = []
    for letter in text:
        if found and unicodedata.category(letter)[0] == "M":
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _same(one: str, other: str) -> bool:
    """Whether two words are the same, whatever punctuation stands at them; it changes as long as a sentence goes on."""
    bare = ("".join(x for x in word.casefold() if unicodedata.category(x)[0] not in "PSZ") for word in (one, other))
    return len(set(bare)) == 1


class LiveSessions:
    """The sessions that are open; a bounded table, since anybody who opens the page can start one.

    Args:
        detector: returns the voice activity network; called when the first session starts.
        write: see `Write`.
        max_sessions: sessions open at once.
        max_seconds: length of a session.
        idle_seconds: a session without messages for this long is forgotten.
    """

    def __init__(
        self,
        detector: Callable[[], SpeechDetector],
        write: Write,
        max_sessions: int = 20,
        max_seconds: float = MAX_SESSION_SECONDS,
        idle_seconds: float = 60.0,
    ) -> None:
        self._detector, self._write, self.max_sessions = detector, write, max_sessions
        self.max_seconds, self.idle_seconds = max_seconds, idle_seconds
        self._sessions: dict[str, LiveSession] = {}
        self._lock, self._timer = Lock(), None

    def __len__(self) -> int:
        """Sessions in which somebody speaks."""
        return sum(not session.ended for session in self._sessions.values())

    def get(self, name: str, number: int) -> LiveSession:
        """Return the session that a message is for, a new one for message 0.

        Raises:
            LiveError: there is no such session, or no room for another.
        """
        # Before anybody waits for it: the first time models are loaded.
        detector = self._detector() if number == 0 else None
        with self._lock:
            self._forget_old()
            if number == 0 and (name not in self._sessions or self._sessions[name].ended):
                if len(self) >= self.max_sessions:
                    raise LiveError(f"{self.max_sessions} people are speaking already; try again in a minute.")
                cutter = SpanCutter(detector, LIVE_CUTTING)
                self._sessions[name] = LiveSession(cutter, self._write, self.max_seconds)
                self._look_again()
            session = self._sessions.get(name)
        if session is None or session.ended:
            raise LiveError(_ENDED)
        return session

    def take(self, name: str, number: int) -> Caption:
        """Return a caption of a session, which may have ended; see `LiveSession.take`.

        Raises:
            LiveError: it is not kept.
        """
        with self._lock:
            session = self._sessions.get(name)
        if session is None:
            raise LiveError(_NOT_KEPT)
        caption = session.take(number)
        with self._lock:
            self._forget_old()
        return caption

    def end(self, name: str) -> None:
        """Forget a session."""
        with self._lock:
            self._sessions.pop(name, None)

    def _look_again(self) -> None:
        """See to it that whoever left without a word is forgotten, though nobody else speaks."""
        if self._timer is None or not self._timer.is_alive():
            self._timer = Timer(self.idle_seconds, self._tick)
            self._timer.daemon = True
            self._timer.start()

    def _tick(self) -> None:
        with self._lock:
            self._forget_old()
            self._timer = None
            if self._sessions:
                self._look_again()

    def _forget_old(self) -> None:
        now = time.monotonic()
        # The last ones to end first, so that what is beyond their number is the oldest.
        ended = 0
        for name, session in sorted(self._sessions.items(), key=lambda one: -one[1].used_at):
            ended += session.ended
            idle = now - session.used_at > self.idle_seconds and not session.lock.locked()
            if session.is_over or idle or (session.ended and ended > self.max_sessions):
                del self._sessions[name]
