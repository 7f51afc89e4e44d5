"""The one way in which clips are decoded for a figure: base, tuned and merged go through it alike.

Greedy, without fallback and without timestamps, each clip whole and on its own window plus a margin, by the engines
that the Space serves with; a recording longer than the model hears at a time is cut at its pauses, as the Space does. A
model that serves better with fallback is served with it; what is compared here is the models, and sampling would make
the comparison a lottery.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from evaluation.ledgers import Row
from model_references import find_model
from najva import audio
from najva.pretrained import converted, merged
from najva.transcriber.engine import Decoding, Engine, token_limit
from najva.transcriber.log_mel import SAMPLE_RATE_HZ
from najva.vad import Cutting, SpeechDetector, cut_into_spans
from sheets.speech_data import Clip

_BATCH_CLIPS = 8


@dataclass(frozen=True)
class DecodeSettings:
    """Everything that a figure depends on besides the model and the clips.

    Attributes:
        engine: `ctranslate2` or `torch`.
        compute_type: arithmetic, as the engine calls it.
        language: code that the decoder is told.
        beam_size: 1 is greedy.
        margin_seconds: silence after each clip inside the encoder's window.
        full_window: the whole window of the checkpoint instead.
        tokens_per_second: written at most, and 32 more.
    """

    engine: str
    compute_type: str
    language: str = "fa"
    beam_size: int = 1
    margin_seconds: float = 2.0
    full_window: bool = False
    tokens_per_second: float = 15.0

    def as_dict(self) -> dict:
        """Return it for `run.json`."""
        return asdict(self)


def load_engine(reference: str, engine: str = "auto", compute_type: str = "", say: Callable[[str], None] = print):
    """Return the engine of a model and the checkpoint that it runs.

    Args:
        reference: see `najva.pretrained`; an adapter is put on its base.
        engine: `ctranslate2`, `torch`, or `auto`: torch on a GPU and ctranslate2 else.
        compute_type: empty is the engine's own: int8 on a CPU, half precision on a GPU.
        say: takes one line on long work.

    Raises:
        ModelError: the model cannot be had.
    """
    checkpoint, base, cache = find_model(reference)
    device = _device()
    if engine == "auto":
        engine = "torch" if device == "cuda" else "ctranslate2"
    if engine == "torch":
        import torch

        from najva.transcriber.torch_engine import TorchEngine

        dtype = getattr(torch, compute_type) if compute_type else None
        return TorchEngine(merged(checkpoint, cache, base, say), device, dtype), checkpoint
    from najva.transcriber.ctranslate2_engine import CTranslate2Engine

    folder = converted(checkpoint, cache, base, say)
    return CTranslate2Engine(folder, device, compute_type or None), checkpoint


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def decode_clips(
    engine: Engine,
    clips: Sequence[Clip],
    settings: DecodeSettings,
    *,
    title: str = "Decoding",
    process: int = 0,
    processes: int = 1,
) -> list[Row]:
    """Write down clips; each is one row of a ledger.

    Clips of like length are decoded together, longest first, on all of the engine's workers. What a clip's window is
    depends on its batch, so several processes share out batches, not clips: each clip is written as one process would.

    Args:
        engine: see `load_engine`.
        clips: of a data folder.
        settings: see `DecodeSettings`.
        title: of the progress bar.
        process: which of the processes this is.
        processes: how many share the work.

    Returns:
        The rows of this process's share, in no order that means anything.
    """
    order = sorted(clips, key=lambda clip: (-clip.seconds, clip.id))
    long = sum(clip.seconds > engine.window_seconds for clip in order)
    batches = [[clip] for clip in order[:long]]
    batches += [order[first : first + _BATCH_CLIPS] for first in range(long, len(order), _BATCH_CLIPS)]
    mine = batches[process::processes]
    rows: list[Row] = []

    def decode(batch: list[Clip]) -> list[Row]:
        texts = decode_batch(engine, [clip.path for clip in batch], settings)
        return [_row(clip, text) for clip, text in zip(batch, texts, strict=True)]

    with (
        ThreadPoolExecutor(engine.workers) as pool,
        tqdm(total=sum(map(len, mine)), desc=title, unit="clip", disable=process > 0) as bar,
    ):
        for part in pool.map(decode, mine):
            rows += part
            bar.update(len(part))
    return rows


def decode_batch(engine: Engine, paths: Sequence[Path], settings: DecodeSettings) -> list[str]:
    """Return the text of each file."""
    waveforms = [audio.read(path, sample_rate_hz=SAMPLE_RATE_HZ)[0] for path in paths]
    if len(waveforms) > 1 or waveforms[0].size <= engine.window_seconds * SAMPLE_RATE_HZ:
        return _write(engine, waveforms, settings)
    pieces = _pieces(waveforms[0], engine.window_seconds)
    groups = [pieces[first : first + _BATCH_CLIPS] for first in range(0, len(pieces), _BATCH_CLIPS)]
    return [" ".join(text for group in groups for text in _write(engine, group, settings))]


def _pieces(waveform: np.ndarray, window_seconds: float) -> list[np.ndarray]:
    """Cut a long recording at its pauses; what nobody speaks in is left out."""
    spans = cut_into_spans([waveform], SpeechDetector(), Cutting().within(window_seconds))
    return [span.samples for span in spans]


def _write(engine: Engine, waveforms: Sequence[np.ndarray], settings: DecodeSettings) -> list[str]:
    """Return the text of each waveform, all of them on the window of the longest."""
    longest = max(waveform.size for waveform in waveforms) / SAMPLE_RATE_HZ
    window = engine.window_seconds if settings.full_window else longest + settings.margin_seconds
    encoded = engine.encode(waveforms, min(window, engine.window_seconds))
    prompt = engine.tokens.prompt(settings.language, timestamps=False)
    decoding = Decoding(beam_size=settings.beam_size, max_tokens=token_limit(longest, settings.tokens_per_second))
    written = encoded.decode(list(range(len(waveforms))), prompt, decoding)
    return [engine.tokens.text(hypothesis.tokens).strip() for hypothesis in written]


def _row(clip: Clip, text: str) -> Row:
    return Row(
        id=clip.id, reference=clip.text, hypothesis=text, group=clip.group, sha256=clip.sha256, seconds=clip.seconds
    )
