"""A translator's run becomes the folder that its repository is to hold: network, vocabulary, card, figures, record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from najva.translation.confidence import FILE as CONFIDENCE
from publishing.card_text import CardError, write_card
from publishing.hub import Staged
from publishing.measured import MEASURED
from publishing.staging import README, empty, pictures_of, place, without_local_paths
from run_record import NAME, read_record
from translation.parallel_text import ORIGINS, SPLIT
from translation.vocabulary import TOKENIZER
from whole_files import write_json

# The text that it learned from is under many licences, which the card names.
LICENCE = "other"
_OF_THE_RUN = (
    "model.safetensors",
    "config.json",
    "generation_config.json",
    *TOKENIZER,
    CONFIDENCE,
    SPLIT,
    "history.csv",
)
_ARCHITECTURE = ("m2m_100", "M2M100")
OWN = "own"


def is_translator_run(record: Mapping[str, Any]) -> bool:
    """Whether a run is one of `train_translator.py`."""
    return "calibration" in record


def licence_of(record: Mapping[str, Any]) -> str:
    """Return the licence, in the Hub's spelling, of a translator for which nobody chose another."""
    return LICENCE


def stage_translator(run: Path, folder: Path, repository: str, *, licence: str = "") -> Staged:
    """Stage a translator.

    Args:
        run: `runs/NAME`, trained and measured.
        folder: where to; what was staged there before goes.
        repository: `OWNER/NAME`.
        licence: in the Hub's spelling; empty: `other`.

    Raises:
        CardError, RunError: it was not measured.
    """
    record = without_local_paths(read_record(run))
    card, measured = translator_card(run, record, repository, licence or licence_of(record)), measured_values(record)
    empty(folder)
    for name in (*_OF_THE_RUN, *(f"figures/{name}" for name in pictures_of(run))):
        place(run / name, folder / name)
    write_json(folder / NAME, record)
    write_json(folder / MEASURED, measured)
    (folder / README).write_text(card, encoding="utf-8")
    first = own_figures(record)[0]
    return Staged(folder, repository, "model", f"Translator: chrF {first['chrf']:.1f} on {first['set']}")


def translator_card(run: Path, record: Mapping[str, Any], repository: str, licence: str) -> str:
    """Return the card of a translator.

    Args:
        run: folder with its pictures.
        record: of its run.
        repository: `OWNER/NAME`.
        licence: in the Hub's spelling.

    Raises:
        CardError: the run was not measured, or the card would state what its record does not hold.
    """
    if not own_figures(record):
        raise CardError("The translator was not measured: evaluate_translation.py --translator RUN --output RUN.")
    title = repository.rpartition("/")[2]
    metadata = ModelCardData(
        license=licence,
        library_name="transformers",
        pipeline_tag="translation",
        language=["en", "fa", "zh"],
        metrics=["chrf", "bleu"],
        tags=[_ARCHITECTURE[0], "persian", "chinese"],
        model_name=title,
        eval_results=_results(record),
    )
    learned: dict[str, int] = {}
    taught = record["data"].get("taught", {})
    for file, pairs in [*record["data"]["collections"].items(), *taught.items()]:
        learned[file.partition("/")[0]] = learned.get(file.partition("/")[0], 0) + pairs
    record = {**record, "learned": learned, "taught_pairs": sum(taught.values()), "languages": 2}
    context = {
        "run": record,
        "title": title,
        "repository": repository,
        "licence": licence,
        "own": own_figures(record),
        "figures": record["evaluation"]["figures"],
        "pictures": pictures_of(run),
        "origins": ORIGINS,
        "architecture": _ARCHITECTURE[1],
    }
    names = (repository, title, licence, *_ARCHITECTURE, *(text for origin in ORIGINS.values() for text in origin))
    return write_card("translator.md.jinja", metadata, context, record, names, ModelCard)


def own_figures(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the translator's own figures, a set each; none of a run that was not measured."""
    return [one for one in record.get("evaluation", {}).get("figures", ()) if one["engine"] == OWN]


def measured_values(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of `measured.json`, by which the Space says what a translator was measured to do."""
    evaluation = record["evaluation"]
    return {
        "model": "translator",
        "command": evaluation["command"],
        "date": evaluation["finished"][:10],
        "figures": [
            {
                "set": f"{one['n']} sentences of {one['set']}",
                "system": "tuned",
                "language": one["language"],
                "metric": metric,
                "value": round(one[name] / 100, 5),
                "low": round(one[f"{name}_low"] / 100, 5),
                "high": round(one[f"{name}_high"] / 100, 5),
                "clips": one["n"],
            }
            for one in own_figures(record)
            for name, metric in (("chrf", "chrF"), ("bleu", "BLEU"))
        ],
    }


def _results(record: Mapping[str, Any]) -> list[EvalResult]:
    """Return an entry for each set and metric."""
    return [
        EvalResult(
            task_type="translation",
            task_name="Translation into Chinese",
            dataset_type=one["set"],
            dataset_name=one["set"],
            metric_type=kind,
            metric_name=name,
            metric_value=round(one[kind], 2),
            metric_args={"signature": record["evaluation"]["signatures"][kind]},
        )
        for one in own_figures(record)
        for kind, name in (("chrf", "chrF"), ("bleu", "BLEU"))
    ]
