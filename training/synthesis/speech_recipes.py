"""How each clip of a stand-in data set is spoken: drawn by its name, so that speaking it again gives the same sound.

A draw depends on the seed and on the clip's own name, never on other rows or their order. The voice is the one whose
hash with the name is highest (rendezvous hashing), so that a voice that is added or withheld moves only the clips that
it speaks.
"""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from synthesis.synthetic_speech import add_noise, add_room, speak

AMPLITUDE = 20
"""espeak-ng's amplitude for all clips: at its own 100, 43 of 102 voices reach full scale and are limited or cut off; at
20 the loudest peaks at 0.6."""

# What every clip is brought to, so that loud voices do not stand apart; a peak that would go higher comes down to its.
_LEVEL_RMS, _LEVEL_PEAK = 0.1, 0.9


@dataclass(frozen=True)
class Recipe:
    """How one clip is spoken.

    Attributes:
        voice: As espeak-ng names it.
        words_per_minute: Speed.
        pitch: 0 to 99; 50 is the voice's own.
        seed: Of the noise and the room.
        snr_db: Speech over noise; None for no noise.
        noise_slope: 0 is white, 1 pink, 2 brown noise.
        reverberation_seconds: RT60 of the room; None for no room.
        direct_to_reverberant_db: How near the speaker is to the microphone.
    """

    voice: str
    words_per_minute: int
    pitch: int
    seed: int = 0
    snr_db: float | None = None
    noise_slope: float = 0.0
    reverberation_seconds: float | None = None
    direct_to_reverberant_db: float = 0.0

    def speak(self, text: str) -> tuple[np.ndarray, int]:
        """Speaks a sentence.

        Args:
            text: The sentence.

        Returns:
            The waveform, float32 of shape ``(samples,)`` within ±0.9, and its rate in Hz.

        Raises:
            SynthesisError: espeak-ng cannot speak it.
        """
        waveform, rate_hz = speak(
            text, self.voice, words_per_minute=self.words_per_minute, pitch=self.pitch, amplitude=AMPLITUDE
        )
        generator = np.random.default_rng(self.seed)
        if self.reverberation_seconds is not None:
            waveform = add_room(
                waveform,
                rate_hz,
                reverberation_seconds=self.reverberation_seconds,
                direct_to_reverberant_db=self.direct_to_reverberant_db,
                generator=generator,
            )
        if self.snr_db is not None:
            waveform = add_noise(waveform, rate_hz, snr_db=self.snr_db, slope=self.noise_slope, generator=generator)
        rms, peak = np.sqrt(np.square(waveform, dtype=float).mean()), abs(waveform).max()
        return waveform * np.float32(min(_LEVEL_RMS / rms, _LEVEL_PEAK / peak)), rate_hz

    def label(self, text: str, engine: str) -> str:
        """Says in one line all that the clip depends on.

        Args:
            text: The sentence.
            engine: Name and version of the synthesiser.
        """
        parts = [f"{engine}, {self.voice}, {self.words_per_minute} words a minute, pitch {self.pitch}"]
        if self.reverberation_seconds is not None:
            parts.append(f"room {self.reverberation_seconds:g} s, {self.direct_to_reverberant_db:g} dB")
        if self.snr_db is not None:
            parts.append(f"noise {self.snr_db:g} dB, slope {self.noise_slope:g}")
        if len(parts) > 1:
            parts.append(f"seed {self.seed}")
        return ", ".join([*parts, f"text {hashlib.sha256(text.encode()).hexdigest()[:16]}"])


@dataclass(frozen=True)
class Palette:
    """What recipes are drawn from; every range is drawn from evenly, both ends included.

    Attributes:
        voices: As espeak-ng names them.
        speeds: Words per minute.
        pitches: 0 to 99.
        noise: Speech over noise in dB; None for none.
        room: RT60 in seconds; None for none.
        seed: Another seed, other draws.
    """

    voices: tuple[str, ...]
    speeds: tuple[int, int]
    pitches: tuple[int, int]
    noise: tuple[float, float] | None = None
    room: tuple[float, float] | None = None
    seed: int = 0

    def draw(self, name: str) -> Recipe:
        """Draws the recipe of one clip.

        Args:
            name: The clip's id.
        """
        # Rounded to what the label says, so that the label says all.
        noise, room = {}, {}
        if self.noise is not None:
            noise["snr_db"] = round(self._between(name, "snr", *self.noise), 2)
            noise["noise_slope"] = round(self._between(name, "slope", 0, 2), 2)
        if self.room is not None:
            room["reverberation_seconds"] = round(self._between(name, "reverberation", *self.room), 3)
            room["direct_to_reverberant_db"] = round(self._between(name, "distance", 0, 12), 2)
        return Recipe(
            voice=max(self.voices, key=lambda voice: self._hash(name, voice)),
            words_per_minute=round(self._between(name, "speed", *self.speeds)),
            pitch=round(self._between(name, "pitch", *self.pitches)),
            seed=self._hash(name, "sound"),
            **noise,
            **room,
        )

    def as_dict(self) -> dict[str, Any]:
        """Returns the palette as JSON has it, ranges as lists."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def _hash(self, name: str, what: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed}\0{name}\0{what}".encode()).digest()[:8])

    def _between(self, name: str, what: str, low: float, high: float) -> float:
        return low + (high - low) * self._hash(name, what) / 2**64
