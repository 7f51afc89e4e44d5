"""What a run folder says of its models: its card, and each model's `measured.json`, never older than their figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from publishing.card_text import CardError
from publishing.cards import model_card
from publishing.measured import MEASURED, kinds_of, measured_values
from publishing.staging import README, card_options
from run_news import say as say_line
from run_record import read_record
from whole_files import whole_file, write_json


def update_run_folder(run: Path, say: Callable[[str], None] = say_line) -> None:
    """Write a run's card, and `measured.json` beside its weights, and take away what no longer holds.

    The card is the one that the Hub gets, of a LoRA run the adapter's, with the model's folder in the place of its
    repository.

    Args:
        run: `runs/NAME`, trained and measured.
        say: takes one line where there can be no card.

    Raises:
        RunError: the run has no record.
    """
    record = read_record(run)
    kinds = kinds_of(record)
    for kind in kinds:
        measured = run / kind.folder / MEASURED
        try:
            write_json(measured, measured_values(record, kind))
        except CardError:
            measured.unlink(missing_ok=True)
    card, places = run / README, {kind.name: place_of(run / kind.folder) for kind in kinds}
    try:
        text = model_card(record, kinds[-1], card_options(run, kinds[-1], places, title=run.resolve().name))
    except CardError as error:
        card.unlink(missing_ok=True)
        say(f"No card for {run}: {error}")
        return
    with whole_file(card) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def place_of(folder: Path) -> str:
    """Return a folder as a reference that nobody takes for a repository, from the current folder if it is in there."""
    folder, here = folder.resolve(), Path.cwd()
    return f"./{folder.relative_to(here).as_posix()}" if folder.is_relative_to(here) else str(folder)
