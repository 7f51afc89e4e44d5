"""Noise of many colours: what a genre network learns to say "no music here" of."""

from collections.abc import Iterator

import numpy as np

from synthesis.synthetic_speech import add_noise

RATE_HZ = 22050
_SECONDS = 30.0
_COUNT = 40


def noises(seed: int) -> Iterator[np.ndarray]:
    """Yield sounds, float32 (samples,) at 22,050 Hz: 40 noises from hiss to rumble, and silence.

    Half of them swell and ebb as wind and waves do, slowly or several times a second.

    Args:
        seed: of all of it.
    """
    generator = np.random.default_rng(seed)
    samples = round(_SECONDS * RATE_HZ)
    for number in range(_COUNT):
        # So faint a signal that what is heard is the noise.
        faint = 1e-3 * generator.standard_normal(samples, dtype=np.float32)
        noise = add_noise(faint, RATE_HZ, snr_db=-60.0, slope=generator.uniform(0, 2), generator=generator)
        if number % 2:
            levels = generator.uniform(0.05, 1.0, int(_SECONDS * generator.uniform(0.3, 4)) + 2)
            noise = noise * np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, len(levels)), levels)
        peak = 10 ** (generator.uniform(-40, 0) / 20)
        yield (noise * (peak / np.abs(noise).max())).astype(np.float32)
    yield np.zeros(samples, np.float32)
