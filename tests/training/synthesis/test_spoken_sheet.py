"""A workbook to be spoken: what its rows hold, and its copy."""

from pathlib import Path

import openpyxl
import pytest

from sheets.faults import DataError
from synthesis.spoken_sheet import read_sheet, write_copy
from tests.training.made_sheets import write_workbook

UNSAFE = {
    "../x.wav": "leads out",
    "a/../../x.wav": "leads out",
    "a\\..\\x.wav": "leads out",
    "/etc/x.wav": "absolute",
    "C:\\clips\\x.wav": "absolute",
    "C:x.wav": "absolute",
    "\\\\server\\share\\x.wav": "absolute",
    "x.mp3": "does not end in .wav",
    "x": "does not end in .wav",
    ".wav": "does not end in .wav",
    "a/": "does not end in .wav",
    "a\nb.wav": "line break",
    f"{'ن' * 120}.wav": "too long",
    None: "cell is empty",
    " ": "cell is empty",
    450001: "a number",
    "=A1": "a formula",
    True: "an error value",
}


def test_unsafe_names_are_refused_by_row(tmp_path: Path) -> None:
    rows = [("audio", "text"), *((name, "سلام") for name in UNSAFE), ("clips\\ a/1.WAV", "سلام")]
    sheet = read_sheet(write_workbook(tmp_path / "s.xlsx", rows))
    assert [row.number for row in sheet.rows] == list(range(2, len(rows) + 1))
    *bad, good = sheet.rows
    for row, reason in zip(bad, UNSAFE.values(), strict=True):
        assert reason in row.fault, row
    assert (good.name, good.fault) == ("clips/ a/1.WAV", "")


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "empty"), ("  ", "empty"), (12.5, "a decimal number"), ("=B1", "a formula")]
)
def test_cells_without_text_are_named(text: object, reason: str, tmp_path: Path) -> None:
    (row,) = read_sheet(write_workbook(tmp_path / "s.xlsx", [("audio", "text"), ("1.wav", text)])).rows
    assert "the text cell" in row.fault and reason in row.fault


def test_a_name_is_spoken_once(tmp_path: Path) -> None:
    rows = [("audio", "text"), ("a/1.wav", "سلام"), ("2.wav", "سلام"), ("a\\1.wav", "دنیا")]
    faults = [row.fault for row in read_sheet(write_workbook(tmp_path / "s.xlsx", rows)).rows]
    assert faults[:2] == ["", ""] and "row 2 already" in faults[2]


def test_columns_are_found_wherever_they_are(tmp_path: Path) -> None:
    rows = [(), ("n", " Sentence ", "FILE"), (1, "سلام", "1.wav"), (), (2, " دنیا", "2.wav")]
    sheet = read_sheet(write_workbook(tmp_path / "s.xlsx", rows), audio_column="file", text_column="sentence")
    assert [(row.number, row.name, row.text) for row in sheet.rows] == [(3, "1.wav", "سلام"), (5, "2.wav", "دنیا")]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("audio", "words")], "no column 'text', only 'audio', 'words'"),
        ([("audio", "text", "text")], "2 column"),
        ([], "is empty"),
    ],
)
def test_a_sheet_without_its_columns_is_one_sentence(rows: list, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=reason):
        read_sheet(write_workbook(tmp_path / "s.xlsx", rows))


def test_what_is_no_workbook_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_sheet(tmp_path / "s.xlsx")
    for content in (b"", b"audio,text\n", b"PK\x03\x04 broken"):
        (tmp_path / "s.xlsx").write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            read_sheet(tmp_path / "s.xlsx")


def test_the_copy_keeps_rows_values_and_remarks(tmp_path: Path) -> None:
    rows = [
        ("audio", "text", "when"),
        ("1.wav", "= سلام", 3, None, "a remark"),
        (),
        (7, None, 1.5),
        ("2.wav", "دنیا", "=C2*2"),
    ]
    workbook = write_workbook(tmp_path / "s.xlsx", rows)
    # Excel stores it as text where it was typed with an apostrophe.
    typed = openpyxl.load_workbook(workbook)
    typed.active["B2"].data_type = "s"
    typed.save(workbook)
    sheet = read_sheet(workbook)
    write_copy(sheet, tmp_path / "copy.xlsx", {2: "fa", 5: "fa+m3"})
    copied = openpyxl.load_workbook(tmp_path / "copy.xlsx").active
    found = [tuple(cell.value for cell in row) for row in copied.iter_rows()]
    assert found == [
        ("audio", "text", "when", None, None, "speaker"),
        ("1.wav", "= سلام", 3, None, "a remark", "fa"),
        (None,) * 6,
        (7, None, 1.5, None, None, None),
        ("2.wav", "دنیا", "=C2*2", None, None, "fa+m3"),
    ]
    assert (copied["B2"].data_type, copied["C5"].data_type) == ("s", "f")
    assert [row.number for row in read_sheet(tmp_path / "copy.xlsx").rows] == [2, 4, 5]


def test_the_copy_of_some_rows_has_these_and_a_speaker_once(tmp_path: Path) -> None:
    rows = [("Speaker", "audio", "text"), ("Ali", "1.wav", "سلام"), ("Ali", "2.wav", "دنیا"), ("Ali", "3.wav", "باغ")]
    sheet = read_sheet(write_workbook(tmp_path / "s.xlsx", rows))
    write_copy(sheet, tmp_path / "copy.xlsx", {3: "fa+f2"}, only=[3], split="test")
    found = list(openpyxl.load_workbook(tmp_path / "copy.xlsx").active.iter_rows(values_only=True))
    assert found == [("Speaker", "audio", "text", "split"), ("fa+f2", "2.wav", "دنیا", "test")]


def test_a_text_file_is_spoken_and_copied_too(tmp_path: Path) -> None:
    sheet = tmp_path / "s.csv"
    sheet.write_text("audio;text;remark\n1.wav;سلام دنیا;=خوب\n\n2.wav;12;\n", encoding="utf-8-sig")
    found = read_sheet(sheet)
    assert [(row.number, row.name, row.text) for row in found.rows] == [(2, "1.wav", "سلام دنیا"), (4, "2.wav", "")]
    assert [row.fault for row in found.rows] == ["", "the text cell holds a number, not text"]
    write_copy(found, tmp_path / "s.xlsx", {2: "fa+f2"})
    copied = openpyxl.load_workbook(tmp_path / "s.xlsx").active
    assert [tuple(cell.value for cell in row) for row in copied.iter_rows()] == [
        ("audio", "text", "remark", "speaker"),
        ("1.wav", "سلام دنیا", "=خوب", "fa+f2"),
        (None,) * 4,
        ("2.wav", "12", None, None),
    ]
    assert copied["C2"].data_type == "s"


def test_a_character_that_no_workbook_may_hold_is_left_out_of_the_copy(tmp_path: Path) -> None:
    sheet = tmp_path / "s.csv"
    sheet.write_text("audio,text\n1.wav,سلام\u000b دنیا\n", encoding="utf-8")
    write_copy(read_sheet(sheet), tmp_path / "s.xlsx", {2: "fa"})
    assert openpyxl.load_workbook(tmp_path / "s.xlsx").active["B2"].value == "سلام دنیا"


def test_a_text_file_is_copied_under_a_title_that_excel_allows(tmp_path: Path) -> None:
    sheet = tmp_path / "talks [2024] of the second half of the year.csv"
    sheet.write_text("audio,text\n1.wav,سلام\n", encoding="utf-8")
    write_copy(read_sheet(sheet), tmp_path / "s.xlsx", {2: "fa"})
    assert openpyxl.load_workbook(tmp_path / "s.xlsx").active.title == "talks _2024_ of the second half"
