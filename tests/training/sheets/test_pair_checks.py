"""Rows against rows and against clips: pace, duplicates, contradictions, leaks."""

import pytest

from sheets.clip_checks import ClipFacts
from sheets.pair_checks import check_duplicates, check_leaks, check_pace
from sheets.speech_data import Clip
from sheets.splits import Split
from sheets.transcripts import SheetRow


def _facts(**sounds):
    return {int(row[1:]): ClipFacts(3.0, 16000, sound, 0.5, 0.0) for row, sound in sounds.items()}


def _found(faults):
    return sorted((fault.row, fault.kind) for fault in faults)


@pytest.mark.parametrize(
    ("text", "kind"), [("بله", None), ("به", "too slow"), ("ب" * 60, None), ("ب" * 61, "too fast")]
)
def test_pace(text, kind):
    faults = check_pace([SheetRow(2, "a.wav", text)], _facts(r2="x"), slowest=1, fastest=20)
    assert [fault.kind for fault in faults] == ([kind] if kind else [])


def test_rows_without_a_clip_or_a_text_have_no_pace():
    assert check_pace([SheetRow(2, "a", "ب" * 99), SheetRow(3, "b", "")], _facts(r3="x"), slowest=1, fastest=20) == []


def test_duplicates():
    rows = [
        SheetRow(2, "a.wav", "یکی بود"),
        SheetRow(3, "b.wav", "يكي بود."),  # Arabic letters: the same under fa-v1
        SheetRow(4, "c.wav", "یکی بود"),
        SheetRow(5, "d.wav", "یکی نبود"),
        SheetRow(6, "d.wav", "یکی نبود"),
    ]
    faults = check_duplicates(rows, _facts(r2="x", r3="x", r4="y", r5="z", r6="z"))
    assert _found(faults) == [(3, "duplicate audio"), (4, "duplicate transcript"), (6, "listed twice")]
    assert "row 2" in faults[-1].detail


def test_the_same_sound_with_two_texts_is_left_out_whatever_the_names():
    rows = [
        SheetRow(2, "a.wav", "بله"),
        SheetRow(3, "a.wav", "نه"),
        SheetRow(4, "b.wav", "نه"),
        SheetRow(5, "c.wav", "نه"),
    ]
    faults = check_duplicates(rows, _facts(r2="x", r3="x", r4="x", r5="y"))
    assert _found(faults) == [(2, "contradiction"), (3, "contradiction"), (4, "contradiction")]


def test_which_rows_are_left_out_does_not_depend_on_their_order():
    texts = {"a": "بله", "b": "نه", "c": "شاید"}
    for order in ("abc", "cba", "bca"):
        rows = [SheetRow(number, f"{name}.wav", texts[name]) for number, name in enumerate(order, start=2)]
        facts = {row.row: ClipFacts(3.0, 16000, "y" if row.id == "c.wav" else "x", 0.5, 0.0) for row in rows}
        left_out = {row.id for row in rows for fault in check_duplicates(rows, facts) if fault.row == row.row}
        assert left_out == {"a.wav", "b.wav"}


def test_leaks_are_told_of_test_clips():
    def clip(row, name, text, sound):
        return Clip(name, name, text, 3.0, 16000, sound, "", "", row)

    clips = [clip(2, "a", "بله", "x"), clip(3, "b", "بله.", "y"), clip(4, "c", "نه", "x"), clip(5, "d", "شاید", "z")]
    assert check_leaks(clips, Split(0, None, test=("d",), validation=("c",), train=("a", "b"))) == []
    (fault,) = check_leaks(clips, Split(0, None, test=("a", "d"), validation=("c",), train=("b",)))
    assert (fault.row, fault.column, fault.kind) == (2, "audio", "leak")
    assert "row 4, for validation" in fault.detail
