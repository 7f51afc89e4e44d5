"""How often is a language taken for Persian, or Persian for another one, with the probe that comes with the app?

    python tests/benchmarks/languages.py --development   what may be looked at while the probe is worked on
    python tests/benchmarks/languages.py                 the figures

`training/train_language_probe.py` makes the probe, and chooses its threshold by voices and sentences held out. The
figures are taken on the 46 short clips of people, on four recorded clips in English and Chinese, and on the sentences
of `foreign_sentences.csv`, 20 in each of nine languages, by five voices of which the probe heard none. What else there
is is for development: two long readings of people, cut at pauses, sentences of the neural voice and espeak-ng voices
that the probe did not learn from, and short pieces of the four recorded clips. Some minutes each.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import setup  # noqa: F401  (makes the project importable)
from tqdm import tqdm

from embed_persian import WITHHELD_VOICES
from najva import audio
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.services import EMBEDDED_PERSIAN, Services
from najva.settings import Settings
from najva.transcriber import Transcriber
from najva.vad import SAMPLE_RATE_HZ, Cutting, SpeechDetector, cut_into_spans
from synthesis.many_languages import read_sentences, spoken
from tests import clips

HERE = Path(__file__).parent
# The probe heard none of them.
VARIANTS = ("f4", "john", "aunty", "rob", "michel")
PACES = (120, 180)  # words a minute
PIECE_SECONDS = (1.5, 2.0, 3.0, 4.0)


@dataclass(frozen=True)
class Heard:
    """What was made of one clip: its language by the base alone, and with the probe."""

    group: str
    language: str
    plain: str
    probed: str


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--development", action="store_true", help="on what is no test")
    parser.add_argument("--write", type=Path, help="keep what was heard, as JSON Lines")
    options = parser.parse_args()
    transcriber = Services(Settings(models="offline")).transcriber
    if transcriber.probe is None:
        raise SystemExit("There is no probe.")
    found = development() if options.development else tested()
    heard = [hear(transcriber, *clip) for clip in tqdm([*found], unit="clip")]
    if options.write:
        lines = "".join(json.dumps(asdict(one)) + "\n" for one in heard)
        options.write.write_text(lines, encoding="utf-8")
    print_figures(heard)


def hear(transcriber: Transcriber, group: str, language: str, waveform: np.ndarray) -> Heard:
    """Detect a clip's language."""
    found = transcriber.detect_language([waveform])
    return Heard(group, language, next(iter(found.probabilities), ""), found.code)


def foreign_speech(variants: Sequence[str] = VARIANTS) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Yield group, language, text and waveform of each of the sentences, one voice after the other."""
    generator = np.random.default_rng(0)
    for number, (language, text) in enumerate(read_sentences(HERE / "foreign_sentences.csv")):
        variant, pace = variants[number % len(variants)], int(generator.integers(*PACES))
        waveform = spoken(text, language, variant, pace, SAMPLE_RATE_HZ)
        yield f"espeak-ng {language}", language, text, waveform


def tested() -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield group, language and waveform of every clip of the figures."""
    for group, language, _, waveform in foreign_speech():
        yield group, language, waveform
    for folder in ("read", "informal"):
        for clip in clips.persian(folder):
            yield f"people, {folder}", "fa", read(clip.path)
    for clip in clips.other_speech():
        yield "people, other languages", clip.language, read(clip.path)


def development() -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield group, language and waveform of what the probe may be judged by before its figures are taken."""
    with (HERE.parents[1] / "training" / "demo_sentences.csv").open(encoding="utf-8", newline="") as file:
        sentences = [row["text"] for row in csv.DictReader(file)][:20]
    generator = np.random.default_rng(2)
    for voice in WITHHELD_VOICES:
        language, _, variant = voice.partition("+")
        for sentence in sentences:
            yield (
                "espeak-ng fa",
                language,
                spoken(sentence, language, variant, int(generator.integers(*PACES)), SAMPLE_RATE_HZ),
            )
    split = json.loads((EMBEDDED_FOLDER / EMBEDDED_PERSIAN / "split.json").read_text(encoding="utf-8"))
    for name in split["test"]:
        yield "neural voice", "fa", read(clips.DATA / "persian_neural_voice" / name)
    for clip in clips.persian_long():
        for longest in (4.0, 8.0, 20.0):
            for span in cut_into_spans([read(clip.path)], SpeechDetector(), Cutting(max_seconds=longest)):
                yield f"long readings, cut at {longest:g} s", "fa", span.samples
    for clip in clips.other_speech():
        waveform = read(clip.path)
        for seconds in PIECE_SECONDS:
            size = round(seconds * SAMPLE_RATE_HZ)
            for start in range(0, len(waveform) - size + 1, SAMPLE_RATE_HZ // 2):
                yield f"people, other languages, {seconds:g} s", clip.language, waveform[start : start + size]


def read(path: Path) -> np.ndarray:
    """Return a file's waveform."""
    return audio.read(path, sample_rate_hz=SAMPLE_RATE_HZ)[0]


def print_figures(heard: Sequence[Heard]) -> None:
    """Print each group's figures."""
    print("\n| clips | | plain Whisper right | right with the probe | newly called Persian |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for group in dict.fromkeys(one.group for one in heard):
        of = [one for one in heard if one.group == group]
        plain = sum(one.plain == one.language for one in of)
        after = sum(one.probed == one.language for one in of)
        newly = sum("fa" == one.probed != one.plain for one in of)
        print(f"| {group} | {len(of)} | {plain} | {after} | {newly} |")
    persian = [one for one in heard if one.language == "fa"]
    foreign = [one for one in heard if one.language != "fa"]
    newly = [one for one in foreign if "fa" == one.probed != one.plain]
    print(
        f"\nOf {len(persian)} Persian clips {sum(one.plain == 'fa' for one in persian)} are called Persian by plain "
        f"Whisper and {sum(one.probed == 'fa' for one in persian)} with the probe; of {len(foreign)} foreign ones "
        f"{len(newly)} ({len(newly) / len(foreign):.1%}) are newly called Persian, "
        f"{sum(one.plain == one.language for one in newly)} of which plain Whisper had right."
    )


if __name__ == "__main__":
    main()
