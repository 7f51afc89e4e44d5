"""The mission's model in its exact shape, with random weights: it trains and decodes on a CPU in both precisions.

Speed and memory of the same shape: `tests/benchmarks/train.py --shapes small`.
"""

import math

import pytest
import torch

from najva.transcriber.encoder_window import AnyLengthEncoder
from najva.transcriber.tokens import WhisperTokens
from sheets.speech_data import Clip
from tests.whisper_shapes import random_whisper
from tuning.speech_batches import SpeechClips, SpeechCollator
from tuning.whisper_training import has_bf16
from tuning.whisper_tuning import write_tokens


@pytest.mark.slow
@pytest.mark.parametrize("half", [False, True], ids=["fp32", "bf16"])
def test_whisper_small_s_shape_trains_and_decodes(half: bool, clips: list[Clip], tokens: WhisperTokens) -> None:
    torch.manual_seed(0)
    model = random_whisper("small")
    assert sum(weight.numel() for weight in model.parameters()) == 241_734_912  # as openai/whisper-small
    AnyLengthEncoder.relax(model.model.encoder)
    dataset = SpeechClips(clips[:1], tokens, "fa")
    batch = SpeechCollator(80, 30)([dataset[0]])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    losses = []
    # Without instructions of its own for it, a processor takes minutes for bfloat16.
    steps = 2 if not half or has_bf16(cpu=True) else 1
    for _ in range(steps):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss))
    # Random weights take every token for as likely as any other; one step already changes that.
    assert losses[0] == pytest.approx(math.log(51865), abs=1)
    assert steps == 1 or losses[1] < losses[0] - 0.1
    prompt = tokens.prompt("fa", timestamps=False)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        written = write_tokens(model, model.model.encoder(batch["input_features"]), prompt, tokens.end_of_text, 5)
    assert written.shape[0] == 1 and 1 <= written.shape[1] <= 5
