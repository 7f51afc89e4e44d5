import numpy as np
import pytest
from transformers import WhisperFeatureExtractor

from najva.transcriber.log_mel import log_mel


@pytest.mark.parametrize("seconds", [0.3, 4.0, 30.0])
def test_frames_are_those_of_transformers(seconds: float) -> None:
    waveform = np.random.default_rng(0).normal(0, 0.1, int(seconds * 16000)).astype(np.float32)
    theirs = WhisperFeatureExtractor()(waveform, sampling_rate=16000, return_tensors="np").input_features[0]
    assert np.abs(log_mel(waveform, 80, 3000) - theirs).max() < 1e-4


def test_a_shorter_window_cuts() -> None:
    waveform = np.random.default_rng(1).normal(0, 0.1, 32000).astype(np.float32)
    assert log_mel(waveform, 80, 100).shape == (80, 100)
