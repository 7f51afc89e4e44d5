r"""Trains the small translator from English and Persian into Chinese, from nothing.

    accelerate launch training/train_translator.py --data PARALLEL_TEXT --output runs/translator --epochs 5

PARALLEL_TEXT has the files that `training/translation/parallel_text.py` names. A vocabulary of its own is learned
first, then an encoder-decoder of M2M100's architecture; the losses on held-out dialogue and on FLORES dev are told
every few hundred steps and stand in `history.csv`. A run that was killed goes on from its last checkpoint; `--init`
begins with network and vocabulary of another run or of a published translator. In the end the translator learns, on
held-out dialogue and on FLORES dev, when not to be believed; `--push-to-hub OWNER/NAME` measures and publishes it.

Batches of ever new shapes leave holes in the memory of glibc: on Linux jemalloc (Debian's libjemalloc2) that gives
nothing back makes a long training nearly twice as quick. In bfloat16 it takes ever more memory, 17 GB after 900 steps
of the app's own translator: kill it before there is no more, and let it go on.

    LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2 \
        MALLOC_CONF=oversize_threshold:0,dirty_decay_ms:-1,muzzy_decay_ms:-1,thp:always \
        python training/train_translator.py --data PARALLEL_TEXT --output runs/translator

Two minutes on a CPU:

    python training/train_translator.py --data $NAJVA_TEST_DATA/parallel_text --output runs/translator --minutes 1 \
        --vocabulary 4000 --width 128 --inner 256
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from transformers import M2M100ForConditionalGeneration

from model_references import find_text_model
from najva.pretrained.checkpoint import Checkpoint, read_json
from najva.pretrained.conversion import load_strictly
from najva.translation.confidence import FILE as CONFIDENCE
from najva.translation.loading import load_translator
from options import option, required, run_command
from processes import is_main_process
from processor import has_bf16, keep_freed_memory, use_whole_processor
from run_news import say
from run_record import (
    NAME,
    RunError,
    add_sections,
    changed_options,
    circumstances,
    is_trained,
    read_record,
    refuse_other_run,
)
from translation.calibration import calibrate
from translation.own_tests import measure
from translation.parallel_text import HELD_OUT, SPLIT, Pair, read_calibration, read_training, read_validation, repeated
from translation.taught_pairs import TIMES, read_taught, taught_pairs, write_taught
from translation.translation_pictures import draw_history
from translation.translator_training import Recipe, Trainer, encoded, new_network
from translation.vocabulary import TOKENIZER, Encoder, train_vocabulary
from whole_files import write_json, write_rows


@dataclass(frozen=True)
class TranslatorOptions:
    """What a training is made of."""

    data: Path = required("folder of parallel text")
    output: Path = required("folder of the run")
    init: str = option("", "translator whose network, in its shape, and vocabulary are gone on with")
    teacher: str = option("", "translator that writes the Chinese of English-Persian text, to learn from too")
    epochs: float = option(5.0, "passes over the training pairs")
    minutes: float = option(0.0, "limit of the training, all its parts together; 0: none")
    vocabulary: int = option(8_000, "pieces of the vocabulary")
    width: int = option(256, "of the layers")
    inner: int = option(1024, "width inside the feed-forward blocks")
    encoder_layers: int = option(6, "of the encoder")
    decoder_layers: int = option(2, "of the decoder")
    dropout: float = option(0.0, "share of values that are left out")
    learning_rate: float = option(2e-3, "the optimizer's, at its peak")
    pieces: int = option(8000, "in a batch, padding counted")
    every: int = option(250, "steps from one measurement and checkpoint to the next")
    seed: int = option(0, "of weights, order and dropout")
    precision: Literal["auto", "bf16", "fp32"] = option("auto", "auto: bf16 where the processor has it")
    push_to_hub: str = option("", "OWNER/NAME: measure at the end and publish, private")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if min(self.epochs, self.pieces, self.every, self.width, self.vocabulary) <= 0 or self.minutes < 0:
            raise ValueError("--epochs, --pieces, --every, --width and --vocabulary are above 0, --minutes not below.")
        if self.width % 64:
            raise ValueError("--width is a multiple of 64, the width of an attention head.")

    def comparable(self) -> dict:
        """Return the options as they are recorded; where things lie is not what the run is made of."""
        places = ("data", "output", "push_to_hub")
        chosen = {name: value for name, value in asdict(self).items() if name not in places}
        # A folder by its name alone, wherever it lies.
        models = {name: chosen[name] for name in ("init", "teacher")}
        return chosen | {name: Path(one).name if Path(one).is_dir() else one for name, one in models.items()}


def main(arguments: list[str] | None = None) -> int:
    """Train one translator; see the module's docstring."""
    return run_command(TranslatorOptions, train_translator, __doc__, arguments)


def train_translator(options: TranslatorOptions) -> dict | None:
    """Run one training; only the main process returns a summary.

    Raises:
        TextError, RunError: it cannot be done as asked, in one sentence.
    """
    if options.push_to_hub:
        from publish import check_push

        # A token that has expired is better known now than after the training.
        check_push(options.push_to_hub, lora=False)
    init = find_own(options.init) if options.init else None
    if init:
        options = replace(options, **shape_of(init.folder))
    if (options.output / NAME).is_file():
        refuse_other_run(options.output, changed_options(options.output, options.comparable(), TranslatorOptions))
    if is_trained(options.output):
        say(f"{options.output} is trained.")
        return publish(options) if options.push_to_hub and is_main_process() else None
    use_whole_processor()
    keep_freed_memory()
    cpu = not torch.cuda.is_available()
    # Its own arithmetic stays `no`: accelerate allows one for all jobs of a process.
    accelerator = Accelerator(cpu=cpu, mixed_precision="no")
    bf16 = options.precision == "bf16" or (options.precision == "auto" and has_bf16(cpu))
    pairs, kept = read_training(options.data)
    validation = read_validation(options.data)
    _tell(kept)
    with accelerator.main_process_first():
        make_vocabulary(options, pairs, init)
        taught = be_taught(options, pairs) if options.teacher else {}
    encoder = Encoder(options.output)
    if accelerator.is_main_process:
        record_start(options, pairs, kept, taught, {name: len(held) for name, held in validation.items()}, init)
    pairs += [copy for file in taught.values() for pair in file for copy in repeated(pair, TIMES)]
    set_seed(options.seed)
    recipe = Recipe(**{one.name: getattr(options, one.name) for one in fields(Recipe) if hasattr(options, one.name)})
    trainer = Trainer(
        load_strictly(M2M100ForConditionalGeneration, init.folder, dtype=torch.float32, dropout=options.dropout)
        if init
        else new_network(encoder, recipe),
        encoded(pairs, encoder),
        {name: encoded(held, encoder) for name, held in validation.items()},
        recipe,
        accelerator,
        epochs=options.epochs,
        minutes=options.minutes,
        seed=options.seed,
        folder=options.output / "checkpoints",
        say=say,
        bf16=bf16,
    )
    trained = trainer.run(options.every)
    if not accelerator.is_main_process:
        return None
    trained.cpu().half().save_pretrained(options.output)
    last = finish(options, trainer, trained.num_parameters())
    return last | publish(options) if options.push_to_hub else last


def publish(options: TranslatorOptions) -> dict:
    """Measure a trained translator and publish it."""
    from publish import publish_run

    measure(options.output, options.data)
    return {"published": publish_run(options.output, options.push_to_hub)}


def find_own(reference: str) -> Checkpoint:
    """Find a translator of this project, wherever it lies.

    Args:
        reference: see `najva.pretrained`.

    Raises:
        ModelError, RunError: it cannot be had, or is another's.
    """
    found = find_text_model(reference)
    if any(not (found.folder / name).is_file() for name in TOKENIZER):
        raise RunError(f"{reference} is no translator that this job made: it has no {', '.join(TOKENIZER)}.")
    return found


def shape_of(init: Path) -> dict[str, int]:
    """Return the options that are settled by a network that is gone on with."""
    config = read_json(init / "config.json")
    return {
        "vocabulary": Encoder(init).pieces,
        "width": config["d_model"],
        "inner": config["encoder_ffn_dim"],
        "encoder_layers": config["encoder_layers"],
        "decoder_layers": config["decoder_layers"],
    }


def make_vocabulary(options: TranslatorOptions, pairs: Iterable[Pair], init: Checkpoint | None) -> None:
    """Write the vocabulary's files, unless they are there."""
    if all((options.output / name).is_file() for name in TOKENIZER):
        return
    if init:
        options.output.mkdir(parents=True, exist_ok=True)
        for name in TOKENIZER:
            shutil.copyfile(init.folder / name, options.output / name)
        return
    say("Learning the vocabulary.")
    texts = (text for pair in dict.fromkeys(pairs) for text in (pair.source, pair.target))
    train_vocabulary(texts, options.output, options.vocabulary)


def be_taught(options: TranslatorOptions, pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Return what the teacher has translated, of each file: once, and then as it was kept."""
    path = options.output / "taught.tsv"
    if not path.is_file():
        say(f"With Chinese by {options.teacher}:")
        teacher = load_translator(find_own(options.teacher), options.output / "converted", "cpu", say)
        taught = taught_pairs(options.data, teacher, pairs)
        _tell({file: len(found) for file, found in taught.items()})
        write_taught(taught, path)
    return read_taught(path)


def _tell(kept: dict[str, int]) -> None:
    for name, count in kept.items():
        say(f"{count:>8,}  {name}")


def record_start(
    options: TranslatorOptions,
    pairs: list[Pair],
    kept: dict[str, int],
    taught: dict[str, list[Pair]],
    validation: dict[str, int],
    init: Checkpoint | None,
) -> None:
    """Write what the run is made of, before it begins."""
    by_teacher = [pair for found in taught.values() for pair in found]
    content = "\n".join(f"{pair.source}\t{pair.target}" for pair in [*pairs, *by_teacher])
    data = {
        "pairs": sum(kept.values()) + len(by_teacher),
        "pairs_an_epoch": len(pairs) + TIMES * len(by_teacher),
        "collections": kept,
        "taught": {file: len(found) for file, found in taught.items()},
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
        "validation_pairs": validation,
    }
    if init and (init.folder / NAME).is_file():
        before, run = read_record(init.folder), options.comparable()["init"]
        data["before"] = [*before["data"].get("before", []), {"run": run, **before["training"]}]
    write_json(options.output / SPLIT, {"train": kept, **HELD_OUT, "sha256": data["sha256"]})
    add_sections(options.output, options=options.comparable(), data=data)


def finish(options: TranslatorOptions, trainer: Trainer, parameters: int) -> dict:
    """Write history and confidence and, last, the section by which the run counts as trained."""
    progress = trainer.progress
    write_rows(options.output / "history.csv", [asdict(row) for row in progress.history])
    draw_history(options.output / "figures" / "history.png", progress.history)
    say("Learning when not to be believed.")
    found = Checkpoint(str(options.output), "folder", str(progress.step), "", options.output)
    judged = calibrate(load_translator(found, options.output / "converted", "cpu", say), read_calibration(options.data))
    shutil.rmtree(options.output / "converted", ignore_errors=True)
    write_json(options.output / CONFIDENCE, judged.confidence.as_dict())
    last = progress.history[-1]
    training = {
        "parameters": parameters,
        "steps": last.step,
        "epochs": last.epoch,
        "minutes": last.minutes,
        "validation_loss": last.validation_loss,
        "flores_loss": last.flores_loss,
        "precision": "bf16" if trainer.bf16 else "fp32",
        "processes": trainer.accelerator.num_processes,
        **circumstances(),
    }
    add_sections(options.output, calibration=judged.as_dict(), training=training)
    shutil.rmtree(options.output / "checkpoints", ignore_errors=True)
    say(f"After {last.step:,} steps, {last.epoch:.2f} epochs: loss on held-out dialogue {last.validation_loss:.3f}.")
    return {"output": str(options.output), "steps": last.step, "validation_loss": last.validation_loss}


if __name__ == "__main__":
    sys.exit(main())
