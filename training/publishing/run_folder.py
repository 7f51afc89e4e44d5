"""What a run folder says of its models: its card, and each model's `measured.json`, never older than their figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from publishing.card_text import CardError
from publishing.cards import model_card
from publishing.measured import MEASURED, kinds_of, measured_values
from publishing.single_models import single_model
from publishing.staging import README, card_options, without_local_paths
from run_news import say as say_line
from run_record import read_record
from whole_files import whole_file, write_json


def update_run_folder(run: Path, say: Callable[[str], None] = say_line) -> None:
    """Write a run's card, and `measured.json` beside its weights, and take away what no longer holds.

    The card is the one that the Hub gets, of a LoRA run the adapter's, with the model's folder in the place of its
    repository; the merged model's where nobody else has the base that the adapter would need.

    Args:
        run: `runs/NAME`, trained and measured.
        say: takes one line where there can be no card.

    Raises:
        RunError: the run has no record.
    """
    # As it is published: whose machine it was made on is nobody's business.
    record = without_local_paths(read_record(run))
    if single := single_model(record):
        try:
            text = single.card(run, record, place_of(run), single.licence(record))
        except CardError as error:
            (run / MEASURED).unlink(missing_ok=True)
            return _has_no_card(run, error, say)
        write_json(run / MEASURED, single.measured_values(record))
        return _write_card(run, text)
    kinds = kinds_of(record)
    places = {kind.name: place_of(run / kind.folder) for kind in kinds}
    for kind in kinds:
        folder = run / kind.folder
        try:
            write_json(folder / MEASURED, measured_values(record, kind))
        except CardError:
            (folder / MEASURED).unlink(missing_ok=True)
    problems = []
    for kind in reversed(kinds):
        try:
            text = model_card(record, kind, card_options(run, kind, places, title=run.resolve().name))
        except (CardError, OSError) as error:
            problems.append(error)
            continue
        return _write_card(run, text)
    return _has_no_card(run, problems[0], say)


def _write_card(run: Path, text: str) -> None:
    with whole_file(run / README) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _has_no_card(run: Path, problem: Exception, say: Callable[[str], None]) -> None:
    (run / README).unlink(missing_ok=True)
    say(f"{run} has no card yet; publish.py makes one. {problem}")


def place_of(folder: Path) -> str:
    """Return a folder as a reference that nobody takes for a repository, from the current folder if it is in there."""
    folder, here = folder.resolve(), Path.cwd()
    return f"./{folder.relative_to(here).as_posix()}" if folder.is_relative_to(here) else str(folder)
