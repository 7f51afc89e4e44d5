"""Sentences that somebody mended as rows of a transcript sheet with their clips: what the training jobs read.

The archive holds `speech.xlsx` with the columns `audio`, `text` and `recording`, and the clips that it names, so that
`training/prepare_transcripts.py --workbook speech.xlsx` takes it as it is unpacked.
"""

import io
import math
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from najva.audio import AudioError
from najva.vad import SAMPLE_RATE_HZ

# Whisper hears 30 s at once, so no longer clip can be trained on.
MAX_CLIP_SECONDS = 30.0
# The archive is held in memory and goes to the browser in one piece: half an hour is about 30 MB.
MAX_SECONDS = 1800.0
MAX_LETTERS = 1000
MAX_ROWS = 2000
# Shorter is no sentence, and a clip of no sample could be none.
MIN_CLIP_SECONDS = 0.1
_HEADERS = ("audio", "text", "recording")


class RowError(ValueError):
    """Rows cannot be packed; one sentence says why."""


@dataclass(frozen=True)
class Row:
    """A sentence and where it is said, in seconds from the recording's start."""

    start: float
    end: float
    text: str


def read_rows(found: object) -> list[Row]:
    """Return rows in order of time, from what a page sent as JSON: a list of `{"start", "end", "text"}`.

    Raises:
        RowError: there are none, or one is not of that form or longer than can be trained on.
    """
    if isinstance(found, list) and len(found) > MAX_ROWS:
        raise RowError(f"These are {len(found)} rows; up to {MAX_ROWS} can be taken at a time.")
    try:
        rows = [Row(float(one["start"]), float(one["end"]), _cleaned(str(one["text"]))) for one in found]
    except (TypeError, LookupError, ValueError) as error:
        raise RowError("These rows are not of the page's form.") from error
    rows = sorted((row for row in rows if row.text), key=lambda row: row.start)
    if not rows:
        raise RowError("Mend a sentence, or mark one as right, first.")
    for row in rows:
        if not (0 <= row.start < row.end - MIN_CLIP_SECONDS < math.inf) or len(row.text) > MAX_LETTERS:
            raise RowError("These rows are not of the page's form.")
        if row.end - row.start > MAX_CLIP_SECONDS:
            at = f"{int(row.start) // 60}:{int(row.start) % 60:02}"
            raise RowError(f"The sentence at {at} is longer than {MAX_CLIP_SECONDS:g} seconds: leave it out.")
    if sum(row.end - row.start for row in rows) > MAX_SECONDS:
        raise RowError(f"These rows are longer than {MAX_SECONDS / 60:g} minutes together: take fewer at a time.")
    return rows


def pack(blocks: Iterable[np.ndarray], rows: Sequence[Row], name: str) -> bytes:
    """Return a ZIP archive of the sheet and its clips, FLAC of 16 bits at 16 kHz.

    Args:
        blocks: the recording, float32 (samples,) at 16 kHz, whose concatenation it is.
        rows: see `read_rows`.
        name: of the recording.

    Raises:
        AudioError: as the blocks do, or a row begins after the recording's end.
    """
    name = re.sub(r"[^\w.-]+", "-", name).strip(".-") or "recording"
    book = Workbook()
    sheet = book.active
    sheet.append(_HEADERS)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as files:
        for number, (row, clip) in enumerate(zip(rows, _clips(blocks, rows), strict=True), 1):
            path = f"clips/{name}-{number:04}.flac"
            files.writestr(path, _flac(clip))
            for column, value in enumerate((path, row.text, name), 1):
                cell = sheet.cell(number + 1, column, value)
                # What begins with = would be a formula to Excel.
                cell.data_type = "s"
        written = io.BytesIO()
        book.save(written)
        files.writestr("speech.xlsx", written.getvalue())
    return archive.getvalue()


def _clips(blocks: Iterable[np.ndarray], rows: Sequence[Row]) -> Iterable[np.ndarray]:
    """Yield each row's samples; of the recording no more than one row needs is held."""
    held, first = np.empty(0, np.float32), 0
    blocks = iter(blocks)
    for row in rows:
        start, end = round(row.start * SAMPLE_RATE_HZ), round(row.end * SAMPLE_RATE_HZ)
        while first + held.size < end and (block := next(blocks, None)) is not None:
            kept = held[max(0, start - first) :]
            first += held.size - kept.size
            held = np.concatenate([kept, block])
        clip = held[max(0, start - first) : max(0, end - first)]
        if not clip.size:
            raise AudioError("A row begins after the recording's end: write the recording down again.")
        yield clip


def _flac(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _cleaned(text: str) -> str:
    """Return a sentence in one line, without what no sheet can hold."""
    return " ".join(ILLEGAL_CHARACTERS_RE.sub("", text.encode("utf-8", "ignore").decode("utf-8")).split())
