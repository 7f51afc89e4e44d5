"""A ZeroGPU Space of the Hub: models lie ready on `cuda`, and a GPU is lent for each call on a recording or a text.

There the GPU exists inside a decorated call alone, which runs in a process forked from this one. So

* models are placed before the page is launched, in the thread that imported `spaces`, whose emulation of `cuda` is that
  thread's; what were placed within a call would be placed again in every visitor's minutes;
* what goes in and comes back is pickled, and of an exception only its class would come back, so refusals are answers;
* threads do not live on in a fork, CTranslate2's neither, so nothing of what a call needs may have any, and no model is
  loaded in a thread beside it;
* what bypasses Gradio's queue gets no GPU: live speech, which stays on the processor.

The `spaces` package, which such a Space brings, was read in version 0.51.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from najva.services import Services
from najva.settings import SettingError, Settings
from najva.speech_translation import Translation
from najva.text_translation import TextTranslation
from najva.transcriber import DetectedLanguage, Transcript
from najva.vad import SAMPLE_RATE_HZ
from tabs.endpoints import REFUSALS

if TYPE_CHECKING:
    from najva.genre_classifier import GenreAnswer

# Seconds of a GPU to ask for. A visitor has two minutes a day, and who asks for more than is left is refused. Guesses
# on the safe side, never measured on such a Space: a fork and the weights' way to the GPU, a share of the recording.
_START_SECONDS = 15
_SHARE = {"transcribe": 0.1, "translate": 0.2, "detect_language": 0.1, "classify_genre": 0.05}
_SECONDS_A_LETTER = 0.004
# Of a recording whose headers do not state its length, and what of a long one is heard for its language.
_UNKNOWN_SECONDS, _TELLING_SECONDS = 600.0, 200.0

Compute = Callable[..., Iterator[object]]


def is_here(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a ZeroGPU Space; told by the variable that `spaces` itself reads."""
    return environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def gpu_seconds(call: str, size: float | None) -> int:
    """Return for how long a GPU is asked for.

    Args:
        call: name of a method of `Services`.
        size: seconds of the recording, None where they are not known; of `translate_text` the letters.
    """
    if call == "translate_text":
        return math.ceil(_START_SECONDS + _SECONDS_A_LETTER * size)
    heard = _UNKNOWN_SECONDS if size is None else size
    if call == "detect_language":
        heard = min(heard, _TELLING_SECONDS)
    return math.ceil(_START_SECONDS + _SHARE[call] * heard)


def services_with_gpu(settings: Settings) -> Services:
    """Place every model on the GPU that will be lent, and return the services that borrow it; takes minutes.

    Args:
        settings: see `Settings`.

    Raises:
        SettingError: they ask for no GPU.
    """
    if settings.device == "cpu":
        raise SettingError(
            "NAJVA_DEVICE=cpu is not for a ZeroGPU Space, which wants its GPU to be used: set it to auto."
        )
    import spaces

    placed = Services(replace(settings, device="cuda"), fixed=True)
    placed.load_all()

    def duration(call: str, what: str, *_: object, **__: object) -> int:
        # What is longer than it may be is refused by the call itself.
        is_text = call == "translate_text"
        return gpu_seconds(call, min(len(what), settings.max_letters) if is_text else placed.seconds(what))

    @spaces.GPU(duration=duration)
    def compute(call: str, *asked: object, **named: object) -> Iterator[object]:
        """Yield the answers of one of the services' methods, or what it refuses, as a value."""
        try:
            found = getattr(placed, call)(*asked, **named)
            yield from (found if isinstance(found, Iterator) else [found])
        except REFUSALS as error:
            yield error

    return GpuServices(settings, compute)


class GpuServices(Services):
    """Services on the processor, for live speech and for all that is told of models, that let a GPU do the rest.

    Args:
        settings: see `Settings`.
        compute: yields the answers of a method, called by name, of services with the same settings on a GPU.
    """

    def __init__(self, settings: Settings, compute: Compute) -> None:
        super().__init__(replace(settings, device="cpu"), fixed=True)
        self._compute = compute
        self.load_all()

    def warm_up(self) -> None:
        """Do nothing: all was loaded before, and a fork shall not meet a thread that loads."""

    def transcribe(
        self, path: Path | str, language: str = "auto", timestamps: str = "segment", model: str = "auto"
    ) -> Iterator[Transcript]:
        """See `Services.transcribe`."""
        return self._on_gpu("transcribe", str(path), language, timestamps, model)

    def translate(
        self, path: Path | str, target: str = "zh-Hans", language: str = "auto", engine: str = "auto"
    ) -> Iterator[Translation]:
        """See `Services.translate`."""
        return self._on_gpu("translate", str(path), target, language, engine)

    def translate_text(
        self, text: str, source: str, target: str = "zh-Hans", engine: str = "auto"
    ) -> Iterator[TextTranslation]:
        """See `Services.translate_text`."""
        return self._on_gpu("translate_text", text, source, target, engine)

    def detect_language(self, path: Path | str) -> DetectedLanguage:
        """See `Services.detect_language`."""
        (found,) = self._on_gpu("detect_language", str(path))
        return found

    def classify_genre(
        self, path: Path | str, model: str = "auto", watch: Callable[[np.ndarray, int], None] | None = None
    ) -> Iterator[GenreAnswer]:
        """See `Services.classify_genre`; the recording is decoded here too for who watches, at 16 kHz."""
        seen, blocks = 0.0, self._watched(path, SAMPLE_RATE_HZ, watch)
        for answer in self._on_gpu("classify_genre", str(path), model):
            while watch and seen < answer.seconds and (block := next(blocks, None)) is not None:
                seen += block.size / SAMPLE_RATE_HZ
            yield answer

    def _on_gpu(self, call: str, *asked: object) -> Iterator:
        for answer in self._compute(call, *asked):
            if isinstance(answer, REFUSALS):
                raise answer
            yield answer
