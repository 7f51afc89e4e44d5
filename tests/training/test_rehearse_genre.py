"""A rehearsal at full size: variants are of their song, stay on its side, and everything made of them says so."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

import rehearse_genre
import train_genre
from evaluate_genre import EvaluateOptions, evaluate_run
from genre.genre_run import run_title
from genre.variants import CHANGES, RATE_HZ, variant
from najva import audio
from publishing.genre_staging import stage_genre
from run_record import read_record
from tests.training.made_songs import GENRES, make_songs, song


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty files of fifteen songs."""
    folder = tmp_path_factory.mktemp("rehearsal")
    songs = make_songs(folder / "songs")
    command = ["--audio-folder", str(songs), "--output", str(folder / "made"), "--songs", "10", "--seconds", "4"]
    assert rehearse_genre.main(command) == 0
    return folder


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_heard_and_is_still_that_song(name: str) -> None:
    waveform = song("deep", 0)
    changed = CHANGES[name](waveform, np.random.default_rng(1))
    assert 0.8 < changed.size / waveform.size < 1.25 and np.isfinite(changed).all()
    one, other = (np.abs(np.fft.rfft(some[:100_000], norm="ortho")) for some in (waveform, changed))
    assert np.abs(one - other).max() > 0.1 * one.max()
    # Three semitones and the notes of a chord.
    assert 0.6 < other.argmax() / one.argmax() < 1.7


def test_a_variant_has_its_length_and_is_drawn_by_its_seed() -> None:
    waveform = song("high", 1)
    made = [variant(waveform, np.random.default_rng(seed), 5 * RATE_HZ) for seed in (3, 3, 4)]
    assert all(one.size == 5 * RATE_HZ and np.abs(one).max() <= 1 for one in made)
    assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], made[2])


def test_every_genre_has_its_files_and_the_songs_themselves(rehearsal: Path) -> None:
    made = rehearsal / "made"
    assert {genre: len(list((made / genre).glob("*.wav"))) for genre in GENRES} == dict.fromkeys(GENRES, 10)
    waveform, rate = audio.read(made / "deep" / "deep.00003.v00.wav")
    assert rate == RATE_HZ and waveform.size == 4 * RATE_HZ
    np.testing.assert_allclose(waveform, song("deep", 3)[: waveform.size], atol=1e-4)
    assert "deep/deep.00003.v01.wav,,deep/deep.00003.wav" in (made / "artists.csv").read_text(encoding="utf-8")


def test_it_goes_on_where_it_stopped_and_is_not_mixed_with_another(rehearsal: Path, capsys) -> None:
    made = rehearsal / "made"
    command = ["--audio-folder", str(rehearsal / "songs"), "--output", str(made), "--songs", "10", "--seconds", "4"]
    gone, kept = made / "high" / "high.00001.v01.wav", made / "high" / "high.00002.v01.wav"
    before, written = gone.read_bytes(), kept.stat().st_mtime_ns
    gone.unlink()
    assert rehearse_genre.main(command) == 0
    assert gone.read_bytes() == before and kept.stat().st_mtime_ns == written
    assert rehearse_genre.main([*command, "--seed", "1"]) == 1
    assert "name another --output" in capsys.readouterr().err


def test_one_that_was_not_finished_trains_nothing(rehearsal: Path, tmp_path: Path, capsys) -> None:
    half = shutil.copytree(rehearsal / "made", tmp_path / "half")
    (half / "artists.csv").unlink()
    command = ["--audio-folder", str(half), "--architecture", "cnn", "--output", str(tmp_path / "run")]
    assert train_genre.main(command) == 1
    assert "rehearsal that was not finished" in capsys.readouterr().err


def test_songs_that_differ_in_their_ending_alone_have_files_of_their_own(tmp_path: Path) -> None:
    songs = make_songs(tmp_path / "songs", each=2)
    waveform, rate = audio.read(songs / "deep" / "deep.00001.wav")
    soundfile.write(songs / "deep" / "deep.00000.flac", waveform, rate)
    command = ["--audio-folder", str(songs), "--output", str(tmp_path / "made"), "--songs", "4", "--seconds", "2"]
    assert rehearse_genre.main(command) == 0
    names = sorted(path.name for path in (tmp_path / "made" / "deep").glob("*.v00.wav"))
    assert names == ["deep.00000.flac.v00.wav", "deep.00000.wav.v00.wav", "deep.00001.v00.wav"]


@pytest.mark.parametrize("more", [["--songs", "1"], ["--seconds", "0.5"]])
def test_what_cannot_be_meant_is_refused(more: list[str], tmp_path: Path, capsys) -> None:
    command = ["--audio-folder", str(tmp_path), "--output", str(tmp_path / "made"), *more]
    assert rehearse_genre.main(command) == 1
    assert "or more" in capsys.readouterr().err


def test_whatever_is_made_of_it_says_so(
    rehearsal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("NAJVA_CACHE", str(tmp_path / "cache"))
    run = tmp_path / "run"
    command = ["--audio-folder", str(rehearsal / "made"), "--architecture", "cnn", "--preset", "tuned"]
    assert train_genre.main([*command, "--epochs", "2", "--output", str(run)]) == 0
    assert "REHEARSAL: these songs are variants of 15." in capsys.readouterr().out
    evaluate_run(EvaluateOptions(run))
    said = capsys.readouterr().out
    assert said.startswith("REHEARSAL: the songs are variants of 15 in all;")
    assert "\nREHEARSAL: cnn, tuned, pooled: " in said
    assert run_title(read_record(run)) == "REHEARSAL: cnn, tuned, pooled"
    split = json.loads((run / "split.json").read_text(encoding="utf-8"))["folds"][0]
    of = {side: {name.rpartition(".v")[0] for name in split[side]} for side in ("train", "validation")}
    assert not of["train"] & of["validation"] and len(of["train"] | of["validation"]) == 15
    staged = stage_genre(run, tmp_path / "staged", "somebody/rehearsed")
    card = (staged.folder / "README.md").read_text(encoding="utf-8")
    assert "**A rehearsal.** Its 30 songs are variants" in card and "made (rehearsal), pooled" in card
    measured = json.loads((staged.folder / "measured.json").read_text(encoding="utf-8"))
    assert "made (rehearsal)" in measured["figures"][0]["set"]


def test_genre_folders_that_cannot_be_rehearsed_are_named(tmp_path: Path, capsys) -> None:
    songs = make_songs(tmp_path / "songs", each=1)
    assert rehearse_genre.main(["--audio-folder", str(songs), "--output", str(tmp_path / "made")]) == 1
    assert "no two genres of two songs" in capsys.readouterr().err
