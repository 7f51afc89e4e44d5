r"""Measures genre runs on the songs that they did not train on, and compares them on the same ones.

    accelerate launch training/evaluate_genre.py --run runs/lstm
    accelerate launch training/evaluate_genre.py --compare runs/lstm runs/lstm128 runs/bilstm runs/cnn

What each song's pieces were given was written down by the training, so nothing is computed twice and it takes seconds.
`run.json` gets accuracies by song and by piece with Wilson's intervals, confusions and calibration; the network's
`config.json` the temperature that makes its probabilities honest, and the confidence below which it is "unsure".
`--compare` prints a table and, for every pair of networks on the same songs, McNemar's exact p-value, adjusted for the
number of pairs by Holm's rule: of many pairs one differs by chance.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from transformers.hf_argparser import HfArgumentParser

from genre.genre_run import LEDGER
from genre.genre_scoring import (
    Judged,
    by_piece,
    by_song,
    calibration_error,
    confusion,
    fit_temperature,
    holm,
    judge,
    least_confidence,
    mcnemar,
    read_ledger,
)
from options import option
from processes import is_main_process
from run_record import RunError, add_sections, circumstances, read_record
from whole_files import write_json

_CLEAR = 0.05


@dataclass(frozen=True)
class EvaluateOptions:
    """Which runs."""

    run: Path | None = option(None, "folder of a run of train_genre.py")
    compare: list[Path] = option([], "folders of runs to put side by side")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if bool(self.compare) == (self.run is not None):
            raise ValueError("Give one run by --run, or several by --compare.")
        if len(self.compare) == 1:
            raise ValueError("--compare wants two runs or more.")


def main(arguments: list[str] | None = None) -> int:
    """Measure or compare; see the module's docstring."""
    parser = HfArgumentParser(EvaluateOptions, description=__doc__.splitlines()[0])
    if not is_main_process():
        return 0  # there is nothing to share: it takes seconds
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments, look_for_args_file=False)
        result = compare_runs(options.compare) if options.compare else evaluate_run(options.run)
    except (RunError, ValueError, OSError) as error:
        print(f"Not evaluated: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result, ensure_ascii=False))
    return 0


def evaluate_run(run: Path) -> dict:
    """Write a run's figures, pictures and calibration; return the job's last line.

    Raises:
        RunError: it is no genre run that was trained to its end, or none of its songs validated.
    """
    from genre.genre_figures import draw_confusion, draw_genres

    record, songs = read_songs(run)
    labels = record["data"]["genres"]
    temperature = fit_temperature(songs, labels)
    least = least_confidence(songs, labels, temperature)
    table = confusion(songs, labels, temperature)
    each = {
        label: by_song([song for song in songs if song.genre == label], labels, temperature).as_dict()
        for label in labels
        if any(song.genre == label for song in songs)
    }
    section = {
        "protocol": record["options"]["protocol"],
        "by_song": by_song(songs, labels, temperature).as_dict(),
        "by_piece": by_piece(songs, labels).as_dict(),
        "by_genre": each,
        "confusion": table.tolist(),
        "temperature": temperature,
        "least_confidence": least,
        "calibration_error": {
            "before": round(calibration_error(songs, labels), 4),
            "after": round(calibration_error(songs, labels, temperature), 4),
        },
        **circumstances(),
    }
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    write_json(run / "config.json", config | {"temperature": temperature, "least_confidence": least})
    title = f"{record['options']['architecture']}, {record['options']['preset']}, {section['protocol']}"
    draw_confusion(run / "figures" / "confusion.png", table, labels, title)
    draw_genres(run / "figures" / "genres.png", each, title)
    # Last, as it is by this that the run counts as measured.
    add_sections(run, evaluation=section)
    print_run(record, section)
    return {"run": str(run), "protocol": section["protocol"], **section["by_song"]}


def read_songs(run: Path) -> tuple[dict, list[Judged]]:
    """Return a run's record and its ledger.

    Raises:
        RunError: it has none.
    """
    record = read_record(run)
    if "preset" not in record or "training" not in record:
        raise RunError(f"{run} is no genre run that was trained to its end; train_genre.py makes one.")
    songs = read_ledger(run / LEDGER)
    if not songs:
        why = {
            "all": "every song trained, so none is left to measure on: its figures are those of the folds",
            "segments": "it is leaky on purpose, and its figure is the one that its training printed",
        }
        raise RunError(
            f"{run} has no validation songs: {why.get(record['options']['protocol'], 'its ledger is empty')}."
        )
    return record, songs


def print_run(record: dict, section: dict) -> None:
    """Print the figures, for a reader."""
    song, piece, data = section["by_song"], section["by_piece"], record["data"]
    shared, asked = data["validation_songs_with_artist_in_training"], data["validation_songs"]
    before, after = (section["calibration_error"][name] for name in ("before", "after"))
    print(
        f"{record['options']['architecture']}, {record['options']['preset']}, protocol {section['protocol']}: "
        f"{in_words(song)} of the songs are right, {in_words(piece)} of their pieces.\n"
        f"{shared} of {asked} validation songs share their artist, or are a copy of a song, in training. Calibration "
        f"error {before:.3f}, at temperature {section['temperature']:g} {after:.3f}.\n\n"
        "| genre | right | accuracy | 95 % interval |\n| --- | ---: | ---: | ---: |"
    )
    for genre, share in section["by_genre"].items():
        print(
            f"| {genre} | {share['right']} of {share['count']} | {share['accuracy']:.1%} | "
            f"{share['low']:.1%} to {share['high']:.1%} |"
        )


def in_words(share: dict) -> str:
    """Return a share with its interval."""
    return f"{share['accuracy']:.1%} ({share['low']:.1%} to {share['high']:.1%}, {share['right']} of {share['count']})"


def compare_runs(runs: list[Path]) -> dict:
    """Print runs side by side, and whether each pair differs; return the same.

    Raises:
        RunError: one of them cannot be compared, or they were not measured on the same songs.
    """
    read = {run.name: read_songs(run) for run in runs}
    if len(read) < len(runs):
        raise RunError("Two of the runs have the same name; rename one.")
    first = next(iter(read.values()))[1]
    heard = read[runs[0].name][0]["data"]["sha256"]
    asked = [(song.id, song.genre, song.fold) for song in first]
    for name, (record, songs) in read.items():
        if [(song.id, song.genre, song.fold) for song in songs] != asked or record["data"]["sha256"] != heard:
            raise RunError(f"{name} was not measured on the same songs, in the same folds, as {runs[0].name}.")
    right = {}
    print("| run | network | preset | protocol | songs right | 95 % interval | pieces right | parameters |")
    print("| --- | --- | --- | --- | ---: | ---: | ---: | ---: |")
    for name, (record, songs) in read.items():
        labels, options = record["data"]["genres"], record["options"]
        temperature = fit_temperature(songs, labels)
        song, piece = by_song(songs, labels, temperature).as_dict(), by_piece(songs, labels)
        right[name] = judge(songs, labels, temperature)[1].tolist()
        print(
            f"| {name} | {options['architecture']} | {options['preset']} | {options['protocol']} | "
            f"{song['accuracy']:.1%} | {song['low']:.1%} to {song['high']:.1%} | {piece.value:.1%} | "
            f"{record['training']['parameters']:,} |"
        )
    print(
        f"\n| on the same {len(asked)} songs | only the first right | only the second right | p, adjusted | verdict |"
    )
    print("| --- | ---: | ---: | ---: | --- |")
    names = list(combinations(right, 2))
    counted = [mcnemar(right[one], right[other]) for one, other in names]
    pairs = []
    for (one, other), (only_one, only_other, _), p_value in zip(
        names, counted, holm([p for *_, p in counted]), strict=True
    ):
        better = one if only_one > only_other else other
        verdict = f"{better} is better" if p_value < _CLEAR else "no clear difference"
        print(f"| {one} or {other} | {only_one} | {only_other} | {p_value:.3f} | {verdict} |")
        pairs.append(
            {"one": one, "other": other, "only_one": only_one, "only_other": only_other, "p": round(p_value, 5)}
        )
    accuracies = {name: sum(of) / len(of) for name, of in right.items()}
    return {"songs": len(asked), "accuracy": accuracies, "pairs": pairs}


if __name__ == "__main__":
    sys.exit(main())
