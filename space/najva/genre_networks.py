"""Networks that tell a music genre: waveform in, logits out, the front end inside.

`ARCHITECTURES` is the registry: each turns frames into one vector, and everything around it is the same for all:
normalisation, Dense(64, relu), Dropout(0.3), Dense(one per genre). A checkpoint (`PyTorchModelHubMixin`: `config.json`
and `model.safetensors`) holds labels, settings and normalisation, so that whoever loads it hears what the training
heard.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import torch
from huggingface_hub import PyTorchModelHubMixin
from safetensors.torch import save_file
from torch import nn

from najva.genre_features import MFCC, WhisperFeatures

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class GenreConfig:
    """What a network is; saved as `config.json`.

    Attributes:
        architecture: key of `ARCHITECTURES`.
        labels: the genres, in the order of the logits.
        segment_seconds: a recording is judged in pieces of this length, and they vote.
        pooling: how a recurrent network's outputs become one vector: `last` (its last state, as the course has it) or
            `mean` over time.
        temperature: the logits are divided by it, so that probabilities fit the validation songs best.
        least_confidence: a recording whose likeliest genre has less is "unsure".
    """

    architecture: str
    labels: list[str]
    segment_seconds: float = 29.9
    pooling: Literal["last", "mean"] = "last"
    temperature: float = 1.0
    least_confidence: float = 0.0


class Recurrent(nn.Module):
    """LSTM layers over frames."""

    def __init__(self, size: int, pooling: str, *, hidden: int, layers: int = 1, bidirectional: bool = False) -> None:
        super().__init__()
        self.pooling = pooling
        self.lstm = nn.LSTM(size, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.size = hidden * (2 if bidirectional else 1)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return (clips, size) of (clips, frames, values)."""
        outputs, (states, _) = self.lstm(frames)
        if self.pooling == "mean":
            return outputs.mean(1)
        # Of a bidirectional network the backward half ends at the first frame, as in Keras.
        return torch.cat(list(states[-2:] if self.lstm.bidirectional else states[-1:]), dim=-1)


class Convolutional(nn.Module):
    """Three convolutions over time, each of which sees four times as far as the one before; then the mean over time."""

    def __init__(self, size: int, pooling: str, *, channels: int = 64, width: int = 5) -> None:
        super().__init__()
        self.size = channels
        blocks: list[nn.Module] = []
        for inputs in (size, channels, channels):
            convolution = nn.Conv1d(inputs, channels, width, padding=width // 2)
            blocks += [convolution, nn.GroupNorm(8, channels), nn.ReLU(), nn.MaxPool1d(4, ceil_mode=True)]
        self.blocks = nn.Sequential(*blocks)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return (clips, size) of (clips, frames, values)."""
        return self.blocks(frames.transpose(1, 2)).mean(-1)


@dataclass(frozen=True)
class Architecture:
    """How a network of one name is made."""

    features: Callable[[], nn.Module]
    body: Callable[..., nn.Module]
    options: dict[str, Any]


ARCHITECTURES = {
    "lstm": Architecture(MFCC, Recurrent, {"hidden": 64, "layers": 2}),
    "lstm128": Architecture(MFCC, Recurrent, {"hidden": 128}),
    "bilstm": Architecture(MFCC, Recurrent, {"hidden": 64, "layers": 2, "bidirectional": True}),
    "cnn": Architecture(MFCC, Convolutional, {}),
    "whisper_bilstm": Architecture(WhisperFeatures, Recurrent, {"hidden": 64, "layers": 2, "bidirectional": True}),
}


class GenreNetwork(nn.Module, PyTorchModelHubMixin):
    """A genre network.

    Args:
        config: see `GenreConfig`.
    """

    # Annotated by the class itself, not by its name: so the mixin knows how to read it from `config.json`.
    def __init__(self, config: GenreConfig) -> None:
        super().__init__()
        if config.architecture not in ARCHITECTURES:
            raise ValueError(f"There is no architecture '{config.architecture}'; there are {', '.join(ARCHITECTURES)}.")
        self.config = config
        architecture = ARCHITECTURES[config.architecture]
        self.front_end = architecture.features()
        # Of the training clips' features; left as they are, nothing is normalised.
        self.register_buffer("mean", torch.zeros(self.front_end.size))
        self.register_buffer("deviation", torch.ones(self.front_end.size))
        # What tells music from noise; left as they are, everything is music.
        self.register_buffer("music_weights", torch.zeros(3 * self.front_end.size))
        self.register_buffer("music_bias", torch.ones(()))
        self.body = architecture.body(self.front_end.size, config.pooling, **architecture.options)
        self.dense = nn.Linear(self.body.size, 64)
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Linear(64, len(config.labels))

    @property
    def sample_rate_hz(self) -> int:
        """The rate that waveforms must have; resampling is the caller's."""
        return self.front_end.sample_rate_hz

    @property
    def segment_frames(self) -> int:
        """Length of a segment: whole units of the front end, so that every segment begins and ends with one."""
        unit = self.front_end.unit_frames
        return max(1, int(self.config.segment_seconds / self.front_end.frame_seconds / unit + 1e-6)) * unit

    def features(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Return frames (clips, frames, values) of float32 (clips, samples), not normalised."""
        return self.front_end(waveforms)

    def logits(self, frames: torch.Tensor) -> torch.Tensor:
        """Return logits (clips, genres) of frames (clips, frames, values) as `features` makes them."""
        vector = self.body((frames - self.mean) / self.deviation)
        return self.output(self.dropout(torch.relu(self.dense(vector))))

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Return logits (clips, genres) of float32 (clips, samples), each clip judged as one segment."""
        return self.logits(self.features(waveforms))

    @torch.inference_mode()
    def judge(self, pieces: torch.Tensor) -> torch.Tensor:
        """Return calibrated probabilities (pieces, genres) of frames (pieces, `segment_frames`, values)."""
        return (self.logits(pieces) / self.config.temperature).softmax(-1)

    @torch.inference_mode()
    def music_scores(self, pieces: torch.Tensor) -> torch.Tensor:
        """Return how much speaks for music in pieces (pieces, frames, values): above 0 it is, below noise."""
        return piece_statistics(pieces) @ self.music_weights + self.music_bias

    def segment_probabilities(self, frames: torch.Tensor) -> torch.Tensor:
        """Judge a recording piece by piece.

        Args:
            frames: (frames, values) of one recording.

        Returns:
            (segments, genres): calibrated probabilities, one row for each of `segment_starts`.
        """
        length = self.segment_frames
        return self.judge(
            torch.stack([segment(frames, start, length) for start in segment_starts(len(frames), length)])
        )

    @torch.inference_mode()
    def probabilities(self, waveform: torch.Tensor) -> torch.Tensor:
        """Return calibrated probabilities (genres,) of one recording, float32 (samples,) at `sample_rate_hz`."""
        return self.segment_probabilities(self.features(waveform[None])[0]).mean(0)

    @classmethod
    def _from_pretrained(cls, **options: Any) -> Self:
        """Load strictly: a tensor that is missing, or one too many, is an error."""
        return super()._from_pretrained(**options | {"strict": True})

    @classmethod
    def _load_as_pickle(cls, *_: Any, **__: Any) -> Self:
        raise ValueError(f"There is no {WEIGHTS}, and other formats can carry code.")

    def _save_pretrained(self, save_directory: Path) -> None:
        """Write the weights; the frozen encoder in half precision, in which it was published."""
        tensors = {
            name: tensor.half() if name.startswith("front_end.") else tensor
            for name, tensor in self.state_dict().items()
        }
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, save_directory / WEIGHTS)


def piece_statistics(pieces: torch.Tensor) -> torch.Tensor:
    """Return what tells music from noise: mean, deviation and unrest over time.

    Args:
        pieces: (pieces, frames, values), not normalised.

    Returns:
        (pieces, 3 x values); unrest is the mean absolute difference from one frame to the next.
    """
    unrest = pieces.diff(dim=1).abs().mean(1) if pieces.shape[1] > 1 else torch.zeros_like(pieces[:, 0])
    return torch.cat([pieces.mean(1), pieces.std(1, correction=0), unrest], dim=-1)


def segment_starts(count: int, length: int) -> list[int]:
    """Return where the segments of a recording start, in frames.

    The last one is taken from the recording's end if half of it or more is new; a recording that is shorter than a
    segment is one.

    Args:
        count: frames of the recording, at least one.
        length: frames of a segment.
    """
    if count < length:
        return [0]
    starts = [*range(0, count - length + 1, length)]
    return [*starts, count - length] if count - (starts[-1] + length) >= length / 2 else starts


def segment(frames: torch.Tensor, start: int, length: int) -> torch.Tensor:
    """Return `length` frames from `start` on; what is shorter is repeated until it fills a segment."""
    found = frames[start : start + length]
    return found if len(found) == length else found.repeat(-(-length // len(found)), 1)[:length]
