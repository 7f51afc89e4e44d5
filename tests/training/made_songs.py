"""A folder of songs that a small network tells apart in seconds: three genres, by pitch and by noise."""

from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 22050
GENRES = ("deep", "high", "noisy")


def song(genre: str, number: int, seconds: float = 6.0) -> np.ndarray:
    """One song: chords around a pitch, or noise between beats."""
    generator = np.random.default_rng((GENRES.index(genre), number))
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    beat = 0.6 + 0.4 * np.sign(np.sin(2 * np.pi * (1.5 + 0.1 * number) * times))
    if genre == "noisy":
        return (0.2 * beat * generator.standard_normal(times.size)).astype(np.float32)
    root = {"deep": 90.0, "high": 1200.0}[genre] * (1 + 0.03 * number)
    chord = sum(np.sin(2 * np.pi * root * ratio * times) for ratio in (1, 5 / 4, 3 / 2))
    return (0.2 * beat * chord + 0.01 * generator.standard_normal(times.size)).astype(np.float32)


def make_songs(folder: Path, each: int = 5) -> Path:
    """Write `each` songs of each genre, one folder a genre."""
    for genre in GENRES:
        (folder / genre).mkdir(parents=True)
        for number in range(each):
            soundfile.write(
                folder / genre / f"{genre}.{number:05d}.wav", song(genre, number), RATE_HZ, subtype="PCM_16"
            )
    return folder
