"""Which genre a recording is: a network's judgement, piece by piece and for the whole, in constant memory.

A recording is read stretch by stretch, with as much sound around each as the front end sees, so that the answer is the
one that the whole would get at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from najva.genre_networks import GenreNetwork, segment, segment_starts

# A recording that never gets louder than 60 dB below full scale is silence.
_SILENCE = 1e-3
# Speech is full of pauses. In 46 short and two long recordings of people who read or talk, and in four others, loud
# frames (95th percentile) were 24 to 76 dB above soft ones (10th), in 70 songs of ten genres 3 to 22 dB: beats and
# chords go on under a voice. Of what has such pauses alone the detector of speech is asked, which takes rap for speech.
_SPEECH_RANGE_DB, _SPEECH_SHARE = 23.0, 0.5
_FRAME_SECONDS = 0.032
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
        scores: probability of each genre, the likeliest first: the mean over the pieces; 0 of each without music.
        pieces: those that are music, in order.
        decision: `genre`, `unsure`, or `no_music` where less than half of what was heard is.
        seconds: how much was heard.
        finished: whether that is all of it.
    """

    labels: tuple[str, ...]
    model: str
    scores: dict[str, float]
    pieces: tuple[Piece, ...] = ()
    decision: str = "no_music"
    seconds: float = 0.0
    finished: bool = False

    def as_dict(self) -> dict:
        """Return it as JSON, in the form of `/classify_genre`."""
        return {
            "genre": next(iter(self.scores)) if self.decision == "genre" else None,
            "scores": {label: round(score, 4) for label, score in self.scores.items()},
            "timeline": [piece.as_dict() for piece in self.pieces],
            "decision": self.decision,
            "model": self.model,
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

    def classify(
        self, blocks: Iterable[np.ndarray], speech_share: Callable[[], float] | None = None
    ) -> Iterator[GenreAnswer]:
        """Yield the answer as it grows; the last one is finished.

        Args:
            blocks: of one recording, float32 (samples,) each.
            speech_share: tells in how much of the recording somebody speaks; asked at the end, and only of recordings
                with pauses as speech has them.
        """
        labels = tuple(self.network.config.labels)
        heard, tally = _Heard(blocks, self.sample_rate_hz), _Tally(labels)
        answer = GenreAnswer(labels, self.reference, tally.means())
        for judged in self._pieces(heard):
            tally.add(judged)
            answer = self._decided(answer, tally, heard)
            yield answer
        if speech_share and heard.range_db > _SPEECH_RANGE_DB and speech_share() > _SPEECH_SHARE:
            tally = _Tally(labels)
        yield replace(self._decided(answer, tally, heard), finished=True)

    def _decided(self, answer: GenreAnswer, tally: _Tally, heard: _Heard) -> GenreAnswer:
        answer = replace(answer, pieces=tuple(tally.music), seconds=heard.samples / self.sample_rate_hz)
        nothing = dict.fromkeys(answer.labels, 0.0)
        if heard.loudest < _SILENCE:
            return replace(answer, decision="no_music", scores=nothing, pieces=())
        if not tally.music or tally.music_seconds * 2 < tally.seconds:
            return replace(answer, decision="no_music", scores=nothing)
        scores = tally.means()
        sure = max(scores.values()) >= self.network.config.least_confidence
        return replace(answer, decision="genre" if sure else "unsure", scores=scores)

    def _pieces(self, blocks: Iterable[np.ndarray]) -> Iterator[list[tuple[Piece, bool]]]:
        """Yield the pieces of one stretch after the other, and whether each is music."""
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
            judged, stacked = [], torch.stack(cut)
            scores, is_music = self.network.judge(stacked).tolist(), (self.network.music_scores(stacked) > 0).tolist()
            for start, row, music in zip(starts, scores, is_music, strict=True):
                begun, end = max(end, first + start), first + min(start + length, len(frames))
                bounds = (number * self.network.front_end.frame_seconds for number in (begun, end))
                judged.append((Piece(*bounds, dict(zip(labels, row, strict=True))), music))
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
            return self.network.features(torch.from_numpy(waveform)[None].to(self.network.mean.device))[0]


class _Tally:
    """The pieces of a recording that are music, and how much of it they are."""

    def __init__(self, labels: Iterable[str]) -> None:
        self.music: list[Piece] = []
        self.seconds = self.music_seconds = 0.0
        self._sums = dict.fromkeys(labels, 0.0)

    def add(self, judged: Iterable[tuple[Piece, bool]]) -> None:
        for piece, is_music in judged:
            self.seconds += piece.end - piece.start
            if is_music:
                self.music_seconds += piece.end - piece.start
                self.music.append(piece)
                for label, score in piece.scores.items():
                    self._sums[label] += score

    def means(self) -> dict[str, float]:
        """Return each genre's mean score over the pieces that are music, the largest first."""
        means = {label: value / max(1, len(self.music)) for label, value in self._sums.items()}
        return dict(sorted(means.items(), key=lambda item: -item[1]))


class _Heard:
    """Blocks of a recording, measured as they go by."""

    def __init__(self, blocks: Iterable[np.ndarray], sample_rate_hz: int) -> None:
        self._blocks, self._frame = blocks, round(_FRAME_SECONDS * sample_rate_hz)
        self.samples, self.loudest = 0, 0.0
        self._held, self._levels_db = np.empty(0, np.float32), []

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.samples += block.size
            self.loudest = max(self.loudest, float(np.abs(block).max(initial=0.0)))
            joined = np.concatenate([self._held, block])
            whole = joined.size - joined.size % self._frame
            power = np.square(joined[:whole].reshape(-1, self._frame)).mean(1)
            self._levels_db.append(10 * np.log10(power + 1e-10))
            self._held = joined[whole:]
            yield block

    @property
    def range_db(self) -> float:
        """How much louder loud frames are than soft ones."""
        levels = np.concatenate(self._levels_db) if self._levels_db else np.empty(0)
        return float(np.subtract(*np.percentile(levels, [95, 10]))) if levels.size else 0.0
