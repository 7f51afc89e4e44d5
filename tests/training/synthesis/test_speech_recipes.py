"""What is drawn for a clip, and what its sound then is."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from synthesis.speech_recipes import Palette, Recipe
from synthesis.synthetic_speech import PERSIAN_VOICES, add_noise

NAMES = [f"myaudio/{450001 + n}.wav" for n in range(1000)]
PALETTE = Palette(PERSIAN_VOICES[:10], speeds=(120, 180), pitches=(30, 70), noise=(5, 30), room=(0.1, 0.6))


def test_a_draw_depends_on_seed_and_name_alone() -> None:
    forwards = [PALETTE.draw(name) for name in NAMES]
    assert [PALETTE.draw(name) for name in reversed(NAMES)][::-1] == forwards
    assert replace(PALETTE, voices=PALETTE.voices[::-1]).draw(NAMES[0]) == forwards[0]
    # Two of ten voices agree by chance.
    other = [replace(PALETTE, seed=1).draw(name) for name in NAMES]
    assert sum(a.voice == b.voice for a, b in zip(forwards, other, strict=True)) < 150


def test_a_withheld_voice_moves_its_own_clips_only() -> None:
    fewer = replace(PALETTE, voices=PALETTE.voices[1:])
    for name in NAMES:
        before, after = PALETTE.draw(name), fewer.draw(name)
        assert after.voice != PALETTE.voices[0]
        if before.voice != PALETTE.voices[0]:
            assert before == after


def test_noise_and_room_change_neither_voice_nor_speed() -> None:
    plain, full = replace(PALETTE, noise=None, room=None).draw(NAMES[0]), PALETTE.draw(NAMES[0])
    assert plain.snr_db is None
    assert plain.reverberation_seconds is None
    assert (plain.voice, plain.words_per_minute, plain.pitch) == (full.voice, full.words_per_minute, full.pitch)


def test_draws_fill_their_ranges_evenly() -> None:
    recipes = [PALETTE.draw(name) for name in NAMES]
    voices = Counter(recipe.voice for recipe in recipes)
    assert set(voices) == set(PALETTE.voices)
    assert all(60 < count < 140 for count in voices.values())
    for field, (low, high) in {
        "words_per_minute": PALETTE.speeds,
        "pitch": PALETTE.pitches,
        "snr_db": PALETTE.noise,
        "reverberation_seconds": PALETTE.room,
    }.items():
        values = np.array([getattr(recipe, field) for recipe in recipes])
        assert values.min() >= low and values.max() <= high
        assert abs(values.mean() - (low + high) / 2) < 0.05 * (high - low)
        assert values.std() == pytest.approx((high - low) / 12**0.5, rel=0.1)


def test_the_label_says_everything_that_the_sound_depends_on() -> None:
    recipe = PALETTE.draw(NAMES[0])
    label = recipe.label("سلام", "espeak-ng 1.51")
    assert "espeak-ng 1.51" in label and recipe.voice in label and f"noise {recipe.snr_db:g} dB" in label
    others = [
        recipe.label("سلام دنیا", "espeak-ng 1.51"),
        recipe.label("سلام", "espeak-ng 1.52"),
        *(
            replace(recipe, **{field: value}).label("سلام", "espeak-ng 1.51")
            for field, value in {
                "voice": "fa+croak", "words_per_minute": 100, "pitch": 20, "seed": 5, "snr_db": None,
                "noise_slope": 1.01, "reverberation_seconds": 0.99, "direct_to_reverberant_db": -3.0,
            }.items()
        ),
    ]  # fmt: skip
    assert len({label, *others}) == len(others) + 1


def test_every_clip_has_one_level_and_room_for_its_peaks(program) -> None:
    program("espeak-ng")
    for voice in ("fa", "fa+Hugo", "fa+antonio"):
        for effects in ({}, {"snr_db": 0.0}, {"reverberation_seconds": 0.5}):
            waveform, _ = Recipe(voice, 150, 50, **effects).speak("امروز هوا خیلی خوب است")
            assert 0.05 < np.sqrt(np.square(waveform).mean()) < 0.1001
            assert abs(waveform).max() < 0.9001


def test_noise_is_as_far_below_the_echoing_speech_as_is_drawn(program) -> None:
    program("espeak-ng")
    recipe = Recipe("fa", 150, 50, seed=3, snr_db=12, noise_slope=1, reverberation_seconds=0.3)
    noisy, rate_hz = recipe.speak("امروز هوا خیلی خوب است")
    clean, _ = replace(recipe, snr_db=None).speak("امروز هوا خیلی خوب است")
    # Both are brought to a level of their own; the end, after the speech, is noise alone.
    gain = np.dot(noisy, clean) / np.dot(clean, clean)
    noise = noisy - gain * clean
    found = 10 * np.log10(np.square(gain * clean).mean() / np.square(noise).mean())
    assert found == pytest.approx(12, abs=0.3)
    assert len(add_noise(clean, rate_hz, snr_db=12, slope=1, generator=np.random.default_rng(0))) == len(clean)
