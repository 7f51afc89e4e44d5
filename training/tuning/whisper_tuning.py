"""The model that is tuned: loading a base, its encoder window, LoRA, and the folders that come out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import (
    GenerationConfig,
    GenerationMixin,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizerFast,
)
from transformers.modeling_outputs import BaseModelOutput

from model_references import find_model
from najva.pretrained import Checkpoint, ModelError, merged, window_seconds
from najva.pretrained.packaged_whisper import HUB_EQUIVALENT
from najva.transcriber.encoder_window import AnyLengthEncoder

POSITIONS_PER_SECOND = 50
# Layers whose low-rank updates are trained, by the name of the choice.
# A string is peft's pattern of whole layer names.
LORA_LAYERS: dict[str, str | list[str]] = {
    "all-linear": "all-linear",
    "decoder": r".*\.decoder\..*\.(?:[qkv]_proj|out_proj|fc1|fc2)",
    "attention": ["q_proj", "k_proj", "v_proj", "out_proj"],
    "query-value": ["q_proj", "v_proj"],
}


@dataclass(frozen=True)
class Base:
    """A checkpoint that training starts from.

    Attributes:
        checkpoint: where it came from.
        folder: Hub-style folder of the whole model.
        window_seconds: what its encoder takes.
    """

    checkpoint: Checkpoint
    folder: Path
    window_seconds: int

    @property
    def name(self) -> str:
        """How others find it: a Hub name for the packaged weights too, never a path where there is a name."""
        if self.checkpoint.source == "packaged":
            return HUB_EQUIVALENT
        return self.checkpoint.reference.removeprefix("hub:")


def find_base(reference: str, say: Callable[[str], None] = print) -> Base:
    """Find the model that training starts from; an adapter is merged into its own base first.

    Args:
        reference: see `najva.pretrained`.
        say: takes one line on long work.

    Raises:
        ModelError: it cannot be had.
    """
    checkpoint, base, cache = find_model(reference)
    folder = merged(checkpoint, cache, base, say)
    return Base(checkpoint, folder, window_seconds(checkpoint, base))


def load_model(base: Base, window: int, language: str) -> WhisperForConditionalGeneration:
    """Load a base in float32, with the encoder window that training uses.

    Args:
        base: see `find_base`.
        window: seconds, at most the base's own.
        language: code as Whisper writes it; language and task are set here once, in the generation configuration.

    Raises:
        ModelError: the window is longer than the base's.
    """
    if window > base.window_seconds:
        raise ModelError(f"{base.name} hears {base.window_seconds} s at most, so the window cannot be {window} s.")
    # "eager" would be the default of training too; sdpa needs half the memory on a CPU.
    model = WhisperForConditionalGeneration.from_pretrained(
        base.folder, dtype=torch.float32, attn_implementation="sdpa", use_safetensors=True
    )
    _set_window(model, window)
    AnyLengthEncoder.relax(model.model.encoder)
    model.generation_config.language = language
    model.generation_config.task = "transcribe"
    model.generation_config.forced_decoder_ids = None
    model.config.forced_decoder_ids = None
    return model


def _set_window(model: WhisperForConditionalGeneration, seconds: int) -> None:
    """Keep the first positions of the encoder, and say so in the configuration."""
    encoder, positions = model.model.encoder, seconds * POSITIONS_PER_SECOND
    kept = torch.nn.Embedding(positions, model.config.d_model)
    kept.weight = torch.nn.Parameter(encoder.embed_positions.weight[:positions].clone(), requires_grad=False)
    encoder.embed_positions = kept
    encoder.max_source_positions = model.config.max_source_positions = positions


def add_lora(
    model: WhisperForConditionalGeneration, *, rank: int, alpha: float, dropout: float, layers: str
) -> PeftModel:
    """Freeze a model and put low-rank updates beside its linear layers.

    `task_type` stays empty: `PeftModelForSeq2SeqLM` would pass `input_ids`, which Whisper has none of (peft issue
    1988).

    Args:
        model: see `load_model`.
        rank: of the updates.
        alpha: their scale is `alpha / rank`.
        dropout: before the updates, while training.
        layers: key of `LORA_LAYERS`.
    """
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=LORA_LAYERS[layers],
    )
    # While it trains, the adapter's base is the folder on this machine: peft looks into it at every checkpoint, and
    # would ask the Hub for a name. `save_adapter` writes the name.
    return get_peft_model(model, config)


def go_on_from(model: PeftModel, adapter: Checkpoint, base: Base) -> None:
    """Start from the updates of an adapter that was trained before instead of from none.

    Args:
        model: see `add_lora`.
        adapter: of the same base, rank, scale and layers.
        base: see `find_base`.

    Raises:
        ModelError: it does not fit.
    """
    if not adapter.is_adapter:
        raise ModelError(f"{adapter.reference} is a whole model; --init-adapter takes a LoRA adapter.")
    if adapter.base.removeprefix("hub:") != base.name:
        raise ModelError(f"The adapter {adapter.reference} belongs to {adapter.base}, not to {base.name}.")
    before, now = LoraConfig.from_pretrained(adapter.folder), model.peft_config["default"]
    if before.use_rslora != now.use_rslora or (before.r, before.lora_alpha) != (now.r, now.lora_alpha):
        raise ModelError(
            f"The adapter {adapter.reference} has rank {before.r} and alpha {before.lora_alpha:g}, the training "
            f"{now.r} and {now.lora_alpha:g}: give it --lora-rank {before.r} --lora-alpha {before.lora_alpha:g}."
        )
    weights = load_file(adapter.folder / "adapter_model.safetensors")
    if weights.keys() != get_peft_model_state_dict(model, save_embedding_layers=False).keys():
        raise ModelError(f"The adapter {adapter.reference} updates other layers than --lora-layers says.")
    set_peft_model_state_dict(model, {name: tensor.float() for name, tensor in weights.items()})


@torch.no_grad()
def scale_lora(model: PeftModel, strength: float) -> None:
    """Let the low-rank updates count for a part of what they are, or for more.

    Args:
        model: see `add_lora`.
        strength: 1 changes nothing.
    """
    for name, weight in model.named_parameters():
        if ".lora_B." in name:
            weight.mul_(strength)


def save_whole(model: WhisperForConditionalGeneration, base: Base, folder: Path) -> None:
    """Save a model with all that transformers and CTranslate2 need beside the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    model.config.apply_spec_augment = False
    model.save_pretrained(folder)
    WhisperTokenizerFast.from_pretrained(base.folder).save_pretrained(folder)
    save_extractor(model.config.max_source_positions // POSITIONS_PER_SECOND, model.config.num_mel_bins, folder)


def save_adapter(model: PeftModel, base: Base, folder: Path) -> None:
    """Save the low-rank updates in half precision, with the name of their base and the window they were made for.

    The model keeps the rounded values, so that merging it afterwards gives what the saved adapter gives.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, weight in model.named_parameters():
        if "lora_" in name:
            weight.data = weight.data.to(torch.float16).to(weight.dtype)
    config = copy.copy(model.peft_config["default"])
    config.base_model_name_or_path, config.inference_mode = base.name, True
    config.save_pretrained(folder)
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    halved = {name: tensor.detach().to(torch.float16).contiguous().cpu() for name, tensor in state.items()}
    save_file(halved, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    whole = model.get_base_model()
    save_extractor(whole.config.max_source_positions // POSITIONS_PER_SECOND, whole.config.num_mel_bins, folder)


def save_extractor(window: int, bands: int, folder: Path) -> None:
    """Write the feature extractor with its window, where both transformers and this project look for it."""
    WhisperFeatureExtractor(bands, chunk_length=window).save_pretrained(folder)


@torch.no_grad()
def write_tokens(
    model: WhisperForConditionalGeneration,
    encoded: BaseModelOutput,
    prompt: Sequence[int],
    end: int,
    max_tokens: int,
) -> torch.Tensor:
    """Decode a batch greedily while training, on the batch's own window.

    Whisper's `generate` pads every batch to the whole window again and decides on times by itself, so the generic one
    is called, as `najva.transcriber.torch_engine` does.

    Args:
        model: the whole model; updates that LoRA put into its layers act.
        encoded: what its encoder made of the batch, (clips, positions, width).
        prompt: tokens that the decoder starts with.
        end: the end of text.
        max_tokens: tokens written at most.

    Returns:
        int64 (clips, tokens), the prompt left out, padded with the end of text.
    """
    config = GenerationConfig(
        max_length=len(prompt) + max_tokens,
        do_sample=False,
        eos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=prompt[0],
        suppress_tokens=model.generation_config.suppress_tokens,
        begin_suppress_tokens=model.generation_config.begin_suppress_tokens,
    )
    positions = encoded.last_hidden_state
    starts = torch.tensor([list(prompt)] * len(positions), device=positions.device)
    written = GenerationMixin.generate(
        model,
        encoder_outputs=encoded,
        decoder_input_ids=starts,
        generation_config=config,
    )
    return written[:, len(prompt) :]
