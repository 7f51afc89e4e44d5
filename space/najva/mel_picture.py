"""A picture of a sound: how loud each band of pitches is over time, in constant memory however long it is."""

import numpy as np

from najva.mel_bands import mel_bands

_FFT_SAMPLES = 2048
_LEAST_POWER = 1e-12
_DYNAMIC_DB = 70.0
# What never gets louder is silence, and dark.
_LEAST_LOUD_DB = -50.0


class MelPicture:
    """Columns of mel power, gathered block by block.

    While there are more than twice as many columns as wanted, neighbours are joined, so that a song of 30 s and a
    recording of three hours end up with pictures of the same size.

    Args:
        sample_rate_hz: of the blocks.
        bands: rows of the picture.
        columns: the picture has so many, up to twice so many; a short sound has fewer.
    """

    def __init__(self, sample_rate_hz: int, bands: int = 64, columns: int = 400) -> None:
        self.sample_rate_hz, self._columns_wanted = sample_rate_hz, columns
        self._window = np.hanning(_FFT_SAMPLES).astype(np.float32)
        self._triangles = mel_bands(bands, sample_rate_hz, _FFT_SAMPLES).T
        self._held = np.empty(0, np.float32)
        # So many frames are one column; what is summed up of the next column, and of how many frames.
        self._frames_per_column, self._sum, self._frames = 1, np.zeros(bands), 0
        self._columns: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """Look at the next samples, float32 (samples,)."""
        self._held = np.concatenate([self._held, block])
        count = len(self._held) // _FFT_SAMPLES
        frames = self._held[: count * _FFT_SAMPLES].reshape(count, _FFT_SAMPLES) * self._window
        self._held = self._held[count * _FFT_SAMPLES :]
        for power in np.square(np.abs(np.fft.rfft(frames))) @ self._triangles:
            self._sum += power
            self._frames += 1
            if self._frames == self._frames_per_column:
                self._columns.append(self._sum / self._frames)
                self._sum, self._frames = np.zeros_like(self._sum), 0
                if len(self._columns) >= 2 * self._columns_wanted:
                    self._columns = [(a + b) / 2 for a, b in zip(self._columns[::2], self._columns[1::2], strict=True)]
                    self._frames_per_column *= 2

    def picture(self) -> np.ndarray:
        """Return the picture, float32 (bands, columns) from 0 (silent) to 1 (loudest), low pitches first."""
        if not self._columns:
            return np.zeros((len(self._sum), 1), np.float32)
        decibels = 10 * np.log10(np.maximum(np.array(self._columns).T, _LEAST_POWER))
        loudest = max(decibels.max(), _LEAST_LOUD_DB)
        return np.clip((decibels - loudest) / _DYNAMIC_DB + 1, 0, 1).astype(np.float32)
