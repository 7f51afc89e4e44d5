"""The packaged weights on both engines, loaded once a run."""

from pathlib import Path

import pytest

from najva.pretrained.packaged_whisper import packaged_whisper
from najva.transcriber import Transcriber, Voice
from najva.transcriber.ctranslate2_engine import CTranslate2Engine
from najva.vad import SpeechDetector


@pytest.fixture(scope="session")
def weights(cache: Path) -> Path:
    """The folder that holds `transformers/` and `ctranslate2/`."""
    return packaged_whisper(cache)


@pytest.fixture(scope="session")
def detector() -> SpeechDetector:
    """Silero."""
    return SpeechDetector()


@pytest.fixture(scope="session")
def engine(weights: Path) -> CTranslate2Engine:
    """The engine of the Space on a CPU."""
    return CTranslate2Engine(weights / "ctranslate2")


@pytest.fixture(scope="session")
def transcriber(engine: CTranslate2Engine, detector: SpeechDetector) -> Transcriber:
    """The transcriber of the Space without a Persian model."""
    return Transcriber(Voice("packaged:whisper-base", engine), detector)
