"""A folder of songs: what is read, what is left out and why, and which song may stand on which side."""

import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre.protocols import draw_folds, group_numbers, shared_artists
from genre.song_library import SongLibrary, read_library
from genre.songs import FolderError, Song, copies, find_files, gtzan_facts
from najva.genre_features import MFCC
from najva.resampling import resample
from tests.training.made_songs import GENRES, make_songs, song


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three genres of three songs each."""
    monkeypatch.setenv("NAJVA_CACHE", str(tmp_path / "cache"))
    return make_songs(tmp_path / "songs", each=3)


def read(folder: Path) -> tuple[SongLibrary, str]:
    """Read a folder; return the library and all that was said."""
    said: list[str] = []
    return read_library(folder, MFCC(), said.append), "\n".join(said)


def test_a_folder_a_genre(folder: Path) -> None:
    library, said = read(folder)
    assert library.labels == list(GENRES) and len(library.songs) == 9 and not library.faults
    assert "9 songs of 3 genres" in said and "deep 3, high 3, noisy 3" in said
    first = library.songs[0]
    assert (first.id, first.genre, first.sample_rate_hz) == ("deep/deep.00000.wav", "deep", 22050)
    assert library.frames[0].shape == (602, 13)


def test_genres_may_lie_one_folder_deeper(folder: Path, tmp_path: Path) -> None:
    deeper = tmp_path / "gtzan"
    deeper.mkdir()
    shutil.move(folder, deeper / "genres_original")
    assert set(find_files(deeper)) == set(GENRES)


@pytest.mark.parametrize(
    "layout", [("jazz/Ella", "jazz/Miles", "rock/Queen"), ("test/a", "test/b", "train/a", "train/b")]
)
def test_folders_that_may_not_be_genres_are_not_guessed(layout: tuple[str, ...], tmp_path: Path) -> None:
    for name in layout:
        (tmp_path / "music" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "music" / name / "1.wav", song("deep", 1), 22050)
    with pytest.raises(FolderError, match="each with recordings in folders of its own"):
        find_files(tmp_path / "music")


def test_songs_that_lie_too_deep_are_named(folder: Path) -> None:
    (folder / "deep" / "Album").mkdir()
    soundfile.write(folder / "deep" / "Album" / "1.wav", song("deep", 8), 22050)
    (folder / "deep" / "._shadow.wav").write_bytes(b"nothing")
    (folder / "deep" / "CAPITALS.WAV").write_bytes((folder / "deep" / "deep.00000.wav").read_bytes())
    library, said = read(folder)
    assert [fault.id for fault in library.faults] == ["deep/Album"] and "genre's folder itself" in said
    assert len(library.songs) == 10 and "Copies of each other: deep/CAPITALS.WAV, deep/deep.00000.wav." in said


def test_a_folder_that_is_mostly_unusable_is_refused(folder: Path) -> None:
    for number in range(3):
        (folder / "high" / f"{number}.wav").write_text("no sound", encoding="utf-8")
    with pytest.raises(FolderError, match=r"3 of 12 recordings in .* cannot be used, more than 20%"):
        read(folder)


def test_a_file_that_goes_away_or_has_no_name_costs_itself_alone(folder: Path) -> None:
    real = folder / "gone.wav"
    soundfile.write(real, song("deep", 5), 22050)
    (folder / "deep" / "link.wav").symlink_to(real)
    assert len(read(folder)[0].songs) == 10
    real.unlink()
    try:
        Path(os.fsdecode(os.fsencode(folder / "high") + b"/caf\xe9.wav")).write_bytes(
            (folder / "high" / "high.00000.wav").read_bytes()
        )
    except OSError:
        pytest.skip("this file system has no such names")
    for _ in range(2):
        library, said = read(folder)
        assert len(library.songs) == 9 and len(library.faults) == 2
    assert "| deep/link.wav |" in said and "caf\\udce9.wav" in said


def test_what_cannot_be_used_is_named(folder: Path) -> None:
    (folder / "deep" / "words.wav").write_text("no sound", encoding="utf-8")
    soundfile.write(folder / "high" / "short.wav", np.zeros(4410, np.float32), 22050)
    (folder / "empty").mkdir()
    (folder / "alone").mkdir()
    soundfile.write(folder / "alone" / "one.wav", song("deep", 9), 22050)
    library, said = read(folder)
    reasons = {fault.id: fault.reason for fault in library.faults}
    assert set(reasons) == {"deep/words.wav", "high/short.wav", "empty", "alone"}
    assert "0.2 s long" in reasons["high/short.wav"] and "1 usable recordings" in reasons["alone"]
    assert library.labels == list(GENRES) and "| deep/words.wav |" in said


@pytest.mark.parametrize("kept", [(), ("deep",)])
def test_fewer_than_two_genres_are_refused(folder: Path, kept: tuple[str, ...]) -> None:
    for genre in set(GENRES) - set(kept):
        shutil.rmtree(folder / genre)
    with pytest.raises(FolderError, match="no two folders with recordings"):
        read(folder)


def test_a_stereo_file_of_another_rate_is_the_same_song_to_the_network(folder: Path) -> None:
    sound = resample(song("noisy", 0), 22050, 44100)[:, None].repeat(2, 1)
    soundfile.write(folder / "noisy" / "stereo.wav", sound, 44100, subtype="FLOAT")
    library, _ = read(folder)
    frames = dict(zip((one.id for one in library.songs), library.frames, strict=True))
    # What lies just below half the lower rate is lost on the way; the rest is the same, frame by frame.
    same, other = (
        np.corrcoef(frames["noisy/stereo.wav"][:, 0], frames[f"noisy/noisy.0000{number}.wav"][:, 0])[0, 1]
        for number in (0, 1)
    )
    assert same > 0.99 > 0.8 > other


def test_copies_are_found_in_another_format(folder: Path) -> None:
    sound, rate_hz = soundfile.read(folder / "deep" / "deep.00000.wav", dtype="int16")
    soundfile.write(folder / "noisy" / "copy.flac", sound, rate_hz, subtype="PCM_16")
    library, said = read(folder)
    assert [{one.id for one in same} for same in copies(library.songs)] == [{"deep/deep.00000.wav", "noisy/copy.flac"}]
    assert "Copies of each other: " in said


def test_what_changed_is_decoded_anew_and_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import genre.song_library as module

    first, _ = read(folder)
    decoded: list[str] = []
    real = module.read_song
    monkeypatch.setattr(module, "read_song", lambda path, root: (decoded.append(path.name), real(path, root))[1])
    soundfile.write(folder / "high" / "high.00001.wav", song("high", 7), 22050, subtype="PCM_16")
    second, _ = read(folder)
    assert decoded == ["high.00001.wav"]
    changed = [not a.equal(b) for a, b in zip(first.frames, second.frames, strict=True)]
    assert changed == [one.id == "high/high.00001.wav" for one in second.songs]
    # Another front end has features of its own.
    other = read_library(folder, MFCC(coefficients=20), lambda line: None)
    assert other.frames[0].shape == (602, 20)


def made(genre: str, number: int, artist: str = "", sha256: str = "") -> Song:
    name = f"{genre}/{number}.wav"
    return Song(name, genre, Path(name), 30.0, 22050, sha256 or name, artist=artist)


@pytest.fixture
def many() -> list[Song]:
    """Two genres of ten songs by five artists each, and one genre of a single artist."""
    songs = [made(genre, number, f"{genre} {number // 2}") for genre in ("a", "b") for number in range(10)]
    return [*songs, *(made("c", number, "only one") for number in range(10))]


def test_pooled_is_four_fifths_of_every_genre(many: list[Song]) -> None:
    (fold,) = draw_folds(many, "pooled").folds
    genres = {one.id: one.genre for one in many}
    assert Counter(genres[one] for one in fold.validation) == {"a": 2, "b": 2, "c": 2}
    assert not set(fold.train) & set(fold.validation) and len(fold.train) == 24
    assert draw_folds(many, "pooled").folds == (fold,) != draw_folds(many, "pooled", seed=1).folds


def test_folds_validate_every_song_once(many: list[Song]) -> None:
    split = draw_folds(many, "pooled", folds=5)
    validated = [one for fold in split.folds for one in fold.validation]
    assert sorted(validated) == sorted(one.id for one in many)


def test_no_artist_and_no_copy_is_on_two_sides(many: list[Song]) -> None:
    # A copy of a's first song under another artist's name binds both artists' songs together.
    many[4] = replace(many[4], sha256=many[0].sha256)
    groups = dict(zip((one.id for one in many), group_numbers(many), strict=True))
    assert groups["a/0.wav"] == groups["a/1.wav"] == groups["a/4.wav"] == groups["a/5.wav"] != groups["a/2.wav"]
    split = draw_folds(many, "artist", folds=3)
    assert split.not_measurable == ("c",)
    for fold in split.folds:
        assert not {groups[one] for one in fold.train} & {groups[one] for one in fold.validation}
        assert not [one for one in fold.validation if one.startswith("c/")]
        assert sum(one.startswith("c/") for one in fold.train) == 10
        assert shared_artists(many, fold)[0] == 0
    shared, unknown, validated = shared_artists(many, draw_folds(many, "pooled").folds[0])
    assert shared > 2 and (unknown, validated) == (0, 6)


def test_who_always_trains_validates_in_no_other_genre_either(many: list[Song]) -> None:
    # The one artist of genre c plays one of a's songs too.
    many[2] = replace(many[2], artist="only one")
    split = draw_folds(many, "artist", folds=4)
    assert "a/2.wav" not in [one for fold in split.folds for one in fold.validation]
    assert all("a/2.wav" in fold.train and shared_artists(many, fold)[0] == 0 for fold in split.folds)


def test_artists_that_nobody_knows_cannot_be_kept_on_one_side(many: list[Song]) -> None:
    unknown = [replace(one, artist="") for one in many]
    assert shared_artists(unknown, draw_folds(unknown, "pooled").folds[0])[1:] == (6, 6)
    with pytest.raises(FolderError, match="known of 0 of 30 songs only"):
        draw_folds(unknown, "artist")


def test_an_artist_who_must_train_may_leave_another_genre_without_a_second_one(many: list[Song]) -> None:
    """`c` is one artist's, who plays half of `d`; what is left of `d` is one artist's too."""
    shared = [made("d", number, "only one" if number < 5 else "another") for number in range(10)]
    split = draw_folds([*many, *shared], "artist", folds=2)
    assert split.not_measurable == ("c", "d")
    assert all({"c", "d"}.isdisjoint({song[0] for song in fold.validation}) for fold in split.folds)
    with pytest.raises(FolderError, match="No genre is played by two artists"):
        draw_folds([*many[20:], *shared], "artist", folds=2)


def test_more_folds_than_artists_are_refused(many: list[Song]) -> None:
    with pytest.raises(FolderError, match="need as many artists in every genre, and one has 5"):
        draw_folds(many, "artist", folds=6)


def test_published_lists_are_for_gtzan_alone(many: list[Song]) -> None:
    with pytest.raises(FolderError, match="which are for GTZAN alone"):
        draw_folds(many, "fault-filtered")
    parts = ("train", "validation", "test")
    listed = [replace(one, fault_filtered=parts[number % 3]) for number, one in enumerate(many)]
    (fold,) = draw_folds(listed, "fault-filtered").folds
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (10, 10, 10)
    assert not set(fold.test) & {*fold.train, *fold.validation}


def test_a_collection_says_who_plays(folder: Path) -> None:
    table = folder / "artists.csv"
    table.write_text("song,artist\ndeep/deep.00000.wav,A\ndeep\\deep.00001.wav, B \n", encoding="utf-8-sig")
    songs = {song.id: song.artist for song in read(folder)[0].songs}
    assert [songs[f"deep/deep.0000{n}.wav"] for n in range(3)] == ["A", "B", ""]
    # As Excel leaves it: other columns' order, spaces, capitals, empty and short rows.
    table.write_text("artist,song\nA, DEEP/deep.00000.WAV \n,\nQueen\n\nB,deep/deep.00002.wav\n", encoding="utf-8")
    songs = {song.id: song.artist for song in read(folder)[0].songs}
    assert [songs[f"deep/deep.0000{n}.wav"] for n in range(3)] == ["A", "", "B"]
    table.write_bytes("song,artist\ndeep/deep.00000.wav,Renée\n".encode("cp1252"))
    with pytest.raises(FolderError, match=r"artists\.csv is not in UTF-8"):
        read(folder)
    for content, words in (("song\n", "needs the columns"), ("song,artist\ndeep/none.wav,A\n", "deep/none.wav")):
        table.write_text(content, encoding="utf-8")
        with pytest.raises(FolderError, match=words):
            read(folder)


def test_what_is_known_of_gtzan() -> None:
    facts = gtzan_facts()
    parts = Counter(part for _, part in facts.values())
    assert (parts["train"], parts["validation"], parts["test"]) == (443, 197, 290)
    assert Counter(artist for artist, _ in facts.values())["Bob Marley"] == 35
    assert facts["jazz.00054"][1] == "train" and facts["blues.00000"][0] == "John Lee Hooker"


def test_the_real_clips_have_their_artists(test_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAJVA_CACHE", str(tmp_path))
    library = read_library(test_data / "gtzan_mini", MFCC(), lambda line: None)
    assert len(library.songs) == 70 and len(library.labels) == 10
    split = draw_folds(library.songs, "artist", folds=2)
    assert split.not_measurable == ("blues", "reggae", "rock")


def test_variants_of_a_song_stay_on_one_side(many: list[Song]) -> None:
    rehearsal = [
        replace(one, id=f"{one.id}.v{number}", sha256=f"{one.id}{number}", variant_of=one.id)
        for one in many
        for number in range(4)
    ]
    for protocol in ("pooled", "artist"):
        split = draw_folds(rehearsal, protocol, folds=2)
        of = {song.id: song.variant_of for song in rehearsal}
        for fold in split.folds:
            sides = {of[song] for song in fold.train}, {of[song] for song in fold.validation}
            assert all(sides) and not sides[0] & sides[1]
    (fold,) = draw_folds(rehearsal, "pooled").folds
    assert Counter(song[0] for song in fold.validation) == {"a": 8, "b": 8, "c": 8}
    assert group_numbers(rehearsal).max() == group_numbers(many).max()
