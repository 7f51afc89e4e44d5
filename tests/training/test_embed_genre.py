"""The genre networks that come with the app: what their cards say is what lies beside them."""

import csv
import json
from pathlib import Path

import pytest

import embed_genre
from genre.songs import INDEX, gtzan_facts
from publishing.genre_staging import measured_values
from run_record import read_record

NETWORKS = sorted(path.parent for path in (embed_genre.EMBEDDED / "genre").glob("[!.]*/config.json"))


@pytest.fixture(params=NETWORKS, ids=lambda folder: folder.name)
def network(request: pytest.FixtureRequest) -> Path:
    """The folder of one of them."""
    return request.param


def test_all_five_are_there() -> None:
    assert {folder.name for folder in NETWORKS} == set(embed_genre.ARCHITECTURES)


def test_the_card_is_that_of_its_record(network: Path) -> None:
    assert (network / "README.md").read_text(encoding="utf-8") == embed_genre.embedded_card(network.name)
    measured = json.loads((network / "measured.json").read_text(encoding="utf-8"))
    assert measured == measured_values(read_record(network))


def test_its_figures_are_of_songs_that_its_folds_did_not_train_on(network: Path) -> None:
    evaluation = read_record(network)["evaluation"]
    assert evaluation["protocol"] == "artist" and evaluation["of"] == f"{network.name}-artists"
    assert evaluation["validation_songs_with_artist_in_training"] == 0
    assert set(evaluation["not_measurable"]) == {"blues", "reggae", "rock"}
    beside = {(one["protocol"], one["preset"], one["folds"]) for one in evaluation["beside"]}
    assert beside == {("pooled", "tuned", 7), ("pooled", "as-specified", 1)}
    assert len(evaluation["right"]) == evaluation["by_song"]["right"]


def test_its_index_names_gtzan_s_clips_and_who_plays(network: Path) -> None:
    with (network / INDEX).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == read_record(network)["data"]["songs"] == len({row["sha256"] for row in rows})
    facts = gtzan_facts()
    assert all(facts[Path(row["id"]).stem][0] == row["artist"] for row in rows)


def test_a_card_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    folder = tmp_path / "genre" / "cnn"
    folder.mkdir(parents=True)
    for name in ("run.json", "config.json"):
        (folder / name).write_bytes((embed_genre.EMBEDDED / "genre" / "cnn" / name).read_bytes())
    monkeypatch.setattr(embed_genre, "EMBEDDED", tmp_path)
    assert embed_genre.main(["--audio-folder", "none", "--architectures", "cnn", "--cards"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["cnn"]["card"] == str(folder / "README.md")
    assert "25 of 49 songs" in (folder / "README.md").read_text(encoding="utf-8")
