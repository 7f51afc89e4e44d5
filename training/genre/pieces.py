"""Pieces of songs for the trainer: the fixed ones that a song is judged by, or others drawn anew every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

from najva.genre_networks import segment, segment_starts


@dataclass(frozen=True)
class Stretch:
    """A stretch of one song: frames `start` to `start + length`; of a shorter song all of it, repeated."""

    song: int
    start: int


class Pieces(Dataset):
    """Segments of songs, with the number of the genre.

    Args:
        frames: of each song, float32 (frames, values).
        genres: number of each song's genre.
        length: frames in a segment.
        chosen: numbers of the segments to keep, in the order of songs and segments; None for all.
        shuffled: another order every epoch.
        crops: draw each segment's start anew every epoch, anywhere in its song.
        seed: of these draws.
    """

    def __init__(
        self,
        frames: Sequence[torch.Tensor],
        genres: Sequence[int],
        length: int,
        *,
        chosen: Sequence[int] | None = None,
        shuffled: bool = False,
        crops: bool = False,
        seed: int = 0,
    ) -> None:
        self.frames, self.genres, self.length = list(frames), list(genres), length
        self.shuffled, self.crops, self.seed = shuffled, crops, seed
        every = [Stretch(song, start) for song, of in enumerate(frames) for start in segment_starts(len(of), length)]
        self.pieces = every if chosen is None else [every[number] for number in chosen]
        self.draw(0)

    def draw(self, epoch: int) -> None:
        """Draw order and crops of an epoch, by seed and epoch alone: a resumed training, and each process, the same.

        Not called `set_epoch`, since accelerate calls a method of that name with a count of its own.
        """
        generator = np.random.default_rng((self.seed, epoch))
        count = len(self.pieces)
        self._order = generator.permutation(count) if self.shuffled else np.arange(count)
        self._shares = generator.random(count)

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Return frames (length, values) and the genre's number."""
        piece = self.pieces[self._order[index]]
        frames = self.frames[piece.song]
        start = piece.start
        if self.crops and len(frames) > self.length:
            start = int(self._shares[index] * (len(frames) - self.length + 1))
        return segment(frames, start, self.length), self.genres[piece.song]
