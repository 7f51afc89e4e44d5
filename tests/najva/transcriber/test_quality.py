import pytest

from najva.transcriber.engine import Hypothesis
from najva.transcriber.quality import Thresholds, compression_ratio, cut_loops, is_doubtful, is_silence


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("این این این این این این این این این", "این"),
        ("thank you. thank you. thank you. thank you. thank you. ", "thank you. "),
        ("so he said " + "and then " * 9, "so he said and then "),
        ("我们我们我们我们我们我们", "我们" * 6),
        ("我们的我们的我们的我们的我们的", "我们的" * 5),
        ("我们的家我们的家我们的家我们的家", "我们的家"),
    ],
)
def test_loops_are_cut(text: str, cut: str) -> None:
    found, looped = cut_loops(text)
    assert found.strip() == cut.strip()
    assert looped == (cut.strip() != text.strip())


@pytest.mark.parametrize(
    "text", ["", "ha ha ha ha", "no, no, no, no!", "ask not what your country can do for you, ask what you can do"]
)
def test_earnest_repetition_stays(text: str) -> None:
    assert cut_loops(text) == (text, False)


def test_compression_tells_loops_from_text() -> None:
    assert compression_ratio("") == 0
    assert compression_ratio("and so on " * 40) > 2.4
    assert compression_ratio("It was the first great sorrow of his life, and not so much the loss of the cotton.") < 2.4


def test_thresholds_are_whispers() -> None:
    limits = Thresholds()
    assert (limits.compression_ratio, limits.mean_log_probability, limits.no_speech_probability) == (2.4, -1.0, 0.6)


def test_silence_needs_both_signs() -> None:
    assert is_silence(Hypothesis([], -1.5, 0.7), Thresholds())
    assert not is_silence(Hypothesis([], -0.5, 0.7), Thresholds())
    assert not is_silence(Hypothesis([], -1.5, 0.5), Thresholds())


def test_doubt() -> None:
    sound = Hypothesis([], -0.3, 0.0)
    assert not is_doubtful(sound, "a plain sentence", Thresholds())
    assert is_doubtful(sound, "and so on " * 40, Thresholds())
    assert is_doubtful(Hypothesis([], -1.2, 0.0), "a plain sentence", Thresholds())
