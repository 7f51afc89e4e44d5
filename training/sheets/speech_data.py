"""Data folders: what `prepare_transcripts.py` writes and every speech job reads.

A folder holds ``manifest.csv`` (a row for every usable clip), ``split.json`` (which clip is on which side, and a hash),
``source.json`` (where all of it came from), ``faults.csv`` and ``report.md``. The sound stays where it is; the manifest
names it relative to the folder.
"""

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

from sheets.faults import DataError
from sheets.splits import PARTS, Split
from whole_files import whole_file, write_json

MANIFEST, SPLIT, SOURCE = "manifest.csv", "split.json", "source.json"
SPEECH = "speech.json"


@dataclass(frozen=True)
class Clip:
    """One usable clip: a row of the manifest.

    Attributes:
        id: The sheet's own name of the clip, with forward slashes; unique.
        audio: Its file, relative to the data folder with forward slashes; absolute only on another drive, empty where
            only transcripts were published.
        text: What is said, whitespace in order, otherwise as typed.
        seconds: Duration.
        sample_rate_hz: The file's own rate.
        sha256: Of the decoded PCM, see :class:`sheets.clip_checks.ClipFacts`.
        speaker: Who speaks, or empty.
        recording: What the clip was cut from, or empty.
        row: Excel's row number.
        path: The file, for whoever opens it from here; not in the manifest.
    """

    id: str
    audio: str
    text: str
    seconds: float
    sample_rate_hz: int
    sha256: str
    speaker: str
    recording: str
    row: int
    path: Path = field(default=Path(), compare=False)

    @property
    def group(self) -> str:
        """What intervals are clustered by: the recording, or the clip itself where none is known."""
        return self.recording or self.id


COLUMNS = tuple(column.name for column in fields(Clip) if column.name != "path")


@dataclass(frozen=True)
class SpeechData:
    """A data folder, read and checked.

    Attributes:
        name: The folder's name when it was prepared.
        folder: Where it lies.
        source: The content of ``source.json``; ``source["speech"]`` is "synthetic" or "as recorded".
        split: Which id is on which side.
        split_sha256: See :func:`split_sha256`; it stands beside every figure.
        repository: ``OWNER/NAME``, where it came from the Hub.
        revision: The commit.
    """

    name: str
    folder: Path
    source: dict[str, Any]
    split: Split
    split_sha256: str
    _clips: dict[str, Clip]
    repository: str = ""
    revision: str = ""

    def clips(self, part: str) -> list[Clip]:
        """Returns the clips of ``train``, ``validation`` or ``test``, by id, whatever the order of the sheet was."""
        return [self._clips[name] for name in getattr(self.split, part)]


def load_speech(reference: str | os.PathLike) -> SpeechData:
    """Reads a data folder, or a data set repository that holds the same files.

    Args:
        reference: A folder, or ``OWNER/NAME`` of the Hub; an existing folder wins.

    Returns:
        The data, every clip's file being there.

    Raises:
        DataError: It is neither, a file of it is missing or broken, manifest and split do not belong together, or a
            clip is not where the manifest says.
    """
    folder = _local_folder(str(reference))
    for name in (MANIFEST, SPLIT):
        if not (folder / name).is_file():
            raise DataError(f"{reference} is no data folder of prepare_transcripts.py: it has no {name}.")
    clips = {clip.id: clip for clip in read_manifest(folder / MANIFEST)}
    split, stated = _read_split(folder / SPLIT)
    if split.side().keys() != clips.keys() or split_sha256(split, clips.values()) != stated:
        raise DataError(f"{MANIFEST} and {SPLIT} of {reference} do not belong together; prepare the data again.")
    if not Path(reference).is_dir() and any(_leaves_folder(clip.audio) for clip in clips.values()):
        raise DataError(f"{MANIFEST} of {reference} names files outside its repository.")
    if not any(clip.audio for clip in clips.values()):
        raise DataError(
            f"{reference} has no audio, only transcripts and split, as it was published without --audio; name the "
            "folder it was made from, or publish it with the clips."
        )
    missing = [clip.audio for clip in clips.values() if not clip.path.is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(clips)} clips of {reference} are not where {MANIFEST} says, such as {missing[0]}; "
            "put them back, or prepare the data again."
        )
    source = read_source(folder)
    # A snapshot's folder is called like its commit.
    origin = ("", "") if Path(reference).is_dir() else (str(reference), folder.name)
    return SpeechData(source.get("name") or folder.name, folder, source, split, stated, clips, *origin)


def split_sha256(split: Split, clips: Iterable[Clip]) -> str:
    """Returns the hash of what is tested and trained on: which clip, with which sound and sentence, is on which side.

    Names alone would not do: stand-in speech has the names and the split of the recordings that it stands in for. It is
    taken of the JSON object ``{"test": [[id, sha256, text], …], "train": …, "validation": …}``, sorted by id, without
    spaces, in UTF-8. Seed, grouping and the sheet's order do not enter.

    Args:
        split: Which id is on which side.
        clips: Every clip of the split.
    """
    by_id = {clip.id: [clip.id, clip.sha256, clip.text] for clip in clips}
    sides = {part: [by_id[name] for name in sorted(getattr(split, part))] for part in PARTS}
    canonical = json.dumps(sides, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_manifest(path: Path) -> list[Clip]:
    """Reads ``manifest.csv``; whether the clips are there is not looked at.

    Raises:
        DataError: A column is missing, an id stands twice, or a number is none.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if absent := set(COLUMNS) - set(reader.fieldnames or ()):
                raise DataError(f"{path} is no manifest of this project: it lacks {', '.join(sorted(absent))}.")
            clips = [_clip(row, path.parent) for row in reader]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} cannot be read as a manifest ({error}).") from error
    if len({clip.id for clip in clips}) < len(clips):
        raise DataError(f"{path} names a clip twice; prepare the data again.")
    return clips


def write_speech(folder: Path, clips: Sequence[Clip], split: Split, source: dict[str, Any]) -> None:
    """Writes ``manifest.csv``, ``source.json`` and, last, ``split.json``, each whole or not at all.

    Args:
        folder: Made if need be.
        clips: The clips of the split, in the sheet's order.
        split: Which clip is on which side.
        source: Where they came from.
    """
    with whole_file(folder / MANIFEST) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(clip) | {"seconds": f"{clip.seconds:.4f}"} for clip in clips)
    sides = {"seed": split.seed, "group_by": split.group_by} | {part: getattr(split, part) for part in PARTS}
    for name, content in ((SOURCE, source), (SPLIT, sides | {"sha256": split_sha256(split, clips)})):
        write_json(folder / name, content)


def describe_source(
    name: str, origin: dict[str, Any], audio_folder: Path, *, synthetic: bool = False, notes: str = ""
) -> dict[str, Any]:
    """Returns the content of ``source.json``.

    Args:
        name: Of the data.
        origin: What was read: workbook or data set; of one that this project published, what it says itself.
        audio_folder: A ``speech.json`` in it or in the folder above, as `speak_sheet.py` writes it, says what spoke
            the clips; all of it is taken over, and the speech is synthetic.
        synthetic: Whether it is synthetic in any case.
        notes: What cards say of it word for word, such as whose it is and what it may be used for.

    Raises:
        DataError: ``speech.json`` is broken.
    """
    # The sheet's names may start above the folder that is named: myaudio/1.wav in spoken, given spoken/myaudio.
    records = [folder / SPEECH for folder in (audio_folder, audio_folder.resolve().parent)]
    spoken = next((_read_json(path) for path in records if path.is_file()), {})
    synthetic = synthetic or bool(spoken) or origin.get("speech") == "synthetic"
    source = spoken | origin | {"name": name, "speech": "synthetic" if synthetic else "as recorded"}
    return source | ({"notes": notes} if notes else {})


def read_source(folder: Path) -> dict[str, Any]:
    """Returns a folder's ``source.json``, nothing if there is none.

    Raises:
        DataError: It is broken.
    """
    return _read_json(folder / SOURCE) if (folder / SOURCE).is_file() else {}


def relative_audio(path: Path, folder: Path) -> str:
    """Returns a clip's path as the manifest has it: relative to the data folder where there is such a path."""
    path, folder = path.parent.resolve() / path.name, folder.resolve()
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive, on Windows
        return path.as_posix()


def _clip(row: dict[str, str], folder: Path) -> Clip:
    values = {name: row[name] for name in COLUMNS}
    numbers = {"seconds": float(row["seconds"]), "sample_rate_hz": int(row["sample_rate_hz"]), "row": int(row["row"])}
    return Clip(**values | numbers, path=folder / row["audio"])


def _read_split(path: Path) -> tuple[Split, str]:
    """Returns the split and the hash that it states."""
    content = _read_json(path)
    try:
        sides = {part: tuple(sorted(content[part])) for part in PARTS}
        return Split(seed=content["seed"], group_by=content["group_by"], **sides), content["sha256"]
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} is no split of this project; prepare the data again.") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is broken; write it again by the job that made it.") from error


def _leaves_folder(audio: str) -> bool:
    return Path(audio).is_absolute() or ".." in Path(audio).parts


def _local_folder(reference: str) -> Path:
    folder = Path(reference)
    if folder.is_dir():
        return folder
    if reference.count("/") != 1 or reference.startswith((".", "/")):
        raise DataError(f"There is no folder {reference}.")
    try:
        return Path(huggingface_hub.snapshot_download(reference, repo_type="dataset"))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise DataError(
            f"There is neither a folder {reference} nor a data set of that name that HF_TOKEN may read."
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise DataError(
            f"There is no folder {reference}, and the Hub does not hand out such a data set now."
        ) from error
