"""Runs that hold one model alone, a genre network or a translator: how each is described, measured and staged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from publishing import genre_staging, translator_staging
from publishing.hub import Staged


@dataclass(frozen=True)
class SingleModel:
    """What a kind of run needs to be told of and published.

    Attributes:
        is_run: whether a record is of such a run.
        stage: fills a folder with what its repository is to hold.
        card: returns the text of its card, of run, record, repository and licence.
        measured_values: returns the content of its `measured.json`, of its record.
        licence: returns its licence, in the Hub's spelling, where nobody chose another.
    """

    is_run: Callable[[Mapping[str, Any]], bool]
    stage: Callable[..., Staged]
    card: Callable[[Path, Mapping[str, Any], str, str], str]
    measured_values: Callable[[Mapping[str, Any]], dict[str, Any]]
    licence: Callable[[Mapping[str, Any]], str]


SINGLE_MODELS = (
    SingleModel(
        genre_staging.is_genre_run,
        genre_staging.stage_genre,
        genre_staging.genre_card,
        genre_staging.measured_values,
        genre_staging.licence_of,
    ),
    SingleModel(
        translator_staging.is_translator_run,
        translator_staging.stage_translator,
        translator_staging.translator_card,
        translator_staging.measured_values,
        translator_staging.licence_of,
    ),
)


def single_model(record: Mapping[str, Any]) -> SingleModel | None:
    """Return what a run's one model is; None of a Whisper's, which may have two."""
    return next((kind for kind in SINGLE_MODELS if kind.is_run(record)), None)
