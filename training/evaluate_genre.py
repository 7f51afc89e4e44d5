r"""Measures genre runs on the songs that they did not train on, and compares them on the same ones.

    accelerate launch training/evaluate_genre.py --run runs/lstm
    accelerate launch training/evaluate_genre.py --compare runs/lstm runs/lstm128 runs/bilstm runs/cnn
    accelerate launch training/evaluate_genre.py --run runs/cnn --folds runs/cnn-folds --beside runs/cnn-artists
    python training/evaluate_genre.py --model embedded:genre/cnn --audio-folder genres

What each song's pieces were given was written down by the training, so nothing is computed twice and it takes seconds.
`run.json` gets accuracies by song and by piece with Wilson's intervals, confusions and calibration; the network's
`config.json` the temperature at which its probabilities fit them best, and the confidence below which it is "unsure".
A network that was fitted on every song (`--protocol all`) has none left to be measured on: `--folds` names the run of
the same network, each of whose folds was measured on songs that it had not heard, and those figures become its own,
named so; where artists were kept apart in few folds, `--calibrate` takes temperature and threshold from another run,
whose folds trained on nearly as many songs. `--beside` gives further runs of it whose figures stand on the card too, of
another protocol, preset or seed; those of before stay where none are named.
`--compare` prints a table and, for every pair of networks on the same songs, McNemar's exact p-value, adjusted for the
number of pairs by Holm's rule: of many pairs one differs by chance. `--model` judges the songs of another folder with a
network as the app does, and says how many of them are of the collection that it was trained on.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from genre.genre_comparison import compare_runs
from genre.genre_run import preset_name, read_songs, read_trained, run_title, say_dependence
from genre.genre_scoring import (
    Judged,
    by_piece,
    by_song,
    calibration_error,
    confusion,
    fit_temperature,
    in_words,
    least_confidence,
    measured_of,
    validation_of,
    verdicts,
)
from options import option, run_command
from processes import is_main_process
from publishing.run_folder import update_run_folder
from run_record import RunError, add_sections, circumstances
from whole_files import write_json

CALIBRATION = ("temperature", "least_confidence", "calibration_error")
_PICTURES = "figures"


@dataclass(frozen=True)
class EvaluateOptions:
    """Which runs."""

    run: Path | None = option(None, "folder of a run of train_genre.py")
    folds: Path | None = option(None, "of a run with --protocol all: the measured run that stands for it")
    calibrate: Path | None = option(None, "with --folds: another measured run, for temperature and threshold")
    beside: list[Path] = option([], "measured runs of the same network, for the card")
    compare: list[Path] = option([], "folders of runs to put side by side")
    curves: Path | None = option(None, "with --compare: picture to draw, of their accuracies epoch by epoch")
    model: str = option("", "reference of a network to judge other songs with, such as OWNER/NAME")
    audio_folder: Path | None = option(None, "with --model: folder with a folder a genre")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if sum((bool(self.compare), self.run is not None, bool(self.model))) != 1:
            raise ValueError("Give one run by --run, several by --compare, or a network by --model.")
        if self.curves and not self.compare:
            raise ValueError("--curves goes with --compare.")
        if bool(self.model) != (self.audio_folder is not None):
            raise ValueError("--model and --audio-folder go together.")
        if len(self.compare) == 1:
            raise ValueError("--compare wants two runs or more.")
        if not self.run and (self.folds or self.beside):
            raise ValueError("--folds and --beside belong to --run.")
        if self.calibrate and not self.folds:
            raise ValueError("--calibrate goes with --folds.")


def main(arguments: list[str] | None = None) -> int:
    """Measure or compare; see the module's docstring."""
    if not is_main_process():
        return 0  # there is nothing to share: it takes seconds
    return run_command(EvaluateOptions, evaluate, __doc__, arguments, refusal="Not evaluated: ")


def evaluate(options: EvaluateOptions) -> dict:
    """Do what is asked for; return the job's last line."""
    if options.compare:
        return compare_runs(options.compare, curves=options.curves)
    if options.model:
        from genre.other_songs import judge_folder

        return judge_folder(options.model, options.audio_folder)
    return evaluate_run(options)


def evaluate_run(options: EvaluateOptions) -> dict:
    """Write a run's figures, pictures and calibration; return the job's last line.

    Raises:
        RunError: it is no genre run that was trained to its end, or nothing measures it.
    """
    run, record = options.run, read_trained(options.run)
    if options.folds:
        section = of_folds(run, record, options.folds, options.calibrate)
    else:
        section = measure(run, record, run / _PICTURES)
    known = record.get("evaluation", {}).get("beside", [])
    section["beside"] = [facts(other, record) for other in options.beside] or known
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    calibrated = {name: section[name] for name in ("temperature", "least_confidence")}
    write_json(run / "config.json", config | calibrated)
    # Last, as it is by this that the run counts as measured.
    add_sections(run, evaluation=section)
    update_run_folder(run)
    print_run(record, section)
    return last_line(run, section)


def last_line(run: Path, section: dict) -> dict:
    """Return the job's last line of a run's figures."""
    return {"run": str(run), "protocol": section["protocol"], **section["by_song"]}


def measure(run: Path, record: dict, pictures: Path, calibrated: dict | None = None) -> dict:
    """Return a run's figures from its ledger, and draw them.

    Args:
        run: its folder.
        record: its `run.json`.
        pictures: folder to draw into.
        calibrated: values of `CALIBRATION` that are to be used; None to take them from the run's validation songs.
    """
    from genre.genre_figures import draw_confusion, draw_genres

    judged = read_songs(run, record)
    labels, data, folds = record["data"]["genres"], record["data"], len({song.fold for song in judged})
    songs, calibrated = measured_of(judged), calibrated or calibrate(validation_of(judged), labels)
    temperature = calibrated["temperature"]
    table = confusion(songs, labels, temperature)
    each = {
        label: by_song([song for song in songs if song.genre == label], labels, temperature).as_dict()
        for label in labels
        if any(song.genre == label for song in songs)
    }
    title = run_title(record)
    draw_confusion(pictures / "confusion.png", table, labels, title)
    draw_genres(pictures / "genres.png", each, title)
    return {
        "protocol": record["options"]["protocol"],
        "folds": folds,
        "of": "",
        "part": songs[0].part,
        "calibrated_on": "",
        "by_song": by_song(songs, labels, temperature).as_dict(),
        "by_piece": by_piece(songs, labels).as_dict(),
        "right": [song.id for song, right in zip(songs, verdicts(songs, labels, temperature)[1], strict=True) if right],
        "by_genre": each,
        "confusion": table.tolist(),
        **calibrated,
        "measured_calibration_error": round(calibration_error(songs, labels, temperature), 4),
        **{name: data[name] for name in data if name.startswith("validation_songs")},
        "not_measurable": data["not_measurable"],
        **circumstances(),
    }


def calibrate(validated: list[Judged], labels: list[str]) -> dict:
    """Return the temperature that fits songs best, the confidence that those judged right have, and the errors."""
    temperature = fit_temperature(validated, labels)
    return {
        "temperature": temperature,
        "least_confidence": least_confidence(validated, labels, temperature),
        "calibration_error": {
            "before": round(calibration_error(validated, labels), 4),
            "after": round(calibration_error(validated, labels, temperature), 4),
        },
    }


def of_folds(run: Path, record: dict, folds: Path, calibrate_on: Path | None) -> dict:
    """Return the figures of the run that stands for one that was fitted on every song.

    Args:
        run: the one that was fitted on every song.
        record: its `run.json`.
        folds: the run that stands for it.
        calibrate_on: whose temperature the songs are judged at; None for that run's own.

    Raises:
        RunError: they are not that network's, or were not measured.
    """
    if record["options"]["protocol"] != "all":
        raise RunError(f"{run} has validation songs of its own; --folds is for runs with --protocol all.")
    measured = read_measured(folds, record)
    if record["options"]["like"] != folds.name or measured["evaluation"]["folds"] == 1:
        raise RunError(f"{run} was not made --like {folds}, or that run has no folds.")
    check_same_recipe(folds, measured, record)
    calibrated = None
    if calibrate_on:
        other = read_measured(calibrate_on, record)
        check_same_recipe(calibrate_on, other, record)
        calibrated = {name: other["evaluation"][name] for name in CALIBRATION}
    section = measure(folds, measured, run / _PICTURES, calibrated)
    return section | {"of": folds.name, "calibrated_on": calibrate_on.name if calibrate_on else ""}


def check_same_recipe(run: Path, record: dict, like: dict) -> None:
    """Refuse figures of a network that was trained otherwise, but for how long.

    Raises:
        RunError: it was.
    """
    one, other = (kept["preset"] | {"epochs": 0} for kept in (record, like))
    if one != other:
        raise RunError(f"{run} was trained by another recipe than the run that its figures are for.")


def facts(other: Path, record: dict) -> dict:
    """Return what the card says of another run of the same network."""
    measured = read_measured(other, record)
    evaluation = measured["evaluation"]
    kept = ("protocol", "part", "folds", "by_song", "by_piece", "not_measurable", "command")
    return {
        "run": other.name,
        "preset": preset_name(measured),
        "seed": measured["options"]["seed"],
        "epochs": measured["training"]["epochs"],
        "steps": measured["training"]["steps"],
        **{name: evaluation[name] for name in kept},
    }


def read_measured(run: Path, like: dict) -> dict:
    """Return the record of a measured run of the same network on the same songs.

    Raises:
        RunError: it is none.
    """
    record = read_trained(run)
    if "evaluation" not in record:
        raise RunError(f"{run} was not measured; evaluate_genre.py --run measures it.")
    same = record["options"]["architecture"] == like["options"]["architecture"]
    if not same or record["data"]["sha256"] != like["data"]["sha256"]:
        raise RunError(f"{run} is of another network, or of other songs.")
    return record


def print_run(record: dict, section: dict) -> None:
    """Print the figures, for a reader."""
    say_dependence(record)
    song, piece = section["by_song"], section["by_piece"]
    shared, asked = section["validation_songs_with_artist_in_training"], section["validation_songs"]
    before, after = (section["calibration_error"][name] for name in ("before", "after"))
    of = f", by the folds of {section['of']}, protocol {section['protocol']}" if section["of"] else ""
    print(
        f"{run_title(record)}{of}: "
        f"{in_words(song)} of the songs are right, {in_words(piece)} of their pieces.\n"
        f"{shared} of {asked} validation songs share their artist, or are a copy of a song, in training. Calibration "
        f"error {before:.3f}, at temperature {section['temperature']:g} {after:.3f}; on the measured songs "
        f"{section['measured_calibration_error']:.3f}.\n\n"
        "| genre | right | accuracy | 95 % interval |\n| --- | ---: | ---: | ---: |"
    )
    for genre, share in section["by_genre"].items():
        print(
            f"| {genre} | {share['right']} of {share['count']} | {share['accuracy']:.1%} | "
            f"{share['low']:.1%} to {share['high']:.1%} |"
        )


if __name__ == "__main__":
    sys.exit(main())
