"""Numbers as they are written in any digits and in Chinese, so that a translation can be asked whether it kept them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter

_DIGIT = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "两": 2, "兩": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9
}  # fmt: skip
_UNIT = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_CHINESE = re.compile(f"[{''.join([*_DIGIT, *_UNIT, *_LARGE])}]+")
# With separators of thousands, and a decimal part; 1,234.5 and ۱٬۲۳۴٫۵ alike.
_WRITTEN = re.compile(r"\d+(?:[,٬،，]\d{3}(?!\d))*(?:[.٫]\d+)?")
_LONGEST_NUMERAL = 18
_MEANT = re.compile(
    rf"(?P<decimal>(?<![\d.,])\d+,\d{{1,2}}(?![\d,]))|(?P<millions>\d{{1,3}}(?:\.\d{{3}}){{2,}}(?!\d))|{_WRITTEN.pattern}"
)
_DOTTED_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}")
# 15:00 may be 下午三点.
_MINUTES = re.compile(r":[0-5]\d(?!\d)")
_AFTERNOON = range(13, 24)
_SCALES = {
    **dict.fromkeys(("thousand", "هزار"), 10**3),
    **dict.fromkeys(("million", "millions", "میلیون"), 10**6),
    **dict.fromkeys(("billion", "billions", "میلیارد"), 10**9),
}
_SCALE = re.compile(rf"[\s\u200c-]*({'|'.join(_SCALES)})\b", re.IGNORECASE)
# 12万, 3.5亿, 4500 万.
_MIXED = re.compile(r"(\d+(?:\.\d+)?)\s*([千万萬亿億]+)")
# 8:30 may be 八点半, 8:15 八点一刻, and 8:00 八点.
_MINUTES_SAID = {
    30.0: re.compile("[点點]半"),
    15.0: re.compile("[点點]一刻"),
    45.0: re.compile("[点點]三刻"),
    0.0: re.compile(r"[点點](?!\d)"),
}


def written_numbers(text: str) -> Counter[float]:
    """Return the numbers that stand in a text in digits, of whatever script, with how often each does."""
    return Counter(_values(_folded(text)))


def meant_numbers(text: str) -> list[set[float]]:
    """Return what each number of a source may mean: 3 million is 3 or 3,000,000, 3,5 is 3.5 or 35, 15:00 is 15 or 3.

    Decades (the 1990s) are left out, since Chinese counts them otherwise.
    """
    meant = []
    folded = _folded(text)
    for found in _MEANT.finditer(folded):
        if folded[found.end() : found.end() + 1] == "s":
            continue
        if found["millions"]:
            meant.append({float(found[0].replace(".", ""))})
            continue
        values = set(_values(found[0])[:1])
        if _MINUTES.match(folded, found.end()):
            values |= {value - 12 for value in values if value in _AFTERNOON}
        if found["decimal"]:
            values.add(float(found["decimal"].replace(",", ".")))
        if _DOTTED_THOUSANDS.fullmatch(found[0]):
            values.add(float(found[0].replace(".", "")))
        if scale := _SCALE.match(folded, found.end()):
            values |= {value * _SCALES[scale[1].casefold()] for value in values}
        meant.append(values)
    return meant


def numbers_of_chinese(text: str) -> Counter[float]:
    """Return the numbers of a Chinese text: in digits, in numerals such as 三百二十, and mixed ones such as 12万.

    A numeral may be read in two ways (二〇一九 is a year, 三千 a number); both count.
    """
    folded = _folded(text)
    found = Counter(_values(folded))
    for number, units in _MIXED.findall(folded):
        found[float(number) * math.prod((_UNIT | _LARGE)[unit] for unit in units)] += 1
    for minutes, pattern in _MINUTES_SAID.items():
        found[minutes] += len(pattern.findall(folded))
    for numeral in _CHINESE.findall(folded):
        if len(numeral) > _LONGEST_NUMERAL:
            # A model that goes round in circles.
            continue
        found.update({float(value) for value in (_by_units(numeral), _by_digits(numeral)) if value is not None})
    return found


def invented_numbers(text: str) -> Counter[float]:
    """Return the numbers in digits of a Chinese text, but for those that 万 and its like go with."""
    return written_numbers(_MIXED.sub(" ", _folded(text)))


def _folded(text: str) -> str:
    """Return a text with every digit as an ASCII one."""
    return "".join(
        str(unicodedata.digit(letter)) if unicodedata.category(letter) == "Nd" else letter for letter in text
    )


def _values(text: str) -> list[float]:
    return [float(re.sub("[,٬،，]", "", found).replace("٫", ".")) for found in _WRITTEN.findall(text)]


def _by_units(numeral: str) -> int | None:
    """Return what 三百二十, 十二, 两万五 or 一亿零三百 says; None where it is none such."""
    if not set(numeral) & (_UNIT.keys() | _LARGE.keys()):
        return _DIGIT.get(numeral) if len(numeral) == 1 else None
    total = section = digit = 0
    last = 0
    for letter in numeral:
        if letter in _DIGIT:
            digit = _DIGIT[letter]
        elif letter in _UNIT:
            section += (digit or 1) * _UNIT[letter]
            digit, last = 0, _UNIT[letter]
        else:
            total = (total + section + digit) * _LARGE[letter] if total + section + digit else _LARGE[letter]
            section, digit, last = 0, 0, _LARGE[letter]
    # 两万五 leaves out its last unit.
    if digit and last >= 100 and "零" not in numeral[-2:] and "〇" not in numeral[-2:] and numeral[-1] in _DIGIT:
        short = total + section + digit * last // 10
        return short if numeral[-2] in (_UNIT.keys() | _LARGE.keys()) else total + section + digit
    return total + section + digit


def _by_digits(numeral: str) -> int | None:
    """Return what 二〇一九 says, digit by digit; None where it is no such row."""
    if len(numeral) < 2 or any(letter not in _DIGIT for letter in numeral):
        return None
    return int("".join(str(_DIGIT[letter]) for letter in numeral))
