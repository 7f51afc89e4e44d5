"""A genre run becomes the folder that its repository is to hold: network, code, card, figures and record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from genre.genre_run import songs_name
from genre.songs import INDEX
from najva.genre_networks import WEIGHTS
from publishing.card_text import CardError, write_card
from publishing.hub import Staged
from publishing.measured import MEASURED
from publishing.staging import README, empty, pictures_of, place, without_local_paths
from run_record import NAME, read_record
from whole_files import write_json

LICENCE = "apache-2.0"
# GTZAN's recordings state no licence, so none can be given to what learned from them.
GTZAN_LICENCE = "other"
_CODE = Path(__file__).parents[2] / "space" / "najva"
_MODULES = ("__init__.py", "genre_networks.py", "genre_features.py", "mel_bands.py")
_OF_THE_RUN = (WEIGHTS, "config.json", "split.json", INDEX, "history.csv")


def is_genre_run(record: Mapping[str, Any]) -> bool:
    """Whether a run is one of `train_genre.py`."""
    return "preset" in record


def licence_of(record: Mapping[str, Any]) -> str:
    """Return the licence, in the Hub's spelling, of a network for which nobody chose another."""
    return GTZAN_LICENCE if record["data"]["is_gtzan"] else LICENCE


def stage_genre(run: Path, folder: Path, repository: str, *, licence: str = "") -> Staged:
    """Stage a genre network.

    Args:
        run: `runs/NAME`, trained and measured.
        folder: where to; what was staged there before goes.
        repository: `OWNER/NAME`.
        licence: in the Hub's spelling; empty: `other` for what learned from GTZAN, else the project's own.

    Raises:
        CardError, RunError: it was not measured.
    """
    record = without_local_paths(read_record(run))
    card, measured = genre_card(run, record, repository, licence or licence_of(record)), measured_values(record)
    empty(folder)
    for name in (*_OF_THE_RUN, *(f"figures/{name}" for name in pictures_of(run))):
        place(run / name, folder / name)
    for name in _MODULES:
        place(_CODE / name, folder / "najva" / name)
    write_json(folder / NAME, record)
    write_json(folder / MEASURED, measured)
    (folder / README).write_text(card, encoding="utf-8")
    song, of = record["evaluation"]["by_song"], songs_name(record)
    message = f"{record['options']['architecture']}: accuracy {song['accuracy']:.1%} on {of}"
    return Staged(folder, repository, "model", message)


def genre_card(run: Path, record: Mapping[str, Any], repository: str, licence: str) -> str:
    """Return the card of a genre network.

    Raises:
        CardError: the run was not measured, or the card would state what its record does not hold.
    """
    if "evaluation" not in record:
        raise CardError(f"{run} was not measured; evaluate_genre.py --run measures it.")
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    if config["temperature"] != record["evaluation"]["temperature"]:
        raise CardError(f"{run} was trained on after it was measured; evaluate_genre.py --run measures it again.")
    title, architecture = repository.rpartition("/")[2], record["options"]["architecture"].replace("_", "-")
    metadata = ModelCardData(
        license=licence,
        library_name="najva",
        pipeline_tag="audio-classification",
        metrics=["accuracy"],
        tags=["music", "genre", *(["gtzan"] if record["data"]["is_gtzan"] else []), architecture],
        model_name=title,
        eval_results=_results(record),
    )
    context = {
        "run": record,
        "title": title,
        "repository": repository,
        "licence": licence,
        "pictures": pictures_of(run),
    }
    record = {**record, "genres": len(record["data"]["genres"])}
    return write_card("genre.md.jinja", metadata, context, record, (repository, title, licence), ModelCard)


def measured_values(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of `measured.json`, by which the Space says what a network was measured to do."""
    evaluation, name = record["evaluation"], songs_name(record)
    return {
        "model": record["options"]["architecture"],
        "command": evaluation["command"],
        "date": evaluation["finished"][:10],
        "figures": [
            {
                "set": f"{one['by_song']['count']} songs of {name}, protocol {protocol}",
                "protocol": protocol,
                "system": "tuned",
                "metric": "accuracy",
                "value": one["by_song"]["accuracy"],
                "low": one["by_song"]["low"],
                "high": one["by_song"]["high"],
                "clips": one["by_song"]["count"],
            }
            for protocol, one in by_protocol(record).items()
        ],
    }


def _results(record: Mapping[str, Any]) -> list[EvalResult]:
    """Return an entry for each protocol and way of counting."""
    data = record["data"]
    return [
        EvalResult(
            task_type="audio-classification",
            task_name="Music genre",
            dataset_type=data["name"],
            dataset_name=f"{songs_name(record)}, {protocol}",
            dataset_config=protocol,
            dataset_split=one["part"],
            dataset_args={"sha256": data["sha256"]},
            metric_type="accuracy",
            metric_name=f"Accuracy by {counted}, protocol {protocol}",
            metric_value=one[f"by_{counted}"]["accuracy"],
            metric_args={name: one[f"by_{counted}"][name] for name in ("count", "low", "high")},
        )
        for protocol, one in by_protocol(record).items()
        for counted in ("song", "piece")
    ]


def by_protocol(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the figures under each protocol, the card's own first; of several runs under one those of the first."""
    evaluation, found = record["evaluation"], {}
    for one in (evaluation, *evaluation["beside"]):
        found.setdefault(one["protocol"], one)
    return found
