from pathlib import Path

import numpy as np

import play_example
import speak_examples
from najva import audio


def test_an_example_is_small_and_says_that_it_is_synthetic(program, tmp_path: Path) -> None:
    program("espeak-ng")
    example = speak_examples.EXAMPLES[0]
    path = tmp_path / f"{example.name}.mp3"
    title = f"{example.name}, synthetic"
    speak_examples.write_mp3(path, speak_examples.speak(example), rate_hz=16000, bit_rate=32000, title=title)
    waveform, rate = audio.read(path)
    assert rate == 16000
    assert 2 < waveform.size / rate < 8
    assert abs(waveform).max() > 0.1
    assert path.stat().st_size < 40_000
    assert b"synthetic" in path.read_bytes()[:400]


def test_the_committed_examples_are_these() -> None:
    folder = Path(__file__).parents[2] / "space" / "examples"
    assert {path.stem for path in folder.glob("*.mp3")} == {example.name for example in speak_examples.EXAMPLES}
    assert all("synthetic" in example.name for example in speak_examples.EXAMPLES)


def test_the_example_of_music_is_the_committed_one() -> None:
    path = Path(__file__).parents[2] / "space" / "examples" / "music" / f"{play_example.NAME}.mp3"
    waveform, rate = audio.read(path)
    played = play_example.play()
    assert rate == 22050 and "synthetic" in play_example.NAME and path.stat().st_size < 150_000
    assert waveform.size >= played.size > 15 * rate
    # What a lossy file keeps; its decoder may begin some samples late.
    both = np.fft.irfft(np.fft.rfft(waveform, 2**20) * np.conj(np.fft.rfft(played, 2**20)))
    assert both.max() > 0.9 * np.linalg.norm(waveform) * np.linalg.norm(played)
