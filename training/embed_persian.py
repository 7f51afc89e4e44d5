r"""Trains the Persian adapter that comes with the app, trial by trial, and puts the chosen one into `space/embedded/`.

    python training/embed_persian.py --neural $NAJVA_TEST_DATA/persian_neural_voice \
        --workbook $NAJVA_TEST_DATA/persian_sheets/myaudio_full.xlsx --people $NAJVA_TEST_DATA/persian_clips \
        --trial first --options "--minutes 60 --augment voice,room,noise,band"
    python training/embed_persian.py … --trial first --choose

Its speech is synthetic: one neural voice, and a sheet's sentences by espeak-ng. Trials are told apart by held-out
sentences of the neural voice, by espeak-ng voices that no training heard, and by two long readings of people, cut at
pauses; their figures go into `trials.csv` beside the adapter. The short clips of people are the test: they are decoded
for a chosen adapter alone, and every such look is noted in the table. A trial whose name exists goes on where it was
interrupted; each is one `finetune_whisper.py`, whose options are given word for word, or an earlier one drawn back
towards its base (`--scaled TRIAL:0.7`).
"""

from __future__ import annotations

import csv
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobs import FOLDER, run_job
from options import option, required, run_command
from publishing.measured import KINDS
from publishing.staging import stage_model
from run_record import add_sections, read_record, trained_hours
from sheets.transcripts import read_transcripts
from whole_files import whole_file, write_rows

EMBEDDED = FOLDER.parent / "space" / "embedded" / "persian-adapter"
TRIALS = "trials.csv"
BASE = "packaged:whisper-base"
# The neural voice states no licence, so neither MIT nor any other can be given to what learned from it.
LICENCE = "other"
# It is on no Hub: where it lies in this repository.
PLACE = "./space/embedded/persian-adapter"
# Half of them women's, so that a voice that nobody trained on is not one kind of voice.
WITHHELD_VOICES = ("fa+f2", "fa+steph", "fa+robert", "fa+pablo")
NEURAL_NOTES = (
    "The sentences are read by one neural synthetic voice (fa-IR Dilara), published as JBGit777/persisch-diktat: "
    "synthetic voice, no licence stated, for research."
)
# Sheets that trials are told apart by, and those that a chosen one is tested on.
SELECTION, PEOPLE = ("withheld-voices", "long-readings"), ("read-people", "informal-people")


@dataclass(frozen=True)
class EmbedOptions:
    """Which trial, and what it is made of."""

    neural: Path = required("folder of the neural voice, with its transcripts.xlsx")
    workbook: Path = required("sheet whose sentences espeak-ng speaks")
    people: Path = required("folder of real clips: read/, informal/, long/ and transcripts.xlsx")
    trial: str = required("its name")
    options: str = option("", "of finetune_whisper.py, in one string")
    scaled: str = option("", "TRIAL:STRENGTH: train nothing, scale the updates of that trial, as scale_adapter.py does")
    sentences: int = option(4200, "of the sheet")
    notes: str = option("", "what the card says besides on how the trials were chosen")
    also: list[str] = option([], "further sheets that a chosen one is measured on, as in evaluate_whisper.py --sheets")
    choose: bool = option(False, "decode the clips of people with it and embed it")
    folder: Path = option(Path("runs/embedded"), "where speech, data and trials are made")


def main(arguments: list[str] | None = None) -> int:
    """Run one trial, or embed it; see the module's docstring."""

    def work(options: EmbedOptions) -> dict | None:
        return choose(options) if options.choose else try_out(options)

    return run_command(EmbedOptions, work, __doc__, arguments)


def try_out(options: EmbedOptions) -> dict:
    """Train and measure one trial on what trials are told apart by; return its row of the table."""
    neural, spoken = prepare(options)
    run = options.folder / options.trial
    if options.scaled:
        scaled, _, strength = options.scaled.rpartition(":")
        run_job("scale_adapter.py", "--run", str(options.folder / scaled), "--strength", strength, "--output", str(run))
    else:
        run_job(
            *("finetune_whisper.py", "--data", str(neural), "--others", str(spoken), "--output", str(run)),
            *("--base-model", BASE, "--tuning", "lora", "--window-seconds", "30", *shlex.split(options.options)),
            accelerate=True,
        )
    measure(neural, run, [options.folder / "withheld" / "withheld-voices.csv", people_sheet(options, "long")])
    return note(options, run)


def choose(options: EmbedOptions) -> dict:
    """Measure a trial on people too, and put its adapter with card, record and figures into `space/embedded/`."""
    neural, _ = prepare(options)
    run = options.folder / options.trial
    measure(neural, run, [people_sheet(options, "long")])
    # Before the clips are decoded: a look that is interrupted was a look. Ledgers that are there are none.
    row = note(options, run, looked=not (run / "ledgers" / f"tuned-{PEOPLE[0]}.jsonl").is_file())
    measure(neural, run, [*(people_sheet(options, kind) for kind in ("read", "informal")), *options.also])
    rows = read_trials()
    looks = sum(len(trial["looked_at_people"].split()) for trial in rows)
    chosen_by = [name.removesuffix("_base") for name in rows[0] if name.endswith("_base")]
    trials = {"selection": chosen_by, "tests": list(PEOPLE), "looks": looks, "rows": rows, "notes": options.notes}
    add_sections(run, trials=trials)
    kind = KINDS["adapter"]
    staged = stage_model(run, kind, run / "staged" / kind.name, {kind.name: PLACE}, licence=LICENCE)
    shutil.copytree(staged.folder, EMBEDDED, dirs_exist_ok=True)
    return row


def prepare(options: EmbedOptions) -> tuple[Path, Path]:
    """Speak what is spoken and prepare both kinds of speech; what is there already stays."""
    folder = options.folder
    neural, spoken, speech = folder / "data" / "neural", folder / "data" / "spoken", folder / "speech"
    if not (neural / "split.json").is_file():
        run_job(
            *("prepare_transcripts.py", "--workbook", str(options.neural / "transcripts.xlsx")),
            *("--output", str(neural), "--synthetic", "--notes", NEURAL_NOTES),
            *("--test-share", "0.08", "--validation-share", "0.05"),
        )
    speak = ("speak_sheet.py", "--workbook", str(options.workbook))
    if not (spoken / "split.json").is_file():
        run_job(
            *(*speak, "--output", str(speech), "--limit", str(options.sentences)),
            *("--speeds", "100", "190", "--pitches", "20", "80", "--exclude-voices", *WITHHELD_VOICES),
        )
        run_job(
            *("prepare_transcripts.py", "--workbook", str(speech / options.workbook.name), "--output", str(spoken)),
            *("--test-share", "0.04", "--validation-share", "0.02"),
        )
    withheld = folder / "withheld"
    if not (withheld / "withheld-voices.csv").is_file():
        rows = ("--rows", f"{spoken / 'split.json'}:test", "--limit", "100")
        run_job(*speak, *rows, "--voices", *WITHHELD_VOICES, "--output", str(withheld))
        spoken_sheet = read_transcripts(withheld / options.workbook.name)
        write_sheet(withheld / "withheld-voices.csv", [(row.id, row.text) for row in spoken_sheet.rows])
    return neural, spoken


def people_sheet(options: EmbedOptions, kind: str) -> Path:
    """Write a sheet of one kind of the clips of people, in a folder from which their files can be named."""
    folder = options.folder / "people"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / kind).exists():
        (folder / kind).symlink_to((options.people / kind).resolve())
    if kind == "long":
        texts = sorted((options.people / kind).glob("*.txt"))
        rows = [(f"long/{path.stem}.mp3", " ".join(path.read_text(encoding="utf-8").split())) for path in texts]
        return write_sheet(folder / "long-readings.csv", rows)
    everybody = read_transcripts(options.people / "transcripts.xlsx").rows
    rows = [(row.id, row.text) for row in everybody if row.id.startswith(f"{kind}/")]
    return write_sheet(folder / f"{kind}-people.csv", rows)


def write_sheet(path: Path, rows: list[tuple]) -> Path:
    """Write a sheet of clips and texts."""
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("audio", "text"), *rows])
    return path


def measure(neural: Path, run: Path, sheets: Sequence[Path | str]) -> None:
    """Measure a run on held-out sentences of the neural voice and on further sheets."""
    run_job(
        *("evaluate_whisper.py", "--data", str(neural), "--run", str(run), "--sheets", *map(str, sheets)),
        accelerate=True,
    )


def note(options: EmbedOptions, run: Path, *, looked: bool = False) -> dict:
    """Put a trial's figures into the table of trials; return its row."""
    record = read_record(run)
    systems = {"neural-voice": record["evaluation"]["systems"]}
    sheets = record.get("sheets", {})
    systems |= {name: sheets[name]["systems"] for name in SELECTION if name in sheets}
    known = {row["trial"]: row for row in read_trials()}
    made_by = f"--scaled {options.scaled}" if options.scaled else options.options
    row = {
        "trial": options.trial,
        "options": known.get(options.trial, {}).get("options") or made_by,
        "hours": trained_hours(record),
        "steps": record["training"]["steps"],
        **{f"{name}_base": round(100 * of["base"]["mean_clip_wer"], 2) for name, of in systems.items()},
        **{f"{name}_tuned": round(100 * of["tuned"]["mean_clip_wer"], 2) for name, of in systems.items()},
        "looked_at_people": known.get(options.trial, {}).get("looked_at_people", ""),
    }
    if looked:
        row["looked_at_people"] = " ".join([*row["looked_at_people"].split(), datetime.now(UTC).date().isoformat()])
    known[options.trial] = row
    EMBEDDED.mkdir(parents=True, exist_ok=True)
    write_rows(EMBEDDED / TRIALS, known.values(), row)
    return row


def read_trials() -> list[dict]:
    """Return the table of trials so far; mean WER in per cent."""
    path = EMBEDDED / TRIALS
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    sys.exit(main())
