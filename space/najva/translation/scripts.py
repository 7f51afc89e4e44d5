"""Simplified and Traditional Chinese: which a text is in, and turning one into the other."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")

# Codes of the endpoints, and OpenCC's conversion into each; Traditional with Taiwan's words, such as 滑鼠 for 鼠标.
TARGETS = {"zh-Hans": "t2s", "zh-Hant": "s2twp"}
# Of the letters that tell the scripts apart: more of them make a text Traditional.
_MOSTLY = 0.5


class UnknownTarget(ValueError):
    """A target that is none of `TARGETS`; the message lists them."""


def check_target(target: str) -> None:
    """Refuse what is no target.

    Raises:
        UnknownTarget: it is none.
    """
    if target not in TARGETS:
        raise UnknownTarget(f"There is no target '{target}'; there are {', '.join(TARGETS)}.")


def into_script(text: str, target: str) -> str:
    """Return Chinese text in the letters of a target, whatever mixture it came in.

    Args:
        text: Chinese, with whatever else.
        target: a key of `TARGETS`.

    Raises:
        UnknownTarget: it is none.
    """
    check_target(target)
    # Simplified first: a text that is Traditional already would keep words that are not Taiwan's.
    simplified = _converter("t2s").convert(text)
    if target == "zh-Hans":
        return simplified
    converted = _converter(TARGETS[target]).convert(simplified)
    is_traditional = simplified != text and script_share(text, target) > _MOSTLY
    return _with_own_letters(converted, text, simplified) if is_traditional else converted


def _with_own_letters(converted: str, text: str, simplified: str) -> str:
    """Return a Traditional text as it was converted, but with its own letters where only they were guessed anew.

    Two Traditional letters may be one Simplified: the surname 范 would come back as 範, which is an example.
    """
    simplified_again = _converter("t2s").convert(converted)
    if len(simplified) != len(text) or len(simplified_again) != len(converted):
        return converted
    own, letters = _converter("t2tw").convert(text), list(converted)
    own = own if len(own) == len(text) else text
    same = SequenceMatcher(None, simplified, simplified_again, autojunk=False)
    for first, place, size in same.get_matching_blocks():
        letters[place : place + size] = own[first : first + size]
    return "".join(letters)


def han_share(text: str) -> float:
    """Return which share of a text's letters is Chinese, from 0 to 1; 0 where there is no letter."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(bool(HAN.match(letter)) for letter in letters) / len(letters) if letters else 0.0


def script_share(text: str, target: str) -> float:
    """Return which share of the letters that tell the scripts apart are of a target's, from 0 to 1; 1 without any."""
    other = next(one for one in TARGETS if one != target)
    into, back = (_converter("t2s" if one == "zh-Hans" else "s2t") for one in (target, other))
    own = foreign = 0
    for letter in text:
        here, there = into.convert(letter), back.convert(letter)
        if here != there:
            own += letter == here
            foreign += letter == there
    return own / (own + foreign) if own + foreign else 1.0


@lru_cache
def _converter(name: str):
    # It reads its dictionaries from the disk.
    from opencc import OpenCC

    return OpenCC(name)
