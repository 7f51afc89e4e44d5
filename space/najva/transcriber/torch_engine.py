"""Whisper on PyTorch through transformers: half precision on a GPU, float32 on a CPU for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import (
    GenerationConfig,
    GenerationMixin,
    LogitsProcessorList,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTimeStampLogitsProcessor,
)
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.whisper.generation_whisper import _dynamic_time_warping, _median_filter

from najva.transcriber.encoder_window import encode_features
from najva.transcriber.engine import Decoding, Hypothesis
from najva.transcriber.log_mel import FRAMES_PER_SECOND, log_mel
from najva.transcriber.tokens import TIMESTAMP_SECONDS, WhisperTokens

_MEDIAN_FILTER_WIDTH = 7


class TorchEngine:
    """One checkpoint of transformers.

    Args:
        folder: Hub-style folder of a whole model.
        device: `cpu` or `cuda`.
        dtype: arithmetic; None is float32 on a CPU and float16 on a GPU.
    """

    def __init__(self, folder: Path, device: str = "cpu", dtype: torch.dtype | None = None) -> None:
        dtype = dtype or (torch.float32 if device == "cpu" else torch.float16)
        self.compute_type = str(dtype).removeprefix("torch.")
        # PyTorch shares one batch out to the processor's cores, or to the GPU, by itself.
        self.workers = 1
        self.tokens = WhisperTokens(folder)
        extractor = WhisperFeatureExtractor.from_pretrained(folder)
        self.window_seconds = float(extractor.chunk_length)
        self.bands = extractor.feature_size
        # Eager attention hands out the cross-attention that word times are read from.
        self.model = WhisperForConditionalGeneration.from_pretrained(folder, dtype=dtype).to(device).eval()

    @torch.inference_mode()
    def encode(self, waveforms: Sequence[np.ndarray], window_seconds: float) -> TorchEncoded:
        """Encode clips; see `Engine.encode`."""
        frames = round(min(window_seconds, self.window_seconds) * FRAMES_PER_SECOND) // 2 * 2
        features = torch.from_numpy(np.stack([log_mel(waveform, self.bands, frames) for waveform in waveforms]))
        features = features.to(self.model.device, self.model.dtype)
        return TorchEncoded(self, encode_features(self.model.model.encoder, features))


class TorchEncoded:
    """A batch after the encoder; see `Encoded`."""

    def __init__(self, engine: TorchEngine, hidden: torch.Tensor) -> None:
        self._model, self._tokens, self._hidden = engine.model, engine.tokens, hidden
        self._first: torch.Tensor | None = None

    def language_probabilities(self) -> list[dict[str, float]]:
        """See `Encoded.language_probabilities`."""
        languages = self._model.generation_config.lang_to_id
        ids = torch.tensor(list(languages.values()), device=self._hidden.device)
        probabilities = self._first_logits()[:, ids].softmax(-1).tolist()
        codes = [token.strip("<|>") for token in languages]
        return [dict(zip(codes, clip, strict=True)) for clip in probabilities]

    def states(self) -> np.ndarray:
        """See `Encoded.states`."""
        return self._hidden.float().cpu().numpy()

    @torch.inference_mode()
    def decode(self, rows: Sequence[int], prompt: list[int], decoding: Decoding) -> list[Hypothesis]:
        """See `Encoded.decode`.

        The generic `generate` of transformers is called, not Whisper's, which cuts and pads audio by itself.
        """
        sampling = decoding.temperature > 0
        per_clip = decoding.candidates if sampling else 1
        config = GenerationConfig(
            max_length=len(prompt) + decoding.max_tokens,
            do_sample=sampling,
            temperature=decoding.temperature if sampling else None,
            top_k=0 if sampling else None,
            num_beams=1 if sampling else decoding.beam_size,
            num_return_sequences=per_clip,
            eos_token_id=self._tokens.end_of_text,
            pad_token_id=self._tokens.end_of_text,
            decoder_start_token_id=prompt[0],
            return_dict_in_generate=True,
            output_scores=True,
        )
        written = GenerationMixin.generate(
            self._model,
            encoder_outputs=BaseModelOutput(last_hidden_state=self._hidden[list(rows)]),
            decoder_input_ids=torch.tensor([prompt] * len(rows), device=self._hidden.device),
            generation_config=config,
            logits_processor=self._processors(prompt),
        )
        scores = self._model.compute_transition_scores(
            written.sequences, written.scores, getattr(written, "beam_indices", None), normalize_logits=True
        )
        no_speech = self._first_logits().softmax(-1)[:, self._tokens.no_timestamps - 1]
        hypotheses = []
        for index, row in enumerate(rows):
            candidates = [
                self._hypothesis(written.sequences[n, len(prompt) :], scores[n], float(no_speech[row]))
                for n in range(index * per_clip, (index + 1) * per_clip)
            ]
            hypotheses.append(max(candidates, key=lambda candidate: candidate.mean_log_probability))
        return hypotheses

    @torch.inference_mode()
    def align(
        self, rows: Sequence[int], start: list[int], texts: list[list[int]], frames: list[int]
    ) -> list[list[float]]:
        """See `Encoded.align`; dynamic time warping over the alignment heads, as in openai/whisper's `timing.py`."""
        self._model.set_attn_implementation("eager")
        aligned = []
        for row, text, length in zip(rows, texts, frames, strict=True):
            ids = torch.tensor([[*start, *text, self._tokens.end_of_text]], device=self._hidden.device)
            encoded = BaseModelOutput(last_hidden_state=self._hidden[row : row + 1])
            output = self._model(encoder_outputs=encoded, decoder_input_ids=ids, output_attentions=True)
            heads = [output.cross_attentions[layer][0, head] for layer, head in self._alignment_heads()]
            weights = torch.stack(heads)[:, len(start) - 1 : -1, : length // 2].float()
            deviation, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
            weights = _median_filter((weights - mean) / deviation.clamp_min(1e-6), _MEDIAN_FILTER_WIDTH).mean(0)
            token_path, frame_path = _dynamic_time_warping(-weights.cpu().double().numpy())
            jumps = np.pad(np.diff(token_path), (1, 0), constant_values=1).astype(bool)
            times = [float(frame) * TIMESTAMP_SECONDS for frame in frame_path[jumps]]
            aligned.append([*times, *[times[-1]] * (len(text) + 1 - len(times))])
        self._model.set_attn_implementation("sdpa")
        return aligned

    @torch.inference_mode()
    def _first_logits(self) -> torch.Tensor:
        """Logits after `<|startoftranscript|>`: the languages' and the one of `<|nospeech|>`; float32 (clips, ids)."""
        if self._first is None:
            start = torch.full(
                (len(self._hidden), 1), self._tokens.id("<|startoftranscript|>"), device=self._hidden.device
            )
            output = self._model(
                encoder_outputs=BaseModelOutput(last_hidden_state=self._hidden), decoder_input_ids=start
            )
            self._first = output.logits[:, 0].float()
        return self._first

    def _processors(self, prompt: list[int]) -> LogitsProcessorList:
        """Return the rules of timestamps; `generate` itself suppresses the tokens that the checkpoint lists."""
        if prompt[-1] == self._tokens.no_timestamps:
            return LogitsProcessorList()
        known = self._model.generation_config
        # Whisper's own limit for the first time, where the checkpoint states none: 50 steps, 1 s.
        known.max_initial_timestamp_index = getattr(known, "max_initial_timestamp_index", None) or 50
        return LogitsProcessorList([WhisperTimeStampLogitsProcessor(known, begin_index=len(prompt))])

    def _hypothesis(self, sequence: torch.Tensor, scores: torch.Tensor, no_speech: float) -> Hypothesis:
        tokens = sequence.tolist()
        if self._tokens.end_of_text in tokens:
            tokens = tokens[: tokens.index(self._tokens.end_of_text)]
        counted = scores[: len(tokens) + 1]
        return Hypothesis(tokens, float(counted.sum()) / (len(tokens) + 1), no_speech)

    def _alignment_heads(self) -> list[tuple[int, int]]:
        known = getattr(self._model.generation_config, "alignment_heads", None)
        if known:
            return [tuple(pair) for pair in known]
        layers, heads = self._model.config.decoder_layers, self._model.config.decoder_attention_heads
        return [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]
