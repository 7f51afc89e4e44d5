"""How quick is a genre network, and how much memory does a long recording take?

    python tests/benchmarks/genre.py --song song.wav

Side by side in one run: our MFCC against `librosa.feature.mfcc` at the same settings, each network's judgement of a
decoded song of 30 s as a multiple of librosa's MFCC alone, and one epoch of a training on 1,000 songs whose features
are known; a training step where freed memory goes back to the kernel and where it is kept. Then the peak memory of a
process that judges three hours of noise.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import setup  # noqa: F401  (makes the project importable)
import torch

from najva import audio
from najva.genre_classifier import GenreClassifier
from najva.genre_features import MFCC
from najva.genre_networks import ARCHITECTURES, GenreConfig, GenreNetwork
from najva.resampling import resample

ROOT = Path(__file__).parents[2]
LABELS = [str(number) for number in range(10)]
SECONDS = 30
THREE_HOURS = """
import sys
sys.path[:0] = {paths!r}
import numpy as np
from tests.memory import peak_mib
from najva.genre_classifier import GenreClassifier
from najva.genre_networks import GenreConfig, GenreNetwork
classifier = GenreClassifier(GenreNetwork(GenreConfig({name!r}, list("abcdefghij"), segment_seconds=3.0)), "")
generator, rate = np.random.default_rng(0), classifier.sample_rate_hz
minutes = {minutes}
blocks = (0.1 * generator.standard_normal(rate, dtype=np.float32) for _ in range(60 * minutes))
*_, answer = classifier.classify(blocks)
print(peak_mib())
"""

STEPS = """
import sys, time, torch
sys.path[:0] = {paths!r}
from najva.genre_networks import GenreConfig, GenreNetwork
from processor import keep_freed_memory
if {kept}:
    keep_freed_memory()
network = GenreNetwork(GenreConfig("lstm", list("abcdefghij"), segment_seconds=3.0, pooling="mean"))
frames, genres = torch.randn(32, network.segment_frames, 13), torch.arange(32) % 10
def step():
    torch.nn.functional.cross_entropy(network.logits(frames), genres).backward()
step()
started = time.perf_counter()
for _ in range(20):
    step()
print((time.perf_counter() - started) / 20)
"""


def main() -> None:
    """Print four tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--song", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    waveforms = {rate: song(options.song, rate) for rate in (22050, 16000)}
    print_judgements(waveforms, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        print_epochs(Path(folder))
    print_steps()
    print_memory()


def song(path: Path, rate_hz: int) -> np.ndarray:
    """Return 30 s of a file at a rate."""
    waveform, own = audio.read(path)
    return resample(waveform, own, rate_hz)[: SECONDS * rate_hz]


def librosa_mfcc(waveform: np.ndarray) -> np.ndarray:
    """Return the same coefficients as librosa computes them."""
    return librosa.feature.mfcc(
        y=waveform, sr=22050, n_mfcc=13, n_fft=1024, win_length=551, hop_length=220, n_mels=128, pad_mode="constant"
    )


def print_judgements(waveforms: dict[int, np.ndarray], rounds: int) -> None:
    """Print what a song of 30 s costs, side by side."""
    ours = MFCC()
    work: dict[str, Callable[[], object]] = {
        "librosa.feature.mfcc": lambda: librosa_mfcc(waveforms[22050]),
        "our MFCC": lambda: ours(torch.from_numpy(waveforms[22050])[None]),
    }
    for name in ARCHITECTURES:
        config = GenreConfig(name, LABELS, segment_seconds=3.0, pooling="mean")
        classifier = GenreClassifier(GenreNetwork(config), "")
        waveform = waveforms[classifier.sample_rate_hz]
        work[name] = lambda classifier=classifier, waveform=waveform: list(classifier.classify([waveform]))
    taken: dict[str, list[float]] = {name: [] for name in work}
    with torch.inference_mode():
        for one in work.values():
            one()
        for _ in range(rounds):
            for name, one in work.items():
                started = time.perf_counter()
                one()
                taken[name].append(time.perf_counter() - started)
    first = statistics.median(taken["librosa.feature.mfcc"])
    print(f"| {SECONDS} s of sound | median ms | of librosa's MFCC |\n| --- | ---: | ---: |")
    for name, times in taken.items():
        print(f"| {name} | {1000 * statistics.median(times):.0f} | {statistics.median(times) / first:.2f} |")


def print_epochs(folder: Path) -> None:
    """Print how long one epoch of 1,000 songs takes, features known, both presets.

    Args:
        folder: for the trainer's checkpoints.
    """
    from accelerate import Accelerator

    from genre.genre_training import train_fold
    from genre.pieces import Pieces
    from genre.presets import PRESETS

    accelerator, generator = Accelerator(cpu=True), torch.Generator().manual_seed(0)
    print("\n| one epoch of 1,000 songs | preset | s |\n| --- | --- | ---: |")
    for name in ("lstm", "lstm128", "bilstm", "cnn"):
        for preset_name, preset in PRESETS.items():
            network = GenreNetwork(GenreConfig(name, LABELS, preset.segment_seconds, preset.pooling))
            frames = [torch.randn(3000, network.front_end.size, generator=generator) for _ in range(1000)]
            pieces = Pieces(frames, [n % 10 for n in range(1000)], network.segment_frames, shuffled=True)
            once = type(preset)(**vars(preset) | {"epochs": 1})
            started = time.perf_counter()
            kept = folder / f"{name}-{preset_name}"
            train_fold(network, pieces, None, once, accelerator, fold=1, seed=0, folder=kept, say=print)
            print(f"| {name} | {preset_name} | {time.perf_counter() - started:.0f} |", flush=True)


def print_steps() -> None:
    """Print what a training step takes where freed memory goes back to the kernel, and where it is kept."""
    paths = [str(ROOT / "space"), str(ROOT / "training")]
    taken: dict[bool, list[float]] = {False: [], True: []}
    # In turn, so that both meet the same neighbours on the machine.
    for _ in range(3):
        for kept, seconds in taken.items():
            program = STEPS.format(paths=paths, kept=kept)
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
            seconds.append(float(done.stdout.split()[-1]))
    given, held = (1000 * statistics.median(seconds) for seconds in taken.values())
    print("\n| a step of 32 pieces, lstm, tuned | ms |\n| --- | ---: |")
    print(f"| freed memory goes back | {given:.0f} |\n| freed memory is kept | {held:.0f} |", flush=True)


def print_memory() -> None:
    """Print what a process needs at its peak for a minute and for three hours."""
    print("\n| network | peak MiB, 1 min | 3 h |\n| --- | ---: | ---: |")
    for name in ("lstm", "whisper_bilstm"):
        peaks = []
        for minutes in (1, 180):
            program = THREE_HOURS.format(paths=[str(ROOT), str(ROOT / "space")], name=name, minutes=minutes)
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
            peaks.append(float(done.stdout.split()[-1]))
        print(f"| {name} | {peaks[0]:.0f} | {peaks[1]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
