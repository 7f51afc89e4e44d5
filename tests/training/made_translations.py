"""What tests of translation make up: a translator of five sentences, training text, and no pieces of FLORES-200."""

from itertools import chain
from pathlib import Path

import pytest
import torch
from sacrebleu.tokenizers import tokenizer_spm
from torch.nn.utils.rnn import pad_sequence
from transformers import M2M100Config, M2M100ForConditionalGeneration

from najva.translation.spelling import source_spelling
from translation.parallel_text import COLLECTIONS, HELD_OUT, TALK
from translation.vocabulary import Encoder, train_vocabulary

CHINESE = ["我爱音乐。", "请把收音机关掉。", "火车今天晚点了两个小时。", "你知道图书馆在哪里吗？", "他昨天买了三本书。"]
ENGLISH = [
    "I love music.",
    "Please turn the radio off.",
    "The train is two hours late today.",
    "Do you know where the library is?",
    "He bought three books yesterday.",
]
_STEPS, _LEARNING_RATE, _IGNORED = 200, 2e-3, -100


def close_download(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let sacrebleu find no pieces of FLORES-200, neither on this machine nor by asking, until the test ends."""
    monkeypatch.setattr(tokenizer_spm, "SACREBLEU_DIR", str(folder / "sacrebleu"))
    # Nobody listens at port 9.
    closed = {"url": "http://127.0.0.1:9/flores200sacrebleuspm", "signature": "flores200"}
    monkeypatch.setitem(tokenizer_spm.SPM_MODELS, "flores200", closed)


def save_taught(folder: Path) -> Path:
    """Save a translator that knows these five sentences by heart, with the tokenizer that this project's own has."""
    train_vocabulary([*ENGLISH, *CHINESE] * 20, folder, pieces=380)
    encoder = Encoder(folder)
    torch.manual_seed(0)
    config = M2M100Config(
        vocab_size=len(encoder),
        d_model=64,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        dropout=0.0,
        attention_dropout=0.0,
        max_position_embeddings=256,
        pad_token_id=encoder.pad,
        bos_token_id=encoder.end,
        eos_token_id=encoder.end,
        decoder_start_token_id=encoder.end,
    )
    model = M2M100ForConditionalGeneration(config)
    sources = encoder.encode([source_spelling(text, "en") for text in ENGLISH], TALK)
    asked, answered = _padded(sources, encoder.pad), _padded(encoder.encode(CHINESE), encoder.pad)
    answered[answered == encoder.pad] = _IGNORED
    optimizer = torch.optim.Adam(model.parameters(), lr=_LEARNING_RATE)
    for _ in range(_STEPS):
        loss = model(input_ids=asked, attention_mask=asked != encoder.pad, labels=answered).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05
    model.save_pretrained(folder)
    return folder


def _padded(rows: list[list[int]], pad: int) -> torch.Tensor:
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=pad)


def make_training(folder: Path) -> Path:
    """Write a folder of training text: five sentences of English and one of Persian, each in its own files."""
    pairs = {"en": list(zip(ENGLISH, CHINESE, strict=True)), "fa": [("کتاب را خواندم.", "我读了那本书。")]}
    for collection in COLLECTIONS:
        _write(folder / collection.file, pairs[collection.source])
    for name in chain(*HELD_OUT.values()):
        path = folder / name if name.endswith(".tsv") else folder / name / "en-zh.tsv"
        _write(path, [("Nobody learns this one.", "这句话没有人学过。")])
    return folder


def _write(path: Path, pairs: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
