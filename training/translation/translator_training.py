"""The small translator's network and its training, step by step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import nn
from tqdm import tqdm
from transformers import M2M100Config, M2M100ForConditionalGeneration

from translation.parallel_text import Pair
from translation.sentence_batches import Batch, batches, collate
from translation.vocabulary import Encoder
from whole_files import whole_file

_CHECKPOINT = "checkpoint.pt"
# Of the weights' running mean, which is what is kept: Polyak averaging, in the place of averaging checkpoints.
_MEAN_DECAY = 0.999
_CLIP = 1.0
# Of a short training, warm-up and curriculum last no longer than this share.
_MOST_WARM_UP = 0.1
_SHORTEST_PIECES = 8
MOST_PIECES = 256


@dataclass(frozen=True)
class Recipe:
    """How the network is made and trained.

    Attributes:
        width: of its layers.
        inner: width inside the feed-forward blocks.
        encoder_layers, decoder_layers: deep where it is computed once, shallow where once a piece.
        dropout, label_smoothing: against learning sentences by heart.
        learning_rate: Adam's, at its peak.
        warm_up: steps to the peak.
        pieces: in a batch, padding counted.
        curriculum_steps: until then longer and longer sentences join in.
    """

    width: int = 256
    inner: int = 1024
    encoder_layers: int = 6
    decoder_layers: int = 2
    dropout: float = 0.0
    label_smoothing: float = 0.1
    learning_rate: float = 2e-3
    warm_up: int = 800
    pieces: int = 8000
    curriculum_steps: int = 1500


@dataclass(frozen=True)
class StepRow:
    """One line of `history.csv`: since the line before; validation is on held-out dialogue and on FLORES dev."""

    step: int
    epoch: float
    minutes: float
    train_loss: float
    validation_loss: float
    flores_loss: float
    sentences_per_second: float


@dataclass
class Progress:
    """Where a training stands."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    history: list[StepRow] = field(default_factory=list)


def new_network(encoder: Encoder, recipe: Recipe) -> M2M100ForConditionalGeneration:
    """Return an untrained network of M2M100's architecture: with its norms before the blocks it learns evenly."""
    config = M2M100Config(
        vocab_size=len(encoder),
        d_model=recipe.width,
        encoder_layers=recipe.encoder_layers,
        decoder_layers=recipe.decoder_layers,
        encoder_attention_heads=recipe.width // 64,
        decoder_attention_heads=recipe.width // 64,
        encoder_ffn_dim=recipe.inner,
        decoder_ffn_dim=recipe.inner,
        dropout=recipe.dropout,
        attention_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        activation_function="relu",
        scale_embedding=True,
        max_position_embeddings=MOST_PIECES,
        pad_token_id=encoder.pad,
        bos_token_id=encoder.end,
        eos_token_id=encoder.end,
        decoder_start_token_id=encoder.end,
    )
    network = M2M100ForConditionalGeneration(config)
    for name, weight in network.named_parameters():
        if weight.dim() > 1 and "shared" not in name:
            nn.init.xavier_uniform_(weight)
    # transformers begins with a deviation of 0.02 everywhere: made for wide networks, it leaves words of this one
    # drowned by their positions, and attention with nothing to go by for thousands of steps.
    nn.init.normal_(network.model.shared.weight, std=recipe.width**-0.5)
    with torch.no_grad():
        network.model.shared.weight[encoder.pad] = 0
    return network


class LossOf(nn.Module):
    """A network with its loss: one module, so that several processes share its gradients.

    Only where there is a piece is it compared with the whole vocabulary, which costs a third of the network.

    Args:
        network: that is trained.
    """

    def __init__(self, network: M2M100ForConditionalGeneration) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch, smoothing: float) -> torch.Tensor:
        """Return the summed loss of a batch's pieces."""
        config = self.network.config
        begin = torch.full_like(batch.target[:, :1], config.decoder_start_token_id)
        hidden = self.network.model(
            input_ids=batch.source,
            attention_mask=batch.source_mask,
            decoder_input_ids=torch.cat([begin, batch.target[:, :-1]], 1),
        ).last_hidden_state
        there = batch.target != config.pad_token_id
        logits = self.network.lm_head(hidden[there]).float()
        return nn.functional.cross_entropy(logits, batch.target[there], label_smoothing=smoothing, reduction="sum")


def rate(step: int, recipe: Recipe, done: float) -> float:
    """Return the learning rate: up over the warm-up, then down with the cosine of what is done of all."""
    rising = min(1.0, max((step + 1) / recipe.warm_up, done / _MOST_WARM_UP))
    return recipe.learning_rate * rising * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@dataclass(frozen=True)
class Sides:
    """Both sides of pairs, as numbers of pieces."""

    sources: Sequence[np.ndarray]
    targets: Sequence[np.ndarray]

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self.sources)

    def of(self, numbers: Sequence[int], pad: int) -> Batch:
        """Return some of them as a batch."""
        return collate([self.sources[n] for n in numbers], [self.targets[n] for n in numbers], pad)


def encoded(pairs: Sequence[Pair], encoder: Encoder) -> Sides:
    """Return both sides of pairs as numbers of pieces, each source after the tag of its domain."""
    sources: list = [None] * len(pairs)
    for domain in {pair.domain for pair in pairs}:
        places = [place for place, pair in enumerate(pairs) if pair.domain == domain]
        for place, numbers in zip(places, encoder.encode([pairs[n].source for n in places], domain), strict=True):
            sources[place] = np.array(numbers, dtype=np.int32)
    targets = [np.array(numbers, dtype=np.int32) for numbers in encoder.encode([pair.target for pair in pairs])]
    return Sides(sources, targets)


class Trainer:
    """One training, which goes on where it was killed.

    Args:
        network: untrained, or one to go on from.
        training: what is learned from.
        validation: what is not, `dialogue` and `flores`.
        recipe: see `Recipe`.
        accelerator: the processes that share the batches.
        epochs: passes over the training pairs.
        minutes: the training ends after so many, over all its pieces; 0: by epochs alone.
        seed: of order and dropout.
        folder: for the checkpoint.
        say: takes one line of news.
        bf16: compute in bfloat16 what loses nothing by it.
    """

    def __init__(
        self,
        network: M2M100ForConditionalGeneration,
        training: Sides,
        validation: Mapping[str, Sides],
        recipe: Recipe,
        accelerator: Accelerator,
        *,
        epochs: float,
        minutes: float,
        seed: int,
        folder: Path,
        say: Callable[[str], None],
        bf16: bool = False,
    ) -> None:
        self.training, self.validation, self.recipe = training, validation, recipe
        self.accelerator, self.epochs, self.minutes, self.seed = accelerator, epochs, minutes, seed
        self.pad, self.bf16 = network.config.pad_token_id, bf16
        self.path, self.say, self.progress = folder / _CHECKPOINT, say, Progress()
        # Of the epoch, the share that is behind; seconds since the last note, by the first process's clock.
        self._within = self._since = 0.0
        if accelerator.device.type == "cpu":
            # PyTorch's fused attention is slow backwards in bfloat16 on a CPU: 210 sentences a second against 270.
            network.set_attn_implementation("eager")
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self.network, self.optimizer = accelerator.prepare(LossOf(network), optimizer)
        self.mean = [weight.detach().clone() for weight in self.network.parameters()]

    @property
    def done(self) -> float:
        """The share of the training that is behind, from 0 to 1."""
        by_epochs = (self.progress.epoch + self._within) / self.epochs
        return max(by_epochs, (self.progress.seconds + self._since) / 60 / self.minutes if self.minutes else 0.0)

    def run(self, every: int) -> M2M100ForConditionalGeneration:
        """Train to the end; measure and keep every so many steps. Return the network with the mean of its weights."""
        if self.path.is_file():
            self._restore()
        bar = tqdm(total=100, desc="Training", unit="%", disable=not self.accelerator.is_main_process)
        tally = _Tally()
        while self.done < 1:
            cut = self._batches()
            self._within = self.progress.batch / len(cut)
            for number in range(self.progress.batch, len(cut)):
                if self.done >= 1:
                    break
                self.progress.batch, self._within = number + 1, (number + 1) / len(cut)
                if not self._joins(cut[number]):
                    continue
                tally.add(self._step(cut[number]), len(cut[number]))
                # One clock for all processes, since they must end at the same step and learn at the same rate.
                self._since = float(broadcast(torch.tensor(tally.seconds, device=self.accelerator.device)))
                if self.progress.step % every == 0:
                    self._note(tally)
                    self._keep()
                    tally = _Tally()
                    bar.n = round(100 * self.done)
                    last = self.progress.history[-1]
                    bar.set_postfix(train=f"{last.train_loss:.2f}", validation=f"{last.validation_loss:.2f}")
            if self.progress.batch == len(cut):
                self.progress.epoch, self.progress.batch, self._within = self.progress.epoch + 1, 0, 0.0
        bar.close()
        if tally.losses:
            self._note(tally)
        network = self.accelerator.unwrap_model(self.network).network
        for weight, mean in zip(network.parameters(), self.mean, strict=True):
            weight.data.copy_(mean)
        return network

    def _batches(self) -> list[list[int]]:
        """Return this epoch's batches: the same in every process, and when the training goes on."""
        sides, seed = self.training, (self.seed, self.progress.epoch)
        return list(batches(sides.sources, sides.targets, self.recipe.pieces, seed))

    def _joins(self, chosen: Sequence[int]) -> bool:
        """Whether a batch is short enough for how far the training is."""
        behind = max(self.progress.step / self.recipe.curriculum_steps, self.done / _MOST_WARM_UP)
        if behind >= 1:
            return True
        longest = _SHORTEST_PIECES + behind * MOST_PIECES
        return max(len(self.training.targets[number]) for number in chosen) <= longest

    def _step(self, chosen: Sequence[int]) -> float:
        """Learn from a batch; return its loss."""
        processes, pieces = self.accelerator.num_processes, sum(len(self.training.targets[n]) for n in chosen)
        own = chosen[self.accelerator.process_index :: processes]
        # Where there are more processes than sentences, one of them is computed for nothing.
        weight = processes / pieces if own else 0.0
        batch = self._on_device(self.training.of(own or chosen[:1], self.pad))
        torch.manual_seed(hash((self.seed, self.progress.step, self.accelerator.process_index)) % 2**31)
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.progress.step, self.recipe, self.done)
        self.network.train()
        with self._arithmetic():
            loss = self.network(batch, self.recipe.label_smoothing) * weight
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()
        # From the first steps on, when there is little to average yet.
        decay = min(_MEAN_DECAY, (1 + self.progress.step) / (10 + self.progress.step))
        torch._foreach_lerp_(self.mean, [weight.detach() for weight in self.network.parameters()], 1 - decay)
        self.progress.step += 1
        return float(loss.detach())

    @torch.no_grad()
    def _note(self, tally: _Tally) -> None:
        """Write down how the training goes; validation is that of the averaged weights."""
        self.progress.seconds, self._since = self.progress.seconds + self._since, 0.0
        own = [weight.detach().clone() for weight in self.network.parameters()]
        self._put(self.mean)
        self.network.eval()
        losses = {name: self._loss_on(sides) for name, sides in self.validation.items()}
        self._put(own)
        row = StepRow(
            self.progress.step,
            round(self.progress.epoch + self._within, 3),
            round(self.progress.seconds / 60, 2),
            round(float(np.mean(tally.losses)), 4),
            round(losses["dialogue"], 4),
            round(losses["flores"], 4),
            round(tally.sentences / tally.seconds, 1),
        )
        self.progress.history.append(row)

    def _loss_on(self, sides: Sides) -> float:
        """Return the loss of a piece, without smoothing."""
        losses, pieces = 0.0, 0
        for chosen in batches(sides.sources, sides.targets, self.recipe.pieces, None):
            batch = self._on_device(sides.of(chosen, self.pad))
            with self._arithmetic():
                losses += float(self.network(batch, 0.0))
            pieces += int((batch.target != self.pad).sum())
        return losses / pieces

    def _arithmetic(self) -> torch.autocast:
        return torch.autocast(self.accelerator.device.type, torch.bfloat16, enabled=self.bf16)

    def _put(self, weights: Sequence[torch.Tensor]) -> None:
        for weight, value in zip(self.network.parameters(), weights, strict=True):
            weight.data.copy_(value)

    def _on_device(self, batch: Batch) -> Batch:
        device = self.accelerator.device
        return Batch(batch.source.to(device), batch.source_mask.to(device), batch.target.to(device))

    def _keep(self) -> None:
        """Write where the training stands, whole or not at all."""
        if not self.accelerator.is_main_process:
            return
        state = {
            "network": self.accelerator.unwrap_model(self.network).network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "mean": self.mean,
            "progress": asdict(self.progress),
        }
        with whole_file(self.path) as unfinished:
            torch.save(state, unfinished)

    def _restore(self) -> None:
        """Go back to where the training stood."""
        state = torch.load(self.path, weights_only=True, map_location="cpu")
        self.accelerator.unwrap_model(self.network).network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean = [mean.to(self.accelerator.device) for mean in state["mean"]]
        progress = state["progress"]
        self.progress = Progress(**progress | {"history": [StepRow(**row) for row in progress["history"]]})
        self.say(f"{self.progress.step:,} steps, {self.progress.seconds / 60:.0f} minutes are done.")


class _Tally:
    """What happened since the last note."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.sentences, self._begun = 0, time.monotonic()

    def add(self, loss: float, sentences: int) -> None:
        self.losses.append(loss)
        self.sentences += sentences

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun
