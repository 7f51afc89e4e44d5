"""FLEURS of the Hub: FLORES' sentences, read aloud; speech in many languages with the Chinese of what is said.

FLEURS (`google/fleurs`, CC BY 4.0, arXiv:2205.12446) has a table without header and an archive of clips a language and
split, a sentence by several speakers. Its splits mix FLORES' dev, which translation models are trained and tuned on,
with its devtest, so that only what stands in devtest may be measured on.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from najva.languages import LARGE_V3_LANGUAGES
from translation.parallel_text import TextError, key, read_columns
from translation.published_sets import DataSet, read_flores
from translation.translation_sets import RECORDED, Item, SentenceSet
from whole_files import whole_file

FLEURS = "google/fleurs"
_CHINESE, _SPLITS = "cmn_hans_cn", ("test", "dev", "train")


@dataclass(frozen=True)
class FleursRow:
    """A clip of FLEURS: the number of its sentence, its file and what is read."""

    sentence: int
    file: str
    text: str


def devtest_keys(reference: str, language: str) -> set[str]:
    """Return the `key` of both sides of every sentence of FLORES devtest.

    Args:
        reference: as `read_flores`, or a file of parallel text with its sentences.
        language: see `read_flores`.

    Raises:
        TextError: it cannot be had.
    """
    if Path(reference).is_file():
        return {key(side) for row in read_columns(Path(reference)) for side in row}
    # FLEURS' Chinese is Simplified.
    items = read_flores(reference, language, "zh-Hans").items
    return {key(side) for item in items for side in (item.source, item.reference)}


def read_fleurs(config: str, language: str, flores: str) -> SentenceSet:
    """Read clips of FLEURS, still in their archive, with the Chinese of their sentences.

    Args:
        config: `fa_ir`, or `fa_ir:dev` for another split than `test`.
        language: of the speech, as Whisper writes it; empty to take it from the config.
        flores: see `devtest_keys`.

    Raises:
        TextError: it cannot be had, or has no sentence of devtest.
    """
    config, _, split = config.partition(":")
    split, language = split or _SPLITS[0], language or config.partition("_")[0]
    if language not in LARGE_V3_LANGUAGES or config == _CHINESE:
        raise TextError(f"'{config}' does not say in Whisper's code which language is spoken: name it by --source.")
    data = DataSet(FLEURS)
    rows = fleurs_rows(data.file(f"data/{config}/{split}.tsv"))
    # A sentence need not stand in the same split in each language.
    chinese = [row for one in _SPLITS for row in fleurs_rows(data.file(f"data/{_CHINESE}/{one}.tsv"))]
    items, left_out = joined_clips(rows, chinese, devtest_keys(flores, language))
    if not items:
        raise TextError(
            f"None of the {len(rows):,} clips of {config} {split} has Chinese and stands in FLORES devtest."
        )
    origin = {"data_set": FLEURS, "revision": data.revision, "config": config, "split": split, "flores": flores}
    return SentenceSet(f"fleurs {config} {split}", language, tuple(items), RECORDED, origin | {"left_out": left_out})


def fleurs_rows(path: Path) -> list[FleursRow]:
    """Read a table: number of the sentence, file, text as it was printed, normalised text, letters, samples, gender.

    Raises:
        TextError: it is another table.
    """
    rows = []
    for number, cells in enumerate(read_columns(path), start=1):
        if len(cells) < 3 or not cells[0].isdigit():
            raise TextError(f"Row {number} of {path} is none of FLEURS': it begins with number, file and text.")
        rows.append(FleursRow(int(cells[0]), cells[1], cells[2].strip()))
    return rows


def joined_clips(
    rows: Sequence[FleursRow], chinese: Iterable[FleursRow], devtest: set[str]
) -> tuple[list[Item], dict[str, int]]:
    """Return the clips whose sentence has Chinese and stands in devtest, a sentence's speakers as one group.

    FLORES+ has mended sentences since FLEURS was read, mostly on one side, so that either side may tell.

    Args:
        rows: clips.
        chinese: clips of the same sentences in Chinese; the first text of each counts.
        devtest: see `devtest_keys`.

    Returns:
        The clips, and how many were left out by reason.
    """
    texts: dict[int, str] = {}
    for row in chinese:
        texts.setdefault(row.sentence, row.text)
    items, left_out = [], {"without Chinese": 0, "not in devtest": 0}
    for row in rows:
        reference = texts.get(row.sentence)
        if reference is None:
            left_out["without Chinese"] += 1
        elif not devtest & {key(row.text), key(reference)}:
            left_out["not in devtest"] += 1
        else:
            items.append(Item(row.file, row.text, reference, group=str(row.sentence)))
    return items, left_out


def unpacked(one: SentenceSet, cache: Path) -> SentenceSet:
    """Return a set of FLEURS with its clips written to files.

    Args:
        one: of `read_fleurs`, or a part of it.
        cache: folder in which each revision has its own.

    Raises:
        TextError: the archive cannot be had, or lacks a clip.
    """
    config, split = one.origin["config"], one.origin["split"]
    folder = cache / "fleurs" / f"{config}-{split}-{one.origin['revision'][:12]}"
    paths = {item.id: folder / PurePosixPath(item.id).name for item in one.items}
    missing = {path.name for path in paths.values() if not path.is_file()}
    if missing:
        archive = DataSet(FLEURS).file(f"data/{config}/audio/{split}.tar.gz")
        with tarfile.open(archive) as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                if member.isfile() and name in missing:
                    with whole_file(folder / name) as unfinished:
                        unfinished.write_bytes(tar.extractfile(member).read())
                    missing.remove(name)
    if missing:
        raise TextError(f"The archive of {config} {split} lacks {len(missing)} clips, such as {min(missing)}.")
    return replace(one, items=tuple(replace(item, audio=paths[item.id]) for item in one.items))
