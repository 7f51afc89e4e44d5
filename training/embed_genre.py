r"""Trains the genre networks that come with the app, measures them, and puts them into `space/embedded/genre`.

    python training/embed_genre.py --audio-folder $NAJVA_TEST_DATA/gtzan_mini

Each network is trained in folds that keep artists apart, in folds by clip, as the course specifies it, and, to be used,
on every song. All of it is `train_genre.py` and `evaluate_genre.py`, whose commands are shown; a run that is done is
not made again. On 70 songs and two cores it takes two hours. `--cards` only writes the cards of what is there, from
what lies beside them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from jobs import run_job
from options import option, required, run_command
from publishing.embedding import EMBEDDED, PLACE, place_in_app
from publishing.genre_staging import GTZAN_LICENCE, genre_card, stage_genre
from publishing.staging import README
from run_record import read_record

GENRE = "genre"
# The first comes with the app as the default one, so it alone is made of several seeds.
ARCHITECTURES = ("whisper_bilstm", "cnn", "lstm", "lstm128", "bilstm")
DEFAULT = "whisper_bilstm"


@dataclass(frozen=True)
class EmbedOptions:
    """Which songs, and how often."""

    audio_folder: Path = required("folder with a folder a genre")
    architectures: list[str] = option(list(ARCHITECTURES), "networks to make")
    folds: int = option(7, "by clip")
    artist_folds: int = option(2, "that keep artists apart")
    seeds: int = option(3, f"of {DEFAULT}, in folds by clip")
    folder: Path = option(Path("runs/genre"), "where the runs are made")
    cards: bool = option(False, "only write the cards anew, when their template has changed")


def main(arguments: list[str] | None = None) -> int:
    """Train, measure and embed; see the module's docstring."""
    return run_command(EmbedOptions, embed_all, __doc__, arguments)


def embed_all(options: EmbedOptions) -> dict:
    """Make each network, or its card; return what was made of each."""
    make = write_card if options.cards else embed
    return {architecture: make(options, architecture) for architecture in options.architectures}


def embed(options: EmbedOptions, architecture: str) -> dict:
    """Make every run of one network, and embed the one of all songs.

    Returns:
        Accuracy by song of each of its runs.
    """
    seeds = options.seeds if architecture == DEFAULT else 1
    measured = {
        "artists": ["--protocol", "artist", "--folds", str(options.artist_folds), "--preset", "tuned"],
        **{
            f"clips-{seed}": ["--folds", str(options.folds), "--preset", "tuned", "--seed", str(seed)]
            for seed in range(seeds)
        },
        "as-specified": ["--preset", "as-specified"],
    }
    runs = {name: options.folder / f"{architecture}-{name}" for name in measured}
    for name, chosen in measured.items():
        train(options, architecture, runs[name], *chosen)
        run_job("evaluate_genre.py", "--run", str(runs[name]))
    whole = options.folder / architecture
    like = ["--like", str(runs["artists"])]
    train(options, architecture, whole, "--protocol", "all", "--preset", "tuned", *like)
    beside = [str(run) for name, run in runs.items() if name != "artists"]
    folds = ["--folds", str(runs["artists"]), "--calibrate", str(runs["clips-0"])]
    run_job("evaluate_genre.py", "--run", str(whole), *folds, "--beside", *beside)
    staged = stage_genre(whole, options.folder / "staged", f"{PLACE}/{GENRE}/{architecture}", licence=GTZAN_LICENCE)
    place_in_app(staged.folder, f"{GENRE}/{architecture}")
    return {name: read_record(run)["evaluation"]["by_song"]["accuracy"] for name, run in runs.items()}


def write_card(options: EmbedOptions, architecture: str) -> dict:
    """Write one card anew; return where it is."""
    path = EMBEDDED / GENRE / architecture / README
    path.write_text(embedded_card(architecture), encoding="utf-8")
    print(f"Wrote {path}.")
    return {"card": str(path)}


def embedded_card(architecture: str) -> str:
    """Return the card of a network of the app, from what lies beside it.

    Raises:
        CardError, RunError: it cannot be written of that.
    """
    folder = EMBEDDED / GENRE / architecture
    return genre_card(folder, read_record(folder), f"{PLACE}/{GENRE}/{architecture}", GTZAN_LICENCE)


def train(options: EmbedOptions, architecture: str, run: Path, *chosen: str) -> None:
    """Train one run; one that is trained is left as it is."""
    common = ["--audio-folder", str(options.audio_folder), "--architecture", architecture, "--output", str(run)]
    run_job("train_genre.py", *common, *chosen)


if __name__ == "__main__":
    sys.exit(main())
