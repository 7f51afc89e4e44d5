"""Clip sets of further sheets: their intervals are drawn by recordings where there are enough of them."""

from evaluation.system_ledgers import number_recordings
from sheets.speech_data import Clip


def clips(names: list[str]) -> list[Clip]:
    """Clips of one second under such names."""
    return [Clip(name, name, "سلام", 1.0, 16000, name, "", "", row) for row, name in enumerate(names, start=2)]


def test_recordings_are_told_apart_by_number_where_they_are_ten() -> None:
    cut = [f"{5000 * recording + number}.wav" for recording in range(1, 11) for number in range(3)]
    found = number_recordings(clips([*cut, "alone.wav"]))
    assert len({clip.recording for clip in found[:-1]}) == 10 and not found[-1].recording
    assert [clip.recording for clip in found[:3]] == ["5000…5002"] * 3
    assert not any(clip.recording for clip in number_recordings(clips(cut[:-3])))
