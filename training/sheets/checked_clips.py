"""All checks of a sheet and its clips together, and the clips that are left."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sheets.clip_checks import ClipFacts, find_clips, measure_clips
from sheets.clip_groups import numbered_recordings
from sheets.faults import DataError, Fault, fatal_rows
from sheets.pair_checks import check_duplicates, check_pace
from sheets.speech_data import Clip, relative_audio
from sheets.text_checks import check_texts
from sheets.transcripts import SheetRow, Transcripts


@dataclass(frozen=True)
class Limits:
    """What a usable clip is, at the least and at the most.

    Attributes:
        min_seconds: Shorter clips are left out.
        max_seconds: Longer clips are left out.
        min_letters_per_second: Rows with fewer get a remark; 3.3 is the least of 1,447 real and neural clips.
        max_letters_per_second: Rows with more are left out; 11.2 is the most of those.
    """

    min_seconds: float = 0.3
    max_seconds: float = 30.0
    min_letters_per_second: float = 1.0
    max_letters_per_second: float = 20.0


@dataclass(frozen=True)
class CheckedClips:
    """What came of the checks.

    Attributes:
        transcripts: The rows that were checked.
        faults: All of them.
        facts: What was measured of each row's clip.
        paths: Each row's clip, where there is one.
    """

    transcripts: Transcripts
    faults: Sequence[Fault]
    facts: dict[int, ClipFacts]
    paths: dict[int, Path]

    @property
    def usable_rows(self) -> list[SheetRow]:
        """The rows that are not left out."""
        left_out = fatal_rows(self.faults)
        return [row for row in self.transcripts.rows if row.row not in left_out]


def check_clips(transcripts: Transcripts, audio_folder: Path, limits: Limits) -> CheckedClips:
    """Checks the sentences, then the clips, then both against one another and among themselves.

    Args:
        transcripts: Rows, and what is already known to be wrong with their cells.
        audio_folder: Where the rows' file names start.
        limits: What a usable clip is.

    Raises:
        DataError: Not one clip is there.
    """
    rows = transcripts.rows
    paths, missing = find_clips(rows, audio_folder)
    if missing and not paths:
        raise DataError(
            f"Not one of the {len(missing):,} clips is in {audio_folder}; --audio-folder is where names such as "
            f"{next(row.id for row in rows if row.id)} start."
        )
    faults = [*transcripts.faults, *check_texts(rows), *missing]
    facts, unfit = measure_clips(paths, min_seconds=limits.min_seconds, max_seconds=limits.max_seconds)
    paces = {"slowest": limits.min_letters_per_second, "fastest": limits.max_letters_per_second}
    faults += [*unfit, *check_pace(rows, facts, **paces)]
    usable = CheckedClips(transcripts, faults, facts, paths).usable_rows
    return CheckedClips(transcripts, [*faults, *check_duplicates(usable, facts)], facts, paths)


def usable_clips(checked: CheckedClips, data_folder: Path, *, recording_gap: int) -> list[Clip]:
    """Joins each usable row with what was measured of its clip.

    Args:
        checked: What came of the checks.
        data_folder: What the clips' paths are to be relative to.
        recording_gap: See :func:`sheets.clip_groups.numbered_recordings`; of no account where the sheet names
            recordings.
    """
    rows = checked.usable_rows
    recordings = {row.id: row.recording for row in rows}
    if "recording" not in checked.transcripts.columns:
        # Of all rows: a clip that is left out does not part its recording in two.
        recordings = numbered_recordings({row.id for row in checked.transcripts.rows if row.id}, recording_gap)
    clips = []
    for row in rows:
        path, facts = checked.paths[row.row], checked.facts[row.row]
        clip = Clip(
            id=row.id,
            audio=relative_audio(path, data_folder),
            text=row.text,
            seconds=facts.seconds,
            sample_rate_hz=facts.sample_rate_hz,
            sha256=facts.sha256,
            speaker=row.speaker,
            recording=recordings.get(row.id, ""),
            row=row.row,
            path=path,
        )
        clips.append(clip)
    return clips
