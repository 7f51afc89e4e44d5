"""A folder of songs with their features: decoded once, and then only looked up."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from genre.feature_store import FeatureStore
from genre.songs import (
    Fault,
    FolderError,
    Song,
    check_genres,
    copies,
    faults_of_folders,
    find_files,
    folder_of_genres,
    gtzan_facts,
    read_artists,
    read_each,
    read_song,
    with_gtzan_facts,
)
from najva import audio, audio_decoders
from najva.settings import Settings
from whole_files import write_json

_LEAST_GENRES = 2
# So large a share of files that cannot be used is a mistake.
_MOST_FAULTS = 0.2
_SHOWN = 20
# Of a `Song`: what is looked up and not kept.
_FACTS = ("path", "artist", "fault_filtered", "variant_of")


@dataclass(frozen=True)
class SongLibrary:
    """Songs that can be used, and what could not.

    Attributes:
        name: of the folder.
        songs: by genre and name.
        labels: the genres, sorted: the order of a network's logits.
        frames: features of each song, float32 (frames, values), in the order of `songs`.
        faults: files and genres that were left out.
    """

    name: str
    songs: list[Song]
    labels: list[str]
    frames: list[torch.Tensor]
    faults: list[Fault]

    @cached_property
    def genres(self) -> list[int]:
        """The number of each song's genre."""
        return [self.labels.index(song.genre) for song in self.songs]

    @cached_property
    def sha256(self) -> str:
        """Identifies the songs: their names, genres and samples."""
        facts = [(song.id, song.genre, song.content) for song in self.songs]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def read_library(folder: Path, front_end: nn.Module, say: Callable[[str], None]) -> SongLibrary:
    """Read a folder: what was decoded before, and has not changed since, is looked up.

    Args:
        folder: with a folder a genre.
        front_end: whose features are computed.
        say: takes one line of what is found.

    Raises:
        FolderError: fewer than two genres can be used.
    """
    files = find_files(folder)
    cache = Settings.from_environment().cache
    store, index = FeatureStore(front_end, cache), _Index(cache, folder)
    artists = read_artists(folder_of_genres(files))
    try:
        read, unreadable = read_each(files, lambda path, root: _one(path, root, store, index))
    finally:
        # Of a folder that was read in part too.
        index.write()
    faults, count = [*faults_of_folders(files), *unreadable], len(read) + len(unreadable)
    songs = [replace(song, **artists.get(song.id, {})) for song, _ in read]
    if len(unreadable) > _MOST_FAULTS * count:
        say_faults(faults, say)
        raise FolderError(
            f"{len(unreadable)} of {count} recordings in {folder} cannot be used, more than "
            f"{_MOST_FAULTS:.0%}: mend them, or take them out of the folder."
        )
    small = check_genres(songs, list(files))
    left_out = {fault.id for fault in small}
    kept = [(song, frames) for song, (_, frames) in zip(songs, read, strict=True) if song.genre not in left_out]
    labels = sorted({song.genre for song, _ in kept})
    if len(labels) < _LEAST_GENRES:
        reasons = "; ".join(f"{fault.id}: {fault.reason}" for fault in (*small, *faults)[:3])
        raise FolderError(f"Fewer than two genres of {folder} can be used. {reasons}.")
    library = SongLibrary(
        folder.resolve().name, [song for song, _ in kept], labels, [frames for _, frames in kept], [*faults, *small]
    )
    describe(library, say)
    return library


def describe(library: SongLibrary, say: Callable[[str], None]) -> None:
    """Say what was found, and name what was left out."""
    counts = Counter(song.genre for song in library.songs)
    minutes = sum(song.seconds for song in library.songs) / 60
    of_each = ", ".join(f"{label} {counts[label]}" for label in library.labels)
    say(f"{len(library.songs):,} songs of {len(library.labels)} genres, {minutes:.1f} minutes: {of_each}.")
    for same in copies(library.songs):
        say(f"Copies of each other: {', '.join(song.id for song in same)}.")
    say_faults(library.faults, say)


def say_faults(faults: Sequence[Fault], say: Callable[[str], None]) -> None:
    """Say what was left out, as a table; nothing where nothing was."""
    if not faults:
        return
    say(f"\n| left out ({len(faults)}) | why |\n| --- | --- |")
    for fault in faults[:_SHOWN]:
        say(f"| {fault.id} | {fault.reason} |")
    if len(faults) > _SHOWN:
        say(f"| … and {len(faults) - _SHOWN} more | |")
    say("")


def _one(path: Path, root: Path, store: FeatureStore, index: _Index) -> tuple[Song, torch.Tensor]:
    known = index.find(path)
    found = store.find(known) if known else None
    if found is not None:
        return known, found
    # Before it is decoded: what replaces it meanwhile is another file.
    state = _state(path)
    song, waveform = read_song(path, root)
    return index.keep(song, state), store.compute(song, waveform)


class _Index:
    """What is known of a folder's files, by name, size and time of change."""

    def __init__(self, cache: Path, folder: Path) -> None:
        # What decodes the files is part of what is known of them.
        decoder = b"".join(Path(module.__file__).read_bytes() for module in (audio, audio_decoders))
        key = hashlib.sha256(os.fsencode(folder.resolve()) + decoder).hexdigest()[:16]
        self._path, self._facts = cache / "genre-index" / f"{key}.json", gtzan_facts()
        try:
            self._known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._known = {}

    def find(self, path: Path) -> Song | None:
        known = self._known.get(str(path.absolute()))
        if not known or known["file"] != _state(path):
            return None
        return with_gtzan_facts(Song(**known["song"] | {"path": path}), self._facts)

    def keep(self, song: Song, state: list[int]) -> Song:
        """Remember a song by its file's state; return it with what is known of it.

        Raises:
            UnicodeEncodeError: its name is no text.
        """
        song.id.encode()
        facts = {name: value for name, value in asdict(song).items() if name not in _FACTS}
        self._known[str(song.path.absolute())] = {"file": state, "song": facts}
        return with_gtzan_facts(song, self._facts)

    def write(self) -> None:
        write_json(self._path, self._known)


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
