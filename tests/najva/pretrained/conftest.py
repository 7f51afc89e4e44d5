"""The packaged model laid out once, and a tiny one beside it."""

from pathlib import Path

import pytest

from najva.pretrained.packaged_whisper import packaged_whisper
from tests.najva.pretrained.tiny_models import save_tiny_whisper


@pytest.fixture(scope="session")
def packaged(cache: Path) -> Path:
    """The folder that holds the packaged Whisper's `transformers/` and `ctranslate2/`."""
    return packaged_whisper(cache)


@pytest.fixture(scope="session")
def tiny(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Whisper, Hub-style; copied by whoever changes it."""
    return save_tiny_whisper(tmp_path_factory.mktemp("models") / "tiny", packaged / "transformers")
