"""Which songs train and which validate: protocols that keep apart what must be, and one that does not, to show it.

`pooled`: all songs together, drawn by file, genre by genre (the course's 80/20). `artist`: no artist and no copy is on
two sides. `fault-filtered`: GTZAN's published lists. `segments`: pieces of songs are drawn, so that sister pieces are
on both sides: leaky, which is what it is there to show. `all`: every song trains and none validates.

Of a rehearsal, whose songs are variants of a few, all variants of one song are on one side, under `segments` alone not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from genre.songs import FolderError, Song, copies

_FOLDS_OF_80_20 = 5
_LEAST_ARTISTS = 2


@dataclass(frozen=True)
class Fold:
    """Ids of the songs on each side; under `segments` both sides hold every song, and pieces are drawn.

    Attributes:
        train: what is learned from.
        validation: what accuracy is measured on every epoch, and, where there is no test, at the end.
        test: what is measured at the end alone; only GTZAN's published lists have it.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """How a protocol divides songs.

    Attributes:
        protocol: see this module.
        folds: one, or several that are pooled.
        seed: of the draw.
        not_measurable: genres that no validation holds, since too few artists play them to be kept apart.
    """

    protocol: str
    folds: tuple[Fold, ...]
    seed: int
    not_measurable: tuple[str, ...] = ()


def draw_folds(songs: Sequence[Song], protocol: str, folds: int = 0, seed: int = 0) -> Split:
    """Divide songs.

    Args:
        songs: of at least two genres, two of each.
        protocol: see this module.
        folds: how many to pool; 0 for one, of 80 % and 20 %.
        seed: another seed, another draw.

    Raises:
        FolderError: the protocol cannot be had of these songs.
    """
    every = tuple(song.id for song in songs)
    if protocol == "all":
        return Split(protocol, (Fold(every, ()),), seed)
    if protocol == "segments":
        return Split(protocol, (Fold(every, every),) * max(1, folds), seed)
    if protocol == "fault-filtered":
        return Split(protocol, (_listed(songs),), seed)
    parts = folds or _FOLDS_OF_80_20
    kept, not_measurable, groups = list(songs), (), variant_numbers(songs)
    grouped = protocol == "artist" or is_rehearsal(songs)
    if protocol == "artist":
        kept, not_measurable, groups = _measurable(songs)
    genres = np.array([song.genre for song in kept])
    least = min((len(set(groups[genres == genre])) for genre in set(genres)), default=0)
    if least < parts:
        what = "artists" if protocol == "artist" else "songs"
        raise FolderError(
            f"{parts} folds need as many {what} in every genre, and one has {least}; give --folds {max(2, least)}."
        )
    maker = StratifiedGroupKFold if grouped else StratifiedKFold
    drawn = maker(parts, shuffle=True, random_state=seed).split(genres, genres, groups if grouped else None)
    measured = {song.id for song in kept}
    always = [song.id for song in songs if song.id not in measured]
    made = [
        Fold(
            tuple(sorted([*(kept[place].id for place in train), *always])),
            tuple(kept[place].id for place in validation),
        )
        for train, validation in drawn
    ]
    return Split(protocol, tuple(made if folds else made[:1]), seed, not_measurable)


def is_rehearsal(songs: Sequence[Song]) -> bool:
    """Whether any song is a variant of another."""
    return any(song.variant_of for song in songs)


def variants_of(songs: Sequence[Song]) -> dict[str, list[Song]]:
    """Return the variants of each song, by its id; a song of which there are none is its own."""
    groups: dict[str, list[Song]] = defaultdict(list)
    for song in songs:
        groups[song.variant_of or song.id].append(song)
    return groups


def variant_numbers(songs: Sequence[Song]) -> np.ndarray:
    """Return a number for each song: the same for variants of one."""
    return np.unique([song.variant_of or song.id for song in songs], return_inverse=True)[1]


def group_numbers(songs: Sequence[Song]) -> np.ndarray:
    """Return a number for each song: the same for one artist's songs, for copies and for variants."""
    group = [f"artist {song.artist}" if song.artist else f"song {song.id}" for song in songs]
    joined: dict[str, str] = {}

    def first(name: str) -> str:
        """Return the name that a group goes by, of all that were joined to it."""
        while name in joined:
            name = joined[name]
        return name

    place = {song.id: number for number, song in enumerate(songs)}
    for same in (*copies(songs), *variants_of(songs).values()):
        names = {first(group[place[song.id]]) for song in same}
        kept = min(names)
        joined |= {name: kept for name in names if name != kept}
    # In the order of the songs, which seeded draws depend on.
    numbers = {name: number for number, name in enumerate(dict.fromkeys(map(first, group)))}
    return np.array([numbers[first(name)] for name in group])


def shared_artists(songs: Sequence[Song], fold: Fold) -> tuple[int, int, int]:
    """Return how many songs that are measured on have their artist, or a copy, in training.

    Returns:
        That number, of how many nobody knows who plays, and how many songs there are: the test's, where there is one.
    """
    numbers = dict(zip((song.id for song in songs), group_numbers(songs), strict=True))
    known = {numbers[song] for song in fold.train}
    measured = set(fold.test or fold.validation)
    unknown = sum(not song.artist for song in songs if song.id in measured)
    return sum(numbers[song] in known for song in measured), unknown, len(measured)


def _measurable(songs: Sequence[Song]) -> tuple[list[Song], tuple[str, ...], np.ndarray]:
    """Return the songs that may validate, the genres of which none may, and the songs' group numbers.

    A genre that one artist plays always trains, and with it whatever else that artist plays; and so on.
    """
    named = sum(bool(song.artist) for song in songs)
    if named * 2 < len(songs):
        raise FolderError(
            f"The artist is known of {named} of {len(songs)} songs only, so artists cannot be kept on one side; "
            "--protocol pooled does without."
        )
    numbers = group_numbers(songs)
    groups: dict[str, set[int]] = defaultdict(set)
    for song, number in zip(songs, numbers, strict=True):
        groups[song.genre].add(int(number))
    # Whoever plays in a genre that cannot be divided always trains, by which another genre may lose its second artist.
    training: set[int] = set()
    while alone := {one for of in groups.values() if len(of - training) < _LEAST_ARTISTS for one in of - training}:
        training |= alone
    places = [place for place, number in enumerate(numbers) if number not in training]
    if not places:
        raise FolderError("No genre is played by two artists who could be kept apart.")
    kept = [songs[place] for place in places]
    left = {song.genre for song in kept}
    return kept, tuple(genre for genre in groups if genre not in left), numbers[places]


def _listed(songs: Sequence[Song]) -> Fold:
    """Return the published parts."""
    parts: dict[str, list[str]] = defaultdict(list)
    for song in songs:
        parts[song.fault_filtered].append(song.id)
    if not (parts["train"] and parts["validation"] and parts["test"]):
        raise FolderError("These songs do not make up GTZAN's fault-filtered lists, which are for GTZAN alone.")
    return Fold(*(tuple(parts[part]) for part in ("train", "validation", "test")))
