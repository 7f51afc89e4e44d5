"""Genre runs side by side on the same songs."""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from genre.genre_run import (
    is_rehearsal_run,
    preset_name,
    read_history,
    read_songs,
    read_trained,
    say_dependence,
    songs_name,
)
from genre.genre_scoring import (
    Share,
    by_piece,
    by_song,
    fit_temperature,
    holm,
    mcnemar,
    measured_of,
    validation_of,
    verdicts,
)
from run_record import RunError

# A p-value below it is called a difference.
_CLEAR = 0.05


@dataclass(frozen=True)
class Measured:
    """A run on its songs.

    Attributes:
        record: its `run.json`.
        asked: id, genre and fold of each song.
        right: whether each was judged rightly.
        by_song, by_piece: how many were.
    """

    record: dict[str, Any]
    asked: list[tuple[str, str, int]]
    right: list[bool]
    by_song: Share
    by_piece: Share


def compare_runs(runs: list[Path], *, with_first: bool = False, curves: Path | None = None) -> dict:
    """Print runs side by side, and whether each pair differs; return the same.

    Args:
        runs: two or more.
        with_first: compare each with the first one only.
        curves: where to draw the runs' accuracies, epoch by epoch.

    Raises:
        RunError: one of them cannot be compared, or they were not measured on the same songs.
    """
    measured = {run.name: judge_run(run) for run in runs}
    if len(measured) < len(runs):
        raise RunError("Two of the runs have the same name; rename one.")
    first = measured[runs[0].name]
    for name, one in measured.items():
        if one.asked != first.asked or one.record["data"]["sha256"] != first.record["data"]["sha256"]:
            raise RunError(f"{name} was not measured on the same songs, in the same folds, as {runs[0].name}.")
    if curves:
        draw_runs(curves, runs, measured)
    say_dependence(first.record)
    print_shares(measured)
    pairs = list(combinations(measured, 2))
    return {
        "songs": len(first.asked),
        "accuracy": {name: one.by_song.value for name, one in measured.items()},
        "pairs": print_pairs(measured, pairs[: len(runs) - 1] if with_first else pairs),
    }


def judge_run(run: Path) -> Measured:
    """Judge a run's songs, at the temperature of its validation.

    Raises:
        RunError: it has none.
    """
    record = read_trained(run)
    judged, labels = read_songs(run, record), record["data"]["genres"]
    songs, temperature = measured_of(judged), fit_temperature(validation_of(judged), labels)
    return Measured(
        record,
        [(song.id, song.genre, song.fold) for song in songs],
        verdicts(songs, labels, temperature)[1].tolist(),
        by_song(songs, labels, temperature),
        by_piece(songs, labels),
    )


def draw_runs(path: Path, runs: list[Path], measured: dict[str, Measured]) -> None:
    """Draw the accuracies of runs side by side."""
    from genre.genre_figures import draw_curves

    titles = {
        f"{songs_name(one.record)}: {preset_name(one.record)}, {one.record['options']['protocol']}"
        for one in measured.values()
    }
    draw_curves(path, {run.name: read_history(run) for run in runs}, "; ".join(sorted(titles)))


def print_shares(measured: dict[str, Measured]) -> None:
    """Print a row for each run."""
    print("| run | network | preset | protocol | songs right | 95 % interval | pieces right | parameters |")
    print("| --- | --- | --- | --- | ---: | ---: | ---: | ---: |")
    for name, one in measured.items():
        chosen, song = one.record["options"], one.by_song.as_dict()
        rehearsal = " (rehearsal)" if is_rehearsal_run(one.record) else ""
        print(
            f"| {name}{rehearsal} | {chosen['architecture']} | {preset_name(one.record)} | {chosen['protocol']} | "
            f"{song['accuracy']:.1%} | {song['low']:.1%} to {song['high']:.1%} | {one.by_piece.value:.1%} | "
            f"{one.record['training']['parameters']:,} |"
        )


def print_pairs(measured: dict[str, Measured], pairs: list[tuple[str, str]]) -> list[dict]:
    """Print a row for each pair, and return them."""
    count = len(next(iter(measured.values())).asked)
    print(f"\n| on the same {count} songs | only the first right | only the second right | p, adjusted | verdict |")
    print("| --- | ---: | ---: | ---: | --- |")
    counted = [mcnemar(measured[one].right, measured[other].right) for one, other in pairs]
    rows = []
    for (one, other), (only_one, only_other, _), p_value in zip(
        pairs, counted, holm([p for *_, p in counted]), strict=True
    ):
        better = one if only_one > only_other else other
        verdict = f"{better} is better" if p_value < _CLEAR else "no clear difference"
        print(f"| {one} or {other} | {only_one} | {only_other} | {p_value:.3f} | {verdict} |")
        rows.append(
            {"one": one, "other": other, "only_one": only_one, "only_other": only_other, "p": round(p_value, 5)}
        )
    return rows
