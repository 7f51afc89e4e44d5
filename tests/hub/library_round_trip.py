"""Pushes tiny models and clips by stock `transformers`, `peft` and `datasets`, loads them back, prints the outcome.

A program of its own, as the libraries read the Hub's address when they are imported. Run by `test_hub_libraries.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from datasets import Audio, Dataset, load_dataset
from huggingface_hub import HfApi
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)
from transformers.convert_slow_tokenizer import bytes_to_unicode

_SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|fa|>", "<|transcribe|>", "<|notimestamps|>")
MEL_BINS = 16
TEXT = "نجوا یعنی whisper"
_FRAMES = 200


def tiny_processor(folder: Path) -> WhisperProcessor:
    """Returns a processor whose tokens are single bytes, so that it needs no download and knows every script.

    Args:
        folder: where the vocabulary is written.
    """
    folder.mkdir(parents=True)
    symbols = [*bytes_to_unicode().values(), *_SPECIAL]
    (folder / "vocab.json").write_text(json.dumps({symbol: number for number, symbol in enumerate(symbols)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = WhisperTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer.add_special_tokens({"additional_special_tokens": list(_SPECIAL[1:])})
    return WhisperProcessor(WhisperFeatureExtractor(feature_size=MEL_BINS, chunk_length=4), tokenizer)


def tiny_whisper(vocabulary: int) -> WhisperForConditionalGeneration:
    """Returns a Whisper of one narrow layer with random weights.

    Args:
        vocabulary: number of tokens.
    """
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=vocabulary,
        num_mel_bins=MEL_BINS,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_source_positions=_FRAMES // 2,
        max_target_positions=32,
        pad_token_id=256,
        bos_token_id=256,
        eos_token_id=256,
        decoder_start_token_id=257,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    return WhisperForConditionalGeneration(config).eval()


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    """Returns what a model says to a fixed input: (1, tokens, vocabulary)."""
    features = torch.linspace(-1, 1, MEL_BINS * _FRAMES).reshape(1, MEL_BINS, _FRAMES)
    return model(input_features=features, decoder_input_ids=torch.tensor([[257, 258, 259]])).logits


def clips_come_back() -> bool:
    """Pushes a data set of two clips; tells whether it is the same when loaded and when streamed."""
    noise = np.random.default_rng(0)
    clips = [{"bytes": noise.bytes(300_000), "path": f"{number}.wav"} for number in range(2)]
    as_bytes = Audio(decode=False)
    made = Dataset.from_dict({"audio": clips, "text": [TEXT, "متن"]}).cast_column("audio", as_bytes)
    made.push_to_hub("najva-tester/tiny-clips", private=True)
    found = []
    for streaming in (False, True):
        loaded = load_dataset("najva-tester/tiny-clips", split="train", streaming=streaming)
        found.append(list(loaded.cast_column("audio", as_bytes)))
    return found[0] == found[1] == list(made)


def main(folder: Path) -> None:
    """Pushes a model, its processor, an adapter and a data set, loads all of them and compares."""
    processor = tiny_processor(folder / "vocabulary")
    model = tiny_whisper(len(processor.tokenizer))
    model.push_to_hub("tiny-whisper", private=True)
    processor.push_to_hub("tiny-whisper")
    loaded = WhisperForConditionalGeneration.from_pretrained("najva-tester/tiny-whisper").eval()
    loaded_processor = WhisperProcessor.from_pretrained("najva-tester/tiny-whisper")
    same_logits = torch.equal(logits(model), logits(loaded))

    adapted = get_peft_model(tiny_whisper(len(processor.tokenizer)), LoraConfig(target_modules=["q_proj", "v_proj"]))
    for name, weight in adapted.named_parameters():
        # A fresh adapter changes nothing, which a lost one would not either.
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    adapted.eval().push_to_hub("tiny-adapter", private=True)
    loaded_adapter = PeftModel.from_pretrained(loaded, "najva-tester/tiny-adapter").eval()

    api = HfApi()
    found = {
        "model_files": api.list_repo_files("najva-tester/tiny-whisper"),
        "adapter_files": api.list_repo_files("najva-tester/tiny-adapter"),
        "same_clips": clips_come_back(),
        "private": api.model_info("najva-tester/tiny-adapter").private,
        "text": loaded_processor.decode(loaded_processor.tokenizer(TEXT).input_ids, skip_special_tokens=True),
        "vocabulary": len(loaded_processor.tokenizer),
        "mel_bins": loaded_processor.feature_extractor.feature_size,
        "same_logits": same_logits,
        "same_adapted_logits": torch.allclose(logits(adapted), logits(loaded_adapter), atol=1e-6),
        "adapter_matters": not torch.allclose(logits(model), logits(adapted), atol=1e-3),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
