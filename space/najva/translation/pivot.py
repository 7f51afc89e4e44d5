"""Through English: Whisper writes English of what is said (its own second task), and a translator makes it Chinese."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from najva.languages import LANGUAGES
from najva.translation.engine import FAILURES, Attempt, TranslationEngine, Unit, Written

PIVOT = "pivot"
_ENGLISH, _ENGLISH_ROLE = "en", "english"


class Pivot:
    """The way through English; see `TranslationEngine`.

    Args:
        translate_speech: returns the English of each stretch of speech, float32 mono 16 kHz, in a language.
        then: engines that make Chinese of English, in the order in which they are asked.
        english: returns the reference of the Whisper that `translate_speech` asks.
    """

    needs_speech = True

    def __init__(
        self,
        translate_speech: Callable[[Sequence[np.ndarray], str], list[str]],
        then: Sequence[TranslationEngine],
        english: Callable[[], str],
    ) -> None:
        self.name, self._translate_speech, self._english = PIVOT, translate_speech, english
        self._then = [engine for engine in then if engine.supports(_ENGLISH, "zh-Hans")]
        self._writing = 0
        self.attempts = (Attempt(beam_size=4),)

    @property
    def references(self) -> list[tuple[str, str]]:
        """Role and reference of what writes the English, and of what writes the Chinese."""
        ((_, chinese),) = self._then[self._writing].references
        return [(_ENGLISH_ROLE, self._english()), (PIVOT, chinese)]

    def supports(self, source: str, target: str) -> bool:
        """See `TranslationEngine.supports`."""
        return bool(self._then) and source in LANGUAGES and source not in (_ENGLISH, "zh")

    def translate(self, units: Sequence[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
        """See `TranslationEngine.translate`."""
        english = self._translate_speech([unit.samples for unit in units], source)
        heard = [replace(unit, text=text.strip()) for unit, text in zip(units, english, strict=True) if text.strip()]
        written = {one.id: one for one in self._into_chinese(heard, target, attempt)} if heard else {}
        return [
            replace(written[unit.id], english=text.strip()) if unit.id in written else Written(unit.id, "")
            for unit, text in zip(units, english, strict=True)
        ]

    def _into_chinese(self, heard: Sequence[Unit], target: str, attempt: Attempt) -> list[Written]:
        """Ask the first engine that works; one that failed is not asked again."""
        while True:
            try:
                return self._then[self._writing].translate(heard, _ENGLISH, target, attempt)
            except FAILURES:
                if self._writing + 1 == len(self._then):
                    raise
                self._writing += 1
