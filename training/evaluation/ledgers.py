"""Ledgers: what was said in each clip and what one system wrote, a row per clip; every figure is computed from them.

Read as CSV or as JSON Lines, with at least the columns ``id``, ``reference`` and ``hypothesis``; ``group`` (speaker or
recording), ``sha256`` and ``seconds`` are used where they stand, all others are ignored. Written as JSON Lines. Nothing
is guessed and no row is skipped: a faulty one ends the reading with a sentence that names file and row.
"""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from metrics import word_counts
from najva.transcriber.quality import Thresholds, compression_ratio, cut_loops
from plain_text import UndecodableText, decoded
from whole_files import whole_file

COLUMNS = ("id", "reference", "hypothesis")
_OPTIONAL_COLUMNS = ("group", "sha256", "seconds")
# csv's own limit of 131,072 characters is less than what a decoder in a loop can write.
_LONGEST_CELL = 2**31 - 1


class LedgerError(ValueError):
    """A ledger that cannot be read or compared, in one sentence that names the file and the row."""


@dataclass(frozen=True)
class Row:
    """One clip as one system heard it.

    Attributes:
        id: Name of the clip, unique in its ledger.
        reference: What was said; may be empty.
        hypothesis: What was recognised; may be empty.
        group: Speaker or recording, the unit that intervals are drawn by; None if clips stand alone.
        sha256: Hash of the clip's decoded PCM, if known.
        seconds: Length of the clip, if known.
    """

    id: str
    reference: str
    hypothesis: str
    group: str | None = None
    sha256: str | None = None
    seconds: float | None = None


def read_ledger(path: str | os.PathLike) -> list[Row]:
    """Reads a ledger.

    Args:
        path: A file that ends in ``.csv`` (comma, UTF-8 with or without byte order mark, a header) or in ``.jsonl``
            (one JSON object a line).

    Returns:
        Its rows in the file's order. Groups are either on every row or on none.

    Raises:
        LedgerError: If there is no such file, it is empty or not UTF-8, a column is missing or twice there, a row is
            broken or lacks a value, an id is empty or stands twice, or some rows have a group and some do not.
    """
    path = Path(path)
    if path.suffix.lower() not in _READERS:
        raise LedgerError(f"{path} is no ledger: its name must end in .csv or .jsonl.")
    if not path.is_file():
        raise LedgerError(f"There is no ledger {path}.")
    try:
        text = decoded(path.read_bytes())
    except UndecodableText as error:
        raise LedgerError(f"{path} {error}; save it as UTF-8, in Excel as 'CSV UTF-8'.") from None
    if not text.strip():
        raise LedgerError(f"{path} is empty.")
    rows, places = [], {}
    for place, cells in _READERS[path.suffix.lower()](text, path):
        row = _row(cells, f"{path}, {place}")
        if row.id in places:
            raise LedgerError(f"{path}, {place}: the id {row.id!r} stands already in {places[row.id]}.")
        places[row.id] = place
        rows.append(row)
    if not rows:
        raise LedgerError(f"{path} has a header but no rows.")
    ungrouped = [row.id for row in rows if row.group is None]
    if 0 < len(ungrouped) < len(rows):
        raise LedgerError(f"{path}, {places[ungrouped[0]]}: no group, though other rows have one.")
    return rows


def write_ledger(path: str | os.PathLike, rows: Sequence[Row], *, normalizer: str = "fa-v1") -> None:
    """Writes a ledger as JSON Lines, whole or not at all.

    A line has the row's own values, its word edits ``substitutions``, ``deletions`` and ``insertions``, ``loop`` (see
    :func:`is_loop`), and ``normalizer``, the rule that the edits were counted under.

    Args:
        path: Where to; ends in ``.jsonl``. Its folder is made if need be.
        rows: At least one row.
        normalizer: Name of a rule in :data:`najva.persian.NORMALIZERS`.

    Raises:
        ValueError: If there are no rows, an id stands twice, or no rule has that name.
        OSError: If the file cannot be written; what stood there before still does.
    """
    twice = [name for name, times in Counter(row.id for row in rows).items() if times > 1]
    if twice:
        raise ValueError(f"The id {twice[0]!r} stands on two rows.")
    counts = word_counts([row.reference for row in rows], [row.hypothesis for row in rows], normalizer=normalizer)
    lines = [
        json.dumps(
            {
                "id": row.id,
                "sha256": row.sha256,
                "group": row.group,
                "reference": row.reference,
                "hypothesis": row.hypothesis,
                "substitutions": edits.substitutions,
                "deletions": edits.deletions,
                "insertions": edits.insertions,
                "seconds": row.seconds,
                "loop": is_loop(row.hypothesis, row.reference),
                "normalizer": normalizer,
            },
            ensure_ascii=False,
        )
        for row, edits in zip(rows, counts, strict=True)
    ]
    with whole_file(path) as unfinished:
        unfinished.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def is_loop(hypothesis: str, reference: str = "") -> bool:
    """Whether a decoder repeats itself where the speaker does not.

    Either a phrase stands many times in a row, or the text compresses better than Whisper's threshold allows. What
    holds for the reference too is no loop: a speaker may say "no" eight times, and a minute and a half of honest
    Persian comes near that threshold (a reading of 102 s has 2.38 of 2.4), so the text must beat its reference by a
    fifth.

    Args:
        hypothesis: What was recognised.
        reference: What was said, if known.

    Returns:
        True for a loop.
    """
    if cut_loops(hypothesis)[1] and not cut_loops(reference)[1]:
        return True
    return compression_ratio(hypothesis) > max(Thresholds().compression_ratio, 1.2 * compression_ratio(reference))


def _csv_rows(text: str, path: Path) -> Iterator[tuple[str, dict]]:
    csv.field_size_limit(_LONGEST_CELL)
    # Strict: otherwise a quote that is never closed takes the rest of the file into one cell.
    reader = enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1)
    number = 1
    try:
        _, header = next(reader)
        header = [name.strip() for name in header]
        _check_columns(header, str(path))
        for number, cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise LedgerError(
                    f"{path}, row {number}: {len(cells)} cells under {len(header)} columns; "
                    "a text with a comma, a quote or a line break must stand in double quotes."
                )
            yield f"row {number}", dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise LedgerError(f"{path}, row {number + 1}: broken CSV ({error}).") from None


def _json_rows(text: str, path: Path) -> Iterator[tuple[str, dict]]:
    # Not splitlines(): U+2028 and its like may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LedgerError(f"{path}, line {number}: broken JSON ({error}).") from None
        if not isinstance(cells, dict):
            raise LedgerError(f"{path}, line {number}: not a JSON object but {type(cells).__name__}.")
        _check_columns(list(cells), f"{path}, line {number}")
        yield f"line {number}", cells


_READERS = {".csv": _csv_rows, ".jsonl": _json_rows}


def _check_columns(found: list[str], where: str) -> None:
    if missing := [name for name in COLUMNS if name not in found]:
        names = "', '".join(missing)
        raise LedgerError(
            f"{where}: no column '{names}'; a ledger needs {', '.join(COLUMNS)}, and found were: {', '.join(found)}."
        )
    for name in (*COLUMNS, *_OPTIONAL_COLUMNS):
        if found.count(name) > 1:
            raise LedgerError(f"{where}: the column '{name}' stands there {found.count(name)} times.")


def _row(cells: dict, where: str) -> Row:
    texts = {name: _text(cells.get(name), name, where) for name in (*COLUMNS, "group", "sha256")}
    for name in COLUMNS:
        if texts[name] is None:
            raise LedgerError(f"{where}: '{name}' is null; a clip in which nothing is heard has an empty text.")
    if not texts["id"].strip():
        raise LedgerError(f"{where}: the id is empty.")
    try:
        seconds = None if cells.get("seconds") in (None, "") else float(cells["seconds"])
    except (TypeError, ValueError):
        raise LedgerError(f"{where}: 'seconds' is no number but {cells['seconds']!r}.") from None
    return Row(
        id=texts["id"],
        reference=texts["reference"],
        hypothesis=texts["hypothesis"],
        group=texts["group"] or None,
        sha256=texts["sha256"] or None,
        seconds=seconds,
    )


def _text(value: object, name: str, where: str) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and name in ("id", "group"):
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise LedgerError(f"{where}: '{name}' is no text but {type(value).__name__}.")
    if value is not None and any("\ud800" <= char <= "\udfff" for char in value):
        raise LedgerError(f"{where}: '{name}' holds half a character (an unpaired surrogate).")
    return value
