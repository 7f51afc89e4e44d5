"""The picture of a sound: where its pitches are, as large for three hours as for a song."""

import numpy as np
import pytest

from najva.mel_bands import mel_bands
from najva.mel_picture import MelPicture

RATE_HZ = 22050


def tone(hertz: float, seconds: float) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def test_a_pitch_stands_in_its_band() -> None:
    picture = MelPicture(RATE_HZ)
    picture.add(np.concatenate([tone(300, 4), tone(3000, 4)]))
    seen = picture.picture()
    assert seen.shape == (64, 8 * RATE_HZ // 2048)
    bins = np.fft.rfftfreq(2048, 1 / RATE_HZ)
    for hertz, column in ((300, 10), (3000, -10)):
        triangle = mel_bands(64, RATE_HZ, 2048)[seen[:, column].argmax()]
        assert bins[triangle.argmax()] == pytest.approx(hertz, rel=0.15)
    assert seen.min() >= 0 and seen.max() == 1


def test_blocks_change_nothing() -> None:
    sound = np.random.default_rng(0).standard_normal(200_000).astype(np.float32)
    whole, parts = MelPicture(RATE_HZ), MelPicture(RATE_HZ)
    whole.add(sound)
    for start in range(0, len(sound), 777):
        parts.add(sound[start : start + 777])
    assert np.allclose(whole.picture(), parts.picture(), atol=1e-5)


def test_it_never_grows() -> None:
    picture, minute = MelPicture(RATE_HZ, columns=100), tone(440, 60)
    for _ in range(30):
        picture.add(minute)
        assert picture.picture().shape[1] < 200
    assert picture.picture().shape[1] >= 100


@pytest.mark.parametrize("samples", [0, 5, 2048])
def test_next_to_nothing(samples: int) -> None:
    picture = MelPicture(RATE_HZ)
    picture.add(np.zeros(samples, np.float32))
    assert picture.picture().shape == (64, 1)
    assert picture.picture().max() == 0
