"""When a tuned model may claim speech whose language the base is unsure of.

Whisper base takes every second Persian speaker for an Arabic, a Turkish or an English one, and is unsure of it. The
model that was tuned on Persian then writes the same speech, and where it believes its own text about as much as the
base believes its text in the likeliest language, the speech is Persian. `tests/benchmarks/languages.py` is there to
choose the thresholds; those below were not measured, so nobody claims anything yet (`Behaviour.claim`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """How well two models read one span.

    Attributes:
        seconds: the span's length.
        plain: mean log probability of the base's text in the likeliest language.
        claimed: the same of the tuned model's text in its own.
    """

    seconds: float
    plain: float
    claimed: float


@dataclass(frozen=True)
class Claim:
    """The rule and its thresholds.

    Attributes:
        least_probability: that the base must give the claimed language.
        least_lead: of the tuned model's mean log probability over the base's, over all spans, longer ones counting
            more.
    """

    least_probability: float = 0.02
    least_lead: float = 0.0

    def is_worth_asking(self, probabilities: Mapping[str, float], language: str) -> bool:
        """Whether the base thinks the language possible at all."""
        return probabilities.get(language, 0.0) >= self.least_probability

    def holds(self, scores: Sequence[Score]) -> bool:
        """Whether the tuned model reads the speech well enough."""
        return self.lead_of(scores) >= self.least_lead

    def lead_of(self, scores: Sequence[Score]) -> float:
        """Return how much more the tuned model believes its text than the base its own, a second counting as one."""
        seconds = sum(score.seconds for score in scores)
        return sum((score.claimed - score.plain) * score.seconds for score in scores) / seconds
