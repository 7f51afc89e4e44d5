"""What base, tuned and merged model write for one set of clips: decoded once, kept as ledgers, used again.

A ledger is used again only where the very same model would write the very same clips with the same settings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evaluation.ledgers import LedgerError, Row, read_ledger, write_ledger
from evaluation.scoring import FEW_UNITS
from najva.comparison import rule_for
from run_news import say
from run_record import NAME, RunError, add_sections, read_record
from sheets.clip_checks import find_clips, measure_clips
from sheets.clip_groups import RECORDING_GAP, numbered_recordings
from sheets.faults import DataError, refuse_fatal
from sheets.speech_data import Clip, describe_source
from sheets.transcripts import read_transcripts

if TYPE_CHECKING:
    from accelerate import PartialState

_MAX_SECONDS = 3600.0


@dataclass(frozen=True)
class ClipSet:
    """Clips that systems are compared on.

    Attributes:
        name: of the data.
        speech: "synthetic", "as recorded", or empty where nobody says.
        sha256: identifies clips, texts and split.
        language: code that the decoder is told.
        clips: in order.
        part: of the split; empty for a set of its own.
        some: which clips of the run's own data these are, such as `validation` or `first-20`; empty for the whole test.
    """

    name: str
    speech: str
    sha256: str
    language: str
    clips: tuple[Clip, ...]
    part: str = ""
    some: str = ""

    def ledger_name(self, system: str) -> str:
        """Return the file name of a system's ledger; only that of the run's own test has the system's plain name."""
        which = self.some if self.part else self.name
        return f"{system}-{which}.jsonl" if which else f"{system}.jsonl"


@dataclass(frozen=True)
class Written:
    """A system's ledger, and everything that it depends on."""

    rows: list[Row]
    made_with: dict


def models_of(run: Path, record: Mapping) -> dict[str, str]:
    """Return the model reference of each system of a run.

    Args:
        run: its folder.
        record: its `run.json`.
    """
    base, folder = record["base"]["reference"], run.resolve()
    if record["model"]["tuning"] == "lora":
        return {"base": base, "tuned": str(folder / "adapter"), "merged": str(folder / "merged")}
    return {"base": base, "tuned": str(folder)}


def number_recordings(clips: Sequence[Clip]) -> list[Clip]:
    """Tell recordings apart by the clips' numbers, as `prepare_transcripts.py` does, if they are enough for intervals.

    Over fewer than ten of them a bootstrap says nothing, while clip by clip it tells at least how the clips vary.
    """
    recordings = numbered_recordings((clip.id for clip in clips), RECORDING_GAP)
    if len(set(recordings.values())) < FEW_UNITS:
        return list(clips)
    return [replace(clip, recording=recordings.get(clip.id, "")) for clip in clips]


def read_clip_set(workbook: Path, language: str, *, audio_column: str = "audio", text_column: str = "text") -> ClipSet:
    """Read a sheet whose clips are all for measuring, in any language and of any length.

    Its file names start where it lies. A sheet that a job spoke says so in its properties.

    Args:
        workbook: xlsx, csv or tsv.
        language: of all of its clips.
        audio_column: header of the file names.
        text_column: header of the sentences.

    Raises:
        DataError: a row or a clip of it cannot be used; nothing is left out of a test.
    """
    transcripts = read_transcripts(workbook, audio_column=audio_column, text_column=text_column)
    paths, missing = find_clips(transcripts.rows, workbook.parent)
    facts, unfit = measure_clips(paths, min_seconds=0.0, max_seconds=_MAX_SECONDS)
    refuse_fatal(workbook.name, (*transcripts.faults, *missing, *unfit))
    if not paths:
        raise DataError(f"{workbook.name} has a header but no rows.")
    rows: dict[str, int] = {}
    for row in transcripts.rows:
        if rows.setdefault(row.id, row.row) != row.row:
            raise DataError(f"{workbook.name}, row {row.row}: {row.id} stands in row {rows[row.id]} already.")
    clips = [
        Clip(
            id=row.id,
            audio=row.id,
            text=row.text,
            seconds=facts[row.row].seconds,
            sample_rate_hz=facts[row.row].sample_rate_hz,
            sha256=facts[row.row].sha256,
            speaker=row.speaker,
            recording=row.recording,
            row=row.row,
            path=paths[row.row],
        )
        for row in transcripts.rows
    ]
    if "recording" not in transcripts.columns:
        clips = number_recordings(clips)
    source = describe_source(workbook.stem, transcripts.origin, workbook.parent)
    # The sheet may stay the same while a clip is recorded anew.
    content = "\n".join([source["workbook_sha256"], *(clip.sha256 for clip in clips)])
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return ClipSet(workbook.stem, source["speech"], sha256, language, tuple(clips))


@dataclass(frozen=True)
class Decoder:
    """How systems of a run are decoded.

    Attributes:
        run: folder that the ledgers are kept in.
        engine: see `decoding.load_engine`.
        compute_type: see `decoding.load_engine`.
        full_window: see `decoding.DecodeSettings`.
    """

    run: Path
    engine: str = "auto"
    compute_type: str = ""
    full_window: bool = False

    def write_all(self, models: Mapping[str, str], clips: ClipSet, state: PartialState) -> dict[str, Written]:
        """Return what each system writes.

        Args:
            models: reference by system.
            clips: decoded by each.
            state: the processes that share the clips.
        """
        return {name: self.write(name, reference, clips, state) for name, reference in models.items()}

    def write(self, name: str, reference: str, clips: ClipSet, state: PartialState) -> Written:
        """Return a system's rows; decoded now, unless the same lie there already."""
        from evaluation.decoding import DecodeSettings, decode_clips, load_engine

        engine, checkpoint = load_engine(reference, self.engine, self.compute_type)
        settings = DecodeSettings(
            engine=type(engine).__name__.removesuffix("Engine").lower(),
            compute_type=engine.compute_type,
            language=clips.language,
            full_window=self.full_window,
        )
        made_with = {
            "model": reference if name not in ("tuned", "merged") else name,
            "revision": checkpoint.revision,
            "window_seconds": engine.window_seconds,
            "decode": settings.as_dict(),
            "split_sha256": clips.sha256,
            "part": clips.part,
            "clips": len(clips.clips),
        }
        path = self.run / "ledgers" / clips.ledger_name(name)
        known = _of_the_main_process(state, lambda: self._find(name, made_with, clips))
        if known:
            say(f"{name}: {known} was decoded with the same settings and is used again.")
            rows = read_ledger(known) if state.is_main_process else []
            # What intervals are drawn by is the set's, not the decoder's.
            grouped = [replace(row, group=clip.group) for row, clip in zip(rows, clips.clips, strict=False)]
            known, rows = known if grouped == rows else None, grouped
        else:
            share = {"process": state.process_index, "processes": state.num_processes}
            rows = _gather(decode_clips(engine, clips.clips, settings, title=name, **share), clips)
        if state.is_main_process and known != path:
            write_ledger(path, rows, normalizer=rule_for(clips.language))
            # At once: what is interrupted later shall not be decoded again.
            ledgers = read_record(self.run).get("ledgers", {})
            add_sections(self.run, ledgers=ledgers | {path.name: made_with})
        return Written(rows, made_with)

    def _find(self, name: str, made_with: dict, clips: ClipSet) -> Path | None:
        """Return a ledger of the same model, settings and clips, in this run or, for the base, in one beside it."""
        own, wanted = self.run.resolve(), [(clip.id, clip.text) for clip in clips.clips]
        beside = sorted(own.parent.glob(f"*/{NAME}")) if name == "base" else []
        for folder in [self.run, *(path.parent for path in beside if path.parent != own)]:
            path = folder / "ledgers" / clips.ledger_name(name)
            try:
                if read_record(folder).get("ledgers", {}).get(path.name) != made_with:
                    continue
                if [(row.id, row.reference) for row in read_ledger(path)] == wanted:
                    return path
            except (RunError, LedgerError):
                # A neighbour that is damaged is none of this run's business, and a ledger that is, is written anew.
                continue
        return None


def _of_the_main_process(state: PartialState, look: Callable[[], Path | None]) -> Path | None:
    """Return what the main process finds, to all: each for itself might find something else a moment later."""
    from accelerate.utils import broadcast_object_list

    found = [look() if state.is_main_process else None]
    return broadcast_object_list(found)[0] if state.num_processes > 1 else found[0]


def _gather(part: list[Row], clips: ClipSet) -> list[Row]:
    """Bring the processes' rows together, each clip once and in order."""
    from accelerate.utils import gather_object

    by_id = {row.id: row for row in gather_object(part)}
    return [by_id[clip.id] for clip in clips.clips]
