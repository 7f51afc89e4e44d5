"""The decoder against librosa and libsndfile, on files of every kind made here, on real ones, and on hostile ones.

The files are made with soundfile and PyAV. Their sound is a pair of tones, loud on the left and soft on the right, so
that a wrong channel, rate, scale or delay shows in the samples.
"""

import os
import re
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import av
import librosa
import numpy as np
import pytest
import soundfile
import soxr

from najva import audio, audio_decoders
from najva.audio import AudioError

RATE_HZ = 16_000
WAV_SUBTYPES = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"]
FLAC_SUBTYPES = ["PCM_S8", "PCM_16", "PCM_24"]


def tones(seconds: float, rate_hz: int = RATE_HZ, channels: int = 2) -> np.ndarray:
    """float32 of shape (channels, samples); channel k sounds at 300 + 170 k Hz with a slow swell, softer with k."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    swell = 0.75 + 0.25 * np.sin(2 * np.pi * 1.3 * times)
    parts = [0.6 / (k + 1) * swell * np.sin(2 * np.pi * (300 + 170 * k) * times) for k in range(channels)]
    return np.stack(parts).astype(np.float32)


def encode(path: Path, codec: str, sound: np.ndarray, rate_hz: int = RATE_HZ, *, bit_rate: int = 96_000, **options):
    """Writes float32 (channels, samples) with PyAV; `options` are the container's."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(sound)]
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout, bit_rate=bit_rate)
        encode_into(container, stream, sound, rate_hz, layout)
    return path


def encode_into(container, stream, sound: np.ndarray, rate_hz: int, layout: str) -> None:
    kind = (stream.codec_context.format or stream.codec_context.codec.audio_formats[0]).name
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout=layout)
    frame.rate, frame.pts = rate_hz, 0
    for converted in av.AudioResampler(kind, layout, rate_hz).resample(frame):
        container.mux(stream.encode(converted))
    container.mux(stream.encode(None))


def write_video(path: Path, *sounds: np.ndarray) -> Path:
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        tracks = [container.add_stream("aac", rate=RATE_HZ, layout="mono") for _ in sounds]
        for index in range(20):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 9 * index, np.uint8), format="rgb24")
            picture.pts = index
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for track, sound in zip(tracks, sounds, strict=True):
            encode_into(container, track, sound, RATE_HZ, "mono")
    return path


def write_wav(path: Path, seconds: float = 1.0, **header: tuple[int, str, int]) -> Path:
    """Writes 16-bit mono WAV, then overwrites header fields, given as (offset, struct format, value)."""
    soundfile.write(path, tones(seconds, channels=1).T, RATE_HZ)
    patch(path, *header.values())
    return path


def patch(path: Path, *fields: tuple[int, str, int]) -> None:
    content = bytearray(path.read_bytes())
    for offset, layout, value in fields:
        struct.pack_into(layout, content, offset, value)
    path.write_bytes(content)


def write_claimed_flac(path: Path, claimed_samples: int, seconds: float = 2.0) -> Path:
    """Writes FLAC whose STREAMINFO block claims another number of samples (RFC 9639, 36 bits; 0 is "unknown")."""
    soundfile.write(path, tones(seconds, channels=1).T, RATE_HZ)
    patch(path, (21, "B", (path.read_bytes()[21] & 0xF0) | claimed_samples >> 32), (22, ">I", claimed_samples % 2**32))
    return path


def refusal(call, path: Path, **limits) -> str:
    """The message with which a call refuses a file, checked for what every such message must be."""
    with pytest.raises(AudioError) as caught:
        call(path, **limits)
    message = str(caught.value)
    assert message.startswith(f"“{path.name}” ") and message.endswith(".")
    assert str(path.parent) not in message and "\n" not in message
    assert not re.search(r"Errno|Error|Exception|libav|libsndfile|codec|<none>", message)
    return message


# --- the same samples as the reference decoders ---------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(
    ("ending", "subtype"),
    [("wav", s) for s in WAV_SUBTYPES] + [("flac", s) for s in FLAC_SUBTYPES] + [("au", "PCM_16")],
)
def test_lossless_files_are_read_as_librosa_reads_them(tmp_path, ending, subtype, channels):
    path = tmp_path / f"tone.{ending}"
    soundfile.write(path, tones(1.5, 22_050, channels).T, 22_050, subtype=subtype)
    waveform, rate_hz = audio.read(path)
    expected, expected_rate_hz = librosa.load(path, sr=None)
    assert rate_hz == expected_rate_hz == 22_050
    assert waveform.dtype == np.float32 and waveform.shape == expected.shape
    np.testing.assert_allclose(waveform, expected, rtol=0, atol=1e-6)
    assert audio.probe(path) == audio.AudioInfo(
        path, 1.5, 22_050, channels, path.stat().st_size, "flac" if ending == "flac" else subtype.lower()
    )


@pytest.mark.parametrize(
    "pattern",
    ["other_speech/*.wav", "other_speech/*.flac", "odd_audio/stereo_54khz.wav", "gtzan_mini/*/*.00003.wav"],
)
def test_real_lossless_files_are_read_as_librosa_reads_them(test_data, pattern):
    paths = sorted(test_data.glob(pattern))
    assert paths
    for path in paths:
        waveform, rate_hz = audio.read(path)
        expected, expected_rate_hz = librosa.load(path, sr=None)
        assert rate_hz == expected_rate_hz
        np.testing.assert_allclose(waveform, expected, rtol=0, atol=1e-6, err_msg=path.name)


def test_real_mp3_files_are_read_sample_for_sample_as_libsndfile_reads_them(test_data):
    paths = sorted(test_data.glob("persian_clips/*/*.mp3"))[::6]
    assert len(paths) >= 8
    for path in paths:
        waveform, rate_hz = audio.read(path)
        expected, expected_rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        assert rate_hz == expected_rate_hz
        np.testing.assert_allclose(waveform, expected.mean(axis=1), rtol=0, atol=1e-4, err_msg=path.name)
        assert audio.probe(path).seconds == pytest.approx(len(waveform) / rate_hz, rel=0.02)


@pytest.mark.parametrize(
    ("name", "encoder", "rate_hz", "codec", "lost_samples"),
    [
        ("tone.mp3", "libmp3lame", 44_100, "mp3", 0),
        ("tone.m4a", "aac", 44_100, "aac", 0),
        ("tone.ogg", "libopus", 48_000, "opus", 0),
        ("tone.oga", None, 44_100, "vorbis", 0),
        ("tone.webm", "libopus", 48_000, "opus", 0),
        ("tone.wma", "wmav2", 44_100, "wmav2", 2048),  # its encoder swallows the first frame
    ],
)
def test_lossy_files_keep_tone_level_and_start(tmp_path, name, encoder, rate_hz, codec, lost_samples):
    sound, path = tones(3, rate_hz), tmp_path / name
    if encoder:
        encode(path, encoder, sound, rate_hz, bit_rate=192_000)
    else:
        soundfile.write(path, sound.T, rate_hz, format="OGG", subtype="VORBIS")
    info = audio.probe(path)
    assert (info.sample_rate_hz, info.channels, info.codec) == (rate_hz, 2, codec)
    assert info.seconds == pytest.approx(3, abs=0.1)
    waveform, read_rate_hz = audio.read(path)
    assert read_rate_hz == rate_hz and waveform.dtype == np.float32
    # Up to a frame of padding, where the container does not tell how much there is.
    assert 0 <= len(waveform) - (3 * rate_hz - lost_samples) <= 1024
    expected = sound.mean(axis=0)[lost_samples:]
    waveform = waveform[: len(expected)]
    similarity = {shift: np.corrcoef(np.roll(waveform, shift), expected)[0, 1] for shift in (-3, 0, 3)}
    assert max(similarity, key=similarity.get) == 0 and similarity[0] > 0.999
    assert np.std(waveform) == pytest.approx(np.std(expected), rel=0.05)


@pytest.mark.parametrize(
    ("name", "codec", "bits"),
    [
        ("tone.avi", "pcm_u8", 8),
        ("tone.mkv", "pcm_s16le", 16),
        ("tone.mka", "flac", 16),
        ("tone.m4a", "alac", 24),
        ("tone.mov", "pcm_s24le", 24),
        ("tone.mov", "pcm_s32be", 32),
        ("tone.mka", "pcm_f32le", 24),
        ("tone.mka", "pcm_f64le", 24),
    ],
)
def test_every_sample_format_of_libav_has_the_right_scale(tmp_path, name, codec, bits):
    sound = tones(1)
    waveform, _ = audio.read(encode(tmp_path / name, codec, sound))
    np.testing.assert_allclose(waveform, sound.mean(axis=0), rtol=0, atol=max(2.0 ** (1 - bits), 1e-6))


def test_eight_channels_are_averaged(tmp_path):
    path = tmp_path / "eight.wav"
    soundfile.write(path, tones(1, channels=8).T, RATE_HZ, subtype="FLOAT")
    np.testing.assert_allclose(audio.read(path)[0], tones(1, channels=8).mean(axis=0), atol=1e-6)


def test_surround_is_averaged_by_libav_too(tmp_path):
    path = encode(tmp_path / "surround.mka", "pcm_f32le", tones(1, channels=6))
    np.testing.assert_allclose(audio.read(path)[0], tones(1, channels=6).mean(axis=0), atol=1e-6)


def test_levels_beyond_one_stay(tmp_path):
    path = tmp_path / "loud.wav"
    soundfile.write(path, 4 * tones(1, channels=1).T, RATE_HZ, subtype="FLOAT")
    assert audio.read(path)[0].max() == pytest.approx(4 * tones(1, channels=1).max())


def test_digital_silence_and_a_single_sample_are_sound(tmp_path):
    silence, sample = tmp_path / "silence.wav", tmp_path / "sample.wav"
    soundfile.write(silence, np.zeros(800), RATE_HZ)
    soundfile.write(sample, [0.5], RATE_HZ)
    assert audio.read(silence)[0].tolist() == [0.0] * 800
    assert audio.read(sample)[0].tolist() == [0.5]
    assert audio.read(sample, sample_rate_hz=8_000)[0].shape == (1,)


# --- sample rates and blocks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44_100, 16_000), (8_000, 16_000), (54_000, 22_050), (48_000, 16_000)])
def test_resampling_equals_librosa(tmp_path, from_hz, to_hz):
    path = tmp_path / "tone.wav"
    soundfile.write(path, tones(1.23452, from_hz).T, from_hz)  # a length that soxr rounds down and librosa up
    expected, _ = librosa.load(path, sr=to_hz)
    waveform, rate_hz = audio.read(path, sample_rate_hz=to_hz)
    assert rate_hz == to_hz and waveform.dtype == np.float32
    np.testing.assert_allclose(waveform, expected, rtol=0, atol=1e-6)
    native, _ = audio.read(path)
    np.testing.assert_allclose(audio.resample(native, from_hz, to_hz), expected, rtol=0, atol=1e-6)


def test_resampling_to_the_same_rate_changes_nothing():
    waveform = tones(0.1)[0]
    assert audio.resample(waveform, 16_000, 16_000) is waveform


@pytest.mark.parametrize("sample_rate_hz", [None, 16_000])
@pytest.mark.parametrize("block_seconds", [0.02, 0.7, 30.0])
@pytest.mark.parametrize("name", ["tone.wav", "tone.mp3"])
def test_blocks_join_to_the_whole(tmp_path, monkeypatch, name, block_seconds, sample_rate_hz):
    monkeypatch.setattr(audio_decoders, "_STEP_VALUES", 2**15)
    sound = tones(9.87, 44_100)
    path = tmp_path / name
    if name.endswith("wav"):
        soundfile.write(path, sound.T, 44_100)
    else:
        encode(path, "libmp3lame", sound, 44_100)
    blocks = list(audio.read_blocks(path, sample_rate_hz=sample_rate_hz, block_seconds=block_seconds))
    whole, rate_hz = audio.read(path, sample_rate_hz=sample_rate_hz)
    assert {len(block) for block in blocks[:-1]} <= {round(block_seconds * rate_hz)}
    assert 0 < len(blocks[-1]) <= round(block_seconds * rate_hz)
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    if sample_rate_hz:
        at_once = soxr.resample(audio.read(path)[0], 44_100, sample_rate_hz)
        np.testing.assert_allclose(whole[: len(at_once)], at_once, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["wav", "mp3"])
def test_three_hours_need_no_three_hour_array(tmp_path, kind):
    path = tmp_path / f"long.{kind}"
    samples = 3 * 3600 * 8_000
    if kind == "wav":  # a sparse file: a header and a hole that reads as zeros
        soundfile.write(path, np.zeros(8_000), 8_000)
        patch(path, (4, "<I", 36 + 2 * samples), (40, "<I", 2 * samples))
        os.truncate(path, 44 + 2 * samples)
    else:
        encode(path, "libmp3lame", tones(60, 8_000, 1), 8_000, bit_rate=8_000, write_xing="0", id3v2_version="0")
        path.write_bytes(path.read_bytes() * 180)
    short = encode(tmp_path / "short.mka", "pcm_f32le", tones(90, 8_000, 1), 8_000)
    program = f"""
        from najva import audio
        from tests.memory import peak_mib
        def peak(path):
            blocks = audio.read_blocks(path, sample_rate_hz=16_000, max_seconds=11_000)
            return sum(len(block) for block in blocks), peak_mib()
        _, before = peak({str(short)!r})
        samples, after = peak({str(path)!r})
        print(samples, after - before)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    decoded_samples, grown_mib = map(int, result.stdout.split())
    assert decoded_samples == pytest.approx(2 * samples, rel=0.01)
    assert grown_mib < 64  # the whole would be 659 MiB


def test_files_are_closed_again(tmp_path):
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("open files are counted in /proc")
    good, bad = write_wav(tmp_path / "good.wav", 2), tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF and then nothing of the kind")
    mp3 = encode(tmp_path / "good.mp3", "libmp3lame", tones(2))
    before = len(list(descriptors.iterdir()))
    for path in (good, mp3):
        audio.probe(path)
        audio.read(path)
        blocks = audio.read_blocks(path, block_seconds=0.1)
        next(blocks)
        assert len(list(descriptors.iterdir())) == before + 1
        blocks.close()
    refusal(audio.read, bad)
    assert len(list(descriptors.iterdir())) == before


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_decoding(monkeypatch):
    def fail(*_):
        raise AssertionError("sound was decoded")

    monkeypatch.setattr(audio_decoders, "_mix_down", fail)


@pytest.mark.parametrize("call", [audio.probe, audio.read, lambda *a, **k: next(audio.read_blocks(*a, **k))])
def test_stated_length_is_refused_before_decoding(tmp_path, no_decoding, call):
    path = write_wav(tmp_path / "long.wav", data=(40, "<I", 2 * 6 * 3600 * RATE_HZ))
    os.truncate(path, 44 + 2 * 6 * 3600 * RATE_HZ)
    assert "is 6 h long; the limit is 3 h. Cut it" in refusal(call, path, max_seconds=3 * 3600)
    assert "is 6 h long; the limit is 5 h 59 min 59.5 s." in refusal(call, path, max_seconds=6 * 3600 - 0.5)
    mp3 = encode(tmp_path / "long.mp3", "libmp3lame", tones(3))
    assert "is 3 s long; the limit is 2 s." in refusal(call, mp3, max_seconds=2)


def test_a_length_at_the_limit_is_accepted(tmp_path):
    """The padding of the last AAC frame does not count."""
    path = encode(tmp_path / "tone.m4a", "aac", tones(3))
    assert audio.probe(path).seconds == 3
    waveform, rate_hz = audio.read(path, max_seconds=3)
    assert 3 * rate_hz < len(waveform)


def test_size_is_refused_before_the_file_is_opened(tmp_path):
    path = tmp_path / "large.wav"
    path.write_bytes(b"no sound file at all")
    os.truncate(path, 600_000_001)
    message = refusal(audio.probe, path, max_bytes=500_000_000)
    assert "is 600.1 MB large; the limit is 500 MB." in message
    assert "is not a sound or video file" in refusal(audio.probe, path, max_bytes=600_000_001)
    assert "is 600.1 MB large; the limit is 1,000 bytes." in refusal(audio.read, path, max_bytes=1000)


def write_browser_recording(path: Path) -> Path:
    return encode(path, "libopus", tones(4, 48_000), 48_000, live="1")


def write_unfinished_wav(path: Path) -> Path:
    return write_wav(path, 4, riff=(4, "<I", 0), data=(40, "<I", 0))


@pytest.mark.parametrize(
    ("name", "make", "stated_seconds"),
    [
        ("browser.webm", write_browser_recording, None),
        ("unfinished.wav", write_unfinished_wav, 4),
        ("streamed.wav", lambda p: write_wav(p, 4, riff=(4, "<I", 2**32 - 1), data=(40, "<I", 2**32 - 1)), 4),
        ("unknown.flac", lambda p: write_claimed_flac(p, 0, 4), None),
        ("too_much.flac", lambda p: write_claimed_flac(p, 5 * RATE_HZ, 4), 5),
    ],
)
def test_a_missing_or_wrong_length_costs_no_sound_and_evades_no_limit(tmp_path, name, make, stated_seconds):
    path = make(tmp_path / name)
    assert audio.probe(path).seconds == stated_seconds
    waveform, rate_hz = audio.read(path, max_seconds=5)
    assert len(waveform) / rate_hz == pytest.approx(4, abs=0.03)
    if stated_seconds is None:
        assert audio.probe(path, max_seconds=2)
        taken = []
        message = refusal(
            lambda p, **k: taken.extend(audio.read_blocks(p, block_seconds=0.5, **k)), path, max_seconds=2
        )
        assert "is longer than the limit of 2 s. Cut it into parts." in message
        assert len(taken) <= 5


def test_estimated_lengths_of_mp3_refuse_no_short_and_pass_no_long_file(tmp_path):
    """Without an index, the first frames' bit rate is taken for the whole."""
    plain = {"write_xing": "0", "id3v2_version": "0"}
    slow = encode(tmp_path / "slow.mp3", "libmp3lame", tones(1, 44_100), 44_100, bit_rate=32_000, **plain)
    fast = encode(tmp_path / "fast.mp3", "libmp3lame", tones(8, 44_100), 44_100, bit_rate=320_000, **plain)
    short = tmp_path / "short.mp3"
    short.write_bytes(slow.read_bytes() + fast.read_bytes())
    assert audio.probe(short).seconds > 20
    assert audio.probe(short, max_seconds=12).seconds == pytest.approx(9, abs=0.15)
    assert len(audio.read(short, max_seconds=12)[0]) / 44_100 == pytest.approx(9, abs=0.15)
    long = tmp_path / "long.mp3"
    long.write_bytes(fast.read_bytes()[:80_000] + slow.read_bytes() * 40)
    assert audio.probe(long, max_seconds=20).seconds < 20
    assert "is longer than the limit of 20 s." in refusal(audio.read, long, max_seconds=20)


# --- files with a fault ---------------------------------------------------------------------------------------------


def write_bytes(content: bytes):
    return lambda path: path.write_bytes(content)


def write_cut(seconds_or_bytes):
    def make(path):
        write_wav(path)
        path.write_bytes(path.read_bytes()[:seconds_or_bytes])

    return make


def write_many_channels(path):
    soundfile.write(path, np.zeros((100, 65)), RATE_HZ)


def write_value(value, subtype="FLOAT"):
    def make(path):
        sound = tones(1)
        sound[0, 12_345] = value
        soundfile.write(path, sound.T, RATE_HZ, subtype=subtype)

    return make


def write_opposite_infinities(path):
    soundfile.write(path, np.array([[0.1, -0.1], [np.inf, -np.inf]]), RATE_HZ, subtype="FLOAT")


def write_nan_in_matroska(path):
    sound = tones(1)
    sound[1, 5] = np.nan
    encode(path, "pcm_f32le", sound)


def write_protected(path):
    encode(
        path,
        "aac",
        tones(1),
        encryption_scheme="cenc-aes-ctr",
        encryption_key="0123456789abcdef" * 2,
        encryption_kid="fedcba9876543210" * 2,
    )


@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [
        ("gone.wav", lambda path: None, "was not found"),
        ("folder.wav", Path.mkdir, "is not a file but a folder"),
        ("pipe.wav", os.mkfifo, "is not a file but a folder or a device"),
        ("empty.wav", write_bytes(b""), "is empty (0 bytes)"),
        ("text.wav", write_bytes("این یک متن است\n".encode() * 99), "is not a sound or video file"),
        ("text.mp3", write_bytes(b"This is a letter, not a song.\n" * 999), "is not a sound or video file"),
        ("noise.mp3", write_bytes(np.random.default_rng(5).bytes(200_000)), "is not a sound or video file"),
        ("zeros.mp3", write_bytes(bytes(100_000)), "is not a sound or video file"),
        ("sheet.xlsx", write_bytes(b"PK\x03\x04" + bytes(5000)), "is not a sound or video file"),
        ("cut_header.wav", write_cut(30), "is not a sound or video file"),
        ("header_only.wav", write_cut(44), "holds no sound"),
        (
            "fast.wav",
            lambda p: write_wav(p, rate=(24, "<I", 1_000_000)),
            "a sample rate of 1,000,000 Hz; 1,000 to 384,000",
        ),
        ("slow.wav", lambda p: write_wav(p, rate=(24, "<I", 999)), "a sample rate of 999 Hz; 1,000 to 384,000 Hz"),
        ("no_rate.wav", lambda p: write_wav(p, rate=(24, "<I", 0)), "is damaged"),
        ("no_channel.wav", lambda p: write_wav(p, channels=(22, "<H", 0)), "is damaged"),
        ("many.wav", write_many_channels, "has 65 channels; the limit is 64"),
        ("nan.wav", write_value(np.nan), "NaN or infinite"),
        ("infinite.wav", write_value(-np.inf, "DOUBLE"), "NaN or infinite"),
        ("opposite.wav", write_opposite_infinities, "NaN or infinite"),
        ("nan.mka", write_nan_in_matroska, "NaN or infinite"),
        ("silent.mp4", write_video, "has no sound track"),
        ("bought.m4a", write_protected, "is copy-protected"),
    ],
)
def test_faults_are_named_in_one_clear_sentence(tmp_path, recwarn, name, make, expected):
    path = tmp_path / name
    make(path)
    assert expected in refusal(audio.read, path)
    assert expected in refusal(lambda p: list(audio.read_blocks(p)), path)
    assert not recwarn.list


def test_unknown_sound_format_is_named(tmp_path):
    path = encode(tmp_path / "tone.avi", "pcm_s16le", tones(1))
    content = path.read_bytes()
    tag = content.index(b"strf", content.index(b"auds")) + 8
    patch(path, (tag, "<H", 0x7A7A))
    assert re.search("format that is not known|holds no sound", refusal(audio.read, path))


def test_a_header_that_points_to_no_place_costs_no_sound(tmp_path, capfd):
    """PyAV would print the failed seek and raise it as OSError."""
    path = tmp_path / "pointer.caf"
    soundfile.write(path, tones(1).T, RATE_HZ)
    content = path.read_bytes()
    end_of_description = 8 + 12 + 32  # Apple's Core Audio Format: file header, chunk header, "desc" chunk
    chunk = b"free" + struct.pack(">q", 2**63 - 100)
    path.write_bytes(content[:end_of_description] + chunk + content[end_of_description:])
    np.testing.assert_allclose(audio.read(path)[0], tones(1).mean(axis=0), rtol=0, atol=1e-4)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("name", "expected"), [("bad.wav", "is damaged"), ("null.wav", "holds no sound")])
def test_real_broken_files_are_refused(test_data, name, expected):
    assert expected in refusal(audio.read, test_data / "odd_audio" / name)


def test_a_cut_file_gives_what_is_there(tmp_path):
    wav = write_wav(tmp_path / "cut.wav", 4)
    wav.write_bytes(wav.read_bytes()[: 44 + 2 * RATE_HZ + 1])
    np.testing.assert_allclose(audio.read(wav)[0], tones(4, channels=1)[0, :RATE_HZ], atol=1e-4)

    mp3 = encode(tmp_path / "cut.mp3", "libmp3lame", tones(4))
    whole, _ = audio.read(mp3)
    mp3.write_bytes(mp3.read_bytes()[: mp3.stat().st_size // 2])
    half, _ = audio.read(mp3)
    assert len(half) == pytest.approx(2 * RATE_HZ, rel=0.1)
    np.testing.assert_array_equal(half[:-1200], whole[: len(half) - 1200])


def test_damage_inside_flac_costs_only_the_damaged_frames(tmp_path, monkeypatch):
    """Where librosa.load raises. The damage lies beyond the first decoding step, so libav continues libsndfile's."""
    monkeypatch.setattr(audio_decoders, "_STEP_VALUES", 2**16)
    path = tmp_path / "scratched.flac"
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, 30 * RATE_HZ).astype(np.float32)
    soundfile.write(path, noise, RATE_HZ)
    whole, _ = audio.read(path)
    content = bytearray(path.read_bytes())
    start = len(content) * 9 // 10
    content[start : start + 500] = bytes(500)
    path.write_bytes(content)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(path)
    waveform, _ = audio.read(path)
    missing = len(whole) - len(waveform)
    assert 0 < missing <= 3 * 4096
    same = int(np.argmax(waveform != whole[: len(waveform)]))
    assert same > 2**16
    np.testing.assert_array_equal(waveform[same:], whole[same + missing :])


def test_rate_and_channels_may_change_inside_an_mp3(tmp_path):
    plain = {"write_xing": "0", "id3v2_version": "0"}
    first = encode(tmp_path / "first.mp3", "libmp3lame", tones(2, 44_100), 44_100, **plain)
    second = encode(tmp_path / "second.mp3", "libmp3lame", tones(2, 22_050, 1), 22_050, **plain)
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    waveform, rate_hz = audio.read(joined)
    assert rate_hz == 44_100
    assert len(waveform) / rate_hz == pytest.approx(4, abs=0.2)
    spectrum = np.abs(np.fft.rfft(waveform[-rate_hz:] * np.hanning(rate_hz)))
    assert np.argmax(spectrum) == pytest.approx(300, abs=3)  # 1 Hz a bin; at a wrong rate 600 or 150


# --- what else a file may carry, or pretend to be -------------------------------------------------------------------


def test_cover_picture_does_no_harm(tmp_path):
    path = encode(tmp_path / "song.mp3", "libmp3lame", tones(1), id3v2_version="0")
    expected, _ = audio.read(path)
    picture_path = tmp_path / "cover.png"
    with av.open(str(picture_path), "w", format="image2") as container:
        picture = container.add_stream("png", rate=1, width=16, height=16, pix_fmt="rgb24")
        container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")))
        container.mux(picture.encode(None))

    def id3_frame(name: bytes, content: bytes) -> bytes:
        return name + struct.pack(">IH", len(content), 0) + content

    title = id3_frame(b"TIT2", b"\x00Najva")
    cover = id3_frame(b"APIC", b"\x00image/png\x00\x03\x00" + picture_path.read_bytes())
    size = len(title + cover)
    header = b"ID3\x03\x00\x00" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    path.write_bytes(header + title + cover + path.read_bytes())
    with av.open(str(path), metadata_errors="replace") as container:
        assert container.streams.video
    np.testing.assert_array_equal(audio.read(path)[0], expected)
    assert audio.probe(path).codec == "mp3"


def test_tags_in_an_old_code_page_do_no_harm(tmp_path):
    path = encode(tmp_path / "song.mp3", "libmp3lame", tones(1), id3v2_version="0")
    expected, _ = audio.read(path)
    path.write_bytes(
        path.read_bytes() + b"TAG" + "نجوا".encode("cp1256").ljust(125, b"\0")
    )  # ID3v1 has no encoding field
    with pytest.raises(UnicodeDecodeError):
        av.open(str(path))
    np.testing.assert_array_equal(audio.read(path)[0], expected)


def test_the_sound_of_a_video_is_its_first_track(tmp_path):
    first, second = tones(2)[:1], tones(2)[1:]
    path = write_video(tmp_path / "film.mp4", first, second)
    waveform, rate_hz = audio.read(path)
    assert rate_hz == RATE_HZ
    assert np.corrcoef(waveform[: first.shape[1]], first[0])[0, 1] > 0.99


@pytest.fixture
def neighbour(tmp_path):
    path = encode(tmp_path / "secret.mp3", "libmp3lame", tones(1))
    return path


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile secret.mp3\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nsecret.mp3\n#EXT-X-ENDLIST\n",
}


@pytest.mark.parametrize("ending", ["m3u8", "wav", "mp3", "txt"])
@pytest.mark.parametrize("kind", sorted(PLAYLISTS))
def test_playlists_reach_no_other_file(tmp_path, neighbour, kind, ending):
    path = tmp_path / f"list.{ending}"
    path.write_text(PLAYLISTS[kind])
    if ending == "m3u8":  # the same text does open its neighbour where nothing forbids it
        with av.open(str(path), options={"safe": "0"} if kind == "ffconcat" else {"extension_picky": "0"}) as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) > RATE_HZ / 2
    assert "is not a sound or video file" in refusal(audio.read, path)


@pytest.mark.parametrize("lock", ["format_whitelist", "protocol_whitelist"])
def test_either_lock_alone_keeps_a_playlist_in(tmp_path, neighbour, monkeypatch, lock):
    path = tmp_path / "list.txt"
    path.write_text(PLAYLISTS["ffconcat"])
    monkeypatch.chdir(tmp_path)
    locks = audio_decoders._LIBAV_OPTIONS
    monkeypatch.setattr(audio_decoders, "_LIBAV_OPTIONS", {"safe": "0"})
    assert len(audio.read(path)[0]) >= RATE_HZ  # without locks the neighbour is read
    monkeypatch.setattr(audio_decoders, "_LIBAV_OPTIONS", {"safe": "0", lock: locks[lock]})
    refusal(audio.read, path)


def test_protocol_names_are_only_file_names(tmp_path, neighbour, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("concat:secret.mp3|secret.mp3", "file:secret.mp3", "subfile,,start,0,end,0,,:secret.mp3"):
        with pytest.raises(AudioError, match="was not found"):
            audio.read(name)


def test_names_are_shown_as_people_know_them(tmp_path):
    shown = tmp_path / "می\u200cخواهم.wav"
    assert refusal(audio.probe, shown).startswith("“می\u200cخواهم.wav” was not found")
    for name in ("two\nlines.wav", "bell\x07.wav", os.fsdecode(b"\xff.wav"), "a\x00b.wav"):
        with pytest.raises(AudioError) as caught:
            audio.probe(tmp_path / name)
        assert re.match(r"“[\w?]+\.wav” was not found", str(caught.value))
        str(caught.value).encode()
