"""What is wrong with a row of a sheet or with its clip: data to be shown and counted, never a reason to crash.

Every kind has a verdict, decided here and nowhere else: a row is *left out* when training or testing on it would be
wrong whatever the reader thinks of it, and *kept* when a person should look and may well find it in order.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from whole_files import whole_file

LEFT_OUT, KEPT = "left out", "kept"


class DataError(ValueError):
    """Data that cannot be used as it stands; the message is one sentence that says what is wrong and what to do."""


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault: what becomes of the row, and why."""

    verdict: str
    meaning: str


KINDS = {
    "empty cell": FaultKind(LEFT_OUT, "nothing stands in the cell"),
    "number": FaultKind(LEFT_OUT, "a whole number where a name or a sentence belongs"),
    "decimal number": FaultKind(LEFT_OUT, "Excel made a decimal number of what was typed, and may have altered it"),
    "date": FaultKind(LEFT_OUT, "Excel made a date of what was typed"),
    "formula": FaultKind(LEFT_OUT, "what is shown is not what is stored: paste the formula's value in its place"),
    "error value": FaultKind(LEFT_OUT, "a formula failed (#N/A, #REF!) or a truth value stands there"),
    "unknown split": FaultKind(LEFT_OUT, "neither train, validation nor test"),
    "missing": FaultKind(LEFT_OUT, "there is no such file in the audio folder"),
    "unreadable": FaultKind(LEFT_OUT, "the file is no sound, is broken, or cannot be opened"),
    "silent": FaultKind(LEFT_OUT, "nowhere louder than -50 dB of full scale"),
    "too short": FaultKind(LEFT_OUT, "shorter than --min-seconds"),
    "too long": FaultKind(
        LEFT_OUT, "longer than --max-seconds; Whisper hears 30 s and would learn words it did not hear"
    ),
    "too fast": FaultKind(
        LEFT_OUT, "more letters a second than anybody speaks: the text is another clip's, or a cut one's"
    ),
    "label too long": FaultKind(LEFT_OUT, "more than the 448 tokens that Whisper's decoder can write"),
    "no Persian letters": FaultKind(LEFT_OUT, "digits, signs or foreign words only"),
    "listed twice": FaultKind(LEFT_OUT, "the same file with the same text stands in a row above"),
    "contradiction": FaultKind(LEFT_OUT, "the same sound with different texts: at least one is wrong"),
    "duplicate audio": FaultKind(
        KEPT, "the same sound under another name; on one side, unless the sheet states the split"
    ),
    "duplicate transcript": FaultKind(
        KEPT, "the same sentence once more; on one side, unless the sheet states the split"
    ),
    "leak": FaultKind(KEPT, "the sheet's own split puts the same sound or sentence into test and into training"),
    "clipped": FaultKind(KEPT, "recorded too loud: the waveform is cut off at its peaks"),
    "too slow": FaultKind(KEPT, "few letters for the length: words may be missing from the text"),
    "foreign letters": FaultKind(KEPT, "letters outside the Persian alphabet, scored as they are written"),
    "Arabic letters": FaultKind(KEPT, "ي, ك or Arabic digits of an Arabic keyboard; scored as the Persian ones"),
    "hidden characters": FaultKind(KEPT, "direction marks or controls that nobody sees; scored as spaces"),
    "stray spaces": FaultKind(KEPT, "spaces at the edges, doubled, or a line break; mended in the manifest"),
}
"""Every kind, in the order of the report."""


@dataclass(frozen=True)
class Fault:
    """One fault of one row.

    Attributes:
        row: Excel's row number, the header being row 1.
        column: Which of the sheet's columns it is seen in.
        kind: A key of :data:`KINDS`.
        detail: What exactly, for the person who mends the sheet.
    """

    row: int
    column: str
    kind: str
    detail: str

    @property
    def fatal(self) -> bool:
        """Whether the row is left out."""
        return KINDS[self.kind].verdict == LEFT_OUT


def refuse_fatal(name: str, faults: Iterable[Fault]) -> None:
    """Refuses a sheet of which no row may be left out.

    Args:
        name: Of the sheet.
        faults: Of its rows.

    Raises:
        DataError: A row is faulty; the first is named.
    """
    if first := next((fault for fault in faults if fault.fatal), None):
        raise DataError(f"{name}, row {first.row}: {first.kind}, {first.detail}.")


def fatal_rows(faults: Iterable[Fault]) -> set[int]:
    """Returns the numbers of the rows that are left out."""
    return {fault.row for fault in faults if fault.fatal}


def count_kinds(faults: Iterable[Fault]) -> dict[str, int]:
    """Returns the number of rows with a fault of each kind that occurs, in the order of :data:`KINDS`."""
    counts = Counter(kind for _, kind in {(fault.row, fault.kind) for fault in faults})
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Returns the faults by row, and within a row by the order of :data:`KINDS`."""
    order = {kind: number for number, kind in enumerate(KINDS)}
    return sorted(faults, key=lambda fault: (fault.row, order[fault.kind], fault.column))


def write_faults(path: Path, faults: Sequence[Fault]) -> None:
    """Writes the table ``row,column,kind,verdict,detail``, whole or not at all; UTF-8 as Excel recognises it.

    Args:
        path: Where to.
        faults: May be empty: a header alone says that there were none.
    """
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("row", "column", "kind", "verdict", "detail"))
        for fault in in_order(faults):
            writer.writerow((fault.row, fault.column, fault.kind, KINDS[fault.kind].verdict, fault.detail))
