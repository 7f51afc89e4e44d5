"""What a translator of this project is measured on, none of which anything was trained on."""

from __future__ import annotations

from pathlib import Path

from jobs import run_job

# By file, what a reader is to be told of it.
SETS = {
    "msctd/test.en-zh.tsv": "MSCTD test, film dialogue, English",
    "bench_flores_devtest/en-zh.tsv": "FLORES devtest, English",
    "bench_flores_devtest/fa-zh.tsv": "FLORES devtest, Persian",
}


def measure(run: Path, data: Path) -> dict:
    """Measure a run beside the two simplest ways to a translation; its record then holds the figures.

    Args:
        run: `runs/NAME`, trained.
        data: folder of parallel text.

    Returns:
        What `evaluate_translation.py` ends with.

    Raises:
        JobError: it failed.
    """
    sets = ["--pairs", *(str(data / name) for name in SETS), "--set-name", *SETS.values()]
    against = ["--engine", "own", "copy", "nearest", "--training-data", str(data)]
    own = ["--translator", str(run) if run.is_absolute() else f"./{run}"]
    return run_job("evaluate_translation.py", *against, *own, *sets, "--output", str(run))
