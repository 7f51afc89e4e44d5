"""Named rules that make two spellings of one sentence equal before they are compared.

A word error rate says nothing unless the rule that prepared both texts is known: on FLEURS-fa the same predictions of
whisper-large-v3 score 36 % raw and 20 % under ``fa-v1``, and the order of two models flips with what becomes of the
zero-width non-joiner (ZWNJ, U+200C, the half-space inside «می‌روم»). So every rule has a name, cards print the name
beside the figure, and **a rule never changes once it is named**: a correction is a new name (``fa-v2``), the old one
stays, and old figures stay reproducible.

=============  =====================================================================================================
``as-given``   the text itself
``raw``        edges stripped, every run of whitespace one space
``fa-v1``      Persian, ZWNJ becomes a space (the headline): «می‌روم» is two words
``fa-joined``  Persian, ZWNJ is deleted: «می‌روم» is the one word «میروم»; all else as in ``fa-v1``
``basic``      any other language: case, punctuation and apostrophes gone, vowel signs kept
=============  =====================================================================================================

``fa-v1`` follows the rule of that name in PESTE-Benchmark (github.com/ArmanJR/PESTE-Benchmark, version 2.1), so that
figures stand beside its table of Persian models. It is for scoring only; training text is cleaned far more gently.
Whisper's own ``BasicTextNormalizer`` is not used for Persian: it puts a space where a short vowel stood («کَتاب» becomes
two words) and leaves the Arabic and the Persian form of a letter or digit apart.
"""

import re
import unicodedata
from collections.abc import Callable

ZWNJ = "\u200c"
TATWEEL = "\u0640"

_LETTERS = {
    "\u0643": "\u06a9",  # Arabic kaf -> keheh
    "\u064a": "\u06cc",  # Arabic yeh -> Farsi yeh
    "\u0649": "\u06cc",  # alef maksura
    "\u06d2": "\u06cc",  # yeh barree
    "\u06cd": "\u06cc",  # yeh with tail
    "\u0629": "\u0647",  # teh marbuta -> heh
    "\u06c0": "\u0647",  # heh with yeh above
    "\u06d5": "\u0647",  # ae
    "\u0624": "\u0648",  # waw with hamza -> waw
    "\u0625": "\u0627",  # alef with hamza below -> alef; alef with madda stays, it is another vowel
    "\u0623": "\u0627",  # alef with hamza above
    "\u0671": "\u0627",  # alef wasla
}
_DIACRITICS = [*range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06EE)]
_DIGITS = {first + value: str(value) for first in (0x0660, 0x06F0) for value in range(10)}
_FOLD = str.maketrans(_LETTERS) | dict.fromkeys(_DIACRITICS) | {ord(TATWEEL): None} | _DIGITS

# More than one in a row, and what keeps nothing apart.
_IDLE_ZWNJ = re.compile("\u200c+(?=\u200c|[^\\w\u200c]|$)|(?<![\\w\u200c])\u200c+")

# Letters that are coded by their shape (presentation forms), as in text that was taken out of a PDF file.
_SHAPES = {code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFF))}

_DIRECTION_MARKS = [0x061C, 0x200B, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
_KEYBOARD = {ord("\u0643"): "\u06a9", ord("\u064a"): "\u06cc", ord(TATWEEL): None} | dict.fromkeys(_DIRECTION_MARKS)

_APOSTROPHE_IN_WORD = re.compile(r"(?<=\w)['\u2018\u2019\u02bb\u02bc](?=\w)")


def normalize(text: str, rule: str = "fa-v1") -> str:
    """Applies one of the named rules.

    Args:
        text: What was said or recognised; any length, may be empty.
        rule: A key of :data:`NORMALIZERS`.

    Returns:
        The text under that rule.

    Raises:
        ValueError: If no rule has that name.
    """
    if rule not in NORMALIZERS:
        raise ValueError(f"There is no normaliser '{rule}'; choose one of {', '.join(NORMALIZERS)}.")
    return NORMALIZERS[rule](text)


def as_given(text: str) -> str:
    """Returns the text unchanged (rule ``as-given``)."""
    return text


def collapse_whitespace(text: str) -> str:
    """Strips the edges and makes every run of Unicode whitespace one space (rule ``raw``)."""
    return " ".join(text.split())


def persian_v1(text: str) -> str:
    """Applies ``fa-v1``: one form per letter and digit, no marks, no punctuation, ZWNJ a space.

    In this order: NFKC; ك to ک; ي ى ے ۍ to ی; ة ۀ ە to ه; ؤ to و; إ أ ٱ to ا; the diacritics U+0610-061A, U+064B-065F,
    U+0670, U+06D6-06ED and the tatweel removed; Arabic-Indic and extended Arabic-Indic digits to 0-9; every character
    of the categories P, S, Cf, Cc and Z a space; runs of spaces one space. Case is kept, for the rule names no case
    folding; آ and ئ are kept likewise.

    Args:
        text: Persian text.

    Returns:
        Words separated by single spaces.
    """
    # NFKC comes first: it turns presentation forms into letters and joins a letter with its combining hamza, so that
    # U+06D5 U+0654 meets the table as U+06C0. U+0647 U+0654 («خانهٔ») has no joined form; its hamza goes as a diacritic.
    folded = unicodedata.normalize("NFKC", text).translate(_FOLD)
    return collapse_whitespace("".join(" " if _separates_persian_words(char) else char for char in folded))


def persian_joined(text: str) -> str:
    """Applies ``fa-joined``: ``fa-v1`` with the ZWNJ deleted, so that affixes stay on their word.

    Args:
        text: Persian text.

    Returns:
        Words separated by single spaces.
    """
    return persian_v1(text.replace(ZWNJ, ""))


def basic(text: str) -> str:
    """Applies ``basic``, for text in any language but Persian.

    NFKC and full case folding; apostrophes inside a word dropped (*don't* and *don’t* are ``dont``, *l'eau* is
    ``leau``); invisible format characters (category Cf: joiners, soft hyphens, direction marks) dropped, since they
    stand inside words; punctuation, symbols, controls and separators a space. Combining marks stay: they are the vowels
    of Hindi, Thai or Tamil ("What is lost in Normalization?", EMNLP 2024, arXiv:2409.02449). Chinese and Japanese come
    out as they are written, to be compared as characters without spaces.

    Args:
        text: Text in any language.

    Returns:
        Words separated by single spaces.
    """
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    # Case folding can leave text that is no longer NFKC, hence the second pass (The Unicode Standard, 3.13.5).
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    joined = _APOSTROPHE_IN_WORD.sub("", folded)
    return collapse_whitespace("".join(" " if unicodedata.category(char)[0] in "PSCZ" else char for char in joined))


def clean_transcript(text: str) -> str:
    """Cleans Persian text for training, gently: a model shall learn to write as people do.

    NFC; ك and ي of Arabic keyboards become ک and ی; the tatweel, direction marks and controls go; runs of whitespace
    become one space. Punctuation, ZWNJ, digits and vowel marks stay.

    Args:
        text: A transcript as it was typed.

    Returns:
        The text, fit to be a label.
    """
    return collapse_whitespace(unicodedata.normalize("NFC", text).translate(_KEYBOARD))


def for_translation(text: str) -> str:
    """Prepares Persian text for a translator, which has seen one spelling of each letter and digit.

    As :func:`clean_transcript`, and every form of a letter becomes the Persian one, presentation forms too, vowel marks
    go, and digits become ASCII. Punctuation and ZWNJ stay: they tell sentences and affixes. Of several ZWNJ one is
    enough, and beside a space, a mark or an end there is nothing to keep apart.

    Args:
        text: Persian as it was typed or recognised.

    Returns:
        The same text in the translator's spelling.
    """
    return _IDLE_ZWNJ.sub("", clean_transcript(text).translate(_SHAPES).translate(_FOLD))


def _separates_persian_words(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in "PSZ" or category in ("Cf", "Cc")


NORMALIZERS: dict[str, Callable[[str], str]] = {
    "fa-v1": persian_v1,
    "fa-joined": persian_joined,
    "raw": collapse_whitespace,
    "as-given": as_given,
    "basic": basic,
}
