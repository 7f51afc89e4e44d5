"""A trainer for one run: model, clips, augmentation, schedule and precision, put together from the job's options."""

from __future__ import annotations

import importlib.util
import math
import os
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import EarlyStoppingCallback, Seq2SeqTrainingArguments, set_seed
from transformers.utils import logging

from evaluation.score_report import of_synthetic
from najva.pretrained import Checkpoint
from najva.transcriber.tokens import WhisperTokens
from processes import process_count
from processor import has_bf16, use_whole_processor
from run_news import say
from sheets.faults import DataError
from sheets.speech_data import SpeechData
from tuning.augmentation import augmentation
from tuning.speech_batches import ClipPlan, SpeechClips, SpeechCollator
from tuning.whisper_trainer import Clock, History, WhisperTrainer
from tuning.whisper_tuning import Base, add_lora, go_on_from, load_model

if TYPE_CHECKING:
    from finetune_whisper import FinetuneOptions

_LOGS_PER_EVALUATION = 20
# Writing a token costs as much for one clip as for many, while no gradients take up memory.
_VALIDATION_BATCH = 32
_JOINED_SECONDS = 20.0  # the longest span that serving cuts


def choose_window(
    options: FinetuneOptions, data: SpeechData, longest_window: int, others: SpeechData | None = None
) -> int:
    """Return the encoder window in seconds: what was asked, or the smallest that holds every clip and its margin.

    Raises:
        DataError: a clip is longer than the window, or than the base's own.
    """
    clips = [clip for part in ("train", "validation", "test") for clip in data.clips(part)]
    clips += others.clips("train") if others else []
    longest = max(clip.seconds for clip in clips)
    automatic = options.window_seconds == "auto"
    window = min(longest_window, math.ceil(longest + 1)) if automatic else int(options.window_seconds)
    if longest > window:
        remedy = "leave it out, or take a base that hears more" if automatic else "--window-seconds auto holds it"
        raise DataError(f"The longest clip has {longest:.1f} s and the window {window} s; {remedy}.")
    return window


def build_trainer(
    options: FinetuneOptions,
    data: SpeechData,
    base: Base,
    window: int,
    others: SpeechData | None = None,
    init_adapter: Checkpoint | None = None,
) -> WhisperTrainer:
    """Put model, clips and trainer together.

    Args:
        options: of the job.
        data: trained and validated on.
        base: see `whisper_tuning.find_base`.
        window: see `choose_window`.
        others: data whose training clips are mixed in.
        init_adapter: whose updates a LoRA training starts from.
    """
    # transformers warns of what is meant here, such as a batch without a mask, at every evaluation.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    set_seed(options.seed)
    use_whole_processor()
    if options.trackio and not importlib.util.find_spec("trackio"):
        raise ValueError("--trackio needs the package trackio: pip install trackio")
    for part in ("train", "validation"):
        if not data.clips(part):
            raise DataError(f"{data.name} has no {part} clips, so nothing can be trained on it.")
    model = load_model(base, window, options.language)
    model.config.apply_spec_augment = options.spec_augment > 0
    model.config.mask_time_prob = model.config.mask_feature_prob = options.spec_augment
    if options.tuning == "lora":
        model = add_lora(
            model,
            rank=options.lora_rank,
            alpha=options.lora_alpha,
            dropout=options.lora_dropout,
            layers=options.lora_layers,
        )
        if init_adapter:
            go_on_from(model, init_adapter, base)
    tokens = WhisperTokens(base.folder)
    plan = ClipPlan(
        timestamp_share=options.timestamp_share,
        join_share=options.join_share,
        join_seconds=min(_JOINED_SECONDS, window - 1.0),
        augment=augmentation(options.augment),
        window_seconds=window,
    )
    own, store = data.clips("train"), others.clips("train") if others else []
    # So many that they are their share of the whole.
    others_per_epoch = round(len(own) * options.others_share / (1 - options.others_share))
    training = SpeechClips(own, tokens, options.language, plan, options.seed, store, others_per_epoch)
    # Some are taken from everywhere: clips that follow one another are often of one recording.
    validation_clips = data.clips("validation")
    places = np.linspace(0, len(validation_clips) - 1, options.validation_clips or len(validation_clips))
    chosen = [validation_clips[place] for place in sorted({round(place) for place in places})]
    validation = SpeechClips(sorted(chosen, key=lambda clip: clip.seconds), tokens, options.language)
    strategy = "steps" if options.evaluate_steps else "epoch"
    note = of_synthetic(data.source.get("speech", ""))
    callbacks = [Clock(60 * options.minutes, by_steps=strategy == "steps"), History(options.output, say, note)]
    if options.early_stopping:
        callbacks.append(EarlyStoppingCallback(options.early_stopping))
    steps = options.evaluate_steps or len(training) // (options.batch_size * process_count())
    cpu = not torch.cuda.is_available()
    half = options.precision == "bf16" or (options.precision == "auto" and has_bf16(cpu))
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(options.output / "checkpoints"),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=max(options.batch_size, _VALIDATION_BATCH),
        learning_rate=options.rate,
        max_grad_norm=1.0,
        bf16=half,
        use_cpu=cpu,
        activation_checkpointing=options.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False} if options.gradient_checkpointing else None,
        eval_strategy=strategy,
        save_strategy=strategy,
        eval_steps=options.evaluate_steps or None,
        save_steps=options.evaluate_steps or 500,
        save_total_limit=2,
        disable_tqdm=False,  # its default follows the verbosity of the log
        logging_steps=max(1, steps // _LOGS_PER_EVALUATION),
        load_best_model_at_end=True,
        # The clock goes on, and so does the patience of early stopping.
        restore_callback_states_from_checkpoint=True,
        metric_for_best_model="wer",
        greater_is_better=False,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_num_workers=0 if cpu else min(8, os.cpu_count() or 1),
        dataloader_pin_memory=not cpu,
        ddp_find_unused_parameters=False,
        seed=options.seed,
        report_to=["trackio"] if options.trackio else [],
        project=options.trackio or "najva",
    )
    return WhisperTrainer(
        tokens=tokens,
        language=options.language,
        warmup_share=options.warmup_share,
        model=model,
        args=arguments,
        data_collator=SpeechCollator(model.config.num_mel_bins, window),
        train_dataset=training,
        eval_dataset=validation,
        callbacks=callbacks,
    )
