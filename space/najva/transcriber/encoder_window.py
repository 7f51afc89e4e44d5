"""Whisper's encoder on less than its whole window.

The encoder's own `forward` in transformers insists on the checkpoint's window. Whisper's positions count from the
window's start, so a shorter clip simply uses fewer of them; only the check stands in the way. Training and the torch
engine both go through here.
"""

from __future__ import annotations

import torch
from torch.nn.functional import dropout, gelu
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.whisper.modeling_whisper import WhisperEncoder


def encode_features(encoder: WhisperEncoder, features: torch.Tensor) -> torch.Tensor:
    """Encode log-mel frames of any length up to the window.

    Args:
        encoder: of `WhisperForConditionalGeneration`.
        features: (clips, bands, frames), an even number of frames.

    Returns:
        (clips, frames / 2, width), normalised, as the decoder takes it.
    """
    hidden = gelu(encoder.conv2(gelu(encoder.conv1(features)))).transpose(1, 2)
    hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
    hidden = dropout(hidden, p=encoder.dropout, training=encoder.training)
    for layer in encoder.layers:
        hidden = layer(hidden, None)
    return encoder.layer_norm(hidden)


class AnyLengthEncoder(WhisperEncoder):
    """A Whisper encoder whose `forward` takes clips shorter than the window."""

    @classmethod
    def relax(cls, encoder: WhisperEncoder) -> None:
        """Let an encoder take shorter clips from now on; its weights and its place in the model stay as they are."""
        encoder.__class__ = cls

    def forward(
        self, input_features: torch.Tensor, attention_mask: torch.Tensor | None = None, **options: object
    ) -> BaseModelOutput:
        """Encode; see `encode_features`. Whisper masks nothing, so the mask is ignored as in transformers."""
        return BaseModelOutput(last_hidden_state=encode_features(self, input_features))
