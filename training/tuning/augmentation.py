"""Changes of a training clip that a listener hardly notices and a network must learn not to notice.

Each takes float32 (samples,), mono at 16 kHz, and a generator, and returns the same kind. SpecAugment is not here: the
model applies it to the features.
"""

from collections.abc import Callable

import librosa
import numpy as np
import soxr
from scipy.signal import butter, sosfilt

from najva.transcriber.log_mel import SAMPLE_RATE_HZ
from synthesis.synthetic_speech import add_noise, add_room

# Speeds of Ko et al., "Audio augmentation for speech recognition" (Interspeech 2015), pitch going along with tempo.
_SPEEDS = (0.9, 1.1)
# A man's vocal tract is about a sixth longer than a woman's, a child's shorter still.
_VOICES, _TEMPOS = (0.8, 1.2), (0.85, 1.2)
_FFT_SAMPLES = 512  # 32 ms: two periods of a low voice
_REVERBERATION_SECONDS, _DIRECT_TO_REVERBERANT_DB = (0.15, 0.8), (-2.0, 12.0)
_NOISE_DB, _NOISE_SLOPES = (8.0, 35.0), (0.0, 2.0)
_LOW_HZ, _HIGH_HZ = (80.0, 350.0), (3000.0, 7000.0)


def change_speed(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Play a clip up to a tenth slower or faster; length and pitch change with it."""
    speed = generator.uniform(*_SPEEDS)
    return soxr.resample(waveform, SAMPLE_RATE_HZ * speed, SAMPLE_RATE_HZ, quality="MQ").astype(np.float32)


def change_voice(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Give three quarters of the clips another voice: pitch and formants move together, and the tempo by itself.

    One voice read for hours teaches a network that voice. Playing it faster or slower makes a shorter or longer
    speaker of it (vocal tract length perturbation, Jaitly and Hinton 2013, done on the waveform), and a phase vocoder
    then sets a tempo that has nothing to do with it.
    """
    if generator.random() < 0.25 or waveform.size < _FFT_SAMPLES:
        return waveform
    voice, tempo = generator.uniform(*_VOICES), generator.uniform(*_TEMPOS)
    moved = soxr.resample(waveform, SAMPLE_RATE_HZ * voice, SAMPLE_RATE_HZ, quality="MQ")
    return librosa.effects.time_stretch(moved, rate=tempo / voice, n_fft=_FFT_SAMPLES).astype(np.float32)


def limit_band(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Take the lowest and the highest sounds away from half of the clips, as telephones and cheap microphones do."""
    if generator.random() < 0.5:
        return waveform
    edges = [generator.uniform(*_LOW_HZ), generator.uniform(*_HIGH_HZ)]
    sections = butter(2, edges, btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    return sosfilt(sections, waveform).astype(np.float32)


def put_into_room(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Let half of the clips sound in a room, from a furnished one to a hall; the echo after the clip's end is cut."""
    if generator.random() < 0.5:
        return waveform
    echoing = add_room(
        waveform,
        SAMPLE_RATE_HZ,
        reverberation_seconds=generator.uniform(*_REVERBERATION_SECONDS),
        direct_to_reverberant_db=generator.uniform(*_DIRECT_TO_REVERBERANT_DB),
        generator=generator,
    )
    return echoing[: waveform.size]


def lay_noise_over(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Lay steady noise, from hiss to rumble, over two thirds of the clips."""
    if generator.random() < 1 / 3 or not waveform.any():
        return waveform
    return add_noise(
        waveform,
        SAMPLE_RATE_HZ,
        snr_db=generator.uniform(*_NOISE_DB),
        slope=generator.uniform(*_NOISE_SLOPES),
        generator=generator,
    )


def change_level(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Make a clip louder or softer by up to 12 dB, as far as it does not clip."""
    gain = 10 ** (generator.uniform(-12, 6) / 20)
    return (waveform * min(gain, 0.99 / max(1e-6, float(np.abs(waveform).max(initial=0.0))))).astype(np.float32)


AUGMENTATIONS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "speed": change_speed,
    "voice": change_voice,
    "room": put_into_room,
    "noise": lay_noise_over,
    "band": limit_band,
    "level": change_level,
}


def augmentation(names: str) -> Callable[[np.ndarray, np.random.Generator], np.ndarray] | None:
    """Return the changes of a comma-separated list, one after the other in the order of `AUGMENTATIONS`.

    Args:
        names: such as `speed,noise`; empty means none.

    Raises:
        ValueError: one of them does not exist.
    """
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    if unknown := wanted - AUGMENTATIONS.keys():
        raise ValueError(f"There is no augmentation '{sorted(unknown)[0]}'; choose from {', '.join(AUGMENTATIONS)}.")
    changes = [change for name, change in AUGMENTATIONS.items() if name in wanted]

    def apply(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        for change in changes:
            waveform = change(waveform, generator)
        return waveform

    return apply if changes else None
