r"""From a transcript sheet and a folder of clips to a data folder that every speech job reads.

    python training/prepare_transcripts.py --workbook S.xlsx --audio-folder D --output data/NAME
    python training/prepare_transcripts.py --dataset OWNER/NAME[:CONFIG] --output data/NAME

Every row and clip is checked before anything is trained: faults are shown by Excel's row number and written to
`faults.csv`; more rows left out than `--max-fault-share` allows end the job. The split goes by the rank of a seeded
hash of each clip's name, so that the order of the rows means nothing; duplicates stay on one side, and so do recordings
or speakers on request. Clips stay where they are, at the rate they have. No model is loaded and no GPU used: about 150
clips a second and processor. Seconds, with the test data:

    python training/prepare_transcripts.py --workbook $NAJVA_TEST_DATA/persian_clips/transcripts.xlsx \
        --output data/persian_clips
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from transformers.hf_argparser import HfArgumentParser

from najva.persian import normalize
from options import option, required
from sheets.checked_clips import Limits, check_clips, usable_clips
from sheets.clip_groups import RECORDING_GAP, linked_groups
from sheets.faults import DataError, write_faults
from sheets.pair_checks import check_leaks
from sheets.speech_data import Clip, describe_source, write_speech
from sheets.speech_report import Preparation, summarize, write_report
from sheets.splits import Split, draw_split, wanted_count
from sheets.transcripts import Transcripts, read_transcripts
from whole_files import whole_file


@dataclass(frozen=True)
class Options:
    """What the job is asked to do."""

    output: str = required("the data folder to write; its name is the data's name")
    workbook: str | None = option(None, "the transcript sheet: .xlsx, .csv or .tsv")
    audio_folder: str | None = option(None, "where the sheet's file names start (default: the sheet's own folder)")
    dataset: str | None = option(None, "an audio data set of the Hub instead: OWNER/NAME or OWNER/NAME:CONFIG")
    sheet: str | None = option(None, "name of the sheet inside the workbook (default: the first)")
    audio_column: str = option("audio", "header of the file names; speaker, recording and split are read if there")
    text_column: str = option("text", "header of the sentences")
    group_by: Literal["none", "recording", "speaker"] = option("none", "what to keep on one side, besides duplicates")
    recording_gap: int = option(RECORDING_GAP, "clip numbers further apart are of two recordings, unless named")
    ignore_split: bool = option(False, "draw the split although the sheet or data set states one")
    seed: int = option(0, "of the split")
    test_share: float = option(0.2, "of all clips")
    validation_share: float = option(0.2, "of the clips that are not for the test")
    min_seconds: float = option(Limits.min_seconds, "shorter clips are left out")
    max_seconds: float = option(Limits.max_seconds, "longer clips are left out")
    max_letters_per_second: float = option(Limits.max_letters_per_second, "rows with more are left out")
    max_fault_share: float = option(0.1, "more rows left out than this share end the job before anything is split")
    synthetic: bool = option(False, "the speech is synthetic, and is to be called so wherever it shows")
    notes: str = option("", "what cards shall say of the data word for word, such as whose it is, under what licence")


def main() -> int:
    """Prepare the data; print the report and, last, one JSON line."""
    (options,) = HfArgumentParser(Options, description=__doc__.split("\n\n")[0]).parse_args_into_dataclasses()
    output = Path(options.output)
    try:
        check_options(options)
        transcripts, audio_folder = read(options)
        limits = Limits(
            min_seconds=options.min_seconds,
            max_seconds=options.max_seconds,
            max_letters_per_second=options.max_letters_per_second,
        )
        spoken = {"synthetic": options.synthetic, "notes": options.notes}
        source = describe_source(output.resolve().name, transcripts.origin, audio_folder, **spoken)
        checked = check_clips(transcripts, audio_folder, limits)
        clips = usable_clips(checked, output, recording_gap=options.recording_gap)
        preparation = Preparation(source, len(transcripts.rows), checked.faults, clips)
        refusal = too_many_faults(preparation, options)
        if not refusal:
            check_groups(clips, options)
            try:
                split, notes = split_clips(clips, transcripts, options)
            except DataError as error:
                # What was found out about the rows is written all the same.
                refusal = str(error)
            else:
                faults = [*checked.faults, *check_leaks(clips, split)]
                preparation = replace(preparation, faults=faults, split=split, notes=notes)
        write(preparation, output)
    except (DataError, OSError) as error:
        refusal = str(error)
    if refusal:
        print(refusal, file=sys.stderr)
    return 1 if refusal else 0


def check_options(options: Options) -> None:
    """Check what can be checked before anything is read.

    Raises:
        DataError: options contradict one another or are out of range.
    """
    if (options.workbook is None) == (options.dataset is None):
        raise DataError("Name either a sheet by --workbook or a data set by --dataset.")
    if options.dataset and (options.audio_folder or options.sheet):
        raise DataError("--audio-folder and --sheet go with --workbook, not with --dataset.")
    if options.audio_folder and not Path(options.audio_folder).is_dir():
        raise DataError(f"There is no folder {options.audio_folder}; --audio-folder is where the sheet's names start.")
    if not (0 < options.test_share < 1 and 0 < options.validation_share < 1 and 0 <= options.max_fault_share <= 1):
        raise DataError("--test-share, --validation-share and --max-fault-share are shares below 1, such as 0.2.")
    if not 0 <= options.min_seconds < options.max_seconds <= 30:
        raise DataError("--min-seconds must be below --max-seconds, and that at most 30, which is all Whisper hears.")
    if options.max_letters_per_second <= Limits.min_letters_per_second or options.recording_gap < 0:
        raise DataError("--max-letters-per-second must be above 1, and --recording-gap not below 0.")


def read(options: Options) -> tuple[Transcripts, Path]:
    """Read the sheet, or download the data set; return its rows and the folder where their file names start.

    Raises:
        DataError: it cannot be read, or has no rows.
    """
    columns = {"audio_column": options.audio_column, "text_column": options.text_column}
    if options.dataset:
        # It takes a second to import.
        from sheets.audio_datasets import read_dataset

        folder = Path(options.output) / "audio"
        transcripts = read_dataset(options.dataset, folder, **columns)
    else:
        workbook = Path(options.workbook)
        folder = Path(options.audio_folder or workbook.parent)
        transcripts = read_transcripts(workbook, sheet=options.sheet, **columns)
    if not transcripts.rows:
        raise DataError(f"{options.workbook or options.dataset} has a header but no rows.")
    if options.ignore_split:
        rows = [replace(row, split="") for row in transcripts.rows]
        faults = [fault for fault in transcripts.faults if fault.column != "split"]
        transcripts = replace(transcripts, rows=rows, faults=faults)
    return transcripts, folder


def too_many_faults(preparation: Preparation, options: Options) -> str:
    """Return why the job must end here, or nothing."""
    left_out = preparation.rows - len(preparation.clips)
    share = left_out / preparation.rows
    if share <= options.max_fault_share:
        return ""
    return (
        f"{left_out:,} of {preparation.rows:,} rows cannot be used ({100 * share:.1f} %), more than --max-fault-share "
        f"{options.max_fault_share:g} allows: mend those that {Path(options.output) / 'faults.csv'} lists, or raise it."
    )


def check_groups(clips: Sequence[Clip], options: Options) -> None:
    """Check that clips can be kept together by what was asked for.

    Raises:
        DataError: nothing is known of it.
    """
    if options.group_by != "none" and not any(getattr(clip, options.group_by) for clip in clips):
        numbers = ", and the clips' numbers tell none apart" if options.group_by == "recording" else ""
        raise DataError(
            f"There is no {options.group_by} to group by: the sheet has no column '{options.group_by}'{numbers}."
        )


def split_clips(clips: Sequence[Clip], transcripts: Transcripts, options: Options) -> tuple[Split, list[str]]:
    """Draw the split, or obey the sheet's; return it with sentences on how it came about.

    Raises:
        DataError: there is too little to split.
    """
    group_by = None if options.group_by == "none" else options.group_by
    labellings = [{clip.id: clip.sha256 for clip in clips}, {clip.id: normalize(clip.text, "fa-v1") for clip in clips}]
    notes = []
    if "recording" not in transcripts.columns and any(clip.recording for clip in clips):
        notes.append(f"Clip numbers more than {options.recording_gap:,} apart were taken for two recordings.")
    if group_by:
        labellings.append({clip.id: getattr(clip, group_by) for clip in clips})
        if alone := sum(not label for label in labellings[-1].values()):
            notes.append(f"Clips of no known {group_by}, {alone:,}, stand alone.")
    stated = {row.id: row.split for row in transcripts.rows if row.split}
    split = draw_split(
        linked_groups((clip.id for clip in clips), *labellings),
        seed=options.seed,
        test_share=options.test_share,
        validation_share=options.validation_share,
        stated=stated,
        group_by=group_by,
    )
    wanted = {"test": wanted_count(len(clips), options.test_share)} if not stated else {}
    if split.train and "validation" not in stated.values():
        wanted["validation"] = wanted_count(len(clips) - len(split.test), options.validation_share)
    for part, count in wanted.items():
        if (found := len(getattr(split, part))) != count:
            notes.append(f"{count:,} clips were wanted for {part}; whole groups come no nearer than {found:,}.")
    if stated:
        notes.append("The split that the sheet states was obeyed.")
    if not split.train:
        notes.append("No clip is for training: this is a set to measure on.")
    return split, notes


def write(preparation: Preparation, folder: Path) -> None:
    """Write what there is to write, print the report, and one JSON line as the last."""
    report = write_report(preparation)
    write_faults(folder / "faults.csv", preparation.faults)
    with whole_file(folder / "report.md") as unfinished:
        unfinished.write_text(report, encoding="utf-8")
    if preparation.split:
        write_speech(folder, preparation.clips, preparation.split, preparation.source)
    print(report)
    print(json.dumps({"data": str(folder)} | summarize(preparation), ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
