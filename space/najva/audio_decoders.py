"""Two libraries behind one function: an open file becomes a stream of float32 mono chunks at the file's own rate.

WAV, FLAC, AU and their kin go to libsndfile (``soundfile``). Everything else, and whatever libsndfile cannot read to
its end, goes to the FFmpeg libraries inside the PyAV wheel, called libav here. No system program is run, and no file
or address is opened but the one handed in. The front door, with names and limits, is `najva.audio`.
"""

import errno
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import BinaryIO

import av
import numpy as np
import soundfile

from najva.resampling import resample_chunks

# Below 1 kHz there is no speech or music left; 384 kHz is the highest rate that studio recorders offer.
MIN_SAMPLE_RATE_HZ, MAX_SAMPLE_RATE_HZ = 1_000, 384_000

# First bytes of the files for libsndfile: WAV, big-endian WAV, RF64, W64, AU, AIFF, CAF, FLAC. Measured against libav
# on ten minutes at 44.1 kHz: mono WAV 1.7 times, mono float WAV 5 times, mono FLAC 1.25 times as fast. libsndfile reads
# MP3 and Ogg as well and gives the same samples, encoder delay and padding removed, but takes 1.8 (MP3) and 3.6 (Opus)
# times as long and prints complaints about damaged MP3 to stderr, so those go to libav.
_SOUNDFILE_SIGNATURES = (b"RIFF", b"RIFX", b"RF64", b"riff", b".snd", b"FORM", b"caff", b"fLaC")

# Containers that carry their sound inside themselves. A playlist (HLS, DASH, ffconcat, SDP) is a text that makes the
# demuxer open other files and addresses, so none of them is in the list, and no protocol is open to those that are.
# FLV and MPEG-TS, whose streams may appear after the header, are left out: PyAV 18.1 sizes a table by the header's.
# https://ffmpeg.org/ffmpeg-formats.html#Format-Options
_LIBAV_OPTIONS = {
    "format_whitelist": "aac,aiff,amr,asf,au,avi,caf,flac,matroska,mov,mp3,ogg,w64,wav",
    "protocol_whitelist": "",
}
# Formats without a duration field: unless an encoder left an index, libav guesses from the first frames' bit rate.
_ESTIMATED_DURATION_FORMATS = ("mp3", "aac", "amr")

# A decoding step, in samples of all channels together (4 MiB): it bounds the memory that files of many channels or high
# rates can take. Of 2**16 to 2**24 the fastest; soundfile seeks after every step, which costs most in FLAC.
_STEP_VALUES = 2**20
# Divisors that take integer samples to [-1, 1).
_FULL_SCALE = {"uint8": 2.0**7, "int16": 2.0**15, "int32": 2.0**31, "int64": 2.0**63}


class DecodingError(Exception):
    """A fault of the file, worded to follow its name in a sentence for lay people."""


@dataclass(frozen=True)
class Track:
    """The first sound track of an open file.

    Attributes:
        seconds: Duration by the headers, or None where they state none.
        sample_rate_hz: The track's rate, not checked.
        channels: Number of channels before the mix-down, not checked.
        codec: The codec's name.
        chunks: The sound, decoded as it is taken: float32 arrays of shape ``(samples,)``, the mean of the channels.
    """

    seconds: float | None
    sample_rate_hz: int
    channels: int
    codec: str
    chunks: Iterator[np.ndarray]


@contextmanager
def open_track(file: BinaryIO, max_seconds: float | None = None) -> Iterator[Track]:
    """Opens the first sound track of a file; its chunks can be taken inside the ``with`` block only.

    Args:
        file: An unbuffered file with a descriptor, open for reading in binary mode.
        max_seconds: An estimated duration above this is replaced by the exact one, for which the packets are walked
            without decoding them (measured on MP3: 13,000 times faster than real time).

    Raises:
        DecodingError: The file is of no known kind, damaged or protected; raised here or while its chunks are taken.
    """
    with ExitStack() as stack:
        yield _open_with_soundfile(file, stack) or _open_with_libav(file, stack, max_seconds)


def _open_with_soundfile(file: BinaryIO, stack: ExitStack) -> Track | None:
    """Opens a file of libsndfile's kinds; None where libav has to try."""
    file.seek(0)
    signature = file.read(4)
    file.seek(0)
    if signature not in _SOUNDFILE_SIGNATURES:
        return None
    try:
        # The descriptor and not the name, from whose ending soundfile and libsndfile would draw conclusions.
        sound = stack.enter_context(soundfile.SoundFile(file.fileno(), closefd=False))
    except soundfile.SoundFileError:
        return None
    # A WAV that was never closed states 0 samples, a FLAC written to a pipe 2**63 - 1; libav finds the sound in both.
    if not 0 < sound.frames < 2**62:
        return None
    chunks = _soundfile_chunks(sound, open_again=lambda: _open_with_libav(file, stack).chunks)
    codec = "flac" if sound.format == "FLAC" else sound.subtype.lower()
    return Track(sound.frames / sound.samplerate, sound.samplerate, sound.channels, codec, chunks)


def _soundfile_chunks(
    sound: soundfile.SoundFile, open_again: Callable[[], Iterator[np.ndarray]]
) -> Iterator[np.ndarray]:
    step = max(1, _STEP_VALUES // sound.channels)
    decoded_samples = 0
    while True:
        try:
            samples = sound.read(step, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            # libsndfile gives up at a damaged FLAC frame and loses the step it is in; libav leaves the frame out.
            yield from _without_first(open_again(), decoded_samples)
            return
        if not len(samples):
            return
        decoded_samples += len(samples)
        yield _mix_down(samples.T)


def _without_first(chunks: Iterable[np.ndarray], skipped_samples: int) -> Iterator[np.ndarray]:
    for chunk in chunks:
        yield chunk[skipped_samples:]
        skipped_samples = max(0, skipped_samples - len(chunk))


def _open_with_libav(file: BinaryIO, stack: ExitStack, max_seconds: float | None = None) -> Track:
    container = stack.enter_context(_libav_container(file))
    if not container.streams.audio:
        raise DecodingError("has no sound track. Choose a file with sound.")
    stream = container.streams.audio[0]
    codec = stream.codec_context
    if codec is None or not codec.sample_rate or not codec.layout.nb_channels:
        raise DecodingError("is damaged, protected, or in a sound format that is not known here. Export it as WAV.")
    seconds = _stated_seconds(container, stream)
    if max_seconds and seconds and seconds > max_seconds and container.format.name in _ESTIMATED_DURATION_FORMATS:
        seconds = float(sum(packet.duration or 0 for packet in container.demux(stream)) * stream.time_base)
        container = stack.enter_context(_libav_container(file))
        stream = container.streams.audio[0]
    chunks = _libav_chunks(container, stream)
    return Track(seconds, codec.sample_rate, codec.layout.nb_channels, codec.codec.canonical_name, chunks)


def _libav_container(file: BinaryIO) -> av.container.InputContainer:

    def seek(offset: int, whence: int) -> int:
        try:
            return file.seek(offset, whence)
        except OSError:
            # A damaged header sends libav to no possible place. It expects a negative number; an exception would be
            # printed by PyAV and then raised, although libav may well go on without that place.
            return -errno.EINVAL

    file.seek(0)
    # The reading methods alone: had it the file's name, libav would let the ending outweigh the content.
    source = SimpleNamespace(read=file.read, seek=seek, tell=file.tell)
    try:
        # Tags of old MP3 files are often in a national code page; they must not stop the sound.
        return av.open(source, mode="r", options=_LIBAV_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise DecodingError(
            "is not a sound or video file that can be read here, or is damaged. Send WAV, MP3, FLAC, OGG, M4A or WebM."
        ) from error


def _stated_seconds(container: av.container.InputContainer, stream: av.AudioStream) -> float | None:
    for duration, time_base in ((stream.duration, stream.time_base), (container.duration, 1 / av.time_base)):
        if duration and duration > 0:
            return float(duration * time_base)
    return None


def _libav_chunks(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[np.ndarray]:
    """Decodes a track to mono chunks at the track's rate, even where rate, layout or format change on the way."""
    rate_hz = stream.codec_context.sample_rate
    frames = _libav_frames(container, stream)
    for (_, run_rate_hz, _), run in itertools.groupby(frames, lambda f: (f.format.name, f.sample_rate, f.layout.name)):
        if not MIN_SAMPLE_RATE_HZ <= run_rate_hz <= MAX_SAMPLE_RATE_HZ:
            raise DecodingError("is damaged: its sample rate changes to an impossible one. Export it again.")
        chunks = (_mix_down(_float_channels(frame)) for frame in _joined_frames(run))
        yield from resample_chunks(chunks, run_rate_hz, rate_hz)


def _libav_frames(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    """Decodes packet by packet, so that a damaged one is left out and the rest is kept."""
    for other in container.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all  # spares reading the pictures of a video
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            if packet.has_sidedata("encryption_info"):
                raise DecodingError("is copy-protected and cannot be decoded. Use a copy without protection.")
            frames = packet.decode()
        except av.FFmpegError:
            continue  # an error of reading, unlike one of decoding, also ends `packets`
        except StopIteration:
            return
        yield from frames


def _joined_frames(frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Joins frames of one kind, of 20 to 50 ms each, to longer ones: a third of the time for MP3 was array overhead."""
    fifo = av.AudioFifo()
    for frame in frames:
        frame.pts = None  # the FIFO would refuse timestamps with gaps
        fifo.write(frame)
        if fifo.samples * frame.layout.nb_channels >= _STEP_VALUES:
            yield fifo.read()
    if fifo.samples:
        yield fifo.read()


def _float_channels(frame: av.AudioFrame) -> np.ndarray:
    """Gives a frame's samples as float32 ``(channels, samples)``, integers scaled to [-1, 1)."""
    samples = frame.to_ndarray()
    full_scale = _FULL_SCALE.get(samples.dtype.name, 1.0)
    is_unsigned = samples.dtype.kind == "u"
    samples = samples.astype(np.float32, copy=False)
    if is_unsigned:
        samples -= full_scale
    if full_scale != 1.0:
        samples /= full_scale
    return samples if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels).T


def _mix_down(channels: np.ndarray) -> np.ndarray:
    """Averages float32 ``(channels, samples)`` to ``(samples,)``.

    Adding channel by channel is four times as fast as ``np.mean`` over the interleaved samples of a stereo file.
    """
    if len(channels) == 1:
        return channels[0]
    mono = channels[0].copy()
    with np.errstate(invalid="ignore", over="ignore"):  # the caller looks for what is not finite
        for channel in channels[1:]:
            mono += channel
    mono /= len(channels)
    return mono
