"""When not to believe a decoder: Whisper's thresholds, and repetitions.

The three thresholds are those of the Whisper paper (arXiv:2212.04356, section 4.5).
"""

import re
import zlib
from dataclasses import dataclass

from najva.transcriber.engine import Hypothesis


@dataclass(frozen=True)
class Thresholds:
    """Limits of what counts as a text.

    Attributes:
        compression_ratio: bytes over compressed bytes; a text above it repeats itself.
        mean_log_probability: a text below it is a guess.
        no_speech_probability: above it, and with a guess for a text, nobody speaks.
        sure_language: probability that the likeliest language must reach to be called sure. Of 50 clips (46 Persian)
            on the packaged base 14 stood above 0.9, all but at most one of them right, and of the 36 below it 11 were.
    """

    compression_ratio: float = 2.4
    mean_log_probability: float = -1.0
    no_speech_probability: float = 0.6
    sure_language: float = 0.9


def compression_ratio(text: str) -> float:
    """Return how many times smaller zlib makes the text's UTF-8 bytes; 0 for an empty text."""
    content = text.encode("utf-8")
    return len(content) / len(zlib.compress(content)) if content else 0.0


def is_silence(hypothesis: Hypothesis, thresholds: Thresholds) -> bool:
    """Whether the decoder itself says that nobody speaks."""
    return (
        hypothesis.no_speech_probability > thresholds.no_speech_probability
        and hypothesis.mean_log_probability < thresholds.mean_log_probability
    )


def is_doubtful(hypothesis: Hypothesis, text: str, thresholds: Thresholds) -> bool:
    """Whether another attempt at another temperature is worth its time."""
    return (
        compression_ratio(text) > thresholds.compression_ratio
        or hypothesis.mean_log_probability < thresholds.mean_log_probability
    )


# A phrase of up to 60 characters, four times or more in a row.
_LOOP = re.compile(r"(?s)(\S.{0,59}?)(?:\s*\1){3,}")
# One to three characters often repeat in earnest ("ha ha ha ha", "no, no, no, no"): those need eight in a row.
_SHORT_LOOP_REPEATS = 8


def cut_loops(text: str) -> tuple[str, bool]:
    """Replace a phrase that is repeated over and over by the phrase once.

    Args:
        text: what a decoder wrote.

    Returns:
        The text, and whether anything was cut.
    """

    def once(match: re.Match) -> str:
        phrase = match[1]
        repeats = len(match[0]) // max(1, len(phrase))
        if len(phrase.strip()) <= 3 and repeats < _SHORT_LOOP_REPEATS:
            return match[0]
        return phrase

    cut = _LOOP.sub(once, text)
    return cut, cut != text
