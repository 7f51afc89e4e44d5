r"""Trains the translator that comes with the app, measures it, and puts it into `space/embedded/translator`.

    python training/embed_translator.py --data $NAJVA_TEST_DATA/parallel_text --run runs/translator

All of it is `train_translator.py` and `evaluate_translation.py`, whose commands are shown; what is done is not done
again, and a run that was trained by hand is taken as it is: with another allocator that is quicker, see
`train_translator.py`. `--card` only writes the card of what is there, from what lies beside it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from jobs import run_job
from options import option, run_command
from publishing.embedding import EMBEDDED, PLACE, place_in_app
from publishing.staging import README
from publishing.translator_staging import LICENCE, own_figures, stage_translator, translator_card
from run_record import is_trained, read_record
from translation.own_tests import measure

NAME = "translator"


@dataclass(frozen=True)
class EmbedOptions:
    """Which text, and which run."""

    data: Path | None = option(None, "folder of parallel text")
    run: Path = option(Path("runs/translator"), "where it is trained, or was")
    epochs: float = option(5.0, "passes over the training pairs")
    card: bool = option(False, "only write the card anew, when its template has changed")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not (self.data or self.card):
            raise ValueError("--data names the folder of parallel text.")


def main(arguments: list[str] | None = None) -> int:
    """Train, measure and embed; see the module's docstring."""
    return run_command(EmbedOptions, embed, __doc__, arguments)


def embed(options: EmbedOptions) -> dict:
    """Make the translator, or its card; return what was made."""
    if options.card:
        path = EMBEDDED / NAME / README
        path.write_text(embedded_card(), encoding="utf-8")
        return {"card": str(path)}
    if not is_trained(options.run):
        trained = ["--data", str(options.data), "--output", str(options.run), "--epochs", str(options.epochs)]
        run_job("train_translator.py", *trained)
    measure(options.run, options.data)
    staged = stage_translator(options.run, options.run / "staged", f"{PLACE}/{NAME}")
    place_in_app(staged.folder, NAME)
    return {one["set"]: round(one["chrf"], 2) for one in own_figures(read_record(options.run))}


def embedded_card() -> str:
    """Return the card of the app's translator, from what lies beside it.

    Raises:
        CardError, RunError: it cannot be written of that.
    """
    folder = EMBEDDED / NAME
    return translator_card(folder, read_record(folder), f"{PLACE}/{NAME}", LICENCE)


if __name__ == "__main__":
    sys.exit(main())
