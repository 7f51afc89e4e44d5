"""What a genre network hears: frames of a waveform, computed inside the network, so that training and serving agree.

Two kinds: the course's MFCC, and what the first layers of a Whisper encoder make of the sound. Both are batched PyTorch
modules from float32 (clips, samples) to (clips, frames, values), and both look at a frame's neighbourhood alone: a
frame of a crop is that of the whole, as long as its window lies inside the crop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoderLayer

from najva.mel_bands import mel_bands

# A power below this is silence: log10 of nothing is no number.
_LEAST_POWER = 1e-10
# Of 16 kHz sound, at each of the encoder's positions: 20 ms.
_POSITION_SAMPLES = 320
_LEAST_DECIBELS = 10 * math.log10(_LEAST_POWER)


class MelPower(nn.Module):
    """Power in mel bands of windowed frames.

    Args:
        sample_rate_hz: of the waveforms.
        window_samples: length of the Hann window.
        hop_samples: from one frame to the next.
        fft_samples: length of the transform; the window lies in its middle.
        bands: number of mel bands.
        pad_mode: how the ends are continued, `constant` (silence) or `reflect`.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        window_samples: int,
        hop_samples: int,
        fft_samples: int,
        bands: int,
        pad_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.hop_samples, self.fft_samples, self.pad_mode = hop_samples, fft_samples, pad_mode
        # They follow from the settings, which the checkpoint holds.
        self.register_buffer("window", torch.hann_window(window_samples), persistent=False)
        triangles = torch.from_numpy(mel_bands(bands, sample_rate_hz, fft_samples))
        self.register_buffer("triangles", triangles.T.contiguous(), persistent=False)

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Return power.

        Args:
            waveforms: float32 (clips, samples).

        Returns:
            (clips, 1 + samples // hop_samples, bands), at least `_LEAST_POWER`.
        """
        spectrum = torch.stft(
            waveforms,
            self.fft_samples,
            self.hop_samples,
            self.window.numel(),
            self.window,
            center=True,
            pad_mode=self.pad_mode,
            return_complex=True,
        )
        # Eight times as quick as a sum over `view_as_real`'s last axis.
        power = spectrum.real.square() + spectrum.imag.square()
        return (power.transpose(1, 2) @ self.triangles).clamp_min(_LEAST_POWER)


class MFCC(nn.Module):
    """Mel-frequency cepstral coefficients: `librosa.feature.mfcc` with a fixed floor instead of `top_db`.

    `top_db` measures the floor from a clip's loudest frame, so a crop's coefficients would not be those of the whole.

    Args:
        sample_rate_hz, window_samples, hop_samples, fft_samples, bands: see `MelPower`.
        coefficients: how many of the cosine transform are kept.
    """

    # Any frame may be the first of what is computed apart.
    unit_frames = 1

    def __init__(
        self,
        *,
        sample_rate_hz: int = 22050,
        window_samples: int = 551,
        hop_samples: int = 220,
        fft_samples: int = 1024,
        bands: int = 128,
        coefficients: int = 13,
    ) -> None:
        super().__init__()
        self.size, self.sample_rate_hz = coefficients, sample_rate_hz
        self.frame_samples, self.frame_seconds = hop_samples, hop_samples / sample_rate_hz
        # Frames beside a frame whose sound it sees too.
        self.context_frames = math.ceil(fft_samples / 2 / hop_samples)
        self.mel = MelPower(sample_rate_hz, window_samples, hop_samples, fft_samples, bands)
        cosines = _cosines(bands, coefficients)
        self.register_buffer("cosines", cosines.float(), persistent=False)
        # The sum over the bands is counted from the floor on: with what is left, float32 has digits to spare.
        self.register_buffer("floor", (cosines.sum(0) * _LEAST_DECIBELS).float(), persistent=False)

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Return coefficients (clips, frames, coefficients) of float32 (clips, samples)."""
        return (10.0 * self.mel(waveforms).log10() - _LEAST_DECIBELS) @ self.cosines + self.floor


def _cosines(bands: int, coefficients: int) -> torch.Tensor:
    """Return the orthonormal DCT-II as a float64 matrix (bands, coefficients)."""
    band, coefficient = np.arange(bands)[:, None], np.arange(coefficients)[None, :]
    matrix = np.cos(np.pi / bands * (band + 0.5) * coefficient) * math.sqrt(2.0 / bands)
    matrix[:, 0] /= math.sqrt(2.0)
    return torch.from_numpy(matrix)


class WhisperFeatures(nn.Module):
    """The first layers of a Whisper encoder, frozen.

    Whisper heard speech, and music beside it. Its first layer tells genres apart better than its last ones, which keep
    what is said alone.

    Args:
        layers: how many of the encoder's.
        width, heads, inner: the encoder's `d_model`, `encoder_attention_heads` and `encoder_ffn_dim`.
        bands: mel bands.
        window_seconds: longest stretch that is looked at as one; attention does not reach beyond it.
        pooled_frames: so many frames of 20 ms become one, by their mean.
    """

    sample_rate_hz = 16000
    # Windows see nothing of each other.
    context_frames = 0

    def __init__(
        self,
        *,
        layers: int = 1,
        width: int = 512,
        heads: int = 8,
        inner: int = 2048,
        bands: int = 80,
        window_seconds: float = 3.0,
        pooled_frames: int = 5,
    ) -> None:
        super().__init__()
        self.size, self.pooled_frames = width, pooled_frames
        self.positions_per_window = round(window_seconds * self.sample_rate_hz / _POSITION_SAMPLES)
        self.mel = MelPower(self.sample_rate_hz, 400, 160, 400, bands, pad_mode="reflect")
        self.conv1 = nn.Conv1d(bands, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.positions = nn.Parameter(torch.zeros(self.positions_per_window, width))
        config = WhisperConfig(
            d_model=width, encoder_attention_heads=heads, encoder_ffn_dim=inner, attn_implementation="sdpa"
        )
        self.layers = nn.ModuleList(WhisperEncoderLayer(config) for _ in range(layers))
        self.requires_grad_(False)

    @property
    def frame_samples(self) -> int:
        """How much sound a frame stands for, in samples."""
        return self.pooled_frames * _POSITION_SAMPLES

    @property
    def frame_seconds(self) -> float:
        """The same in seconds."""
        return self.frame_samples / self.sample_rate_hz

    @property
    def unit_frames(self) -> int:
        """Frames in a window; what is computed apart must begin and end with windows."""
        return self.positions_per_window // self.pooled_frames

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Return the layer's output, averaged over `pooled_frames`.

        Args:
            waveforms: float32 (clips, samples) at 16 kHz; what is no whole window is continued with silence.

        Returns:
            (clips, frames, width): of every whole or begun `frame_seconds`.
        """
        clips, samples = waveforms.shape
        window_samples = self.positions_per_window * _POSITION_SAMPLES
        windows = -(-samples // window_samples)
        padded = nn.functional.pad(waveforms, (0, windows * window_samples - samples))
        hidden = self._encode(padded.view(clips * windows, window_samples))
        hidden = hidden.unflatten(1, (-1, self.pooled_frames)).mean(2)
        frames = -(-samples // self.frame_samples)
        return hidden.reshape(clips, -1, self.size)[:, :frames]

    def _encode(self, windows: torch.Tensor) -> torch.Tensor:
        """Return (windows, positions, width) of float32 (windows, samples)."""
        # Whisper's own scale, `log_mel_spectrogram` of openai/whisper; a window is a clip to it.
        levels = self.mel(windows)[:, :-1].log10()
        levels = (torch.maximum(levels, levels.amax((1, 2), keepdim=True) - 8.0) + 4.0) / 4.0
        hidden = nn.functional.gelu(self.conv1(levels.transpose(1, 2)))
        hidden = nn.functional.gelu(self.conv2(hidden)).transpose(1, 2) + self.positions
        for layer in self.layers:
            hidden = layer(hidden, None)
        return hidden

    def load_encoder(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take the weights of a Whisper checkpoint.

        Args:
            weights: by their names in transformers' `WhisperForConditionalGeneration`.

        Raises:
            KeyError, RuntimeError: a tensor is missing, or of another shape.
        """
        prefix = "model.encoder."
        own = {name: weights[prefix + name] for name in self.state_dict() if name != "positions"}
        own["positions"] = weights[f"{prefix}embed_positions.weight"][: self.positions_per_window]
        self.load_state_dict(own)
