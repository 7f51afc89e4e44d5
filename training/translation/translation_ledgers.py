"""Ledgers: what an engine wrote of each sentence, with all that it was made from, so that nothing is computed twice.

One file an engine, a line a sentence and condition: `text` is a translation of what is written in the set, `speech` of
what Whisper recognised in its recording. A line is used again where the same inputs would give it again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

from translation.parallel_text import TextError
from whole_files import whole_file

TEXT, SPEECH = "text", "speech"
_SAVE_SECONDS = 10.0


@dataclass(frozen=True)
class Row:
    """One sentence as one engine translated it.

    Attributes:
        set: name of the set.
        condition: `text` or `speech`.
        id: the sentence's, unique in its set.
        source: as it is written or was said.
        reference: a person's Chinese.
        hypothesis: the engine's, as it was served.
        flags: what the guards found, and of speech also the transcript's flags.
        english: what a pivot went through.
        trust: the least of its sentences'; None where the engine knows none.
        seconds: of computing; of speech with the listening.
        engine: which wrote most of it.
        model: reference of each model that wrote any of it.
        group: see `Item`.
        heard: what was recognised; None of text.
        audio_seconds: of the recording; None of text.
        speech: `synthetic` or `as recorded`; empty of text.
        inputs: see `fingerprint`.
    """

    set: str
    condition: str
    id: str
    source: str
    reference: str
    hypothesis: str
    flags: Sequence[str] = ()
    english: str = ""
    trust: float | None = None
    seconds: float = 0.0
    engine: str = ""
    model: str = ""
    group: str = ""
    heard: str | None = None
    audio_seconds: float | None = None
    speech: str = ""
    inputs: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What a ledger has one row of."""
        return self.set, self.condition, self.id


@dataclass(frozen=True)
class HeardRow:
    """One recording as Whisper wrote it down.

    Attributes:
        set, id, reference: of the recording; the reference is what is said in it.
        hypothesis: what was recognised.
        language: that was told or heard.
        segments: in the form of `/transcribe`, with their words.
        flags: of the transcript.
        model: which wrote it.
        seconds: of computing.
        audio_seconds: of the recording.
        group, speech, inputs: see `Row`.
    """

    set: str
    id: str
    reference: str
    hypothesis: str
    language: str = ""
    segments: Sequence[dict] = ()
    flags: Sequence[str] = ()
    model: str = ""
    seconds: float = 0.0
    audio_seconds: float = 0.0
    group: str = ""
    speech: str = ""
    inputs: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What a ledger has one row of."""
        return self.set, SPEECH, self.id


Kind = TypeVar("Kind", Row, HeardRow)


class Ledger(Generic[Kind]):
    """The rows of one file; as a context it writes them whatever happens, at the latest when it ends.

    Args:
        path: a JSON Lines file; None to keep nothing.
        kind: of the rows.
        again: whether what lies there is left aside.

    Raises:
        TextError: the file is damaged.
    """

    def __init__(self, path: Path | None, kind: type[Kind], *, again: bool = False) -> None:
        self._path, self._rows, self._saved_at, self._changed = path, {}, time.monotonic(), False
        if path and path.is_file():
            for row in _read(path, kind):
                self._rows[row.key] = row
        self._usable = set() if again else set(self._rows)

    def find(self, key: tuple[str, str, str], inputs: str) -> Kind | None:
        """Return a row that was made from the same inputs; None where there is none."""
        row = self._rows.get(key)
        return row if row and key in self._usable and row.inputs == inputs else None

    def add(self, rows: Iterable[Kind]) -> None:
        """Keep rows; written to the file every few seconds."""
        for row in rows:
            self._rows[row.key] = row
            self._usable.add(row.key)
            self._changed = True
        if time.monotonic() - self._saved_at > _SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Write the file, whole or not at all."""
        if not self._path or not self._changed:
            return
        lines = [json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in self._rows.values()]
        with whole_file(self._path) as unfinished:
            unfinished.write_text("".join(lines), encoding="utf-8", newline="\n")
        self._saved_at, self._changed = time.monotonic(), False

    def __enter__(self) -> Ledger[Kind]:
        """Return itself."""
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Write what there is; what was interrupted goes on from here."""
        self.save()


def fingerprint(**inputs: object) -> str:
    """Return a short name of everything that a row is made from: text, engine, models, target, sound."""
    content = json.dumps(inputs, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def ledger_path(output: Path | None, name: str) -> Path | None:
    """Return where an engine's ledger is kept; None where nothing is."""
    return output / "ledgers" / f"{name}.jsonl" if output else None


def _read(path: Path, kind: type[Kind]) -> list[Kind]:
    known = {one.name for one in fields(kind)}
    rows = []
    # Not splitlines(): U+2028 and its like may stand inside a JSON string.
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(kind(**{name: value for name, value in json.loads(line).items() if name in known}))
        except (ValueError, TypeError, AttributeError) as error:
            raise TextError(f"Line {number} of {path} is damaged: delete the file, and it is made anew.") from error
    return rows
