"""Pictures of a genre run."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from evaluation.figures import picture
from genre.genre_training import EpochRow

_TRAIN, _VALIDATION = "#8a8a8a", "#2a6f97"
_PANELS_A_ROW = 4


def draw_curves(path: str | os.PathLike, runs: Mapping[str, Sequence[EpochRow]], title: str) -> Path:
    """Draw the accuracy of train and validation, epoch by epoch, a panel a run and a line a fold."""
    columns = min(len(runs), _PANELS_A_ROW)
    lines = -(-len(runs) // columns)
    with picture(path, height=0.6 + 2.6 * lines) as figure:
        panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).flat
        for axes, (name, rows) in zip(panels, runs.items(), strict=False):
            _draw_folds(axes, rows, "accuracy")
            axes.set_title(name, fontsize=9)
            axes.set_ylim(0, 1)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        for axes in panels[len(runs) :]:
            axes.set_axis_off()
        panels[0].legend(frameon=False, fontsize=8)
        figure.supxlabel("epoch", fontsize=9)
        figure.suptitle(title, fontsize=10)
    return Path(path)


def draw_history(path: str | os.PathLike, rows: Sequence[EpochRow], title: str) -> Path:
    """Draw loss and accuracy of train and validation, epoch by epoch, a line a fold."""
    with picture(path, height=3.6) as figure:
        losses, accuracies = figure.subplots(1, 2)
        for axes, measure in ((losses, "loss"), (accuracies, "accuracy")):
            _draw_folds(axes, rows, measure)
            axes.set(xlabel="epoch", ylabel=measure)
        accuracies.set_ylim(0, 1)
        accuracies.yaxis.set_major_formatter(PercentFormatter(1.0))
        losses.legend(frameon=False)
        figure.suptitle(title, fontsize=10)
    return Path(path)


def _draw_folds(axes: Axes, rows: Sequence[EpochRow], measure: str) -> None:
    for part, colour in (("train", _TRAIN), ("validation", _VALIDATION)):
        for fold in sorted({row.fold for row in rows}):
            of = [row for row in rows if row.fold == fold]
            values = [getattr(row, f"{part}_{measure}") for row in of]
            if None in values:
                continue
            label = part if fold == rows[0].fold else None
            axes.plot([row.epoch for row in of], values, color=colour, label=label)
    axes.spines[["top", "right"]].set_visible(False)


def draw_confusion(path: str | os.PathLike, table: np.ndarray, labels: Sequence[str], title: str) -> Path:
    """Draw (genres, genres): how many songs of a row's genre were judged a column's."""
    with picture(path, height=5.6) as figure:
        axes = figure.add_subplot()
        shares = table / np.maximum(table.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere(table):
            colour = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, str(table[row, column]), ha="center", va="center", color=colour, fontsize=8)
        places = range(len(labels))
        axes.set_xticks(places, labels, rotation=45, ha="right")
        axes.set_yticks(places, labels)
        axes.set(xlabel="judged", ylabel="is")
        axes.set_title(f"{title}: {int(np.trace(table))} of {int(table.sum())} songs right", fontsize=10)
    return Path(path)


def draw_genres(path: str | os.PathLike, shares: Mapping[str, dict], title: str) -> Path:
    """Draw the share of each genre's songs that are judged right, with its interval."""
    with picture(path, height=3.6) as figure:
        axes = figure.add_subplot()
        values = np.array([share["accuracy"] for share in shares.values()])
        bounds = np.array([(share["low"], share["high"]) for share in shares.values()]).T
        # Rounding may put a bound on the wrong side of its share.
        errors = np.maximum(np.abs(bounds - values), 0)
        axes.bar(list(shares), values, color=_VALIDATION, yerr=errors, ecolor=_TRAIN, capsize=3)
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.tick_params(axis="x", labelrotation=30)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(f"{title}: songs right, 95 % intervals", fontsize=10)
    return Path(path)
