"""Sample rate conversion of a whole waveform or of a stream, with soxr's HQ recipe, librosa's default ("soxr_hq")."""

from collections.abc import Iterable, Iterator

import numpy as np
import soxr


def resample(waveform: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Converts the sample rate of a waveform; the result is that of ``librosa.resample``.

    Args:
        waveform: float32 of shape ``(samples,)``.
        from_hz: Its rate.
        to_hz: The rate wanted.

    Returns:
        float32 of shape ``(ceil(samples * to_hz / from_hz),)``; the waveform itself where the rates are equal.

    Raises:
        ValueError: A rate is not positive.
    """
    if from_hz == to_hz:
        return waveform
    resampled = soxr.resample(np.ascontiguousarray(waveform, dtype=np.float32), from_hz, to_hz, quality="HQ")
    return np.pad(resampled, (0, _missing_samples(len(waveform), len(resampled), from_hz, to_hz)))


def resample_chunks(chunks: Iterable[np.ndarray], from_hz: int, to_hz: int) -> Iterator[np.ndarray]:
    """Converts the sample rate of a stream; the joined result is that of `resample` on the joined chunks.

    Args:
        chunks: float32 arrays of shape ``(samples,)``, of any lengths.
        from_hz: Their rate.
        to_hz: The rate wanted.

    Yields:
        float32 arrays of shape ``(samples,)``, of any lengths, empty ones among them.

    Raises:
        ValueError: A rate is not positive.
    """
    if from_hz == to_hz:
        yield from chunks
        return
    stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")
    received = produced = 0
    for chunk in chunks:
        resampled = stream.resample_chunk(chunk)
        received += len(chunk)
        produced += len(resampled)
        yield resampled
    tail = stream.resample_chunk(np.empty(0, dtype=np.float32), last=True)
    yield np.pad(tail, (0, _missing_samples(received, produced + len(tail), from_hz, to_hz)))


def _missing_samples(received: int, produced: int, from_hz: int, to_hz: int) -> int:
    """How many zeros bring soxr's output, whose length is rounded, to the length rounded up (0 or 1)."""
    return max(0, -(-received * to_hz // from_hz) - produced)
