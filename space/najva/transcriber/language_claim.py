"""When a tuned model may claim speech whose language the base got wrong.

Whisper base takes every second Persian sentence for Arabic, Turkish or English. The model that was tuned on Persian
then writes the same speech, and three things are added up: how much it believes its text, how much such a text looks
like Persian (`najva.character_model`), and how likely the base thinks Persian beside its own choice. Of foreign speech
a tuned model writes gibberish in Persian letters, and doubts it.

The weights and the threshold were chosen on what `tests/benchmarks/languages.py --rule` speaks and reads, none of it
the clips that its figures are taken on; the floor, below which the tuned model is not asked, was raised once, after
pieces of one of the four recordings in other languages had been claimed (see `least_probability`). They hold for the
packaged base and the embedded adapter alone. A second model of characters, counted on what the adapter writes of
foreign speech, was tried to tell gibberish by the ratio of both, and found no more: of unknown languages it knew too
little. So were the base's own beliefs: in its text in the language that it chose, which found less Persian at the same
number of false claims, and in its text in Persian, which found one clip in a hundred more for one more decoding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from najva.character_model import CharacterModel

# In a claim's folder; `training/embed_claim.py` makes it.
CHARACTERS = "characters.safetensors"

_NOTHING_WRITTEN = -10.0  # lower than what any text gets
_TINY = 1e-6


@dataclass(frozen=True)
class Reading:
    """What a tuned model made of one span.

    Attributes:
        seconds: the span's length.
        text: what it wrote.
        log_probability: mean natural logarithm of its tokens' probability.
    """

    seconds: float
    text: str
    log_probability: float


@dataclass(frozen=True)
class Claim:
    """The rule of one language.

    Attributes:
        language: code of what is claimed.
        characters: how likely a text is in that language.
        least_probability: that the base must give the language for its model to be asked at all. Of people's English,
            cut into pieces of 1.5 to 4 s, four were claimed at 0.0001 (`jfk.flac`, 0.0008 to 0.001), and at 0.003 none;
            of 109 pieces of people's Persian it costs one.
        least_score: from which on the claim holds, see `score`.
        text_weight: of the text's mean log probability by its characters.
        base_weight: of the logarithm of how many times less likely than its own choice the base thinks the language.
    """

    language: str
    characters: CharacterModel
    least_probability: float = 0.003
    least_score: float = -2.62
    text_weight: float = 0.8
    base_weight: float = 0.05

    @classmethod
    def load(cls, language: str, folder: Path) -> "Claim":
        """Read the model of characters that `training/embed_claim.py` wrote.

        Raises:
            OSError, SafetensorError: it is not there, or damaged.
        """
        return cls(language, CharacterModel.load(folder / CHARACTERS))

    def is_worth_asking(self, probabilities: Mapping[str, float]) -> bool:
        """Whether the base chose another language and thinks this one possible."""
        own = probabilities.get(self.language, 0.0)
        return self.least_probability <= own < max(probabilities.values(), default=0.0)

    def holds(self, probabilities: Mapping[str, float], readings: Sequence[Reading]) -> bool:
        """Whether the speech is in the claimed language after all."""
        return self.score(probabilities, readings) >= self.least_score

    def score(self, probabilities: Mapping[str, float], readings: Sequence[Reading]) -> float:
        """Return how much speaks for the language.

        Args:
            probabilities: of every language, by the base.
            readings: by the tuned model; longer spans count more.
        """
        seconds = sum(reading.seconds for reading in readings)
        read = sum(self._belief(reading) * reading.seconds for reading in readings) / seconds
        own, chosen = probabilities.get(self.language, 0.0), max(probabilities.values())
        return read + self.base_weight * log(max(own, _TINY) / chosen)

    def _belief(self, reading: Reading) -> float:
        likely = self.characters.log_probability(reading.text)
        if likely is None:
            return _NOTHING_WRITTEN
        return reading.log_probability + self.text_weight * likely
