r"""Trains the small translator from English and Persian into Chinese, from nothing.

    accelerate launch training/train_translator.py --data PARALLEL_TEXT --output runs/translator --minutes 120

PARALLEL_TEXT has the files that `training/translation/parallel_text.py` names. A vocabulary of its own is learned
first, then an encoder-decoder of Marian's architecture; the loss on held-out dialogue is told every few hundred steps
and stands in `history.csv`. A run that was killed goes on from its last checkpoint; `--init` begins with the network
and vocabulary of another run. Two minutes on a CPU:

    python training/train_translator.py --data $NAJVA_TEST_DATA/parallel_text --output runs/translator --minutes 1 \
        --pieces 4000 --width 128
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from transformers.hf_argparser import HfArgumentParser

from options import option, required
from run_news import say
from run_record import (
    NAME,
    RunError,
    add_sections,
    changed_options,
    circumstances,
    is_trained,
    refuse_other_run,
)
from translation.parallel_text import HELD_OUT, LANGUAGES, TALK, Pair, TextError, clean, read_columns, read_training
from whole_files import whole_file

if TYPE_CHECKING:
    from translation.translator_training import Sides, StepRow
    from translation.vocabulary import Encoder

_TOKENIZER = ("vocab.json", "source.spm", "target.spm", "tokenizer_config.json")
_VALIDATION_LINES = 1000


@dataclass(frozen=True)
class TranslatorOptions:
    """What a training is made of."""

    data: Path = required("folder of parallel text")
    output: Path = required("folder of the run")
    init: Path | None = option(None, "run whose network and vocabulary are gone on with")
    epochs: float = option(5.0, "passes over the training pairs")
    minutes: float = option(0.0, "limit of the training, all its parts together; 0: none")
    vocabulary: int = option(8_000, "pieces of the vocabulary")
    width: int = option(256, "of the layers")
    inner: int = option(512, "width inside the feed-forward blocks")
    encoder_layers: int = option(6, "of the encoder")
    decoder_layers: int = option(2, "of the decoder")
    dropout: float = option(0.1, "share of values that are left out")
    learning_rate: float = option(1e-3, "Adam's, at its peak")
    pieces: int = option(4000, "in a batch, padding counted")
    every: int = option(250, "steps from one measurement and checkpoint to the next")
    seed: int = option(0, "of weights, order and dropout")
    precision: Literal["auto", "bf16", "fp32"] = option("auto", "auto: bf16 where the processor has it")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if min(self.epochs, self.pieces, self.every, self.width, self.vocabulary) <= 0 or self.minutes < 0:
            raise ValueError("--epochs, --pieces, --every, --width and --vocabulary are above 0, --minutes not below.")
        if self.width % 64:
            raise ValueError("--width is a multiple of 64, the width of an attention head.")

    def comparable(self) -> dict:
        """Return the options as they are recorded; where things lie is not what the run is made of."""
        chosen = {name: value for name, value in asdict(self).items() if name not in ("data", "output")}
        return chosen | {"init": self.init.name if self.init else ""}


def main(arguments: list[str] | None = None) -> int:
    """Train one translator; see the module's docstring."""
    parser = HfArgumentParser(TranslatorOptions, description=__doc__.splitlines()[0])
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments, look_for_args_file=False)
        summary = train_translator(options)
    except (TextError, RunError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if summary:
        print(json.dumps(summary))
    return 0


def train_translator(options: TranslatorOptions) -> dict | None:
    """Run one training; only the main process returns a summary.

    Raises:
        TextError, RunError: it cannot be done as asked, in one sentence.
    """
    from accelerate import Accelerator
    from accelerate.utils import set_seed
    from transformers import MarianMTModel

    from processor import has_bf16, use_whole_processor
    from translation.translator_training import Recipe, Trainer, new_network
    from translation.vocabulary import Encoder

    if (options.output / NAME).is_file():
        refuse_other_run(options.output, changed_options(options.output, options.comparable(), TranslatorOptions))
    if is_trained(options.output):
        say(f"{options.output} is trained.")
        return None
    use_whole_processor()
    cpu = not _has_gpu()
    precision = "bf16" if options.precision == "auto" and has_bf16(cpu) else options.precision
    accelerator = Accelerator(cpu=cpu, mixed_precision="bf16" if precision == "bf16" else "no")
    pairs, kept = read_training(options.data)
    validation = read_validation(options.data)
    for name, count in kept.items():
        say(f"{count:>8,}  {name}")
    with accelerator.main_process_first():
        make_vocabulary(options, pairs)
    encoder = Encoder(options.output)
    record_start(options, pairs, kept, validation)
    recipe = Recipe(**{one.name: getattr(options, one.name) for one in fields(Recipe) if hasattr(options, one.name)})
    set_seed(options.seed)
    network = MarianMTModel.from_pretrained(options.init) if options.init else new_network(encoder, recipe)
    trainer = Trainer(
        network,
        encoded(pairs, encoder),
        encoded(validation, encoder),
        recipe,
        accelerator,
        pad=encoder.pad,
        epochs=options.epochs,
        minutes=options.minutes,
        seed=options.seed,
        folder=options.output / "checkpoints",
        say=say,
    )
    trained = trainer.run(options.every)
    if not accelerator.is_main_process:
        return None
    trained.cpu().half().save_pretrained(options.output)
    return save(options, trainer.progress.history, trained.num_parameters(), precision, accelerator.num_processes)


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def make_vocabulary(options: TranslatorOptions, pairs: list[Pair]) -> None:
    """Write the vocabulary's files, unless they are there."""
    from translation.vocabulary import train_vocabulary

    if all((options.output / name).is_file() for name in _TOKENIZER):
        return
    if options.init:
        options.output.mkdir(parents=True, exist_ok=True)
        for name in _TOKENIZER:
            shutil.copyfile(options.init / name, options.output / name)
        return
    say("Learning the vocabulary.")
    once = list(dict.fromkeys(pairs))
    train_vocabulary((text for pair in once for text in (pair.source, pair.target)), options.output, options.vocabulary)


def read_validation(folder: Path) -> list[Pair]:
    """Return held-out dialogue, the first lines of it."""
    rows = list(read_columns(folder / HELD_OUT[0]))[:_VALIDATION_LINES]
    return [pair for source, target, *_ in rows if (pair := clean(source, target, LANGUAGES[0], TALK))]


def encoded(pairs: list[Pair], encoder: Encoder) -> Sides:
    """Return both sides of pairs as numbers of pieces."""
    import numpy as np

    from translation.translator_training import Sides

    sources: list = [None] * len(pairs)
    for domain in {pair.domain for pair in pairs}:
        places = [place for place, pair in enumerate(pairs) if pair.domain == domain]
        for place, numbers in zip(places, encoder.encode([pairs[n].source for n in places], domain), strict=True):
            sources[place] = np.array(numbers, dtype=np.int32)
    targets = [np.array(numbers, dtype=np.int32) for numbers in encoder.encode([pair.target for pair in pairs])]
    return Sides(sources, targets)


def record_start(options: TranslatorOptions, pairs: list[Pair], kept: dict[str, int], validation: list[Pair]) -> None:
    """Write what the run is made of, before it begins."""
    content = "\n".join(f"{pair.source}\t{pair.target}" for pair in pairs)
    add_sections(
        options.output,
        options=options.comparable(),
        data={
            "pairs": len(set(pairs)),
            "pairs_an_epoch": len(pairs),
            "collections": kept,
            "sha256": hashlib.sha256(content.encode()).hexdigest(),
            "validation_pairs": len(validation),
        },
    )


def save(options: TranslatorOptions, history: list[StepRow], parameters: int, precision: str, processes: int) -> dict:
    """Write the history and, last, the section by which the run counts as trained; return the job's last line."""
    with whole_file(options.output / "history.csv") as unfinished, unfinished.open("w", newline="") as file:
        writer = csv.DictWriter(file, asdict(history[0]))
        writer.writeheader()
        writer.writerows(asdict(row) for row in history)
    last = history[-1]
    add_sections(
        options.output,
        training={
            "parameters": parameters,
            "steps": last.step,
            "epochs": last.epoch,
            "minutes": last.minutes,
            "validation_loss": last.validation_loss,
            "precision": precision,
            "processes": processes,
            **circumstances(),
        },
    )
    shutil.rmtree(options.output / "checkpoints", ignore_errors=True)
    say(f"After {last.step:,} steps, {last.epoch:.2f} epochs: loss on held-out dialogue {last.validation_loss:.3f}.")
    return {"output": str(options.output), "steps": last.step, "validation_loss": last.validation_loss}


if __name__ == "__main__":
    sys.exit(main())
