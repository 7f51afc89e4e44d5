"""Counts which characters follow which in a sheet's sentences, so that the app can tell the language from gibberish.

    python training/count_characters.py --workbook transcripts.xlsx

What the Persian model writes of foreign speech looks like Persian and is none; `najva.transcriber.language_claim` asks
this model of characters how likely the text is. It takes seconds, and only the counts go into `space/embedded/`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from transformers.hf_argparser import HfArgumentParser

from jobs import FOLDER
from najva.character_model import CharacterModel
from options import option, required
from sheets.faults import DataError
from sheets.transcripts import read_transcripts, workbook_sha256
from whole_files import whole_file

EMBEDDED = FOLDER.parent / "space" / "embedded" / "persian-characters" / "model.safetensors"


@dataclass(frozen=True)
class CountOptions:
    """What is counted."""

    workbook: Path = required("sheet with the columns audio and text")
    order: int = option(5, "length of the n-grams, 5 at most")
    least: int = option(1, "how often an n-gram must have been seen to be kept")
    output: Path = option(EMBEDDED, "file to write")


def main(arguments: list[str] | None = None) -> int:
    """Count and write; see the module's docstring."""
    parser = HfArgumentParser(CountOptions, description=__doc__.splitlines()[0])
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments, look_for_args_file=False)
        print(json.dumps(count(options), ensure_ascii=False))
    except (DataError, ValueError, OSError) as error:
        print(f"Not counted: {error}", file=sys.stderr)
        return 1
    return 0


def count(options: CountOptions) -> dict:
    """Write the model; return what it was made of."""
    texts = [row.text for row in read_transcripts(options.workbook).rows]
    origin = {
        "workbook": options.workbook.name,
        "workbook_sha256": workbook_sha256(options.workbook),
        "sentences": len(texts),
        "least": options.least,
    }
    model = CharacterModel.count(texts, origin, order=options.order, least=options.least)
    with whole_file(options.output) as unfinished:
        model.save(unfinished)
    return origin | {"n_grams": model.size, "alphabet": model.alphabet, "bytes": options.output.stat().st_size}


if __name__ == "__main__":
    sys.exit(main())
