r"""The course's comparison in one command that goes on where it was interrupted: four networks on the same songs.

    make genre AUDIO=genres_original OWNER=name
    python training/compare_genres.py --audio-folder genres_original --owner name

It trains the LSTM(64)-LSTM(64), the LSTM(128), the bidirectional LSTM and the CNN as specified on the same split,
measures each, puts them side by side with a picture of their epochs, and publishes them with their cards, and a Space
that serves them, as private repositories of OWNER; without an owner all stays in `runs/`. Three minutes on a CPU, with
the test data:

    python training/compare_genres.py --audio-folder $NAJVA_TEST_DATA/gtzan_mini --architectures cnn lstm128 --epochs 2
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genre.genre_comparison import compare_runs
from jobs import run_job
from options import option, required, run_command
from publishing.hub_errors import HubError
from publishing.hub_target import check_name

COURSE = ("lstm", "lstm128", "bilstm", "cnn")


@dataclass(frozen=True)
class ComparisonOptions:
    """Which networks, on which songs, and how they are trained."""

    audio_folder: Path = required("folder with a folder a genre, such as GTZAN's genres_original")
    owner: str = option("", "user or organisation on the Hub; empty: publish nothing")
    name: str = option("", "of runs and repositories; empty: the folder's")
    architectures: list[str] = option(list(COURSE), "networks; whisper_bilstm may be one")
    protocol: Literal["pooled", "artist", "fault-filtered"] = option("pooled", "how songs are divided")
    folds: int = option(0, "train so many folds and pool them; 0: one split of 80 % and 20 %")
    preset: Literal["as-specified", "tuned"] = option("as-specified", "as-specified (the course's) or tuned")
    epochs: int = option(0, "passes over the training pieces; 0: the preset's")
    licence: str = option("", "of the published networks, in the Hub's spelling; empty: see publish.py")
    folder: Path = option(Path(), "where runs/ is made")
    public: bool = option(False, "publish for everybody")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if len(set(self.architectures)) < max(2, len(self.architectures)):
            raise ValueError("--architectures are two networks or more, each once.")

    @property
    def title(self) -> str:
        """Name of runs and repositories."""
        return self.name or self.audio_folder.resolve().name

    def run(self, architecture: str) -> Path:
        """Folder of a run."""
        return self.folder / "runs" / f"{self.title}-{architecture}"

    def repository(self, what: str) -> str:
        """Name on the Hub, such as `owner/genres_original-lstm`."""
        return f"{self.owner}/{self.title}-{what.replace('_', '-')}"


def main(arguments: list[str] | None = None) -> int:
    """Run every step that is not done yet."""
    return run_command(ComparisonOptions, compare_genres, __doc__, arguments)


def compare_genres(options: ComparisonOptions) -> dict:
    """Train, measure, compare and publish; return the comparison and what was published.

    Raises:
        JobError: a step failed.
        HubError: nothing could be published, which is better known before anything is trained.
    """
    if options.owner:
        check_hub(options)
    for architecture in options.architectures:
        run = options.run(architecture)
        run_job(
            *("train_genre.py", "--audio-folder", str(options.audio_folder), "--architecture", architecture),
            *("--protocol", options.protocol, "--folds", str(options.folds), "--preset", options.preset),
            *("--epochs", str(options.epochs), "--output", str(run)),
            accelerate=True,
        )
        run_job("evaluate_genre.py", "--run", str(run))
    curves = options.folder / "runs" / f"{options.title}-curves.png"
    runs = [options.run(architecture) for architecture in options.architectures]
    compared = compare_runs(runs, curves=curves)
    return {**compared, "curves": str(curves), "published": publish(options, compared) if options.owner else {}}


def check_hub(options: ComparisonOptions) -> None:
    """See whether all could be published, under these names and with this token.

    Raises:
        HubError: it could not.
    """
    from publish import check_push
    from publishing.hub import check_target

    try:
        check_name(options.repository("space"))
    except HubError as error:
        raise HubError(f"{error} Give runs and repositories another --name.") from error
    for architecture in options.architectures:
        check_push(options.repository(architecture), lora=False, public=options.public)
    check_target(options.repository("space"), "space", public=options.public)


def publish(options: ComparisonOptions, compared: dict) -> dict[str, dict]:
    """Publish the networks and a Space, whose default one is that which is right most often."""
    visibility = ["--public"] if options.public else []
    licence = ["--licence", options.licence] if options.licence else []
    published = {
        architecture: run_job(
            *("publish.py", "model", "--run", str(options.run(architecture))),
            *("--repository", options.repository(architecture), *licence, *visibility),
        )
        for architecture in options.architectures
    }
    best = sorted(published, key=lambda name: -compared["accuracy"][options.run(name).name])
    networks = [f"{options.repository(name)}@{published[name]['revision']}" for name in best]
    space = ["publish.py", "space", "--repository", options.repository("space"), "--genre", *networks]
    return {**published, "space": run_job(*space, *visibility)}


if __name__ == "__main__":
    sys.exit(main())
