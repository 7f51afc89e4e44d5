"""Clips: finding them, measuring them, and what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_sheets import voice, write_clip

from sheets.clip_checks import find_clips, measure_clips
from sheets.transcripts import SheetRow


def _measure(*paths: Path, **limits):
    return measure_clips(dict(enumerate(paths)), **({"min_seconds": 0.3, "max_seconds": 30} | limits))


def _rows(*names):
    return [SheetRow(row, name, "سلام") for row, name in enumerate(names, start=2)]


def test_facts_of_real_clips(test_data):
    facts, faults = _measure(
        test_data / "persian_clips/read/Ardalan01.mp3", test_data / "persian_clips/informal/1-10.mp3"
    )
    assert faults == []
    assert [facts[number].sample_rate_hz for number in (0, 1)] == [48000, 44100]
    assert all(3 < facts[number].seconds < 10 and 0.05 < facts[number].peak < 1 for number in (0, 1))


def test_no_real_clip_is_called_faulty(test_data):
    paths = sorted((test_data / "persian_clips").glob("read/*.mp3"))
    paths += sorted((test_data / "persian_neural_voice" / "clips").glob("0*.mp3"))
    facts, faults = _measure(*paths)
    assert len(facts) == len(paths) > 100 and faults == []


def test_odd_files(test_data):
    facts, faults = _measure(*(test_data / "odd_audio" / name for name in ("bad.wav", "null.wav", "stereo_54khz.wav")))
    assert [fault.row for fault in faults if fault.kind == "unreadable"] == [0, 1]
    assert facts[2].sample_rate_hz == 54000


def test_the_hash_is_of_the_sound_not_of_the_file(tmp_path):
    for name in ("a.wav", "b.flac"):
        write_clip(tmp_path / name, voice(1))
    write_clip(tmp_path / "c.wav", voice(2))
    facts, _ = _measure(*(tmp_path / name for name in ("a.wav", "b.flac", "c.wav")))
    assert facts[0].sha256 == facts[1].sha256 != facts[2].sha256


@pytest.mark.parametrize(
    ("seconds", "kind"), [(0.29, "too short"), (0.3, None), (30.0, None), (30.001, "too long"), (31.0, "too long")]
)
def test_lengths(tmp_path, seconds, kind):
    write_clip(tmp_path / "clip.wav", voice(1, seconds))
    _, faults = _measure(tmp_path / "clip.wav")
    assert [fault.kind for fault in faults] == ([kind] if kind else [])


def test_how_long_a_long_clip_is(tmp_path):
    write_clip(tmp_path / "clip.flac", voice(1, 95))
    (fault,) = _measure(tmp_path / "clip.flac")[1]
    assert (fault.kind, fault.detail) == ("too long", "95.00 s")


def test_what_the_headers_say_too_much_is_no_fault(tmp_path):
    """Opus counts the silence before the first sample, which its decoder takes away."""
    path = tmp_path / "clip.ogg"
    soundfile.write(path, voice(1, 29.995), 16000, format="OGG", subtype="OPUS")
    facts, faults = _measure(path)
    assert not faults
    assert [round(fact.seconds, 2) for fact in facts.values()] == [pytest.approx(30, abs=0.02)]


@pytest.mark.parametrize(
    ("waveform", "silent"),
    [
        (np.zeros(16000), True),
        (np.full(16000, 0.3), True),
        (voice(1, 1) * 0.01, True),
        (voice(1, 1) * 0.1, False),
    ],
)
def test_silence_is_a_matter_of_level_without_the_offset(tmp_path, waveform, silent):
    write_clip(tmp_path / "clip.wav", waveform)
    assert [fault.kind for fault in _measure(tmp_path / "clip.wav")[1]] == (["silent"] if silent else [])


@pytest.mark.parametrize("gain_db", [6, 12, 20])
@pytest.mark.parametrize("level", [1.0, 0.4])
def test_peaks_that_are_cut_off(test_data, tmp_path, gain_db, level):
    from najva import audio

    waveform, rate_hz = audio.read(test_data / "persian_clips" / "read" / "Ardalan01.mp3")
    waveform /= np.abs(waveform).max()
    write_clip(tmp_path / "fine.wav", waveform * level, rate_hz)
    write_clip(tmp_path / "loud.wav", np.clip(waveform * 10 ** (gain_db / 20), -1, 1) * level, rate_hz)
    _, faults = _measure(tmp_path / "fine.wav", tmp_path / "loud.wav")
    assert [(fault.row, fault.kind) for fault in faults] == [(1, "clipped")]


def test_clips_are_found_from_above_and_from_inside_their_folder(tmp_path):
    write_clip(tmp_path / "myaudio" / "1.wav", voice(1))
    rows = _rows("myaudio/1.wav", "")
    for folder in (tmp_path, tmp_path / "myaudio"):
        paths, faults = find_clips(rows, folder)
        assert paths[2].samefile(tmp_path / "myaudio" / "1.wav") and not faults
    paths, faults = find_clips(_rows("other/1.wav"), tmp_path / "myaudio")
    assert not paths and "no folder other" in faults[0].detail


def test_a_missing_clip_gets_a_hint(tmp_path):
    write_clip(tmp_path / "Clip1.WAV", voice(1))
    for name in ("clip1.wav", "Clip1.mp3", "Clip1"):
        paths, (fault,) = find_clips(_rows(name), tmp_path)
        assert not paths and fault.kind == "missing"
        assert "but there is Clip1.WAV" in fault.detail
    assert "but" not in find_clips(_rows("other.wav"), tmp_path)[1][0].detail
