"""Where somebody speaks: Silero's voice activity network, and the cutting of a stream into spans at pauses.

Everything here is causal: a file and a microphone go through the same code, block by block, and any way of chopping
the same audio into blocks gives the same spans.
"""

import importlib.util
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

SAMPLE_RATE_HZ = 16000
FRAME_SAMPLES = 512
_CONTEXT_SAMPLES = 64
_FRAMES_PER_CALL = 512
# What training leaves free at the end of the window, and the shortest piece that is worth decoding.
_LEAST_MARGIN_SECONDS, _LEAST_SPAN_SECONDS = 1.0, 1.0


@dataclass(frozen=True)
class Cutting:
    """When a span ends.

    Attributes:
        enter_probability: a frame at least this likely to be speech starts a stretch of speech.
        leave_probability: the stretch goes on while frames stay above this.
        gap_seconds: a stretch ends when this long nothing was above `leave_probability`.
        pause_seconds: silence that ends a span.
        max_seconds: length of a span at most; longer speech is cut at its longest gap.
        pad_seconds: silence kept before and after the speech, as far as it is there.
        min_speech_seconds: spans with less speech than this are noise and dropped.
    """

    enter_probability: float = 0.5
    leave_probability: float = 0.35
    gap_seconds: float = 0.16
    pause_seconds: float = 1.5
    max_seconds: float = 20.0
    pad_seconds: float = 0.3
    min_speech_seconds: float = 0.15

    def within(self, window_seconds: float) -> "Cutting":
        """Return the same with spans that leave a window of so many seconds the margin that training leaves it."""
        room = max(_LEAST_SPAN_SECONDS, window_seconds - _LEAST_MARGIN_SECONDS)
        return replace(self, max_seconds=min(self.max_seconds, room))


@dataclass(frozen=True)
class Span:
    """Speech to be decoded in one piece.

    Attributes:
        start_seconds: where it starts in the stream.
        samples: float32 (samples,), mono at 16 kHz, the padding included.
    """

    start_seconds: float
    samples: np.ndarray = field(repr=False)

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples.size / SAMPLE_RATE_HZ

    @property
    def end_seconds(self) -> float:
        """Where it ends in the stream."""
        return self.start_seconds + self.seconds


class SpeechDetector:
    """Silero VAD 6 (MIT), the form that takes many frames a call, at 16 kHz.

    It holds no state of a stream, so one is shared by all visitors.
    """

    def __init__(self) -> None:
        # From 1.29 on its Linux builds send Microsoft what they run, unless this is set before they are loaded.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        # onnxruntime and the package are looked up here, not imported above: importing this module must stay free.
        import onnxruntime

        onnxruntime.disable_telemetry_events()

        package = importlib.util.find_spec("silero_vad")
        model = Path(package.origin).parent / "data" / "silero_vad_16k_sequence.onnx"
        options = onnxruntime.SessionOptions()
        # The network is a small recurrent one: a second thread makes it slower, and would be taken from the decoder.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def probabilities(
        self, frames: np.ndarray, context: np.ndarray, state: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Return the probability of speech of each frame, and the state after the last.

        Args:
            frames: float32 (frames, 512), consecutive.
            context: float32 (64,), the samples before the first frame.
            state: hidden and cell state, each float32 (1, 1, 128).
        """
        joined = np.concatenate([context, frames.reshape(-1)])
        windows = np.lib.stride_tricks.sliding_window_view(joined, _CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
        found = []
        for first in range(0, len(windows), _FRAMES_PER_CALL):
            batch = np.ascontiguousarray(windows[first : first + _FRAMES_PER_CALL])
            values, *state = self._session.run(
                ["speech_probs", "hn", "cn"], {"input": batch, "h": state[0], "c": state[1]}
            )
            found.append(values.reshape(-1))
        return np.concatenate(found), (state[0], state[1])


class SpanCutter:
    """Cuts one stream into spans; push samples as they come, flush at the end."""

    def __init__(self, detector: SpeechDetector, cutting: Cutting | None = None) -> None:
        self._detector, self.cutting = detector, cutting or Cutting()
        self._state = (np.zeros((1, 1, 128), np.float32), np.zeros((1, 1, 128), np.float32))
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._unseen = np.zeros(0, np.float32)  # samples that do not fill a frame yet
        self._kept = np.zeros(0, np.float32)  # samples from frame `_origin` on
        self._origin = 0
        self._frame = 0  # frames seen
        self._stretches: list[list[int]] = []  # first and last+1 frame of each stretch of speech in the open span
        self._speaking = False
        self._quiet_probabilities: dict[int, float] = {}
        self._last_cut = 0

    def push(self, samples: np.ndarray) -> list[Span]:
        """Take the next samples and return the spans that are now complete.

        Args:
            samples: float32 (samples,), mono at 16 kHz; any length.
        """
        samples = np.concatenate([self._unseen, samples])
        whole = samples.size - samples.size % FRAME_SAMPLES
        self._unseen = samples[whole:]
        return self._take(samples[:whole].reshape(-1, FRAME_SAMPLES)) if whole else []

    def flush(self) -> list[Span]:
        """Return what is left when the stream has ended; the last partial frame is filled with silence."""
        spans = []
        if self._unseen.size:
            filled = np.zeros((1, FRAME_SAMPLES), np.float32)
            filled[0, : self._unseen.size] = self._unseen
            self._unseen = np.zeros(0, np.float32)
            spans = self._take(filled)
        if self._stretches:
            spans += self._close(len(self._stretches), self._frame)
        self._speaking = False
        return spans

    def open_span(self, from_seconds: float = 0.0, to_seconds: float = float("inf")) -> Span | None:
        """Return what was said so far of the span that is not complete yet; None where none is open.

        Args:
            from_seconds: what lies before is left out.
            to_seconds: what lies after, too.
        """
        if not self._stretches:
            return None
        last = min(self._frame, self._stretches[-1][1] + _frames(self.cutting.pad_seconds))
        if to_seconds * SAMPLE_RATE_HZ < last * FRAME_SAMPLES:
            last = _frames(to_seconds)
        return self._span(min(last, max(self._first_frame(), _frames(from_seconds))), last)

    @property
    def open_gaps(self) -> list[float]:
        """The middles of the gaps in the open span's speech, in seconds of the stream."""
        middles = ((before[1] + after[0]) // 2 for before, after in pairwise(self._stretches))
        return [middle * FRAME_SAMPLES / SAMPLE_RATE_HZ for middle in middles]

    @property
    def seconds(self) -> float:
        """Length of what was taken so far."""
        return (self._frame * FRAME_SAMPLES + self._unseen.size) / SAMPLE_RATE_HZ

    @property
    def speaking(self) -> bool:
        """Whether a span is open."""
        return bool(self._stretches)

    def _take(self, frames: np.ndarray) -> list[Span]:
        found, self._state = self._detector.probabilities(frames, self._context, self._state)
        self._context = frames[-1, -_CONTEXT_SAMPLES:].copy()
        self._kept = np.concatenate([self._kept, frames.reshape(-1)])
        spans = []
        for probability in found:
            spans += self._step(float(probability))
            self._frame += 1
        self._forget()
        return spans

    def _step(self, probability: float) -> list[Span]:
        cutting, frame = self.cutting, self._frame
        self._quiet_probabilities[frame] = probability
        if probability >= cutting.enter_probability and not self._speaking:
            self._speaking = True
            self._stretches.append([frame, frame + 1])
        elif self._speaking:
            if probability >= cutting.leave_probability:
                self._stretches[-1][1] = frame + 1
            elif frame - self._stretches[-1][1] >= _frames(cutting.gap_seconds):
                self._speaking = False
        if not self._stretches:
            return []
        if frame + 1 - self._stretches[-1][1] >= _frames(cutting.pause_seconds):
            self._speaking = False
            return self._close(len(self._stretches), frame + 1)
        if frame + 1 - self._first_frame() >= _frames(cutting.max_seconds):
            return self._cut()
        return []

    def _first_frame(self) -> int:
        """First frame of the open span, its padding included."""
        return max(self._stretches[0][0] - _frames(self.cutting.pad_seconds), self._last_cut)

    def _cut(self) -> list[Span]:
        """End a span that grew too long: in its longest gap, else in the least speech-like frame of its last third."""
        first, limit = self._first_frame(), _frames(self.cutting.max_seconds)
        gaps = [
            (after[0] - before[1], index)
            for index, (before, after) in enumerate(zip(self._stretches, self._stretches[1:], strict=False), start=1)
            if before[1] - first >= limit // 3
        ]
        if self._frame + 1 - self._stretches[-1][1] > 1 and self._stretches[-1][1] - first >= limit // 3:
            gaps.append((self._frame + 1 - self._stretches[-1][1], len(self._stretches)))
        if gaps:
            _, index = max(gaps)
            after = self._stretches[index][0] if index < len(self._stretches) else self._frame + 1
            self._speaking = self._speaking and index < len(self._stretches)
            return self._close(index, after)
        start, end = self._stretches[-1]
        candidates = range(max(start + 1, first + 2 * limit // 3), max(end, start + 2))
        middle = min(candidates, key=lambda frame: self._quiet_probabilities.get(frame, 1.0))
        self._stretches[-1:] = [[start, middle], [middle, end]]
        return self._close(len(self._stretches) - 1, middle)

    def _close(self, stretches: int, next_frame: int) -> list[Span]:
        """End the open span after some stretches.

        Args:
            stretches: how many of the open span's stretches of speech it gets.
            next_frame: where the next stretch starts, or the first frame not seen yet.
        """
        closed, self._stretches = self._stretches[:stretches], self._stretches[stretches:]
        last = closed[-1][1]
        # A gap between two spans is shared by both as padding.
        room = (next_frame - last) // 2 if self._stretches else next_frame - last
        end = last + min(room, _frames(self.cutting.pad_seconds))
        first = max(closed[0][0] - _frames(self.cutting.pad_seconds), self._last_cut)
        self._last_cut = end
        speech_seconds = sum(stop - start for start, stop in closed) * FRAME_SAMPLES / SAMPLE_RATE_HZ
        if speech_seconds < self.cutting.min_speech_seconds:
            return []
        return [self._span(first, end)]

    def _span(self, first: int, end: int) -> Span:
        """Return the sound from one frame up to another."""
        samples = self._kept[(first - self._origin) * FRAME_SAMPLES : (end - self._origin) * FRAME_SAMPLES]
        return Span(first * FRAME_SAMPLES / SAMPLE_RATE_HZ, samples.copy())

    def _forget(self) -> None:
        """Drop samples and probabilities that no later span can need."""
        needed = self._first_frame() if self._stretches else self._frame - _frames(self.cutting.pad_seconds)
        needed = max(self._origin, needed)
        self._kept = self._kept[(needed - self._origin) * FRAME_SAMPLES :]
        for frame in range(self._origin, needed):
            self._quiet_probabilities.pop(frame, None)
        self._origin = needed


def cut_into_spans(
    blocks: Iterable[np.ndarray], detector: SpeechDetector, cutting: Cutting | None = None
) -> Iterator[Span]:
    """Yield the spans of a stream of blocks, each as soon as it is complete."""
    cutter = SpanCutter(detector, cutting)
    for block in blocks:
        yield from cutter.push(block)
    yield from cutter.flush()


def _frames(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ / FRAME_SAMPLES)
