"""How often is a language taken for Persian, or Persian for another one, with the embedded Persian adapter's claim?

    python tests/benchmarks/languages.py --rule     what the thresholds of `language_claim.Claim` were chosen on
    python tests/benchmarks/languages.py            the figures: clips of people, and foreign speech by other voices

Until the first has been run and its thresholds are set, `Behaviour.claim` is None and nobody claims anything.

The rule is chosen on Persian that is no test of anything else (two long readings of people, cut at pauses; sentences of
the neural voice and espeak-ng voices that the adapter never heard) and on the rows "rule" of `foreign_sentences.csv`,
spoken by four voices each. The figures are taken on the 46 short clips of people, on four recorded clips in English and
Chinese, and on the rows "test", 20 in each of nine languages, by five other voices. Some minutes each.
"""

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import setup  # noqa: F401  (makes the project importable)
from tqdm import tqdm

from embed_persian import WITHHELD_VOICES
from najva import audio
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.resampling import resample
from najva.services import EMBEDDED_PERSIAN, Services
from najva.settings import Settings
from najva.transcriber import DetectedLanguage, Transcriber
from najva.transcriber.behaviour import Behaviour
from najva.transcriber.language_claim import Claim
from najva.vad import SAMPLE_RATE_HZ, Cutting, SpeechDetector, cut_into_spans
from synthesis.synthetic_speech import speak
from tests import clips

HERE = Path(__file__).parent
RULE_VARIANTS, TEST_VARIANTS = ("f3", "m2", "klatt", "Andy"), ("f5", "m7", "anika", "max", "belinda")
VOICES = {"en": "en-us"}
PACES = (120, 180)  # words a minute


@dataclass(frozen=True)
class Heard:
    """What was made of one clip."""

    group: str
    language: str
    plain: DetectedLanguage
    claimed: float | None  # lead of the Persian adapter; None where nobody asked it


class Listening(Claim):
    """A claim that never holds, and tells how strong it would have been."""

    lead: float | None = None

    def holds(self, scores):
        object.__setattr__(self, "lead", self.lead_of(scores))
        return False


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", action="store_true", help="what the thresholds were chosen on")
    parser.add_argument("--adapter", default="", help="model reference; default: the embedded one")
    parser.add_argument("--write", type=Path, help="keep what was heard, as JSON Lines")
    options = parser.parse_args()
    services = Services(Settings(models="offline", asr_persian=options.adapter))
    transcriber = services.transcriber
    if "fa" not in transcriber.tuned:
        raise SystemExit(services.problem or "There is no Persian adapter.")
    heard = [
        hear(transcriber, group, language, waveform) for group, language, waveform in tqdm([*recordings(options.rule)])
    ]
    if options.write:
        rows = [
            {"group": one.group, "language": one.language, "lead": one.claimed, "top": one.plain.code,
             "p": one.plain.probabilities.get(one.plain.code), "fa": one.plain.probabilities.get("fa")}
            for one in heard
        ]  # fmt: skip
        options.write.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    if options.rule:
        print_choices(heard)
    print_figures(heard, Claim())


def hear(transcriber: Transcriber, group: str, language: str, waveform: np.ndarray) -> Heard:
    """Detect a clip's language without the claim, and how strong the claim would be."""
    listening = Listening(least_probability=0.0)
    behaviour = replace(Behaviour(), claim=listening)
    own = Transcriber(transcriber.base, transcriber.detector, transcriber.tuned, behaviour)
    return Heard(group, language, own.detect_language([waveform]), listening.lead)


def recordings(rule: bool) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield group, language and waveform of every clip."""
    part, variants = ("rule", RULE_VARIANTS) if rule else ("test", TEST_VARIANTS)
    generator = np.random.default_rng(int(rule))
    with (HERE / "foreign_sentences.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    for number, row in enumerate(rows):
        voice = VOICES.get(row["language"], row["language"])
        for variant in variants if rule else [variants[number % len(variants)]]:
            pace = int(generator.integers(*PACES))
            yield f"espeak-ng {row['language']}", row["language"], spoken(row["text"], f"{voice}+{variant}", pace)
    if not rule:
        for folder in ("read", "informal"):
            for clip in clips.persian(folder):
                yield f"people, {folder}", "fa", read(clip.path)
        for clip in clips.other_speech():
            yield "people, other languages", clip.language, read(clip.path)
        return
    with (HERE.parents[1] / "training" / "demo_sentences.csv").open(encoding="utf-8", newline="") as file:
        sentences = [row["text"] for row in csv.DictReader(file)][:20]
    for voice in WITHHELD_VOICES:
        for sentence in sentences:
            yield "espeak-ng fa", "fa", spoken(sentence, voice, int(generator.integers(*PACES)))
    split = json.loads((EMBEDDED_FOLDER / EMBEDDED_PERSIAN / "split.json").read_text(encoding="utf-8"))
    for name in split["test"]:
        yield "neural voice", "fa", read(clips.DATA / "persian_neural_voice" / name)
    for clip in clips.persian_long():
        for longest in (4.0, 8.0, 20.0):
            for span in cut_into_spans([read(clip.path)], SpeechDetector(), Cutting(max_seconds=longest)):
                yield f"long readings, cut at {longest:g} s", "fa", span.samples


def read(path: Path) -> np.ndarray:
    """Return a file's waveform."""
    return audio.read(path, sample_rate_hz=SAMPLE_RATE_HZ)[0]


def spoken(text: str, voice: str, words_per_minute: int) -> np.ndarray:
    """Return a sentence as espeak-ng speaks it."""
    waveform, rate_hz = speak(text, voice, words_per_minute=words_per_minute)
    return resample(waveform, rate_hz, SAMPLE_RATE_HZ)


def decide(one: Heard, claim: Claim) -> str:
    """Return the language under a claim."""
    if one.plain.sure or one.plain.code == "fa" or one.claimed is None:
        return one.plain.code
    possible = claim.is_worth_asking(one.plain.probabilities, "fa") and one.claimed >= claim.least_lead
    return "fa" if possible else one.plain.code


def counts(heard: list[Heard], claim: Claim) -> tuple[int, int, int]:
    """Return Persian clips called Persian, foreign clips newly called so, and among those once right ones."""
    persian = sum(one.language == "fa" and decide(one, claim) == "fa" for one in heard)
    newly = [one for one in heard if one.language != "fa" and one.plain.code != "fa" and decide(one, claim) == "fa"]
    return persian, len(newly), sum(one.plain.code == one.language for one in newly)


def print_choices(heard: list[Heard]) -> None:
    """Print what each pair of thresholds would do."""
    print("| least probability | least lead | Persian called Persian | foreign newly Persian | of those once right |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for probability in (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1):
        for lead in (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3):
            found = counts(heard, Claim(probability, lead))
            print(f"| {probability} | {lead} | {found[0]} | {found[1]} | {found[2]} |")


def print_figures(heard: list[Heard], claim: Claim) -> None:
    """Print each group's figures under the rule as it is."""
    print("\n| clips | | plain Whisper right | right with the claim | newly called Persian |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for group in dict.fromkeys(one.group for one in heard):
        of = [one for one in heard if one.group == group]
        plain, after = (sum(found == one.language for one, found in pairs) for pairs in (
            [(one, one.plain.code) for one in of], [(one, decide(one, claim)) for one in of]
        ))  # fmt: skip
        newly = sum(one.plain.code != "fa" and decide(one, claim) == "fa" for one in of)
        print(f"| {group} | {len(of)} | {plain} | {after} | {newly} |")
    persian = [one for one in heard if one.language == "fa"]
    foreign = [one for one in heard if one.language != "fa"]
    found, newly, once_right = counts(heard, claim)
    print(
        f"\nOf {len(persian)} Persian clips {sum(one.plain.code == 'fa' for one in persian)} are called Persian by "
        f"plain Whisper and {found} with the claim; of {len(foreign)} foreign ones {newly} "
        f"({newly / len(foreign):.1%}) are newly called Persian, {once_right} of which plain Whisper had right."
    )


if __name__ == "__main__":
    main()
