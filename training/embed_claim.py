"""Makes what the embedded Persian adapter claims speech by: how Persian text looks, and how what it writes of others.

    python training/embed_claim.py --workbook $NAJVA_TEST_DATA/persian_sheets/myaudio_full.xlsx \
        --foreign $NAJVA_TEST_DATA/parallel_text/tatoeba_other_to_zh

Of foreign speech the adapter writes gibberish in Persian letters. Two models of characters tell it from Persian
(`najva.transcriber.language_claim`): one counts a sheet's sentences, the other what the adapter writes of sentences in
some 25 languages, spoken by espeak-ng. Ten minutes on two cores. A new adapter wants a new second model, and its
threshold chosen anew by `tests/benchmarks/languages.py --rule`.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm
from transformers.hf_argparser import HfArgumentParser

from najva.character_model import CharacterModel
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.pretrained.errors import ModelError
from najva.resampling import resample
from najva.services import PERSIAN_CLAIM, Services
from najva.settings import Settings
from najva.transcriber.language_claim import FOREIGN, OWN
from najva.vad import SAMPLE_RATE_HZ
from options import option, required
from sheets.faults import DataError
from sheets.transcripts import read_transcripts, workbook_sha256
from synthesis.synthetic_speech import SynthesisError, engine_version, speak
from whole_files import whole_file

# Tatoeba's codes (ISO 639-3), and the voices of espeak-ng that read them.
# fmt: off
VOICES = {
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
    foreign: Path = required("folder of sentences in other languages, XXX-zh.tsv with a code of ISO 639-3")
    sentences: int = option(40, "of each language")
    adapter: str = option("", "model reference; empty: the embedded one")
    output: Path = option(EMBEDDED_FOLDER / PERSIAN_CLAIM, "folder to write to")


def main(arguments: list[str] | None = None) -> int:
    """Count both and write them; see the module's docstring."""
    parser = HfArgumentParser(ClaimOptions, description=__doc__.splitlines()[0])
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments, look_for_args_file=False)
        persian, foreign = count_persian(options.workbook), count_foreign(options)
        for name, model in ((OWN, persian), (FOREIGN, foreign)):
            with whole_file(options.output / name) as unfinished:
                model.save(unfinished)
    except (DataError, SynthesisError, ModelError, ValueError, OSError) as error:
        print(f"Not made: {error}", file=sys.stderr)
        return 1
    print(json.dumps({name: model.origin | {"n_grams": model.size} for name, model in
                      (("persian", persian), ("foreign", foreign))}, ensure_ascii=False))  # fmt: skip
    return 0


def count_persian(workbook: Path) -> CharacterModel:
    """Return the model of a sheet's sentences."""
    texts = [row.text for row in read_transcripts(workbook).rows]
    origin = {"workbook": workbook.name, "workbook_sha256": workbook_sha256(workbook), "sentences": len(texts)}
    return CharacterModel.count(texts, origin)


def count_foreign(options: ClaimOptions) -> CharacterModel:
    """Return the model of what the adapter writes of foreign speech."""
    services = Services(Settings(models="offline", asr_persian=options.adapter))
    transcriber = services.transcriber
    if "fa" not in transcriber.tuned:
        raise ModelError(services.problem or "There is no Persian adapter.")
    sentences = list(foreign_sentences(options.foreign, options.sentences))
    texts = []
    for voice, pace, sentence in tqdm(sentences, desc="sentences"):
        waveform, rate_hz = speak(sentence, voice, words_per_minute=pace)
        heard = transcriber.readings([resample(waveform, rate_hz, SAMPLE_RATE_HZ)], "fa")
        texts += [reading.text for reading in heard]
    languages = sorted({voice.partition("+")[0] for voice, _, _ in sentences})
    origin = {
        "languages": languages,
        "sentences": len(sentences),
        "voices": list(VARIANTS),
        "engine": f"espeak-ng {engine_version()}",
        "adapter": transcriber.tuned["fa"].reference,
    }
    return CharacterModel.count(texts, origin, order=FOREIGN_ORDER)


def foreign_sentences(folder: Path, count: int) -> Iterator[tuple[str, str, int]]:
    """Yield voice, pace and text of so many sentences of each language, the same ones every time."""
    draw = random.Random(0)
    for code, voice in VOICES.items():
        lines = (folder / f"{code}-zh.tsv").read_text(encoding="utf-8").splitlines()
        texts = [text for line in lines if LENGTHS[0] <= len(text := line.partition("\t")[0]) <= LENGTHS[1]]
        for number, text in enumerate(draw.sample(texts, min(count, len(texts)))):
            yield f"{voice}+{VARIANTS[number % len(VARIANTS)]}", draw.randint(*PACES), text


if __name__ == "__main__":
    sys.exit(main())
