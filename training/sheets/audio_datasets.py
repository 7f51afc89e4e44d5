"""Reads an audio data set of the Hub by `datasets`; its clips are written to files as they are stored.

Nothing is decoded here: `datasets` 5 would do it by torchcodec, which wants a system's FFmpeg; `najva.audio` reads the
files later as it reads any other.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import datasets
import pyarrow.compute
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError
from tqdm import tqdm

from sheets.faults import DataError
from sheets.sheet_cells import EMPTY, Cell, judge_value
from sheets.speech_data import SOURCE, read_source
from sheets.transcripts import OPTIONAL_COLUMNS, SPLIT_NAMES, Transcripts, collect_rows
from whole_files import whole_file


def read_dataset(
    reference: str, folder: Path, *, audio_column: str = "audio", text_column: str = "text"
) -> Transcripts:
    """Downloads a data set into the Hub's own cache and writes its clips into a folder.

    A clip has the name that the data set gives it; where two have one name, or a clip has none, its content makes it.
    Where the data set has a test split, its splits are taken as the sheet's column ``split`` would be; splits that are
    neither for training nor for validation or test are passed over.

    Args:
        reference: ``OWNER/NAME``, ``OWNER/NAME:CONFIG``, or a local folder in the form of a `datasets` repository.
        folder: Where the clips are written; made if need be.
        audio_column: Name of the column of clips.
        text_column: Name of the column of sentences.

    Returns:
        Rows and faults. A row's number counts the data set's rows from 1, split after split.

    Raises:
        DataError: There is no such data set or configuration, the Hub does not answer, or the columns are others.
    """
    parts, revision = _load(reference)
    wanted = {name: part for name, part in parts.items() if SPLIT_NAMES.get(name.casefold())} or parts
    columns = _columns(next(iter(wanted.values())), audio_column, text_column, reference)
    stated = any(SPLIT_NAMES.get(name.casefold()) == "test" for name in wanted)
    wanted = {name: _undecoded(part, columns) for name, part in wanted.items()}
    names = Counter(_file_name(path) for part in wanted.values() for path in _stored_paths(part, audio_column))
    folder.mkdir(parents=True, exist_ok=True)

    def rows() -> Iterator[tuple[int, dict[str, Cell]]]:
        values = ((split, values) for split, part in wanted.items() for values in part)
        for number, (split, row) in enumerate(tqdm(values, "Writing clips", names.total(), unit=" clips"), start=1):
            cells = {name: judge_value(row[column]) for name, column in columns.items() if name != "audio"}
            cells["audio"] = _write_clip(row[audio_column], folder, names)
            yield number, cells | ({"split": Cell(split)} if stated else {})

    listed = [*columns, "split"] if stated else list(columns)
    others = [name for name in parts if name not in wanted]
    origin = _published_source(reference) | {"dataset": reference, "dataset_revision": revision}
    origin |= {"passed_over": others} if others else {}
    return collect_rows(rows(), listed, origin)


def _load(reference: str) -> tuple[dict[str, datasets.Dataset], str]:
    name, _, config = reference.partition(":") if not Path(reference).is_dir() else (reference, "", "")
    try:
        with _audio_as_stored():
            builder = datasets.load_dataset_builder(name, config or None)
            builder.download_and_prepare()
            return dict(builder.as_dataset()), builder.hash
    except datasets.exceptions.DatasetNotFoundError as error:
        raise DataError(
            f"There is no data set {name}: the Hub has none, or it is private and HF_TOKEN may not read it."
        ) from error
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"The data set {reference} cannot be read: {reason[:300]}") from error


def _published_source(reference: str) -> dict[str, Any]:
    """What a data set that this project published says of its speech: that it is synthetic must not get lost."""
    folder, name = Path(reference), reference.partition(":")[0]
    if not folder.is_dir():
        try:
            folder = Path(hf_hub_download(name, SOURCE, repo_type="dataset")).parent
        except RemoteEntryNotFoundError:
            return {}
        except (HfHubHTTPError, OSError) as error:
            raise DataError(f"The file {SOURCE} of the data set {name} cannot be read: {error}") from error
    source = read_source(folder)
    return source if "speech" in source else {}


@contextmanager
def _audio_as_stored() -> Iterator[None]:
    """Lets `datasets` note a clip's path or bytes without torchcodec, which it would import first and not use."""

    def encode(self: datasets.Audio, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return {"bytes": value.get("bytes"), "path": value.get("path")}
        return {"bytes": value, "path": None} if isinstance(value, bytes) else {"bytes": None, "path": str(value)}

    original = datasets.Audio.encode_example
    datasets.Audio.encode_example = encode
    try:
        yield
    finally:
        datasets.Audio.encode_example = original


def _columns(part: datasets.Dataset, audio_column: str, text_column: str, reference: str) -> dict[str, str]:
    columns = {"audio": audio_column, "text": text_column}
    for name, column in columns.items():
        if column not in part.column_names:
            listed = ", ".join(f"'{name}'" for name in part.column_names)
            raise DataError(f"{reference} has no column '{column}', only {listed}; name yours by --{name}-column.")
    if not isinstance(part.features[audio_column], datasets.Audio):
        raise DataError(f"The column '{audio_column}' of {reference} holds no audio.")
    return columns | {name: name for name in OPTIONAL_COLUMNS if name in part.column_names}


def _undecoded(part: datasets.Dataset, columns: dict[str, str]) -> datasets.Dataset:
    return part.select_columns(list(columns.values())).cast_column(columns["audio"], datasets.Audio(decode=False))


def _stored_paths(part: datasets.Dataset, audio_column: str) -> list[str | None]:
    return pyarrow.compute.struct_field(part.data.column(audio_column), "path").to_pylist()


def _file_name(path: str | None) -> str:
    return PurePosixPath((path or "").replace("\\", "/")).name


def _write_clip(stored: dict[str, Any] | None, folder: Path, names: Counter[str]) -> Cell:
    """Writes one clip under its name; returns the name as the audio cell."""
    if not stored or (stored["bytes"] is None and not stored["path"]):
        return EMPTY
    name = _file_name(stored["path"])
    try:
        content = stored["bytes"] if stored["bytes"] is not None else Path(stored["path"]).read_bytes()
    except OSError:
        # It will be reported as missing.
        return Cell(name)
    if not name or names[name] > 1:
        digest = hashlib.sha256(content).hexdigest()[:16]
        # What `datasets` made of samples in memory is a WAV without a name.
        name = f"{Path(name).stem}-{digest}{Path(name).suffix}" if name else f"{digest}.wav"
    path = folder / name
    if not path.is_file() or path.read_bytes() != content:
        with whole_file(path) as unfinished:
            unfinished.write_bytes(content)
    return Cell(name)
