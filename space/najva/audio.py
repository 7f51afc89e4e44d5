"""The project's only audio decoder: a file of any common format becomes a float32 mono waveform.

Formats: WAV, FLAC, AU, AIFF, MP3, Ogg (Opus, Vorbis), M4A, WebM, AMR, WMA, and the sound track of MP4, MOV, MKV, WebM,
AVI and WMV videos. Nothing here trusts the file: its size is checked before it is opened, its stated duration before it
is decoded and its real duration while it is decoded. Every fault of a file is an `AudioError`, whose message is written
for the person who sent the file. How the decoding is done: `najva.audio_decoders`.
"""

import itertools
import math
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from najva.audio_decoders import MAX_SAMPLE_RATE_HZ, MIN_SAMPLE_RATE_HZ, DecodingError, open_track
from najva.resampling import resample, resample_chunks

__all__ = ["AudioError", "AudioInfo", "probe", "read", "read_blocks", "resample"]

MAX_CHANNELS = 64
# Codecs pad the last frame, and not every container says by how much: at most 2,048 samples, 0.26 s at 8 kHz.
_PADDING_SECONDS = 0.5
# What `read` reserves at most on a header's word (1 GiB of address space); a longer waveform grows as it is decoded.
_MAX_RESERVED_SAMPLES = 2**28


class AudioError(ValueError):
    """A file that cannot be used; the message names it, the limit or fault, and what to do, for a lay reader."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file's headers state about its (first) sound track.

    Attributes:
        path: The file.
        seconds: Duration, or None where the headers do not state one (a browser's recording). For MP3, AAC and AMR
            without an index it is an estimate.
        sample_rate_hz: The track's own rate.
        channels: Number of channels before the mix-down.
        size_bytes: Size of the file.
        codec: Name of the codec as the reading library writes it, lower case (``pcm_16``, ``flac``, ``mp3``, ``opus``).
    """

    path: Path
    seconds: float | None
    sample_rate_hz: int
    channels: int
    size_bytes: int
    codec: str


def probe(path: str | Path, *, max_seconds: float | None = None, max_bytes: int | None = None) -> AudioInfo:
    """Reads a file's headers and checks them against the limits; decodes nothing.

    An estimated duration (see `AudioInfo`) above the limit is replaced by the exact one, for which the packets are
    walked without decoding, about 10,000 times faster than real time, before the file is refused.

    Args:
        path: The file.
        max_seconds: Longest duration accepted, in seconds; None for any.
        max_bytes: Largest size accepted, in bytes; None for any.

    Raises:
        AudioError: The file cannot be read or is beyond a limit. A file whose headers state no duration passes here and
            is held to `max_seconds` while it is decoded.
    """
    with _opened(path, max_seconds, max_bytes) as (info, _):
        return info


def read(
    path: str | Path,
    *,
    sample_rate_hz: int | None = None,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
) -> tuple[np.ndarray, int]:
    """Decodes a whole file.

    For WAV and FLAC the result is that of ``librosa.load(path, sr=sample_rate_hz, mono=True)``. Channels are averaged;
    of several sound tracks the first is taken; values of floating-point files beyond ±1 stay as they are. A file that
    breaks off or is damaged inside gives the sound that can be decoded. Tracks are read without regard to timestamps:
    a gap between packets is closed, not filled with silence.

    Args:
        path: The file.
        sample_rate_hz: Rate to convert to (see `resample`); None keeps the file's own.
        max_seconds: Longest duration accepted, in seconds, enforced on the headers and again while decoding.
        max_bytes: Largest size accepted, in bytes.

    Returns:
        The waveform, float32 of shape ``(samples,)`` with at least one sample, and its rate in Hz.

    Raises:
        AudioError: The file cannot be read, is beyond a limit, holds no sound, or holds NaN or infinite samples.
    """
    with _opened(path, max_seconds, max_bytes) as (info, chunks):
        rate_hz = sample_rate_hz or info.sample_rate_hz
        resampled = resample_chunks(chunks, info.sample_rate_hz, rate_hz)
        first, second = next(resampled), next(resampled, None)
        if second is None:  # most clips: a copy would cost a tenth of the time
            return first, rate_hz
        expected_samples = int((info.seconds or 60.0) * rate_hz) + 1
        waveform = np.empty(min(expected_samples, _MAX_RESERVED_SAMPLES), dtype=np.float32)
        filled = 0
        for chunk in itertools.chain((first, second), resampled):
            needed = filled + len(chunk)
            if needed > len(waveform):
                waveform.resize(needed + needed // 2, refcheck=False)
            waveform[filled:needed] = chunk
            filled = needed
    waveform.resize(filled, refcheck=False)
    return waveform, rate_hz


def read_blocks(
    path: str | Path,
    *,
    sample_rate_hz: int | None = None,
    block_seconds: float = 30.0,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
) -> Iterator[np.ndarray]:
    """Decodes a file block by block in constant memory; the concatenated blocks are what `read` returns.

    Nothing happens before the first block is asked for. Arguments and errors are those of `read`; a fault deep in the
    file is raised when the decoder reaches it.

    Args:
        path: The file.
        sample_rate_hz: Rate to convert to; None keeps the file's own.
        block_seconds: Length of a block, in seconds.
        max_seconds: Longest duration accepted, in seconds.
        max_bytes: Largest size accepted, in bytes.

    Yields:
        float32 arrays of shape ``(samples,)``, all of the same length but the last, which may be shorter.

    Raises:
        AudioError: As `read`.
    """
    with _opened(path, max_seconds, max_bytes) as (info, chunks):
        rate_hz = sample_rate_hz or info.sample_rate_hz
        block = np.empty(max(1, round(block_seconds * rate_hz)), dtype=np.float32)
        filled = 0
        for chunk in resample_chunks(chunks, info.sample_rate_hz, rate_hz):
            while len(chunk):
                taken = chunk[: len(block) - filled]
                block[filled : filled + len(taken)] = taken
                filled += len(taken)
                chunk = chunk[len(taken) :]
                if filled == len(block):
                    yield block
                    block, filled = np.empty_like(block), 0
        if filled:
            yield block[:filled]


@contextmanager
def _opened(
    path: str | Path, max_seconds: float | None, max_bytes: int | None
) -> Iterator[tuple[AudioInfo, Iterator[np.ndarray]]]:
    """Opens a file within limits; gives its facts and its mono chunks, float32 ``(samples,)`` at its own rate."""
    path = Path(path)
    size_bytes = _checked_size(path, max_bytes)
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise _refusal(path, "could not be opened. Check that you are allowed to read it.") from error
    with file:
        try:
            with open_track(file, max_seconds) as track:
                info = AudioInfo(path, track.seconds, track.sample_rate_hz, track.channels, size_bytes, track.codec)
                _check_header(info, max_seconds)
                yield info, _checked_chunks(info, track.chunks, max_seconds)
        except DecodingError as error:
            raise _refusal(path, str(error)) from error


def _checked_size(path: Path, max_bytes: int | None) -> int:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _refusal(path, "was not found. Check its name and folder.") from error
    if not stat.S_ISREG(status.st_mode):
        raise _refusal(path, "is not a file but a folder or a device. Choose a sound file.")
    if status.st_size == 0:
        raise _refusal(path, "is empty (0 bytes). Record or export it again.")
    if max_bytes is not None and status.st_size > max_bytes:
        size, limit = _megabytes(status.st_size, math.ceil), _megabytes(max_bytes, round)
        raise _refusal(path, f"is {size} large; the limit is {limit}. Cut it into parts, or save it as MP3.")
    return status.st_size


def _check_header(info: AudioInfo, max_seconds: float | None) -> None:
    if not MIN_SAMPLE_RATE_HZ <= info.sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise _refusal(
            info.path,
            f"states a sample rate of {info.sample_rate_hz:,} Hz; {MIN_SAMPLE_RATE_HZ:,} to {MAX_SAMPLE_RATE_HZ:,} Hz "
            "can be read. Export it at 44,100 or 16,000 Hz.",
        )
    if info.channels > MAX_CHANNELS:
        raise _refusal(
            info.path, f"has {info.channels} channels; the limit is {MAX_CHANNELS}. Export it in stereo or mono."
        )
    if max_seconds is not None and info.seconds is not None and info.seconds > max_seconds:
        # In whole seconds, but never so rounded that it reads as within the limit.
        length = _duration(max(round(info.seconds), math.floor(max_seconds) + 1))
        raise _refusal(info.path, f"is {length} long; the limit is {_duration(max_seconds)}. Cut it into parts.")


def _checked_chunks(info: AudioInfo, chunks: Iterable[np.ndarray], max_seconds: float | None) -> Iterator[np.ndarray]:
    """Passes chunks on while they are finite and within the limit; a track without any sample is a fault."""
    limit_samples = math.inf if max_seconds is None else (max_seconds + _PADDING_SECONDS) * info.sample_rate_hz
    decoded_samples = 0
    for chunk in chunks:
        decoded_samples += len(chunk)
        if decoded_samples > limit_samples:
            raise _refusal(info.path, f"is longer than the limit of {_duration(max_seconds)}. Cut it into parts.")
        if not np.isfinite(chunk).all():
            # Zeros instead would hide a broken export, and one such sample spoils every spectrum that touches it.
            raise _refusal(
                info.path,
                "holds values that are no sound (NaN or infinite). Export it again, as 16-bit WAV for example.",
            )
        yield chunk
    if not decoded_samples:
        raise _refusal(info.path, "holds no sound: not one sample could be decoded. Record or export it again.")


def _refusal(path: Path, fault: str) -> AudioError:
    """Joins a file's own name and what is wrong with it.

    Control characters in the name are masked; the zero-width non-joiner, usual in Persian names, is kept.
    """
    name = "".join(char if char.isprintable() or char == "\u200c" else "?" for char in path.name)
    return AudioError(f"“{name}” {fault}")


def _duration(seconds: float) -> str:
    """Writes a duration as people say it: "2 h 5 min", "1 min 30 s", "0.5 s"."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(f"{hours:,.0f} h", hours), (f"{minutes:g} min", minutes), (f"{seconds:g} s", seconds)]
    return " ".join(text for text, value in parts if value) or "0 s"


def _megabytes(size_bytes: int, rounding: Callable[[float], int]) -> str:
    """Writes a size in MB of 1,000,000 bytes with one decimal, below 1 MB in bytes."""
    return f"{rounding(size_bytes / 1e5) / 10:g} MB" if size_bytes >= 1e6 else f"{size_bytes:,} bytes"
