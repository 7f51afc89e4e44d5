"""The project's only audio decoder: a file of any common format becomes a float32 mono waveform.

WAV, FLAC, AU and their kin are read with libsndfile (``soundfile``), everything else, and whatever libsndfile cannot
read to its end, with the FFmpeg libraries inside the PyAV wheel; no system program is called. Sample rates are
converted with soxr. Nothing here trusts the file: its size is checked before it is opened, its stated duration before
it is decoded and its real duration while it is decoded. Every fault of a file is an `AudioError`, whose message is
written for the person who sent the file.
"""

import itertools
import math
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import av
import numpy as np
import soundfile
import soxr

# Below 1 kHz there is no speech or music left; 384 kHz is the highest rate that studio recorders offer.
MIN_SAMPLE_RATE_HZ, MAX_SAMPLE_RATE_HZ = 1_000, 384_000
MAX_CHANNELS = 64

# First bytes of the files for libsndfile: WAV, big-endian WAV, RF64, W64, AU, AIFF, CAF, FLAC. Measured against libav
# on ten minutes at 44.1 kHz: mono WAV 1.7 times, mono float WAV 5 times, mono FLAC 1.25 times faster. libsndfile reads
# MP3 and Ogg as well and gives the same samples, encoder delay and padding removed, but takes 1.8 (MP3) and 3.6 (Opus)
# times as long and prints its complaints about damaged MP3 to stderr, so those go to libav.
_SOUNDFILE_SIGNATURES = (b"RIFF", b"RIFX", b"RF64", b"riff", b".snd", b"FORM", b"caff", b"fLaC")

# Containers that carry their sound inside themselves. A playlist (HLS, DASH, ffconcat, SDP) is a text that makes the
# demuxer open other files and addresses, so none of them is in the list, and no protocol is open to those that are.
# https://ffmpeg.org/ffmpeg-formats.html#Format-Options
_LIBAV_OPTIONS = {
    "format_whitelist": "aac,aiff,amr,asf,au,avi,caf,flac,flv,matroska,mov,mp3,mpegts,ogg,w64,wav",
    "protocol_whitelist": "",
}
# Formats without a duration field: unless an encoder left an index, libav guesses from the first frames' bit rate.
_ESTIMATED_DURATION_FORMATS = {"mp3", "aac", "amr"}

# The size of a decoding step, in samples of all channels together: within the processor's cache, and a bound on memory
# for files of many channels or high rates.
_STEP_VALUES = 2**18
# Codecs pad the last frame and some containers do not say by how much: at most 2,048 samples, 0.26 s at 8 kHz.
_PADDING_SECONDS = 0.5
# What `read` reserves at most on a header's word (1 GiB of address space); a longer waveform grows as it is decoded.
_MAX_RESERVED_SAMPLES = 2**28
# Divisors that take integer samples to [-1, 1).
_FULL_SCALE = {"uint8": 2.0**7, "int16": 2.0**15, "int32": 2.0**31, "int64": 2.0**63}


class AudioError(ValueError):
    """A file that cannot be used; the message names it, the limit or fault, and what to do, for a lay reader."""

    def __init__(self, path: Path, fault: str):
        """Takes the file (only its name is shown) and the rest of the message.

        Control characters of the name are masked; the zero-width non-joiner, usual in Persian names, is kept.
        """
        name = "".join(char if char.isprintable() or char == "\u200c" else "?" for char in path.name)
        super().__init__(f"“{name}” {fault}")


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
        expected_samples = int((info.seconds or 60.0) * rate_hz) + 1
        waveform = np.empty(min(expected_samples, _MAX_RESERVED_SAMPLES), dtype=np.float32)
        filled = 0
        for chunk in _resampled(chunks, info.sample_rate_hz, rate_hz):
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
        for chunk in _resampled(chunks, info.sample_rate_hz, rate_hz):
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


def resample(waveform: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Converts the sample rate with soxr's HQ recipe; equals ``librosa.resample`` with its default "soxr_hq".

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


def _resampled(chunks: Iterable[np.ndarray], from_hz: int, to_hz: int) -> Iterator[np.ndarray]:
    """Does what `resample` does to a stream of float32 chunks."""
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


@contextmanager
def _opened(
    path: str | Path, max_seconds: float | None, max_bytes: int | None
) -> Iterator[tuple[AudioInfo, Iterator[np.ndarray]]]:
    """Opens a file within limits; gives its facts and its mono chunks, float32 ``(samples,)`` at its own rate."""
    path = Path(path)
    size_bytes = _checked_size(path, max_bytes)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb", buffering=0))
        except OSError as error:
            raise AudioError(path, "could not be opened. Check that you may read it.") from error
        track = _open_with_soundfile(path, file, size_bytes, max_seconds, stack)
        info, chunks = track or _open_with_libav(path, file, size_bytes, max_seconds, stack)
        _check_header(info, max_seconds)
        yield info, _checked_chunks(info, chunks, max_seconds)


def _checked_size(path: Path, max_bytes: int | None) -> int:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise AudioError(path, "was not found. Check its name and folder.") from error
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(path, "is not a file but a folder or a device. Choose a sound file.")
    if status.st_size == 0:
        raise AudioError(path, "is empty (0 bytes). Record or export it again.")
    if max_bytes is not None and status.st_size > max_bytes:
        size, limit = _megabytes(status.st_size, math.ceil), _megabytes(max_bytes, round)
        raise AudioError(path, f"has {size}; the limit is {limit}. Cut it into parts, or save it as MP3.")
    return status.st_size


def _check_header(info: AudioInfo, max_seconds: float | None) -> None:
    if not MIN_SAMPLE_RATE_HZ <= info.sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise AudioError(
            info.path,
            f"states a sample rate of {info.sample_rate_hz:,} Hz; {MIN_SAMPLE_RATE_HZ:,} to {MAX_SAMPLE_RATE_HZ:,} Hz "
            "can be read. Export it at 44,100 or 16,000 Hz.",
        )
    if info.channels > MAX_CHANNELS:
        raise AudioError(
            info.path, f"has {info.channels} channels; the limit is {MAX_CHANNELS}. Export it in stereo or mono."
        )
    if max_seconds is not None and info.seconds is not None and info.seconds > max_seconds:
        length, limit = _duration(math.ceil(info.seconds)), _duration(max_seconds)
        raise AudioError(info.path, f"is {length} long; the limit is {limit}. Cut it into parts.")


def _checked_chunks(info: AudioInfo, chunks: Iterable[np.ndarray], max_seconds: float | None) -> Iterator[np.ndarray]:
    """Passes chunks on while they are finite and within the limit; a track without any sample is a fault."""
    limit_samples = math.inf if max_seconds is None else (max_seconds + _PADDING_SECONDS) * info.sample_rate_hz
    decoded_samples = 0
    for chunk in chunks:
        decoded_samples += len(chunk)
        if decoded_samples > limit_samples:
            raise AudioError(info.path, f"is longer than the limit of {_duration(max_seconds)}. Cut it into parts.")
        if not np.isfinite(chunk).all():
            # Zeros instead would hide a broken export, and one such sample spoils every spectrum that touches it.
            raise AudioError(
                info.path,
                "holds values that are no sound (NaN or infinite). Export it again, as 16-bit WAV for example.",
            )
        yield chunk
    if not decoded_samples:
        raise AudioError(info.path, "holds no sound: not one sample could be decoded. Record or export it again.")


def _mix_down(channels: np.ndarray) -> np.ndarray:
    """Averages float32 ``(channels, samples)`` to ``(samples,)``.

    Adding channel by channel is four times as fast as ``np.mean`` over the interleaved samples of a stereo file.
    """
    if len(channels) == 1:
        return channels[0]
    mono = channels[0].copy()
    with np.errstate(invalid="ignore", over="ignore"):  # infinite samples are reported by `_checked_chunks`
        for channel in channels[1:]:
            mono += channel
    mono /= len(channels)
    return mono


def _open_with_soundfile(
    path: Path, file: BinaryIO, size_bytes: int, max_seconds: float | None, stack: ExitStack
) -> tuple[AudioInfo, Iterator[np.ndarray]] | None:
    """Opens a file of libsndfile's kinds; None where libav has to try.

    The open descriptor is handed over, not the name: libsndfile looks at the ending of a name, and for some endings
    into neighbouring files.
    """
    signature = file.read(4)
    file.seek(0)
    if signature not in _SOUNDFILE_SIGNATURES:
        return None
    try:
        sound = stack.enter_context(soundfile.SoundFile(file.fileno(), closefd=False))
    except soundfile.SoundFileError:
        return None
    # A WAV that was never closed states 0 samples, a FLAC from a stream 2**63 - 1; libav finds the sound in both.
    if not 0 < sound.frames < 2**62:
        return None
    codec = sound.format if sound.format == "FLAC" else sound.subtype
    info = AudioInfo(path, sound.frames / sound.samplerate, sound.samplerate, sound.channels, size_bytes, codec.lower())

    def rest_from_libav() -> Iterator[np.ndarray]:
        return _open_with_libav(path, file, size_bytes, max_seconds, stack)[1]

    return info, _soundfile_chunks(sound, rest_from_libav)


def _soundfile_chunks(
    sound: soundfile.SoundFile, open_with_libav: Callable[[], Iterator[np.ndarray]]
) -> Iterator[np.ndarray]:
    step = max(1, _STEP_VALUES // sound.channels)
    decoded_samples = 0
    while True:
        try:
            samples = sound.read(step, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            # libsndfile ends at the first damaged FLAC frame and loses the step it is in; libav steps over it.
            yield from _without_first(open_with_libav(), decoded_samples)
            return
        if not len(samples):
            return
        decoded_samples += len(samples)
        yield _mix_down(samples.T)


def _without_first(chunks: Iterable[np.ndarray], skipped_samples: int) -> Iterator[np.ndarray]:
    for chunk in chunks:
        if skipped_samples < len(chunk):
            yield chunk[skipped_samples:]
        skipped_samples = max(0, skipped_samples - len(chunk))


def _open_with_libav(
    path: Path, file: BinaryIO, size_bytes: int, max_seconds: float | None, stack: ExitStack
) -> tuple[AudioInfo, Iterator[np.ndarray]]:
    """Opens a file with the FFmpeg libraries and takes its first sound track."""
    container = stack.enter_context(_libav_container(path, file))
    if not container.streams.audio:
        raise AudioError(path, "has no sound track. Choose a file with sound.")
    stream = container.streams.audio[0]
    codec = stream.codec_context
    if codec is None or not codec.sample_rate or not codec.layout.nb_channels:
        raise AudioError(path, "is damaged, protected, or in a sound format that is not known here. Export it as WAV.")
    if stream.duration:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = container.duration / av.time_base if container.duration else None
    if max_seconds and seconds and seconds > max_seconds and container.format.name in _ESTIMATED_DURATION_FORMATS:
        seconds = float(sum(packet.duration or 0 for packet in container.demux(stream)) * stream.time_base)
        container = stack.enter_context(_libav_container(path, file))
        stream = container.streams.audio[0]
    info = AudioInfo(path, seconds, codec.sample_rate, codec.layout.nb_channels, size_bytes, codec.codec.canonical_name)
    return info, _libav_chunks(path, container, stream)


def _libav_container(path: Path, file: BinaryIO) -> av.container.InputContainer:
    file.seek(0)
    # Only the reading methods: given the file's name, libav would let its ending outweigh its content.
    source = SimpleNamespace(read=file.read, seek=file.seek, tell=file.tell)
    try:
        return av.open(source, mode="r", options=_LIBAV_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(
            path,
            "is no sound or video file that can be read here, or it is damaged. Send WAV, MP3, FLAC, OGG, M4A or WebM.",
        ) from error


def _libav_chunks(path, container, stream) -> Iterator[np.ndarray]:
    """Decodes a track to mono chunks at the track's rate, even where rate, layout or format change on the way."""
    rate_hz = stream.codec_context.sample_rate
    frames = _libav_frames(path, container, stream)
    for (_, run_rate_hz, _), run in itertools.groupby(frames, lambda f: (f.format.name, f.sample_rate, f.layout.name)):
        chunks = (_mix_down(_float_channels(frame)) for frame in _joined_frames(run))
        if not MIN_SAMPLE_RATE_HZ <= run_rate_hz <= MAX_SAMPLE_RATE_HZ:
            raise AudioError(path, "changes its sample rate to an impossible one. Export it again, as WAV for example.")
        yield from _resampled(chunks, run_rate_hz, rate_hz)


def _libav_frames(path, container, stream) -> Iterator[av.AudioFrame]:
    """Decodes packet by packet, so that a damaged one is left out and the rest is kept."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            if packet.has_sidedata("encryption_info"):
                raise AudioError(path, "is copy-protected and cannot be decoded. Use a copy without protection.")
            frames = packet.decode()
        except av.FFmpegError:
            continue  # after a reading error the generator of packets is at its end
        except StopIteration:
            return
        yield from frames


def _joined_frames(frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Joins frames of one kind, 20 to 50 ms each, to longer ones: array operations on each cost as much as decoding."""
    fifo = av.AudioFifo()
    for frame in frames:
        frame.pts = None  # timestamps with gaps would be refused
        fifo.write(frame)
        if fifo.samples * frame.layout.nb_channels >= _STEP_VALUES:
            yield fifo.read()
    if fifo.samples:
        yield fifo.read()


def _float_channels(frame: av.AudioFrame) -> np.ndarray:
    """Gives a frame's samples as float32 ``(channels, samples)``, integers scaled to [-1, 1)."""
    samples = frame.to_ndarray()
    full_scale = _FULL_SCALE.get(samples.dtype.name, 1.0)
    samples = samples.astype(np.float32, copy=False)
    if frame.format.name in ("u8", "u8p"):
        samples -= 128.0
    if full_scale != 1.0:
        samples /= full_scale
    return samples if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels).T


def _duration(seconds: float) -> str:
    """Writes a duration as people say it: "2 h 5 min", "1 min 30 s", "0.5 s"."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(f"{hours:g} h", hours), (f"{minutes:g} min", minutes), (f"{seconds:g} s", seconds)]
    return " ".join(text for text, value in parts if value) or "0 s"


def _megabytes(size_bytes: int, rounding: Callable[[float], int]) -> str:
    """Writes a size in MB of 1,000,000 bytes with one decimal, below 1 MB in bytes."""
    return f"{rounding(size_bytes / 1e5) / 10:g} MB" if size_bytes >= 1e6 else f"{size_bytes:,} bytes"
