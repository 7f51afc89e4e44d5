"""What a genre network hears is librosa's MFCC, and the first layers of Whisper's encoder."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import WhisperFeatureExtractor, WhisperModel

from najva.genre_features import MFCC, WhisperFeatures
from najva.pretrained.packaged_whisper import packaged_whisper


@pytest.fixture(scope="module")
def music() -> torch.Tensor:
    """Six seconds of silence, chords and hiss, at 22,050 Hz."""
    generator = np.random.default_rng(0)
    times = np.arange(6 * 22050) / 22050
    chords = sum(np.sin(2 * np.pi * hz * times * (1 + times // 2 / 4)) for hz in (220, 277, 330)) / 5
    sound = chords + 0.01 * generator.standard_normal(times.size)
    sound[: 22050 // 2] = 0
    return torch.from_numpy(sound.astype(np.float32))


def test_mfcc_are_librosas(music: torch.Tensor) -> None:
    mel = librosa.feature.melspectrogram(
        y=music.numpy(), sr=22050, n_fft=1024, win_length=551, hop_length=220, n_mels=128, pad_mode="constant"
    )
    theirs = librosa.feature.mfcc(S=librosa.power_to_db(mel, amin=1e-10, top_db=None), n_mfcc=13).T
    ours = MFCC()(music[None])[0]
    assert ours.shape == theirs.shape == (602, 13)
    assert np.abs(ours.numpy() - theirs).max() < 1e-3


def test_a_crop_s_frames_are_the_whole_s(music: torch.Tensor) -> None:
    front_end = MFCC()
    whole = front_end(music[None])[0]
    crop = front_end(music[None, 220 * 100 : 220 * 300])[0]
    # A frame of 1,024 samples lies beyond the crop's edge for its first and last three.
    assert torch.allclose(crop[3:-4], whole[103:297], atol=1e-4)


def test_a_batch_is_its_clips(music: torch.Tensor) -> None:
    front_end = MFCC()
    both = front_end(torch.stack([music, music.flip(0)]))
    assert torch.allclose(both[1], front_end(music.flip(0)[None])[0], atol=1e-4)


def test_whisper_features_are_those_of_its_encoder(cache: Path, music: torch.Tensor) -> None:
    folder = packaged_whisper(cache) / "transformers"
    sound = music.numpy()[: 3 * 16000]  # at whatever rate, it is a sound
    front_end = WhisperFeatures(layers=2)
    front_end.load_encoder(load_file(folder / "model.safetensors"))
    frames = front_end(torch.from_numpy(sound)[None])[0]
    assert frames.shape == (30, 512)
    model = WhisperModel.from_pretrained(folder).eval()
    extractor = WhisperFeatureExtractor(chunk_length=3)
    features = extractor(sound, sampling_rate=16000, return_tensors="pt").input_features
    encoder = model.encoder
    hidden = torch.nn.functional.gelu(encoder.conv1(features))
    hidden = torch.nn.functional.gelu(encoder.conv2(hidden)).transpose(1, 2) + encoder.embed_positions.weight[:150]
    with torch.no_grad():
        for layer in encoder.layers[:2]:
            hidden = layer(hidden, None)
    assert torch.allclose(frames, hidden[0].unflatten(0, (30, 5)).mean(1), atol=1e-3)


def test_windows_of_whisper_do_not_see_each_other(cache: Path, music: torch.Tensor) -> None:
    front_end = WhisperFeatures()
    front_end.load_encoder(load_file(packaged_whisper(cache) / "transformers" / "model.safetensors"))
    sound = music[None, : 5 * 16000]
    frames = front_end(sound)[0]
    assert len(frames) == 50
    assert torch.allclose(frames[:30], front_end(sound[:, :48000])[0], atol=1e-4)
    assert torch.allclose(frames[30:], front_end(sound[:, 48000:])[0], atol=1e-4)
