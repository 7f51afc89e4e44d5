"""transformers' `Seq2SeqTrainer` for Whisper: batches by length, decoding on the batch's window, a limit in minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import broadcast_object_list
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm
from transformers import ProgressCallback, Seq2SeqTrainer, TrainerCallback
from transformers.trainer_callback import ExportableState
from transformers.trainer_pt_utils import nested_detach
from transformers.trainer_utils import EvalLoopOutput

from metrics import character_counts, pool, word_counts
from najva.comparison import rule_for
from najva.transcriber.tokens import WhisperTokens
from tuning.speech_batches import IGNORED, LikeLengths
from tuning.whisper_tuning import write_tokens
from whole_files import write_rows

HISTORY = "history.csv"
_COLUMNS = (
    "epoch",
    "step",
    "minutes",
    "learning_rate",
    "training_loss",
    "validation_loss",
    "validation_wer",
    "validation_mean_clip_wer",
    "validation_cer",
)


class Clock(TrainerCallback, ExportableState):
    """Counts the seconds of a training over all its resumptions, and ends it at a limit.

    Args:
        limit_seconds: 0 is no limit.
        by_steps: whether evaluation follows steps, not epochs.
    """

    def __init__(self, limit_seconds: float = 0.0, by_steps: bool = False) -> None:
        self.limit_seconds, self.by_steps = limit_seconds, by_steps
        self.seconds = 0.0
        self._last: float | None = None

    @property
    def share(self) -> float:
        """How much of the limit is over, 0 without a limit."""
        return min(1.0, self.seconds / self.limit_seconds) if self.limit_seconds else 0.0

    def state(self) -> dict:
        """Return what a checkpoint keeps."""
        arguments = {"limit_seconds": self.limit_seconds, "by_steps": self.by_steps}
        return {"args": arguments, "attributes": {"seconds": self.seconds}}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start counting."""
        self._last = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Count, and stop when the time is over."""
        self._count(args)
        if self.limit_seconds and self.seconds >= self.limit_seconds:
            control.should_training_stop = True
            # At the end of an epoch, the broken one included, the epoch strategy evaluates and saves by itself.
            control.should_evaluate = control.should_save = self.by_steps
        return control

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Count the evaluation too."""
        self._count(args)

    def _count(self, args: Any) -> None:
        now = time.perf_counter()
        self.seconds += now - (self._last or now)
        self._last = now
        if args.world_size > 1:
            # The main process's clock is everybody's: their learning rates follow it.
            shared = [self.seconds]
            broadcast_object_list(shared)
            self.seconds = shared[0]


class History(TrainerCallback):
    """Writes `history.csv`, a row per evaluation, anew each time from the trainer's own log: resumption repeats none.

    Args:
        folder: of the run.
        say: takes one line per evaluation.
        note: ends that line, such as ", synthetic speech".
    """

    def __init__(self, folder: Path, say: Callable[[str], None], note: str = "") -> None:
        self._folder, self._say, self._note = folder, say, note

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write the rows so far."""
        if not state.is_world_process_zero:
            return
        rows = history_rows(state.log_history)
        write_rows(self._folder / HISTORY, rows, _COLUMNS)
        if rows:
            last = rows[-1]
            self._say(
                f"epoch {last['epoch']:.2f}, {last['minutes']:.1f} min: training loss {last['training_loss']:.3f}, "
                f"validation loss {last['validation_loss']:.3f}, WER {last['validation_wer']:.2%}, "
                f"CER {last['validation_cer']:.2%}{self._note}"
            )


def history_rows(log: list[dict]) -> list[dict]:
    """Turn the trainer's log into a row per evaluation.

    Args:
        log: `TrainerState.log_history`.
    """
    rows, losses, rate = [], [], float("nan")
    for entry in log:
        if "loss" in entry:
            losses.append(entry["loss"])
            rate = entry.get("learning_rate", rate)
        if "eval_wer" in entry:
            rows.append(
                {
                    "epoch": round(entry["epoch"], 4),
                    "step": entry["step"],
                    "minutes": round(entry.get("minutes", 0.0), 2),
                    "learning_rate": rate,
                    "training_loss": round(float(np.mean(losses)), 5) if losses else float("nan"),
                    "validation_loss": round(entry["eval_loss"], 5),
                    "validation_wer": round(entry["eval_wer"], 5),
                    "validation_mean_clip_wer": round(entry["eval_mean_clip_wer"], 5),
                    "validation_cer": round(entry["eval_cer"], 5),
                }
            )
            losses = []
    return rows


class QuietProgress(ProgressCallback):
    """transformers' progress bar, with the loss at its end and no dictionaries between."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict | None = None, **_: Any) -> None:
        """Show the loss."""
        if state.is_world_process_zero and isinstance(self.training_bar, tqdm) and logs and "loss" in logs:
            self.training_bar.set_postfix(loss=f"{logs['loss']:.3f}")


class WhisperTrainer(Seq2SeqTrainer):
    """See this module; a `Clock` must be among the callbacks.

    Args:
        tokens: the checkpoint's vocabulary.
        language: code that the decoder is told.
        warmup_share: of the training, during which the learning rate rises.
        options: of `Seq2SeqTrainer`.
    """

    def __init__(self, *, tokens: WhisperTokens, language: str, warmup_share: float, **options: Any) -> None:
        self.tokens, self.warmup_share = tokens, warmup_share
        self.prompt, self.rule = tokens.prompt(language, timestamps=False), rule_for(language)
        super().__init__(**options, compute_metrics=self.measure)
        # Whisper's loss is the mean over its own batch whatever it is told of the others'. The trainer takes it for
        # one that is divided by the labels of all processes, and would multiply it by their number.
        self.model_accepts_loss_kwargs = False
        self.pop_callback(ProgressCallback)
        self.add_callback(QuietProgress)

    @property
    def clock(self) -> Clock:
        """The clock that counts: a resumed training puts a new one, set to the checkpoint's time, for the first."""
        return next(callback for callback in self.callback_handler.callbacks if isinstance(callback, Clock))

    def measure(self, predicted: Any) -> dict[str, float]:
        """Return the rates of what was decoded; `wer`, the corpus rate under the language's rule, chooses."""
        hypotheses, references = (
            [self._text(row) for row in side] for side in (predicted.predictions, predicted.label_ids)
        )
        words = word_counts(references, hypotheses, normalizer=self.rule)
        return {
            "wer": pool(words).rate,
            "mean_clip_wer": float(np.mean([clip.rate for clip in words])),
            "cer": pool(character_counts(references, hypotheses, normalizer=self.rule)).rate,
        }

    def _text(self, ids: np.ndarray) -> str:
        return self.tokens.text([int(token) for token in ids if token != IGNORED])

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the minutes too."""
        super().log({**logs, "minutes": self.clock.seconds / 60}, start_time)

    def create_scheduler(self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None) -> LambdaLR:
        """Rise, then fall linearly to nothing at the last step or at the limit in minutes, whichever comes first."""
        if self.lr_scheduler is None:

            def factor(step: int) -> float:
                done = max(step / max(1, num_training_steps), self.clock.share)
                if done < self.warmup_share:
                    return done / self.warmup_share
                return max(0.0, (1 - done) / (1 - self.warmup_share))

            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, factor)
        return self.lr_scheduler

    def _get_train_sampler(self, train_dataset: Any = None) -> LikeLengths:
        size = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return LikeLengths(train_dataset or self.train_dataset, size, self.args.seed)

    def evaluation_loop(self, *given: Any, **named: Any) -> EvalLoopOutput:
        """Measure; clips that fill up the last batch of several processes are not counted.

        `Seq2SeqTrainer.evaluate` has just chosen to keep them: with two processes and few clips, most of what is
        measured would be repetitions.
        """
        self.gather_function = self.accelerator.gather_for_metrics
        return super().evaluation_loop(*given, **named)

    def prediction_step(
        self, model: torch.nn.Module, inputs: dict, prediction_loss_only: bool, ignore_keys: Any = None, **_: Any
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """Return loss, decoded tokens and labels of a validation batch."""
        inputs = self._prepare_inputs(inputs)
        labels = inputs["labels"]
        whole = self.accelerator.unwrap_model(model)
        whole = whole.get_base_model() if hasattr(whole, "get_base_model") else whole
        # A loop may write half as much again as its own sentence has, and no more: it is lost anyway. Each clip has a
        # limit of its own, so that its text does not depend on which clips share its batch, or its process.
        limits = (labels != IGNORED).sum(1) * 3 // 2 + 8
        written = None
        with torch.no_grad(), torch.autocast(self.args.device.type, torch.bfloat16, enabled=self.args.bf16):
            encoded = whole.model.encoder(inputs["input_features"])
            loss = nested_detach(whole(encoder_outputs=encoded, labels=labels).loss.mean())
            if not prediction_loss_only:
                end = self.tokens.end_of_text
                written = write_tokens(whole, encoded, self.prompt, end, int(limits.max()))
                places = torch.arange(written.shape[1], device=written.device)
                written = written.masked_fill(places >= limits[:, None], end)
        return loss, written, None if prediction_loss_only else labels


def checkpoints(folder: Path) -> list[Path]:
    """Return the `checkpoint-N` folders in a folder, the newest first."""
    return sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)


def last_whole_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end.

    The trainer writes `trainer_state.json` last, so a checkpoint without a readable one was cut short by a kill or a
    full disk and is passed over.

    Args:
        folder: that holds `checkpoint-N` folders.
    """
    for checkpoint in checkpoints(folder):
        try:
            json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return checkpoint
    return None
