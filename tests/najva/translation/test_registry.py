"""What every row of the registry must hold, whichever models stand in it."""

import dataclasses
import re
from typing import get_args

import pytest

from najva.languages import LARGE_V3_LANGUAGES
from najva.pretrained.references import parse_reference
from najva.translation.registry import AUTO, AUTO_ORDER, MODELS, Family
from najva.translation.scripts import TARGETS

ROUTES = ("pivot", "forced")


@pytest.mark.parametrize("row", MODELS.values(), ids=list(MODELS))
def test_row_is_whole(row):
    assert MODELS[row.name] is row
    assert row.family in get_args(Family)
    assert row.languages and row.languages <= set(LARGE_V3_LANGUAGES)
    assert set(row.scripts) <= set(TARGETS)
    assert re.fullmatch(r"(?:[0-9a-f]{40})?", row.revision)
    if row.name in ROUTES:
        assert (row.reference, row.licence, row.parameters) == ("", "", 0)
    else:
        assert parse_reference(row.reference).kind == ("embedded" if row.name == "embedded" else "hub")
        assert re.fullmatch(r"[a-z0-9.-]+", row.licence)
        assert row.parameters < row.memory_bytes < 1.5 * row.parameters
        assert row.memory_bytes < row.gpu_bytes < row.preparing_bytes


def test_names_and_revisions_are_distinct():
    assert len(MODELS) == 9
    revisions = [row.revision for row in MODELS.values() if row.revision]
    assert len(set(revisions)) == len(revisions)


def test_default_engines_exist_take_persian_and_may_be_used_by_all():
    assert AUTO not in MODELS
    for name in AUTO_ORDER:
        row = MODELS[name]
        assert "fa" in row.languages
        assert not row.non_commercial and not row.gated
    assert AUTO_ORDER[-1] == "embedded"


def test_only_nllb_is_non_commercial():
    assert [row.name for row in MODELS.values() if row.non_commercial] == ["nllb-200-distilled-600m"]


def test_what_the_small_ones_and_the_routes_take():
    assert MODELS["opus-mt-en-zh"].languages == {"en"}
    assert MODELS["embedded"].languages == {"en", "fa"}
    assert MODELS["pivot"].languages == set(LARGE_V3_LANGUAGES)
    assert set(LARGE_V3_LANGUAGES) - MODELS["forced"].languages == {"zh"}


def test_rows_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MODELS["embedded"].licence = "cc-by-nc-4.0"
