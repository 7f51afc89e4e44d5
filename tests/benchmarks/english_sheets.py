"""English speech for the question what a Persian tuning forgot: two sheets that `evaluate_whisper.py --sheets` takes.

    python tests/benchmarks/english_sheets.py --output english
    accelerate launch training/evaluate_whisper.py --data … --run … \
        --sheets english/people/english-people.csv:en english/spoken/english-espeak-ng.csv:en

One holds the two recordings of people in `tests/clips.py`, the other the rows "test" of `foreign_sentences.csv`, spoken
by espeak-ng in five voices.
"""

import argparse
import csv
import shutil
from pathlib import Path

import setup  # noqa: F401  (makes the project importable)
import soundfile
from languages import foreign_speech

from najva.vad import SAMPLE_RATE_HZ
from sheets.speech_data import SPEECH
from synthesis.synthetic_speech import engine_version
from tests import clips
from whole_files import write_json

VARIANTS = ("f5", "m7", "anika", "max", "belinda")


def main() -> None:
    """Write both sheets and their clips."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    output = parser.parse_args().output
    people, spoken = output / "people", output / "spoken"
    for folder in (people, spoken):
        folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for clip in clips.other_speech("en"):
        shutil.copyfile(clip.path, people / clip.path.name)
        rows.append((clip.path.name, clip.text))
    write(people / "english-people.csv", rows)
    # By this file the sheet's speech is known to be synthetic.
    write_json(spoken / SPEECH, {"speech": "synthetic", "engine": "espeak-ng", "version": engine_version()})
    rows = []
    for number, (_, language, text, waveform) in enumerate(foreign_speech("test", VARIANTS)):
        if language == "en":
            name = f"{number:02d}.wav"
            soundfile.write(spoken / name, waveform, SAMPLE_RATE_HZ, subtype="PCM_16")
            rows.append((name, text))
    write(spoken / "english-espeak-ng.csv", rows)


def write(path: Path, rows: list[tuple[str, str]]) -> None:
    """Write a sheet."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("audio", "text"), *rows])
    print(f"{path}: {len(rows)} clips")


if __name__ == "__main__":
    main()
