"""Reads and checks the YAML front matter of a README, as the Hub does before it takes a commit.

The checks are a part of the real ones: what the documentation of repository cards states, no lists of licences,
metrics or tasks. https://huggingface.co/docs/hub/model-cards, /datasets-cards and /spaces-config-reference.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from huggingface_hub import SpaceHardware

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)(?:\r?\n)?---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_WORDS = ("library_name", "pipeline_tag", "title", "emoji", "pretty_name")
_LISTS = ("language", "license", "tags", "datasets", "metrics", "base_model", "task_categories", "models")
_COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
_SDKS = ("gradio", "docker", "static", "streamlit")
HARDWARE = tuple(hardware.value for hardware in SpaceHardware)
# A model; or it and some of its files; or these and a commit.
_PRELOAD = re.compile(r"[\w.-]+/[\w.-]+(?: [^\s,]+(?:,[^\s,]+)*(?: [0-9a-f]{40})?)?")


def read_metadata(readme: str) -> dict[str, Any]:
    """Returns the front matter as JSON-ready values; empty if there is none.

    Args:
        readme: text of the README.

    Raises:
        ValueError: the front matter is not a YAML mapping.
    """
    found = _FRONT_MATTER.match(readme)
    if not found:
        return {}
    try:
        metadata = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise ValueError(f"The front matter is not valid YAML: {error}") from error
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise ValueError("The front matter must be a mapping of names to values.")
    return json.loads(json.dumps(metadata, default=str))


def check_card(readme: str, repo_type: str) -> tuple[list[str], list[str]]:
    """Returns what is wrong with a card.

    Args:
        readme: text of the README.
        repo_type: `model`, `dataset` or `space`.

    Returns:
        Errors, for which the Hub refuses a commit, and warnings.
    """
    try:
        metadata = read_metadata(readme)
    except ValueError as error:
        return [str(error)], []
    if not metadata:
        return [], ["The README has no YAML metadata."]
    errors = [f'"{key}" must be text.' for key in _WORDS if not isinstance(metadata.get(key, ""), str)]
    for key in _LISTS:
        value = metadata.get(key, "")
        if not all(isinstance(item, str) for item in (value if isinstance(value, list) else [value])):
            errors.append(f'"{key}" must be text or a list of texts.')
    errors += _check_space(metadata) if repo_type == "space" else _check_results(metadata.get("model-index", []))
    return errors, []


def _check_space(metadata: dict[str, Any]) -> list[str]:
    errors = []
    if metadata.get("sdk") not in _SDKS:
        errors.append(f'"sdk" must be one of {", ".join(_SDKS)}.')
    for key in ("colorFrom", "colorTo"):
        if metadata.get(key, "red") not in _COLOURS:
            errors.append(f'"{key}" must be one of {", ".join(_COLOURS)}.')
    if metadata.get("suggested_hardware", HARDWARE[0]) not in HARDWARE:
        errors.append(f'"suggested_hardware" must be one of {", ".join(HARDWARE)}.')
    if not re.fullmatch(r"3\.\d+(\.\d+)?", str(metadata.get("python_version", "3.10"))):
        errors.append('"python_version" must be 3.x or 3.x.x.')
    for entry in metadata.get("preload_from_hub", []):
        if not _PRELOAD.fullmatch(str(entry)):
            errors.append(f'"preload_from_hub" does not take {entry!r}.')
    if len(str(metadata.get("short_description", ""))) > 60:
        errors.append('"short_description" must have at most 60 characters.')
    return errors


def _check_results(index: Any) -> list[str]:
    try:
        for model in index:
            for result in model["results"]:
                needed = (model["name"], result["task"]["type"], result["dataset"]["name"], result["dataset"]["type"])
                values = [(metric["type"], metric["value"]) for metric in result["metrics"]]
                if not all(isinstance(text, str) for text in needed) or not values:
                    raise TypeError
    except (KeyError, TypeError):
        return [
            '"model-index" must be a list of models with name and results; a result has task.type, dataset.name, '
            "dataset.type and metrics with type and value."
        ]
    return []
