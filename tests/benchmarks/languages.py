"""How often is a language taken for Persian, or Persian for another one, with the embedded Persian adapter's claim?

    python tests/benchmarks/languages.py --rule     what weights and threshold of `language_claim.Claim` were chosen on
    python tests/benchmarks/languages.py            the figures: clips of people, and foreign speech by other voices

The rule is chosen on Persian that is no test of anything else (two long readings of people, cut at pauses; sentences of
the neural voice and espeak-ng voices that the adapter never heard) and on the rows "rule" of `foreign_sentences.csv`,
spoken by four voices each. The figures are taken on the 46 short clips of people, on four recorded clips in English and
Chinese, and on the rows "test", 20 in each of nine languages, by five other voices. Some minutes each.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import setup  # noqa: F401  (makes the project importable)
from tqdm import tqdm

from embed_persian import WITHHELD_VOICES
from najva import audio
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.resampling import resample
from najva.services import EMBEDDED_PERSIAN, PERSIAN_CLAIM, Services
from najva.settings import Settings
from najva.transcriber import Transcriber
from najva.transcriber.language_claim import Claim, Reading
from najva.vad import SAMPLE_RATE_HZ, Cutting, SpeechDetector, cut_into_spans
from synthesis.synthetic_speech import speak
from tests import clips

HERE = Path(__file__).parent
# The test's were heard neither by the adapter nor by the rule.
RULE_VARIANTS, TEST_VARIANTS = ("f3", "m2", "klatt", "Andy"), ("f4", "john", "aunty", "rob", "michel")
VOICES = {"en": "en-us"}
PACES = (120, 180)  # words a minute


@dataclass(frozen=True)
class Heard:
    """What was made of one clip."""

    group: str
    language: str
    probabilities: dict[str, float]  # the likeliest first
    readings: list[Reading]  # by the Persian model; none where nobody speaks

    @property
    def plain(self) -> str:
        """The language by the base alone."""
        return next(iter(self.probabilities), "")

    def decide(self, claim: Claim) -> str:
        """Return the language under a claim."""
        claimed = claim.is_worth_asking(self.probabilities) and claim.holds(self.probabilities, self.readings)
        return claim.language if claimed else self.plain


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", action="store_true", help="what the thresholds were chosen on")
    parser.add_argument("--adapter", default="", help="model reference; default: the embedded one")
    parser.add_argument("--write", type=Path, help="keep what was heard, as JSON Lines")
    options = parser.parse_args()
    services = Services(Settings(models="offline", asr_persian=options.adapter))
    loaded = services.transcriber
    if "fa" not in loaded.tuned:
        raise SystemExit(services.problem or "There is no Persian adapter.")
    # Without a claim, whatever comes with the app.
    transcriber = Transcriber(loaded.base, loaded.detector, loaded.tuned)
    claim = Claim.load("fa", EMBEDDED_FOLDER / PERSIAN_CLAIM)
    heard = [
        hear(transcriber, group, language, waveform) for group, language, waveform in tqdm([*recordings(options.rule)])
    ]
    if options.write:
        rows = [asdict(one) | {"score": claim.score(one.probabilities, one.readings)} for one in heard if one.readings]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        options.write.write_text(lines, encoding="utf-8")
    if options.rule:
        print_choices(heard, claim)
    print_figures(heard, claim)


def hear(transcriber: Transcriber, group: str, language: str, waveform: np.ndarray) -> Heard:
    """Detect a clip's language without the claim, and keep what it would be judged by."""
    probabilities = transcriber.detect_language([waveform]).probabilities
    return Heard(group, language, probabilities, transcriber.readings([waveform], "fa"))


def foreign_speech(part: str, variants: Sequence[str] = ()) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Yield group, language, text and waveform of each of the sentences, "rule" in four voices each, "test" in one."""
    variants = variants or (RULE_VARIANTS if part == "rule" else TEST_VARIANTS)
    generator = np.random.default_rng(int(part == "rule"))
    with (HERE / "foreign_sentences.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    for number, row in enumerate(rows):
        language, text = row["language"], row["text"]
        voice = VOICES.get(language, language)
        for variant in variants if part == "rule" else [variants[number % len(variants)]]:
            waveform = spoken(text, f"{voice}+{variant}", int(generator.integers(*PACES)))
            yield f"espeak-ng {language}", language, text, waveform


def recordings(rule: bool) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield group, language and waveform of every clip."""
    for group, language, _, waveform in foreign_speech("rule" if rule else "test"):
        yield group, language, waveform
    if not rule:
        for folder in ("read", "informal"):
            for clip in clips.persian(folder):
                yield f"people, {folder}", "fa", read(clip.path)
        for clip in clips.other_speech():
            yield "people, other languages", clip.language, read(clip.path)
        return
    with (HERE.parents[1] / "training" / "demo_sentences.csv").open(encoding="utf-8", newline="") as file:
        sentences = [row["text"] for row in csv.DictReader(file)][:20]
    generator = np.random.default_rng(2)
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


def counts(heard: list[Heard], claim: Claim) -> tuple[int, int, int]:
    """Return Persian clips called Persian, foreign clips newly called so, and among those once right ones."""
    persian = sum(one.language == "fa" and one.decide(claim) == "fa" for one in heard)
    newly = [one for one in heard if one.language != "fa" and one.plain != "fa" and one.decide(claim) == "fa"]
    return persian, len(newly), sum(one.plain == one.language for one in newly)


def print_choices(heard: list[Heard], claim: Claim) -> None:
    """Print what other weights and thresholds would do."""
    persian = {
        "all Persian clips": [one for one in heard if one.language == "fa"],
        "of people, cut at 4 s": [one for one in heard if one.group == "long readings, cut at 4 s"],
    }

    def outcome(rule: Claim) -> str:
        """Return foreign clips newly Persian, and the share found of each kind of Persian ones, as cells."""
        found = [f"{sum(one.decide(rule) == 'fa' for one in clips) / len(clips):.1%}" for clips in persian.values()]
        return f"{counts(heard, rule)[1]} | {' | '.join(found)}"

    print(f"| text weight | base weight | least score | foreign newly Persian | {' | '.join(persian)} |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    foreign = [one for one in heard if one.language != "fa" and one.readings and one.plain != "fa"]
    for text_weight, base_weight in product((0.0, 0.4, 0.6, 0.8, 1.0), (0.0, 0.03, 0.05, 0.1)):
        tried = replace(claim, text_weight=text_weight, base_weight=base_weight)
        asked = [one for one in foreign if tried.is_worth_asking(one.probabilities)]
        scores = sorted((tried.score(one.probabilities, one.readings) for one in asked), reverse=True)
        for share in (0.005, 0.01, 0.02):
            # The lowest threshold at which no more than this share of the foreign clips becomes Persian.
            rule = replace(tried, least_score=scores[int(share * len(foreign))] + 1e-6)
            print(f"| {text_weight} | {base_weight} | {rule.least_score:.2f} | {outcome(rule)} |")
    print(f"\n| asked from a probability of | foreign newly Persian | {' | '.join(persian)} |")
    print("| ---: | ---: | ---: | ---: |")
    for least in (0.0001, 0.0003, 0.001, 0.003, 0.01):
        print(f"| {least} | {outcome(replace(claim, least_probability=least))} |")


def print_figures(heard: list[Heard], claim: Claim) -> None:
    """Print each group's figures under the rule as it is."""
    print("\n| clips | | plain Whisper right | right with the claim | newly called Persian |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for group in dict.fromkeys(one.group for one in heard):
        of = [one for one in heard if one.group == group]
        plain = sum(one.plain == one.language for one in of)
        after = sum(one.decide(claim) == one.language for one in of)
        newly = sum(one.plain != "fa" and one.decide(claim) == "fa" for one in of)
        print(f"| {group} | {len(of)} | {plain} | {after} | {newly} |")
    persian = [one for one in heard if one.language == "fa"]
    foreign = [one for one in heard if one.language != "fa"]
    found, newly, once_right = counts(heard, claim)
    print(
        f"\nOf {len(persian)} Persian clips {sum(one.plain == 'fa' for one in persian)} are called Persian by plain "
        f"Whisper and {found} with the claim; of {len(foreign)} foreign ones {newly} ({newly / len(foreign):.1%}) are "
        f"newly called Persian, {once_right} of which plain Whisper had right."
    )


if __name__ == "__main__":
    main()
