"""The spelling in which this project's own translator reads its sources, in training and at work."""

from __future__ import annotations

import re
import unicodedata

from najva.persian import for_translation

_SPACES = re.compile(r"\s+")
# Of tokenised English: "it 's", "no , thanks ."
_SPLIT_OFF = re.compile(r"\s+(?=[.,!?;:%)\]]|'(?:s|m|re|ve|ll|d|t)\b|n't\b)", re.IGNORECASE)
_MARKS = {"’": "'", "‘": "'", "“": '"', "”": '"', "…": "..."}


def source_spelling(text: str, language: str) -> str:
    """Return a source sentence in the translator's spelling.

    English is written small: with so little to learn from, The and the are better one word than two, and most of the
    dialogue that was learned from is small anyway. Persian is written as `for_translation` does.

    Args:
        text: one sentence.
        language: as Whisper writes it.
    """
    text = _SPACES.sub(" ", unicodedata.normalize("NFKC", text.translate(str.maketrans(_MARKS)))).strip()
    return for_translation(text) if language == "fa" else _SPLIT_OFF.sub("", text).lower()
