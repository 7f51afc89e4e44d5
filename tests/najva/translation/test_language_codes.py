"""Codes and names against the tables of those who chose them."""

import subprocess
import sys
import unicodedata

import pytest
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M100_TABLES
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB_TABLE

from najva.languages import LARGE_V3_LANGUAGES
from najva.translation.language_codes import (
    LMT_LANGUAGES,
    M2M100_LANGUAGES,
    NLLB_LANGUAGES,
    lmt_name,
    m2m100_code,
    nllb_code,
)

M2M100_TABLE = M2M100_TABLES["m2m100"]
# Language parts that do not hold the letters of ISO 639-1's code.
OTHER_LETTERS = {
    "bg": "bul", "es": "spa", "fa": "pes", "ja": "jpn", "jw": "jav", "kk": "kaz", "lb": "ltz", "mg": "plt",
    "mn": "khk", "ms": "zsm", "ne": "npi", "ps": "pbt", "pt": "por", "sq": "als", "sv": "swe", "yi": "ydd",
}  # fmt: skip
# The 60 of LMT's README, as its inference script names them.
PUBLISHED_LMT = """
    ar Arabic, en English, es Spanish, de German, fr French, it Italian, ja Japanese, nl Dutch, pl Polish,
    pt Portuguese, ru Russian, tr Turkish, zh Chinese, bg Bulgarian, bn Bengali, cs Czech, da Danish, el Modern Greek,
    fa Persian, fi Finnish, hi Hindi, hu Hungarian, id Indonesian, ko Korean, no Norwegian, ro Romanian, sk Slovak,
    sv Swedish, th Thai, uk Ukrainian, vi Vietnamese, am Amharic, az Azerbaijani, bo Tibetan, he Modern Hebrew,
    hr Croatian, hy Armenian, is Icelandic, jv Javanese, ka Georgian, kk Kazakh, km Central Khmer, ky Kirghiz, lo Lao,
    mn_cn Inner Mongolian, mr Marathi, ms Malay, my Burmese, ne Nepali, ps Pashto, si Sinhala, sw Swahili, ta Tamil,
    te Telugu, tg Tajik, tl Tagalog, ug Uighur, ur Urdu, uz Uzbek, yue Yue Chinese
"""


def test_m2m100_has_every_language_that_both_know_and_no_other():
    whispers = {"jv" if code == "jw" else code: code for code in LARGE_V3_LANGUAGES}
    both = {whispers[code]: code for code in M2M100_TABLE if code in whispers}
    assert {code: m2m100_code(code) for code in LARGE_V3_LANGUAGES if m2m100_code(code)} == both
    assert set(both) == M2M100_LANGUAGES


def test_nllb_has_all_but_three_each_under_a_code_of_its_own():
    codes = [nllb_code(code) for code in sorted(NLLB_LANGUAGES)]
    assert set(codes) <= set(NLLB_TABLE)
    assert len(set(codes)) == len(codes)
    assert set(LARGE_V3_LANGUAGES) - NLLB_LANGUAGES == {"br", "haw", "la"}
    assert not {"bre", "haw", "lat"} & {code[:3] for code in NLLB_TABLE}


@pytest.mark.parametrize("language", sorted(NLLB_LANGUAGES))
def test_nllb_code_is_of_that_language_and_script(language):
    part, script = nllb_code(language).split("_")
    assert part == OTHER_LETTERS.get(language) or holds(part, language)
    if language not in ("ja", "lo", "yue", "zh"):  # Jpan, Laoo, Hant and Hans are no abbreviations.
        letter = next(filter(str.isalpha, LARGE_V3_LANGUAGES[language].own_name))
        assert holds(unicodedata.name(letter).lower(), script.lower())


def holds(word: str, letters: str) -> bool:
    """Whether the letters stand in the word in their order, others between them."""
    rest = iter(word)
    return all(letter in rest for letter in letters)


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("fa", "pes_Arab"),
        ("ar", "arb_Arab"),
        ("az", "azj_Latn"),
        ("no", "nob_Latn"),
        ("sw", "swh_Latn"),
        ("uz", "uzn_Latn"),
        ("zh", "zho_Hans"),
        ("yue", "yue_Hant"),
        ("lo", "lao_Laoo"),
        ("ja", "jpn_Jpan"),
    ],
)
def test_nllb_variety_is_the_one_whisper_hears(language, code):
    assert nllb_code(language) == code


def test_lmt_is_asked_by_the_published_names():
    published = dict(row.strip().split(" ", 1) for row in PUBLISHED_LMT.split(","))
    assert len(published) == 60
    # `mn_cn` is Mongolian in the old script; Whisper's `mn` is in Cyrillic.
    published["jw"] = published.pop("jv")
    shared = {code: name for code, name in published.items() if code in LARGE_V3_LANGUAGES}
    assert {code: lmt_name(code) for code in LARGE_V3_LANGUAGES if lmt_name(code)} == shared
    assert set(shared) == LMT_LANGUAGES
    assert set(published) - LMT_LANGUAGES == {"ky", "mn_cn", "ug"}


def test_what_is_unknown_has_no_code():
    for find in (m2m100_code, nllb_code, lmt_name):
        assert [find(code) for code in ("haw", "la", "xx", "")] == [None] * 4


def test_codes_are_there_without_transformers():
    script = "import sys, najva.translation.language_codes; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
