"""Reading sheets: what a cell is, Excel's row numbers, headers."""

import datetime

import openpyxl
import pytest
from made_sheets import write_csv, write_workbook

from sheets.faults import DataError
from sheets.transcripts import read_transcripts


def _faults(found):
    return {(fault.row, fault.column): fault.kind for fault in found.faults}


def test_the_real_sheets(test_data):
    tiny = read_transcripts(test_data / "persian_sheets" / "myaudio_tiny.xlsx")
    assert len(tiny.rows) == 1082 and {fault.kind for fault in tiny.faults} == {"stray spaces"}
    assert (tiny.rows[0].row, tiny.rows[0].id) == (2, "myaudio/450001.wav")
    assert (tiny.rows[-1].row, tiny.rows[-1].id) == (1083, "myaudio/12560468.wav")
    full = read_transcripts(test_data / "persian_sheets" / "myaudio_full.xlsx")
    assert len(full.rows) == 10888 and full.columns == ()
    assert full.origin["sheet"] == "Sheet1"


def test_cells_are_what_they_are(tmp_path):
    rows = [
        ("audio", "text"),
        (450001, "سلام"),
        (450001.0, "سلام"),
        (1.5, "سلام"),
        ("a.wav", True),
        ("a.wav", datetime.date(2024, 1, 10)),
        ("a.wav", datetime.time(8, 30)),
        ("=A2", "سلام"),
        ("a.wav", "#REF!"),
        ("a.wav", "450001"),
    ]
    found = read_transcripts(write_workbook(tmp_path / "s.xlsx", rows))
    assert _faults(found) == {
        (2, "audio"): "number",
        (3, "audio"): "number",
        (4, "audio"): "decimal number",
        (5, "text"): "error value",
        (6, "text"): "date",
        (7, "text"): "date",
        (8, "audio"): "formula",
        (9, "text"): "error value",
    }
    assert "=A2" in next(fault.detail for fault in found.faults if fault.kind == "formula")
    assert [row.id for row in found.rows[:2]] == ["", ""] and found.rows[-1].text == "450001"


def test_row_numbers_are_excels_whatever_is_empty(tmp_path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for address, value in {
        "B3": "text",
        "D3": "audio",
        "B4": "سلام",
        "D4": "1.wav",
        "D9": "2.wav",
        "F12": "note",
    }.items():
        sheet[address] = value
    workbook.save(tmp_path / "gaps.xlsx")
    found = read_transcripts(tmp_path / "gaps.xlsx")
    assert [(row.row, row.id, row.text) for row in found.rows] == [(4, "1.wav", "سلام"), (9, "2.wav", "")]
    assert _faults(found) == {(9, "text"): "empty cell"}


def test_a_sheet_that_states_too_small_a_range(tmp_path):
    """Some programs write `<dimension ref="A1"/>` over a full sheet."""
    import zipfile

    path = write_workbook(tmp_path / "whole.xlsx", [("audio", "text"), ("1.wav", "سلام")])
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "small.xlsx", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                assert b'ref="A1:B2"' in content
                content = content.replace(b'ref="A1:B2"', b'ref="A1"')
            target.writestr(name, content)
    assert [row.id for row in read_transcripts(tmp_path / "small.xlsx").rows] == ["1.wav"]


def test_the_wanted_sheet_of_several(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.append(("audio", "text"))
    second = workbook.create_sheet("متن‌ها")
    second.append(("audio", "text"))
    second.append(("1.wav", "سلام"))
    workbook.save(tmp_path / "two.xlsx")
    assert read_transcripts(tmp_path / "two.xlsx").rows == []
    found = read_transcripts(tmp_path / "two.xlsx", sheet="متن‌ها")
    assert len(found.rows) == 1 and found.origin["sheet"] == "متن‌ها"


def test_headers_in_any_case_and_order_and_optional_columns(tmp_path):
    rows = [("Split", " TEXT ", "Speaker", "Audio"), ("TEST", "سلام", 7, r"clips\a.wav"), ("", "دنیا", None, "./b.wav")]
    found = read_transcripts(write_workbook(tmp_path / "s.xlsx", rows))
    assert found.columns == ("speaker", "split") and found.faults == []
    first, second = found.rows
    assert (first.id, first.text, first.speaker, first.split) == ("clips/a.wav", "سلام", "7", "test")
    assert (second.id, second.speaker, second.split, second.recording) == ("b.wav", "", "", "")


def test_whitespace_is_put_in_order_and_noted(tmp_path):
    rows = [("audio", "text"), ("a.wav ", "  سلام\n دنیا\u00a0"), ("b.wav", "می\u200cروم")]
    found = read_transcripts(write_workbook(tmp_path / "s.xlsx", rows))
    assert [row.text for row in found.rows] == ["سلام دنیا", "می\u200cروم"] and found.rows[0].id == "a.wav"
    assert _faults(found) == {(2, "text"): "stray spaces"}


def test_text_files_keep_excels_rows_and_recognise_what_excel_exported(tmp_path):
    rows = [
        ("audio", "text"),
        ("a.wav", "دو\nسطر، و ویرگول,"),
        ("450001", "سلام"),
        ("b.wav", "12,5"),
        ("b.wav", "1402/10/5"),
        ("b.wav", "#N/A"),
        ("b.wav", "=A1"),
        ("b.wav",),
        ("c.wav", "۱۲۳"),
    ]
    found = read_transcripts(write_csv(tmp_path / "s.csv", rows))
    assert _faults(found) == {
        (2, "text"): "stray spaces",
        (3, "audio"): "number",
        (4, "text"): "decimal number",
        (5, "text"): "date",
        (6, "text"): "error value",
        (7, "text"): "formula",
        (8, "text"): "empty cell",
    }
    assert found.rows[0].text == "دو سطر، و ویرگول," and found.rows[-1].row == 9


def test_an_unknown_split_is_a_fault_and_a_blank_one_is_not(tmp_path):
    rows = [("audio", "text", "split"), ("a.wav", "سلام", "exam"), ("b.wav", "سلام", None), ("c.wav", "سلام", 3)]
    found = read_transcripts(write_workbook(tmp_path / "s.xlsx", rows))
    assert _faults(found) == {(2, "split"): "unknown split", (4, "split"): "unknown split"}


def test_missing_columns_name_those_that_are_there(tmp_path):
    path = write_csv(tmp_path / "s.csv", [("file", "sentence"), ("a.wav", "سلام")])
    with pytest.raises(DataError, match="'file', 'sentence'"):
        read_transcripts(path)
    assert len(read_transcripts(path, audio_column="file", text_column="Sentence").rows) == 1
