"""Slaney's mel bands, as `librosa.filters.mel` defines them, without the seconds that importing librosa takes."""

from functools import lru_cache

import numpy as np

# Linear below 1 kHz at 200/3 Hz a mel, above it 27 steps to each factor of 6.4.
_LINEAR_HZ, _BREAK_HZ, _BREAK_MEL, _LOG_STEP = 200.0 / 3.0, 1000.0, 15.0, np.log(6.4) / 27.0


@lru_cache
def mel_bands(bands: int, sample_rate_hz: int, fft_samples: int) -> np.ndarray:
    """Return triangular bands, each of unit area, between 0 Hz and half the sample rate.

    Returns:
        float32 (bands, fft_samples // 2 + 1): weights on the bins of a real FFT.
    """
    edges = _mel_to_hz(np.linspace(0.0, _hz_to_mel(sample_rate_hz / 2), bands + 2))
    bins = np.fft.rfftfreq(fft_samples, 1 / sample_rate_hz)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def _hz_to_mel(hz: float) -> float:
    return hz / _LINEAR_HZ if hz < _BREAK_HZ else _BREAK_MEL + np.log(hz / _BREAK_HZ) / _LOG_STEP


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL)))
