r"""Fine-tunes Whisper on a data folder: LoRA or full, resumable, the best checkpoint by validation WER.

    accelerate launch training/finetune_whisper.py --data data/NAME --tuning lora --output runs/NAME
    accelerate launch training/finetune_whisper.py --data data/NAME --tuning full --output runs/NAME --epochs 50

Two minutes on a CPU, with the weights that come as a package:

    python training/finetune_whisper.py --base-model packaged:whisper-base --minutes 2 \
        --data data/NAME --tuning lora --output runs/NAME

A run that was interrupted goes on where it stood when the same command is given again. A LoRA run keeps `adapter/` and
`merged/`, a full one has its weights in `runs/NAME` itself; `history.csv`, `figures/`, `split.json` and `run.json`
stand beside them. `--push-to-hub OWNER/NAME` measures the model at the end and publishes it.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from safetensors import SafetensorError

from najva.comparison import rule_for
from najva.languages import LANGUAGES
from options import option, required, run_command
from processes import is_main_process, process_count
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
    trained_hours,
)

# Slow imports (PyTorch, transformers) wait until the options are known to be good.

if TYPE_CHECKING:
    import torch

    from najva.pretrained import Checkpoint
    from sheets.speech_data import Clip, SpeechData


@dataclass(frozen=True)
class FinetuneOptions:
    """What a fine-tuning is made of."""

    data: str = required("folder of prepare_transcripts.py, or a data set repository OWNER/NAME")
    output: Path = required("folder of the run")
    tuning: Literal["lora", "full"] = required("lora (small updates beside the weights) or full (all weights)")
    others: str = option("", "another data folder whose training clips are mixed in; validation and test stay --data's")
    others_share: float = option(0.5, "of an epoch's clips that are --others'")
    base_model: str = option("openai/whisper-small", "model reference that training starts from")
    epochs: float = option(50.0, "passes over the training clips, run to the end")
    minutes: float = option(0.0, "end after so many minutes, with one more evaluation; 0: no limit")
    batch_size: int = option(16, "clips per step and process")
    learning_rate: float = option(0.0, "peak; 0: 1e-3 for lora, 3e-5 for full")
    warmup_share: float = option(0.1, "share of the training in which the rate rises")
    lora_rank: int = option(32, "rank of the updates")
    lora_alpha: float = option(64.0, "scale of the updates times their rank")
    lora_layers: Literal["all-linear", "decoder", "attention", "query-value"] = option(
        "all-linear", "all-linear, decoder (its linear layers only), attention or query-value"
    )
    init_adapter: str = option("", "adapter that a LoRA training goes on from, a model reference; empty: from none")
    lora_dropout: float = option(0.0, "before the updates; on a CPU it costs a fifth of each step")
    window_seconds: str = option("auto", "encoder window: auto (smallest that holds the clips) or seconds")
    augment: str = option("", "comma-separated: speed, voice, room, noise, band, level; SpecAugment is separate")
    spec_augment: float = option(0.05, "share of time and of bands that is masked; 0: none")
    timestamp_share: float = option(0.5, "share of clips whose labels carry times")
    join_share: float = option(0.0, "share of clips that others are appended to, up to the window")
    validation_clips: int = option(0, "decode only so many validation clips per evaluation; 0: all")
    evaluate_steps: int = option(0, "evaluate and save every so many steps; 0: every epoch")
    early_stopping: int = option(0, "stop after so many evaluations without a better WER; 0: never")
    precision: Literal["auto", "bf16", "fp32"] = option("auto", "auto (bf16 where the processor has it), bf16 or fp32")
    gradient_checkpointing: bool = option(False, "less memory, more time")
    language: str = option("fa", "language of the clips, as Whisper writes it")
    seed: int = option(0, "of everything random")
    trackio: str = option("", "project name of trackio; empty: no tracking")
    push_to_hub: str = option("", "OWNER/NAME: measure at the end and publish, private")
    licence: str = option("", "of the published model, in the Hub's spelling; empty: the base's")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        checks = (
            (self.epochs > 0 and self.batch_size > 0, "--epochs and --batch-size must be above 0"),
            (self.minutes >= 0, "--minutes cannot be negative"),
            (0 < self.warmup_share < 1, "--warmup-share lies between 0 and 1"),
            (0 < self.others_share < 1, "--others-share lies between 0 and 1"),
            (self.lora_rank > 0, "--lora-rank must be above 0"),
            (self.tuning == "lora" or not self.init_adapter, "--init-adapter goes with --tuning lora"),
            (
                self.window_seconds == "auto" or self.window_seconds.isdecimal(),
                f"--window-seconds is auto or a whole number of seconds, not '{self.window_seconds}'",
            ),
            (self.language in LANGUAGES, f"--language is a code such as fa, not '{self.language}'"),
            *(
                (0 <= share <= 1, f"--{name.replace('_', '-')} lies between 0 and 1")
                for name, share in asdict(self).items()
                if name in ("timestamp_share", "join_share", "spec_augment", "lora_dropout")
            ),
        )
        for holds, sentence in checks:
            if not holds:
                raise ValueError(f"{sentence}.")

    @property
    def rate(self) -> float:
        """The peak learning rate."""
        return self.learning_rate or {"lora": 1e-3, "full": 3e-5}[self.tuning]


def main(arguments: list[str] | None = None) -> int:
    """Train, save and record one run; see the module's docstring."""
    return run_command(FinetuneOptions, finetune, __doc__, arguments)


def finetune(options: FinetuneOptions) -> dict | None:
    """Run one training; only the main process returns a summary.

    Raises:
        DataError, ModelError, RunError, ValueError: it cannot be done as asked, in one sentence.
    """
    from model_references import find_model
    from sheets.speech_data import load_speech
    from tuning.whisper_training import build_trainer, choose_window
    from tuning.whisper_tuning import find_base

    data = load_speech(options.data)
    others = load_speech(options.others) if options.others else None
    check_same_run(options, data, others)
    if options.push_to_hub:
        from publish import check_push

        # A token that has expired is better known now than after fifty epochs.
        check_push(options.push_to_hub, lora=options.tuning == "lora")
    main_process = is_main_process()
    if is_trained(options.output):
        say(f"{options.output} is trained.")
    else:
        base = find_base(options.base_model, say)
        if options.push_to_hub:
            from publishing.cards import check_base

            check_base(base.name, options.licence or base.checkpoint.licence, adapter=options.tuning == "lora")
        window = choose_window(options, data, base.window_seconds, others)
        init_adapter = find_model(options.init_adapter)[0] if options.init_adapter else None
        trainer = build_trainer(options, data, base, window, others, init_adapter)
        if main_process:
            record_start(options, data, base, window, trainer, others)
            if init_adapter:
                add_sections(options.output, init_adapter=describe_adapter(init_adapter, data))
            shutil.copyfile(data.folder / "split.json", options.output / "split.json")
        train(trainer, options)
        if main_process:
            with full_disk_in_words(options.output, trainer.model):
                save(trainer, options, base)
        trainer.accelerator.wait_for_everyone()
    if main_process:
        shutil.rmtree(options.output / "checkpoints", ignore_errors=True)
    if options.push_to_hub:
        from evaluate_whisper import EvaluateOptions, evaluate_run

        measured = evaluate_run(EvaluateOptions(options.data, options.output), data)
        if main_process:
            from publish import publish_run

            published = publish_run(options.output, options.push_to_hub, licence=options.licence)
            return summary(options) | measured | {"published": published}
    return summary(options) if main_process else None


def check_same_run(options: FinetuneOptions, data: SpeechData, others: SpeechData | None) -> None:
    """Refuse to go on with a folder in which something else was trained.

    Raises:
        RunError: options or clips are other ones.
    """
    if not (options.output / NAME).is_file():
        return
    begun = read_record(options.output)
    # Data are known by their content: the same folder may be spelled in another way, or hold another split.
    different = changed_options(options.output, comparable(options), FinetuneOptions)
    different = [name for name in different if name not in ("data", "others")]
    if clips := begun.get("data"):
        now = {"data": data.split_sha256, "others": others.split_sha256 if others else None}
        then = {"data": clips["split_sha256"], "others": clips.get("others", {}).get("split_sha256")}
        different += [name for name in now if now[name] != then[name]]
        if clips.get("processes", process_count()) != process_count():
            different.append("number of processes")
    refuse_other_run(options.output, different)


def comparable(options: FinetuneOptions) -> dict:
    """Return the options as they are recorded; where the run lies and goes to is not what it is made of."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(options).items()
        if name not in ("output", "push_to_hub", "licence", "trackio")
    }


def record_start(
    options: FinetuneOptions, data: SpeechData, base: object, window: int, trainer: object, others: SpeechData | None
) -> None:
    """Write what the run is made of, before it begins."""
    trained = sum(weight.numel() for weight in trainer.model.parameters() if weight.requires_grad)
    parts = {part: data.clips(part) for part in ("train", "validation", "test")}
    add_sections(
        options.output,
        options=comparable(options),
        data={
            "name": data.name,
            "source": data.source,
            "split_sha256": data.split_sha256,
            "clips": {part: len(clips) for part, clips in parts.items()},
            "hours": {part: hours(clips) for part, clips in parts.items()},
            "repository": data.repository,
            "repository_revision": data.revision,
            # A resumed training counts its epochs in the steps of so many.
            "processes": trainer.args.world_size,
            **describe_others(others),
        },
        base={
            "name": base.name,
            "reference": base.checkpoint.reference,
            "revision": base.checkpoint.revision,
            "licence": base.checkpoint.licence,
            "window_seconds": base.window_seconds,
        },
        model={
            "tuning": options.tuning,
            "window_seconds": window,
            "language": options.language,
            "trained_parameters": trained,
        },
    )
    clips = parts["train"]
    say(
        f"{options.tuning} tuning of {base.name}: {trained / 1e6:.2f} million parameters, {len(clips)} clips "
        f"({hours(clips):.2f} h), window {window} s, "
        f"{'bf16' if trainer.args.bf16 else 'fp32'}."
    )


def describe_others(others: SpeechData | None) -> dict:
    """Return what is recorded of the clips that were mixed in, if any."""
    if others is None:
        return {}
    clips = others.clips("train")
    return {
        "others": {
            "name": others.name,
            "source": others.source,
            "split_sha256": others.split_sha256,
            "clips": len(clips),
            "hours": hours(clips),
        }
    }


def describe_adapter(adapter: Checkpoint, data: SpeechData) -> dict:
    """Return what is recorded of an adapter that a training goes on from, as far as a record lies beside it."""
    folders = (adapter.folder, adapter.folder.parent)
    record = next((read_record(folder) for folder in folders if (folder / NAME).is_file()), {})
    same_split = record.get("data", {}).get("split_sha256") == data.split_sha256
    same_split &= record.get("init_adapter", {}).get("same_split", True)
    if not same_split:
        say(
            f"{adapter.reference} was not trained on this split, as far as is known: clips that are for testing here "
            "may be among those that it heard, so the figures of this run are no measure of new speech."
        )
    return {
        "reference": adapter.reference,
        "sha256": hashlib.sha256((adapter.folder / "adapter_model.safetensors").read_bytes()).hexdigest(),
        "hours": trained_hours(record),
        "same_split": same_split,
    }


def hours(clips: Sequence[Clip]) -> float:
    """Return how long clips are together."""
    return round(sum(clip.seconds for clip in clips) / 3600, 3)


def train(trainer: object, options: FinetuneOptions) -> None:
    """Train to the end, from the last whole checkpoint if there is one."""
    from tuning.whisper_trainer import last_whole_checkpoint

    done = options.output / "history.csv"
    checkpoint = last_whole_checkpoint(options.output / "checkpoints")
    if checkpoint:
        say(f"Going on from {checkpoint.name}.")
    else:
        done.unlink(missing_ok=True)
    with full_disk_in_words(options.output, trainer.model):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)


@contextmanager
def full_disk_in_words(run: Path, model: torch.nn.Module) -> Iterator[None]:
    """Turn what writers of checkpoints say on a full disk, each in its own way, into one sentence.

    A checkpoint that was cut short is taken away, since nothing can be done with it but fill the disk. What else goes
    wrong while the disk happens to be nearly full, such as a GPU that is out of memory, is told as it was.

    Raises:
        RunError: the disk is full.
    """
    from tuning.whisper_trainer import checkpoints, last_whole_checkpoint

    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        free = shutil.disk_usage(run).free
        if free > sum(weight.nbytes for weight in model.parameters()) or not is_of_writing(error):
            raise
        last = last_whole_checkpoint(run / "checkpoints")
        for torn in takewhile(lambda checkpoint: checkpoint != last, checkpoints(run / "checkpoints")):
            shutil.rmtree(torn, ignore_errors=True)
        start = f"from {last.name}" if last else "from the beginning, as no checkpoint was written yet"
        raise RunError(
            f"The disk of {run} is full ({free / 1e6:.0f} MB left): make room, and the same command goes on {start}."
        ) from error


def is_of_writing(error: Exception) -> bool:
    """Whether a file could not be written: the operating system says so, or the writers of PyTorch and safetensors."""
    return not isinstance(error, RuntimeError) or "inline_container" in str(error)


def save(trainer: object, options: FinetuneOptions, base: object) -> None:
    """Save the best checkpoint as models that others load, and what training was like."""
    from evaluation.figures import draw_history
    from evaluation.score_report import note_of
    from tuning.whisper_trainer import history_rows
    from tuning.whisper_tuning import save_adapter, save_whole

    model = trainer.accelerator.unwrap_model(trainer.model)
    if options.tuning == "lora":
        save_adapter(model, base, options.output / "adapter")
        save_whole(model.merge_and_unload(), base, options.output / "merged")
    else:
        save_whole(model, base, options.output)
    rows = history_rows(trainer.state.log_history)
    best = min(rows, key=lambda row: row["validation_wer"])
    data = read_record(options.output)["data"]
    note = f", {rule_for(options.language)}{note_of(data['source'].get('speech', ''), data['split_sha256'])}"
    draw_history(options.output / "figures" / "history.png", rows, note=note)
    # Last, as it is by this that the run counts as trained; a kill before it saves everything again.
    add_sections(
        options.output,
        training={
            "epochs": rows[-1]["epoch"],
            "steps": trainer.state.global_step,
            "hours": round(trainer.clock.seconds / 3600, 3),
            "stopped_by_time": trainer.clock.share >= 1 and rows[-1]["epoch"] < options.epochs,
            "precision": "bf16" if trainer.args.bf16 else "fp32",
            "processes": trainer.args.world_size,
            "learning_rate": options.rate,
            "best": best,
            **circumstances(),
        },
    )


def summary(options: FinetuneOptions) -> dict:
    """Return the job's last line."""
    record = read_record(options.output)
    best, speech = record["training"]["best"], record["data"]["source"].get("speech", "")
    say(
        f"Best validation WER {best['validation_wer']:.2%}{' on synthetic speech' if speech == 'synthetic' else ''} in "
        f"epoch {best['epoch']:.2f}; {record['training']['hours']:.2f} hours. In {options.output}."
    )
    return {
        "output": str(options.output),
        "tuning": options.tuning,
        **best,
        "split_sha256": record["data"]["split_sha256"],
        "speech": speech,
    }


if __name__ == "__main__":
    sys.exit(main())
