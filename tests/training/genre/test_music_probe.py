"""What a network learns of noise, beside its genres."""

import numpy as np
import torch

from genre.music_probe import fit_music
from genre.noises import RATE_HZ, noises
from najva.genre_classifier import GenreClassifier
from najva.genre_networks import GenreConfig, GenreNetwork
from tests.training.made_songs import song


def test_noise_that_it_never_heard_is_no_music_and_a_new_song_is() -> None:
    network = GenreNetwork(GenreConfig("cnn", ["deep", "high"], segment_seconds=3.0))
    songs = [song(genre, number, 30.0) for genre in ("deep", "high") for number in range(6)]
    frames = [network.features(torch.from_numpy(each)[None])[0] for each in songs]
    told = fit_music(network, frames, seed=0)
    assert told["music_pieces"] == 120 and told["noise_pieces"] == 41 * 10
    assert told["held_out_music_right"] > 0.95 and told["held_out_noise_right"] > 0.95
    classifier = GenreClassifier(network, "run")
    decisions = [[*classifier.classify([noise])][-1].decision for noise in noises(seed=9)]
    assert decisions.count("no_music") > 0.95 * len(decisions)
    for genre in ("deep", "high"):
        assert [*classifier.classify([song(genre, 12)])][-1].decision != "no_music"


def test_noises_are_drawn_by_their_seed() -> None:
    first, again, other = ([*noises(seed)] for seed in (0, 0, 1))
    assert all((one == same).all() for one, same in zip(first, again, strict=True))
    assert not any((one == another).all() for one, another in zip(first[:-1], other[:-1], strict=True))
    assert all(noise.dtype == np.float32 and np.abs(noise).max() <= 1 for noise in first)
    assert all(noise.size == 30 * RATE_HZ for noise in first) and not first[-1].any()
