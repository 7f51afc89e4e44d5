"""Which genre a recording is: a network's judgement, piece by piece and for the whole, in constant memory.

A recording is read stretch by stretch, with as much sound around each as the front end sees, so that the answer is the
one that the whole would get at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from najva.genre_networks import GenreNetwork, segment, segment_starts

# A recording that never gets louder than 60 dB below full scale is silence.
_SILENCE = 1e-3
# So much is judged at a time, at least.
_STRETCH_SECONDS = 30.0


@dataclass(frozen=True)
class Piece:
    """A piece of a recording and what it was given.

    Attributes:
        start, end: in seconds.
        scores: probability of each genre.
    """

    start: float
    end: float
    scores: dict[str, float]

    def as_dict(self) -> dict:
        """Return it as JSON."""
        scores = {label: round(score, 4) for label, score in self.scores.items()}
        return {"start": round(self.start, 2), "end": round(self.end, 2), "scores": scores}


@dataclass(frozen=True)
class GenreAnswer:
    """What is known of a recording so far.

    Attributes:
        labels: the genres that the network knows.
        model: reference of the network.
        pieces: in order.
        decision: `genre`, `unsure` or `no_music`.
        seconds: how much was heard.
        finished: whether that is all of it.
    """

    labels: tuple[str, ...]
    model: str
    pieces: tuple[Piece, ...] = ()
    decision: str = "no_music"
    seconds: float = 0.0
    finished: bool = False

    @property
    def scores(self) -> dict[str, float]:
        """Probability of each genre, the likeliest first: the mean over the pieces; empty before the first."""
        if not self.pieces:
            return {}
        means = {label: sum(piece.scores[label] for piece in self.pieces) / len(self.pieces) for label in self.labels}
        return dict(sorted(means.items(), key=lambda item: -item[1]))

    def as_dict(self) -> dict:
        """Return it as JSON, in the form of `/classify_genre`."""
        scores = self.scores
        return {
            "genre": next(iter(scores)) if self.decision == "genre" else None,
            "scores": {label: round(score, 4) for label, score in scores.items()},
            "timeline": [piece.as_dict() for piece in self.pieces],
            "decision": self.decision,
            "model": self.model,
            "audio_seconds": round(self.seconds, 2),
        }


class GenreClassifier:
    """A network at work.

    Args:
        network: see `GenreNetwork`.
        reference: of its checkpoint.
    """

    def __init__(self, network: GenreNetwork, reference: str) -> None:
        self.network, self.reference = network.eval(), reference

    @property
    def sample_rate_hz(self) -> int:
        """The rate that recordings must have."""
        return self.network.sample_rate_hz

    def classify(self, blocks: Iterable[np.ndarray]) -> Iterator[GenreAnswer]:
        """Yield the answer as it grows; the last one is finished.

        Args:
            blocks: of one recording, float32 (samples,) each.
        """
        heard, pieces = _Heard(blocks), []
        answer = GenreAnswer(tuple(self.network.config.labels), self.reference)
        for judged in self._pieces(heard):
            pieces += judged
            answer = self._decided(replace(answer, pieces=tuple(pieces)), heard)
            yield answer
        yield replace(self._decided(answer, heard), finished=True)

    def _decided(self, answer: GenreAnswer, heard: _Heard) -> GenreAnswer:
        seconds = heard.samples / self.sample_rate_hz
        if not answer.pieces or heard.loudest < _SILENCE:
            return replace(answer, decision="no_music", seconds=seconds)
        sure = max(answer.scores.values()) >= self.network.config.least_confidence
        return replace(answer, decision="genre" if sure else "unsure", seconds=seconds)

    def _pieces(self, blocks: Iterable[np.ndarray]) -> Iterator[list[Piece]]:
        """Yield the pieces of one stretch after the other."""
        length, labels = self.network.segment_frames, self.network.config.labels
        before, end = None, 0
        for first, frames in self._stretches(blocks):
            starts = segment_starts(len(frames), length)
            cut = [segment(frames, start, length) for start in starts]
            if len(frames) < length and before is not None:
                # What is left of a longer recording: a piece that reaches back, if half of it or more is new.
                if len(frames) * 2 < length:
                    continue
                starts, cut = [len(frames) - length], [torch.cat([before, frames])[-length:]]
            judged = []
            for start, row in zip(starts, self.network.judge(torch.stack(cut)).tolist(), strict=True):
                begun, end = max(end, first + start), first + min(start + length, len(frames))
                bounds = (number * self.network.front_end.frame_seconds for number in (begun, end))
                judged.append(Piece(*bounds, dict(zip(labels, row, strict=True))))
            yield judged
            before = frames[-length:]

    def _stretches(self, blocks: Iterable[np.ndarray]) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield the number of the first frame and the frames (frames, values) of whole pieces; last, what is left."""
        front_end = self.network.front_end
        hop, around = front_end.frame_samples, front_end.context_frames
        whole = math.lcm(self.network.segment_frames, front_end.unit_frames)
        size = whole * math.ceil(_STRETCH_SECONDS / (whole * front_end.frame_seconds))
        # `held` begins at sample `begun`; `done` frames were handed out.
        held, begun, done = np.empty(0, np.float32), 0, 0
        for block in blocks:
            held = np.concatenate([held, block])
            while begun + len(held) >= (done + size + around) * hop:
                yield done, self._frames(held[: (done + size + around) * hop - begun])[done - begun // hop :][:size]
                done += size
                left = max(0, done - around) * hop
                held, begun = held[left - begun :], left
        rest = self._frames(held)[done - begun // hop :] if len(held) else ()
        if len(rest):
            yield done, rest

    def _frames(self, waveform: np.ndarray) -> torch.Tensor:
        with torch.inference_mode():
            return self.network.features(torch.from_numpy(waveform)[None])[0]


class _Heard:
    """Blocks of a recording, counted as they go by."""

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self._blocks, self.samples, self.loudest = blocks, 0, 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.samples += block.size
            self.loudest = max(self.loudest, float(np.abs(block).max(initial=0.0)))
            yield block
