"""A sheet whose sentences are to be spoken: which rows can be, and a workbook that says who speaks each.

`sheets.transcripts` reads and judges the rows, as it does for every other job.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from sheets.faults import Fault
from sheets.sheet_cells import raw_rows
from sheets.transcripts import SheetRow, read_transcripts
from whole_files import whole_file

# Of each part of a name; file systems allow 255, and an unfinished file's own name is longer by some.
_MAX_NAME_BYTES = 200


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
    """A sheet, read.

    Attributes:
        path: The workbook, or text file.
        rows: Those below its header that hold anything.
        title: The sheet's name inside a workbook; None for the first.
    """

    path: Path
    rows: list[SpokenRow]
    title: str | None = None


def read_sheet(
    path: Path, *, audio_column: str = "audio", text_column: str = "text", sheet: str | None = None
) -> SpokenSheet:
    """Reads a sheet; see `read_transcripts`.

    Raises:
        DataError: It cannot be read, or has not both columns.
    """
    transcripts = read_transcripts(path, audio_column=audio_column, text_column=text_column, sheet=sheet)
    faults: dict[int, dict[str, Fault]] = {}
    for fault in transcripts.faults:
        if fault.fatal:
            faults.setdefault(fault.row, {})[fault.column] = fault
    rows = [_judge_row(row, faults.get(row.row, {})) for row in transcripts.rows]
    return SpokenSheet(path, _refuse_repeated(rows), sheet)


def write_copy(
    sheet: SpokenSheet, path: Path, speakers: Mapping[int, str], *, only: Iterable[int] | None = None, split: str = ""
) -> None:
    """Writes the sheet once more as a workbook, with its speakers in a column ``speaker``, whole or not at all.

    Args:
        sheet: As it was read.
        path: Where to.
        speakers: The voice of each spoken row, by row number; what stood in that column is gone.
        only: Row numbers to copy; None for all, which then keep their numbers.
        split: What to write beside every speaker into a column ``split``; empty for no such column.
    """
    title, table = raw_rows(sheet.path, sheet.title)
    header_row = next(number for number, cells in enumerate(table, start=1) if _filled(cells))
    added = {"speaker": speakers} | ({"split": dict.fromkeys(speakers, split)} if split else {})
    # A remark beside the table has no header, and is not to be written over.
    width = max(place for cells in table for place, cell in enumerate(cells, start=1) if _filled([cell]))
    header = [*(str(cell.value or "").strip() for cell in table[header_row - 1]), *[""] * width][:width]
    names = [name.casefold() for name in header]
    places = {name: names.index(name) if name in names else None for name in added}
    for name, place in places.items():
        if place is None:
            places[name] = len(header)
            header.append(name)
    workbook = openpyxl.Workbook(write_only=True)
    copy = workbook.create_sheet(title)
    for _ in range(header_row - 1):
        copy.append([])
    copy.append(header)
    kept = None if only is None else set(only)
    for number, cells in enumerate(table[header_row:], start=header_row + 1):
        if kept is None or number in kept:
            line = [*(_same_cell(copy, cell) for cell in cells[:width]), *[None] * len(header)][: len(header)]
            for name, place in places.items():
                line[place] = added[name].get(number)
            copy.append(line)
    with whole_file(path) as unfinished:
        workbook.save(unfinished)


def _filled(cells: Iterable[Any]) -> bool:
    return any(cell.value not in (None, "") for cell in cells)


def _judge_row(row: SheetRow, faults: Mapping[str, Fault]) -> SpokenRow:
    name_fault = "" if "audio" in faults else _name_fault(row.id)
    fault = _cell_fault(faults.get("audio")) or name_fault or _cell_fault(faults.get("text"))
    return SpokenRow(row.row, row.id, row.text, fault)


def _cell_fault(fault: Fault | None) -> str:
    if fault is None:
        return ""
    if fault.kind == "empty cell":
        return f"the {fault.column} cell is empty"
    return f"the {fault.column} cell holds {'an' if fault.kind[0] in 'aeiou' else 'a'} {fault.kind}, not text"


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
    # A text file may hold characters that no workbook may.
    value = ILLEGAL_CHARACTERS_RE.sub("", cell.value) if isinstance(cell.value, str) else cell.value
    same = WriteOnlyCell(sheet, value)
    # openpyxl would make a formula of a sentence that begins with "=".
    if cell.data_type == "s":
        same.data_type = "s"
    return same
