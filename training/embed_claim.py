"""Counts which characters follow which in a sheet's sentences: what the embedded Persian adapter claims speech by.

    python training/embed_claim.py --workbook $NAJVA_TEST_DATA/persian_sheets/myaudio_full.xlsx

Of foreign speech the adapter writes gibberish in Persian letters; `najva.transcriber.language_claim` tells it from
Persian by these counts. A new adapter wants the threshold there chosen anew by `tests/benchmarks/languages.py --rule`;
running this job says that it was, and until then nothing is claimed. It takes seconds.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from transformers.hf_argparser import HfArgumentParser

from najva.character_model import CharacterModel
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.services import EMBEDDED_PERSIAN, PERSIAN_CLAIM, weights_sha256
from najva.transcriber.language_claim import CHARACTERS
from options import option, required
from sheets.faults import DataError, refuse_fatal
from sheets.transcripts import read_transcripts, workbook_sha256
from whole_files import whole_file


@dataclass(frozen=True)
class ClaimOptions:
    """What is counted."""

    workbook: Path = required("sheet of Persian sentences")
    audio_column: str = option("audio", "header of the file names")
    text_column: str = option("text", "header of the sentences")
    output: Path = option(EMBEDDED_FOLDER / PERSIAN_CLAIM, "folder to write to")


def main(arguments: list[str] | None = None) -> int:
    """Count and write; see the module's docstring."""
    parser = HfArgumentParser(ClaimOptions, description=__doc__.splitlines()[0])
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments, look_for_args_file=False)
        model = count(options)
        with whole_file(options.output / CHARACTERS) as unfinished:
            model.save(unfinished)
    except (DataError, ValueError, OSError) as error:
        print(f"Not made: {error}", file=sys.stderr)
        return 1
    print(json.dumps(model.origin | {"n_grams": model.size}))
    return 0


def count(options: ClaimOptions) -> CharacterModel:
    """Return the model of a sheet's sentences.

    Raises:
        DataError: a row of it cannot be used.
    """
    columns = {"audio_column": options.audio_column, "text_column": options.text_column}
    transcripts = read_transcripts(options.workbook, **columns)
    refuse_fatal(options.workbook.name, transcripts.faults)
    texts = [row.text for row in transcripts.rows]
    origin = {
        "workbook": options.workbook.name,
        "workbook_sha256": workbook_sha256(options.workbook),
        "sentences": len(texts),
        "adapter_sha256": weights_sha256(EMBEDDED_FOLDER / EMBEDDED_PERSIAN),
    }
    return CharacterModel.count(texts, origin)


if __name__ == "__main__":
    sys.exit(main())
