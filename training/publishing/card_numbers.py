"""The rule that a card states no number which its record does not hold, made to hold."""

import re
from collections.abc import Iterator
from typing import Any

# Programs are shown to be run, not to claim anything.
_PROGRAM = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
# A run of signs with a digit in it: a number, a version, a date, a hash, a model's name.
_WORD = re.compile(r"[^\s|`\"'()\[\]<>{}«»،؛*,]*\d[^\s|`\"'()\[\]<>{}«»،؛*]*")
_NUMBER = re.compile(r"[+−–-]?\d+(?:\.\d+)?(?:e[+-]\d+)?")
_EDGES = ".,:;!?…%٪/…"
_PERSIAN = str.maketrans("۰۱۲۳۴۵۶۷۸۹٫٬", "0123456789.,")
_SHORTEST_NAME = 3
# Shares are shown in per cent, parameters in millions.
_SCALES = (1.0, 100.0, 1e-6)


def foreign_numbers(text: str, record: Any, *names: str) -> list[str]:
    """Return the numbers of a card that stand in no record, in the card's order.

    A number is in the record if a number there, as it is, in per cent or in millions, rounds to it; a name, version or
    date with digits in it is, if a text there holds it.

    Args:
        text: the card, metadata included; fenced programs are passed over.
        record: JSON values.
        names: texts besides the record's that may hold digits, such as the repository's name.
    """
    values, texts = [], list(names)
    for leaf in _leaves(record):
        if isinstance(leaf, str):
            texts.append(leaf)
        elif not isinstance(leaf, bool):
            values.append(float(leaf))
    words = {word.strip(_EDGES) for known in texts for word in known.split()}
    return [
        word
        for word in (found.strip(_EDGES) for found in _WORD.findall(_PROGRAM.sub("", text)))
        if word and not _stands_in(word.translate(_PERSIAN).replace(",", ""), values, texts, words)
    ]


def _stands_in(word: str, values: list[float], texts: list[str], words: set[str]) -> bool:
    if _NUMBER.fullmatch(word):
        return word in words or _is_rounded(word.lstrip("+−–-"), values)
    if any(word in known for known in texts):
        return True
    # An address holds a name, a caption a version.
    for known in sorted(words, key=len, reverse=True):
        word = word.replace(known, "") if len(known) >= _SHORTEST_NAME else word
    return not any(char.isdigit() for char in word)


def _is_rounded(number: str, values: list[float]) -> bool:
    if "e" in number:
        # As a learning rate is written, 5e-05; six digits are shown.
        return any(abs(abs(value) - float(number)) <= 1e-5 * float(number) for value in values)
    decimals = len(number.partition(".")[2])
    # A whole number must be one: nearly every percentage rounds to some number below a hundred.
    tolerance = 0.5 * 10**-decimals + 1e-9 if decimals else 1e-9
    return any(abs(abs(value) * scale - float(number)) <= tolerance for value in values for scale in _SCALES)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield value
