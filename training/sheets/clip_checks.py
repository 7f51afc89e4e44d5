"""Finds a sheet's clips, decodes each once, and measures what tells a good clip from a faulty one.

A clip is held in memory only while its thread measures it, so memory does not grow with the number of clips.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from najva import audio
from sheets.faults import Fault
from sheets.transcripts import SheetRow

# The quietest of 1,447 real and neural clips peaks at -19 dB, the hiss of an open microphone at about -60.
_SILENCE_PEAK = 10 ** (-50 / 20)
# Share of samples that stand, two or more in a row, within 1 % of the clip's peak. The highest of 1,447 real and neural
# clips is 0.00015; recorded 3 dB too loud, two of them have 0.0007 and 0.0017, 6 dB too loud 0.003 and 0.013. Of an MP3
# made afterwards the peaks are no longer flat: there only 12 dB and more are seen.
_CLIPPED_SHARE = 1e-3


@dataclass(frozen=True)
class ClipFacts:
    """What one decoding of a clip tells.

    Attributes:
        seconds: Duration.
        sample_rate_hz: The file's own rate, that of ``librosa.load(path, sr=None)``.
        sha256: Of the decoded PCM, as 16-bit little-endian mono at that rate: a WAV and the FLAC made from it have the
            same. Rounding to 16 bits makes it the same wherever a lossy codec's last bits differ.
        peak: Largest absolute sample, less the mean; 1 is full scale.
        clipped_share: Share of samples cut off at the peak.
    """

    seconds: float
    sample_rate_hz: int
    sha256: str
    peak: float
    clipped_share: float


def find_clips(rows: Iterable[SheetRow], folder: Path) -> tuple[dict[int, Path], list[Fault]]:
    """Looks for every row's clip.

    The folder may be the one that the sheet's names start from, or the one inside it that they name: `myaudio/1.wav`
    is looked for in the folder and, if that is called `myaudio`, as `1.wav` too.

    Args:
        rows: Rows; those without a name are passed over.
        folder: The audio folder.

    Returns:
        Row number to file, and a fault for each row whose file is not there, with a hint where one is like it.
    """
    found, faults, listings = {}, [], {}
    for row in rows:
        if not row.id:
            continue
        path = folder / row.id
        first, _, rest = row.id.partition("/")
        if rest and first == folder.resolve().name and not path.is_file():
            path = folder / rest
        if path.is_file():
            found[row.row] = path
            continue
        if path.parent not in listings:
            listings[path.parent] = _file_names(path.parent)
        faults.append(Fault(row.row, "audio", "missing", f"there is no {row.id}{_hint(path, listings[path.parent])}"))
    return found, faults


def measure_clips(
    paths: Mapping[int, Path], *, min_seconds: float, max_seconds: float
) -> tuple[dict[int, ClipFacts], list[Fault]]:
    """Decodes every clip once, in as many threads as there are processors, with a progress bar on stderr.

    Args:
        paths: Row number to file.
        min_seconds: Shortest clip that is not "too short".
        max_seconds: Longest clip that is not "too long".

    Returns:
        Row number to what was measured, and the faults. A clip that is unreadable or too long has no facts.
    """

    def measure(item: tuple[int, Path]) -> tuple[int, ClipFacts | Fault]:
        number, path = item
        try:
            return number, _measure(path, max_seconds)
        except _TooLongError as error:
            return number, Fault(number, "audio", "too long", str(error))
        except audio.AudioError as error:
            return number, Fault(number, "audio", "unreadable", str(error))

    facts, faults = {}, []
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        for number, found in tqdm(pool.map(measure, paths.items()), "Checking clips", len(paths), unit=" clips"):
            if isinstance(found, Fault):
                faults.append(found)
                continue
            facts[number] = found
            faults += _clip_faults(number, found, min_seconds)
    finally:
        pool.shutdown(cancel_futures=True)
    return facts, faults


class _TooLongError(Exception):
    """The clip goes on beyond the limit; the message says how long it is."""


def _measure(path: Path, max_seconds: float) -> ClipFacts:
    try:
        waveform, rate_hz = audio.read(path, max_seconds=max_seconds)
        seconds = len(waveform) / rate_hz
    except audio.AudioError:
        # Too long, or no sound at all? Counted block by block; what is no sound is refused once more.
        rate_hz = audio.probe(path).sample_rate_hz
        seconds = sum(len(block) for block in audio.read_blocks(path)) / rate_hz
        if seconds <= max_seconds:
            # Its headers say more than it holds, as those of Opus do, or it breaks off.
            waveform, rate_hz = audio.read(path)
    if seconds > max_seconds:
        raise _TooLongError(f"{seconds:.2f} s")
    pcm = np.rint(waveform * 2.0**15).clip(-(2**15), 2**15 - 1).astype("<i2")
    loudness = np.abs(waveform - waveform.mean())
    peak = float(loudness.max())
    # Beyond full scale only where a codec has overshot a waveform that was cut off at full scale.
    at_peak = np.abs(waveform) >= 0.99 * min(float(np.abs(waveform).max()), 1.0)
    return ClipFacts(
        seconds=seconds,
        sample_rate_hz=rate_hz,
        sha256=hashlib.sha256(pcm.tobytes()).hexdigest(),
        peak=peak,
        clipped_share=float(np.mean(at_peak[1:] & at_peak[:-1])) if len(waveform) > 1 else 0.0,
    )


def _clip_faults(number: int, facts: ClipFacts, min_seconds: float) -> list[Fault]:
    faults = []
    if facts.seconds < min_seconds:
        faults.append(Fault(number, "audio", "too short", f"{facts.seconds:.2f} s"))
    if facts.peak < _SILENCE_PEAK:
        level = f"peak at {20 * np.log10(facts.peak):.0f} dB" if facts.peak else "no sound at all"
        faults.append(Fault(number, "audio", "silent", level))
    elif facts.clipped_share > _CLIPPED_SHARE:
        faults.append(
            Fault(number, "audio", "clipped", f"{100 * facts.clipped_share:.1f} % of the samples are cut off")
        )
    return faults


def _file_names(folder: Path) -> dict[str, str]:
    """The names of a folder's files by what may be written for them: without their ending, in another case."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    return {Path(name).stem.casefold(): name for name in names} | {name.casefold(): name for name in names}


def _hint(path: Path, names: dict[str, str]) -> str:
    if not path.parent.is_dir():
        return f": no folder {path.parent.name} is there"
    like = names.get(path.name.casefold()) or names.get(path.stem.casefold())
    return f", but there is {like}" if like else ""
