"""The systems that the benchmark compares: ours and its peers, each as it is installed, all on the same weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

# Takes float32 mono 16 kHz and a language code or None; returns the text.
System = Callable[[np.ndarray, str | None], str]


def najva_ctranslate2(folder: Path) -> System:
    """Our quick engine as the Space runs it: voice activity, language, segment times."""
    from najva.transcriber.ctranslate2_engine import CTranslate2Engine

    return _najva(CTranslate2Engine(folder / "ctranslate2"))


def najva_torch(folder: Path) -> System:
    """Our engine for GPUs, here on the processor in float32."""
    from najva.transcriber.torch_engine import TorchEngine

    return _najva(TorchEngine(folder / "transformers"))


def _najva(engine) -> System:
    from najva.transcriber import Transcriber, Voice
    from najva.vad import SpeechDetector

    transcriber = Transcriber(Voice("packaged:whisper-base", engine), SpeechDetector())
    return lambda waveform, language: transcriber.transcribe([waveform], language or "auto").text


def faster_whisper_as_it_comes(folder: Path) -> System:
    """faster-whisper, int8, its own defaults: beam 5."""
    model = _faster_whisper(folder)
    return lambda waveform, language: _joined(model.transcribe(waveform, language=language)[0])


def faster_whisper_greedy(folder: Path) -> System:
    """faster-whisper, int8, beam 1."""
    model = _faster_whisper(folder)
    return lambda waveform, language: _joined(model.transcribe(waveform, language=language, beam_size=1)[0])


def faster_whisper_batched(folder: Path) -> System:
    """faster-whisper's batched pipeline, int8, beam 1, batches of 8."""
    from faster_whisper import BatchedInferencePipeline

    pipeline = BatchedInferencePipeline(_faster_whisper(folder))

    def write(waveform: np.ndarray, language: str | None) -> str:
        segments, _ = pipeline.transcribe(
            waveform, language=language, beam_size=1, batch_size=8, without_timestamps=False
        )
        return _joined(segments)

    return write


def _faster_whisper(folder: Path):
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder / "ctranslate2"), device="cpu", compute_type="int8")


def _joined(segments) -> str:
    return " ".join(segment.text.strip() for segment in segments)


def transformers_pipeline(folder: Path) -> System:
    """The pipeline of transformers, float32, chunks of 30 s."""
    import torch
    from transformers import pipeline

    recognise = pipeline(
        "automatic-speech-recognition", model=str(folder / "transformers"), dtype=torch.float32, chunk_length_s=30
    )

    def write(waveform: np.ndarray, language: str | None) -> str:
        options = {"language": language, "task": "transcribe"} if language else {"task": "transcribe"}
        audio = {"raw": waveform.copy(), "sampling_rate": 16000}
        return recognise(audio, generate_kwargs=options, return_timestamps=True, batch_size=8)["text"]

    return write


def openai_whisper(folder: Path) -> System:
    """OpenAI's own implementation, float32, beam 1."""
    import tempfile

    import torch
    import whisper

    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "base.pt"
        torch.save(_openai_checkpoint(folder / "transformers"), path)
        model = whisper.load_model(str(path), device="cpu")
    return lambda waveform, language: model.transcribe(waveform, language=language, fp16=False)["text"]


def _openai_checkpoint(folder: Path) -> dict:
    """Rename the tensors of transformers to those of openai/whisper."""
    from safetensors.torch import load_file

    renamed = {}
    replacements = (
        ("model.", ""),
        ("layers.", "blocks."),
        ("self_attn_layer_norm", "attn_ln"),
        ("encoder_attn_layer_norm", "cross_attn_ln"),
        ("final_layer_norm", "mlp_ln"),
        ("self_attn", "attn"),
        ("encoder_attn", "cross_attn"),
        ("q_proj", "query"),
        ("k_proj", "key"),
        ("v_proj", "value"),
        ("out_proj", "out"),
        ("fc1", "mlp.0"),
        ("fc2", "mlp.2"),
        ("encoder.layer_norm", "encoder.ln_post"),
        ("decoder.layer_norm", "decoder.ln"),
        ("embed_tokens", "token_embedding"),
        ("embed_positions.weight", "positional_embedding"),
    )
    for name, tensor in load_file(folder / "model.safetensors").items():
        for ours, theirs in replacements:
            name = name.replace(ours, theirs, 1)
        renamed[name] = tensor
    dims = {
        "n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 512, "n_audio_head": 8, "n_audio_layer": 6,
        "n_vocab": 51865, "n_text_ctx": 448, "n_text_state": 512, "n_text_head": 8, "n_text_layer": 6,
    }  # fmt: skip
    return {"dims": dims, "model_state_dict": renamed}


SYSTEMS: dict[str, Callable[[Path], System]] = {
    "najva, ctranslate2 int8": najva_ctranslate2,
    "najva, torch float32": najva_torch,
    "faster-whisper int8, as it comes": faster_whisper_as_it_comes,
    "faster-whisper int8, greedy": faster_whisper_greedy,
    "faster-whisper int8, batched": faster_whisper_batched,
    "transformers pipeline": transformers_pipeline,
    "openai-whisper": openai_whisper,
}
