"""Clips a second of a training step: ours in full and by LoRA, against the plain recipe, on the shapes of two Whispers.

    python tests/benchmarks/train.py [--shapes base small] [--rounds 2] [--clips 8] [--seconds 10]

The plain recipe is that of the usual example scripts: every clip padded to 30 s, float32, all weights. Ours pads to the
longest clip and a second more, multiplies in bfloat16 where the processor does, and LoRA trains small updates only.
Weights are random, since time does not depend on them; each system is a process of its own, rounds alternate, and the
first step of each warms up. One evaluation, a batch decoded for 30 tokens, is timed too.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import setup  # noqa: F401  (makes the project importable)

from tests.whisper_shapes import SHAPES, random_whisper

SYSTEMS = ("plain recipe", "ours, full", "ours, LoRA", "ours, full, fp32")
_TOKENS = 40  # of a label: a sentence of about 10 s
_WRITTEN = 30


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--clips", type=int, default=8, help="of a batch")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a clip")
    parser.add_argument("--measure", nargs=2, metavar=("SYSTEM", "SHAPE"))
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure, options.clips, options.seconds)))
        return
    print("| shape | system | clips a second | times the plain recipe | evaluation, s | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for shape in options.shapes:
        found: dict[str, list[dict]] = {name: [] for name in SYSTEMS}
        for _ in range(options.rounds):
            for name in SYSTEMS:
                command = [sys.executable, "-W", "ignore", __file__, "--measure", name, shape]
                command += ["--clips", str(options.clips), "--seconds", str(options.seconds)]
                found[name].append(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
        for name, runs in found.items():
            ratio = statistics.median(
                ours["rate"] / plain["rate"] for ours, plain in zip(runs, found["plain recipe"], strict=True)
            )
            print(
                f"| {shape} | {name} | {statistics.median(run['rate'] for run in runs):.2f} | {ratio:.1f} "
                f"| {statistics.median(run['evaluation'] for run in runs):.1f} "
                f"| {max(run['peak_mb'] for run in runs):.0f} |",
                flush=True,
            )


def measure(system: str, shape: str, clips: int, seconds: float) -> dict:
    """Return clips a second of the second of two steps, seconds of an evaluation, and the peak memory."""
    import torch

    from najva.transcriber.encoder_window import AnyLengthEncoder
    from tuning.speech_batches import SpeechCollator
    from tuning.whisper_training import has_bf16
    from tuning.whisper_tuning import add_lora, write_tokens

    torch.manual_seed(0)
    model = random_whisper(shape)
    plain, lora = system == "plain recipe", system == "ours, LoRA"
    half = not plain and not system.endswith("fp32") and has_bf16(cpu=True)
    if not plain:
        AnyLengthEncoder.relax(model.model.encoder)
    whole = model
    if lora:
        model = add_lora(model, rank=32, alpha=64, dropout=0.0, layers="all-linear")
    batch = _batch(SpeechCollator(80, 30, full_window=plain), clips, seconds)
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=1e-5)
    model.train()
    for _ in range(2):
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        step_seconds = time.perf_counter() - started
    model.eval()
    started = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        write_tokens(whole, whole.model.encoder(batch["input_features"]), [50258, 50300, 50359, 50363], 50257, _WRITTEN)
    return {
        "rate": clips / step_seconds,
        "evaluation": time.perf_counter() - started,
        "loss": float(loss),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def _batch(collator: object, clips: int, seconds: float) -> dict:
    """A batch of noise with made-up labels."""
    import numpy as np

    generator = np.random.default_rng(0)
    items = [
        {
            "waveform": generator.normal(0, 0.1, round(seconds * 16000)).astype(np.float32),
            "labels": generator.integers(300, 50000, _TOKENS).tolist(),
        }
        for _ in range(clips)
    ]
    return collator(items)


if __name__ == "__main__":
    main()
