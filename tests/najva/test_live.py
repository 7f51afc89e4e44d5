"""A live session loses no sample, whatever the pace, and refuses what does not belong to it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from najva import audio
from najva.live import LiveError, LiveSession, LiveSessions
from najva.vad import SAMPLE_RATE_HZ, SpeechDetector
from tests import clips

CHUNK_SAMPLES = 128  # of a browser's audio worklet


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector()


@pytest.fixture
def sessions(detector: SpeechDetector) -> LiveSessions:
    return LiveSessions(lambda: detector, max_sessions=2, max_seconds=60.0)


def spoken() -> np.ndarray:
    """Speech and three seconds of silence."""
    speech, _ = audio.read(clips.DATA / "other_speech" / "jfk.flac", sample_rate_hz=SAMPLE_RATE_HZ)
    return np.concatenate([speech, np.zeros(3 * SAMPLE_RATE_HZ, np.float32)])


def send_when_ready(session: LiveSession, sound: np.ndarray, answer_seconds: float) -> tuple[list, list[int]]:
    """Do what the page does at a writer that takes so long for every answer; gives the spans and the message sizes."""
    spans, sizes, sent = [], [], 0
    step = max(CHUNK_SAMPLES, int(answer_seconds * SAMPLE_RATE_HZ) // CHUNK_SAMPLES * CHUNK_SAMPLES)
    while sent < sound.size:
        message = sound[sent : sent + step]
        sent += message.size
        spans += session.push(len(sizes), message, last=sent == sound.size)
        sizes.append(message.size)
    return spans, sizes


@pytest.mark.parametrize("answer_seconds", [0.0, 0.15, 2.0, 9.0])
def test_slow_writer_gets_longer_messages_and_every_sample(
    test_data: Path, sessions: LiveSessions, answer_seconds: float
) -> None:
    sound = spoken()
    at_once = sessions.get("at once", 0)
    expected = at_once.push(0, sound, last=True)
    session = sessions.get("in parts", 0)
    spans, sizes = send_when_ready(session, sound, answer_seconds)
    assert session.received_samples == sum(sizes) == sound.size
    assert [span.start_seconds for span in spans] == [span.start_seconds for span in expected]
    for span, whole in zip(spans, expected, strict=True):
        np.testing.assert_array_equal(span.samples, whole.samples)
    assert sum(span.seconds for span in spans) > 8


def test_sentence_is_complete_at_the_pause_and_not_only_at_the_end(test_data: Path, sessions: LiveSessions) -> None:
    session = sessions.get("visitor", 0)
    found = session.push(0, spoken(), last=False)
    assert found
    assert found[-1].end_seconds == pytest.approx(11.0, abs=0.7)
    assert not session.cutter.speaking
    assert session.push(1, np.zeros(0, np.float32), last=True) == []


@pytest.mark.parametrize("number", [0, 2, 99])
def test_gap_or_repetition_is_refused(sessions: LiveSessions, number: int) -> None:
    session = sessions.get("visitor", 0)
    session.push(0, np.zeros(512, np.float32), last=False)
    with pytest.raises(LiveError, match="Message 1 of this session got lost"):
        session.push(number, np.zeros(512, np.float32), last=False)
    assert session.received_samples == 512


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


def test_at_the_limit_everything_said_until_then_is_given(test_data: Path, detector: SpeechDetector) -> None:
    sessions = LiveSessions(lambda: detector, max_seconds=7.0)
    session, sound = sessions.get("visitor", 0), spoken()
    session.push(0, sound[: 6 * SAMPLE_RATE_HZ], last=False)
    assert session.cutter.speaking
    assert not session.full
    (cut,) = session.push(1, sound[6 * SAMPLE_RATE_HZ : 9 * SAMPLE_RATE_HZ], last=False)
    assert session.full
    assert session.received_samples == 7 * SAMPLE_RATE_HZ
    # Kennedy is in the middle of "what your country can do for you".
    heard = sound[round(cut.start_seconds * SAMPLE_RATE_HZ) : 7 * SAMPLE_RATE_HZ]
    assert heard.size > SAMPLE_RATE_HZ
    np.testing.assert_array_equal(cut.samples[: heard.size], heard)


def test_exactly_as_long_as_the_limit_is_not_too_long(sessions: LiveSessions) -> None:
    session = sessions.get("visitor", 0)
    session.push(0, np.zeros(60 * SAMPLE_RATE_HZ, np.float32), last=False)
    assert not session.full
    session.push(1, np.zeros(1, np.float32), last=False)
    assert session.full


def test_table_is_bounded_and_forgets(detector: SpeechDetector) -> None:
    sessions = LiveSessions(lambda: detector, max_sessions=2, idle_seconds=60.0)
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


def test_unknown_session_is_refused(sessions: LiveSessions) -> None:
    with pytest.raises(LiveError, match="has ended"):
        sessions.get("nobody", 3)
    assert len(sessions) == 0
