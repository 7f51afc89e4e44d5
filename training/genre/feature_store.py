"""Features of songs, computed once: a file a song in the user's cache, under the content of song and front end.

Nothing there can be stale: another recording, another setting or another weight of the front end has another name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from genre.songs import Song
from najva import genre_features, mel_bands, resampling
from najva.resampling import resample
from whole_files import whole_file


@dataclass(frozen=True)
class FeatureStore:
    """The features of one front end.

    Attributes:
        front_end: of `najva.genre_features`.
        cache: the user's cache folder.
    """

    front_end: nn.Module
    cache: Path

    @cached_property
    def folder(self) -> Path:
        """Where its files are."""
        return self.cache / "genre-features" / fingerprint(self.front_end)

    def find(self, song: Song) -> torch.Tensor | None:
        """Return a song's frames, float32 (frames, values), if they were computed before.

        They stay in their file, so that a collection may be larger than memory; who changes them changes a copy.
        """
        path = self._path(song)
        return torch.from_numpy(np.load(path, mmap_mode="c", allow_pickle=False)) if path.is_file() else None

    def compute(self, song: Song, waveform: np.ndarray) -> torch.Tensor:
        """Compute a song's frames, keep and return them.

        Args:
            song: whose.
            waveform: float32 (samples,) at the song's own rate.
        """
        heard = resample(waveform, song.sample_rate_hz, self.front_end.sample_rate_hz)
        with torch.inference_mode():
            frames = self.front_end(torch.from_numpy(heard)[None])[0].numpy()
        with whole_file(self._path(song)) as unfinished, unfinished.open("wb") as file:
            np.save(file, frames)
        # From the file: small arrays that stay between large ones that go would leave megabytes of holes for each song.
        return self.find(song)

    def _path(self, song: Song) -> Path:
        return self.folder / f"{song.content}.npy"


def fingerprint(front_end: nn.Module) -> str:
    """Return what tells one front end from another: its kind, its numbers and its tensors."""
    facts = hashlib.sha256(type(front_end).__name__.encode())
    # What computes them is part of what they are.
    for module in (genre_features, mel_bands, resampling):
        facts.update(Path(module.__file__).read_bytes())
    for name, module in sorted(front_end.named_modules()):
        numbers = {key: value for key, value in vars(module).items() if isinstance(value, (int, float, str))}
        numbers.pop("training")
        facts.update(repr((name, type(module).__name__, sorted(numbers.items()))).encode())
    for name, tensor in sorted([*front_end.named_parameters(), *front_end.named_buffers()]):
        facts.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
    return facts.hexdigest()[:16]
