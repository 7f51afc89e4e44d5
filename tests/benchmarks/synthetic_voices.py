"""Which of espeak-ng's variants speak Persian that can be understood, and which of those sound alike?

Whisper base, which has never been tuned on synthetic speech, is shown the same Persian sentences in every variant, and
is asked how surprising it finds the written text (nats a token, teacher-forced: far steadier than its own error rate,
which is about 100 % for Persian); what it hears no better than espeak-ng's own whisper counts as garbled. Beside it
stand the distance to the nearest voice that is heard better (decibels,
root mean square over the bands of the mean log-mel spectrum) and the peak. The last line is
`synthetic_speech.PERSIAN_VOICES`: the most different voices first. Some four minutes on one idle core.

    python tests/benchmarks/synthetic_voices.py [--sentences 8]
"""

import argparse

import numpy as np
import setup  # noqa: F401  (makes the project importable)
import torch
from tqdm import tqdm
from transformers import WhisperForConditionalGeneration, WhisperTokenizerFast

from najva import audio
from najva.pretrained import Hub, find_checkpoint
from najva.settings import Settings
from najva.transcriber.encoder_window import AnyLengthEncoder
from najva.transcriber.log_mel import FRAMES_PER_SECOND, SAMPLE_RATE_HZ, log_mel
from synthesis.speech_recipes import AMPLITUDE
from synthesis.synthetic_speech import installed_variants, speak
from tests import clips

WINDOW_SECONDS = 10
WORST, MARGIN_NATS = "fa+whisper", 0.05
# One voice at 120 and at 180 words a minute is 1.4 dB from itself.
MIN_DISTANCE_DB = 1.5


def main() -> None:
    """Print the table and the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=8)
    count = parser.parse_args().sentences
    rows = clips._sheet(clips.DATA / "persian_sheets" / "myaudio_tiny.xlsx")
    texts = [text for _, text in rows if 40 < len(text) < 85]
    texts = texts[:: len(texts) // count][:count]
    judge = Judge(texts)
    voices = ["fa", *(f"fa+{variant}" for variant in installed_variants())]
    nats, spectra, peaks = {}, {}, {}
    for voice in tqdm(voices):
        waveforms = [spoken(text, voice) for text in texts]
        mels = np.stack([log_mel(waveform, 80, WINDOW_SECONDS * FRAMES_PER_SECOND) for waveform in waveforms])
        nats[voice], spectra[voice] = judge.nats(mels), mean_spectrum(mels)
        peaks[voice] = max(abs(waveform).max() for waveform in waveforms)
    paces = [np.stack([log_mel(spoken(t, "fa", pace), 80, 1500) for t in texts]) for pace in (120, 180)]
    print(f"fa at 120 and at 180 words a minute: {distance(*map(mean_spectrum, paces)):.2f} dB apart")
    print("| voice | nats a token | dB to the nearest that is heard better | peak | |\n| --- | --- | --- | --- | --- |")
    kept = []
    for voice in sorted(voices, key=lambda voice: (nats[voice], len(voice))):
        nearest = min(kept, key=lambda other: distance(spectra[voice], spectra[other]), default=None)
        decibels = distance(spectra[voice], spectra[nearest]) if nearest else np.inf
        verdict = (
            "garbled"
            if nats[voice] > nats[WORST] - MARGIN_NATS
            else f"is {nearest}"
            if decibels < MIN_DISTANCE_DB
            else "kept"
        )
        print(f"| {voice} | {nats[voice]:.2f} | {decibels:.1f} ({nearest}) | {peaks[voice]:.2f} | {verdict} |")
        if verdict == "kept":
            kept.append(voice)
    print(len(kept), most_different_first(kept, spectra))


class Judge:
    """Whisper base, and the sentences it is asked about."""

    def __init__(self, texts: list[str]) -> None:
        checkpoint = find_checkpoint("packaged:whisper-base", Hub(offline=True), Settings.from_environment().cache)
        self._model = WhisperForConditionalGeneration.from_pretrained(checkpoint.folder).eval()
        AnyLengthEncoder.relax(self._model.model.encoder)
        tokenizer = WhisperTokenizerFast.from_pretrained(checkpoint.folder, language="fa", task="transcribe")
        batch = tokenizer(texts, padding=True, return_tensors="pt")
        self._tokens, self._asked = batch.input_ids, batch.attention_mask.bool()
        # Start, language, task and no timestamps are given, not asked for.
        self._asked[:, :4] = False

    @torch.inference_mode()
    def nats(self, mels: np.ndarray) -> float:
        """Mean negative log-likelihood of the texts' tokens."""
        logits = self._model(input_features=torch.from_numpy(mels), decoder_input_ids=self._tokens[:, :-1]).logits
        found = logits.log_softmax(-1).gather(-1, self._tokens[:, 1:, None])[..., 0]
        return -found[self._asked[:, 1:]].mean().item()


def spoken(text: str, voice: str, words_per_minute: int = 150) -> np.ndarray:
    """The sentence, float32 at 16 kHz."""
    waveform, rate_hz = speak(text, voice, words_per_minute=words_per_minute, amplitude=AMPLITUDE)
    return audio.resample(waveform, rate_hz, SAMPLE_RATE_HZ)


def mean_spectrum(mels: np.ndarray) -> np.ndarray:
    """Decibels in each mel band over all frames that are not near silence, less their mean."""
    frames = mels.transpose(0, 2, 1).reshape(-1, mels.shape[1])
    loud = frames.max(axis=1) > frames.max() - 1
    # A unit of Whisper's log-mel is 40 dB.
    decibels = 40 * frames[loud].mean(axis=0)
    return decibels - decibels.mean()


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Root mean square of the bands' differences."""
    return float(np.sqrt(np.square(first - second).mean()))


def most_different_first(voices: list[str], spectra: dict[str, np.ndarray]) -> list[str]:
    """The plain voice, then always the one that is farthest from all before it."""
    ordered = ["fa"] if "fa" in voices else voices[:1]
    while remaining := [voice for voice in voices if voice not in ordered]:
        ordered.append(max(remaining, key=lambda v: min(distance(spectra[v], spectra[o]) for o in ordered)))
    return ordered


if __name__ == "__main__":
    main()
