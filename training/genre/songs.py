"""A folder with a folder a genre becomes a list of songs; what cannot be used is named.

GTZAN lies so (`genres_original/blues/blues.00000.wav`), and so may anybody's own collection. What is known of GTZAN's
clips, who plays (Sturm's index) and the fault-filtered lists (Kereliuk et al. 2015), stands in `gtzan.csv`: B. L.
Sturm, "The state of the art ten years after a state of the art", J. New Music Research 43(2), 2014, and
github.com/boblsturm/GTZAN; github.com/jongpillee/music_dataset_split (MIT).
"""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from najva import audio
from najva.audio import AudioError
from whole_files import write_rows

T = TypeVar("T")

_GTZAN = Path(__file__).with_name("gtzan.csv")
_ENDINGS = {
    *(".wav", ".au", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".mp4", ".webm", ".wma", ".amr"),
    *(".aiff", ".aif"),
}
# Who plays what in a collection of one's own: columns song and artist; in a rehearsal also variant_of.
ARTISTS = "artists.csv"
# What a rehearsal is made of; it is there before the first song is.
REHEARSAL = "rehearsal.json"
# Of the songs of a run.
INDEX = "songs.csv"
INDEX_COLUMNS = ("id", "genre", "seconds", "sample_rate_hz", "sha256", "artist", "variant_of", "fault_filtered")
# A recording that is shorter tells no genre.
LEAST_SECONDS = 1.0


class FolderError(ValueError):
    """A folder of songs that nothing can be trained on, in one sentence."""


@dataclass(frozen=True)
class Song:
    """One recording.

    Attributes:
        id: path inside the folder, with forward slashes, such as `blues/blues.00000.wav`.
        genre: name of its folder.
        path: where it lies.
        seconds: its length.
        sample_rate_hz: its own rate.
        sha256: of the decoded samples in 16 bits, so that a copy is one in whatever format.
        content: of the samples as they were decoded, and their rate: what features are computed from.
        artist: who plays, as far as is known; else empty.
        fault_filtered: part in GTZAN's fault-filtered lists: `train`, `validation`, `test` or empty.
        variant_of: the song that this one was made of, in a rehearsal; else empty.
    """

    id: str
    genre: str
    path: Path
    seconds: float
    sample_rate_hz: int
    sha256: str
    content: str = ""
    artist: str = ""
    fault_filtered: str = ""
    variant_of: str = ""


@dataclass(frozen=True)
class Fault:
    """A file, or a folder, that is left out, and why."""

    id: str
    reason: str


def find_files(folder: Path) -> dict[str, list[Path]]:
    """Return the recordings of each genre, by the name of its folder.

    Args:
        folder: with a folder a genre, or one that holds such a folder and no other recordings.

    Raises:
        FolderError: it has fewer than two genres, or it cannot be told which folders are genres.
    """
    if not folder.is_dir():
        raise FolderError(f"There is no folder {folder}.")
    if found := _genres_of(folder):
        return found
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and any(_recordings(path, deep=True))]
    of_each = {path: _genres_of(path) for path in inside}
    if len(inside) == 1 and of_each[inside[0]]:
        return of_each[inside[0]]
    example = f"genres are told by folders, such as {folder.name}/blues and {folder.name}/jazz, with the songs in them"
    if any(of_each.values()):
        names = ", ".join(path.name for path in inside)
        raise FolderError(f"{folder} holds {names}, each with recordings in folders of its own; {example}.")
    raise FolderError(f"{folder} holds no two folders with recordings: {example}.")


def faults_of_folders(files: Mapping[str, Sequence[Path]]) -> list[Fault]:
    """Return the folders inside genres' folders that hold recordings, which are not looked at."""
    folders = {path.parent for paths in files.values() for path in paths}
    deeper = [path for genre in sorted(folders) for path in sorted(genre.iterdir()) if path.is_dir()]
    return [
        Fault(f"{path.parent.name}/{path.name}", "songs must lie in their genre's folder itself")
        for path in deeper
        if any(_recordings(path, deep=True))
    ]


def _genres_of(folder: Path) -> dict[str, list[Path]] | None:
    """Return the recordings of each folder in a folder, if two or more have some."""
    genres = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    found = {genre.name: sorted(_recordings(genre)) for genre in genres}
    return found if sum(bool(files) for files in found.values()) > 1 else None


def _recordings(folder: Path, *, deep: bool = False) -> Iterator[Path]:
    """Yield what is called as recordings are, and is no folder; of macOS's shadows `._name` none."""
    for path in folder.rglob("*") if deep else folder.iterdir():
        if path.suffix.lower() in _ENDINGS and not path.name.startswith(".") and not path.is_dir():
            yield path


def read_song(path: Path, root: Path) -> tuple[Song, np.ndarray]:
    """Decode a recording.

    Returns:
        The song, without what is known of GTZAN, and its waveform, float32 (samples,), at its own rate.

    Raises:
        AudioError: it cannot be read, or is too short.
    """
    waveform, rate_hz = audio.read(path)
    seconds = waveform.size / rate_hz
    if seconds < LEAST_SECONDS:
        raise AudioError(
            f"{path.name} is {seconds:.2g} s long; a genre cannot be told of less than {LEAST_SECONDS:g} s."
        )
    # As 16-bit, in which nearly all music comes, so that formats of other widths give the same.
    samples = np.round(np.clip(waveform, -1, 1) * 32767).astype("<i2")
    sha256 = hashlib.sha256(samples.tobytes()).hexdigest()
    content = hashlib.sha256(waveform.tobytes() + str(rate_hz).encode()).hexdigest()
    name = path.relative_to(root).as_posix()
    return Song(name, path.parent.name, path, seconds, rate_hz, sha256, content), waveform


def read_each(
    files: Mapping[str, Sequence[Path]], read: Callable[[Path, Path], tuple[Song, T]]
) -> tuple[list[tuple[Song, T]], list[Fault]]:
    """Read every song of a folder, with progress; one that cannot be read costs itself alone.

    Args:
        files: see `find_files`.
        read: takes a file and the folder of the genres, and returns the song with whatever else is made of it.

    Returns:
        What was read, in the order of the files, and what was not.
    """
    found, faults = [], []
    paths = [path for genre in files.values() for path in genre]
    for path in tqdm(paths, desc="Songs", unit="song", disable=None):
        root = path.parent.parent
        try:
            found.append(read(path, root))
        except (AudioError, OSError, UnicodeError) as error:
            # As it can be written, whatever bytes the disk has for its name.
            name = path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode()
            faults.append(Fault(name, str(error)))
    return found, faults


def folder_of_genres(files: Mapping[str, Sequence[Path]]) -> Path:
    """Return the folder that holds the genres' folders."""
    return next(path for genre in files.values() for path in genre).parent.parent


def gtzan_facts() -> dict[str, tuple[str, str]]:
    """Return artist and fault-filtered part of each of GTZAN's 1,000 clips, by its name, such as `blues.00000`."""
    with _GTZAN.open(encoding="utf-8", newline="") as file:
        return {row["clip"]: (row["artist"], row["fault_filtered"]) for row in csv.DictReader(file)}


def with_gtzan_facts(song: Song, facts: Mapping[str, tuple[str, str]]) -> Song:
    """Return a song with what `gtzan_facts` says; whatever is called so, in that genre's folder, is taken for it."""
    if not song.path.stem.startswith(song.genre):
        return song
    artist, fault_filtered = facts.get(song.path.stem, ("", ""))
    return replace(song, artist=artist, fault_filtered=fault_filtered)


def read_artists(folder: Path) -> dict[str, dict[str, str]]:
    """Return what a collection's `artists.csv` says of its songs: fields of `Song`, by `Song.id`.

    Args:
        folder: that holds the genres' folders; without the file nothing is known.

    Raises:
        FolderError: the file lacks a column, or names a song that is not there.
    """
    path = folder / ARTISTS
    if not path.is_file():
        if (folder / REHEARSAL).is_file():
            raise FolderError(f"{folder} is a rehearsal that was not finished; rehearse_genre.py goes on with it.")
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns, rows = set(reader.fieldnames or ()), list(reader)
    except UnicodeDecodeError as error:
        raise FolderError(f"{path} is not in UTF-8: {error}.") from error
    if not {"song", "artist"} <= columns:
        raise FolderError(f"{path} needs the columns song, such as blues/one.wav, and artist.")
    said = {
        _plain(row["song"]): {
            "artist": (row["artist"] or "").strip(),
            "variant_of": (row.get("variant_of") or "").strip(),
        }
        for row in rows
        if (row["song"] or "").strip()
    }
    # As the disk spells them: to some an accent is a letter of its own, and some take capitals for small ones.
    there = {file.relative_to(folder).as_posix() for file in folder.glob("*/*")}
    spelled = {_plain(name).casefold(): name for name in there} | {_plain(name): name for name in there}
    for song in said:
        if song not in spelled and song.casefold() not in spelled:
            raise FolderError(f"{path} names {song}, which is not there.")
    return {spelled.get(song) or spelled[song.casefold()]: facts for song, facts in said.items()}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/"))


def write_index(path: Path, songs: Sequence[Song]) -> None:
    """Write what is known of songs, a row each, whole or not at all."""
    rows = [
        {name: getattr(song, name) for name in INDEX_COLUMNS} | {"seconds": f"{song.seconds:.3f}"} for song in songs
    ]
    write_rows(path, rows, INDEX_COLUMNS)


def read_hashes(path: Path) -> set[str]:
    """Return the songs of an index by their `sha256`; none where there is no index."""
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {row["sha256"] for row in csv.DictReader(file)}


def check_genres(songs: Sequence[Song], genres: Sequence[str], least: int = 2) -> list[Fault]:
    """Return the genres that have too few songs to be split.

    Args:
        songs: that can be used.
        genres: that have a folder.
        least: songs that a genre must have.
    """
    counts = Counter(song.genre for song in songs)
    return [
        Fault(genre, f"{counts[genre]} usable recordings, and at least {least} are needed for a split")
        for genre in genres
        if counts[genre] < least
    ]


def copies(songs: Sequence[Song]) -> list[list[Song]]:
    """Return songs that are sample for sample the same, group by group."""
    groups: dict[str, list[Song]] = {}
    for song in songs:
        groups.setdefault(song.sha256, []).append(song)
    return [group for group in groups.values() if len(group) > 1]
