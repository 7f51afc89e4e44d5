"""Signs that a translation went wrong, told without knowing the right one.

Each guard looks at one sentence and its Chinese; what it finds is a flag of the endpoints' answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from najva.translation.numerals import invented_numbers, meant_numbers, numbers_of_chinese
from najva.translation.scripts import HAN

# All from Cyrillic to the scripts of India and Ethiopia, kana, Hangul, presentation forms, Greek words: a π is none.
_FOREIGN = re.compile(
    r"[\u0400-\u1cff\u1f00-\u1fff\u3040-\u30ff\uac00-\ud7af\ufb13-\ufdff\ufe70-\ufeff]|[\u0370-\u03ff]{2}"
)
_LATIN = re.compile(r"[^\W\d_\u3400-\u9fff]+")
_WORD, _LETTERS = re.compile(r"\w+"), re.compile(r"[^\W\d_]+")
# Han letters for one letter of the source, with what short sentences are allowed beyond.
_LEAST_LENGTH, _MOST_LENGTH, _FREE_LETTERS = 0.08, 1.8, 12
# A stretch of so many letters that comes so often in a row is a loop; Chinese doubles words, and triples laughter.
_LOOP = re.compile(r"(.{2,20}?)\1{3,}|(.)\2{7,}")
# Of 12 pairs of letters and more, half are new ones in all but a thousandth of human translations (FLORES, MSCTD).
_TELLING_PAIRS, _LEAST_VARIETY = 12, 0.5
# "好的，以下是翻译：" is a chat model's; that somebody says 好的 is not.
_CHATTY = re.compile(
    r"^\s*(?:(?:好的|当然(?:可以)?)[,，。!！]\s*)?(?:以下|这是|这句话|翻译|译文|中文|Translation|Chinese)[^。，,]{0,12}[:：]",
    re.IGNORECASE,
)


def find_flags(source: str, translation: str) -> list[str]:
    """Return what is wrong with a translation, in the order of `GUARDS`; nothing where nothing was found.

    Args:
        source: a sentence.
        translation: its Chinese.
    """
    if not translation.strip():
        return ["empty"] if _WORD.search(source) else []
    return [flag for flag, is_wrong in GUARDS.items() if is_wrong(source, translation)]


def loses_digits(source: str, translation: str) -> bool:
    """Whether a number of the source is missing, or one of three digits or more came from nowhere."""
    wanted, found = meant_numbers(source), numbers_of_chinese(translation)
    for values in wanted:
        kept = next((value for value in values if found[value] > 0), None)
        if kept is None:
            return True
        found[kept] -= 1
    known = set().union(*wanted)
    return any(number >= 100 and number not in known for number in invented_numbers(translation)) and bool(wanted)


def has_wrong_length(source: str, translation: str) -> bool:
    """Whether it is too short or too long for its source."""
    letters, han = len(_joined(source)), len(_joined(translation))
    if letters <= _FREE_LETTERS and han <= 2 * _FREE_LETTERS:
        return False
    return not _LEAST_LENGTH * letters <= han <= _MOST_LENGTH * letters + _FREE_LETTERS


def repeats(source: str, translation: str) -> bool:
    """Whether it goes round in a loop that its source does not have."""
    if _LOOP.search(_joined(source)) or _variety(_WORD.findall(source.casefold())) < _LEAST_VARIETY:
        return False
    return bool(_LOOP.search(_joined(translation))) or _variety(HAN.findall(translation)) < _LEAST_VARIETY


def _variety(units: Sequence[str]) -> float:
    """Return which share of the pairs of neighbours is seen for the first time; 1 for too few to tell."""
    pairs = list(pairwise(units))
    return len(set(pairs)) / len(pairs) if len(pairs) >= _TELLING_PAIRS else 1.0


def has_wrong_script(source: str, translation: str) -> bool:
    """Whether letters of another script are left over, or there are too few Chinese ones."""
    words = _joined(translation)
    if not _WORD.search(source):
        return False
    if _FOREIGN.search(words):
        return True
    han = len(HAN.findall(words))
    if not han:
        # "OK" may stay OK, and 3.14 has no letters; "Hello." is no Chinese.
        kept = _LATIN.findall(translation)
        return any(not word.isupper() for word in kept) or len(_LETTERS.findall(source)) > 1
    # Names stay as they are; of what is new, a third of Han is enough.
    kept = {word.casefold() for word in _LATIN.findall(source) if not word.islower()}
    new = sum(len(word) for word in _LATIN.findall(translation) if word.casefold() not in kept)
    return han * 2 < new


def talks(source: str, translation: str) -> bool:
    """Whether a chat model added words of its own."""
    return bool(_CHATTY.search(translation)) and not _CHATTY.search(source)


def _joined(text: str) -> str:
    """Return the letters and digits alone."""
    return "".join(_WORD.findall(text))


GUARDS: dict[str, Callable[[str, str], bool]] = {
    "digits": loses_digits,
    "length": has_wrong_length,
    "repetition": repeats,
    "script": has_wrong_script,
    "rough": talks,
}
