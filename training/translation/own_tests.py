"""What a translator of this project is measured on, none of which anything was trained on."""

from __future__ import annotations

from pathlib import Path

from jobs import run_job
from publishing.translator_staging import own_figures
from run_record import read_record

# By file, what a reader is to be told of it.
SETS = {
    "msctd/test.en-zh.tsv": "MSCTD test, film dialogue, English",
    "bench_flores_devtest/en-zh.tsv": "FLORES devtest, English",
    "bench_flores_devtest/fa-zh.tsv": "FLORES devtest, Persian",
}


def measure(run: Path, data: Path) -> None:
    """Measure a run, if that was not done, beside the two simplest ways to a translation; its record keeps the figures.

    Args:
        run: `runs/NAME`, trained.
        data: folder of parallel text.

    Raises:
        JobError: it failed.
    """
    if own_figures(read_record(run)):
        return
    sets = ["--pairs", *(str(data / name) for name in SETS), "--set-name", *SETS.values()]
    against = ["--engine", "own", "copy", "nearest", "--training-data", str(data)]
    own = ["--translator", str(run) if run.is_absolute() else f"./{run}"]
    run_job("evaluate_translation.py", *against, *own, *sets, "--output", str(run))
