"""What each clip adds to each figure, and the figures of resampled sets of clips.

Every figure of a ledger is a ratio of two sums over clips (:func:`metrics.bootstrap_ratios`), so a ledger becomes a
table of columns: one pair per figure and text rule. One bootstrap of the whole table gives all intervals at once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.ledgers import Row, is_loop
from metrics import (
    EditCounts,
    Interval,
    bootstrap_ratios,
    character_counts,
    percentile_interval,
    word_confusions,
    word_counts,
)
from najva.persian import normalize

# What is measured under the chosen rule, in the order of every table.
FIGURES = {
    "mean_clip_wer": "mean per-clip WER",
    "wer": "corpus WER",
    "cer": "CER",
    "cer_no_spaces": "CER without spaces",
    "mean_clip_wer_without_loops": "mean per-clip WER without loops",
    "wer_without_loops": "corpus WER without loops",
}
MEANS = ("mean_clip_wer", "wer")
BY_RULE = (*MEANS, "cer", "cer_no_spaces")

Key = tuple[str, str]
"""A figure's name and the rule it is measured under."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn.

    Attributes:
        replicates: Number of resampled corpora.
        confidence: Share of them inside an interval.
        seed: Equal seeds give equal intervals.
    """

    replicates: int = 10_000
    confidence: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class ClipCounts:
    """The edits of a ledger, clip by clip.

    Attributes:
        words: Word edits by rule, the chosen rule first.
        characters: Character edits by rule, a space being a character.
        characters_no_spaces: The same without spaces.
        loops: Which clips loop, shape (clips,).
        confusions: Which word was written for which in the clips that do not loop, under the chosen rule.
        empty_hypotheses: Clips for which nothing was written, under the chosen rule.
    """

    words: dict[str, list[EditCounts]]
    characters: dict[str, list[EditCounts]]
    characters_no_spaces: dict[str, list[EditCounts]]
    loops: np.ndarray
    confusions: Counter[tuple[str, str]]
    empty_hypotheses: int


def conventions_of(normalizer: str) -> list[str]:
    """Returns the rules to measure under: the chosen one first, then what else its language may be compared by."""
    others = ("raw",) if normalizer == "basic" else ("fa-v1", "fa-joined", "raw")
    return list(dict.fromkeys((normalizer, *others)))


def count_edits(rows: Sequence[Row], normalizer: str) -> ClipCounts:
    """Counts the edits of every clip.

    Args:
        rows: A ledger.
        normalizer: The chosen rule, a key of :data:`najva.persian.NORMALIZERS`.

    Returns:
        The counts, in the ledger's order.

    Raises:
        ValueError: If there are no rows or no rule has that name.
    """
    texts = [[row.reference for row in rows], [row.hypothesis for row in rows]]
    rules = conventions_of(normalizer)
    prepared = [[normalize(text, normalizer) for text in side] for side in texts]
    loops = np.array([is_loop(row.hypothesis, row.reference) for row in rows])
    sound = [[text for text, loop in zip(side, loops, strict=True) if not loop] for side in prepared]
    return ClipCounts(
        words={rule: word_counts(*texts, normalizer=rule) for rule in rules},
        characters={rule: character_counts(*texts, normalizer=rule, keep_spaces=True) for rule in rules},
        characters_no_spaces={rule: character_counts(*texts, normalizer=rule) for rule in rules},
        loops=loops,
        confusions=word_confusions(*sound, normalizer="as-given") if sound[0] else Counter(),
        empty_hypotheses=sum(not text.strip() for text in prepared[1]),
    )


def figure_columns(counts: ClipCounts, kept: np.ndarray) -> dict[Key, np.ndarray]:
    """Lays the counts out as columns.

    Args:
        counts: A ledger's counts.
        kept: Which clips the figures without loops are of, shape (clips,).

    Returns:
        For each figure what a clip adds above and below the line, shape (2, clips). :data:`FIGURES` under the chosen
        rule, those of :data:`BY_RULE` under the others too; no figures without loops if no clip is kept.
    """
    columns = {}
    for rule, clips in counts.words.items():
        columns["mean_clip_wer", rule] = np.array([[clip.rate for clip in clips], np.ones(len(clips))])
        columns["wer", rule] = _errors_and_lengths(clips)
        columns["cer", rule] = _errors_and_lengths(counts.characters[rule])
        columns["cer_no_spaces", rule] = _errors_and_lengths(counts.characters_no_spaces[rule])
    chosen = next(iter(counts.words))
    if kept.any():
        columns |= {(f"{mean}_without_loops", chosen): columns[mean, chosen] * kept for mean in MEANS}
    return columns


def resample(
    tables: Sequence[dict[Key, np.ndarray]], groups: Sequence[str] | None, bootstrap: Bootstrap
) -> list[dict[Key, np.ndarray]]:
    """Recomputes the figures of several tables of the same clips on the same draws.

    Args:
        tables: Answers of :func:`figure_columns`, or differences of them.
        groups: Each clip's group, drawn whole; None draws clips.
        bootstrap: How to draw.

    Returns:
        For each table and figure its values on every draw, shape (replicates,); shape (0,) where there are fewer than
        two clips or groups to draw from.
    """
    above, below = np.concatenate([np.stack(list(table.values()), axis=-1) for table in tables], axis=-1)
    if len(set(groups) if groups else above) < 2:
        return [{key: np.empty(0) for key in table} for table in tables]
    drawn = bootstrap_ratios(above, below, clusters=groups, replicates=bootstrap.replicates, seed=bootstrap.seed)
    columns = iter(drawn.T)
    return [{key: next(columns) for key in table} for table in tables]


def intervals(table: dict[Key, np.ndarray], drawn: dict[Key, np.ndarray], confidence: float) -> dict[Key, Interval]:
    """Returns each figure on the clips as they are, with the bounds of its draws (NaN where there are none)."""
    # Clips in which nothing is said have no words; together they count as one word long, as in EditCounts.rate.
    return {
        key: percentile_interval(above.sum() / max(below.sum(), 1), drawn[key], confidence)
        for key, (above, below) in table.items()
    }


def _errors_and_lengths(clips: list[EditCounts]) -> np.ndarray:
    return np.array([[clip.errors for clip in clips], [clip.reference_length for clip in clips]], float)
