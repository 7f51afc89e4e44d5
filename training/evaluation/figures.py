"""Pictures of ledgers: every clip's WER, and the commonest confusions of words.

matplotlib shapes Arabic script and orders it from right to left by itself since 3.11 (HarfBuzz, SheenBidi), and DejaVu
Sans, which comes with it, has the Persian letters. Only whole words are given to it, never a sentence of two
directions, whose arrow would point the wrong way.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from evaluation.clip_counts import FIGURES
from evaluation.scoring import Score
from whole_files import whole_file

_BLUE, _ORANGE, _GREY = "#2a6f97", "#e07a1f", "#8a8a8a"
_KINDS = {"written as another": _BLUE, "left out": _GREY, "put in": _ORANGE}
# Loops reach thousands of per cent; beyond twice the reference's length it no longer matters by how much.
_HIGHEST = 2.0
# From here on single points would hide how many lie on each other.
_MANY_CLIPS = 500
# Scripts that DejaVu Sans lacks, in case a decoder strays into them; used where the machine has them.
_MORE_FONTS = ("Noto Sans CJK SC", "Noto Sans Devanagari", "Noto Sans")
_SMALL = {"fontsize": 8, "frameon": False}
_LONGEST_WORD = 18
_POINTS_A_LETTER = 6


def draw_wer_by_clip(path: str | os.PathLike, names: Sequence[str], scores: Sequence[Score], *, note: str = "") -> Path:
    """Draws the WER of every clip: of one ledger sorted, of two one against the other.

    Args:
        path: The PNG to write.
        names: What the one or two ledgers are called.
        scores: Their scores, of the same clips in the same order.
        note: Said at the end of the title's line, see `score_report.note_of`.

    Returns:
        The path.

    Raises:
        OSError: If the picture cannot be written.
    """
    with picture(path, height=7.5 if len(scores) == 2 else 4.4) as figure:
        axes = figure.add_subplot()
        summary = _draw_pairs(axes, names, scores) if len(scores) == 2 else _draw_sorted(axes, names[0], scores[0])
        beyond = sum(int((one.clip_wers > _HIGHEST).sum()) for one in scores)
        note = f"\n{beyond} values above {_HIGHEST:.0%} are drawn on the edge" if beyond else ""
        title = f"WER of each of {scores[0].clips:,} clips, text rule {scores[0].normalizer}{note}"
        axes.set_title(f"{title}\n{summary}{note}", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        legend = figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, **_SMALL)
        for handle in legend.legend_handles:
            handle.set_alpha(1)
    return Path(path)


def draw_confusions(path: str | os.PathLike, name: str, score: Score, words: int = 25, *, note: str = "") -> Path:
    """Draws which words were most often written for which, left out or put in.

    Args:
        path: The PNG to write.
        name: What the ledger is called.
        score: Its score; clips that loop are not counted.
        words: How many to draw.
        note: Said at the end of the title's line, see `score_report.note_of`.

    Returns:
        The path.

    Raises:
        OSError: If the picture cannot be written.
    """
    commonest = [(said, written, times) for (said, written), times in score.confusions.most_common(words)]
    with picture(path, height=1.4 + 0.26 * max(len(commonest), 1)) as figure:
        axes = figure.add_subplot()
        loops = int(score.loops.sum())
        clips = f"{score.clips} clips" + (f", {loops} that loop left out" if loops else "")
        rule = f"text rule {score.normalizer}{note}"
        axes.set_title(f"Commonest confusions of {name}\n{clips}; {rule}", fontsize=10)
        axes.set(ylim=(max(len(commonest), 1) - 0.4, -0.6), xlabel="times", yticks=[])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        times, colors = [times for *_, times in commonest], [_kind(*pair) for *pair, _ in commonest]
        axes.barh(np.arange(len(commonest)), times, color=colors)
        # Two columns of single words: together in one label they would be ordered as one sentence of two directions.
        _write_column(axes, "written as", [written for _, written, _ in commonest], points=8)
        longest = max([len(written) for _, written, _ in commonest] + [len("written as")])
        points = 20 + _POINTS_A_LETTER * min(longest, _LONGEST_WORD)
        _write_column(axes, "said", [said for said, *_ in commonest], points=points)
        handles = [Patch(color=color, label=label) for label, color in _KINDS.items()]
        axes.legend(handles=handles, loc="lower right", **_SMALL)
    return Path(path)


def _draw_sorted(axes: Axes, name: str, score: Score) -> str:
    order = np.argsort(score.clip_wers, kind="stable")[::-1]
    wers, loops = np.minimum(score.clip_wers[order], _HIGHEST), score.loops[order]
    places = np.arange(1, len(order) + 1)
    for which, color, label in ((~loops, _BLUE, "clip"), (loops, _ORANGE, "clip that loops")):
        if which.any():
            axes.bar(places[which], wers[which], width=1.0, color=color, label=label)
    for figure, style in (("mean_clip_wer", "-"), ("wer", ":")):
        rate = score.figures[figure].estimate
        label = f"{FIGURES[figure]} {rate:.1%}"
        axes.axhline(min(rate, _HIGHEST), color="black", linestyle=style, linewidth=1, label=label)
    axes.set(xlabel="clips, the worst first", ylabel="WER", xlim=(0.5, len(order) + 0.5), ylim=(0, None))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return name


def _draw_pairs(axes: Axes, names: Sequence[str], scores: Sequence[Score]) -> str:
    this, other = (np.minimum(one.clip_wers, _HIGHEST) for one in scores)
    edge = 1.04 * max(this.max(), other.max(), 0.1)
    axes.fill_between([0, edge], [0, edge], edge, color=_GREY, alpha=0.08, linewidth=0)
    axes.plot([0, edge], [0, edge], color=_GREY, linewidth=1)
    loops = scores[0].loops | scores[1].loops
    looks = {"s": 16, "linewidth": 0, "clip_on": False, "alpha": 0.5 if scores[0].clips < _MANY_CLIPS else 0.15}
    for which, color, label in ((~loops, _BLUE, "clip"), (loops, _ORANGE, "clip on which either loops")):
        if which.any():
            axes.scatter(this[which], other[which], color=color, label=label, **looks)
    means = [one.figures["mean_clip_wer"].estimate for one in scores]
    label = f"mean {means[0]:.1%} and {means[1]:.1%}"
    axes.plot(*np.minimum(means, edge), "+", color="black", markersize=14, label=label)
    axes.set(xlabel=f"WER, {names[0]}", ylabel=f"WER, {names[1]}", xlim=(0, edge), ylim=(0, edge), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    change = np.sign(scores[1].clip_wers - scores[0].clip_wers)
    lower, higher, equal = ((change == sign).sum() for sign in (-1, 1, 0))
    return f"{names[1]} is lower on {lower:,}, higher on {higher:,} (shaded), equal on {equal:,}"


def _kind(said: str, written: str) -> str:
    if not written:
        return _KINDS["left out"]
    return _KINDS["written as another"] if said else _KINDS["put in"]


def _write_column(axes: Axes, heading: str, words: Sequence[str], points: float) -> None:
    """Writes words beside the bars, right-aligned so many points left of them."""
    for place, word in enumerate([heading, *words], start=-1):
        shown = word if len(word) <= _LONGEST_WORD else f"{word[:_LONGEST_WORD]}…"
        axes.annotate(
            shown or "–",
            (0, place),
            xytext=(-points, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8 if place < 0 else 10,
            color=_GREY if place < 0 or not word else "black",
            annotation_clip=False,
        )


@contextmanager
def picture(path: str | os.PathLike, height: float) -> Iterator[Figure]:
    """Gives an empty figure, `height` inches high, and writes it when the block ends."""
    installed = set(font_manager.get_font_names())
    fonts = ["DejaVu Sans", *(font for font in _MORE_FONTS if font in installed)]
    # Set before anything is drawn: a text takes both when it is made. A dollar sign is no formula here.
    with rc_context({"font.family": fonts, "text.parse_math": False}):
        figure = Figure(figsize=(6.4, height), layout="constrained")
        yield figure
        with whole_file(path) as unfinished, warnings.catch_warnings():
            # A letter that no font has is drawn as a box; the table in words has it too.
            warnings.filterwarnings("ignore", message="Glyph")
            figure.savefig(unfinished, format="png", dpi=150)


def draw_history(path: str | os.PathLike, rows: Sequence[dict], *, note: str = "") -> Path:
    """Draws how a training went: both losses, and the validation WER with its best point.

    Args:
        path: The PNG to write.
        rows: Of `history.csv`, one per evaluation.
        note: Said after the name of the rate, see `score_report.note_of`.

    Returns:
        The path.

    Raises:
        OSError: If the picture cannot be written.
    """
    epochs = [row["epoch"] for row in rows]
    with picture(path, height=3.6) as figure:
        losses, rates = figure.subplots(1, 2)
        for name, colour in (("training_loss", _GREY), ("validation_loss", _BLUE)):
            losses.plot(epochs, [row[name] for row in rows], color=colour, marker=".", label=name.replace("_", " "))
        losses.set(xlabel="epoch", ylabel="loss")
        losses.legend(frameon=False)
        values = [row["validation_wer"] for row in rows]
        best = int(np.argmin(values))
        rates.plot(epochs, values, color=_BLUE, marker=".")
        rates.plot(epochs[best], values[best], "o", color=_ORANGE, markersize=8, fillstyle="none")
        rates.annotate(f"{values[best]:.1%}", (epochs[best], values[best]), xytext=(6, 8), textcoords="offset points")
        rates.set(xlabel="epoch", ylabel=f"validation WER{note}", ylim=(0, None))
        rates.yaxis.set_major_formatter(PercentFormatter(1.0))
    return Path(path)
