"""Two texts of the same speech beside each other: where they differ, and how far each is from what was said.

Words are compared as a word error rate compares them, under a rule of `najva.persian`: a comma or another form of a
letter is no difference, and neither is a half-space for a space.
"""

from dataclasses import dataclass

import jiwer

from najva.persian import normalize


@dataclass(frozen=True)
class MarkedWord:
    """A word as it was written, and whether the other text has it too in this place."""

    text: str
    same: bool


def rule_for(language: str) -> str:
    """Return the rule of `najva.persian` that texts of a language are compared under."""
    return "fa-v1" if language == "fa" else "basic"


def mark(text: str, other: str, rule: str) -> list[MarkedWord]:
    """Return the words of a text, each with whether another text agrees.

    Args:
        text: what is marked.
        other: what it is held against.
        rule: of `najva.persian`.
    """
    words = text.split()
    # A written word may be several under the rule (one with a half-space is two), or none (a dash).
    parts = [(place, part) for place, word in enumerate(words) for part in normalize(word, rule).split()]
    agreeing = _agreeing([part for _, part in parts], normalize(other, rule).split())
    differing = {place for position, (place, _) in enumerate(parts) if position not in agreeing}
    return [MarkedWord(word, place not in differing) for place, word in enumerate(words)]


def word_error_rate(said: str, written: str, rule: str) -> float | None:
    """Return the errors of a text per word that was said; None where the rule leaves nothing of what was said.

    Args:
        said: the reference.
        written: the hypothesis.
        rule: of `najva.persian`.
    """
    reference = normalize(said, rule)
    return jiwer.wer(reference, normalize(written, rule)) if reference else None


def _agreeing(words: list[str], others: list[str]) -> set[int]:
    """Return the positions of words that an alignment with the fewest edits finds in the other list."""
    if not words or not others:
        return set()
    (chunks,) = jiwer.process_words(" ".join(words), " ".join(others)).alignments
    return {
        position
        for chunk in chunks
        if chunk.type == "equal"
        for position in range(chunk.ref_start_idx, chunk.ref_end_idx)
    }
