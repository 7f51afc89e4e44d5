"""The translator that comes with the app: what its card says is what lies beside it, and what it was made for."""

import json

import pytest

import embed_translator
from najva.services import Services
from najva.settings import Settings
from najva.translation.registry import MODELS
from publishing.translator_staging import measured_values
from run_record import read_record
from tabs.about import figures
from translation.own_tests import SETS

FOLDER = embed_translator.EMBEDDED / embed_translator.NAME
DIALOGUE = "MSCTD test, film dialogue, English"


@pytest.fixture(scope="module")
def record() -> dict:
    """What it was made of."""
    return read_record(FOLDER)


def test_the_card_is_that_of_its_record(record: dict) -> None:
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == embed_translator.embedded_card()
    assert json.loads((FOLDER / "measured.json").read_text(encoding="utf-8")) == measured_values(record)


def test_it_is_as_small_as_it_must_be(record: dict) -> None:
    assert 5e6 <= record["training"]["parameters"] <= 10e6
    assert (FOLDER / "model.safetensors").stat().st_size <= 20e6
    assert MODELS["embedded"].parameters == record["training"]["parameters"]


def test_it_was_measured_on_what_it_never_learned_from(record: dict) -> None:
    own = [one["set"] for one in record["evaluation"]["figures"] if one["engine"] == "own"]
    assert own == list(SETS.values())
    learned = record["data"]["collections"]
    assert not any("flores" in file or file.endswith(("test.en-zh.tsv", "dev.en-zh.tsv")) for file in learned)


@pytest.mark.parametrize("baseline", ["copy", "nearest"])
def test_on_dialogue_it_is_better_than_no_translator(record: dict, baseline: str) -> None:
    chrf = {one["engine"]: one["chrf"] for one in record["evaluation"]["figures"] if one["set"] == DIALOGUE}
    assert chrf["own"] >= 1.5 * chrf[baseline]
    (compared,) = (
        one
        for one in record["evaluation"]["comparisons"]
        if (one["this"], one["other"]) == ("own", baseline) and DIALOGUE in one["of"]
    )
    # The other against it, by a paired interval.
    assert compared["verdict"] == "worse"


def test_the_page_tells_points_as_points(record: dict) -> None:
    services = Services(Settings(models="offline"))
    (role,) = services.translation_roles[:1]
    (found,) = (one for one in record["evaluation"]["figures"] if (one["engine"], one["set"]) == ("own", DIALOGUE))
    assert f"chrF&nbsp;{found['chrf']:.0f}, BLEU&nbsp;{found['bleu']:.0f}<" in figures(role.checkpoint.measured)
