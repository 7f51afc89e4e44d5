"""Genre networks: their sizes, their pieces, and what a checkpoint brings back."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from najva.genre_networks import (
    ARCHITECTURES,
    WEIGHTS,
    GenreConfig,
    GenreNetwork,
    segment,
    segment_starts,
)

LABELS = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]


def network(architecture: str, **more: object) -> GenreNetwork:
    torch.manual_seed(0)
    return GenreNetwork(GenreConfig(architecture, LABELS, **more)).eval()


# In PyTorch's counting, which has two vectors of biases a layer.
@pytest.mark.parametrize(("architecture", "count"), [("lstm", 58_314), ("lstm128", 82_122), ("bilstm", 148_682)])
def test_the_course_s_networks_have_their_size(architecture: str, count: int) -> None:
    assert sum(weight.numel() for weight in network(architecture).parameters()) == count


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_a_checkpoint_brings_everything_back(architecture: str, pooling: str, tmp_path: Path) -> None:
    made = network(architecture, pooling=pooling, segment_seconds=1.0, temperature=1.5)
    made.mean.fill_(0.5)
    sound = torch.rand(3 * made.sample_rate_hz) - 0.5
    made.save_pretrained(tmp_path)
    loaded = GenreNetwork.from_pretrained(tmp_path)
    assert loaded.config == made.config and not loaded.training
    # The frozen encoder is kept in half precision.
    assert torch.allclose(loaded.probabilities(sound), made.probabilities(sound), atol=5e-3)
    assert float(loaded.probabilities(sound).sum()) == pytest.approx(1, abs=1e-5)


def test_a_checkpoint_that_lacks_a_tensor_is_refused(tmp_path: Path) -> None:
    network("lstm").save_pretrained(tmp_path)
    tensors = load_file(tmp_path / WEIGHTS)
    del tensors["dense.bias"]
    save_file(tensors, tmp_path / WEIGHTS)
    with pytest.raises(RuntimeError, match=r"dense\.bias"):
        GenreNetwork.from_pretrained(tmp_path)


def test_softmax_with_sparse_cross_entropy_is_cross_entropy_on_logits() -> None:
    logits, genres = torch.randn(32, 10), torch.randint(10, (32,))
    by_hand = -logits.softmax(-1)[torch.arange(32), genres].log().mean()
    assert torch.nn.functional.cross_entropy(logits, genres) == pytest.approx(float(by_hand), abs=1e-6)


@pytest.mark.parametrize(
    ("count", "starts"), [(5, [0]), (10, [0]), (14, [0]), (15, [0, 5]), (20, [0, 10]), (26, [0, 10, 16])]
)
def test_pieces_cover_a_recording(count: int, starts: list[int]) -> None:
    assert segment_starts(count, 10) == starts


def test_a_short_recording_is_repeated() -> None:
    frames = torch.arange(4.0)[:, None]
    assert segment(frames, 0, 10)[:, 0].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]


def test_the_last_state_of_a_network_of_two_ways_is_that_of_both() -> None:
    body = network("bilstm").body
    frames = torch.randn(1, 7, 13)
    outputs, _ = body.lstm(frames)
    assert torch.equal(body(frames)[0], torch.cat([outputs[0, -1, :64], outputs[0, 0, 64:]]))
