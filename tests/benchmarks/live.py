"""How soon do spoken words stand on the page, does live text keep up, and is it that of the file?

    python tests/benchmarks/live.py CLIP… [--language fa] [--minutes 10] [--pauses]

A clip is spoken into a live session as the page does it: whatever gathered while the last answer was made goes with the
next message. Time is counted, not waited for: that of the sound, the page's rest of 0.15 s between two messages, and
the seconds that the answers really take. A word's delay is from its end, by the file's word times, until a draft or a
line reaches so far; as written, until the very word of the file's text stands there, which a draft may have otherwise.
The lag is from the end of a message's sound until its answer. `--minutes` says the clips over and over for so long.
`--pauses` asks instead which pause ends a span with how much loss against the file.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import setup  # noqa: F401  (makes the project importable)

from najva import audio
from najva.comparison import rule_for, word_error_rate
from najva.live import LIVE_CUTTING, Answer, LiveSession
from najva.persian import normalize
from najva.services import Services
from najva.settings import Settings
from najva.transcriber import Transcript
from najva.transcriber.transcript import UNSPACED_LANGUAGES
from najva.vad import SAMPLE_RATE_HZ, Span, SpanCutter, cut_into_spans

PAUSES = (0.5, 0.6, 0.8, 1.0, 1.2, 1.5)
REST_SECONDS = 0.15


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--language", default="auto")
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--pauses", action="store_true")
    options = parser.parse_args()
    services = Services(Settings.from_environment(), say=lambda line: None)
    sounds = {clip.name: audio.read(clip, sample_rate_hz=SAMPLE_RATE_HZ)[0] for clip in options.clips}
    if options.pauses:
        print_pauses(services, options)
        return
    if options.minutes:
        wanted = round(options.minutes * 60 * SAMPLE_RATE_HZ)
        whole = np.concatenate([*sounds.values()])
        sounds = {f"{options.minutes:g} minutes": np.resize(whole, wanted)}
    print(
        "| clip | seconds | messages | a word's delay, median, s | 95 % | as written, median | 95 % "
        "| lag, first minute, s | last minute | busy |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, sound in sounds.items():
        spoken = [*speak(services, sound, options.language)]
        reached, written = (sorted(column) for column in word_delays(services, sound, options.language, spoken))
        end = spoken[-1].sent_seconds
        first = max(one.lag for one in spoken if one.sent_seconds <= 60)
        last = max(one.lag for one in spoken if one.sent_seconds > end - 60)
        busy = sum(one.lag for one in spoken) / end
        cells = [value for column in (reached, written) for value in (statistics.median(column), _most(column))]
        cells += [first, last]
        told = " | ".join(f"{cell:.2f}" for cell in cells)
        print(f"| {name} | {end:.0f} | {len(spoken)} | {told} | {100 * busy:.0f} % |", flush=True)


@dataclass(frozen=True)
class Message:
    """One message and its answer, in seconds since the speaker began.

    Attributes:
        sent_seconds: when it was sent: the sound up to then is in it.
        lag: until its answer was there.
        answer: what the session said.
    """

    sent_seconds: float
    lag: float
    answer: Answer


def speak(services: Services, sound: np.ndarray, language: str) -> Iterator[Message]:
    """Yield a session's messages as the page would have sent them."""

    def write(span: Span, code: str, draft: bool) -> Transcript:
        return services.transcribe_span(span, code, once=draft)

    sent, now = 0, REST_SECONDS
    session = LiveSession(SpanCutter(services.transcriber.detector, LIVE_CUTTING), write, 36_000.0, clock=lambda: now)
    while sent < sound.size:
        until = min(sound.size, round(now * SAMPLE_RATE_HZ))
        message, sent = sound[sent:until], until
        started = time.perf_counter()
        answer = session.push(session.next_number, message, last=sent == sound.size, language=language)
        lag = time.perf_counter() - started
        yield Message(now, lag, answer)
        now += lag + REST_SECONDS


def word_delays(
    services: Services, sound: np.ndarray, language: str, spoken: list[Message]
) -> tuple[list[float], list[float]]:
    """Return how long after the end of each word something reached it, and it was seen itself, where it ever was."""
    blocks = (sound[start : start + SAMPLE_RATE_HZ] for start in range(0, sound.size, SAMPLE_RATE_HZ))
    *_, whole = services.transcriber.stream(blocks, language, "word")
    rule, reached, seen = rule_for(whole.language.code), [], []
    is_spaced = whole.language.code not in UNSPACED_LANGUAGES
    for word in (word for segment in whole.segments for word in segment.words):
        # Not before it was said: the same word may have been said a moment ago.
        later = [one for one in spoken if word.end <= one.sent_seconds < word.end + 25]
        middle, letters = (word.start + word.end) / 2, normalize(word.text, rule)
        so_far = (one for one in later if _reach(one.answer) >= middle)
        itself = (one for one in later if letters and _has(_near(one.answer, middle, rule), letters, is_spaced))
        for found, first in ((reached, next(so_far, None)), (seen, next(itself, None))):
            found += [first.sent_seconds + first.lag - word.end] if first else []
    return reached, seen


def _reach(answer: Answer) -> float:
    return max(answer.draft.end_seconds, *(one.span.end_seconds for one in answer.captions), 0.0)


def _most(column: list[float]) -> float:
    return column[int(0.95 * len(column))]


def _near(answer: Answer, seconds: float, rule: str) -> str:
    """Return what an answer says was said about then."""
    found = [f"{answer.draft.firm} {answer.draft.pale}"]
    captions = (one for one in answer.captions if one.span.start_seconds <= seconds <= one.span.end_seconds)
    return normalize(" ".join([*found, *(one.transcript.text for one in captions)]), rule)


def _has(text: str, word: str, is_spaced: bool) -> bool:
    return word in text.split() if is_spaced else word in text.replace(" ", "")


def print_pauses(services: Services, options: argparse.Namespace) -> None:
    """Print how much the text of spans that end at a pause differs from that of the file's own."""
    print("| clip | " + " | ".join(f"{pause:g} s" for pause in PAUSES) + " |")
    print("| --- |" + " ---: |" * len(PAUSES))
    for clip in options.clips:
        sound, _ = audio.read(clip, sample_rate_hz=SAMPLE_RATE_HZ)
        *_, whole = services.transcribe(clip, options.language)
        language = whole.language.code
        rates = []
        for pause in PAUSES:
            cutting = replace(LIVE_CUTTING, pause_seconds=pause)
            spans = cut_into_spans([sound], services.transcriber.detector, cutting)
            text = " ".join(services.transcribe_span(span, language).text for span in spans)
            rates.append(word_error_rate(whole.text, text, rule_for(language)))
        print(f"| {clip.name} | " + " | ".join(f"{100 * rate:.1f} %" for rate in rates) + " |", flush=True)


if __name__ == "__main__":
    main()
