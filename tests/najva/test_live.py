"""A live session loses no sample and no word, whatever the pace, and refuses what does not belong to it."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from najva import audio
from najva.live import LIVE_CUTTING, Answer, Draft, LiveError, LiveSession, LiveSessions
from najva.transcriber import DetectedLanguage, Segment, Transcript
from najva.vad import SAMPLE_RATE_HZ, Span, SpanCutter, SpeechDetector, cut_into_spans
from tests import clips

CHUNK_SAMPLES = 128  # of a browser's audio worklet
WORD_SECONDS = 0.3


class Writer:
    """Writes a word for every 0.3 s of a span, named by its time in the stream; the last one of a draft is wrong.

    Attributes:
        asked: language, start and end of what was written for good, and of drafts.
    """

    def __init__(self, code: str = "en", *, busy: bool = False) -> None:
        self.code, self.busy = code, busy
        self.final, self.drafts = [], []

    def __call__(self, span: Span, language: str, draft: bool) -> Transcript | None:
        (self.drafts if draft else self.final).append((language, span.start_seconds, span.end_seconds))
        if draft and self.busy:
            return None
        first, last = (round(seconds / WORD_SECONDS) for seconds in (span.start_seconds, span.end_seconds))
        words = [f"word{number}" for number in range(first, last)]
        if draft and words:
            words[-1] = f"guess{len(self.drafts)}"
        code = self.code if language == "auto" else language
        text = Segment(span.start_seconds, span.end_seconds, " ".join(words))
        return Transcript(language=DetectedLanguage(code, {code: 1.0}, sure=True), segments=(text,))


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector()


@pytest.fixture
def sessions(detector: SpeechDetector) -> LiveSessions:
    return LiveSessions(lambda: detector, Writer(), max_sessions=2, max_seconds=60.0)


@pytest.fixture(scope="module")
def sound(session_data: Path) -> np.ndarray:
    """Speech and three seconds of silence."""
    speech, _ = audio.read(clips.DATA / "other_speech" / "jfk.flac", sample_rate_hz=SAMPLE_RATE_HZ)
    return np.concatenate([speech, np.zeros(3 * SAMPLE_RATE_HZ, np.float32)])


def new_session(detector: SpeechDetector, writer: Writer | None = None, max_seconds: float = 60.0) -> LiveSession:
    return LiveSession(SpanCutter(detector, LIVE_CUTTING), writer or Writer(), max_seconds)


def pushed(session: LiveSession, sound: np.ndarray, sizes: list[int]) -> list[Answer]:
    """Push a sound in messages of these sizes, over and over, and end the session."""
    answers, sent = [], 0
    while sent < sound.size:
        message = sound[sent : sent + sizes[len(answers) % len(sizes)]]
        sent += message.size
        answers.append(session.push(len(answers), message, last=sent == sound.size))
    return answers


def final_text(answers: list[Answer]) -> list[str]:
    return [caption.transcript.text for answer in answers for caption in answer.captions]


@pytest.mark.parametrize("answer_seconds", [0.0, 0.15, 2.0, 9.0])
def test_a_slow_writer_gets_longer_messages_and_every_sample(
    detector: SpeechDetector, sound: np.ndarray, answer_seconds: float
) -> None:
    """The page sends what gathered while the last answer was written."""
    step = max(CHUNK_SAMPLES, int(answer_seconds * SAMPLE_RATE_HZ) // CHUNK_SAMPLES * CHUNK_SAMPLES)
    session = new_session(detector)
    answers = pushed(session, sound, [step])
    assert session.received_samples == sound.size
    spans = [caption.span for answer in answers for caption in answer.captions]
    whole = list(cut_into_spans([sound], detector, LIVE_CUTTING))
    assert [span.start_seconds for span in spans] == [span.start_seconds for span in whole]
    for span, other in zip(spans, whole, strict=True):
        np.testing.assert_array_equal(span.samples, other.samples)
    assert sum(span.seconds for span in spans) > 8


@settings(max_examples=25, deadline=None, database=None)
@given(sizes=st.lists(st.integers(1, 5 * SAMPLE_RATE_HZ), min_size=1, max_size=12))
def test_any_chunking_gives_the_same_text(detector: SpeechDetector, sound: np.ndarray, sizes: list[int]) -> None:
    sizes = [max(size, 200) for size in sizes]
    expected = final_text(pushed(new_session(detector), sound, [sound.size]))
    assert final_text(pushed(new_session(detector), sound, sizes)) == expected and expected


def test_a_sentence_is_complete_at_the_pause_and_not_only_at_the_end(
    detector: SpeechDetector, sound: np.ndarray
) -> None:
    session = new_session(detector)
    answer = session.push(0, sound, last=False)
    assert answer.captions[-1].span.end_seconds == pytest.approx(11.0, abs=0.7)
    assert not session.cutter.speaking and answer.draft == Draft()
    assert session.push(1, np.zeros(0, np.float32), last=True) == Answer()


def test_words_appear_while_they_are_spoken_and_stand_firm_when_two_drafts_agree(
    detector: SpeechDetector, sound: np.ndarray
) -> None:
    writer = Writer()
    session = new_session(detector, writer)
    answers = pushed(session, sound, [SAMPLE_RATE_HZ // 2])
    drafts = [answer.draft for answer in answers if answer.draft.firm]
    assert len(drafts) >= 8 and all("guess" not in draft.firm and "guess" in draft.pale for draft in drafts)
    # What stands firm is the beginning of what is written for good.
    lines = final_text(answers)
    assert all(any(line.startswith(draft.firm) for line in lines) for draft in drafts)
    assert answers[-1].draft == Draft()
    # In the pause nothing new is said, and nothing is decoded again.
    starts = [start for _, start, _ in writer.final]
    ends = {start: [end for _, begun, end in writer.drafts if begun == start] for start in starts}
    assert all(later - earlier >= 0.4 for found in ends.values() for earlier, later in pairwise(found))


def test_a_draft_that_must_wait_leaves_the_last_one(detector: SpeechDetector, sound: np.ndarray) -> None:
    writer = Writer()
    session = new_session(detector, writer)
    first = session.push(0, sound[: round(1.4 * SAMPLE_RATE_HZ)], last=False).draft
    writer.busy = True
    later = session.push(1, sound[round(1.4 * SAMPLE_RATE_HZ) : 2 * SAMPLE_RATE_HZ], last=False).draft
    assert first.pale and later == first and len(writer.drafts) == 2


def test_a_short_word_is_in_the_language_of_the_session(detector: SpeechDetector, sound: np.ndarray) -> None:
    writer = Writer("fa")
    session = new_session(detector, writer)
    session.push(0, sound, last=False)
    kinds = {round(end - start, 2): language for language, start, end in writer.final}
    assert all(language == ("auto" if seconds >= 3 else "fa") for seconds, language in list(kinds.items())[1:])
    writer.final.clear()
    # Kennedy's "And so" alone.
    session.push(1, np.concatenate([sound[: int(0.9 * SAMPLE_RATE_HZ)], np.zeros(32000, np.float32)]), last=False)
    assert [language for language, *_ in writer.final] == ["fa"]
    writer.final.clear()
    session.push(2, sound, last=True, language="de")
    assert {language for language, *_ in writer.final} == {"de"}


def test_captions_are_kept_for_their_chinese_once(detector: SpeechDetector, sound: np.ndarray) -> None:
    session = new_session(detector)
    answer = session.push(0, sound, last=True, keep=True)
    assert session.ended and not session.is_over
    for caption in answer.captions:
        assert session.take(caption.number) is caption
    assert session.is_over
    with pytest.raises(LiveError, match="no longer kept"):
        session.take(0)
    unwanted = new_session(detector)
    unwanted.push(0, sound, last=True)
    assert unwanted.is_over


@pytest.mark.parametrize("number", [0, 2, 99])
def test_gap_or_repetition_is_refused(sessions: LiveSessions, number: int) -> None:
    session = sessions.get("visitor", 0)
    session.push(0, np.zeros(512, np.float32), last=False)
    with pytest.raises(LiveError, match="Message 1 of this session got lost"):
        session.push(number, np.zeros(512, np.float32), last=False)
    assert session.received_samples == 512


def test_more_sound_than_time_is_refused(detector: SpeechDetector) -> None:
    now = [1000.0]
    session = LiveSession(SpanCutter(detector, LIVE_CUTTING), Writer(), 3600.0, clock=lambda: now[0])
    minute = np.zeros(60 * SAMPLE_RATE_HZ, np.float32)
    session.push(0, minute, last=False)
    session.push(1, minute, last=False)
    with pytest.raises(LiveError, match="More sound came than time has passed"):
        session.push(2, minute, last=False)
    now[0] += 60
    session.push(2, minute, last=False)
    assert session.received_samples == 3 * minute.size


def test_of_two_equal_messages_at_once_one_is_taken(sessions: LiveSessions) -> None:
    session = sessions.get("visitor", 0)

    def push(_: int) -> bool:
        with session.lock:
            try:
                session.push(0, np.zeros(16000, np.float32), last=False)
            except LiveError:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(push, range(8))) == 1
    assert session.received_samples == 16000


def test_at_the_limit_everything_said_until_then_is_given(detector: SpeechDetector, sound: np.ndarray) -> None:
    session = new_session(detector, max_seconds=7.0)
    session.push(0, sound[: 6 * SAMPLE_RATE_HZ], last=False)
    assert session.cutter.speaking and not session.full
    (cut,) = session.push(1, sound[6 * SAMPLE_RATE_HZ : 9 * SAMPLE_RATE_HZ], last=False).captions
    assert session.full and session.ended
    assert session.received_samples == 7 * SAMPLE_RATE_HZ
    # Kennedy is in the middle of "what your country can do for you".
    heard = sound[round(cut.span.start_seconds * SAMPLE_RATE_HZ) : 7 * SAMPLE_RATE_HZ]
    assert heard.size > SAMPLE_RATE_HZ
    np.testing.assert_array_equal(cut.span.samples[: heard.size], heard)


def test_exactly_as_long_as_the_limit_is_not_too_long(sessions: LiveSessions) -> None:
    session = sessions.get("visitor", 0)
    session.push(0, np.zeros(60 * SAMPLE_RATE_HZ, np.float32), last=False)
    assert not session.full
    session.push(1, np.zeros(1, np.float32), last=False)
    assert session.full


def test_table_is_bounded_and_forgets(detector: SpeechDetector) -> None:
    sessions = LiveSessions(lambda: detector, Writer(), max_sessions=2, idle_seconds=60.0)
    first = sessions.get("first", 0)
    sessions.get("second", 0)
    assert sessions.get("first", 0) is first
    with pytest.raises(LiveError, match="2 people are speaking already"):
        sessions.get("third", 0)
    sessions.end("second")
    sessions.get("third", 0)
    first.used_at -= 61
    assert sessions.get("fourth", 0) is not first
    assert len(sessions) == 2


def test_who_left_without_a_word_is_forgotten_though_nobody_else_comes(detector: SpeechDetector) -> None:
    sessions = LiveSessions(lambda: detector, Writer(), idle_seconds=0.1)
    sessions.get("somebody", 0)
    assert len(sessions) == 1
    deadline = time.monotonic() + 5
    while len(sessions) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(sessions) == 0


def test_an_ended_session_gives_its_captions_and_is_not_spoken_into(sessions: LiveSessions, sound: np.ndarray) -> None:
    answer = sessions.get("visitor", 0).push(0, sound, last=True, keep=True)
    with pytest.raises(LiveError, match="has ended"):
        sessions.get("visitor", 1)
    assert len(sessions) == 0
    for caption in answer.captions:
        assert sessions.take("visitor", caption.number) is caption
    with pytest.raises(LiveError, match="no longer kept"):
        sessions.take("visitor", 0)


def test_unknown_session_is_refused(sessions: LiveSessions) -> None:
    with pytest.raises(LiveError, match="has ended"):
        sessions.get("nobody", 3)
    with pytest.raises(LiveError, match="no longer kept"):
        sessions.take("nobody", 3)
    assert len(sessions) == 0
