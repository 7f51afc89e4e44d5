"""Pictures of translators: every engine's chrF with its interval, and how a training went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from evaluation.figures import picture
from translation.translation_ledgers import SPEECH
from translation.translation_results import Result
from translation.translation_scores import CONFIDENCE, LEADING, NAMES
from translation.translator_training import StepRow

_TEXT, _SPEECH = "#2a6f97", "#e07a1f"
_TRAINING, _VALIDATION = "#8a8a8a", "#2a6f97"


def draw_scores(path: Path, results: Sequence[Result]) -> Path:
    """Draw a panel a set, a line an engine, and of recordings a second mark for what was recognised.

    Args:
        path: the PNG to write.
        results: at least one.

    Raises:
        OSError: the picture cannot be written.
    """
    sets = list(dict.fromkeys(one.of.title for one in results))
    engines = list(dict.fromkeys(one.engine for one in results))
    with picture(path, height=1.0 + len(sets) * (0.7 + 0.35 * len(engines))) as figure:
        panels = figure.subplots(len(sets), 1, sharex=True, squeeze=False)[:, 0]
        for axes, title in zip(panels, sets, strict=True):
            for one in (result for result in results if result.of.title == title):
                _draw(axes, one, engines.index(one.engine))
            axes.set_yticks(range(len(engines)), engines)
            axes.set(ylim=(len(engines) - 0.5, -0.5))
            axes.set_title(title, fontsize=9, loc="left")
            axes.grid(axis="x", color="#dddddd", linewidth=0.6)
            axes.spines[["top", "right"]].set_visible(False)
        panels[-1].set_xlabel(f"{NAMES[LEADING]}, with {CONFIDENCE:.0%} intervals")
        panels[-1].set_xlim(0, None)
        marks = {
            label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(marks.values(), marks, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return path


def _draw(axes, one: Result, place: int) -> None:
    found, recognised = one.score.figures[LEADING], one.condition == SPEECH
    # Resampled sets of few sentences can all lie on one side of the figure itself.
    bounds = (found.estimate, found.estimate) if math.isnan(found.low) else (found.low, found.high)
    errors = [[max(0.0, found.estimate - bounds[0])], [max(0.0, bounds[1] - found.estimate)]]
    axes.errorbar(
        [found.estimate],
        [place + (0.15 if recognised else -0.15 if one.of.speech else 0.0)],
        xerr=errors,
        fmt="s" if recognised else "o",
        color=_SPEECH if recognised else _TEXT,
        markersize=5,
        capsize=3,
        label="of what was recognised" if recognised else "of the text",
    )


def draw_history(path: Path, rows: Sequence[StepRow]) -> Path:
    """Draw both losses, and how quickly was learned, over the epochs.

    Raises:
        OSError: the picture cannot be written.
    """
    epochs = [row.epoch for row in rows]
    with picture(path, height=3.6) as figure:
        losses, speeds = figure.subplots(1, 2)
        # The training's is of smoothed labels and of weights on their way, so it is higher by some.
        losses.plot(epochs, [row.train_loss for row in rows], color=_TRAINING, label="training, smoothed labels")
        losses.plot(epochs, [row.validation_loss for row in rows], color=_VALIDATION, label="held-out dialogue")
        losses.plot(epochs, [row.flores_loss for row in rows], color=_SPEECH, label="FLORES dev")
        losses.set(xlabel="epoch", ylabel="loss of a piece")
        losses.legend(fontsize=8, frameon=False)
        speeds.plot(epochs, [row.sentences_per_second for row in rows], color=_TRAINING)
        speeds.set(xlabel="epoch", ylabel="sentences a second", ylim=(0, None))
        for axes in (losses, speeds):
            axes.spines[["top", "right"]].set_visible(False)
    return path
