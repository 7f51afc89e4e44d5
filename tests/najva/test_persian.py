"""The named text rules, code point by code point and on real Persian sheets."""

import unicodedata

import pandas as pd
import pytest

from najva.persian import NORMALIZERS, for_translation, normalize

LETTERS = {
    "\u0643": "\u06a9",
    "\u064a": "\u06cc",
    "\u0649": "\u06cc",
    "\u06d2": "\u06cc",
    "\u06cd": "\u06cc",
    "\u0629": "\u0647",
    "\u06c0": "\u0647",
    "\u06d5": "\u0647",
    "\u0624": "\u0648",
    "\u0625": "\u0627",
    "\u0623": "\u0627",
    "\u0671": "\u0627",
    # Letters that look like candidates and stay.
    "\u0622": "\u0622",
    "\u0626": "\u0626",
    "\u0621": "\u0621",
    "\u06a9": "\u06a9",
    "\u06cc": "\u06cc",
}
DIACRITICS = [*range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06EE)]
SEPARATORS = {
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "right-to-left mark": "\u200f",
    "Arabic letter mark": "\u061c",
    "byte order mark": "\ufeff",
    "no-break space": "\u00a0",
    "line separator": "\u2028",
    "tab": "\t",
    "control character": "\x01",
    "Persian comma": "\u060c",
    "Persian question mark": "\u061f",
    "Persian semicolon": "\u061b",
    "Persian decimal separator": "\u066b",
    "guillemet": "\u00ab",
    "percent sign": "\u066a",
    "hyphen": "-",
    "underscore": "_",
    "plus": "+",
}


def between_letters(char: str) -> str:
    return f"\u0628{char}\u062f"


@pytest.mark.parametrize(("written", "expected"), LETTERS.items(), ids=lambda char: f"U+{ord(char):04X}")
def test_fa_v1_gives_every_letter_one_form(written, expected):
    assert normalize(between_letters(written)) == between_letters(expected)


@pytest.mark.parametrize("code_point", [*DIACRITICS, 0x0640], ids=lambda code_point: f"U+{code_point:04X}")
def test_fa_v1_removes_marks_without_parting_the_word(code_point):
    assert normalize(between_letters(chr(code_point))) == "\u0628\u062f"


@pytest.mark.parametrize("char", SEPARATORS.values(), ids=SEPARATORS.keys())
def test_fa_v1_makes_separators_one_space(char):
    assert normalize(char + between_letters(char * 2) + char) == "\u0628 \u062f"


@pytest.mark.parametrize("digits", ["۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "0123456789"])
def test_fa_v1_folds_digits(digits):
    assert normalize(digits) == "0123456789"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("کَتاب", "کتاب"),
        ("معلّم", "معلم"),
        ("مثلاً", "مثلا"),
        ("خانه\u0654", "خانه"),
        ("خان\u06c0", "خانه"),
        ("خان\u06d5\u0654", "خانه"),
        ("مو\u0654سسه", "موسسه"),
        ("كتاب علي", "کتاب علی"),
        ("ســلام", "سلام"),
        ("می\u200cروم", "می روم"),
        ("سلام [خنده] دنیا", "سلام خنده دنیا"),
        ("\ufefb", "لا"),
        ("GPS", "GPS"),
        ("", ""),
        ("؟!", ""),
    ],
)
def test_fa_v1_on_words(written, expected):
    assert normalize(written, "fa-v1") == expected


def test_fa_joined_differs_from_fa_v1_in_the_non_joiner_alone():
    assert normalize("نمی\u200cشود، كتاب\u200cها", "fa-joined") == "نمیشود کتابها"
    assert normalize("یك\u00a0دو-سه", "fa-joined") == normalize("یك\u00a0دو-سه", "fa-v1") == "یک دو سه"


def test_raw_touches_nothing_but_whitespace():
    assert normalize("  كَتاب،\t\n می\u200cروم ۱ ", "raw") == "كَتاب، می\u200cروم ۱"


def test_as_given_touches_nothing():
    assert normalize("  كَتاب \n", "as-given") == "  كَتاب \n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Don't, can’t: O'Neill's!", "dont cant oneills"),
        ("'quoted' -- words", "quoted words"),
        ("Straße ÉTÉ", "strasse été"),
        ("e\u0301te\u0301", "été"),
        ("co\u00adoperate", "cooperate"),
        ("हिन्दी।", "हिन्दी"),
        ("ภาษาไทยที่นี่", unicodedata.normalize("NFKC", "ภาษาไทยที่นี่")),
        ("广州市，房地产。", "广州市 房地产"),
        ("ＡＢＣ １２", "abc 12"),
        ("$5.50 <b>", "5 50 b"),
    ],
)
def test_basic(written, expected):
    assert normalize(written, "basic") == expected


def test_unknown_rule_is_named_with_the_choices():
    with pytest.raises(ValueError, match=r"'fa-v9'.*fa-v1.*basic"):
        normalize("سلام", "fa-v9")


@pytest.mark.parametrize("rule", NORMALIZERS)
def test_every_code_point_is_stable_after_one_pass(rule):
    for code_point in [*range(0xD800), *range(0xE000, 0x11000), *range(0x1D400, 0x1F800)]:
        once = normalize(f"ب{chr(code_point)}ا", rule)
        assert normalize(once, rule) == once, f"U+{code_point:04X}"


@pytest.mark.parametrize("rule", NORMALIZERS)
@pytest.mark.parametrize("sheet", ["myaudio_tiny.xlsx", "myaudio_full.xlsx"])
def test_real_sheets_are_stable_after_one_pass(test_data, sheet, rule):
    texts = pd.read_excel(test_data / "persian_sheets" / sheet)["text"].astype(str)
    once = [normalize(text, rule) for text in texts]
    assert [normalize(text, rule) for text in once] == once
    assert all(once), "a sentence came out empty"


def test_fa_v1_leaves_only_plain_letters_of_a_real_sheet(test_data):
    texts = pd.read_excel(test_data / "persian_sheets" / "myaudio_full.xlsx")["text"].astype(str)
    alphabet = set("آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئء ")
    assert set("".join(map(normalize, texts))) == alphabet


def test_fa_v1_undoes_what_separates_a_published_reference_from_its_text(test_data):
    """The table's author makes the ZWNJ a space as fa-v1 does, but leaves tanwin, kasra and the Persian comma."""
    table = pd.read_csv(test_data / "persian_clips" / "whisper_hypotheses.csv", keep_default_na=False)
    for written, published in zip(table["ref_text"], table["ref_norm"], strict=True):
        assert normalize(written) == published.replace("\u064b", "").replace("\u0650", "").replace("،", "")


def test_a_translator_reads_letters_and_not_their_shapes():
    # As a PDF file has it: each letter by the shape that it takes in its word.
    assert for_translation("\ufe91\ufeea \ufe97\ufeec\ufeae\ufe8d\ufee5") == "به تهران"
    # Chinese punctuation and full-width letters are no shapes of Persian ones.
    assert for_translation("۱۲ ① ｋ") == "12 ① ｋ"


def test_a_translator_reads_a_zwnj_only_where_it_keeps_something_apart():
    assert for_translation("می\u200c\u200cروم") == "می\u200cروم"
    assert for_translation("\u200cکتاب \u200cها\u200c.") == "کتاب ها."
