"""What a training is made of, before it begins."""

from types import SimpleNamespace

import pytest

from sheets.faults import DataError
from tuning.whisper_training import choose_window


def data(*seconds: float) -> SimpleNamespace:
    """Data whose clips have these lengths, wherever they are."""
    return SimpleNamespace(clips=lambda part: [SimpleNamespace(seconds=length) for length in seconds])


@pytest.mark.parametrize(
    ("asked", "longest", "window"), [("auto", 9.2, 11), ("auto", 29.8, 30), ("12", 9.2, 12), ("10", 10.0, 10)]
)
def test_the_window_holds_every_clip(asked: str, longest: float, window: int) -> None:
    assert choose_window(SimpleNamespace(window_seconds=asked), data(1.0, longest), 30) == window


def test_the_window_holds_the_clips_that_are_mixed_in() -> None:
    assert choose_window(SimpleNamespace(window_seconds="auto"), data(5.0), 30, data(12.0)) == 13


@pytest.mark.parametrize(
    ("asked", "sentence"), [("auto", "a base that hears more"), ("6", "--window-seconds auto holds it")]
)
def test_a_clip_that_no_window_holds_is_refused_and_not_cut(asked: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        choose_window(SimpleNamespace(window_seconds=asked), data(1.0, 20.0), 12)
