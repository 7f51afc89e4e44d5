"""A live session: samples in, finished spans out, nothing lost in between. Knows neither Gradio nor a model."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from najva.vad import SAMPLE_RATE_HZ, Cutting, Span, SpanCutter, SpeechDetector

# A speaker waits for the text at a pause, so a shorter one than a file's ends a span.
LIVE_CUTTING = Cutting(pause_seconds=0.6, max_seconds=20.0)
MAX_SESSION_SECONDS = 3600.0


class LiveError(ValueError):
    """A message of a live session cannot be accepted; one sentence says why."""


@dataclass
class LiveSession:
    """One visitor at the microphone.

    Messages carry a number, so that a lost or repeated one is noticed and not written over.

    Attributes:
        cutter: cuts the stream at pauses.
        max_seconds: length at which the session ends.
        full: whether it has ended so; what came after was not taken.
        next_number: number that the next message must have.
        received_samples: samples taken so far, at the microphone's rate.
        used_at: `time.monotonic()` of the last message.
    """

    cutter: SpanCutter
    max_seconds: float
    full: bool = False
    next_number: int = 0
    received_samples: int = 0
    used_at: float = field(default_factory=time.monotonic)
    lock: Lock = field(default_factory=Lock)

    def push(self, number: int, samples: np.ndarray, *, last: bool) -> list[Span]:
        """Take the next samples.

        Args:
            number: 0 for the first message, then one more each time.
            samples: float32 (samples,), mono at 16 kHz; may be empty.
            last: whether the speaker has stopped.

        Returns:
            Spans that are now complete; at the limit of length, everything said until then.

        Raises:
            LiveError: a message was lost.
        """
        if number != self.next_number:
            raise LiveError(f"Message {self.next_number} of this session got lost; stop and start again.")
        room = int(self.max_seconds * SAMPLE_RATE_HZ) - self.received_samples
        self.full = samples.size > room
        samples = samples[:room]
        self.next_number += 1
        self.received_samples += samples.size
        self.used_at = time.monotonic()
        spans = self.cutter.push(samples)
        return [*spans, *self.cutter.flush()] if last or self.full else spans


class LiveSessions:
    """The sessions that are open; a bounded table, since anybody who opens the page can start one.

    Args:
        detector: returns the voice activity network; called when the first session starts.
        max_sessions: sessions open at once.
        max_seconds: length of a session.
        idle_seconds: a session without messages for this long is forgotten.
    """

    def __init__(
        self,
        detector: Callable[[], SpeechDetector],
        max_sessions: int = 20,
        max_seconds: float = MAX_SESSION_SECONDS,
        idle_seconds: float = 60.0,
    ) -> None:
        self._detector, self.max_sessions = detector, max_sessions
        self.max_seconds, self.idle_seconds = max_seconds, idle_seconds
        self._sessions: dict[str, LiveSession] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """Sessions open now."""
        return len(self._sessions)

    def get(self, name: str, number: int) -> LiveSession:
        """Return a session, a new one for message 0.

        Raises:
            LiveError: there is no such session, or no room for another.
        """
        with self._lock:
            now = time.monotonic()
            for idle in [n for n, s in self._sessions.items() if now - s.used_at > self.idle_seconds]:
                del self._sessions[idle]
            if number == 0 and name not in self._sessions:
                if len(self._sessions) >= self.max_sessions:
                    raise LiveError(f"{self.max_sessions} people are speaking already; try again in a minute.")
                self._sessions[name] = LiveSession(SpanCutter(self._detector(), LIVE_CUTTING), self.max_seconds)
            session = self._sessions.get(name)
        if session is None:
            raise LiveError("This live session has ended; start a new one.")
        return session

    def end(self, name: str) -> None:
        """Forget a session."""
        with self._lock:
            self._sessions.pop(name, None)
