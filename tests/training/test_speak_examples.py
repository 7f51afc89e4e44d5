from pathlib import Path

import speak_examples
from najva import audio


def test_an_example_is_small_and_says_that_it_is_synthetic(program, tmp_path: Path) -> None:
    program("espeak-ng")
    example = speak_examples.EXAMPLES[0]
    path = tmp_path / f"{example.name}.mp3"
    speak_examples.write_mp3(path, speak_examples.speak(example))
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
