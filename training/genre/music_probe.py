"""Teaches a genre network what noise is: a logistic regression on how its front end's values move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.model_selection import StratifiedGroupKFold

from genre.noises import RATE_HZ, noises
from linear_probe import classifier, weights_and_bias
from najva.genre_networks import GenreNetwork, piece_statistics, segment, segment_starts
from najva.resampling import resample

_FOLDS = 5
_REGULARISATION = 0.1  # scikit-learn's C


def fit_music(network: GenreNetwork, songs: Sequence[torch.Tensor], seed: int) -> dict:
    """Give a network the weights by which it tells music from noise.

    Args:
        network: its front end decides what is heard.
        songs: frames (frames, values) of each training song.
        seed: of the noises.

    Returns:
        For `run.json`: of how many pieces, and which share was told rightly by a probe that knew neither the song nor
        the noise.
    """
    rows = [_statistics(network, frames) for frames in [*songs, *(_frames(network, noise) for noise in noises(seed))]]
    groups = np.concatenate([np.full(len(row), number) for number, row in enumerate(rows)])
    is_music, statistics = groups < len(songs), np.concatenate(rows)
    told = np.zeros(len(groups), dtype=bool)
    folds = StratifiedGroupKFold(max(2, min(_FOLDS, len(songs))), shuffle=True, random_state=seed)
    for learned, tested in folds.split(statistics, is_music, groups):
        told[tested] = (
            classifier(_REGULARISATION).fit(statistics[learned], is_music[learned]).predict(statistics[tested])
        )
    weights, bias = weights_and_bias(classifier(_REGULARISATION).fit(statistics, is_music))
    network.music_weights.copy_(torch.from_numpy(weights))
    network.music_bias.fill_(bias)
    return {
        "music_pieces": int(is_music.sum()),
        "noise_pieces": int((~is_music).sum()),
        "held_out_music_right": round(float(told[is_music].mean()), 4),
        "held_out_noise_right": round(float((~told[~is_music]).mean()), 4),
    }


def _frames(network: GenreNetwork, noise: np.ndarray) -> torch.Tensor:
    with torch.inference_mode():
        return network.features(torch.from_numpy(resample(noise, RATE_HZ, network.sample_rate_hz))[None])[0]


def _statistics(network: GenreNetwork, frames: torch.Tensor) -> np.ndarray:
    """Return what each piece of a recording is judged by, (pieces, statistics)."""
    length = network.segment_frames
    pieces = [segment(frames, start, length) for start in segment_starts(len(frames), length)]
    return piece_statistics(torch.stack(pieces)).numpy()
