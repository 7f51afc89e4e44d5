"""Cards: a run's record becomes the page that stands beside its model on the Hub, and the figures that the Space shows.

Everything a card says of a model is read from `run.json`, and a card with a number that is not in there is refused.
The templates are in `hub_cards/`. Conventions: https://huggingface.co/docs/hub/model-cards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from huggingface_hub import (
    DatasetCard,
    DatasetCardData,
    EvalResult,
    ModelCard,
    ModelCardData,
    SpaceCard,
)
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from evaluation.clip_counts import FIGURES, MEANS
from najva.languages import LANGUAGES
from najva.pretrained.hub import WANTED
from najva.services import HUB_MODEL
from najva.translation.registry import AUTO_ORDER, MODELS
from publishing.card_text import CardError, template, write_card
from publishing.measured import ModelKind, check_measured, compared_sheets, is_synthetic
from sheets.speech_data import SpeechData
from sheets.splits import PARTS

TASK = "automatic-speech-recognition"
# What the Space takes from the Hub by itself, by the variable that names something else.
DEFAULTS = {"NAJVA_ASR_MODEL": HUB_MODEL, "NAJVA_TRANSLATOR": MODELS[AUTO_ORDER[0]].reference}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (math.inf, "100K<n<1M"))


@dataclass(frozen=True)
class CardOptions:
    """What a card says besides what the record holds.

    Attributes:
        repository: `OWNER/NAME` of the model, or the folder where it lies, not published yet.
        siblings: repositories of the run's other models by kind, such as `{"merged": "OWNER/NAME-merged"}`.
        licence: in the Hub's spelling; empty for the base's.
        dataset: repository of the data; empty for what the record names, or none.
        group_by: what the split kept on one side; None where clips were drawn one by one.
        figures: names of the pictures in `figures/`.
        title: of the page; empty for the repository's name.
    """

    repository: str
    siblings: Mapping[str, str]
    licence: str = ""
    dataset: str = ""
    group_by: str | None = None
    figures: Sequence[str] = ()
    title: str = ""

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.title or self.repository.rpartition("/")[2]


def check_base(name: str, licence: str, *, adapter: bool) -> None:
    """See whether a model that is tuned from a base could be published; asked before the training too.

    Args:
        name: of the base.
        licence: of the model that comes out, its own or the base's.
        adapter: whether an adapter is published, which is nothing without its base.

    Raises:
        CardError: it could not.
    """
    if not licence:
        raise CardError(f"The base {name} states no licence; name the model's own by --licence.")
    if adapter and not is_hub_name(name):
        raise CardError(
            "The adapter's base is a folder on this machine, where nobody else finds it: publish the base first and "
            "tune that, or publish the merged model only (--part merged)."
        )


def model_card(record: Mapping[str, Any], kind: ModelKind, options: CardOptions) -> str:
    """Return the card of a model.

    Args:
        record: content of `run.json`.
        kind: of `KINDS`.
        options: see `CardOptions`.

    Raises:
        CardError: the model was not measured, or on a part of the test clips only, or otherwise than its base; or the
            card would state a number that is not in the record.
    """
    check_measured(record, kind)
    licence = options.licence or record["base"]["licence"].lower()
    check_base(record["base"]["name"], licence, adapter=kind.name == "adapter")
    data = record["data"]
    dataset = options.dataset or data.get("repository") or data["source"].get("dataset", "").partition(":")[0]
    base = record["base"]["name"] if is_hub_name(record["base"]["name"]) else ""
    language = record["model"]["language"]
    metadata = ModelCardData(
        language=[language],
        license=licence,
        library_name=kind.library,
        pipeline_tag=TASK,
        base_model=base or None,
        base_model_relation=kind.relation if base else None,
        datasets=[dataset] if dataset else None,
        metrics=["wer", "cer"],
        tags=_tags(record, kind),
        model_name=options.name,
        eval_results=_results(record, kind, dataset),
    )
    sheets, chosen_by = compared_sheets(record), record.get("trials", {}).get("selection", ())
    context = {
        "run": record,
        "kind": kind,
        "repository": options.repository,
        "title": options.name,
        "siblings": options.siblings,
        "licence": licence,
        "dataset": dataset,
        "group_by": options.group_by,
        "pictures": options.figures,
        "language": LANGUAGES[language].english_name,
        "synthetic": is_synthetic(record),
        "others_synthetic": data.get("others", {}).get("source", {}).get("speech") == "synthetic",
        "sheets": sheets,
        "peoples": {
            name: sheet
            for name, sheet in sheets.items()
            # What the recipe was chosen by is no measure of it.
            if sheet["speech"] == "as recorded" and sheet["language"] == language and name not in chosen_by
        },
        "figure_names": FIGURES,
        "means": MEANS,
        "systems": ["base", "tuned", "merged"] if record["model"]["tuning"] == "lora" else ["base", "tuned"],
    }
    names = (options.name, options.repository, *options.siblings.values(), dataset, licence)
    return write_card("model.md.jinja", metadata, context, record, names, ModelCard)


def dataset_card(data: SpeechData, repository: str, licence: str, audio: Mapping[str, str]) -> str:
    """Return the card of a data set.

    Args:
        data: what is published.
        repository: `OWNER/NAME`.
        licence: in the Hub's spelling; empty if none is stated.
        audio: pattern of the files of each part, by the part's name.

    Raises:
        CardError: it would state a number that is not the data's.
    """
    facts = _dataset_facts(data)
    metadata = DatasetCardData(
        language=["fa"],
        license=licence or None,
        pretty_name=data.name,
        task_categories=[TASK],
        size_categories=[next(name for limit, name in _SIZES if facts["clips"] < limit)],
        tags=["persian", "speech", "najva", *(["synthetic"] if facts["synthetic"] else [])],
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": part, "path": audio[part]} for part in reversed(PARTS)],
            }
        ],
    )
    has_audio = all(pattern.startswith("audio/") for pattern in audio.values())
    context = {"data": facts, "repository": repository, "licence": licence, "has_audio": has_audio}
    names = (repository, licence, *audio.values(), metadata.size_categories[0])
    return write_card("dataset.md.jinja", metadata, context, facts, names, DatasetCard)


def space_card(
    card: str, models: Mapping[str, Sequence[str]], bases: Sequence[str], preload: Sequence[str] = ()
) -> str:
    """Return a Space's card that names the models which its variables name.

    Args:
        card: the Space's own card.
        models: references by the variable that names them, `OWNER/NAME@COMMIT` each.
        bases: models that those are adapters of.
        preload: what the Space is built with besides, as `preload_entry` writes it.
    """
    content = SpaceCard(card)
    named = [reference.partition("@")[0] for references in models.values() for reference in references]
    # What a variable replaces is neither at work nor worth a gigabyte of the Space's image.
    replaced = {DEFAULTS[variable] for variable in models if variable in DEFAULTS} - {*named, *bases}
    own = [name for name in content.data.get("models", ()) if name not in replaced]
    content.data["models"] = list(dict.fromkeys([*named, *bases, *own]))
    kept = {*replaced, *(entry.split()[0] for entry in preload)}
    own = [entry for entry in content.data.get("preload_from_hub", ()) if entry.split()[0] not in kept]
    content.data["preload_from_hub"] = [*dict.fromkeys(preload), *own]
    content.text = f"{content.text.rstrip()}\n\n{template('space.md.jinja').render(models=models)}"
    return str(content)


def preload_entry(repository: str, commit: str, files: Iterable[str]) -> str:
    """Return what `preload_from_hub` says of a model at one commit; empty where it cannot be preloaded.

    Args:
        repository: `OWNER/NAME`.
        commit: the whole hash.
        files: of the repository at that commit; what the app downloads of them is named, as it must be beside a commit.
    """
    wanted = [name for name in files if any(fnmatch(name, pattern) for pattern in WANTED)]
    if not any(name.endswith(".safetensors") for name in wanted) or any(set(name) & {" ", ","} for name in wanted):
        return ""
    return f"{repository} {','.join(wanted)} {commit}"


def is_hub_name(name: str) -> bool:
    """Whether others can find a model by this name."""
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.count("/") == 1 and not Path(name).is_dir()


def _tags(record: Mapping[str, Any], kind: ModelKind) -> list[str]:
    tags = ["whisper", "persian", "farsi", "najva"] if record["model"]["language"] == "fa" else ["whisper", "najva"]
    tags += ["lora"] if kind.name != "full" else []
    return tags + (["synthetic-speech"] if is_synthetic(record) else [])


def _results(record: Mapping[str, Any], kind: ModelKind, dataset: str) -> list[EvalResult]:
    """The model's own figures alone: a second WER of its base under the same key would be taken for the model's."""
    figures, data = record["evaluation"]["systems"][kind.system], record["data"]
    speech = " (synthetic speech)" if is_synthetic(record) else ""
    rule = figures["normalizer"]
    return [
        EvalResult(
            task_type=TASK,
            task_name="Automatic Speech Recognition",
            dataset_type=dataset or data["name"],
            dataset_name=f"{data['name']}{speech}",
            dataset_config="default",
            dataset_split="test",
            dataset_revision=(dataset == data.get("repository") and data.get("repository_revision")) or None,
            dataset_args={"split_sha256": data["split_sha256"]},
            metric_type="cer" if figure == "cer" else "wer",
            metric_name=f"{FIGURES[figure][:1].upper()}{FIGURES[figure][1:]}, %, {rule}",
            metric_value=round(100 * figures[figure], 2),
            metric_args={
                "normalizer": rule,
                "aggregate": "mean of clips" if figure == "mean_clip_wer" else "corpus",
                "clips": figures["clips"],
                "low": _rounded(figures[f"{figure}_low"]),
                "high": _rounded(figures[f"{figure}_high"]),
            },
        )
        for figure in ("mean_clip_wer", "wer", "cer")
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 2)


def _dataset_facts(data: SpeechData) -> dict[str, Any]:
    """Every number that a data set's card may state."""
    parts = {part: data.clips(part) for part in reversed(PARTS)}
    clips = [clip for part in parts.values() for clip in part]
    rates: dict[str, int] = {}
    for clip in clips:
        rates[str(clip.sample_rate_hz)] = rates.get(str(clip.sample_rate_hz), 0) + 1
    return {
        "name": data.name,
        "clips": len(clips),
        "hours": round(sum(clip.seconds for clip in clips) / 3600, 3),
        "longest_seconds": round(max(clip.seconds for clip in clips), 2),
        "parts": {
            part: {
                "clips": len(own),
                "hours": round(sum(clip.seconds for clip in own) / 3600, 3),
                "speakers": len({clip.speaker for clip in own} - {""}),
                "recordings": len({clip.recording for clip in own} - {""}),
            }
            for part, own in parts.items()
        },
        "sample_rates_hz": dict(sorted(rates.items(), key=lambda item: int(item[0]))),
        "synthetic": data.source.get("speech") == "synthetic",
        "source": data.source,
        "seed": data.split.seed,
        "group_by": data.split.group_by,
        "split_sha256": data.split_sha256,
    }
