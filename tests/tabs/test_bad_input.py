"""What people send by mistake: each is refused in one sentence, and the app goes on."""

import re
import wave
from collections.abc import Callable
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests import clips
from tests.running_app import MAX_FILE_MB, RunningApp, wait_until

RATE_HZ = 16000


def transcribe(client: Client, path: Path, **arguments) -> dict:
    return client.predict(audio=handle_file(str(path)), api_name="/transcribe", **arguments)


def write_wav(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    soundfile.write(path, samples, rate_hz, subtype="PCM_16")
    return path


def header_only(folder: Path) -> Path:
    return write_wav(folder / "header.wav", np.zeros(0, np.float32))


def empty(folder: Path) -> Path:
    (folder / "empty.wav").touch()
    return folder / "empty.wav"


def renamed_text(folder: Path) -> Path:
    (folder / "letter.wav").write_text("Dear reader, this is a letter.\n" * 99, encoding="utf-8")
    return folder / "letter.wav"


def million_hertz(folder: Path) -> Path:
    path = folder / "fast.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 1_000_000, 0, "NONE", ""))
        file.writeframes(bytes(200_000))
    return path


def silent_video(folder: Path) -> Path:
    path = folder / "film.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(10):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        file.mux(stream.encode())
    return path


def six_hours(folder: Path) -> Path:
    path = folder / "day.flac"
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16") as file:
        for _ in range(6 * 60):
            file.write(np.zeros(60 * 8000, np.int16))
    return path


# What is sent, and what the one sentence must name.
REFUSED: dict[Callable[[Path], Path], str] = {
    empty: "empty.wav.*empty",
    renamed_text: "letter.wav.*not a sound",
    header_only: "header.wav.*no sound",
    million_hertz: "fast.wav.*1,000,000 Hz",
    silent_video: "film.mp4.*sound",
    six_hours: "day.flac.*6 h.*limit is 3 h",
    lambda folder: clips.DATA / "odd_audio" / "bad.wav": "bad.wav",
    lambda folder: clips.DATA / "odd_audio" / "null.wav": "null.wav.*no sound",
}


@pytest.mark.parametrize(("make", "sentence"), REFUSED.items(), ids=[s.split(".")[0] for s in REFUSED.values()])
def test_unusable_file_is_refused_in_words(
    app: RunningApp, client: Client, test_data: Path, tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    path = make(tmp_path)
    for endpoint in ("/transcribe", "/detect_language"):
        with app.keeping_quiet(), pytest.raises(AppError) as refused:
            client.predict(audio=handle_file(str(path)), api_name=endpoint)
        in_words(str(refused.value))
        assert re.search(sentence, str(refused.value)), refused.value
    still_works(client)


def test_length_is_refused_before_decoding(app: RunningApp, client: Client, tmp_path: Path) -> None:
    path = six_hours(tmp_path)
    before = app.cpu_seconds
    with pytest.raises(AppError, match="limit is 3 h"):
        transcribe(client, path)
    # Decoding and resampling six hours takes ten times as long.
    assert app.cpu_seconds - before < 1.0


def test_file_over_the_size_limit_is_refused(app: RunningApp, client: Client, test_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "big.wav"
    path.write_bytes(bytes((MAX_FILE_MB + 1) * 1_000_000))
    with pytest.raises(ValueError, match=r"big\.wav exceeds the maximum file size of 20000000 bytes"):
        transcribe(client, path)
    # Whoever does not ask the client first is stopped by the server, and nothing stays there.
    with path.open("rb") as file:
        answer = httpx.post(f"{app.url}/gradio_api/upload", files={"files": file})
    assert answer.status_code == 413
    wait_until(lambda: not app.uploads, 5, lambda: app.uploads)
    still_works(client)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"language": "Klingon"}, "Klingon.*Persian"),
        ({"timestamps": "second"}, "none, segment, word.*second"),
    ],
)
def test_wrong_argument_is_refused_in_words(
    app: RunningApp, client: Client, test_data: Path, arguments: dict, sentence: str
) -> None:
    with app.keeping_quiet(), pytest.raises(AppError) as refused:
        transcribe(client, clips.DATA / "other_speech" / "jfk.flac", **arguments)
    in_words(str(refused.value))
    assert re.search(sentence, str(refused.value))
    still_works(client)


@pytest.mark.parametrize("endpoint", ["/transcribe", "/detect_language"])
def test_no_recording_is_refused_in_words(app: RunningApp, client: Client, endpoint: str) -> None:
    with app.keeping_quiet(), pytest.raises(AppError, match="There is no recording"):
        client.predict(audio=None, api_name=endpoint)


@pytest.mark.parametrize("kind", ["silence", "tone", "noise"])
def test_sound_without_speech_gives_no_text(client: Client, tmp_path: Path, kind: str) -> None:
    seconds = np.arange(5 * RATE_HZ) / RATE_HZ
    sound = {
        "silence": np.zeros(seconds.size),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * seconds),
        "noise": np.random.default_rng(1).normal(0, 0.1, seconds.size),
    }[kind]
    path = write_wav(tmp_path / f"{kind}.wav", sound)
    answer = transcribe(client, path)
    assert (answer["text"], answer["segments"], answer["flags"]) == ("", [], ["no_speech"])
    language = client.predict(audio=handle_file(str(path)), api_name="/detect_language")
    assert (language["language"], language["sure"]) == ("", False)


def test_truncated_file_gives_what_it_holds(client: Client, test_data: Path, tmp_path: Path) -> None:
    whole = (clips.DATA / "other_speech" / "librispeech-1995-1837-0001.wav").read_bytes()
    path = tmp_path / "cut.wav"
    path.write_bytes(whole[: len(whole) // 2])
    assert "great sorrow of his life" in transcribe(client, path)["text"]


def test_eight_channels_are_mixed(client: Client, test_data: Path, tmp_path: Path) -> None:
    speech, rate_hz = soundfile.read(clips.DATA / "other_speech" / "jfk.flac")
    path = write_wav(tmp_path / "eight.wav", np.tile(speech, 4), rate_hz)
    assert soundfile.info(path).channels == 8
    assert "ask what you can do for your country" in transcribe(client, path)["text"]


def in_words(message: str) -> None:
    """Check that a message is a sentence or two for people."""
    assert 15 < len(message) < 300
    assert "\n" not in message
    assert not re.search(r"Traceback|Error\b|Exception|/gradio/|None|<", message), message


def still_works(client: Client) -> None:
    """Check that the app took no harm."""
    answer = transcribe(client, clips.DATA / "other_speech" / "jfk.flac")
    assert "your country" in answer["text"]
