"""The clips that are spoken: WAV files that say what they are, so that the sheet can be spoken in several goes.

A clip carries its recipe in the file's own comment. Whoever finds the file reads that it is synthetic; a clip whose
recipe has not changed need not be spoken again, and a file without one is not ours to write over.
"""

import io
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from synthesis.speech_recipes import Palette
from synthesis.spoken_sheet import SpokenRow
from synthesis.synthetic_speech import SynthesisError
from whole_files import whole_file

TITLE = "Synthetic speech"


@dataclass(frozen=True)
class Outcome:
    """What became of a row: seconds of speech, newly spoken or kept from before; or why there is none."""

    seconds: float = 0.0
    kept: bool = False
    fault: str = ""


def speak_rows(rows: Sequence[SpokenRow], folder: Path, palette: Palette, engine: str) -> dict[int, Outcome]:
    """Speaks every row that can be, as many at a time as there are processors, with a progress bar on stderr.

    Args:
        rows: Rows; those with a fault are passed over.
        folder: Where their names start.
        palette: What is drawn from.
        engine: Name and version of the synthesiser, for the labels.

    Returns:
        What became of each row, by its number.

    Raises:
        OSError: A clip cannot be written; those before it are there.
    """

    def speak(row: SpokenRow) -> Outcome:
        if row.fault:
            return Outcome(fault=row.fault)
        path, recipe = folder / row.name, palette.draw(row.name)
        label = recipe.label(row.text, engine)
        found, seconds = read_label(path) if path.is_file() else (None, 0.0)
        if found == label:
            return Outcome(seconds, kept=True)
        try:
            waveform, rate_hz = recipe.speak(row.text)
        except SynthesisError as error:
            return Outcome(fault=str(error).rstrip("."))
        write_clip(path, waveform, rate_hz, label)
        return Outcome(len(waveform) / rate_hz)

    # espeak-ng runs in processes of its own, and threads can wait for those.
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        spoken = tqdm(pool.map(speak, rows), total=len(rows), unit=" sentences", desc="Speaking")
        return {row.number: outcome for row, outcome in zip(rows, spoken, strict=True)}
    finally:
        # Where one clip cannot be written, the others that are being written are whole, or gone, before it is told.
        pool.shutdown(cancel_futures=True)


def foreign_clips(rows: Iterable[SpokenRow], folder: Path) -> list[Path]:
    """Finds files that stand where clips are to go and that were not spoken here: somebody's recordings.

    Args:
        rows: Rows; those with a fault are passed over.
        folder: Where their names start.
    """
    paths = [folder / row.name for row in rows if not row.fault]
    # An empty file is what a crashed machine leaves behind.
    return [path for path in paths if path.is_file() and path.stat().st_size and read_label(path)[0] is None]


def write_clip(path: Path, waveform: np.ndarray, sample_rate_hz: int, label: str) -> None:
    """Writes a 16-bit WAV that says what it is, whole or not at all.

    Args:
        path: Where to; folders are made.
        waveform: float32 of shape ``(samples,)`` within ±1.
        sample_rate_hz: Its rate.
        label: The clip's :meth:`Recipe.label`.

    Raises:
        OSError: It cannot be written.
    """
    content = io.BytesIO()
    with soundfile.SoundFile(content, "w", sample_rate_hz, 1, "PCM_16", format="WAV") as file:
        file.title = TITLE
        file.write(waveform)
        # After the sound: a file that breaks off has lost its label.
        file.comment = label
    # libsndfile itself says nothing of a full disk.
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content.getbuffer())


def read_label(path: Path) -> tuple[str | None, float]:
    """Reads what a file says of itself.

    Args:
        path: Any file.

    Returns:
        The label, which is empty if the file breaks off, and the duration in seconds; None and 0 if the file is not one
        of :func:`write_clip`.
    """
    try:
        with soundfile.SoundFile(path) as file:
            return (file.comment, file.frames / file.samplerate) if file.title == TITLE else (None, 0.0)
    except soundfile.LibsndfileError:
        return None, 0.0
