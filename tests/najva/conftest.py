"""Small translators, each made once in a run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def small_translator(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a family's small model, as its family is published; copied by whoever changes it."""
    # Imported when it is needed: the library is large, and most tests do without.
    from tests.najva.translation.small_translators import SAVE

    folder = tmp_path_factory.mktemp("translators")

    @cache
    def made(family: str) -> Path:
        return SAVE[family](folder / family)

    return made
