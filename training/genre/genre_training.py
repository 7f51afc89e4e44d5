"""One fold's training: an explicit Accelerate loop over pieces of songs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from genre.pieces import Pieces
from genre.presets import Preset
from najva.genre_networks import GenreNetwork
from whole_files import whole_file

_CHECKPOINT, _BEST = "checkpoint.pt", "best.pt"


@dataclass(frozen=True)
class EpochRow:
    """One epoch of `history.csv`; accuracies are shares of pieces.

    As Keras counts them, train loss and accuracy are those of the steps of the epoch, with dropout and before each
    step's update; validation is measured after the epoch.
    """

    fold: int
    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None


@dataclass
class Trained:
    """What became of one fold.

    Attributes:
        network: after the last epoch; with patience, after the best one.
        history: a row an epoch.
        steps: of the optimiser, up to the last epoch.
        best: number of the epoch with the least validation loss, from 1 on; 0 where patience asked for none.
    """

    network: GenreNetwork
    history: list[EpochRow] = field(default_factory=list)
    steps: int = 0
    best: int = 0


def train_fold(
    network: GenreNetwork,
    training: Pieces,
    validation: Pieces | None,
    preset: Preset,
    accelerator: Accelerator,
    *,
    fold: int,
    seed: int,
    folder: Path,
    say: Callable[[str], None],
    patience: int = 0,
) -> Trained:
    """Train a network on one fold; a training that was killed goes on from its last whole epoch, to the same result.

    Args:
        network: untrained.
        training: its pieces.
        validation: those that accuracy is measured on; None to measure none.
        preset: see `Preset`.
        accelerator: the processes that share each batch.
        fold: its number, for progress and history.
        seed: of batches and dropout.
        folder: for the checkpoint, by which a fold that is done is known when the run goes on.
        say: takes one line of news.
        patience: stop after so many epochs without a lower validation loss, and take the epoch that had the lowest;
            0: train to the end and take the last.
    """
    if preset.normalised:
        normalise(network, training)
    optimizer = torch.optim.Adam(network.parameters(), lr=preset.learning_rate)
    # The pieces shuffle themselves.
    loaders = [DataLoader(pieces, preset.batch_size) for pieces in (training, validation) if pieces]
    model, optimizer, batches, *measured_on = accelerator.prepare(_OnFrames(network), optimizer, *loaders)
    steps = len(batches) * preset.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step / steps, preset.schedule))
    trained, begun = Trained(network), 0
    path, best = folder / _CHECKPOINT, folder / _BEST
    if path.is_file():
        begun = _restore(path, network, optimizer, schedule, trained, accelerator)
        say(f"Fold {fold}: {begun} epochs are done.")
    patient = patience if validation else 0
    progress = tqdm(
        total=preset.epochs, initial=begun, desc=f"Fold {fold}", unit="epoch", disable=not accelerator.is_main_process
    )
    for epoch in range(begun, preset.epochs):
        if patient and epoch - trained.best >= patient:
            break
        # Each epoch by itself, so that one that is done again after a kill is the same.
        set_seed(hash((seed, fold, epoch)) % 2**31)
        training.draw(epoch)
        loss, accuracy = _pass(model, batches, accelerator, optimizer, schedule)
        measured = _measure(model, measured_on[0], accelerator) if measured_on else None
        row = EpochRow(fold, epoch + 1, loss, accuracy, *(measured or (None, None)))
        trained.history.append(row)
        trained.steps += len(batches)
        progress.update()
        progress.set_postfix(train=f"{accuracy:.0%}", validation=f"{measured[1]:.0%}" if measured else "-")
        if patient and row.validation_loss == min(one.validation_loss for one in trained.history):
            trained.best = row.epoch
            if accelerator.is_main_process:
                with whole_file(best) as unfinished:
                    torch.save(network.state_dict(), unfinished)
        if accelerator.is_main_process:
            _keep(path, network, optimizer, schedule, trained, accelerator)
    progress.close()
    if patient:
        accelerator.wait_for_everyone()
        network.load_state_dict(torch.load(best, weights_only=True, map_location=accelerator.device))
    return trained


class _OnFrames(nn.Module):
    """The network from its features on, which are computed once and not in every epoch."""

    def __init__(self, network: GenreNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.network.logits(frames)


def normalise(network: GenreNetwork, training: Pieces) -> None:
    """Give the network mean and deviation of its training songs' features."""
    songs = sorted({piece.song for piece in training.pieces})
    frames = torch.cat([training.frames[song] for song in songs]).double()
    network.mean.copy_(frames.mean(0))
    network.deviation.copy_(frames.std(0).clamp_min(1e-6))


def rate(done: float, schedule: str) -> float:
    """Return the factor of the learning rate after a share of the training."""
    if schedule == "constant":
        return 1.0
    rise = 0.1
    return done / rise if done < rise else 0.5 * (1 + math.cos(math.pi * (done - rise) / (1 - rise)))


def _pass(
    model: nn.Module,
    batches: DataLoader,
    accelerator: Accelerator,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> tuple[float, float]:
    """Go once through the training pieces; return loss and accuracy."""
    model.train()
    tally = _Tally(accelerator)
    for frames, genres in batches:
        with accelerator.autocast():
            logits = model(frames)
        accelerator.backward(tally.add(logits.float(), genres))
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return tally.loss_and_accuracy()


@torch.no_grad()
def _measure(model: nn.Module, batches: DataLoader, accelerator: Accelerator) -> tuple[float, float]:
    """Return loss and accuracy on the validation pieces."""
    model.eval()
    tally = _Tally(accelerator)
    for frames, genres in batches:
        tally.add(model(frames).float(), genres)
    return tally.loss_and_accuracy()


class _Tally:
    """Losses and right answers of all processes, each piece counted once."""

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator, self._losses, self._right = accelerator, [], []

    def add(self, logits: torch.Tensor, genres: torch.Tensor) -> torch.Tensor:
        """Count a batch and return its loss: sparse categorical cross-entropy, of integer labels, on logits."""
        each = nn.functional.cross_entropy(logits, genres, reduction="none")
        losses, right = self._accelerator.gather_for_metrics((each.detach(), logits.argmax(-1) == genres))
        self._losses.append(losses)
        self._right.append(right)
        return self._mean(each)

    def _mean(self, each: torch.Tensor) -> torch.Tensor:
        """Return this process's part of a batch's mean loss: DDP averages the parts.

        The last batch is filled up with pieces that were there before, so that all processes have equally many; in the
        mean they have no part.
        """
        state, count = self._accelerator.gradient_state, self._accelerator.num_processes
        real = len(each) * count
        if state.end_of_dataloader and state.remainder > 0:
            real = state.remainder
        own = min(max(real - self._accelerator.process_index * len(each), 0), len(each))
        return each[:own].sum() * count / real

    def loss_and_accuracy(self) -> tuple[float, float]:
        return float(torch.cat(self._losses).mean()), float(torch.cat(self._right).float().mean())


def _keep(
    path: Path,
    network: GenreNetwork,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    trained: Trained,
    accelerator: Accelerator,
) -> None:
    """Write where the training stands, whole or not at all."""
    state = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "history": [asdict(row) for row in trained.history],
        "steps": trained.steps,
        "best": trained.best,
        # Of fp16 alone: how far the loss is raised, so that small gradients are not lost.
        "scaler": accelerator.scaler.state_dict() if accelerator.scaler else None,
    }
    with whole_file(path) as unfinished:
        torch.save(state, unfinished)


def _restore(
    path: Path,
    network: GenreNetwork,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    trained: Trained,
    accelerator: Accelerator,
) -> int:
    """Go back to where a training stood; return how many epochs are done."""
    state = torch.load(path, weights_only=True, map_location="cpu")
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    trained.history = [EpochRow(**row) for row in state["history"]]
    trained.steps, trained.best = state["steps"], state["best"]
    if accelerator.scaler and state["scaler"]:
        accelerator.scaler.load_state_dict(state["scaler"])
    return len(trained.history)
