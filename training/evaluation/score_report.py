"""Scores and comparisons in words, as tables for a terminal, and as plain values for a JSON line or a run record."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from evaluation.clip_counts import BY_RULE, FIGURES, MEANS
from evaluation.scoring import Comparison, Difference, Score
from metrics import Interval

_RULES = {
    "fa-v1": "fa-v1 (half-space a space)",
    "fa-joined": "fa-joined (half-space deleted)",
    "raw": "raw (as written)",
    "as-given": "as-given (untouched)",
    "basic": "basic (any language)",
}
# Of a figure that no clip is left for.
_NO_DIFFERENCE = Difference(math.nan, math.nan, math.nan, math.nan)


def describe_score(name: str, score: Score, note: str = "") -> str:
    """Returns what one ledger shows, in lines of text.

    Args:
        name: What the ledger is called.
        score: Its figures.
        note: Said of the clips, see `note_of`.

    Returns:
        A heading, a table of every figure, a table of the conventions, the errors by kind, and warnings.
    """
    bootstrap = score.bootstrap
    units = f"{score.clips} clips" if score.groups is None else f"{score.groups} groups of clips"
    interval = f"{100 * bootstrap.confidence:g} % interval"
    return "\n".join(
        [
            f"{name}: {score.clips} clips{note}, {score.words.reference_length:,} words, text rule {score.normalizer}. "
            f"Intervals: {bootstrap.replicates:,} bootstrap replicates over {units}, seed {bootstrap.seed}.",
            "",
            *_table(
                ["", "rate", interval],
                [[FIGURES[figure], _percent(rate.estimate), _bounds(rate)] for figure, rate in score.figures.items()],
            ),
            "",
            *_table(
                ["text rule", *(FIGURES[name] for name in BY_RULE)],
                [
                    [
                        _RULES[rule],
                        *(f"{_percent(rates[mean].estimate)} ({_bounds(rates[mean])})" for mean in MEANS),
                        # Their intervals would make the line too long; `score_values` has them.
                        *(_percent(rates[name].estimate) for name in BY_RULE[len(MEANS) :]),
                    ]
                    for rule, rates in score.conventions.items()
                ],
            ),
            "",
            f"Words: {score.words.substitutions:,} substituted, {score.words.deletions:,} left out, "
            f"{score.words.insertions:,} put in. Clips that loop: {int(score.loops.sum())}, "
            f"above 100 %: {score.clips_over_100_percent}, with an empty hypothesis: {score.empty_hypotheses}.",
            *_warnings(score.warnings),
        ]
    )


def describe_comparison(comparison: Comparison, note: str = "") -> str:
    """Returns how two ledgers differ, in lines of text.

    Args:
        comparison: Their comparison.
        note: Said of the clips, see `note_of`.

    Returns:
        A heading, a table of the differences, a table by convention, both means' verdicts and warnings.
    """
    this, other = comparison.names
    interval = f"{100 * comparison.this.bootstrap.confidence:g} % interval"
    return "\n".join(
        [
            f"{other} minus {this}, the same {comparison.this.clips} clips{note}; below zero {other} is better. "
            f"Clips on which either loops: {int((comparison.this.loops | comparison.other.loops).sum())}.",
            "",
            *_table(
                ["", this, other, "points", interval, "probability of improvement"],
                [
                    [
                        FIGURES[figure],
                        _percent(comparison.this.figures[figure].estimate),
                        _percent(comparison.other.figures[figure].estimate),
                        _points(difference.estimate),
                        _bounds(difference, signed=True),
                        _percent(difference.probability_of_improvement),
                    ]
                    for figure, difference in comparison.differences.items()
                ],
            ),
            "",
            *_table(
                ["text rule", *(f"{FIGURES[mean]}, points" for mean in MEANS)],
                [
                    [
                        _RULES[rule],
                        *(f"{_points(by[mean].estimate)} ({_bounds(by[mean], signed=True)})" for mean in MEANS),
                    ]
                    for rule, by in comparison.conventions.items()
                ],
            ),
            "",
            *(
                f"Verdict on {other} against {this}: {difference.verdict} by {FIGURES[mean]} "
                f"({_points(difference.estimate)} points, {interval} {_bounds(difference, signed=True)})."
                for mean, difference in ((mean, comparison.differences[mean]) for mean in MEANS)
            ),
            *_warnings([said for said in comparison.warnings if said not in comparison.this.warnings]),
        ]
    )


def of_synthetic(speech: str) -> str:
    """Returns what is said after a figure of such speech, so that synthetic speech is called so wherever it shows."""
    return ", synthetic speech" if speech == "synthetic" else ""


def note_of(speech: str, split_sha256: str = "") -> str:
    """Returns what is said after a figure or a picture's title: of which speech, and of which split."""
    return of_synthetic(speech) + (f", split {split_sha256[:12]}" if split_sha256 else "")


def mean_in_words(figures: Mapping[str, float | None], system: str) -> str:
    """Returns a system's mean per-clip WER with its interval, from the last line of `evaluate_whisper.py`."""
    rate, low, high = (figures[f"{system}_mean_clip_wer{end}"] for end in ("", "_low", "_high"))
    # From one clip alone no interval can be drawn.
    return f"{rate:.2%}" + ("" if low is None else f" ({100 * low:.1f} to {100 * high:.1f})")


def describe_confusions(confusions: Counter[tuple[str, str]], words: int) -> str:
    """Returns the commonest confusions of words, one a line; loops are left out of their count."""
    lines = []
    for (said, written), times in confusions.most_common(words):
        if not written:
            what = f"“{said}” left out"
        elif not said:
            what = f"“{written}” put in"
        else:
            what = f"“{said}” written as “{written}”"
        lines.append(f"{times:6d}  {what}")
    return "\n".join(lines)


def score_values(score: Score) -> dict:
    """Returns a score as plain values: rates as fractions with ``_low`` and ``_high``, null where there is none."""
    return {
        "clips": score.clips,
        "normalizer": score.normalizer,
        **_rates(score.figures, FIGURES),
        "reference_words": score.words.reference_length,
        "substitutions": score.words.substitutions,
        "deletions": score.words.deletions,
        "insertions": score.words.insertions,
        "loops": int(score.loops.sum()),
        "clips_over_100_percent": score.clips_over_100_percent,
        "empty_hypotheses": score.empty_hypotheses,
        "empty_references": score.empty_references,
        "groups": score.groups,
        "conventions": {rule: _rates(rates, BY_RULE) for rule, rates in score.conventions.items()},
        "replicates": score.bootstrap.replicates,
        "confidence": score.bootstrap.confidence,
        "seed": score.bootstrap.seed,
        "warnings": score.warnings,
    }


def comparison_values(comparison: Comparison) -> dict:
    """Returns a comparison as plain values: this score's, ``other`` for the other's, and the differences.

    ``mean_clip_wer`` becomes ``mean_clip_difference``, ``wer`` ``difference``, ``cer`` ``cer_difference``; each has
    ``_low``, ``_high``, ``_probability_of_improvement`` and ``_verdict`` beside it, and ``verdict`` is that of the
    corpus WER.
    """
    return {
        **score_values(comparison.this),
        "other": score_values(comparison.other),
        **_differences(comparison.differences, FIGURES),
        "verdict": comparison.verdict,
        "difference_conventions": {rule: _differences(by, BY_RULE) for rule, by in comparison.conventions.items()},
        "conventions_disagree": bool(comparison.disputed_means),
        "warnings": comparison.warnings,
    }


def confusion_values(confusions: Counter[tuple[str, str]], words: int) -> list[dict]:
    """Returns the commonest confusions as plain values; an empty text is a word left out or put in."""
    return [
        {"reference": said, "hypothesis": written, "count": times}
        for (said, written), times in confusions.most_common(words)
    ]


def _rates(rates: dict[str, Interval], names: Iterable[str]) -> dict:
    values = {}
    for name in names:
        rate = rates.get(name, _NO_DIFFERENCE)
        values |= {name: _number(rate.estimate), f"{name}_low": _number(rate.low), f"{name}_high": _number(rate.high)}
    return values


def _differences(differences: dict[str, Difference], figures: Iterable[str]) -> dict:
    values = {}
    for figure in figures:
        difference = differences.get(figure, _NO_DIFFERENCE)
        name = figure.replace("cer", "cer_difference").replace("wer", "difference")
        values |= _rates({name: difference}, [name])
        values[f"{name}_probability_of_improvement"] = _number(difference.probability_of_improvement)
        values[f"{name}_verdict"] = difference.verdict
    return values


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.2f} %"


def _points(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:+.2f}"


def _bounds(interval: Interval, *, signed: bool = False) -> str:
    if math.isnan(interval.low):
        return "–"
    form = "+.2f" if signed else ".2f"
    return f"{100 * interval.low:{form}} to {100 * interval.high:{form}}"


def _warnings(warnings: list[str]) -> list[str]:
    return ["", *(f"Note: {warning}" for warning in warnings)] if warnings else []


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Lays cells out in columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(cells))
        for cells in (list(zip(row, widths, strict=True)) for row in [header, *rows])
    ]
