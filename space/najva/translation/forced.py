"""Whisper told that any speech is Chinese. It never learned to translate into Chinese, so this is an experiment.

Often it writes what was said in the language it was said in; that is no translation and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from najva.languages import LANGUAGES
from najva.translation.engine import Attempt, Unit, Written
from najva.translation.scripts import han_share

FORCED = "forced"
_LEAST_HAN = 0.5


class Forced:
    """Whisper forced into Chinese; see `TranslationEngine`.

    Args:
        write_as_chinese: returns what Whisper writes of each stretch of speech, float32 mono 16 kHz.
        reference: of the Whisper.
    """

    needs_speech = True
    attempts = (Attempt(),)

    def __init__(self, write_as_chinese: Callable[[Sequence[np.ndarray]], list[str]], reference: str) -> None:
        self.name, self.references, self._write = FORCED, [(FORCED, reference)], write_as_chinese

    def supports(self, source: str, target: str) -> bool:
        """See `TranslationEngine.supports`."""
        return source in LANGUAGES and source != "zh"

    def translate(self, units: Sequence[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
        """See `TranslationEngine.translate`; a text with less than half Han letters comes back empty."""
        texts = self._write([unit.samples for unit in units])
        return [
            Written(unit.id, text.strip() if han_share(text) >= _LEAST_HAN else "")
            for unit, text in zip(units, texts, strict=True)
        ]
