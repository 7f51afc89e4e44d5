"""Mended sentences as rows of a sheet with their clips."""

import io
import math
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from najva.audio import AudioError
from najva.sheet_rows import MAX_CLIP_SECONDS, Row, RowError, pack, read_rows
from sheets.transcripts import read_transcripts

RATE_HZ = 16000
# Each second of it is told by its level.
SOUND = np.repeat(np.arange(60, dtype=np.float32) / 100, RATE_HZ)


def unpacked(archive: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        files.extractall(folder)
    return folder


def blocks(seconds: float) -> list[np.ndarray]:
    return np.split(SOUND, range(round(seconds * RATE_HZ), SOUND.size, round(seconds * RATE_HZ)))


@pytest.mark.parametrize("block_seconds", [0.37, 5, 60])
def test_each_row_has_its_own_sound(tmp_path: Path, block_seconds: float) -> None:
    rows = [Row(2, 4, "یک"), Row(3, 5, "دو"), Row(17.5, 41.5, "سه"), Row(58, 61, "چهار")]
    folder = unpacked(pack(blocks(block_seconds), rows, "سخن.rani/1"), tmp_path)
    table = pd.read_excel(folder / "speech.xlsx")
    assert list(table) == ["audio", "text", "recording"]
    assert list(table["text"]) == ["یک", "دو", "سه", "چهار"]
    assert set(table["recording"]) == {"سخن.rani-1"}
    levels = []
    for path in table["audio"]:
        samples, rate_hz = soundfile.read(folder / path)
        assert rate_hz == RATE_HZ
        levels.append((samples.size / RATE_HZ, round(100 * samples[0]), round(100 * samples[-1])))
    # The last one reaches beyond the end of the recording.
    assert levels == [(2, 2, 3), (2, 3, 4), (24, 17, 41), (2, 58, 59)]


def test_the_training_jobs_read_it(tmp_path: Path) -> None:
    rows = [Row(1, 3, "=SUM(A1:A9)"), Row(4, 6, "سلام، این‌جا تهران است")]
    folder = unpacked(pack([SOUND], rows, "a"), tmp_path)
    found = read_transcripts(folder / "speech.xlsx")
    assert [row.text for row in found.rows] == [row.text for row in rows]
    assert all((folder / row.id).is_file() for row in found.rows)


def test_a_row_after_the_end_is_refused() -> None:
    with pytest.raises(AudioError, match="after the recording's end"):
        pack([SOUND], [Row(61, 62, "x")], "a")


def one(**changed: object) -> dict:
    return {"start": "1.00", "end": "2.50", "text": "سلام"} | changed


def test_what_the_page_sends_is_read_in_order_of_time() -> None:
    found = read_rows([one(start="5", end="6"), one(text=" a\n\x07 b\t"), one(text="  ")])
    assert found == [Row(1.0, 2.5, "a b"), Row(5.0, 6.0, "سلام")]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "mark one as right"),
        ([one(text=" ")], "mark one as right"),
        (None, "not of the page's form"),
        (7, "not of the page's form"),
        ({"start": 1}, "not of the page's form"),
        ([one(start="x")], "not of the page's form"),
        ([one(start=-1)], "not of the page's form"),
        ([one(end="nan")], "not of the page's form"),
        ([one(end="inf")], "not of the page's form"),
        ([one(start="2.5")], "not of the page's form"),
        ([one(text="x" * 1001)], "not of the page's form"),
        ([one(end=1.5 + MAX_CLIP_SECONDS)], "The sentence at 0:01 is longer than 30 seconds"),
        ([one(start=29 * n, end=29 * n + 29) for n in range(63)], "longer than 30 minutes together"),
    ],
)
def test_other_rows_are_refused_in_a_sentence(rows: object, told: str) -> None:
    with pytest.raises(RowError, match=told):
        read_rows(rows)


@given(
    st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_whatever_is_sent_is_read_or_refused(rows: object) -> None:
    try:
        found = read_rows(rows)
    except RowError:
        return
    assert all(row.text and math.isfinite(row.end) for row in found)
