"""A workbook whose sentences are to be spoken: which rows can be, and a copy that says who speaks each."""

import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from sheets.faults import DataError
from whole_files import whole_file

# Of each part of a name; file systems allow 255, and an unfinished file's own name is longer by some.
_MAX_NAME_BYTES = 200
_BROKEN_WORKBOOK = (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, SyntaxError, EOFError)


@dataclass(frozen=True)
class SpokenRow:
    """One row that holds anything.

    Attributes:
        number: Excel's row number.
        name: The audio cell with forward slashes, or empty.
        text: The text cell, or empty.
        fault: Why the row cannot be spoken, or empty.
    """

    number: int
    name: str
    text: str
    fault: str = ""


@dataclass(frozen=True)
class SpokenSheet:
    """The first sheet of a workbook.

    Attributes:
        path: The workbook.
        title: The sheet's name.
        table: All rows of openpyxl's cells, blank ones too.
        header_row: Number of the row that names the columns.
        rows: Those below it that hold anything.
    """

    path: Path
    title: str
    table: list[tuple[Any, ...]]
    header_row: int
    rows: list[SpokenRow]


def read_sheet(path: Path, *, audio_column: str = "audio", text_column: str = "text") -> SpokenSheet:
    """Reads a workbook's first sheet; the first row that is not blank names the columns, in any order and case.

    Args:
        path: ``.xlsx`` or ``.xlsm``.
        audio_column: Header of the file names.
        text_column: Header of the sentences.

    Raises:
        DataError: It cannot be read, or has not both columns.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}; --workbook names the transcript sheet.")
    try:
        workbook = openpyxl.load_workbook(path, read_only=True)
        sheet = workbook.worksheets[0]
        # Some programs state a range that is smaller than what the sheet holds.
        sheet.reset_dimensions()
        title, table = sheet.title, list(sheet.rows)
        workbook.close()
    except _BROKEN_WORKBOOK as error:
        raise DataError(
            f"{path.name} cannot be read as an Excel workbook; save it as .xlsx, without a password."
        ) from error
    header_row = next((number for number, cells in enumerate(table, start=1) if _filled(cells)), 0)
    if not header_row:
        raise DataError(f"The sheet '{title}' of {path.name} is empty.")
    header = _header(table[header_row - 1])
    audio, text = (_place(header, column, path.name) for column in (audio_column, text_column))
    rows = []
    for number, cells in enumerate(table[header_row:], start=header_row + 1):
        if _filled(cells):
            filled = [*cells, *[None] * max(audio, text)]
            rows.append(_judge_row(number, filled[audio], filled[text]))
    return SpokenSheet(path, title, table, header_row, _refuse_repeated(rows))


def write_copy(
    sheet: SpokenSheet, path: Path, speakers: Mapping[int, str], *, only: Iterable[int] | None = None, split: str = ""
) -> None:
    """Writes the sheet once more, with its speakers in a column ``speaker``, whole or not at all.

    Args:
        sheet: As it was read.
        path: Where to.
        speakers: The voice of each spoken row, by row number; what stood in that column is gone.
        only: Row numbers to copy; None for all, which then keep their numbers.
        split: What to write beside every speaker into a column ``split``; empty for no such column.
    """
    added = {"speaker": speakers} | ({"split": dict.fromkeys(speakers, split)} if split else {})
    # A remark beside the table has no header, and is not to be written over.
    width = max(place for cells in sheet.table for place, cell in enumerate(cells, start=1) if _filled([cell]))
    header = [*_header(sheet.table[sheet.header_row - 1]), *[""] * width][:width]
    names = [name.casefold() for name in header]
    places = {name: names.index(name) if name in names else None for name in added}
    for name, place in places.items():
        if place is None:
            places[name] = len(header)
            header.append(name)
    workbook = openpyxl.Workbook(write_only=True)
    copy = workbook.create_sheet(sheet.title)
    for _ in range(sheet.header_row - 1):
        copy.append([])
    copy.append(header)
    kept = None if only is None else set(only)
    for number, cells in enumerate(sheet.table[sheet.header_row :], start=sheet.header_row + 1):
        if kept is None or number in kept:
            line = [*(_same_cell(copy, cell) for cell in cells[:width]), *[None] * len(header)][: len(header)]
            for name, place in places.items():
                line[place] = added[name].get(number)
            copy.append(line)
    with whole_file(path) as unfinished:
        workbook.save(unfinished)


def _filled(cells: Iterable[Any]) -> bool:
    return any(cell.value not in (None, "") for cell in cells)


def _header(cells: Iterable[Any]) -> list[str]:
    return ["" if cell.value is None else str(cell.value).strip() for cell in cells]


def _place(header: list[str], column: str, where: str) -> int:
    places = [i for i, name in enumerate(header) if name.casefold() == column.strip().casefold()]
    if len(places) != 1:
        listed = ", ".join(f"'{name}'" for name in header if name) or "none"
        raise DataError(f"{where} has {len(places) or 'no'} column '{column}'; its columns are: {listed}.")
    return places[0]


def _judge_row(number: int, audio: Any, text: Any) -> SpokenRow:
    name, text_value = (cell.value.strip() if _is_text(cell) else "" for cell in (audio, text))
    name = str(PurePosixPath(name.replace("\\", "/"))) if name else ""
    fault = _cell_fault("audio", audio) or _name_fault(name) or _cell_fault("text", text)
    return SpokenRow(number, name, text_value, fault)


def _is_text(cell: Any) -> bool:
    return cell is not None and isinstance(cell.value, str) and cell.data_type not in ("f", "e")


def _cell_fault(column: str, cell: Any) -> str:
    if cell is None or cell.value is None or (isinstance(cell.value, str) and not cell.value.strip()):
        return f"the {column} cell is empty"
    if _is_text(cell):
        return ""
    kind = {"f": "a formula", "e": "an error value", "n": "a number", "d": "a date"}.get(cell.data_type, "no text")
    return f"the {column} cell holds {kind}, not text"


def _name_fault(name: str) -> str:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or PureWindowsPath(name).drive:
        return f"“{name}” is an absolute path; a name must lie inside the output folder"
    if ".." in parts:
        return f"“{name}” leads out of the output folder"
    if PurePosixPath(name).suffix.lower() != ".wav":
        return f"“{name}” does not end in .wav, and that is what is written"
    if (
        any(unicodedata.category(char) == "Cc" for char in name)
        or max(len(p.encode()) for p in parts) > _MAX_NAME_BYTES
    ):
        return "the audio cell is no file name: it is too long, or holds a line break"
    return ""


def _refuse_repeated(rows: list[SpokenRow]) -> list[SpokenRow]:
    first: dict[str, int] = {}
    judged = []
    for row in rows:
        if not row.fault and first.setdefault(row.name, row.number) != row.number:
            row = replace(row, fault=f"“{row.name}” is the file of row {first[row.name]} already")
        judged.append(row)
    return judged


def _same_cell(sheet: Any, cell: Any) -> WriteOnlyCell:
    same = WriteOnlyCell(sheet, cell.value)
    # openpyxl would make a formula of a sentence that begins with "=".
    if cell.data_type == "s":
        same.data_type = "s"
    return same
