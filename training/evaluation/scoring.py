"""Scores of ledgers: one system's error rates with their intervals, and by how much two systems differ.

Two means lead, the **mean per-clip WER** and the **corpus WER** (see :mod:`metrics`), each under a named text rule and,
beside it, under every convention of the zero-width non-joiner, which can turn a ranking over. Intervals come from a
percentile bootstrap over clips, or over groups of clips where the ledger names a speaker or recording; two systems are
compared on the same draws (Bisani & Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation",
ICASSP 2004). All rates are fractions.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.clip_counts import (
    BY_RULE,
    FIGURES,
    MEANS,
    Bootstrap,
    ClipCounts,
    Key,
    conventions_of,
    count_edits,
    figure_columns,
    intervals,
    resample,
)
from evaluation.ledgers import LedgerError, Row
from metrics import EditCounts, Interval, pool

# From fewer units a bootstrap draws too narrow an interval.
FEW_UNITS = 10
_NAMED_IDS = 5
# Differences of mean rates carry rounding errors below this size; a tie is neither better nor worse.
_TIE = 1e-12


@dataclass(frozen=True)
class Difference(Interval):
    """By how much the other system's rate is above this one's, with its interval.

    Attributes:
        probability_of_improvement: Share of replicates in which the other system's rate is the lower one.
    """

    probability_of_improvement: float

    @property
    def verdict(self) -> str:
        """``better`` or ``worse``, said of the other system, if the interval is clear of zero."""
        if self.high < -_TIE:
            return "better"
        return "worse" if self.low > _TIE else "no clear difference"


@dataclass(frozen=True)
class Score:
    """What one ledger shows.

    Attributes:
        clips: Number of clips.
        groups: Number of groups that intervals were drawn over; None if clips were drawn.
        normalizer: The rule that all but ``conventions`` was measured under.
        words: Word edits and reference words of all clips.
        figures: A rate for each of :data:`evaluation.clip_counts.FIGURES`; those without loops are absent if every
            clip loops.
        conventions: Those of :data:`evaluation.clip_counts.BY_RULE` under the chosen rule and every convention, by the
            rule's name.
        clip_wers: Each clip's own WER, shape (clips,).
        loops: Which clips loop, shape (clips,).
        empty_hypotheses: Clips for which nothing was written.
        empty_references: Clips in which nothing is said.
        confusions: How often which word was written for which in the clips that do not loop; see
            :func:`metrics.word_confusions`.
        bootstrap: How the intervals were drawn.
    """

    clips: int
    groups: int | None
    normalizer: str
    words: EditCounts
    figures: dict[str, Interval]
    conventions: dict[str, dict[str, Interval]]
    clip_wers: np.ndarray
    loops: np.ndarray
    empty_hypotheses: int
    empty_references: int
    confusions: Counter[tuple[str, str]]
    bootstrap: Bootstrap

    @property
    def clips_over_100_percent(self) -> int:
        """Clips with more errors than words."""
        return int((self.clip_wers > 1).sum())

    @property
    def warnings(self) -> list[str]:
        """What a reader of the figures must know, in sentences."""
        warnings = []
        unit, units = ("clip", self.clips) if self.groups is None else ("group", self.groups)
        if units < 2:
            warnings.append(f"There is one {unit} only, so there is nothing to draw intervals from.")
        elif units < FEW_UNITS:
            warnings.append(f"The intervals rest on {units} {unit}s; from so few they come out too narrow.")
        if self.empty_references:
            warnings.append(
                f"In {self.empty_references} of {self.clips} clips nothing is said under {self.normalizer}: every word "
                "written there is an error, and the clip's WER is their number."
            )
        return warnings


@dataclass(frozen=True)
class Comparison:
    """How another system differs from this one on the same clips; a difference is other minus this.

    Attributes:
        names: How the two are called.
        this: Score of the first. Its figures without loops, like the other's, leave out every clip on which either
            system loops.
        other: Score of the other.
        differences: For each of :data:`evaluation.clip_counts.FIGURES`.
        conventions: Differences of the same by the rule's name.
    """

    names: tuple[str, str]
    this: Score
    other: Score
    differences: dict[str, Difference]
    conventions: dict[str, dict[str, Difference]]

    @property
    def verdict(self) -> str:
        """The corpus WER's verdict, said of the other system: better, worse, or no clear difference."""
        return self.differences["wer"].verdict

    @property
    def disputed_means(self) -> list[str]:
        """Those of :data:`evaluation.clip_counts.MEANS` by which the rule decides which system has the lower rate."""
        return [mean for mean in MEANS if len(self._signs(mean)) > 1]

    @property
    def warnings(self) -> list[str]:
        """What a reader of the comparison must know, in sentences."""
        warnings = list(dict.fromkeys(self.this.warnings + self.other.warnings))
        for mean in self.disputed_means:
            by_rule = ", ".join(f"{100 * by[mean].estimate:+.2f} under {rule}" for rule, by in self.conventions.items())
            warnings.append(
                f"The conventions disagree on which is better by {FIGURES[mean]}: {by_rule} (points). CER without "
                f"spaces, which no half-space touches: {100 * self.differences['cer_no_spaces'].estimate:+.2f}."
            )
        verdicts = {mean: self.differences[mean].verdict for mean in MEANS}
        if len(set(verdicts.values())) > 1:
            said = ", ".join(f"{verdict} by {FIGURES[mean]}" for mean, verdict in verdicts.items())
            warnings.append(f"The two means do not say the same of {self.names[1]}: {said}.")
        return warnings

    def _signs(self, mean: str) -> set[bool]:
        estimates = [by_mean[mean].estimate for by_mean in self.conventions.values()]
        return {estimate > 0 for estimate in estimates if abs(estimate) > _TIE}


def score(rows: Sequence[Row], *, normalizer: str = "fa-v1", bootstrap: Bootstrap | None = None) -> Score:
    """Measures one system.

    Args:
        rows: Its ledger.
        normalizer: Name of a rule in :data:`najva.persian.NORMALIZERS`.
        bootstrap: How intervals are drawn; by default 10,000 replicates, 95 %, seed 0.

    Returns:
        Its figures. An interval's bounds are NaN where there is nothing to draw from, such as a single clip or group.

    Raises:
        ValueError: If there are no rows or no rule has that name.
    """
    bootstrap = bootstrap or Bootstrap()
    counts = count_edits(rows, normalizer)
    table = figure_columns(counts, ~counts.loops)
    (drawn,) = resample([table], _groups(rows), bootstrap)
    return _score(rows, counts, intervals(table, drawn, bootstrap.confidence), bootstrap)


def compare(
    this_rows: Sequence[Row],
    other_rows: Sequence[Row],
    *,
    normalizer: str = "fa-v1",
    bootstrap: Bootstrap | None = None,
    names: tuple[str, str] = ("this ledger", "the other"),
) -> Comparison:
    """Measures two systems on the same clips, and their differences on the same draws.

    Args:
        this_rows: Ledger of one system, such as the base.
        other_rows: Ledger of the other, such as the tuned one, in any order. Where only one ledger names groups, they
            hold for both.
        normalizer: Name of a rule in :data:`najva.persian.NORMALIZERS`.
        bootstrap: How intervals are drawn; by default 10,000 replicates, 95 %, seed 0.
        names: What sentences call the two.

    Returns:
        Both scores and the differences, other minus this.

    Raises:
        LedgerError: If the ledgers hold different clips, or a clip has another reference, audio or group in each.
        ValueError: If there are no rows or no rule has that name.
    """
    bootstrap = bootstrap or Bootstrap()
    sides = _pair(this_rows, other_rows, names)
    counts = [count_edits(rows, normalizer) for rows in sides]
    kept = ~(counts[0].loops | counts[1].loops)
    this, other = tables = [figure_columns(side, kept) for side in counts]
    change = {key: np.array([other[key][0] - this[key][0], this[key][1]]) for key in this}
    *drawn, drawn_change = resample([*tables, change], _groups(sides[0]), bootstrap)
    scores = [
        _score(rows, side, intervals(table, values, bootstrap.confidence), bootstrap)
        for rows, side, table, values in zip(sides, counts, tables, drawn, strict=True)
    ]
    differences = {
        key: Difference(interval.estimate, interval.low, interval.high, _probability_of_improvement(drawn_change[key]))
        for key, interval in intervals(change, drawn_change, bootstrap.confidence).items()
    }
    return Comparison(names, *scores, *_by_name(differences, normalizer))


def _score(rows: Sequence[Row], counts: ClipCounts, figures: dict[Key, Interval], bootstrap: Bootstrap) -> Score:
    normalizer, clips = next(iter(counts.words.items()))
    chosen, conventions = _by_name(figures, normalizer)
    groups = _groups(rows)
    return Score(
        clips=len(rows),
        groups=len(set(groups)) if groups else None,
        normalizer=normalizer,
        words=pool(clips),
        figures=chosen,
        conventions=conventions,
        clip_wers=np.array([clip.rate for clip in clips]),
        loops=counts.loops,
        empty_hypotheses=counts.empty_hypotheses,
        empty_references=sum(not clip.reference_length for clip in clips),
        confusions=counts.confusions,
        bootstrap=bootstrap,
    )


def _by_name(figures: dict[Key, Interval], normalizer: str) -> tuple[dict, dict]:
    """Parts the figures under the chosen rule from those that are taken under every rule."""
    chosen = {name: figures[name, normalizer] for name in FIGURES if (name, normalizer) in figures}
    return chosen, {rule: {name: figures[name, rule] for name in BY_RULE} for rule in conventions_of(normalizer)}


def _probability_of_improvement(drawn: np.ndarray) -> float:
    drawn = drawn[~np.isnan(drawn)]
    return float((drawn < -_TIE).mean()) if drawn.size else float("nan")


def _groups(rows: Sequence[Row]) -> list[str] | None:
    groups = [row.group for row in rows]
    return None if None in groups else groups


def _pair(this: Sequence[Row], other: Sequence[Row], names: tuple[str, str]) -> tuple[list[Row], list[Row]]:
    """Puts the other ledger into this one's order, with one text and one group per clip."""
    by_id, here = {row.id: row for row in other}, {row.id for row in this}
    only = [row.id for row in this if row.id not in by_id], [row.id for row in other if row.id not in here]
    if any(only):
        parts = [f"only in {name}: {_some(ids)}" for name, ids in zip(names, only, strict=True) if ids]
        raise LedgerError(f"{names[0]} and {names[1]} hold different clips; {'; '.join(parts)}.")
    pairs = [(row, by_id[row.id]) for row in this]
    for what, differ in {
        "references": lambda a, b: a.reference.split() != b.reference.split(),
        "audio (sha256)": lambda a, b: None not in (a.sha256, b.sha256) and a.sha256 != b.sha256,
        "groups": lambda a, b: None not in (a.group, b.group) and a.group != b.group,
    }.items():
        if ids := [a.id for a, b in pairs if differ(a, b)]:
            raise LedgerError(f"{names[0]} and {names[1]} have different {what} for {_some(ids)}.")
    groups = [b.group if a.group is None else a.group for a, b in pairs]
    return (
        [replace(a, group=group) for (a, _), group in zip(pairs, groups, strict=True)],
        [replace(b, group=group, reference=a.reference) for (a, b), group in zip(pairs, groups, strict=True)],
    )


def _some(ids: list[str]) -> str:
    rest = f" and {len(ids) - _NAMED_IDS} more" if len(ids) > _NAMED_IDS else ""
    return ", ".join(repr(name) for name in ids[:_NAMED_IDS]) + rest
