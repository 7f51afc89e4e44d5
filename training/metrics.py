"""Word and character error rates of recognised speech, counted clip by clip.

Every rate comes from :class:`EditCounts`, one per clip, aligned by jiwer. Two means of them are in use and are not the
same number, so each has its own function and no function is called just "WER": the **corpus** rate pools errors and
lengths over all clips (jiwer, Kaldi, sclite, the Open ASR Leaderboard), the **mean clip** rate averages the clips' own
rates and lets short clips weigh as much as long ones. Rates are fractions and may exceed 1.

Text is compared under a named rule of :mod:`najva.persian`; a rate without that name means nothing.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, groupby, pairwise, zip_longest

import jiwer
import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from najva.persian import normalize

# Bounds the memory of the bootstrap: a block holds three tables of a million numbers of 8 bytes.
_INDICES_PER_BLOCK = 1_000_000


@dataclass(frozen=True)
class EditCounts:
    """Edits that turn a reference into its hypothesis, in words or in characters.

    Attributes:
        substitutions: Units replaced by another.
        deletions: Units of the reference that the hypothesis lacks.
        insertions: Units of the hypothesis that the reference lacks.
        reference_length: Units of the reference; 0 for a clip in which nothing is said.
    """

    substitutions: int
    deletions: int
    insertions: int
    reference_length: int

    @property
    def errors(self) -> int:
        """All edits together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per unit of the reference, a fraction of 0 or more.

        An empty reference has no such ratio. As in jiwer 4 it then counts as one unit long, so silence answered with
        silence is 0 and every invented word is one error; :func:`pool` still adds a length of 0.
        """
        return self.errors / max(self.reference_length, 1)


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds of its confidence interval, in the estimate's unit.

    Attributes:
        estimate: The figure on the clips as they are.
        low: Lower bound.
        high: Upper bound.
    """

    estimate: float
    low: float
    high: float


def word_counts(references: Sequence[str], hypotheses: Sequence[str], *, normalizer: str = "fa-v1") -> list[EditCounts]:
    """Counts the word edits of every clip. Words are what whitespace separates after normalisation.

    Args:
        references: What was said, one text per clip.
        hypotheses: What was recognised, in the same order.
        normalizer: Name of a rule in :data:`najva.persian.NORMALIZERS`, applied to both sides.

    Returns:
        One count per clip, in order.

    Raises:
        ValueError: If there is no clip, the two lengths differ, or no rule has that name.
    """
    return _counts(_align_words(references, hypotheses, normalizer))


def character_counts(
    references: Sequence[str], hypotheses: Sequence[str], *, normalizer: str = "fa-v1", keep_spaces: bool = False
) -> list[EditCounts]:
    """Counts the character edits (Unicode code points) of every clip.

    Args:
        references: What was said, one text per clip.
        hypotheses: What was recognised, in the same order.
        normalizer: Name of a rule in :data:`najva.persian.NORMALIZERS`, applied to both sides.
        keep_spaces: Whether a space is a character too, as jiwer and `evaluate` have it. By default it is not: Chinese
            writes none, and in Persian its place is a convention; PESTE-Benchmark's CER drops it likewise.

    Returns:
        One count per clip, in order.

    Raises:
        ValueError: If there is no clip, the two lengths differ, or no rule has that name.
    """
    _check_pairs(references, hypotheses)
    prepared = [[normalize(text, normalizer) for text in side] for side in (references, hypotheses)]
    if not keep_spaces:
        prepared = [["".join(text.split()) for text in side] for side in prepared]
    return _counts(jiwer.process_characters(*prepared))


def word_confusions(
    references: Sequence[str], hypotheses: Sequence[str], *, normalizer: str = "fa-v1"
) -> Counter[tuple[str, str]]:
    """Counts which word was written for which, over all clips.

    Args:
        references: What was said, one text per clip.
        hypotheses: What was recognised, in the same order.
        normalizer: Name of a rule in :data:`najva.persian.NORMALIZERS`, applied to both sides.

    Returns:
        How often each pair (said, written) occurs where the two differ. A word left out is written as "", a word put
        in was said as "". Words that differ by their spaces alone are one pair («می رود», «میرود»), though as edits
        they count several. Where several alignments are equally short, jiwer's choice decides which words pair up.

    Raises:
        ValueError: If there is no clip, the two lengths differ, or no rule has that name.
    """
    output = _align_words(references, hypotheses, normalizer)
    confusions = Counter()
    for said, written, alignment in zip(output.references, output.hypotheses, output.alignments, strict=True):
        for equal, run in groupby(alignment, key=lambda chunk: chunk.type == "equal"):
            if not equal:
                chunks = [
                    (said[chunk.ref_start_idx : chunk.ref_end_idx], written[chunk.hyp_start_idx : chunk.hyp_end_idx])
                    for chunk in run
                ]
                confusions.update(_confusions_of_run(chunks))
    return confusions


def pool(counts: Iterable[EditCounts]) -> EditCounts:
    """Adds up clips; the ``rate`` of the sum is the corpus rate.

    Args:
        counts: One count per clip, all in the same unit.

    Returns:
        The sums. No clips give zeros.
    """
    counts = list(counts)
    return EditCounts(
        substitutions=sum(clip.substitutions for clip in counts),
        deletions=sum(clip.deletions for clip in counts),
        insertions=sum(clip.insertions for clip in counts),
        reference_length=sum(clip.reference_length for clip in counts),
    )


def corpus_wer(references: Sequence[str], hypotheses: Sequence[str], *, normalizer: str = "fa-v1") -> float:
    """Returns all word errors divided by all reference words, a fraction; arguments as in :func:`word_counts`."""
    return pool(word_counts(references, hypotheses, normalizer=normalizer)).rate


def corpus_cer(
    references: Sequence[str], hypotheses: Sequence[str], *, normalizer: str = "fa-v1", keep_spaces: bool = False
) -> float:
    """Returns all character errors divided by all reference characters; arguments as in :func:`character_counts`."""
    return pool(character_counts(references, hypotheses, normalizer=normalizer, keep_spaces=keep_spaces)).rate


def mean_clip_wer(references: Sequence[str], hypotheses: Sequence[str], *, normalizer: str = "fa-v1") -> float:
    """Returns the mean of the clips' own word error rates, a fraction; arguments as in :func:`word_counts`."""
    counts = word_counts(references, hypotheses, normalizer=normalizer)
    return sum(clip.rate for clip in counts) / len(counts)


# One thread: the products below are so thin that more would wait for each other, the longer the busier the machine
# (10,888 clips, 36 figures, 10,000 replicates on two busy cores: 1.4 s with one, 3.5 to 12 s with two).
@threadpool_limits.wrap(limits=1, user_api="blas")
def bootstrap_ratios(
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    replicates: int = 10_000,
    seed: int = 0,
) -> np.ndarray:
    """Draws whole clips, or whole clusters of clips, with replacement and recomputes every figure on each draw.

    The percentiles of the draws bound a figure's interval (Bisani & Ney, ICASSP 2004). Clips of one speaker or
    recording are not independent; with ``clusters`` whole clusters are drawn instead (Liu & Peng, Interspeech 2020,
    arXiv:1912.09508), which widens the interval to what the data support.

    A figure is a ratio of two sums over clips: errors over lengths is a corpus rate, rates over ones a mean clip rate,
    a difference of errors over lengths a paired difference. All figures see the same draws, so whatever is derived from
    two columns of the answer is paired.

    Args:
        numerators: What each clip adds above the line, shape (clips, figures).
        denominators: What it adds below the line, same shape, at least 0.
        clusters: Label of each clip's speaker or recording, shape (clips,).
        replicates: Number of resampled corpora, at least 1.
        seed: Seed of numpy's generator. Equal seeds give equal draws, whatever the figures.

    Returns:
        The figures of every resampled corpus, shape (replicates, figures); NaN where a denominator is 0.

    Raises:
        ValueError: If the shapes differ, there are fewer than two clips or clusters, or fewer than one replicate.
    """
    numerators, denominators = np.asarray(numerators, float), np.asarray(denominators, float)
    labels = np.arange(len(numerators)) if clusters is None else np.array(_number_labels(clusters))
    if numerators.ndim != 2 or numerators.shape != denominators.shape or len(labels) != len(numerators):
        raise ValueError("Errors, lengths and clusters must each hold one value per clip.")
    if replicates < 1:
        raise ValueError(f"A bootstrap needs at least one replicate, not {replicates}.")
    units = len(set(labels.tolist()))
    if units < 2:
        raise ValueError(f"An interval needs at least two clips or clusters to draw from; there is {units}.")
    sums = np.zeros((2, units, numerators.shape[1]))
    np.add.at(sums, (slice(None), labels), np.stack([numerators, denominators]))

    generator = np.random.default_rng(seed)
    block = max(1, _INDICES_PER_BLOCK // units)
    ratios = np.empty((replicates, numerators.shape[1]))
    for first in range(0, replicates, block):
        rows = min(block, replicates - first)
        drawn = generator.integers(units, size=(rows, units)) + units * np.arange(rows)[:, None]
        # How often each unit was drawn: with it one matrix product sums all figures at once.
        times = np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units).astype(float)
        above, below = times @ sums[0], times @ sums[1]
        ratios[first : first + rows] = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    return ratios


def percentile_interval(estimate: float, drawn: ArrayLike, confidence: float = 0.95) -> Interval:
    """Bounds a figure by the percentiles of its resampled values.

    Args:
        estimate: The figure on the clips as they are.
        drawn: A column of :func:`bootstrap_ratios`; replicates that have no such figure (NaN) are left out.
        confidence: Share of replicates inside the interval, between 0 and 1.

    Returns:
        The estimate and its bounds, NaN where no replicate has the figure.

    Raises:
        ValueError: If the confidence is no share.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence is a share between 0 and 1, such as 0.95, not {confidence:g}.")
    drawn = np.asarray(drawn)
    drawn = drawn[~np.isnan(drawn)]
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]) if drawn.size else (np.nan, np.nan)
    return Interval(float(estimate), float(low), float(high))


def _confusions_of_run(chunks: list[tuple[list[str], list[str]]]) -> list[tuple[str, str]]:
    """Pairs the words of neighbouring edits."""
    sides = [list(chain.from_iterable(side)) for side in zip(*chunks, strict=True)]
    if "".join(sides[0]) != "".join(sides[1]):
        return [pair for chunk in chunks for pair in zip_longest(*chunk, fillvalue="")]
    # The same letters, otherwise spaced: pair what lies between the spaces that both have.
    ends = [list(accumulate(map(len, words))) for words in sides]
    spans = list(pairwise([0, *sorted(set(ends[0]) & set(ends[1]))]))
    pieces = [
        [" ".join(word for word, end in zip(*side, strict=True) if first < end <= last) for first, last in spans]
        for side in zip(sides, ends, strict=True)
    ]
    return [(said, written) for said, written in zip(*pieces, strict=True) if said != written]


def _number_labels(labels: Iterable[Hashable]) -> list[int]:
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels]


def _check_pairs(references: Sequence[str], hypotheses: Sequence[str]) -> None:
    if len(references) != len(hypotheses):
        raise ValueError(f"There are {len(references)} references but {len(hypotheses)} hypotheses.")
    if not len(references):
        raise ValueError("There are no clips to score.")


def _align_words(references: Sequence[str], hypotheses: Sequence[str], normalizer: str) -> jiwer.WordOutput:
    _check_pairs(references, hypotheses)
    # jiwer parts words at U+0020 only, which leaves a tab or a line break inside a word under `as-given`.
    prepared = [[" ".join(normalize(text, normalizer).split()) for text in side] for side in (references, hypotheses)]
    return jiwer.process_words(*prepared)


def _counts(output: jiwer.WordOutput | jiwer.CharacterOutput) -> list[EditCounts]:
    counts = []
    for reference, alignment in zip(output.references, output.alignments, strict=True):
        edits = Counter()
        for chunk in alignment:
            edits[chunk.type] += max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
        counts.append(EditCounts(edits["substitute"], edits["delete"], edits["insert"], len(reference)))
    return counts
