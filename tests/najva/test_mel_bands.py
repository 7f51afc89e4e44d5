import librosa
import numpy as np
import pytest

from najva.mel_bands import mel_bands


@pytest.mark.parametrize(
    ("bands", "sample_rate_hz", "fft_samples"), [(80, 16000, 400), (128, 16000, 400), (128, 22050, 1024)]
)
def test_bands_are_librosas(bands: int, sample_rate_hz: int, fft_samples: int) -> None:
    theirs = librosa.filters.mel(sr=sample_rate_hz, n_fft=fft_samples, n_mels=bands)
    assert np.abs(mel_bands(bands, sample_rate_hz, fft_samples) - theirs).max() < 1e-7
