"""How near translations are to a person's: chrF, BLEU and spBLEU by sacrebleu, with intervals, and engines in pairs.

chrF leads, as Chinese has no words to count (M. Popović, "chrF", WMT 2015); BLEU is over letters, spBLEU over the
pieces of FLORES-200 (arXiv:2207.04672). All three are of the whole set, not means over sentences. Intervals are
percentiles over sets drawn anew from the sentences, or from their groups; two engines are compared on the same draws
(P. Koehn, "Statistical significance tests for machine translation evaluation", EMNLP 2004). All figures are from 0 to
100.
"""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from metrics import Interval, percentile_interval
from najva.translation.scripts import into_script

LEADING = "chrf"
NAMES = {"chrf": "chrF", "bleu": "BLEU", "spbleu": "spBLEU"}
REPLICATES, CONFIDENCE, SEED = 1000, 0.95, 0
# What is done to both sides before they are compared, for whoever reads a figure.
NORMALISATION = (
    "both sides into one script by OpenCC; NFKC, which makes full-width marks, digits and letters narrow; 。、 and "
    "quotation marks as ASCII; spaces beside Chinese letters dropped"
)
# What NFKC leaves of Chinese punctuation. Which marks a writer takes is no matter of translation.
_MARKS = str.maketrans({"。": ".", "、": ",", "·": "-", "—": "-", "–": "-"} | dict.fromkeys("“”„‟«»「」『』", '"'))
_MARKS |= str.maketrans(dict.fromkeys("‘’‚‛", "'"))
_BESIDE_HAN = re.compile(r"(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")
_DOWNLOAD_SECONDS = 15
# From fewer units the draws are too much alike: their intervals are given, and nothing is concluded from them.
FEW_UNITS = 10
# Equal figures differ by rounding; a tie is neither better nor worse.
_TIE = 1e-9


def comparable(text: str, target: str) -> str:
    """Return Chinese as it is compared, see `NORMALISATION`.

    Args:
        text: Chinese.
        target: `zh-Hans` or `zh-Hant`, whose letters and words it is brought into.
    """
    narrow = unicodedata.normalize("NFKC", into_script(text, target)).translate(_MARKS)
    return _BESIDE_HAN.sub("", " ".join(narrow.split()))


class Metrics:
    """sacrebleu's metrics.

    Attributes:
        missing: why there is no spBLEU, a sentence; empty where there is.
    """

    def __init__(self) -> None:
        self._by_name = {"chrf": CHRF(word_order=0), "bleu": BLEU(tokenize="zh")}
        self.missing = ""
        # sacrebleu asks without a limit of its own.
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(_DOWNLOAD_SECONDS)
        try:
            self._by_name["spbleu"] = BLEU(tokenize="flores200")
        # It ends the process where an encrypted connection fails; a file that broke off is a RuntimeError.
        except (OSError, RuntimeError, SystemExit) as error:
            reason = " ".join(str(error).split()).strip("<>")
            self.missing = f"There is no spBLEU, as the pieces of FLORES-200 cannot be had ({reason})."
        finally:
            socket.setdefaulttimeout(before)

    @property
    def names(self) -> list[str]:
        """Of those at hand, of `NAMES`."""
        return list(self._by_name)

    @property
    def signatures(self) -> dict[str, str | None]:
        """Sacrebleu's own line on each metric, once something was counted; None where a metric is missing."""
        return {name: str(self._by_name[name].get_signature()) if name in self._by_name else None for name in NAMES}

    def counts(self, hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, np.ndarray]:
        """Return what each sentence adds to each metric, (sentences, counts).

        Args:
            hypotheses: of `comparable`.
            references: of `comparable`, one for each.
        """
        # sacrebleu draws over sentences alone, not over groups, and tells no more than half an interval's width; its
        # public functions give no counts of chrF. `corpus_score` must agree with these; a test sees to it.
        return {
            name: np.array(metric._extract_corpus_statistics(hypotheses, [references]), float)
            for name, metric in self._by_name.items()
        }

    def value(self, name: str, sums: np.ndarray) -> float:
        """Return a metric of a set whose sentences' counts add up to these."""
        return self._by_name[name]._compute_score_from_stats(sums.tolist()).score


class Draws:
    """Sets drawn anew from the units of one set, the same for every engine.

    Args:
        units: label of each sentence's unit.
    """

    def __init__(self, units: Sequence[str]) -> None:
        numbers = {unit: number for number, unit in enumerate(dict.fromkeys(units))}
        self._numbers, self.units = np.array([numbers[unit] for unit in units]), len(numbers)

    def sums(self, counts: np.ndarray) -> np.ndarray:
        """Return the sums of (sentences, counts) in each drawn set, (sets, counts); none from fewer than two units."""
        if self.units < 2:
            return np.zeros((0, counts.shape[1]))
        by_unit = np.zeros((self.units, counts.shape[1]))
        np.add.at(by_unit, self._numbers, counts)
        generator, drawn = np.random.default_rng(SEED), []
        for _ in range(REPLICATES):
            times = np.bincount(generator.integers(self.units, size=self.units), minlength=self.units)
            drawn.append(times @ by_unit)
        return np.array(drawn)


@dataclass(frozen=True)
class Score:
    """What an engine reaches on one set.

    Attributes:
        figures: by name of the metric.
        drawn: each figure on every drawn set.
        units: that the sets were drawn from.
    """

    figures: dict[str, Interval]
    drawn: dict[str, np.ndarray]
    units: int


@dataclass(frozen=True)
class Gain(Interval):
    """By how much the other's figure is above this one's, in points, with its interval.

    Attributes:
        units: see `Score`.
    """

    units: int

    @property
    def verdict(self) -> str:
        """`better` or `worse`, said of the other, if the interval is clear of zero; else `no clear difference`."""
        if self.units >= FEW_UNITS and self.low > _TIE:
            return "better"
        return "worse" if self.units >= FEW_UNITS and self.high < -_TIE else "no clear difference"


def score(metrics: Metrics, hypotheses: Sequence[str], references: Sequence[str], target: str, draws: Draws) -> Score:
    """Measure translations.

    Args:
        metrics: see there.
        hypotheses: as they were served.
        references: a person's.
        target: `zh-Hans` or `zh-Hant`.
        draws: of the same sentences in the same order.
    """
    sides = [[comparable(text, target) for text in side] for side in (hypotheses, references)]
    figures, drawn = {}, {}
    for name, counts in metrics.counts(*sides).items():
        drawn[name] = np.array([metrics.value(name, sums) for sums in draws.sums(counts)])
        figures[name] = percentile_interval(metrics.value(name, counts.sum(0)), drawn[name], CONFIDENCE)
    return Score(figures, drawn, draws.units)


def gains(this: Score, other: Score) -> dict[str, Gain]:
    """Return the other's figures minus this one's, of scores of the same draws."""
    found = {}
    for name, figure in this.figures.items():
        change = other.figures[name].estimate - figure.estimate
        interval = percentile_interval(change, other.drawn[name] - this.drawn[name], CONFIDENCE)
        found[name] = Gain(interval.estimate, interval.low, interval.high, this.units)
    return found
