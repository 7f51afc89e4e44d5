"""Reads a sheet's cells (xlsx, csv, tsv) as they are stored: a cell is judged by what it is, not by how it looks.

pandas would hand over a formula's remembered result, the number 450001 for a file name and 12.5 for a sentence, and all
of them would pass for text.
"""

import csv
import datetime
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from plain_text import UndecodableText, decoded
from sheets.faults import DataError

WORKBOOKS = (".xlsx", ".xlsm")
# Excel parts the columns of "CSV" by the list separator of its country, those of "Unicode text" by tabs.
TEXT_FILES = {".csv": ",;\t", ".tsv": "\t", ".txt": "\t"}

_BROKEN_WORKBOOK = (zipfile.BadZipFile, zlib.error, InvalidFileException, KeyError, ValueError, SyntaxError, EOFError)
# What a cell of a text file was before its export. Persian digits are not meant: Excel makes no numbers of those.
_EXPORTED = {
    "formula": re.compile(r"=.+", re.DOTALL),
    "error value": re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)|TRUE|FALSE"),
    "number": re.compile(r"[+-]?[0-9]+"),
    "decimal number": re.compile(r"[+-]?[0-9]*[.,][0-9]+([eE][+-]?[0-9]+)?"),
    "date": re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}([ T][0-9:.]+)?"),
}


@dataclass(frozen=True)
class Cell:
    """A cell's content as text, and what keeps it from being text: a kind of :data:`sheets.faults.KINDS`, or empty."""

    text: str
    fault: str = ""


EMPTY = Cell("", "empty cell")


def judge_value(value: Any) -> Cell:
    """Judges a value that was typed when it was stored.

    Args:
        value: Of a workbook's cell or a data set's column.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return EMPTY
    if isinstance(value, str):
        return Cell(value)
    if isinstance(value, bool):
        return Cell(str(value).upper(), "error value")
    if isinstance(value, int):
        return Cell(str(value), "number")
    if isinstance(value, float):
        # Excel stores every number as a double; openpyxl gives those without a fraction as int, others may not.
        return Cell(str(int(value)), "number") if value.is_integer() else Cell(repr(value), "decimal number")
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return Cell(str(value), "date")
    return Cell(f"({type(value).__name__})", "error value")


def workbook_table(path: Path, sheet: str | None) -> tuple[str, list[tuple[int, list[Cell]]]]:
    """Reads one sheet of a workbook.

    Args:
        path: An ``.xlsx`` or ``.xlsm`` file.
        sheet: Name of the sheet; None for the first.

    Returns:
        The sheet's name, and Excel's number and the cells of every row that is not empty.

    Raises:
        DataError: It is no workbook, or has no such sheet.
    """
    title, rows = _workbook_rows(path, sheet)
    return title, _filled((number, [_judge_cell(cell) for cell in row]) for number, row in enumerate(rows, start=1))


@dataclass(frozen=True)
class RawText:
    """A text file's cell in the form of a workbook's."""

    value: str | None
    data_type: str = "s"


def raw_rows(path: Path, sheet: str | None = None) -> tuple[str, list[list[Any]]]:
    """Returns a sheet's name and all its rows as they are, empty ones too, for whoever copies it.

    Args:
        path: A workbook or a text file, as `workbook_table` and `text_table` take it.
        sheet: Its name inside a workbook; None for the first.

    Returns:
        The name, and rows of objects with the attributes ``value`` and ``data_type`` of openpyxl's cells.

    Raises:
        DataError: As theirs.
    """
    if path.suffix.lower() in WORKBOOKS:
        return _workbook_rows(path, sheet)
    rows = [[RawText(text or None) for text in cells] for _, cells in _text_rows(path)]
    return re.sub(r"[][:*?/\\]", "_", path.stem)[:31], rows  # what Excel allows in a title, and as much


def _workbook_rows(path: Path, sheet: str | None) -> tuple[str, list[list[Any]]]:
    try:
        with warnings.catch_warnings():
            # openpyxl warns of every extension that it would not write back (data validation, conditional formats).
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(path, read_only=True)
            names = [worksheet.title for worksheet in workbook.worksheets]
            if sheet is not None and sheet not in names:
                raise DataError(f"{path.name} has no sheet '{sheet}'; its sheets are: {', '.join(names)}.")
            worksheet = workbook[sheet or names[0]]
            # Some programs state a range that is smaller than what the sheet holds.
            worksheet.reset_dimensions()
            rows = [list(row) for row in worksheet.rows]
            workbook.close()
    except DataError:
        raise
    except _BROKEN_WORKBOOK as error:
        raise DataError(
            f"{path.name} cannot be read as an Excel workbook; save it anew in Excel as .xlsx, without a password."
        ) from error
    return worksheet.title, rows


def text_table(path: Path) -> list[tuple[int, list[Cell]]]:
    """Reads a text file of rows, UTF-8, or UTF-16 with its byte order mark.

    Args:
        path: A ``.csv`` file parted by commas, semicolons or tabs, whichever its first line has most of, or a ``.tsv``.

    Returns:
        Number and cells of every row that is not empty; the number is Excel's, where a line break inside a cell begins
        no new row.

    Raises:
        DataError: The encoding is another one, or a quotation mark is never closed.
    """
    return _filled((number, [_judge_text(cell) for cell in cells]) for number, cells in _text_rows(path))


def _text_rows(path: Path) -> list[tuple[int, list[str]]]:
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = decoded(content, encoding)
    except UndecodableText as error:
        raise DataError(f"{path.name} {error}; in Excel, save it as 'CSV UTF-8' or as a workbook.") from error
    first_line = text.split("\n", 1)[0]
    delimiter = max(TEXT_FILES[path.suffix.lower()], key=first_line.count)
    rows, number = [], 0
    try:
        # Strict: otherwise a quotation mark that is never closed takes the rest of the file into one cell.
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            rows.append((number, cells))
    except csv.Error as error:
        raise DataError(f"{path.name} is broken from row {number + 1} on ({error}).") from error
    return rows


def _judge_cell(cell: Any) -> Cell:
    if cell.data_type == "f":
        formula = cell.value if isinstance(cell.value, str) else "{…}"
        return Cell(formula, "formula")
    if cell.data_type == "e":
        return Cell(str(cell.value), "error value")
    return judge_value(cell.value)


def _judge_text(text: str) -> Cell:
    stripped = text.strip()
    if not stripped:
        return EMPTY
    return Cell(text, next((kind for kind, pattern in _EXPORTED.items() if pattern.fullmatch(stripped)), ""))


def _filled(rows: Iterable[tuple[int, list[Cell]]]) -> list[tuple[int, list[Cell]]]:
    return [(number, cells) for number, cells in rows if any(cell != EMPTY for cell in cells)]
