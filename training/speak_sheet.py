r"""Speaks a sheet's sentences with espeak-ng into the file names that the sheet gives: stand-in audio, synthetic.

    python training/speak_sheet.py --workbook S.xlsx --output D

D then holds the clips, a copy of the workbook with the voices in a column `speaker`, and `speech.json`, by which
everything downstream calls the speech synthetic. Voice, speed, pitch, noise and room of a clip are drawn by the seeded
hash of its name: speaking it again gives the same samples, the order of the rows means nothing, and a job that was
stopped goes on where it was. Rows that cannot be spoken are named and skipped.

To tell new sentences from new voices, train without some voices and let them speak the test rows into a folder of
their own; the copy there holds these rows alone, `test` in its column `split`:

    python training/speak_sheet.py --workbook S.xlsx --output D --exclude-voices fa+f2 fa+steph fa+robert fa+pablo
    python training/prepare_transcripts.py --workbook D/S.xlsx --output data/spoken
    python training/speak_sheet.py --workbook S.xlsx --output E --voices fa+f2 fa+steph fa+robert fa+pablo \
        --rows data/spoken/split.json:test
    python training/prepare_transcripts.py --workbook E/S.xlsx --output data/spoken_by_others

Two idle cores speak some 90 sentences a second, with noise and room some 50. Four seconds, with the test data:

    python training/speak_sheet.py --workbook $NAJVA_TEST_DATA/persian_sheets/myaudio_tiny.xlsx \
        --output data/spoken80 --limit 80 --noise 5 30 --room 0.1 0.6
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers.hf_argparser import HfArgumentParser

from options import option, required
from sheets.faults import DataError
from synthesis.speech_recipes import Palette
from synthesis.spoken_clips import Outcome, foreign_clips, speak_rows
from synthesis.spoken_sheet import SpokenRow, SpokenSheet, read_sheet, write_copy
from synthesis.synthetic_speech import PERSIAN_VOICES, SynthesisError, check_voices, engine_version, installed_variants
from whole_files import write_json

RECORD = "speech.json"
_SHOWN_FAULTS = 20


@dataclass(frozen=True)
class Options:
    """What the job is asked to do."""

    workbook: str = required("the transcript sheet: .xlsx, .csv or .tsv")
    output: str = required("folder of the clips; the sheet's file names start there")
    voices: list[str] = option([], "which voices speak, such as fa fa+m3, or how many (default: all usable ones)")
    exclude_voices: list[str] = option([], "voices that are withheld")
    rows: str | None = option(None, "speak these clips only: SPLIT.json:test, of a prepared data folder")
    limit: int | None = option(None, "speak the first so many of them")
    speeds: list[int] = option([90, 130], "slowest and fastest, words a minute, 80 to 450; the default is a lecturer's")
    pitches: list[int] = option([30, 70], "lowest and highest, 0 to 99; 50 is a voice's own")
    noise: list[float] = option([], "least and most dB of speech over noise, such as 5 30 (default: no noise)")
    room: list[float] = option([], "shortest and longest reverberation in seconds, such as 0.1 0.6 (default: no room)")
    seed: int = option(0, "of all draws")
    sheet: str | None = option(None, "name of the sheet inside the workbook (default: the first)")
    audio_column: str = option("audio", "header of the file names")
    text_column: str = option("text", "header of the sentences")


def main() -> int:
    """Speaks the sheet and prints what was done, and one JSON line."""
    (options,) = HfArgumentParser(Options, description=__doc__.split("\n\n")[0]).parse_args_into_dataclasses()
    try:
        check_options(options)
        palette = make_palette(options)
        columns = {"audio_column": options.audio_column, "text_column": options.text_column}
        sheet = read_sheet(Path(options.workbook), sheet=options.sheet, **columns)
        rows = choose_rows(sheet, options)
        folder, record = Path(options.output), describe_speech(palette)
        check_folder(folder, sheet, rows, record)
        # First, so that a job that is stopped leaves no clips behind that are not called synthetic.
        write_json(folder / RECORD, record)
        outcomes = speak_rows(rows, folder, palette, f"{record['engine']} {record['version']}")
        finish(sheet, rows, outcomes, palette, options)
    except (DataError, SynthesisError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = error.filename or options.output
        print(f"{where}: {error.strerror}. When that is mended, the same command goes on from here.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 1
    return 0


def check_options(options: Options) -> None:
    """Checks what can be checked before anything is read.

    Raises:
        DataError: An option is out of range.
    """
    bounds = {"speeds": (80, 450), "pitches": (0, 99), "noise": (-20, 60), "room": (0.05, 3)}
    for name, (lowest, highest) in bounds.items():
        values = getattr(options, name)
        if values and not (len(values) == 2 and lowest <= values[0] <= values[1] <= highest):
            raise DataError(f"--{name} takes two numbers from {lowest:g} to {highest:g}, the lower one first.")
    if options.limit is not None and options.limit < 1:
        raise DataError("--limit is a number of clips, 1 or more.")


def make_palette(options: Options) -> Palette:
    """Returns what is drawn from.

    Raises:
        DataError: No voice is left.
        SynthesisError: espeak-ng is not installed, or lacks a voice that is named.
    """
    installed = {"fa", *(f"fa+{variant}" for variant in installed_variants())}
    voices, count = [voice for voice in PERSIAN_VOICES if voice in installed], None
    if len(options.voices) == 1 and options.voices[0].isdigit():
        count = int(options.voices[0])
    elif options.voices:
        voices = list(dict.fromkeys(options.voices))
    check_voices([*voices, *options.exclude_voices])
    voices = [voice for voice in voices if voice not in options.exclude_voices]
    if not voices:
        raise DataError("--exclude-voices leaves no voice to speak.")
    if count is not None and not 1 <= count <= len(voices):
        raise DataError(f"--voices {count} is not possible; there are {len(voices)} voices to choose from.")
    return Palette(
        voices=tuple(voices[:count]),
        speeds=tuple(options.speeds),
        pitches=tuple(options.pitches),
        noise=tuple(options.noise) or None,
        room=tuple(options.room) or None,
        seed=options.seed,
    )


def choose_rows(sheet: SpokenSheet, options: Options) -> list[SpokenRow]:
    """Returns the rows that are asked for, those with a fault among them.

    Raises:
        DataError: There is no such split, or no row of it can be spoken.
    """
    rows = sheet.rows
    if options.rows:
        ids = read_ids(options.rows)
        rows = [row for row in rows if row.name in ids]
        if absent := len(ids - {row.name for row in rows}):
            print(f"{absent:,} of the {len(ids):,} clips of {options.rows} are not in {sheet.path.name}.")
    speakable = [row.number for row in rows if not row.fault]
    if not speakable:
        raise DataError(
            f"Not one row of {sheet.path.name} can be spoken"
            + (f"; row {rows[0].number}, for one: {rows[0].fault}." if rows else ": there is none.")
        )
    last = speakable[: options.limit][-1]
    return [row for row in rows if row.number <= last or not options.limit]


def read_ids(reference: str) -> set[str]:
    """Reads the ids of one part of a split.

    Args:
        reference: Path and part, such as ``data/tiny/split.json:test``.

    Raises:
        DataError: It is no such file, or has no such part.
    """
    path, _, part = reference.rpartition(":")
    if not Path(path).is_file():
        raise DataError(f"There is no file '{path}'; --rows takes a split and its part: data/NAME/split.json:test.")
    try:
        split = json.loads(Path(path).read_text(encoding="utf-8"))
        return set(split[part])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no split with a part '{part}'; --rows takes data/NAME/split.json:test.") from error


def describe_speech(palette: Palette) -> dict[str, Any]:
    """Returns the content of `speech.json`: speeds in words a minute, noise in dB, room in seconds."""
    return {"speech": "synthetic", "engine": "espeak-ng", "version": engine_version()} | palette.as_dict()


def check_folder(folder: Path, sheet: SpokenSheet, rows: Sequence[SpokenRow], record: dict[str, Any]) -> None:
    """Refuses to write over what is not this job's own, or over clips that were spoken in another way.

    Raises:
        DataError: The folder holds the workbook, recordings, or speech of other settings.
    """
    copy, record_path = copy_path(folder, sheet), folder / RECORD
    if copy.resolve() == sheet.path.resolve():
        raise DataError(
            f"{folder} holds the workbook itself, and its copy would take its place; choose another folder."
        )
    if copy.exists() and not record_path.is_file():
        raise DataError(f"{copy} is not of this job, and the sheet's copy would take its place; choose another folder.")
    if record_path.is_file():
        try:
            before = json.loads(record_path.read_text(encoding="utf-8"))
            other = [name for name, value in record.items() if before[name] != value]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{record_path} is broken; choose another folder, or delete this one.") from error
        if other:
            raise DataError(
                f"{folder} holds speech of other {', '.join(other)}; choose another folder, or delete this one."
            )
    if foreign := foreign_clips(rows, folder):
        raise DataError(
            f"{folder} holds {len(foreign):,} recordings that this job did not make, such as {foreign[0].name}; "
            "choose another folder."
        )


def finish(
    sheet: SpokenSheet, rows: Sequence[SpokenRow], outcomes: dict[int, Outcome], palette: Palette, options: Options
) -> None:
    """Writes the workbook's copy and `speech.json`, says what was done, and prints one JSON line."""
    faults = {number: outcome.fault for number, outcome in outcomes.items() if outcome.fault}
    spoken = {number: outcome for number, outcome in outcomes.items() if not outcome.fault}
    for number, fault in list(faults.items())[:_SHOWN_FAULTS]:
        print(f"Row {number} is not spoken: {fault}.")
    if len(faults) > _SHOWN_FAULTS:
        print(f"… and {len(faults) - _SHOWN_FAULTS:,} more; {RECORD} lists all.")
    folder, path = Path(options.output), copy_path(Path(options.output), sheet)
    speakers = {row.number: palette.draw(row.name).voice for row in rows if row.number in spoken}
    split = options.rows.rpartition(":")[2] if options.rows else ""
    only = {row.number for row in rows} if options.rows or options.limit else None
    write_copy(sheet, path, speakers, only=only, split=split)
    now = sum(not outcome.kept for outcome in spoken.values())
    seconds, voices = sum(outcome.seconds for outcome in spoken.values()), len(set(speakers.values()))
    summary = {"clips": len(spoken), "seconds": round(seconds, 1), "skipped": len(faults)}
    write_json(folder / RECORD, describe_speech(palette) | summary | {"faults": faults})
    print(
        f"{len(spoken):,} clips, {seconds / 3600:.2f} hours of synthetic speech by {voices} voices: {now:,} spoken "
        f"now, {len(spoken) - now:,} kept; {len(faults):,} rows skipped. {path} says who speaks."
    )
    summary = {"speech": "synthetic", "folder": str(folder), "workbook": str(path)} | summary
    print(json.dumps(summary | {"spoken_now": now, "voices": voices}, ensure_ascii=False))


def copy_path(folder: Path, sheet: SpokenSheet) -> Path:
    """Returns where the workbook's copy goes."""
    return folder / sheet.path.with_suffix(".xlsx").name


if __name__ == "__main__":
    sys.exit(main())
