r"""Scores transcripts, and compares two systems on the same clips, whoever recognised them.

    python training/score_transcripts.py --ledger runs/NAME/ledgers/base.jsonl --against runs/NAME/ledgers/tuned.jsonl \
        --figures pictures

A ledger is a CSV or JSON Lines file with the columns ``id,reference,hypothesis`` and, to draw intervals by speaker or
recording, ``group``. The command prints tables in words and ends with one JSON line; a difference, and the verdict
``better``, ``worse`` or ``no clear difference``, is the other ledger's (``--against``) minus this one's. In two minutes
on any CPU, from nothing:

    printf 'id,reference,hypothesis\n1,سلام دنیا,سلام دنیا\n2,می‌روم خانه,میروم خانه\n' > ledger.csv
    python training/score_transcripts.py --ledger ledger.csv
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from transformers import HfArgumentParser

from evaluation.clip_counts import Bootstrap
from evaluation.ledgers import read_ledger
from evaluation.score_report import (
    comparison_values,
    confusion_values,
    describe_comparison,
    describe_confusions,
    describe_score,
    note_of,
    score_values,
)
from evaluation.scoring import Comparison, Score, compare, score
from options import option, required
from run_record import NAME, RunError, read_record


@dataclass(frozen=True)
class ScoreOptions:
    """What to score and how."""

    ledger: str = required("CSV or JSON Lines with the columns id, reference, hypothesis[, group]")
    against: str | None = option(None, "another ledger of the same clips; differences are this one minus --ledger")
    normalizer: Literal["fa-v1", "fa-joined", "raw", "as-given", "basic"] = option(
        "fa-v1", "text rule of the figures; 'basic' is for languages other than Persian"
    )
    replicates: int = option(10_000, "bootstrap replicates of the intervals")
    confidence: float = option(0.95, "confidence of the intervals, between 0 and 1")
    seed: int = option(0, "seed of the bootstrap")
    words: int = option(10, "how many of the commonest confusions of words to show")
    figures: str | None = option(None, "folder for the pictures; none are made without it")

    def __post_init__(self) -> None:
        """Raises a ValueError for a value that no job could use."""
        if self.replicates < 1:
            raise ValueError(f"--replicates {self.replicates}: at least one is needed.")
        if not 0 < self.confidence < 1:
            raise ValueError(f"--confidence {self.confidence:g}: a share between 0 and 1 is needed, such as 0.95.")
        if self.seed < 0:
            raise ValueError(f"--seed {self.seed}: a seed is 0 or more.")
        if self.words < 0:
            raise ValueError(f"--words {self.words}: 0 or more.")
        if self.figures and (Path(self.figures).parent / NAME).is_file():
            raise ValueError(f"{self.figures} holds the run's own pictures, which its card shows: name another folder.")


def main(arguments: list[str] | None = None) -> int:
    """Scores what the command line names."""
    parser = HfArgumentParser(ScoreOptions, description=__doc__.splitlines()[0])
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments, look_for_args_file=False)
        names, scores, comparison = measure(options)
        origin = origin_of(Path(options.ledger))
        note = note_of(**origin)
        pictures = draw(options, names, scores, note) if options.figures else []
    except (ValueError, RunError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, one in zip(names, scores, strict=True):
        print(describe_score(name, one, note), end="\n\n")
        if options.words and one.confusions:
            print(f"Commonest confusions of {name}:", describe_confusions(one.confusions, options.words), sep="\n")
            print()
    if comparison:
        print(describe_comparison(comparison, note), end="\n\n")
    for picture in pictures:
        print(f"Picture: {picture}")
    made = origin | {"figures": [str(picture) for picture in pictures]}
    print(json.dumps(values(options, scores, comparison) | made))
    return 0


def measure(options: ScoreOptions) -> tuple[list[str], list[Score], Comparison | None]:
    """Returns the ledgers' names, their scores, and the comparison if there are two."""
    bootstrap = Bootstrap(options.replicates, options.confidence, options.seed)
    paths = [Path(path) for path in (options.ledger, options.against) if path]
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    ledgers = [read_ledger(path) for path in paths]
    if len(ledgers) == 1:
        return names, [score(*ledgers, normalizer=options.normalizer, bootstrap=bootstrap)], None
    comparison = compare(*ledgers, normalizer=options.normalizer, bootstrap=bootstrap, names=tuple(names))
    return names, [comparison.this, comparison.other], comparison


def draw(options: ScoreOptions, names: list[str], scores: list[Score], note: str) -> list[Path]:
    """Draws WER by clip, and the commonest confusions of each ledger; returns the files."""
    from evaluation.figures import draw_confusions, draw_wer_by_clip

    folder = Path(options.figures)
    pictures = [draw_wer_by_clip(folder / "wer_by_clip.png", names, scores, note=note)]
    for file_name, name, one in zip(("confusions.png", "confusions_against.png"), names, scores, strict=False):
        pictures.append(draw_confusions(folder / file_name, name, one, note=note))
    return pictures


def origin_of(ledger: Path) -> dict[str, str]:
    """Returns speech and split of a ledger that lies in a run's folder, as the record says; else nothing of both."""
    run = ledger.parent.parent
    if not (run / NAME).is_file():
        return {"speech": "", "split_sha256": ""}
    record = read_record(run)
    sheet = next((of for name, of in record.get("sheets", {}).items() if ledger.stem.endswith(f"-{name}")), None)
    if sheet:
        return {"speech": sheet.get("speech", ""), "split_sha256": ""}
    return {"speech": record["data"]["source"].get("speech", ""), "split_sha256": record["data"]["split_sha256"]}


def values(options: ScoreOptions, scores: list[Score], comparison: Comparison | None) -> dict:
    """Returns what the JSON line holds, but for the pictures."""
    found = {"ledger": options.ledger, **(comparison_values(comparison) if comparison else score_values(scores[0]))}
    found["confusions"] = confusion_values(scores[0].confusions, options.words)
    if comparison:
        found["against"] = options.against
        found["other"]["confusions"] = confusion_values(scores[1].confusions, options.words)
    return found


if __name__ == "__main__":
    sys.exit(main())
