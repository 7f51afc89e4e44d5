"""Clips become batches: waveforms, log-mel frames as wide as the batch needs, and labels that Whisper can learn from.

Everything random here is drawn from `(seed, epoch, clip)`, not from a generator's state: an interrupted training that
goes on sees exactly what it would have seen, and so do two processes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from najva import audio
from najva.persian import clean_transcript
from najva.transcriber.log_mel import FRAMES_PER_SECOND, SAMPLE_RATE_HZ, log_mel
from najva.transcriber.tokens import TIMESTAMP_SECONDS, WhisperTokens
from sheets.speech_data import Clip

IGNORED = -100  # labels that `torch.nn.functional.cross_entropy` skips
# Quieter than this below the clip's loudest frame is the room, not the speaker.
_SILENCE_DB = 35.0
_PAUSE_SECONDS = (0.2, 0.8)  # between joined clips
_LONGEST_LABEL = 448  # positions of Whisper's decoder
_BATCHES_PER_GROUP = 20  # clips of so many batches are sorted by length together
_SOUND, _JOIN, _OTHERS = range(3)  # separate streams of random numbers

Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class ClipPlan:
    """What varies from epoch to epoch.

    Attributes:
        timestamp_share: of the clips whose label carries times; a model that never sees times forgets how to write
            them (transformers issue 30148).
        join_share: of the clips that get others appended; a model that hears short clips only drops the end of long
            ones (faster-whisper issue 428).
        join_seconds: length of joined clips at most.
        augment: changes a waveform; None leaves it.
        window_seconds: of the encoder. What `augment` would stretch beyond it stays as it was recorded: the window
            would cut words off that the label has.
    """

    timestamp_share: float = 0.0
    join_share: float = 0.0
    join_seconds: float = 20.0
    augment: Augmentation | None = None
    window_seconds: float = 30.0


class SpeechClips(Dataset):
    """Clips of a data folder, decoded when they are asked for, so memory does not grow with hours.

    Args:
        clips: with their texts; every epoch holds each of them once.
        tokens: the checkpoint's vocabulary.
        language: code as Whisper writes it.
        plan: see `ClipPlan`.
        seed: of everything random.
        others: a larger store of clips beside them, of which every epoch takes the next few.
        others_per_epoch: how many.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        tokens: WhisperTokens,
        language: str,
        plan: ClipPlan | None = None,
        seed: int = 0,
        others: Sequence[Clip] = (),
        others_per_epoch: int = 0,
    ) -> None:
        self.own, self.tokens, self.language = list(clips), tokens, language
        self.plan, self.seed = plan or ClipPlan(), seed
        self._lengths: dict[str, int] = {}
        self.others, self.others_per_epoch = list(others), others_per_epoch if others else 0
        self.set_epoch(0)

    def __len__(self) -> int:
        """Return the number of clips in an epoch."""
        return len(self.own) + self.others_per_epoch

    def set_epoch(self, epoch: int) -> None:
        """Draw anew what varies; accelerate's data loader calls it."""
        self.epoch = epoch
        self.clips = [*self.own, *self._next_others()]

    def _next_others(self) -> list[Clip]:
        """Return this epoch's clips of the store: it is gone through in shuffled rounds, so none comes twice in one."""
        taken = range(self.epoch * self.others_per_epoch, (self.epoch + 1) * self.others_per_epoch)
        rounds = {
            number: np.random.default_rng([self.seed, number, _OTHERS]).permutation(len(self.others))
            for number in {position // len(self.others) for position in taken}
        }
        return [self.others[rounds[position // len(self.others)][position % len(self.others)]] for position in taken]

    def seconds(self) -> list[float]:
        """Return how long each item of this epoch is, joined clips included."""
        return [sum(self.clips[member].seconds for member in self._members(index)) for index in range(len(self))]

    def __getitem__(self, index: int) -> dict:
        """Return `waveform`, float32 (samples,) at 16 kHz, and `labels`, token ids from the language on."""
        waveform, said, generator = self._sound(index, self.plan.augment)
        if self.plan.augment and waveform.size > self.plan.window_seconds * SAMPLE_RATE_HZ:
            waveform, said, generator = self._sound(index, None)
        timestamps = generator.random() < self.plan.timestamp_share
        return {"waveform": waveform, "labels": label_ids(self.tokens, self.language, said, timestamps=timestamps)}

    def _sound(
        self, index: int, augment: Augmentation | None
    ) -> tuple[np.ndarray, list[tuple[float, float, str]], np.random.Generator]:
        """Return an item's waveform, what is said from when to when, and the generator for what is drawn next."""
        generator = self._generator(index, _SOUND)
        parts: list[np.ndarray] = []
        said: list[tuple[float, float, str]] = []
        offset = 0.0
        for member in self._members(index):
            clip = self.clips[member]
            waveform, _ = audio.read(clip.path, sample_rate_hz=SAMPLE_RATE_HZ)
            if augment:
                waveform = augment(waveform, generator)
            if parts:
                pause = np.zeros(round(generator.uniform(*_PAUSE_SECONDS) * SAMPLE_RATE_HZ), np.float32)
                parts.append(pause)
                offset += pause.size / SAMPLE_RATE_HZ
            start, end = spoken_seconds(waveform)
            said.append((offset + start, offset + end, clip.text))
            parts.append(waveform)
            offset += waveform.size / SAMPLE_RATE_HZ
        return np.concatenate(parts), said, generator

    def _members(self, index: int) -> list[int]:
        """Return the clip and those that are appended to it in this epoch."""
        generator = self._generator(index, _JOIN)
        members = [index]
        if generator.random() >= self.plan.join_share:
            return members
        seconds, tokens = self.clips[index].seconds, self._label_length(index)
        for other in generator.integers(len(self), size=3).tolist():
            seconds_more = self.clips[other].seconds + _PAUSE_SECONDS[1]
            tokens_more = self._label_length(other)
            if seconds + seconds_more <= self.plan.join_seconds and tokens + tokens_more <= _LONGEST_LABEL:
                members.append(other)
                seconds, tokens = seconds + seconds_more, tokens + tokens_more
        return members

    def _label_length(self, index: int) -> int:
        """Return how many tokens a clip's label has by itself, with times."""
        clip = self.clips[index]
        if clip.text not in self._lengths:
            said = [(0.0, clip.seconds, clip.text)]
            self._lengths[clip.text] = len(label_ids(self.tokens, self.language, said, timestamps=True))
        return self._lengths[clip.text]

    def _generator(self, index: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.epoch, index, stream])


def spoken_seconds(waveform: np.ndarray) -> tuple[float, float]:
    """Return where sound begins and ends in a clip, by the level of frames of 20 ms.

    Args:
        waveform: float32 (samples,), 16 kHz.
    """
    frame = SAMPLE_RATE_HZ // 50
    frames = waveform[: waveform.size // frame * frame].reshape(-1, frame)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12) if frames.size else np.zeros(0)
    loud = np.flatnonzero(level > level.max(initial=-120.0) - _SILENCE_DB)
    if not loud.size:
        return 0.0, waveform.size / SAMPLE_RATE_HZ
    return loud[0] / 50, (loud[-1] + 1) / 50


def label_ids(
    tokens: WhisperTokens, language: str, said: Sequence[tuple[float, float, str]], *, timestamps: bool
) -> list[int]:
    """Return what the decoder shall write, from the language token to the end of text.

    `<|startoftranscript|>` is not among them: transformers shifts labels right and puts it in front itself, and a
    second one in the labels is the commonest error of fine-tuning scripts (transformers issue 24342).

    Args:
        tokens: the checkpoint's vocabulary.
        language: code as Whisper writes it.
        said: start and end in seconds, and text, of each part.
        timestamps: whether times are among the labels.
    """
    ids = tokens.prompt(language, timestamps=timestamps)[1:]
    for start, end, text in said:
        # Whisper's own texts begin with a space, so the first word is the token that it is elsewhere.
        # Of Persian; other scripts may need what it takes away.
        words = tokens.encode(" " + (clean_transcript(text) if language == "fa" else text.strip()))
        ids += [_time(tokens, start), *words, _time(tokens, end)] if timestamps else words
    return [*ids, tokens.end_of_text]


def _time(tokens: WhisperTokens, seconds: float) -> int:
    return tokens.timestamp_begin + round(seconds / TIMESTAMP_SECONDS)


@dataclass(frozen=True)
class SpeechCollator:
    """Puts clips into one batch, as wide as its longest.

    Attributes:
        bands: mel bands of the checkpoint.
        window_seconds: what the encoder takes at most.
        margin_seconds: silence after the longest clip; a model that was never trained without it goes astray.
        full_window: always the whole window, as in the plain recipe.
    """

    bands: int
    window_seconds: float
    margin_seconds: float = 1.0
    full_window: bool = False

    def __call__(self, items: Sequence[dict]) -> dict[str, torch.Tensor]:
        """Return a batch.

        Returns:
            `input_features` float32 (clips, bands, frames); `attention_mask` int64 (clips, frames), 1 where the clip
            is and 0 in the padding, so that SpecAugment masks only what is heard; `labels` int64 (clips, longest),
            padded with -100. The end of text is padding's token too, so padding is masked by position and never by
            its id: the first end of text must stay in the loss.
        """
        seconds = [item["waveform"].size / SAMPLE_RATE_HZ for item in items]
        width = self.window_seconds
        if not self.full_window:
            width = min(width, max(seconds) + self.margin_seconds)
        frames = int(width * FRAMES_PER_SECOND) // 2 * 2
        features = [log_mel(item["waveform"], self.bands, frames) for item in items]
        mask = np.zeros((len(items), frames), np.int64)
        labels = np.full((len(items), max(len(item["labels"]) for item in items)), IGNORED, np.int64)
        for row, item in enumerate(items):
            mask[row, : min(frames, max(1, round(seconds[row] * FRAMES_PER_SECOND)))] = 1
            labels[row, : len(item["labels"])] = item["labels"]
        return {
            "input_features": torch.from_numpy(np.stack(features)),
            "attention_mask": torch.from_numpy(mask),
            "labels": torch.from_numpy(labels),
        }


class LikeLengths(Sampler[int]):
    """Shuffles clips so that each batch holds clips of like length, and the batches come in random order.

    transformers' `LengthGroupedSampler` runs through each group from its longest batch to its shortest, which makes a
    sweep of the loss; here the batches of a group are shuffled too.

    Args:
        dataset: the clips.
        batch_size: clips of all processes and accumulated steps together.
        seed: see `speech_batches`.
    """

    def __init__(self, dataset: SpeechClips, batch_size: int, seed: int) -> None:
        self.dataset, self.batch_size, self.seed = dataset, batch_size, seed

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.dataset)

    def set_epoch(self, epoch: int) -> None:
        """Shuffle anew; accelerate calls it, on the data set only where the sampler does not take it."""
        self.dataset.set_epoch(epoch)

    def __iter__(self) -> Iterator[int]:
        """Yield indices, batch after batch."""
        seconds = np.array(self.dataset.seconds())
        generator = np.random.default_rng([self.seed, self.dataset.epoch])
        shuffled = generator.permutation(len(self))
        size = self.batch_size * _BATCHES_PER_GROUP
        batches: list[np.ndarray] = []
        for first in range(0, len(self), size):
            group = shuffled[first : first + size]
            group = group[np.argsort(seconds[group], kind="stable")]
            batches += [group[start : start + self.batch_size] for start in range(0, len(group), self.batch_size)]
        # The incomplete batch, if any, stays at the end: samplers that cut by count would tear the others apart.
        whole = [batch for batch in batches if len(batch) == self.batch_size]
        rest = [batch for batch in batches if len(batch) < self.batch_size]
        order = [whole[position] for position in generator.permutation(len(whole))] + rest
        return iter(np.concatenate(order).tolist())
