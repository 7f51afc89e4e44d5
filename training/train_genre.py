r"""Trains a network that tells a song's genre, on a folder with a folder a genre.

    accelerate launch training/train_genre.py --audio-folder genres_original --architecture lstm \
        --protocol pooled --preset as-specified --output runs/lstm

The true GTZAN, the course's four networks: the same with `lstm`, `lstm128`, `bilstm` and `cnn`. Two minutes on a CPU,
with the test data:

    python training/train_genre.py --audio-folder $NAJVA_TEST_DATA/gtzan_mini --architecture cnn --protocol pooled \
        --preset tuned --epochs 5 --output runs/cnn

Accuracy of train and validation is shown every epoch and stands in `history.csv` and `figures/history.png`. A run that
was interrupted goes on where it stood when the same command is given again; features are computed once for all runs.
`--folds N` trains N folds, each from new, and pools their validation; the last fold's network is kept, as an example of
what was measured. The network to use is then fitted on every song, for as many epochs:

    python training/train_genre.py … --protocol all --like runs/cnn-folds --output runs/cnn
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

from genre.presets import PRESETS, Preset, changed
from options import option, required, run_command
from run_news import say
from run_record import NAME, RunError, changed_options, is_trained, read_record, refuse_other_run

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import nn

    from genre.genre_training import EpochRow
    from genre.song_library import SongLibrary
    from najva.genre_networks import GenreNetwork


# Length of the pieces under `segments`.
LEAKY_SECONDS = 3.0


@dataclass(frozen=True)
class GenreOptions:
    """What a training is made of."""

    audio_folder: Path = required("folder with a folder a genre, such as GTZAN's genres_original")
    architecture: Literal["lstm", "lstm128", "bilstm", "cnn", "whisper_bilstm"] = required("of the network's body")
    output: Path = required("folder of the run")
    protocol: Literal["pooled", "artist", "segments", "fault-filtered", "all"] = option(
        "pooled", "how songs are divided, see training/genre/protocols.py"
    )
    folds: int = option(0, "train so many folds and pool them; 0: one split of 80 % and 20 %")
    preset: Literal["as-specified", "tuned"] = option("as-specified", "as-specified (the course's) or tuned")
    change: list[str] = option([], "fields of the preset to change, to measure each, such as pooling=last crops=no")
    epochs: int = option(0, "passes over the training pieces; 0: the preset's")
    patience: int = option(0, "stop after so many epochs without a lower validation loss, and take the best; 0: never")
    like: Path | None = option(None, "with --protocol all: a run in folds, whose preset and epochs are taken")
    seed: int = option(0, "of weights and batches")
    split_seed: int = option(0, "of which songs validate")
    push_to_hub: str = option("", "OWNER/NAME: measure at the end and publish, private")
    precision: Literal["auto", "bf16", "fp16", "fp32"] = option("auto", "auto: bf16 on a GPU that has it, else fp32")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.epochs < 0:
            raise ValueError("--epochs cannot be negative.")
        if self.folds < 0 or self.folds == 1:
            raise ValueError("--folds is 2 or more, or 0 for one split of 80 % and 20 %.")
        if self.folds and self.protocol in ("all", "fault-filtered"):
            raise ValueError(f"--protocol {self.protocol} has no folds.")
        if self.patience < 0:
            raise ValueError("--patience cannot be negative.")
        if self.patience and self.protocol == "all":
            raise ValueError("--patience waits for validation songs, of which --protocol all has none.")
        if self.architecture == "cnn" and any(change.startswith("pooling=") for change in self.change):
            raise ValueError("--change pooling: convolutions have no last state, they always take the mean.")
        if self.push_to_hub and self.protocol == "segments":
            raise ValueError("--protocol segments is leaky on purpose: its figures are not published.")
        if self.push_to_hub and self.protocol == "all" and not self.like:
            raise ValueError("--protocol all has no figures to publish but those of the run that --like names.")
        if self.like and (self.protocol != "all" or self.epochs or self.patience or self.change):
            raise ValueError("--like is for --protocol all; its run's preset and epochs are taken as they are.")
        changed(PRESETS[self.preset], self.change)

    def comparable(self) -> dict:
        """Return the options as they are recorded; where songs and run lie is not what the run is made of."""
        places = ("output", "audio_folder", "push_to_hub")
        chosen = {name: value for name, value in asdict(self).items() if name not in places}
        return chosen | {"like": self.like.name if self.like else ""}


def main(arguments: list[str] | None = None) -> int:
    """Train, keep and record one run; see the module's docstring."""
    return run_command(GenreOptions, train_genre, __doc__, arguments)


def train_genre(options: GenreOptions) -> dict | None:
    """Run one training; only the main process returns a summary.

    Raises:
        FolderError, ModelError, RunError: it cannot be done as asked, in one sentence.
    """
    from genre.genre_run import check_same_start, fold_ledger, pieces_of, read_history, record_start, save
    from genre.genre_training import train_fold
    from genre.music_probe import fit_music
    from genre.protocols import draw_folds
    from genre.song_library import read_library
    from processor import keep_freed_memory

    if options.push_to_hub:
        from publish import check_push

        # A token that has expired is better known now than after the training.
        check_push(options.push_to_hub, lora=False)
    if (options.output / NAME).is_file():
        refuse_other_run(options.output, changed_options(options.output, options.comparable(), GenreOptions))
    preset = preset_of(options)
    accelerator = start(options)
    front_end = new_front_end(options.architecture)
    with accelerator.main_process_first():
        library = read_library(options.audio_folder, front_end, say)
    # Not before: a thousand decoded songs, each of another length, would leave holes of gigabytes.
    keep_freed_memory()
    check_same_songs(options, library)
    split = draw_folds(library.songs, options.protocol, options.folds, options.split_seed)
    check_same_start(options, preset, split)
    if is_trained(options.output):
        say(f"{options.output} is trained.")
        return finish(options, read_history(options.output)) if accelerator.is_main_process else None
    if accelerator.is_main_process:
        record_start(options, preset, library, split)
    rows, ledger, epochs = [], [], []
    for number, fold in enumerate(split.folds, start=1):
        network = new_network(options, preset, library.labels, front_end)
        training, validation = pieces_of(network, preset, library, split, fold, number)
        trained = train_fold(
            network,
            training,
            validation,
            preset,
            accelerator,
            fold=number,
            seed=options.seed,
            folder=options.output / "checkpoints" / f"fold-{number}",
            say=say,
            patience=options.patience,
        )
        rows += trained.history
        epochs.append(trained.best or preset.epochs)
        ledger += fold_ledger(trained.network, library, fold, number, split)
    if not accelerator.is_main_process:
        return None
    network = trained.network.cpu()
    heard = {song.id: frames for song, frames in zip(library.songs, library.frames, strict=True)}
    music = fit_music(network, [heard[song] for song in fold.train], options.split_seed)
    save(options, trained, rows, ledger, accelerator, {"chosen_epochs": round(median(epochs)), "music": music})
    return finish(options, rows)


def finish(options: GenreOptions, rows: list[EpochRow]) -> dict:
    """Return the job's last line; measure and publish first, if that was asked for."""
    last = summary(options, rows)
    if not options.push_to_hub:
        return last
    from evaluate_genre import EvaluateOptions, evaluate_run, last_line
    from publish import publish_run

    known = read_record(options.output).get("evaluation")
    # What was measured otherwise since, calibrated on another run, stays so.
    measured = (
        last_line(options.output, known) if known else evaluate_run(EvaluateOptions(options.output, options.like))
    )
    return last | measured | {"published": publish_run(options.output, options.push_to_hub)}


def preset_of(options: GenreOptions) -> Preset:
    """Return the preset, with the epochs that were asked for.

    Raises:
        RunError: the run that they are to be taken from is none, or another network's.
    """
    if not options.like:
        preset = changed(PRESETS[options.preset], options.change)
        # A song that is one piece has no sister piece, and nothing leaks.
        shorter = {"segment_seconds": LEAKY_SECONDS} if options.protocol == "segments" else {}
        return replace(preset, epochs=options.epochs or preset.epochs, **shorter)
    from genre.genre_run import read_trained

    record = read_trained(options.like)
    if options.push_to_hub and record.get("evaluation", {}).get("folds", 1) == 1:
        raise RunError(f"{options.like} has no measured folds whose figures could be published with it.")
    if record["options"]["architecture"] != options.architecture:
        raise RunError(f"{options.like} is of the network {record['options']['architecture']}, not of this one.")
    if record["options"]["preset"] != options.preset:
        raise RunError(f"{options.like} was trained with --preset {record['options']['preset']}; so must this be.")
    return Preset(**record["preset"] | {"epochs": record["training"]["chosen_epochs"]})


def start(options: GenreOptions) -> Accelerator:
    """Return the processes that share the training."""
    import torch
    from accelerate import Accelerator, DataLoaderConfiguration

    from processor import has_bf16, use_whole_processor

    use_whole_processor()
    gpu = torch.cuda.is_available()
    precision = options.precision
    if precision == "auto":
        precision = "bf16" if gpu and has_bf16(cpu=False) else "fp32"
    return Accelerator(
        mixed_precision="no" if precision == "fp32" else precision,
        cpu=not gpu,
        # A batch of 32 is 32 pieces however many processes share it.
        dataloader_config=DataLoaderConfiguration(split_batches=True, use_seedable_sampler=False),
    )


def new_front_end(architecture: str) -> nn.Module:
    """Return what the network hears by; Whisper's layers with their weights."""
    from najva.genre_features import WhisperFeatures
    from najva.genre_networks import ARCHITECTURES

    front_end = ARCHITECTURES[architecture].features()
    if isinstance(front_end, WhisperFeatures):
        from safetensors.torch import load_file

        from model_references import find_model

        checkpoint, _, _ = find_model("packaged:whisper-base")
        front_end.load_encoder(load_file(checkpoint.folder / "model.safetensors"))
    return front_end


def new_network(options: GenreOptions, preset: Preset, labels: Sequence[str], front_end: nn.Module) -> GenreNetwork:
    """Return an untrained network on a front end; of one seed always the same."""
    from accelerate.utils import set_seed

    from najva.genre_networks import GenreConfig, GenreNetwork

    set_seed(options.seed)
    network = GenreNetwork(GenreConfig(options.architecture, list(labels), preset.segment_seconds, preset.pooling))
    # Nothing in it is trained, so that every fold may have the same one.
    network.front_end = front_end
    return network


def check_same_songs(options: GenreOptions, library: SongLibrary) -> None:
    """Refuse to go on with a run on other songs than it, or the run that it is like, began with.

    Raises:
        RunError: they are others, or sound otherwise.
    """
    if options.like and read_record(options.like)["data"]["sha256"] != library.sha256:
        raise RunError(f"{options.like} was trained on other songs than {options.audio_folder} holds now.")
    begun = read_record(options.output).get("data", {}) if (options.output / NAME).is_file() else {}
    if begun.get("sha256", library.sha256) != library.sha256:
        raise RunError(
            f"{options.output} was begun with other songs than {options.audio_folder} holds now; name another "
            "--output, or delete it."
        )


def summary(options: GenreOptions, rows: list[EpochRow]) -> dict:
    """Return the job's last line: the last epoch's accuracies, over all folds."""
    # Of each fold the epoch that was taken: with patience not the last one.
    folds = [[row for row in rows if row.fold == fold] for fold in sorted({row.fold for row in rows})]
    last = [min(fold, key=lambda row: row.validation_loss) if options.patience else fold[-1] for fold in folds]
    figures = {}
    for name in ("train_accuracy", "validation_accuracy"):
        values = [getattr(row, name) for row in last]
        figures[name] = None if None in values else round(sum(values) / len(values), 4)
    measured = "not measured" if figures["validation_accuracy"] is None else f"{figures['validation_accuracy']:.1%}"
    leaky = " (leaky on purpose)" if options.protocol == "segments" else ""
    say(
        f"After {max(row.epoch for row in last)} epochs: train accuracy {figures['train_accuracy']:.1%}, "
        f"validation accuracy {measured}{leaky}, counted by piece. In {options.output}."
    )
    return {
        "output": str(options.output),
        "architecture": options.architecture,
        "protocol": options.protocol,
        **figures,
    }


if __name__ == "__main__":
    sys.exit(main())
