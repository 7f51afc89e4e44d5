"""Does memory grow with the hours of a data set, or the time that a clip takes?

    python training/speak_sheet.py --workbook S.xlsx --output spoken
    python training/prepare_transcripts.py --workbook spoken/S.xlsx --output data/spoken
    python tests/benchmarks/hours.py --data data/spoken [--augment voice,noise]

Goes once through the training clips as a training does, in batches with features and labels, without a model; prints
the resident memory and the pace as it goes.
"""

import argparse
import time

import psutil
import setup  # noqa: F401  (makes the project importable)
from torch.utils.data import DataLoader

from evaluation.decoding import load_engine
from sheets.speech_data import load_speech
from tuning.augmentation import augmentation
from tuning.speech_batches import ClipPlan, LikeLengths, SpeechClips, SpeechCollator

BATCH = 16


def main() -> None:
    """Print a line every tenth of the way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--augment", default="")
    options = parser.parse_args()
    process = psutil.Process()
    started = time.perf_counter()
    data = load_speech(options.data)
    clips = data.clips("train")
    hours = sum(clip.seconds for clip in clips) / 3600
    print(f"{len(clips):,} clips, {hours:.1f} h: opened in {time.perf_counter() - started:.1f} s")
    tokens = load_engine("packaged:whisper-base", "ctranslate2")[0].tokens
    dataset = SpeechClips(clips, tokens, "fa", ClipPlan(0.5, augment=augmentation(options.augment)))
    loader = DataLoader(dataset, BATCH, sampler=LikeLengths(dataset, BATCH, 0), collate_fn=SpeechCollator(80, 30))
    step = max(1, len(loader) // 10)
    print("| clips | hours | resident MB | clips a second |\n| ---: | ---: | ---: | ---: |")
    heard, since = 0.0, time.perf_counter()
    for number, batch in enumerate(loader, start=1):
        heard += float(batch["attention_mask"].sum()) / 100
        if number % step == 0:
            now = time.perf_counter()
            pace = step * BATCH / (now - since)
            print(f"| {number * BATCH:,} | {heard / 3600:.1f} | {process.memory_info().rss / 1e6:.0f} | {pace:.0f} |")
            since = now


if __name__ == "__main__":
    main()
