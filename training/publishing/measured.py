"""What a run was measured to do, fit to be shown: checked for honesty, and as the Space reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.clip_counts import FIGURES, MEANS
from najva.languages import LANGUAGES
from publishing.card_text import CardError

MEASURED = "measured.json"
# Of the clips on which an adapter on its base and the merged model write the same text. Arithmetic alone makes a few
# differ on another processor.
LEAST_AGREEMENT = 0.9


@dataclass(frozen=True)
class ModelKind:
    """One of the models that come out of a run.

    Attributes:
        name: `adapter`, `merged` or `full`.
        system: whose figures are its own, in the record's `evaluation`.
        folder: where its weights are inside the run folder; empty for the run folder itself.
        relation: to the base, in the Hub's words.
        library: that loads it.
    """

    name: str
    system: str
    folder: str
    relation: str
    library: str


KINDS = {
    kind.name: kind
    for kind in (
        ModelKind("adapter", "tuned", "adapter", "adapter", "peft"),
        ModelKind("merged", "merged", "merged", "merge", "transformers"),
        ModelKind("full", "tuned", "", "finetune", "transformers"),
    )
}


def is_synthetic(record: Mapping[str, Any]) -> bool:
    """Whether a run was trained and measured on synthetic speech."""
    return record["data"]["source"].get("speech") == "synthetic"


def check_measured(record: Mapping[str, Any], kind: ModelKind) -> None:
    """See whether a run's figures may stand on a card: all test clips, each system decoded and scored alike.

    Raises:
        CardError: they may not.
    """
    for section, job in (("training", "finetune_whisper.py"), ("evaluation", "evaluate_whisper.py")):
        if section not in record:
            raise CardError(f"The run has no section '{section}' in its run.json; {job} adds it.")
    evaluation = record["evaluation"]
    again = "run evaluate_whisper.py again, without --clips"
    systems = evaluation.get("systems", {})
    for name in dict.fromkeys(("base", "tuned", kind.system)):
        if name not in systems:
            raise CardError(f"The {name} model was not measured; {again}.")
        made = systems[name]["made_with"]
        if made["part"] != "test" or made["clips"] != record["data"]["clips"]["test"]:
            raise CardError(
                f"The {name} model was measured on {made['clips']} {made['part']} clips, not on all "
                f"{record['data']['clips']['test']} test clips; {again}."
            )
        if made["split_sha256"] != record["data"]["split_sha256"]:
            raise CardError(f"The {name} model was measured on another split than it was trained on; {again}.")
        alike = ("decode", systems["base"]["made_with"]["decode"]), ("normalizer", systems["base"]["normalizer"])
        if (made["decode"], systems[name]["normalizer"]) != tuple(value for _, value in alike):
            raise CardError(f"Base and {name} model were not decoded and scored alike; {again}.")
        if absent := [figure for figure in (*MEANS, "cer") if systems[name].get(figure) is None]:
            raise CardError(f"The {name} model lacks the {FIGURES[absent[0]]}; {again}.")
    comparison = evaluation.get("comparison", {})
    compared = (comparison, comparison.get("other", {}))
    for name, figures in zip(("base", "tuned"), compared, strict=True):
        if any(figures.get(mean) != systems[name][mean] for mean in MEANS):
            raise CardError(f"Base and tuned model were not compared on their last figures; {again}.")
    agree, clips = evaluation.get("merged_agrees"), record["data"]["clips"]["test"]
    if agree is not None and agree < LEAST_AGREEMENT * clips:
        raise CardError(
            f"Adapter and merged model wrote the same text on only {agree} of {clips} clips, so one of them is "
            "damaged; delete merged/ and the section 'training' of run.json, and run finetune_whisper.py again."
        )
    if evaluation["finished"] < record["training"]["finished"]:
        raise CardError(f"The model was trained on after it was measured; {again}.")


def measured_values(record: Mapping[str, Any], kind: ModelKind) -> dict[str, Any]:
    """Return the content of `measured.json`, by which the Space says what a model was measured to do.

    Args:
        record: content of `run.json`.
        kind: of `KINDS`.

    Raises:
        CardError: see `check_measured`.
    """
    check_measured(record, kind)
    evaluation, data = record["evaluation"], record["data"]
    language = LANGUAGES[record["model"]["language"]].english_name
    speech = ", synthetic speech" if is_synthetic(record) else ""
    own = f"{language}, {data['clips']['test']} test clips of {data['name']}{speech}"
    untuned = f"{record['base']['name']} untuned"
    rows = []
    for system, name in ((kind.system, own), ("base", f"the same clips, {untuned}")):
        rows += _rows(
            name, system, data["source"]["speech"], evaluation["systems"][system], record["model"]["language"]
        )
    for name, sheet in compared_sheets(record).items():
        tongue = LANGUAGES[sheet["language"]].english_name
        clips = sheet["systems"]["tuned"]["clips"]
        speech = {"as recorded": ", recorded speech", "synthetic": ", synthetic speech"}[sheet["speech"]]
        named = f"{tongue}, {clips} clips of {name}{speech}"
        for system, title in (("tuned", named), ("base", f"{named}, {untuned}")):
            rows += _rows(title, system, sheet["speech"], sheet["systems"][system], sheet["language"])
    decode = evaluation["systems"][kind.system]["made_with"]["decode"]
    return {
        "model": kind.name,
        "base": record["base"]["name"],
        "engine": f"najva, {decode['engine']} {decode['compute_type']}",
        "command": evaluation["command"],
        "date": evaluation["finished"][:10],
        "normalizer": evaluation["systems"][kind.system]["normalizer"],
        "split_sha256": data["split_sha256"],
        "speech": data["source"]["speech"],
        "verdict": evaluation["comparison"]["mean_clip_difference_verdict"],
        "figures": rows,
    }


def compared_sheets(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the further recordings on which base and tuned model were both measured, by the sheet's name."""
    return {name: sheet for name, sheet in record.get("sheets", {}).items() if "comparison" in sheet}


def _rows(name: str, system: str, speech: str, figures: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    """Return what one system was measured to do on one set of clips, as `measured.json` has it."""
    return [
        {
            "set": name,
            "system": system,
            "speech": speech,
            "language": language,
            "metric": metric,
            "value": figures[figure],
            **{bound: figures[f"{figure}_{bound}"] for bound in ("low", "high")},
            "clips": figures["clips"],
        }
        for figure, metric in (("mean_clip_wer", "mean WER"), ("wer", "corpus WER"), ("cer", "CER"))
    ]


def kinds_of(record: Mapping[str, Any]) -> list[ModelKind]:
    """Return which models come out of a run; an adapter last, as its card points to the merged model."""
    return [KINDS["merged"], KINDS["adapter"]] if record["model"]["tuning"] == "lora" else [KINDS["full"]]
