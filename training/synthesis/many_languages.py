"""Sentences in many languages, spoken by espeak-ng: what stands for the speech of everybody else."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from najva.resampling import resample
from sheets.faults import DataError
from synthesis.synthetic_speech import speak

SENTENCES = Path(__file__).parents[1] / "foreign_sentences.csv"
_ESPEAK_NAMES = {"en": "en-us", "zh": "cmn", "fr": "fr-fr"}  # where espeak-ng's name is not Whisper's


def read_sentences(path: Path = SENTENCES) -> Iterator[tuple[str, str]]:
    """Yield language, as Whisper writes it, and text of each sentence.

    Raises:
        DataError: a row lacks one of them, or has more, such as a comma without quotes around its text.
    """
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if not row.get("language") or not row.get("text") or None in row:
                raise DataError(f"Row {number} of {path.name} needs a language and a text, in quotes if it has commas.")
            yield row["language"], row["text"]


def spoken(text: str, language: str, variant: str, words_per_minute: int, sample_rate_hz: int) -> np.ndarray:
    """Return a sentence as espeak-ng speaks it, float32 (samples,).

    Args:
        text: the sentence.
        language: as Whisper writes it.
        variant: of espeak-ng's voice.
        words_per_minute: pace.
        sample_rate_hz: of the result.

    Raises:
        SynthesisError: espeak-ng is not installed, or does not speak the language.
    """
    voice = f"{_ESPEAK_NAMES.get(language, language)}+{variant}"
    waveform, rate_hz = speak(text, voice, words_per_minute=words_per_minute)
    return resample(waveform, rate_hz, sample_rate_hz)
