"""Through English: Whisper writes English of what is said (its own second task), and a translator makes it Chinese."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from najva.languages import LANGUAGES
from najva.translation.engine import Attempt, TranslationEngine, Unit, Written

PIVOT = "pivot"
_ENGLISH = "en"


class Pivot:
    """The way through English; see `TranslationEngine`.

    Args:
        translate_speech: returns the English of each stretch of speech, float32 mono 16 kHz, in a language.
        then: engines that make Chinese of English; the first that can is asked.
    """

    needs_speech = True

    def __init__(
        self, translate_speech: Callable[[Sequence[np.ndarray], str], list[str]], then: Sequence[TranslationEngine]
    ) -> None:
        self.name, self._translate_speech = PIVOT, translate_speech
        able = [engine for engine in then if engine.supports(_ENGLISH, "zh-Hans")]
        self._then = able[0] if able else None
        self.attempts = self._then.attempts[:1] if self._then else ()

    @property
    def reference(self) -> str:
        """Reference of what writes the Chinese."""
        return self._then.reference if self._then else ""

    def supports(self, source: str, target: str) -> bool:
        """See `TranslationEngine.supports`."""
        return self._then is not None and source in LANGUAGES and source not in (_ENGLISH, "zh")

    def translate(self, units: Sequence[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
        """See `TranslationEngine.translate`."""
        english = self._translate_speech([unit.samples for unit in units], source)
        heard = [replace(unit, text=text.strip()) for unit, text in zip(units, english, strict=True) if text.strip()]
        written = {one.id: one for one in self._then.translate(heard, _ENGLISH, target, attempt)} if heard else {}
        return [
            replace(written[unit.id], english=text.strip()) if unit.id in written else Written(unit.id, "")
            for unit, text in zip(units, english, strict=True)
        ]
