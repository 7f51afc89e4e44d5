"""What does the evaluation's way of decoding save: clips sorted by length, in batches, each on its own window?

    python tests/benchmarks/evaluate.py [--clips 120] [--rounds 3]

The same clips of one neural Persian voice, the packaged Whisper base in int8, greedily: one by one on 30 s, as the
plain recipe does; one by one on the clip's own window; in batches as they come; and as `evaluation.decoding` does it.
Rounds alternate; the best of each is told, and its ratio to the plain recipe.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import setup  # noqa: F401  (makes the project importable)

from evaluation.decoding import DecodeSettings, decode_batch, decode_clips, load_engine
from metrics import corpus_cer
from sheets.speech_data import Clip
from tests import clips

BATCH = 8


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    engine, _ = load_engine("packaged:whisper-base", "ctranslate2")
    own = DecodeSettings("ctranslate2", engine.compute_type)
    whole = replace(own, full_window=True)
    chosen = [_clip(number, clip) for number, clip in enumerate(clips.persian_neural(options.clips))]

    def batches(size: int, settings: DecodeSettings) -> list[str]:
        texts: list[str] = []
        for first in range(0, len(chosen), size):
            texts += decode_batch(engine, [clip.path for clip in chosen[first : first + size]], settings)
        return texts

    def ours() -> list[str]:
        written = {row.id: row.hypothesis for row in decode_clips(engine, chosen, own)}
        return [written[clip.id] for clip in chosen]

    systems: dict[str, Callable[[], Sequence[str]]] = {
        "one by one, 30 s": lambda: batches(1, whole),
        "one by one, own window": lambda: batches(1, own),
        f"batches of {BATCH} as they come, 30 s": lambda: batches(BATCH, whole),
        "sorted batches, own window, all workers": ours,
    }
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    errors = {}
    for _ in range(options.rounds):
        for name in random.sample(list(systems), len(systems)):
            started = time.perf_counter()
            texts = systems[name]()
            seconds[name].append(time.perf_counter() - started)
            errors[name] = corpus_cer([clip.text for clip in chosen], texts)
    plain = min(seconds["one by one, 30 s"])
    print(f"| {len(chosen)} clips | seconds | clips a second | times | CER % |\n| --- | ---: | ---: | ---: | ---: |")
    for name, taken in seconds.items():
        best = min(taken)
        rates = f"{best:.1f} | {len(chosen) / best:.1f} | {plain / best:.1f} | {100 * errors[name]:.1f}"
        print(f"| {name} | {rates} |")


def _clip(number: int, clip: clips.Clip) -> Clip:
    import soundfile

    facts = soundfile.info(clip.path)
    name = f"{number}"
    return Clip(name, name, clip.text, facts.duration, facts.samplerate, "", "", "", number, Path(clip.path))


if __name__ == "__main__":
    main()
