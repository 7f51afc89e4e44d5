"""Persian that has English beside it but no Chinese: a trained translator writes the Chinese, from the English.

There is little everyday talk in Persian and Chinese, and more of it in Persian and English. What the teacher is not
sure of is left out, and so is what somebody has translated already.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from najva.translation.text_networks import Loaded
from translation.calibration import translated_signs
from translation.parallel_text import (
    LANGUAGES,
    PROSE,
    TALK,
    Collection,
    Pair,
    TextError,
    clean,
    held_out_sides,
    key,
    read_columns,
)
from whole_files import whole_file

# English, then Persian.
BRIDGES = (
    Collection("tatoeba/en-fa.tsv", "fa", TALK),
    Collection("massive_500/en-fa.tsv", "fa", TALK),
    Collection("mizan_dev/en-fa.tsv", "fa", PROSE),
)
# How often each pair is seen in an epoch.
TIMES = 2
# The least probability, by the teacher's own judgement, of being good. Of 32 sentences of Tatoeba above it, read by
# eye, 25 said what the English says; of 8 just below it 5.
_SURE = 0.4
_ENGLISH, _PERSIAN = LANGUAGES


def taught_pairs(
    folder: Path, teacher: Loaded, pairs: Iterable[Pair], bridges: Iterable[Collection] = BRIDGES
) -> dict[str, list[Pair]]:
    """Return pairs of Persian and a translator's Chinese.

    Args:
        folder: of parallel text.
        teacher: translates English, and judges what it wrote.
        pairs: of people; Persian that stands there is left to them.
        bridges: which files.

    Returns:
        The pairs of each file.

    Raises:
        TextError: a file is missing or has other columns, or the teacher never says how sure it is.
    """
    if teacher.confidence is None:
        raise TextError(f"{teacher.reference} cannot teach: it has no confidence.json, by which it is sure or not.")
    sure = max(_SURE, teacher.confidence.threshold)
    barred = held_out_sides(folder)
    known = {key(pair.source) for pair in pairs if pair.language == _PERSIAN}
    taught: dict[str, list[Pair]] = {}
    for bridge in bridges:
        rows = []
        for english, persian in read_columns(folder / bridge.file):
            sides = key(english), key(persian)
            if barred.isdisjoint(sides) and sides[1] not in known:
                known.add(sides[1])
                rows.append((english, persian))
        signs, texts = translated_signs(teacher, [(english, _ENGLISH) for english, _ in rows])
        own = taught[bridge.file] = []
        for (_, persian), seen, chinese in zip(rows, signs, texts, strict=True):
            if teacher.confidence.trust(seen) < sure:
                continue
            pair = clean(persian, chinese, bridge.source, bridge.domain)
            if pair and key(pair.target) not in barred:
                own.append(pair)
    return taught


def write_taught(taught: dict[str, list[Pair]], path: Path) -> None:
    """Write the pairs of each file, so that a training that goes on learns from the same."""
    rows = [(*vars(pair).values(), file) for file, pairs in taught.items() for pair in pairs]
    with whole_file(path) as unfinished:
        unfinished.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def read_taught(path: Path) -> dict[str, list[Pair]]:
    """Read what `write_taught` wrote."""
    taught: dict[str, list[Pair]] = {}
    for *pair, file in read_columns(path):
        taught.setdefault(file, []).append(Pair(*pair))
    return taught
