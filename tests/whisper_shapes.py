"""Whispers of published shapes with random weights: what does not depend on what they know can be measured on them."""

from transformers import WhisperConfig, WhisperForConditionalGeneration

# width, layers of encoder and of decoder, heads: openai/whisper's `model.py`.
SHAPES = {"base": (512, 6, 8), "small": (768, 12, 12)}


def random_whisper(shape: str) -> WhisperForConditionalGeneration:
    """Return a model of one of `SHAPES` that suppresses no tokens."""
    width, layers, heads = SHAPES[shape]
    config = WhisperConfig(
        vocab_size=51865,
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        decoder_start_token_id=50258,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    return WhisperForConditionalGeneration(config)
