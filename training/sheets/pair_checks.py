"""What shows only where rows are compared, with their clips or with one another: pace, duplicates, contradictions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from najva.persian import normalize
from sheets.clip_checks import ClipFacts
from sheets.faults import Fault
from sheets.speech_data import Clip
from sheets.splits import Split
from sheets.text_checks import letters
from sheets.transcripts import SheetRow

T = TypeVar("T")


def check_pace(
    rows: Iterable[SheetRow], facts: Mapping[int, ClipFacts], *, slowest: float, fastest: float
) -> list[Fault]:
    """Compares the length of each text with that of its clip.

    Persian writes few of its vowels: 1,447 real and neural clips have 3.3 to 11.2 letters a second, half of them 6.5 to
    8; a synthesiser at twice its usual pace 18.

    Args:
        rows: Rows of a sheet.
        facts: What was measured of each row's clip; rows without facts or text are passed over.
        slowest: Letters a second below which a row is "too slow".
        fastest: Letters a second above which it is "too fast".
    """
    faults = []
    for row in rows:
        if row.row not in facts or not row.text:
            continue
        seconds, count = facts[row.row].seconds, letters(row.text)
        pace = count / seconds
        if pace > fastest or pace < slowest:
            kind = "too fast" if pace > fastest else "too slow"
            faults.append(Fault(row.row, "text", kind, f"{count} letters in {seconds:.1f} s, {pace:.1f} a second"))
    return faults


def check_duplicates(rows: Sequence[SheetRow], facts: Mapping[int, ClipFacts]) -> list[Fault]:
    """Finds clips that stand in the sheet twice, in name, in sound or in words.

    Texts are the same if they are under ``fa-v1``. The same sound with different texts is a fault of every row that has
    it, since nothing tells which is right; of a file that is listed twice with the same text the first row is kept.

    Args:
        rows: Rows without a fatal fault.
        facts: What was measured of each row's clip.

    Returns:
        Faults, each naming the row that it is compared with.
    """
    faults = []
    words = {row.row: normalize(row.text, "fa-v1") for row in rows}
    left_out = set()
    for same in _alike(rows, lambda row: facts[row.row].sha256):
        if len({words[row.row] for row in same}) == 1:
            continue
        for row in same:
            other = next(other for other in same if words[other.row] != words[row.row])
            faults.append(
                Fault(row.row, "audio", "contradiction", f"row {other.row} has the same sound, “{other.text}”")
            )
            left_out.add(row.row)
    for first, *others in _alike(rows, lambda row: row.id):
        repeated = [row for row in others if row.row not in left_out]
        faults += [Fault(row.row, "audio", "listed twice", f"stands in row {first.row}") for row in repeated]
        left_out.update(row.row for row in repeated)
    kept = [row for row in rows if row.row not in left_out]
    for first, *others in _alike(kept, lambda row: facts[row.row].sha256):
        detail = f"sounds as row {first.row}, {first.id}"
        faults += [Fault(row.row, "audio", "duplicate audio", detail) for row in others]
    copies = {fault.row for fault in faults}
    for first, *others in _alike([row for row in kept if row.row not in copies], lambda row: words[row.row]):
        detail = f"says what row {first.row} says"
        faults += [Fault(row.row, "text", "duplicate transcript", detail) for row in others]
    return faults


def check_leaks(clips: Sequence[Clip], split: Split) -> list[Fault]:
    """Finds test clips whose sound or sentence is on another side too, as only a split stated by the sheet can have it.

    Args:
        clips: The clips of the split.
        split: The split.
    """
    side = split.side()
    faults = {}
    keys = {"audio": lambda clip: clip.sha256, "text": lambda clip: normalize(clip.text, "fa-v1")}
    for column, key in keys.items():
        for same in _alike(clips, key):
            others = [clip for clip in same if side[clip.id] != "test"]
            for clip in same if others else ():
                if side[clip.id] == "test":
                    detail = f"row {others[0].row}, for {side[others[0].id]}, has the same {column}"
                    faults.setdefault(clip.row, Fault(clip.row, column, "leak", detail))
    return list(faults.values())


def _alike(items: Iterable[T], key: Callable[[T], str]) -> list[list[T]]:
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return [group for group in groups.values() if len(group) > 1]
