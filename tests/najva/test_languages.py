"""Whisper's languages against the tables of the packages that define them."""

import unicodedata

import pytest
from transformers.models.whisper.tokenization_whisper import LANGUAGES as WHISPER_NAMES
from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

from najva.languages import LANGUAGES, LARGE_V3_LANGUAGES, UnknownLanguage, parse_language


def test_codes_are_whispers_in_whispers_order():
    assert list(LARGE_V3_LANGUAGES) == list(WHISPER_NAMES)
    assert list(LANGUAGES) == list(WHISPER_NAMES)[:99]
    assert all(code == language.code for code, language in LARGE_V3_LANGUAGES.items())


@pytest.mark.parametrize(("name", "code"), TO_LANGUAGE_CODE.items())
def test_every_name_whisper_takes_is_taken(name, code):
    assert parse_language(name, LARGE_V3_LANGUAGES) == code


@pytest.mark.parametrize("language", LARGE_V3_LANGUAGES.values(), ids=lambda language: language.code)
def test_own_spelling_of_each_language_finds_it(language):
    for text in (language.code, language.english_name, language.own_name, language.english_name.upper()):
        assert parse_language(f" {text} ", LARGE_V3_LANGUAGES) == language.code


@pytest.mark.parametrize("language", LARGE_V3_LANGUAGES.values(), ids=lambda language: language.code)
def test_direction_is_that_of_the_own_name(language):
    directions = {unicodedata.bidirectional(char) in ("R", "AL") for char in language.own_name if char.isalpha()}
    assert directions == {language.right_to_left}


def test_names_are_distinct_and_composed():
    for names in ([x.english_name for x in LANGUAGES.values()], [x.own_name for x in LANGUAGES.values()]):
        assert len(set(names)) == 99
    assert LANGUAGES["fa"].own_name == "\u0641\u0627\u0631\u0633\u06cc"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("auto", "auto"),
        (" AUTO ", "auto"),
        ("FA", "fa"),
        ("Farsi", "fa"),
        ("فارسي", "fa"),
        ("fa-IR", "fa"),
        ("fa_AF", "fa"),
        ("prs", "fa"),
        ("zh-CN", "zh"),
        ("zh-Hant-TW", "zh"),
        ("ZH_hans", "zh"),
        ("cmn-Hans", "zh"),
        ("Mandarin", "zh"),
        ("汉语", "zh"),
        ("en_US", "en"),
        ("es-419", "es"),
        ("castilian", "es"),
        ("espanol", "es"),
        ("Haitian  CREOLE", "ht"),
        ("o'zbek", "uz"),
        ("jv", "jw"),
        ("nb-NO", "no"),
        ("Burmese", "my"),
        ("haw-US", "haw"),
    ],
)
def test_common_spellings(text, code):
    assert parse_language(text) == code


@pytest.mark.parametrize("text", ["", "  ", "Klingon", "xx", "xx-US", "en-", "en-US-", "english please", "9"])
def test_other_words_are_refused_by_name(text):
    with pytest.raises(UnknownLanguage, match="auto") as caught:
        parse_language(text)
    assert f'"{text.strip()}"' in str(caught.value)
    assert str(caught.value).count(".") == 1


@pytest.mark.parametrize(("text", "nearest"), [("Persain", '"fa"'), ("germn", '"de"'), ("Mandrin", '"zh"')])
def test_the_nearest_language_is_offered(text, nearest):
    with pytest.raises(UnknownLanguage, match=f"did you mean .*{nearest}"):
        parse_language(text)


def test_no_neighbour_is_offered_for_a_language_whisper_lacks():
    with pytest.raises(UnknownLanguage) as caught:
        parse_language("Kurdish")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize("text", ["yue", "Cantonese", "粵語", "yue-HK"])
def test_cantonese_needs_large_v3(text):
    assert parse_language(text, LARGE_V3_LANGUAGES) == "yue"
    with pytest.raises(UnknownLanguage):
        parse_language(text)


def test_cantonese_is_refused_with_its_reason():
    with pytest.raises(UnknownLanguage, match="large-v3"):
        parse_language("Cantonese")


def test_a_long_text_is_shortened_in_the_message():
    with pytest.raises(UnknownLanguage) as caught:
        parse_language("x" * 100_000)
    assert len(str(caught.value)) < 300
