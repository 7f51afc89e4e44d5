"""Augmentations change a clip, keep it a clip, and are drawn by the generator alone."""

import numpy as np
import pytest

from tests.training.made_sheets import voice
from tuning.augmentation import AUGMENTATIONS, augmentation


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_changes_sound_and_keeps_its_form(name: str) -> None:
    clip = voice(1, seconds=2.0)
    changed = 0
    for seed in range(12):
        first, again = (augmentation(name)(clip, np.random.default_rng(seed)) for _ in range(2))
        assert first.dtype == np.float32
        assert first.ndim == 1
        np.testing.assert_array_equal(first, again)
        assert np.isfinite(first).all()
        assert np.abs(first).max() > 0.001
        assert 0.8 < first.size / clip.size < 1.2
        changed += first.size != clip.size or not np.allclose(first, clip)
    assert changed >= 4


def test_speed_takes_length_along() -> None:
    clip = voice(1, seconds=2.0)
    sizes = [augmentation("speed")(clip, np.random.default_rng(seed)).size for seed in range(40)]
    assert min(sizes) < 0.93 * clip.size
    assert max(sizes) > 1.07 * clip.size


def test_another_voice_has_another_pitch_and_a_tempo_of_its_own() -> None:
    """A tone moves by the voice's factor; how long it lasts tells nothing of that."""
    tone = np.sin(2 * np.pi * 400 * np.arange(32000) / 16000).astype(np.float32)
    pitches, lengths = [], []
    for seed in range(60):
        changed = augmentation("voice")(tone, np.random.default_rng(seed))
        power = np.abs(np.fft.rfft(changed * np.hanning(changed.size)))
        pitches.append(power.argmax() * 16000 / changed.size / 400)
        lengths.append(changed.size / tone.size)
    pitches, lengths = np.array(pitches), np.array(lengths)
    assert 5 <= np.sum(np.isclose(pitches, 1, atol=0.005) & (lengths == 1)) <= 25
    assert 0.78 < pitches.min() < 0.87 and 1.13 < pitches.max() < 1.22
    assert abs(np.corrcoef(pitches, lengths)[0, 1]) < 0.35


def test_a_narrow_band_loses_its_edges() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
    powers = []
    for seed in range(20):
        spectrum = np.abs(np.fft.rfft(augmentation("band")(noise, np.random.default_rng(seed)))) ** 2
        powers.append(spectrum[: 60 * 2].mean() / spectrum[1000 * 2 : 2000 * 2].mean())  # 0.5 Hz a bin
    assert min(powers) < 0.1
    assert max(powers) > 0.5


def test_several_follow_one_another_and_none_is_none() -> None:
    clip = voice(1, seconds=1.0)
    assert augmentation("") is None
    both = augmentation("level, speed")(clip, np.random.default_rng(3))
    assert both.size != clip.size
    with pytest.raises(
        ValueError, match="There is no augmentation 'echo'; choose from speed, voice, room, noise, band"
    ):
        augmentation("speed,echo")


def test_silence_stays_silence() -> None:
    every = augmentation(",".join(AUGMENTATIONS))
    for seed in range(10):
        assert np.isfinite(every(np.zeros(16000, np.float32), np.random.default_rng(seed))).all()
