"""Everything about a transcription that does not depend on the engine, in one place."""

from dataclasses import dataclass

from najva.transcriber.quality import Thresholds
from najva.vad import Cutting


@dataclass(frozen=True)
class Behaviour:
    """The settings of a transcription; the defaults are what was measured best (see `tests/benchmarks/`).

    Attributes:
        cutting: where spans end.
        thresholds: when a text is not believed.
        beam_size: 1 is greedy.
        temperatures: tried in turn while a text is doubtful.
        candidates: samples drawn above temperature 0.
        batch_spans: spans decoded together.
        read_ahead_batches: batches gathered, for each worker of the engine, before spans are sorted by length; the
            first time only one, so that the first text comes early.
        window_follows_span: whether the encoder sees the span and a margin, or always the checkpoint's window.
        margin_seconds: silence after the span inside the window. With less than a second the packaged base goes
            astray; with two its error rates are those of the full window.
        tokens_per_second: what the decoder may write for a second of speech, and 32 more; stops loops early.
    """

    cutting: Cutting = Cutting()
    thresholds: Thresholds = Thresholds()
    beam_size: int = 1
    temperatures: tuple[float, ...] = (0.0, 0.4)
    candidates: int = 3
    batch_spans: int = 4
    read_ahead_batches: int = 3
    window_follows_span: bool = True
    margin_seconds: float = 2.0
    tokens_per_second: float = 15.0
