"""Which genre networks there are, which is the default, and what happens when one cannot be had."""

import json
from pathlib import Path

import pytest

from najva.genre_models import GenreModels, UnknownGenreModel, mean_accuracy, short_name
from najva.genre_networks import GenreConfig, GenreNetwork
from najva.pretrained import Hub, ModelError
from najva.settings import Settings

LABELS = ["jazz", "rock"]


def network(folder: Path, architecture: str = "cnn", share: float | None = None) -> Path:
    GenreNetwork(GenreConfig(architecture, LABELS)).save_pretrained(folder)
    if share is not None:
        figures = [{"metric": "accuracy", "value": share, "set": "some"}]
        (folder / "measured.json").write_text(json.dumps({"figures": figures}), encoding="utf-8")
    return folder


def models(cache: Path, said: list[str] | None = None, **settings: str) -> GenreModels:
    return GenreModels(
        Settings(models="offline", cache=cache, **settings), Hub(offline=True), ([] if said is None else said).append
    )


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "embedded"
    for module in ("najva.genre_models", "najva.pretrained.checkpoint"):
        monkeypatch.setattr(f"{module}.EMBEDDED_FOLDER", folder)
    return folder


def test_of_those_that_come_with_the_app_the_best_is_the_default(embedded: Path, tmp_path: Path) -> None:
    for name, share in (("poor", 0.4), ("good", 0.8), ("unmeasured", None)):
        network(embedded / "genre" / name, share=share)
    found = models(tmp_path)
    assert [short_name(one) for one in found.checkpoints] == ["good", "poor", "unmeasured"]
    assert [mean_accuracy(one) for one in found.checkpoints] == [0.8, 0.4, -1]
    assert found.find().reference == "embedded:genre/good" == found.find("good").reference
    assert found.classifier("poor").reference == "embedded:genre/poor"
    assert found.classifier("poor") is found.classifier("embedded:genre/poor")
    with pytest.raises(UnknownGenreModel, match="there are auto, good, poor, unmeasured"):
        found.find("best")


def test_those_that_are_named_are_taken_in_their_order(embedded: Path, tmp_path: Path) -> None:
    network(embedded / "genre" / "own", share=0.9)
    one, other = network(tmp_path / "one"), network(tmp_path / "two", "lstm", share=0.99)
    found = models(tmp_path, genre_models=f"{one}, {other}")
    assert [short_name(each) for each in found.checkpoints] == ["one", "two"]
    assert found.classifier("two").network.config.architecture == "lstm"


def test_one_that_cannot_be_had_is_told_and_the_others_serve(embedded: Path, tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "whisper"}', encoding="utf-8")
    good = network(tmp_path / "good")
    found = models(tmp_path, said, genre_models=f"{tmp_path / 'other'},{good}")
    assert found.find().reference == str(good)
    assert "is not a genre network: it is a 'whisper'" in found.problem and said == [found.problem]


def test_a_damaged_one_that_comes_with_the_app_costs_no_more_than_itself(embedded: Path, tmp_path: Path) -> None:
    network(embedded / "genre" / "good")
    network(embedded / "genre" / ".good.unfinished")
    (network(embedded / "genre" / "half") / "model.safetensors").unlink()
    found = models(tmp_path)
    assert [short_name(one) for one in found.checkpoints] == ["good"] and "genre/half" in found.problem


def test_without_any_it_says_so(embedded: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="NAJVA_GENRE_MODELS names one"):
        models(tmp_path).find()


@pytest.mark.parametrize("damage", ["missing", "cut short", "another shape"])
def test_weights_that_cannot_be_used(embedded: Path, tmp_path: Path, damage: str) -> None:
    folder = network(tmp_path / "broken")
    weights = folder / "model.safetensors"
    if damage == "missing":
        weights.unlink()
    elif damage == "cut short":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        GenreNetwork(GenreConfig("cnn", [*LABELS, "pop"])).save_pretrained(tmp_path / "wider")
        weights.write_bytes((tmp_path / "wider" / "model.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"safetensors|cannot be loaded"):
        models(tmp_path, genre_models=str(folder)).classifier()
