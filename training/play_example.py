"""Plays the music tab's example: eight bars by a synthesiser of sine waves and noise, composed for this page.

    python training/play_example.py [--output space/examples/music]

Chords, a walking bass and a cymbal at 120 beats a minute. It takes a second.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from speak_examples import write_mp3

_RATE_HZ = 22050
_BIT_RATE = 48000
_BEAT_SECONDS = 0.5
NAME = "Swing-synthetic"
# A chord for each bar, in semitones above A (220 Hz), and the bass's four notes an octave below.
_BARS = (
    ((5, 8, 12, 15), (5, 8, 12, 11)),
    ((10, 14, 17, 20), (10, 9, 8, 7)),
    ((3, 7, 10, 14), (3, 7, 10, 9)),
    ((0, 4, 7, 10), (8, 7, 4, 1)),
    ((5, 8, 12, 15), (5, 12, 8, 9)),
    ((10, 14, 17, 20), (10, 8, 5, 4)),
    ((3, 7, 10, 14), (3, 5, 6, 7)),
    ((3, 7, 10, 14), (10, 7, 5, 3)),
)


def main() -> int:
    """Play it, write it, and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "space" / "examples" / "music")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{NAME}.mp3"
    write_mp3(path, play(), rate_hz=_RATE_HZ, bit_rate=_BIT_RATE, title=f"{NAME} (sine waves and noise)")
    print(json.dumps({"file": str(path), "kilobytes": round(path.stat().st_size / 1000)}))
    return 0


def play() -> np.ndarray:
    """Return the piece, float32 mono at 22,050 Hz."""
    generator = np.random.default_rng(0)
    tune = np.zeros(round((len(_BARS) * 4 + 2) * _BEAT_SECONDS * _RATE_HZ))
    for bar, (chord, bass) in enumerate(_BARS):
        for beat, note in enumerate(bass):
            at = (4 * bar + beat) * _BEAT_SECONDS
            _add(tune, at, 0.30 * _note(note - 24, 0.5, harmonics=4, fading=5.0))
            _add(tune, at, 0.05 * _cymbal(generator, 0.25 if beat % 2 else 0.12))
            if beat % 2:
                # The swung note before the next beat.
                _add(tune, at + 2 / 3 * _BEAT_SECONDS, 0.03 * _cymbal(generator, 0.08))
        for at, seconds in ((0.0, 0.7), (1.5 + 1 / 6, 0.9)):
            for note in chord:
                place = 4 * bar * _BEAT_SECONDS + at * _BEAT_SECONDS * 2
                _add(tune, place, 0.09 * _note(note, seconds, harmonics=6, fading=3.5))
    return (0.8 * tune / np.abs(tune).max()).astype(np.float32)


def _note(semitones: int, seconds: float, *, harmonics: int, fading: float) -> np.ndarray:
    """Return a struck string: harmonics that fade the quicker, the higher they are."""
    times = np.arange(round(seconds * _RATE_HZ)) / _RATE_HZ
    hertz = 220.0 * 2 ** (semitones / 12)
    waves = (np.sin(2 * np.pi * hertz * n * times) * np.exp(-fading * n * times) / n for n in range(1, harmonics + 1))
    return sum(waves) * np.minimum(1, times / 0.004) * np.minimum(1, (seconds - times) / 0.02)


def _cymbal(generator: np.random.Generator, seconds: float) -> np.ndarray:
    """Return a burst of noise without its low part."""
    noise = generator.standard_normal(round(seconds * _RATE_HZ))
    return np.diff(noise, prepend=0.0) * np.exp(-np.arange(noise.size) / (0.25 * seconds * _RATE_HZ))


def _add(tune: np.ndarray, seconds: float, sound: np.ndarray) -> None:
    first = round(seconds * _RATE_HZ)
    tune[first : first + sound.size] += sound[: max(0, tune.size - first)]


if __name__ == "__main__":
    sys.exit(main())
