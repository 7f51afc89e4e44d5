"""Sets of sentences with their Chinese, as people keep them: tab-separated text, alone or beside recordings.

A file of text has no header, source and Chinese in two of its columns; a file beside recordings has one with `audio`,
`source` and `translation`, and `id`, `group` and `domain` where somebody wrote them. No row is passed over: a faulty
one ends the reading with a sentence that names file and row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from najva.languages import LARGE_V3_LANGUAGES
from sheets.speech_data import SPEECH
from synthesis.spoken_clips import read_label
from translation.parallel_text import TextError, read_utf8

# What is said after a set's name, so that synthetic speech is called so wherever a figure of it stands.
SYNTHETIC, RECORDED = "synthetic", "as recorded"
_AUDIO_COLUMNS = ("audio", "source", "translation")
_MOST_DOMAINS = 50
_PAIR_IN_NAME = re.compile(r"(?:^|[^a-zA-Z])([a-z]{2,3})-zh")


@dataclass(frozen=True)
class Item:
    """A sentence and its Chinese.

    Attributes:
        id: unique in its set.
        source: as it is written or was said.
        reference: Chinese by a person.
        group: what belongs together, such as one sentence by several speakers; empty where sentences stand alone.
        domain: the part of the set that it belongs to; empty without parts.
        audio: its recording; None of text.
    """

    id: str
    source: str
    reference: str
    group: str = ""
    domain: str = ""
    audio: Path | None = None


@dataclass(frozen=True)
class SentenceSet:
    """Sentences that engines are measured on.

    Attributes:
        name: unique in one measurement.
        language: of the sources, as Whisper writes it.
        items: in order.
        speech: `synthetic` or `as recorded`; empty of text.
        origin: where it is from and which of it was taken, for the record.
    """

    name: str
    language: str
    items: tuple[Item, ...]
    speech: str = ""
    origin: dict = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name, with a word where people did not speak it."""
        return f"{self.name} (synthetic speech)" if self.speech == SYNTHETIC else self.name

    @property
    def units(self) -> list[str]:
        """What intervals are drawn over, by item: its group, or the item itself."""
        return [f"group {item.group}" if item.group else f"item {item.id}" for item in self.items]


def read_text_set(
    path: Path, language: str, columns: Sequence[int] = (1, 2), *, by_domain: bool = False
) -> SentenceSet:
    """Read a file of text.

    Args:
        path: UTF-8, tab-separated, without a header.
        language: of the source; empty to take it from a name such as `fa-zh.tsv`.
        columns: numbers of source and Chinese, from 1 on.
        by_domain: whether the third column names the part of the set that a row belongs to.

    Raises:
        TextError: it cannot be used, in one sentence.
    """
    wanted = [*columns, 3] if by_domain else list(columns)
    items = []
    for number, cells in _rows(path):
        if len(cells) < max(wanted):
            raise TextError(f"Row {number} of {path} has {_counted(len(cells))}, and column {max(wanted)} is wanted.")
        source, reference, *domain = (cells[place - 1].strip() for place in wanted)
        for what, text in (("source", source), ("Chinese", reference)):
            if not text:
                raise TextError(f"Row {number} of {path} has no {what}.")
        items.append(Item(str(number), source, reference, domain="".join(domain)))
    origin = {"file": str(path), "sha256": _sha256(path), "columns": list(columns)}
    return SentenceSet(_name_of(path), language or language_of(path), tuple(items), origin=origin)


def read_speech_set(path: Path, language: str, folder: Path) -> SentenceSet:
    """Read a file beside recordings; see the module for its columns.

    Args:
        path: UTF-8, tab-separated, with a header.
        language: as `read_text_set`.
        folder: where the names in `audio` start.

    Raises:
        TextError: it cannot be used, or a recording is missing, in one sentence.
    """
    (_, header), *rows = _rows(path)
    header = [name.strip() for name in header]
    if missing := [name for name in _AUDIO_COLUMNS if name not in header]:
        raise TextError(
            f"{path} has no column '{missing[0]}'; a file with --audio-folder has a header with "
            f"{', '.join(_AUDIO_COLUMNS)}."
        )
    items: dict[str, Item] = {}
    for number, cells in rows:
        if len(cells) != len(header):
            raise TextError(f"Row {number} of {path} has {_counted(len(cells))} under {len(header)} headers.")
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        if empty := [name for name in _AUDIO_COLUMNS if not row[name]]:
            raise TextError(f"Row {number} of {path} has no {empty[0]}.")
        audio = folder / row["audio"]
        if not audio.is_file():
            raise TextError(f"Row {number} of {path} names {row['audio']}, and {folder} has no such file.")
        name = row.get("id") or row["audio"]
        if name in items:
            raise TextError(f"Row {number} of {path} has the id {name}, which another row has already.")
        texts = (row["source"], row["translation"])
        items[name] = Item(name, *texts, row.get("group", ""), row.get("domain", ""), audio)
    if not items:
        raise TextError(f"{path} has a header but no rows.")
    origin = {"file": str(path), "sha256": _sha256(path), "audio_folder": str(folder)}
    speech = _speech_of(folder, [item.audio for item in items.values()])
    return SentenceSet(_name_of(path), language or language_of(path), tuple(items.values()), speech, origin)


def language_of(path: Path) -> str:
    """Return the language of the sources that a file's name tells, such as `fa` of `fa-zh.tsv`.

    Raises:
        TextError: it tells none.
    """
    found = _PAIR_IN_NAME.search(path.name)
    if not found or found.group(1) not in LARGE_V3_LANGUAGES:
        raise TextError(f"The name of {path} does not say which language its sources are in: name it by --source.")
    return found.group(1)


def evenly_chosen(one: SentenceSet, limit: int) -> SentenceSet:
    """Return a set with so many of its sentences, evenly spaced, which every run chooses alike; 0 takes all."""
    total = len(one.items)
    if not 0 < limit < total:
        return one
    chosen = tuple(one.items[place * total // limit] for place in range(limit))
    return replace(one, items=chosen, origin=one.origin | {"chosen": f"{limit} evenly spaced of {total}"})


def parted(one: SentenceSet) -> list[SentenceSet]:
    """Return the parts of a set, one for each domain, in their first order.

    Raises:
        TextError: the column holds no names of parts.
    """
    domains = list(dict.fromkeys(item.domain for item in one.items))
    if len(domains) > _MOST_DOMAINS or "" in domains:
        found = "an empty one among them" if "" in domains else "too many for names of parts"
        raise TextError(f"The domains of {one.name} are {len(domains):,} different texts, {found}; see --by-domain.")
    return [
        replace(one, name=f"{one.name}/{domain}", items=tuple(item for item in one.items if item.domain == domain))
        for domain in domains
    ]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return number and cells of each row; empty lines at the end are none."""
    if not path.is_file():
        raise TextError(f"There is no file {path}.")
    text = read_utf8(path)
    if not text.strip():
        raise TextError(f"{path} is empty.")
    # Not splitlines(): U+2028 and its like may stand inside a sentence.
    lines = text.rstrip("\r\n").split("\n")
    return [(number, line.rstrip("\r").split("\t")) for number, line in enumerate(lines, start=1)]


def _counted(columns: int) -> str:
    return "one column" if columns == 1 else f"{columns} columns"


def _name_of(path: Path) -> str:
    """Return folder and file: `en-zh` alone is the name of a file in every collection."""
    return f"{path.resolve().parent.name}/{path.stem}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _speech_of(folder: Path, clips: Iterable[Path]) -> str:
    """Return whether somebody says that these clips are synthetic: a `speech.json`, or a label in one of them."""
    record = folder / SPEECH
    if record.is_file():
        try:
            said = json.loads(record.read_text(encoding="utf-8")).get("speech", SYNTHETIC)
        except (ValueError, AttributeError) as error:
            raise TextError(f"{record} is damaged: {error}.") from error
        return SYNTHETIC if said == SYNTHETIC else RECORDED
    return SYNTHETIC if any(read_label(clip)[0] is not None for clip in clips) else RECORDED
