"""Makes what the embedded Persian adapter claims speech by: how Persian text looks, and how what it writes of others.

    cd $NAJVA_TEST_DATA && python …/training/embed_claim.py --workbook persian_sheets/myaudio_full.xlsx \
        --foreign parallel_text/tatoeba_other_to_zh/*.tsv parallel_text/tatoeba/en-zh.tsv

Of foreign speech the adapter writes gibberish in Persian letters. Two models of characters tell it from Persian
(`najva.transcriber.language_claim`): one counts a sheet's sentences, the other what the adapter writes of sentences in
other languages, spoken by espeak-ng. Some minutes on two cores. A new adapter wants a new second model, and its
threshold chosen anew by `tests/benchmarks/languages.py --rule`; until then nothing is claimed.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm
from transformers.hf_argparser import HfArgumentParser

from najva.character_model import CharacterModel
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.pretrained.errors import ModelError
from najva.resampling import resample
from najva.services import EMBEDDED_PERSIAN, PERSIAN_CLAIM, Services, weights_sha256
from najva.settings import Settings
from najva.transcriber.language_claim import FOREIGN, OWN
from najva.vad import SAMPLE_RATE_HZ
from options import option, required
from sheets.faults import DataError
from sheets.transcripts import read_transcripts, workbook_sha256
from synthesis.synthetic_speech import SynthesisError, check_voices, engine_version, speak
from whole_files import whole_file

# By the first word of a file's name, in Tatoeba's codes (ISO 639-3) but for English.
# fmt: off
VOICES = {
    "en": "en-us",
    "bel": "be", "bul": "bg", "deu": "de", "epo": "eo", "fin": "fi", "fra": "fr", "hbs": "hr", "heb": "he", "hin": "hi",
    "hun": "hu", "ita": "it", "kor": "ko", "msa": "ms", "nld": "nl", "nor": "nb", "pol": "pl", "por": "pt", "rus": "ru",
    "slv": "sl", "spa": "es", "swe": "sv", "tur": "tr", "uig": "ug", "ukr": "uk", "vie": "vi",
}
# fmt: on
# None that `tests/benchmarks/languages.py` speaks in.
VARIANTS = ("f1", "m1", "linda", "m3", "Annie", "paul", "f4", "edward")
PACES = (120, 190)  # words a minute
LENGTHS = (15, 80)  # characters of a sentence
# What is written in so many languages has no longer habits than this.
FOREIGN_ORDER = 3


@dataclass(frozen=True)
class ClaimOptions:
    """What is counted."""

    workbook: Path = required("sheet of Persian sentences, with the columns audio and text")
    foreign: list[Path] = required("sentences in other languages, LANGUAGE-….tsv with the sentence first")
    sentences: int = option(40, "of each language")
    output: Path = option(EMBEDDED_FOLDER / PERSIAN_CLAIM, "folder to write to")


def main(arguments: list[str] | None = None) -> int:
    """Count both and write them; see the module's docstring."""
    parser = HfArgumentParser(ClaimOptions, description=__doc__.splitlines()[0])
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments, look_for_args_file=False)
        sentences = list(foreign_sentences(options.foreign, options.sentences))
        check_voices({voice for voice, _, _ in sentences})
        models = {OWN: count_persian(options.workbook), FOREIGN: count_foreign(sentences)}
        for name, model in models.items():
            with whole_file(options.output / name) as unfinished:
                model.save(unfinished)
    except (DataError, SynthesisError, ModelError, ValueError, OSError) as error:
        print(f"Not made: {error}", file=sys.stderr)
        return 1
    print(json.dumps({name: model.origin | {"n_grams": model.size} for name, model in models.items()}))
    return 0


def count_persian(workbook: Path) -> CharacterModel:
    """Return the model of a sheet's sentences.

    Raises:
        DataError: a row of it cannot be used.
    """
    transcripts = read_transcripts(workbook)
    if faults := [fault for fault in transcripts.faults if fault.fatal]:
        raise DataError(f"{workbook.name}, row {faults[0].row}: {faults[0].kind}, {faults[0].detail}.")
    texts = [row.text for row in transcripts.rows]
    origin = {"workbook": workbook.name, "workbook_sha256": workbook_sha256(workbook), "sentences": len(texts)}
    return CharacterModel.count(texts, origin)


def count_foreign(sentences: Sequence[tuple[str, int, str]]) -> CharacterModel:
    """Return the model of what the embedded adapter writes of foreign speech.

    Args:
        sentences: voice, words a minute and text of each.

    Raises:
        ModelError: there is no embedded adapter.
    """
    services = Services(Settings(models="offline"))
    transcriber = services.transcriber
    if "fa" not in transcriber.tuned:
        raise ModelError(services.problem or "No Persian adapter is embedded.")
    texts, mute = [], 0
    for voice, pace, sentence in tqdm(sentences, desc="Writing what nobody said"):
        try:
            waveform, rate_hz = speak(sentence, voice, words_per_minute=pace)
        except SynthesisError:
            # Voices are checked: there is nothing in it that this one can speak.
            mute += 1
            continue
        heard = transcriber.readings([resample(waveform, rate_hz, SAMPLE_RATE_HZ)], "fa")
        texts += [reading.text for reading in heard]
    origin = {
        "languages": sorted({voice.partition("+")[0] for voice, _, _ in sentences}),
        "sentences": len(sentences) - mute,
        "voices": list(VARIANTS),
        "engine": f"espeak-ng {engine_version()}",
        "adapter_sha256": weights_sha256(EMBEDDED_FOLDER / EMBEDDED_PERSIAN),
    }
    return CharacterModel.count(texts, origin, order=FOREIGN_ORDER)


def foreign_sentences(paths: Sequence[Path], count: int) -> Iterator[tuple[str, int, str]]:
    """Yield voice, words a minute and text of so many sentences of each file, the same ones every time."""
    draw = random.Random(0)
    for path in sorted(paths, key=lambda path: path.name):
        voice = VOICES.get(path.name.partition("-")[0])
        if voice is None:
            print(f"{path.name} is left out: no voice is named for its language.")
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        texts = [text for line in lines if LENGTHS[0] <= len(text := line.partition("\t")[0]) <= LENGTHS[1]]
        for number, text in enumerate(draw.sample(texts, min(count, len(texts)))):
            yield f"{voice}+{VARIANTS[number % len(VARIANTS)]}", draw.randint(*PACES), text


if __name__ == "__main__":
    sys.exit(main())
