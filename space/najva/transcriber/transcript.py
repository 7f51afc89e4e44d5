"""The answer of a transcription, as the page, the API, the command line and the subtitles read it."""

from dataclasses import dataclass, field, replace

FLAGS = ("no_speech", "loop_cut", "low_confidence", "language_unsure")


@dataclass(frozen=True)
class Word:
    """One word; times in seconds from the file's start."""

    start: float
    end: float
    text: str

    def as_dict(self) -> dict:
        """Return it as JSON."""
        return {"start": round(self.start, 2), "end": round(self.end, 2), "text": self.text}


@dataclass(frozen=True)
class Segment:
    """A stretch of text; times in seconds from the file's start; `flags` are those that concern it alone."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    flags: tuple[str, ...] = ()

    def as_dict(self) -> dict:
        """Return it as JSON; `words` only where words were asked for."""
        answer: dict = {"start": round(self.start, 2), "end": round(self.end, 2), "text": self.text}
        if self.words:
            answer["words"] = [word.as_dict() for word in self.words]
        return answer | {"flags": list(self.flags)}


@dataclass(frozen=True)
class DetectedLanguage:
    """Which language a recording is in.

    Attributes:
        code: as Whisper writes it, such as `fa`; empty when nobody speaks.
        probabilities: of every language, the likeliest first; empty when the caller named the language.
        sure: whether the likeliest reaches the threshold, and no other judge spoke.
        decided_by: `whisper`, `caller`, or `persian-check` where the probe on Whisper's encoder heard Persian; the
            probabilities stay Whisper's own, so that Persian is not their first.
    """

    code: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    sure: bool = False
    decided_by: str = "whisper"

    def as_dict(self) -> dict:
        """Return it as JSON, in the form of `/detect_language`."""
        rounded = {code: round(value, 5) for code, value in self.probabilities.items()}
        return {"language": self.code, "probabilities": rounded, "sure": self.sure, "decided_by": self.decided_by}


@dataclass(frozen=True)
class Transcript:
    """A recording's text, whole or as far as it is written.

    Attributes:
        language: see `DetectedLanguage`.
        segments: in the order of time.
        flags: everything that a reader should know before trusting the text, of `FLAGS`.
        model: reference of the model that wrote it; empty when nobody speaks.
        audio_seconds: seconds of the recording listened to so far.
        compute_seconds: time the work took so far, the waiting for a turn left out.
        settled_seconds: before it nothing is added any more.
        finished: whether this is the whole.
    """

    language: DetectedLanguage = DetectedLanguage()
    segments: tuple[Segment, ...] = ()
    flags: tuple[str, ...] = ()
    model: str = ""
    audio_seconds: float = 0.0
    compute_seconds: float = 0.0
    settled_seconds: float = 0.0
    finished: bool = False

    @property
    def text(self) -> str:
        """The whole text in one line; Chinese and Japanese segments are joined as they are written, without spaces."""
        joiner = "" if self.language.code in UNSPACED_LANGUAGES else " "
        return joiner.join(segment.text for segment in self.segments)

    def as_dict(self) -> dict:
        """Return it as JSON, in the form of `/transcribe`."""
        return {
            "text": self.text,
            "language": self.language.code,
            "language_probabilities": self.language.as_dict()["probabilities"],
            "decided_by": self.language.decided_by,
            "segments": [segment.as_dict() for segment in self.segments],
            "flags": list(self.flags),
            "model": self.model,
            "audio_seconds": round(self.audio_seconds, 2),
            "compute_seconds": round(self.compute_seconds, 2),
        }

    def without_times(self) -> "Transcript":
        """Return the same with no segments but one that holds the whole text, for callers who asked for none."""
        if not self.segments:
            return self
        whole = Segment(self.segments[0].start, self.segments[-1].end, self.text)
        return replace(self, segments=(whole,))


# Written without spaces between words, so that segments join without one.
UNSPACED_LANGUAGES = frozenset({"zh", "ja", "yue", "th", "lo", "my", "km", "bo"})
