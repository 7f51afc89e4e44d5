"""English speech for the question what a Persian tuning forgot: two sheets that `evaluate_whisper.py --sheets` takes.

    python tests/benchmarks/english_sheets.py --output english
    accelerate launch training/evaluate_whisper.py --data … --run … \
        --sheets english/people/english-people.csv:en english/spoken/english-espeak-ng.csv:en

One holds the two recordings of people in `tests/clips.py`, the other the English rows of `foreign_sentences.csv`,
spoken by espeak-ng in five voices. It prints too what the Space makes of them, where nobody says which language it is,
with the Persian model and the probe that come with the app, and without.
"""

import argparse
import csv
import shutil
from dataclasses import replace
from pathlib import Path

import setup  # noqa: F401  (makes the project importable)
import soundfile
from languages import foreign_speech

from metrics import word_counts
from najva import audio
from najva.services import Services
from najva.settings import Settings
from najva.transcriber import Transcriber
from najva.vad import SAMPLE_RATE_HZ
from sheets.speech_data import SPEECH
from sheets.transcripts import read_transcripts
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
    for number, (_, language, text, waveform) in enumerate(foreign_speech(VARIANTS)):
        if language == "en":
            name = f"{number:02d}.wav"
            soundfile.write(spoken / name, waveform, SAMPLE_RATE_HZ, subtype="PCM_16")
            rows.append((name, text))
    write(spoken / "english-espeak-ng.csv", rows)
    for folder in (people, spoken):
        print_routing(folder)


def print_routing(folder: Path) -> None:
    """Print the WER of a folder's clips as the Space writes them, with the Persian model and without it."""
    loaded = Services(Settings(models="offline")).transcriber
    # Doubtful texts are otherwise drawn by chance, another one each time.
    greedy = replace(loaded.behaviour, temperatures=(0.0,))
    ours = Transcriber(loaded.base, loaded.detector, loaded.tuned, greedy, loaded.probe)
    alone = Transcriber(loaded.base, loaded.detector, behaviour=greedy)
    (sheet,) = folder.glob("*.csv")
    rows = read_transcripts(sheet).rows
    said, written = [row.text for row in rows], {"with": [], "without": []}
    for row in rows:
        waveform = audio.read(folder / row.id, sample_rate_hz=SAMPLE_RATE_HZ)[0]
        for name, transcriber in (("with", ours), ("without", alone)):
            *_, transcript = transcriber.stream([waveform])
            written[name].append(transcript.text)
    rates = {
        name: sum(clip.rate for clip in word_counts(said, texts, normalizer="basic")) / len(rows)
        for name, texts in written.items()
    }
    same = sum(a == b for a, b in zip(*written.values(), strict=True))
    told = ", ".join(f"{name} the Persian model {rate:.1%}" for name, rate in rates.items())
    print(f"{sheet.stem} through the Space's routing, mean WER {told}; the same text on {same} of {len(rows)} clips")


def write(path: Path, rows: list[tuple[str, str]]) -> None:
    """Write a sheet."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("audio", "text"), *rows])
    print(f"{path}: {len(rows)} clips")


if __name__ == "__main__":
    main()
