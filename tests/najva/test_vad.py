import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import najva
from najva import audio
from najva.vad import Cutting, Span, SpanCutter, SpeechDetector, cut_into_spans
from tests import clips


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector()


@pytest.fixture(scope="module")
def reading(session_data) -> np.ndarray:
    return audio.read(clips.persian_long()[0].path, sample_rate_hz=16000)[0]


def _noise(seconds: float, level: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, level, int(seconds * 16000)).astype(np.float32)


@pytest.mark.parametrize("size", [160, 777, 16000, 480000])
def test_any_blocks_give_the_same_spans(detector: SpeechDetector, reading: np.ndarray, size: int) -> None:
    whole = list(cut_into_spans([reading], detector))
    parts = list(cut_into_spans((reading[i : i + size] for i in range(0, reading.size, size)), detector))
    assert [span.start_seconds for span in parts] == [span.start_seconds for span in whole]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(whole, parts, strict=True))


@pytest.mark.parametrize("max_seconds", [5.0, 10.0, 20.0, 29.0])
def test_spans_are_short_in_order_and_hold_the_stream(
    detector: SpeechDetector, reading: np.ndarray, max_seconds: float
) -> None:
    spans = list(cut_into_spans([reading], detector, Cutting(max_seconds=max_seconds)))
    assert all(0 < span.seconds <= max_seconds + 0.1 for span in spans)
    assert all(a.end_seconds <= b.start_seconds + 1e-6 for a, b in pairwise(spans))
    for span in spans:
        start = round(span.start_seconds * 16000)
        held = reading[start : start + span.samples.size]
        assert np.array_equal(span.samples[: held.size], held)
    # A reading is speech nearly throughout: cutting may drop pauses, not sentences.
    assert sum(span.seconds for span in spans) > 0.85 * reading.size / 16000


def test_speech_without_a_pause_is_cut_and_nothing_falls_between(detector: SpeechDetector, reading: np.ndarray) -> None:
    unbroken = np.concatenate([span.samples for span in cut_into_spans([reading], detector, Cutting(pad_seconds=0.0))])
    spans = list(cut_into_spans([unbroken], detector, Cutting(max_seconds=8.0, pause_seconds=30.0)))
    assert len(spans) > 6
    gaps = [later.start_seconds - earlier.end_seconds for earlier, later in pairwise(spans)]
    assert max(gaps) < 0.7


@pytest.mark.parametrize("sound", [np.zeros(160000, np.float32), _noise(10, 0.001), _noise(10, 0.1)])
def test_silence_and_noise_hold_no_speech(detector: SpeechDetector, sound: np.ndarray) -> None:
    assert list(cut_into_spans([sound], detector)) == []


def test_a_tone_holds_no_speech(detector: SpeechDetector) -> None:
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(160000) / 16000)).astype(np.float32)
    assert list(cut_into_spans([tone], detector)) == []


def test_memory_stays_with_the_open_span(detector: SpeechDetector) -> None:
    cutter = SpanCutter(detector)
    for _ in range(60):
        cutter.push(_noise(10, 0.001))
    assert cutter.seconds == pytest.approx(600, abs=0.1)
    assert cutter._kept.size < 2 * 16000
    assert len(cutter._quiet_probabilities) < 100


def test_an_empty_stream_has_no_spans(detector: SpeechDetector) -> None:
    assert list(cut_into_spans([], detector)) == []
    assert list(cut_into_spans([np.zeros(0, np.float32), np.zeros(5, np.float32)], detector)) == []


def test_span_times() -> None:
    span = Span(2.0, np.zeros(8000, np.float32))
    assert (span.seconds, span.end_seconds) == (0.5, 2.5)


def test_nothing_is_told_to_anybody(tmp_path: Path) -> None:
    """ONNX Runtime's telemetry keeps a device's name in the cache and a session's in the temporary folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_")) and name != "CI"}
    program = "from najva.vad import SpeechDetector; SpeechDetector()"
    mine = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(najva.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", program], env=kept | mine, check=True, timeout=120)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
