"""What one engine reached on one set, how two results differ, and how well the recordings were recognised."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from metrics import EditCounts, Interval, bootstrap_ratios, character_counts, percentile_interval, pool, word_counts
from najva.comparison import rule_for
from najva.transcriber.transcript import UNSPACED_LANGUAGES
from najva.translation.scripts import han_share, script_share
from translation.translation_ledgers import SPEECH, TEXT, HeardRow, Row
from translation.translation_scores import CONFIDENCE, LEADING, NAMES, REPLICATES, SEED, Gain, Score, gains
from translation.translation_sets import SentenceSet


@dataclass(frozen=True)
class Result:
    """One engine on one set in one condition.

    Attributes:
        engine: its name.
        of: the set.
        condition: `text` or `speech`.
        rows: of its ledger, in the set's order.
        score: of them.
        target: `zh-Hans` or `zh-Hant`.
    """

    engine: str
    of: SentenceSet
    condition: str
    rows: Sequence[Row]
    score: Score
    target: str

    @property
    def title(self) -> str:
        """The set, and of recordings what was translated of them."""
        if not self.of.speech:
            return self.of.title
        return f"{self.of.title}, {'recognised' if self.condition == SPEECH else 'gold text'}"

    @property
    def script(self) -> float | None:
        """Share of the letters that tell the scripts apart which are the target's; None where nothing is Chinese."""
        text = "".join(row.hypothesis for row in self.rows)
        return script_share(text, self.target) if han_share(text) else None

    @property
    def flags(self) -> dict[str, float]:
        """Share of the sentences with each flag, the commonest first."""
        counts = Counter(flag for row in self.rows for flag in row.flags)
        return {flag: times / len(self.rows) for flag, times in counts.most_common()}

    @property
    def flagged(self) -> float:
        """Share of the sentences with any flag."""
        return sum(bool(row.flags) for row in self.rows) / len(self.rows)

    @property
    def empty(self) -> float:
        """Share of the sentences that nothing was written for."""
        return sum(not row.hypothesis.strip() for row in self.rows) / len(self.rows)

    @property
    def seconds(self) -> float:
        """Of computing, a sentence."""
        return sum(row.seconds for row in self.rows) / len(self.rows)

    @property
    def seconds_per_audio_second(self) -> float | None:
        """Of computing; None of text."""
        heard = sum(row.audio_seconds or 0.0 for row in self.rows)
        return sum(row.seconds for row in self.rows) / heard if heard else None

    def as_dict(self) -> dict:
        """Return it as JSON."""
        units = len(set(self.of.units))
        return {
            "engine": self.engine,
            "set": self.of.name,
            "condition": self.condition,
            "language": self.of.language,
            "speech": self.of.speech if self.condition == SPEECH else "",
            "n": len(self.rows),
            "units": units,
            **interval_values(self.score.figures),
            "script": self.script,
            "flagged": self.flagged,
            "flags": self.flags,
            "empty": self.empty,
            "seconds_per_sentence": self.seconds,
            "seconds_per_audio_second": self.seconds_per_audio_second,
            "written_by": dict(Counter(row.model or row.engine for row in self.rows).most_common()),
        }


@dataclass(frozen=True)
class Pairing:
    """How one result differs from another on the same sentences.

    Attributes:
        this, other: what is compared: engines, or the gold text and what was recognised.
        of: title of where.
        gains: the other's figures minus this one's, by name of the metric.
    """

    this: str
    other: str
    of: str
    gains: Mapping[str, Gain]

    @property
    def verdict(self) -> str:
        """Of chrF, said of the other."""
        return self.gains[LEADING].verdict

    def as_dict(self) -> dict:
        """Return it as JSON."""
        named = {f"{name}_difference": gain for name, gain in self.gains.items()}
        values = {"this": self.this, "other": self.other, "of": self.of, "verdict": self.verdict}
        return values | interval_values(named, tuple(f"{name}_difference" for name in NAMES))

    def in_words(self) -> str:
        """Return it as a sentence."""
        gain = self.gains[LEADING]
        return (
            f"{self.other} against {self.this} on {self.of}: {self.verdict}, {NAMES[LEADING]} {gain.estimate:+.2f}"
            f"{in_brackets(gain, '+.2f')}."
        )


@dataclass(frozen=True)
class Recognition:
    """How well recordings were recognised.

    Attributes:
        of: the set.
        unit: `WER`, or `CER` of languages that write no spaces.
        rule: of `najva.persian`.
        rate: errors per word or letter of what was said.
    """

    of: SentenceSet
    unit: str
    rule: str
    rate: Interval

    def as_dict(self) -> dict:
        """Return it as JSON."""
        values = {"set": self.of.name, "speech": self.of.speech, "unit": self.unit, "rule": self.rule}
        return values | interval_values({"rate": self.rate}, ("rate",))

    def in_words(self) -> str:
        """Return it as a sentence."""
        rate = Interval(*(100 * bound for bound in (self.rate.estimate, self.rate.low, self.rate.high)))
        return f"Transcripts of {self.of.title}: {self.unit} {rate.estimate:.1f} %{in_brackets(rate, '.1f')}."


def pair_engines(results: Sequence[Result]) -> list[Pairing]:
    """Compare every two engines wherever both were measured; the later one named is said of the earlier."""
    return [
        Pairing(this.engine, other.engine, this.title, gains(this.score, other.score))
        for this, other in combinations(results, 2)
        if (this.of.name, this.condition) == (other.of.name, other.condition)
    ]


def pair_conditions(results: Sequence[Result]) -> list[Pairing]:
    """Compare, for every engine, what was recognised with the gold text: what recognising costs the translation."""
    text = {(one.of.name, one.engine): one for one in results if one.condition == TEXT}
    return [
        Pairing(
            f"{one.engine} on gold text", f"{one.engine} on recognised text", one.of.title, gains(gold.score, one.score)
        )
        for one in results
        if one.condition == SPEECH and (gold := text.get((one.of.name, one.engine)))
    ]


def recognition_of(one: SentenceSet, heard: Mapping[str, HeardRow]) -> Recognition:
    """Measure what was recognised of a set's recordings."""
    unspaced, rule = one.language in UNSPACED_LANGUAGES, rule_for(one.language)
    texts = [item.source for item in one.items], [heard[item.id].hypothesis for item in one.items]
    counts: list[EditCounts] = (character_counts if unspaced else word_counts)(*texts, normalizer=rule)
    drawn = np.zeros(0)
    if len(set(one.units)) > 1:
        errors, lengths = ([[getattr(count, name)] for count in counts] for name in ("errors", "reference_length"))
        drawn = bootstrap_ratios(errors, lengths, clusters=one.units, replicates=REPLICATES, seed=SEED)[:, 0]
    rate = percentile_interval(pool(counts).rate, drawn, CONFIDENCE)
    return Recognition(one, "CER" if unspaced else "WER", rule, rate)


def interval_values(figures: Mapping[str, Interval], names: Sequence[str] = tuple(NAMES)) -> dict:
    """Return intervals as plain values, `NAME`, `NAME_low` and `NAME_high`; null where there is none."""
    values = {}
    for name in names:
        one = figures.get(name, Interval(math.nan, math.nan, math.nan))
        values |= {name: _number(one.estimate), f"{name}_low": _number(one.low), f"{name}_high": _number(one.high)}
    return values


def in_brackets(interval: Interval, form: str) -> str:
    """Return an interval's bounds in a form of figures; nothing where there are none."""
    return "" if math.isnan(interval.low) else f" [{interval.low:{form}} to {interval.high:{form}}]"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
