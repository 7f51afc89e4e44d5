"""Speech without people: espeak-ng speaks a sentence, and a room and noise may be laid over it.

espeak-ng is a formant synthesiser. Its language says how words are pronounced, its *variants* what the voice is like:
``fa+m3`` is Persian spoken by variant ``m3``, ``fa`` the plain voice. Every sentence has a process of its own. The
library would speak twice as many (115 a second in one process against 58), but it carries its state from one sentence
to the next: of 20 sentences spoken again in reverse order not one was the same, sample for sample. A new process always
gives the same.
"""

import re
import subprocess
import unicodedata
from collections.abc import Iterable
from functools import cache

import numpy as np

# fmt: off
PERSIAN_VOICES = (
    "fa", "fa+Lee", "fa+belinda", "fa+kaukovalta", "fa+grandma", "fa+marcelo", "fa+steph", "fa+announcer", "fa+anika",
    "fa+f5", "fa+AnxiousAndy", "fa+Demonic", "fa+sandro", "fa+Andrea", "fa+iven", "fa+UniRobot", "fa+f1", "fa+Mario",
    "fa+Tweaky", "fa+antonio", "fa+Annie", "fa+benjamin", "fa+Andy", "fa+robert", "fa+ed", "fa+Gene2",
    "fa+Mr serious", "fa+Storm", "fa+Denis", "fa+Michael", "fa+m8", "fa+Hugo", "fa+pablo", "fa+robosoft8", "fa+f3",
    "fa+norbert", "fa+klatt3", "fa+quincy", "fa+paul", "fa+m5", "fa+linda", "fa+robosoft6", "fa+f2", "fa+Nguyen",
    "fa+edward", "fa+max", "fa+m1", "fa+david", "fa+robosoft2", "fa+miguel", "fa+pedro", "fa+robosoft7", "fa+grandpa",
    "fa+robosoft3", "fa+Alex", "fa+victor", "fa+iven4", "fa+adam", "fa+m4", "fa+m3", "fa+klatt4", "fa+m7", "fa+croak",
    "fa+robosoft4", "fa+m2", "fa+edward2", "fa+iven3", "fa+Henrique", "fa+gustave", "fa+Mike", "fa+Gene",
)
# fmt: on
"""71 voices that speak Persian intelligibly and differ; the most different come first, so any first few serve well.

Of the 102 voices of espeak-ng 1.51 those are left out that Whisper base, untuned, hears no better than espeak-ng's own
whisper (the text of eight sentences costs it 2.69 nats a token there, 2.05 in the plain voice; within 0.05 is no
better), such as the child's voice ``zac``, ``f4`` and ``RicishayMax``, and those whose mean spectrum is within
1.5 dB of a voice that is heard better: one voice is as far from itself when it speaks faster.
`tests/benchmarks/synthetic_voices.py` measures it.
"""

_NOT_INSTALLED = "espeak-ng is not installed: sudo apt-get install espeak-ng"
_WAV_HEADER_BYTES = 44
# Brown noise has most of its power below, as rumble that nobody hears.
_NOISE_FLOOR_HZ = 50
# The time that sound needs for the 70 cm of a first detour.
_FIRST_ECHO_SECONDS = 0.002


class SynthesisError(ValueError):
    """A sentence that could not be spoken, or no espeak-ng to speak it; one sentence that says why."""


def engine_version() -> str:
    """Returns espeak-ng's version, such as ``1.51``.

    Raises:
        SynthesisError: It is not installed.
    """
    found = re.search(r"text-to-speech: (\S+)", _espeak("--version").decode())
    return found.group(1) if found else "unknown"


def check_voices(voices: Iterable[str]) -> None:
    """Checks that espeak-ng has every voice; it speaks in the plain voice, without a word, where it lacks a variant.

    Args:
        voices: A language of espeak-ng, alone or with a variant: ``fa``, ``fa+f2``, ``en-us+klatt``.

    Raises:
        SynthesisError: It lacks one, or is not installed.
    """
    for voice in voices:
        language, _, variant = voice.partition("+")
        if language not in _installed_languages():
            raise SynthesisError(f"espeak-ng has no voice '{voice}': it has no language '{language}'.")
        if "+" in voice and variant not in installed_variants():
            raise SynthesisError(f"espeak-ng has no voice '{voice}'; `espeak-ng --voices=variant` lists the variants.")


@cache
def installed_variants() -> tuple[str, ...]:
    """Returns the names of espeak-ng's variants as a voice takes them, sorted.

    Raises:
        SynthesisError: espeak-ng is not installed.
    """
    # A name may hold a blank (“Mr serious”); columns are at least two apart.
    listed = re.findall(r"!v/(.+?)(?:\s{2,}|\s+\(|$)", _espeak("--voices=variant").decode(), re.MULTILINE)
    return tuple(sorted(listed))


def speak(
    text: str, voice: str, *, words_per_minute: int = 175, pitch: int = 50, amplitude: int = 100
) -> tuple[np.ndarray, int]:
    """Speaks one sentence. The same arguments give the same samples.

    Args:
        text: What is spoken, to the letter: nothing in it is taken for a command, markup or phoneme names.
        voice: As for :func:`check_voices`.
        words_per_minute: Speed, 80 to 450.
        pitch: 0 to 99; 50 is the voice's own.
        amplitude: Loudness, 0 to 200. At 100, espeak-ng's own, half of all variants reach full scale.

    Returns:
        The waveform, float32 of shape ``(samples,)`` within ±1, and its rate in Hz (22,050).

    Raises:
        SynthesisError: espeak-ng is not installed, has no such voice, fails, or has nothing to say.
    """
    check_voices([voice])
    options = {"-v": voice, "-s": words_per_minute, "-p": pitch, "-a": amplitude, "-b": 1}
    arguments = [str(value) for option in options.items() for value in option]
    output = _espeak(*arguments, "--stdin", "--stdout", text=_plain_line(text))
    # A pipe cannot be rewound, so the lengths in this header mean nothing.
    waveform = np.frombuffer(output[_WAV_HEADER_BYTES:], dtype="<i2").astype(np.float32) / 32768
    if not waveform.any():
        raise SynthesisError(f"espeak-ng finds nothing to speak in “{text}”.")
    return waveform, int.from_bytes(output[24:28], "little")


def add_room(
    waveform: np.ndarray,
    sample_rate_hz: int,
    *,
    reverberation_seconds: float,
    direct_to_reverberant_db: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Lets the sentence sound in a room: an echo of exponentially decaying noise, Polack's statistical model.

    J.-D. Polack, "La transmission de l'énergie sonore dans les salles", doctoral thesis, Le Mans 1988.

    Args:
        waveform: float32 of shape ``(samples,)``.
        sample_rate_hz: Its rate.
        reverberation_seconds: RT60, the time in which the echo falls by 60 dB; a living room has about 0.5.
        direct_to_reverberant_db: Energy of the direct sound over that of the echo.
        generator: Draws the room.

    Returns:
        float32 of shape ``(samples + echo,)``; the direct sound is as it was, and where it was.
    """
    # Takes a second to import.
    from scipy.signal import fftconvolve

    times = np.arange(1, max(2, round(reverberation_seconds * sample_rate_hz))) / sample_rate_hz
    echo = generator.standard_normal(len(times)) * 10 ** (-3 * times / reverberation_seconds)
    echo[times < min(_FIRST_ECHO_SECONDS, reverberation_seconds / 2)] = 0
    echo *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt(np.square(echo).sum())
    return fftconvolve(waveform, np.concatenate([[1.0], echo]).astype(np.float32))


def add_noise(
    waveform: np.ndarray,
    sample_rate_hz: int,
    *,
    snr_db: float,
    slope: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Adds steady coloured noise.

    Args:
        waveform: float32 of shape ``(samples,)``.
        sample_rate_hz: Its rate.
        snr_db: Mean power of the waveform, pauses included, over that of the noise.
        slope: The noise's power falls as frequency to this power: 0 is white, 1 pink, 2 brown.
        generator: Draws the noise.

    Returns:
        float32 of the same shape; it may exceed ±1.
    """
    from scipy import fft

    # Lengths with large prime factors take a transform several times as long.
    length = fft.next_fast_len(len(waveform), real=True)
    spectrum = fft.rfft(generator.standard_normal(length, dtype=np.float32))
    frequencies = np.fft.rfftfreq(length, 1 / sample_rate_hz).astype(np.float32)
    spectrum *= np.maximum(frequencies, _NOISE_FLOOR_HZ) ** (-slope / 2) * (frequencies >= _NOISE_FLOOR_HZ)
    noise = fft.irfft(spectrum, length)[: len(waveform)]
    power_ratio = np.square(waveform).mean(dtype=float) / np.square(noise).mean(dtype=float)
    return waveform + noise * np.float32(np.sqrt(power_ratio / 10 ** (snr_db / 10)))


@cache
def _installed_languages() -> frozenset[str]:
    # A line: priority, language, age and gender, name, file, and in brackets other languages that it serves.
    lines = _espeak("--voices").decode().splitlines()[1:]
    return frozenset(name for line in lines for name in (line.split()[1], *re.findall(r"\((\S+) \d+\)", line)))


def _plain_line(text: str) -> str:
    """One line without what espeak-ng would obey: U+0001 begins a command, ``[[`` the names of phonemes."""
    printable = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(re.sub(r"\[(?=\[)", "[ ", printable).split())


def _espeak(*arguments: str, text: str = "") -> bytes:
    try:
        # By stdin: as an argument, a sentence that begins with a hyphen would be an option.
        run = subprocess.run(["espeak-ng", *arguments], input=text.encode(), capture_output=True, check=False)
    except FileNotFoundError as error:
        raise SynthesisError(_NOT_INSTALLED) from error
    if run.returncode:
        said = " ".join(run.stderr.decode(errors="replace").split())
        raise SynthesisError(f"espeak-ng failed ({said or run.returncode}).")
    return run.stdout
