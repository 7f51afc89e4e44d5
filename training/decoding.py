"""The one way in which clips are decoded for a figure: base, tuned and merged go through it alike.

Greedy, without fallback and without timestamps, each clip whole and on its own window plus a margin, by the engines
that the Space serves with. A model that serves better with fallback is served with it; what is compared here is the
models, and sampling would make the comparison a lottery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from ledgers import Row
from najva import audio
from najva.pretrained import Hub, converted, find_checkpoint, merged
from najva.settings import Settings
from najva.transcriber.engine import Decoding, Engine
from najva.transcriber.log_mel import SAMPLE_RATE_HZ
from speech_data import Clip

ENGINES = ("auto", "ctranslate2", "torch")
_MAX_TOKENS = 444


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
        engine: of `ENGINES`; auto is torch on a GPU and ctranslate2 else.
        compute_type: empty is the engine's own: int8 on a CPU, half precision on a GPU.
        say: takes one line on long work.

    Raises:
        ModelError: the model cannot be had.
    """
    settings = Settings.from_environment()
    hub = Hub(offline=settings.models == "offline")
    checkpoint = find_checkpoint(reference, hub, settings.cache)
    base = find_checkpoint(checkpoint.base, hub, settings.cache) if checkpoint.is_adapter else None
    device = _device()
    if engine == "auto":
        engine = "torch" if device == "cuda" else "ctranslate2"
    if engine == "torch":
        import torch

        from najva.transcriber.torch_engine import TorchEngine

        dtype = getattr(torch, compute_type) if compute_type else None
        return TorchEngine(merged(checkpoint, settings.cache, base, say), device, dtype), checkpoint
    from najva.transcriber.ctranslate2_engine import CTranslate2Engine

    folder = converted(checkpoint, settings.cache, base, say)
    return CTranslate2Engine(folder, device, compute_type or None), checkpoint


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def decode_clips(
    engine: Engine, clips: Sequence[Clip], settings: DecodeSettings, *, batch_size: int = 8, title: str = "Decoding"
) -> list[Row]:
    """Write down clips; each is one row of a ledger, in the order given.

    Clips of like length are decoded together, longest first, on all of the engine's workers.

    Args:
        engine: see `load_engine`.
        clips: of a data folder.
        settings: see `DecodeSettings`.
        batch_size: clips decoded together.
        title: of the progress bar.
    """
    order = sorted(range(len(clips)), key=lambda index: -clips[index].seconds)
    batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
    rows: dict[int, Row] = {}

    def decode(batch: list[int]) -> Iterator[tuple[int, Row]]:
        texts = decode_batch(engine, [clips[index].path for index in batch], settings)
        return zip(batch, (_row(clips[index], text) for index, text in zip(batch, texts, strict=True)), strict=True)

    with ThreadPoolExecutor(engine.workers) as pool, tqdm(total=len(clips), desc=title, unit="clip") as bar:
        for part in pool.map(decode, batches):
            for index, row in part:
                rows[index] = row
                bar.update()
    return [rows[index] for index in range(len(clips))]


def decode_batch(engine: Engine, paths: Sequence[Path], settings: DecodeSettings) -> list[str]:
    """Return the text of each file."""
    waveforms = [audio.read(path, sample_rate_hz=SAMPLE_RATE_HZ)[0] for path in paths]
    longest = max(waveform.size for waveform in waveforms) / SAMPLE_RATE_HZ
    window = engine.window_seconds if settings.full_window else longest + settings.margin_seconds
    encoded = engine.encode(waveforms, min(window, engine.window_seconds))
    room = min(_MAX_TOKENS, int(32 + settings.tokens_per_second * longest))
    prompt = engine.tokens.prompt(settings.language, timestamps=False)
    decoding = Decoding(beam_size=settings.beam_size, max_tokens=room)
    written = encoded.decode(list(range(len(waveforms))), prompt, decoding)
    return [engine.tokens.text(hypothesis.tokens).strip() for hypothesis in written]


def _row(clip: Clip, text: str) -> Row:
    return Row(
        id=clip.id, reference=clip.text, hypothesis=text, group=clip.group, sha256=clip.sha256, seconds=clip.seconds
    )
