r"""Measures each choice of the preset `tuned` by undoing it alone, on the same songs in the same folds.

    python training/ablate_genre.py --audio-folder genres_original --architecture lstm --folds 7

Each row is a run of `train_genre.py --change …`, compared with the preset as it is; of seven pairs one may differ by
chance, for which the p-values are adjusted. Early stopping takes the best epoch by the very songs that it is then
measured on, so its figure is better than it is. A run that is done is not made again. On 70 songs and one core `lstm`
takes an hour, `cnn` twenty minutes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genre.genre_comparison import compare_runs
from jobs import run_job
from options import option, required, run_command

# What each choice of the preset is without it.
UNDONE = {
    "no-crops": ["--change", "crops=no"],
    "no-normalisation": ["--change", "normalised=no"],
    "last-state": ["--change", "pooling=last"],
    "constant-rate": ["--change", "schedule=constant"],
    "low-rate": ["--change", "learning_rate=0.0001"],
    "whole-songs": ["--change", "segment_seconds=29.9"],
    "early-stopping": ["--patience", "10"],
}


@dataclass(frozen=True)
class AblationOptions:
    """Of which network, on which songs."""

    audio_folder: Path = required("folder with a folder a genre")
    architecture: str = option("lstm", "the network")
    protocol: Literal["pooled", "artist"] = option("pooled", "how songs are divided")
    folds: int = option(7, "that are pooled")
    undo: list[str] = option(list(UNDONE), f"choices to measure, of {', '.join(UNDONE)}")
    folder: Path = option(Path("runs/ablation"), "where the runs are made")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if unknown := [name for name in self.undo if name not in UNDONE]:
            raise ValueError(f"--undo {unknown[0]}: there are {', '.join(UNDONE)}.")


def main(arguments: list[str] | None = None) -> int:
    """Make and compare the runs; see the module's docstring."""
    return run_command(AblationOptions, ablate, __doc__, arguments)


def ablate(options: AblationOptions) -> dict:
    """Train the preset as it is and with each choice undone; return how they compare."""
    common = ["--audio-folder", str(options.audio_folder), "--architecture", options.architecture]
    common += ["--protocol", options.protocol, "--folds", str(options.folds), "--preset", "tuned"]
    runs = []
    # Convolutions have no last state.
    chosen = [name for name in options.undo if options.architecture != "cnn" or name != "last-state"]
    for name, undone in {"as-it-is": [], **{name: UNDONE[name] for name in chosen}}.items():
        run = options.folder / f"{options.architecture}-{options.protocol}-{name}"
        run_job("train_genre.py", *common, *undone, "--output", str(run))
        runs.append(run)
    return compare_runs(runs, with_first=True)


if __name__ == "__main__":
    sys.exit(main())
