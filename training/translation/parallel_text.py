"""Parallel text becomes pairs that a translator can learn from: cleaned, tagged by domain, and none of any test.

A folder holds one folder a collection and in it tab-separated files without a header, source then Chinese, such as
`tatoeba/en-zh.tsv`. `COLLECTIONS` says of each file what kind of text it is and how often it is drawn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import StringIO
from itertools import islice
from pathlib import Path

from najva.translation.scripts import into_script
from najva.translation.spelling import source_spelling
from plain_text import UndecodableText, decoded

TALK, PROSE, SCREEN = "talk", "prose", "screen"
DOMAINS = (TALK, PROSE, SCREEN)
LANGUAGES = ("en", "fa")
# What each folder is and under which licence, for the card of whatever learned from it.
ORIGINS = {
    "msctd": ("film dialogue (MSCTD)", "MIT"),
    "tatoeba": ("Tatoeba", "CC BY 2.0 FR"),
    "crosswoz": ("CrossWOZ, travel dialogue", "Apache-2.0"),
    "multiwoz_zh": ("MultiWOZ, its human Chinese", "Apache-2.0"),
    "ud_pud": ("Parallel Universal Dependencies, news and Wikipedia", "CC BY-SA 3.0"),
    "tico19": ("TICO-19, health", "CC0"),
    "storybooks": ("Global Storybooks", "CC BY"),
    "cldr_names": ("names of languages and territories (CLDR)", "Unicode-3.0"),
    "massive_500": ("MASSIVE, voice commands, Persian", "CC BY 4.0"),
    "mizan_dev": ("Mizan, literature, Persian", "CC BY 4.0"),
    "mozilla_www": ("texts of mozilla.org", "MPL-2.0"),
    "android_ui": ("messages of Android", "Apache-2.0"),
    "gnome_mo": ("messages of GNOME", "GPL and LGPL"),
}
# Of a run: which files were learned from, and which never.
SPLIT = "split.json"
_VALIDATION_LINES = 1000


class TextError(ValueError):
    """Parallel text that cannot be used, in one sentence."""


@dataclass(frozen=True)
class Collection:
    """One file of pairs.

    Attributes:
        file: its place in the folder.
        source: language of the first column.
        domain: one of `DOMAINS`.
        times: how often each pair is seen in an epoch; every second time its source has no punctuation.
    """

    file: str
    source: str
    domain: str
    times: int = 1


COLLECTIONS = (
    Collection("msctd/train.en-zh.tsv", "en", TALK),
    Collection("tatoeba/en-zh.tsv", "en", TALK),
    Collection("crosswoz/en-zh_human.tsv", "en", TALK),
    Collection("crosswoz/en-zh_mtsource.tsv", "en", TALK),
    Collection("multiwoz_zh/en-zh_human.tsv", "en", TALK),
    Collection("ud_pud/en-zh.tsv", "en", PROSE, 2),
    Collection("tico19/en-zh.tsv", "en", PROSE, 2),
    Collection("storybooks/en-zh.tsv", "en", PROSE),
    Collection("cldr_names/en-zh.tsv", "en", TALK),
    Collection("mozilla_www/en-zh.tsv", "en", SCREEN),
    Collection("android_ui/en-zh.tsv", "en", SCREEN),
    Collection("tatoeba/fa-zh_direct.tsv", "fa", TALK, 4),
    Collection("tatoeba/fa-zh_pivot.tsv", "fa", TALK, 4),
    Collection("tico19/fa-zh.tsv", "fa", PROSE, 4),
    Collection("storybooks/fa-zh.tsv", "fa", PROSE, 4),
    Collection("storybooks/prs-zh.tsv", "fa", PROSE, 2),
    Collection("cldr_names/fa-zh.tsv", "fa", TALK),
    Collection("mozilla_www/fa-zh.tsv", "fa", SCREEN, 2),
    Collection("android_ui/fa-zh.tsv", "fa", SCREEN),
    Collection("gnome_mo/fa-zh.tsv", "fa", SCREEN),
)
# Never trained on, nor anything that shares a side with them.
_DIALOGUE, _FLORES_DEV = "msctd/dev.en-zh.tsv", "bench_flores_dev_part"
HELD_OUT = {"validation": (_DIALOGUE, _FLORES_DEV), "test": ("msctd/test.en-zh.tsv", "bench_flores_devtest")}


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation into Simplified Chinese.

    Attributes:
        source, target: cleaned.
        language: of the source.
        domain: one of `DOMAINS`.
    """

    source: str
    target: str
    language: str
    domain: str


def read_training(folder: Path, collections: Iterable[Collection] = COLLECTIONS) -> tuple[list[Pair], dict[str, int]]:
    """Read what is learned from, in the order of the collections.

    Args:
        folder: see the module.
        collections: which files, and how often.

    Returns:
        The pairs, and how many of each file were kept.

    Raises:
        TextError: a file is missing or has other columns.
    """
    barred = held_out_sides(folder)
    pairs, kept, seen = [], {}, set()
    for collection in collections:
        before = len(pairs)
        for source, target in read_columns(folder / collection.file):
            pair = clean(source, target, collection.source, collection.domain)
            if pair is None or (pair.source, pair.target) in seen:
                continue
            if key(pair.source) in barred or key(pair.target) in barred:
                continue
            seen.add((pair.source, pair.target))
            pairs += repeated(pair, collection.times)
        kept[collection.file] = (len(pairs) - before) // collection.times
    return pairs, kept


def repeated(pair: Pair, times: int) -> list[Pair]:
    """Return a pair so often; every second time without punctuation, as what is recognised from speech often is."""
    bare = replace(pair, source=_without_marks(pair.source))
    return [bare if time % 2 else pair for time in range(times)]


def read_validation(folder: Path) -> dict[str, list[Pair]]:
    """Return what a training is watched by: held-out dialogue, the first lines of it, and FLORES dev."""
    return {"dialogue": _some(folder / _DIALOGUE, "en", TALK, _VALIDATION_LINES), "flores": _flores_dev(folder)}


def read_calibration(folder: Path) -> list[Pair]:
    """Return held-out pairs of dialogue, which are not those of `read_validation`, and of FLORES dev."""
    dialogue = _some(folder / _DIALOGUE, "en", TALK, 2 * _VALIDATION_LINES)[_VALIDATION_LINES:]
    return [*dialogue, *_flores_dev(folder)]


def _flores_dev(folder: Path) -> list[Pair]:
    files = ((code, folder / _FLORES_DEV / f"{code}-zh.tsv") for code in LANGUAGES)
    return [pair for code, path in files for pair in _some(path, code, PROSE, None)]


def _some(path: Path, language: str, domain: str, most: int | None) -> list[Pair]:
    rows = islice(read_columns(path), most)
    return [pair for source, target, *_ in rows if (pair := clean(source, target, language, domain))]


def held_out_sides(folder: Path) -> set[str]:
    """Return the `key` of both sides of everything that is measured on."""
    files = [path for part in HELD_OUT.values() for name in part for path in _files(folder / name)]
    return {key(side) for path in files for row in read_columns(path) for side in row}


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise TextError(f"{path} is missing, and without it nobody knows what must not be learned.")
    return sorted(path.glob("*.tsv")) if path.is_dir() else [path]


def read_columns(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the columns of a file's rows.

    Raises:
        TextError: it is missing or not UTF-8, or a row has one column.
    """
    if not path.is_file():
        raise TextError(f"There is no {path}.")
    for number, line in enumerate(StringIO(read_utf8(path)), start=1):
        columns = tuple(line.rstrip("\r\n").split("\t"))
        if len(columns) < 2:
            raise TextError(f"Row {number} of {path} has no second column.")
        yield columns


def read_utf8(path: Path) -> str:
    """Return the text of a file that is there.

    Raises:
        TextError: it is not UTF-8.
    """
    try:
        return decoded(path.read_bytes())
    except UndecodableText as error:
        raise TextError(f"{path} {error}: save it as UTF-8.") from None


def _without_marks(text: str) -> str:
    """Return a text without punctuation, but for what stands inside words and numbers."""
    return _SPACES.sub(" ", _MARKS.sub(" ", text)).strip()


def key(text: str) -> str:
    """Return a text without case, spaces and punctuation, by which two are called the same."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] in "LNM")


_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_SPACES = re.compile(r"\s+")
_MARKS = re.compile(r"(?<!\d)[^\w\s'\u200c](?!\d)|[^\w\s'\u200c](?=\s|$)")
_HAN_SPACE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s+(?=[\u3000-\u9fff\uff00-\uffef])")
_LONGEST = 300  # letters of a side
# Chinese letters for one of the source, at least and at most; short ones vary more.
_RATIO, _SHORT = (0.12, 1.6), 12


def clean(source: str, target: str, language: str, domain: str) -> Pair | None:
    """Return a pair in the form that is learned, or None where the two sides cannot be translations."""
    source, target = source_spelling(source, language), clean_target(target)
    if not _LETTER.search(source) or not _HAN.search(target) or _HAN.search(source):
        return None
    if max(len(source), len(target)) > _LONGEST:
        return None
    if max(len(source), len(target)) > _SHORT and not _RATIO[0] < len(target) / len(source) < _RATIO[1]:
        return None
    return Pair(source, target, language, domain)


def clean_target(text: str) -> str:
    """Return Chinese in simplified letters and without spaces between them."""
    return _HAN_SPACE.sub("", into_script(_SPACES.sub(" ", text).strip(), "zh-Hans"))
