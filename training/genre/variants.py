"""Variants of a recording: what else might have been played, of which a network learns what stays.

Each change takes float32 (samples,), mono at `RATE_HZ`, and a generator, and returns the same kind, perhaps of another
length.
"""

from collections.abc import Callable

import librosa
import numpy as np
from scipy.signal import butter, sosfilt

# GTZAN's own.
RATE_HZ = 22050
_SEMITONES, _TEMPOS = (-3.0, 3.0), (0.85, 1.18)
_BASS_HZ, _TREBLE_HZ, _SHELF_DB = (150.0, 400.0), (1500.0, 4000.0), (-9.0, 6.0)
_LAID_OVER_DB = (-12.0, -3.0)
# Of a change being made; a variant of none would be a copy.
_CHANCE = 0.5


def change_pitch(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Play it up to three semitones higher or lower, as quickly as before."""
    return librosa.effects.pitch_shift(waveform, sr=RATE_HZ, n_steps=generator.uniform(*_SEMITONES), res_type="soxr_mq")


def change_tempo(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Play it slower or quicker, at the same pitch."""
    return librosa.effects.time_stretch(waveform, rate=generator.uniform(*_TEMPOS))


def change_tone(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Turn the bass and the treble up or down."""
    changed = waveform
    for edge, kind in ((generator.uniform(*_BASS_HZ), "lowpass"), (generator.uniform(*_TREBLE_HZ), "highpass")):
        gain = 10 ** (generator.uniform(*_SHELF_DB) / 20)
        shelf = sosfilt(butter(1, edge, kind, fs=RATE_HZ, output="sos"), changed)
        changed = changed + (gain - 1) * shelf
    return changed


def lay_over_itself(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Mix it with another moment of itself, more softly: denser, and still of one recording."""
    moved = np.roll(waveform, int(waveform.size * generator.uniform(0.2, 0.8)))
    return waveform + 10 ** (generator.uniform(*_LAID_OVER_DB) / 20) * moved


CHANGES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "pitch": change_pitch,
    "tempo": change_tempo,
    "tone": change_tone,
    "mix": lay_over_itself,
}


def variant(waveform: np.ndarray, generator: np.random.Generator, samples: int) -> np.ndarray:
    """Return a recording with one or more of `CHANGES` made.

    Args:
        waveform: float32 (samples,), mono at `RATE_HZ`.
        generator: which changes, and how far.
        samples: length of the variant; what is too short is repeated.

    Returns:
        float32 (samples,), at most 1 in magnitude.
    """
    drawn = generator.random(len(CHANGES))
    chosen = [change for change, chance in zip(CHANGES.values(), drawn, strict=True) if chance < _CHANCE]
    for change in chosen or [list(CHANGES.values())[drawn.argmin()]]:
        waveform = change(waveform, generator)
    waveform = np.resize(waveform, samples)
    return (waveform / max(1.0, float(np.abs(waveform).max()))).astype(np.float32)
