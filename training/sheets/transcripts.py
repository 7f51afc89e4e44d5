"""The rows of a transcript sheet, each with Excel's own row number, and what is wrong with their cells.

What is wrong comes back as :class:`sheets.faults.Fault` beside the rows; only a file that has not the wanted columns is
an error. The clips themselves are another matter: :mod:`sheets.clip_checks`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from najva.persian import normalize
from sheets.faults import DataError, Fault
from sheets.sheet_cells import EMPTY, TEXT_FILES, WORKBOOKS, Cell, text_table, workbook_table

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
OPTIONAL_COLUMNS = ("speaker", "recording", "split")


@dataclass(frozen=True)
class SheetRow:
    """One row of a sheet; a cell that holds no text is empty here and has its fault elsewhere.

    Attributes:
        row: Excel's row number.
        id: The audio cell with forward slashes, such as ``myaudio/450001.wav``.
        text: What is said, whitespace put in order (rule ``raw``), otherwise as typed.
        speaker: Who speaks, or empty.
        recording: What the clip was cut from, or empty.
        split: ``train``, ``validation``, ``test``, or empty.
    """

    row: int
    id: str
    text: str
    speaker: str = ""
    recording: str = ""
    split: str = ""


@dataclass(frozen=True)
class Transcripts:
    """A sheet as it was read.

    Attributes:
        rows: Every row that holds anything in the columns that are read, in the sheet's order.
        faults: What is wrong with their cells.
        columns: Which of :data:`OPTIONAL_COLUMNS` the sheet has.
        origin: What was read, for ``source.json``: file name, sha256, sheet.
    """

    rows: list[SheetRow]
    faults: list[Fault]
    columns: tuple[str, ...] = ()
    origin: dict[str, Any] = field(default_factory=dict)


def workbook_sha256(path: Path) -> str:
    """Returns by what data know the sheet that they were prepared from."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_transcripts(
    path: Path, *, audio_column: str = "audio", text_column: str = "text", sheet: str | None = None
) -> Transcripts:
    """Reads a sheet; its first row that is not empty names the columns, in any order and case.

    Args:
        path: ``.xlsx``, ``.xlsm``, ``.csv``, ``.tsv``.
        audio_column: Header of the file names.
        text_column: Header of the sentences.
        sheet: Name of the sheet inside a workbook; None for the first.

    Returns:
        Rows and faults; neither if there are none below the header.

    Raises:
        DataError: The file cannot be read, or it has not both columns exactly once.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise DataError(f"There is no file {path}; --workbook names the transcript sheet.")
    if suffix not in (*WORKBOOKS, *TEXT_FILES):
        raise DataError(f"{path.name} is no .xlsx, .csv or .tsv file; open it in Excel and save it as one of these.")
    if suffix in TEXT_FILES and sheet:
        raise DataError(f"{path.name} is a text file and has no sheets; leave --sheet out.")
    if suffix in WORKBOOKS:
        sheet, table = workbook_table(path, sheet)
    else:
        table = text_table(path)
    if not table:
        raise DataError(f"{path.name} is empty.")
    (_, header), *body = table
    places = _column_places([cell.text for cell in header], audio_column, text_column, path.name)
    cells = ((number, {name: row[at] for name, at in places.items() if at < len(row)}) for number, row in body)
    origin = {"workbook": path.name, "sheet": sheet, "workbook_sha256": workbook_sha256(path)}
    return collect_rows(cells, places, origin)


def collect_rows(rows: Iterable[tuple[int, Mapping[str, Cell]]], columns: Iterable[str], origin: dict) -> Transcripts:
    """Makes rows of judged cells.

    Args:
        rows: Number and cells by column, for each row; rows whose cells are all empty are passed over.
        columns: The columns that there are: ``audio``, ``text`` and any of :data:`OPTIONAL_COLUMNS`.
        origin: What was read.
    """
    columns = tuple(columns)
    found, faults = [], []
    for number, cells in rows:
        cells = {name: cells.get(name, EMPTY) for name in columns}
        if all(cell == EMPTY for cell in cells.values()):
            continue
        own_faults = {name: fault for name, cell in cells.items() if (fault := _cell_fault(number, name, cell))}
        texts = dict.fromkeys(OPTIONAL_COLUMNS, "")
        texts |= {name: "" if name in own_faults else cell.text.strip() for name, cell in cells.items()}
        row = SheetRow(
            row=number,
            id=str(PurePosixPath(texts["audio"].replace("\\", "/"))) if texts["audio"] else "",
            text=normalize(texts["text"], "raw"),
            speaker=texts["speaker"],
            recording=texts["recording"],
            split=SPLIT_NAMES.get(texts["split"].casefold(), ""),
        )
        faults += own_faults.values()
        if "text" not in own_faults and row.text != cells["text"].text:
            faults.append(Fault(number, "text", "stray spaces", _stray_spaces(cells["text"].text)))
        found.append(row)
    return Transcripts(found, faults, tuple(name for name in OPTIONAL_COLUMNS if name in columns), origin)


def _cell_fault(number: int, column: str, cell: Cell) -> Fault | None:
    """A speaker or a recording may well have a number for a name, or none at all; a file and a sentence may not."""
    if column == "split" and cell != EMPTY and cell.text.strip().casefold() not in SPLIT_NAMES:
        return Fault(number, column, "unknown split", f"“{_shown(cell.text)}” is neither train, validation nor test")
    if not cell.fault or (column in OPTIONAL_COLUMNS and cell.fault in ("empty cell", "number")):
        return None
    if cell == EMPTY:
        return Fault(number, column, "empty cell", "nothing stands there")
    return Fault(number, column, cell.fault, f"“{_shown(cell.text)}” stands there")


def _column_places(header: list[str], audio_column: str, text_column: str, where: str) -> dict[str, int]:
    names = [name.strip().casefold() for name in header]
    columns = {"audio": audio_column, "text": text_column} | {name: name for name in OPTIONAL_COLUMNS}
    places = {}
    for name, wanted in columns.items():
        count = names.count(wanted.strip().casefold())
        if count > 1:
            raise DataError(f"{where} has {count} columns '{wanted}'; rename all but one.")
        if not count and name in ("audio", "text"):
            listed = ", ".join(f"'{name.strip()}'" for name in header if name.strip())
            raise DataError(f"{where} has no column '{wanted}', only {listed}; name yours by --{name}-column.")
        if count:
            places[name] = names.index(wanted.strip().casefold())
    return places


def _stray_spaces(text: str) -> str:
    inside = normalize(text, "raw") != text.strip()
    places = [place for place, found in (("at the edges", text != text.strip()), ("inside", inside)) if found]
    return f"{' and '.join(places)}: “{_shown(text)}”"


def _shown(text: str) -> str:
    """A cell's text, short and on one line."""
    line = text.replace("\n", "⏎").replace("\t", "⇥")
    return line if len(line) <= 60 else f"{line[:57]}…"
