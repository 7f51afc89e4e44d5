"""The whole mission for a data set, in one command that goes on where it was interrupted.

    make persian WORKBOOK=S.xlsx AUDIO=D OWNER=name
    python training/tune_persian.py --workbook S.xlsx --audio-folder D --owner name

It checks sheet and clips, measures the untuned model, tunes by LoRA and in full, measures what came out on the same
test clips, and publishes models, data and Space, each as a private repository of OWNER; without an owner all stays in
`data/` and `runs/`. The default is the mission's: openai/whisper-small for 50 epochs, which wants a GPU. Two minutes on
a CPU:

    python training/tune_persian.py --workbook S.xlsx --audio-folder D --base-model packaged:whisper-base --minutes 1
"""

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from jobs import run_job
from options import option, required, run_command
from publishing.hub_errors import HubError
from publishing.hub_target import check_name
from run_news import say
from run_record import is_trained, read_record
from sheets.speech_data import SOURCE
from sheets.transcripts import workbook_sha256
from whole_files import write_json

TUNINGS = ("lora", "full")
# In the data folder: what it was prepared with.
PREPARED = "prepared.json"


@dataclass(frozen=True)
class MissionOptions:
    """What to tune on, and how long."""

    workbook: Path = required("sheet with the columns audio and text")
    audio_folder: Path = required("folder that the sheet's file names are in")
    owner: str = option("", "user or organisation on the Hub; empty: publish nothing")
    name: str = option("", "of data and models; empty: the workbook's")
    base_model: str = option("openai/whisper-small", "model reference")
    tunings: str = option("lora,full", "comma-separated: lora, full")
    epochs: float = option(50.0, "passes over the training clips")
    minutes: float = option(0.0, "limit of each training; 0: none")
    sheets: list[str] = option([], "further recordings to measure on, as in evaluate_whisper.py")
    augment: str = option("speed,noise", "see finetune_whisper.py")
    options: str = option("", "further ones of finetune_whisper.py, in one string, such as '--batch-size 8'")
    prepare: str = option("", "the same of prepare_transcripts.py, such as '--group-by recording'")
    licence: str = option("", "of the published models, in the Hub's spelling; empty: the base's")
    folder: Path = option(Path(), "where data/ and runs/ are made")
    public: bool = option(False, "publish for everybody")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if unknown := set(self.chosen) - set(TUNINGS):
            raise ValueError(f"--tunings are lora and full, not '{sorted(unknown)[0]}'.")

    @property
    def chosen(self) -> list[str]:
        """The tunings, in the order given."""
        return [name.strip() for name in self.tunings.split(",") if name.strip()]

    @property
    def title(self) -> str:
        """Name of data and models."""
        return self.name or self.workbook.stem

    def run(self, tuning: str) -> Path:
        """Folder of a run."""
        return self.folder / "runs" / f"{self.title}-{tuning}"

    def repository(self, tuning: str) -> str:
        """Name of a model on the Hub, such as `owner/whisper-small-fa-myaudio-lora`."""
        base = self.base_model.rpartition("/")[2].rpartition(":")[2]
        return f"{self.owner}/{base}-fa-{self.title}-{tuning}"


def main(arguments: list[str] | None = None) -> int:
    """Run every step that is not done yet."""
    return run_command(MissionOptions, run_mission, __doc__, arguments)


def run_mission(options: MissionOptions) -> dict:
    """Prepare, tune, measure and publish; return every tuning's figures and the addresses of what was published.

    Raises:
        JobError: a step failed.
        ValueError, ModelError: it could not end well, which is better known before anything is trained.
    """
    data = options.folder / "data" / options.title
    check_same_data(options, data)
    if options.owner:
        check_hub(options)
    if not (data / "split.json").is_file():
        run_job(
            *("prepare_transcripts.py", "--workbook", str(options.workbook)),
            *("--audio-folder", str(options.audio_folder), "--output", str(data), *shlex.split(options.prepare)),
        )
        write_json(data / PREPARED, prepared_with(options))
    results: dict[str, dict] = {}
    for tuning in options.chosen:
        run = options.run(tuning)
        measure_base(options, data, run)
        tune(options, data, run, tuning)
        sheets = ["--sheets", *options.sheets] if options.sheets else []
        results[tuning] = run_job(
            "evaluate_whisper.py", "--data", str(data), "--run", str(run), *sheets, accelerate=True
        )
    print_table(results)
    published = publish(options, data) if options.owner else {}
    return {"data": str(data), "results": results, "published": published}


def prepared_with(options: MissionOptions) -> dict[str, str]:
    """Return what the data folder is made of, besides the sheet."""
    return {"--audio-folder": str(options.audio_folder.resolve()), "--prepare": options.prepare}


def check_same_data(options: MissionOptions, data: Path) -> None:
    """Refuse data that were prepared otherwise, from another sheet, or from this one before it was mended.

    Raises:
        ValueError: they were.
    """
    source = data / SOURCE
    if not source.is_file() or not options.workbook.is_file():
        return
    known = json.loads(source.read_text(encoding="utf-8")).get("workbook_sha256")
    way_out = "give another --name, or delete it and the runs that were trained on it."
    if known != workbook_sha256(options.workbook):
        raise ValueError(f"{data} was prepared from another sheet than {options.workbook} is now; {way_out}")
    if not (data / PREPARED).is_file():
        return
    had = json.loads((data / PREPARED).read_text(encoding="utf-8"))
    if different := [name for name, value in prepared_with(options).items() if had.get(name) != value]:
        raise ValueError(f"{data} was prepared with another {' and '.join(different)}; {way_out}")


def check_hub(options: MissionOptions) -> None:
    """See whether all could be published, under these names and with this token.

    Raises:
        HubError, CardError, ModelError: it could not.
    """
    from publish import check_push
    from publishing.cards import check_base
    from publishing.hub import check_target
    from tuning.whisper_tuning import find_base

    try:
        check_name(f"{options.owner}/{options.title}")
    except HubError as error:
        raise HubError(f"{error} Give data and models another --name.") from error
    check_target(f"{options.owner}/{options.title}", "dataset", public=options.public)
    base = find_base(options.base_model, say)
    for tuning in options.chosen:
        check_base(base.name, options.licence or base.checkpoint.licence, adapter=tuning == "lora")
        check_push(options.repository(tuning), lora=tuning == "lora", public=options.public)
    check_target(f"{options.owner}/{options.title}-space", "space", public=options.public)


def measure_base(options: MissionOptions, data: Path, run: Path) -> None:
    """Measure the untuned model before hours of training: what cannot be measured is known now."""
    if not is_trained(run) and not (run / "ledgers" / "base.jsonl").is_file():
        run_job(
            *("evaluate_whisper.py", "--data", str(data), "--run", str(run), "--before", options.base_model),
            accelerate=True,
        )


def tune(options: MissionOptions, data: Path, run: Path, tuning: str) -> None:
    """Train one model, to its end or from where it was interrupted."""
    run_job(
        *("finetune_whisper.py", "--data", str(data), "--tuning", tuning, "--output", str(run)),
        *("--base-model", options.base_model, "--epochs", str(options.epochs), "--minutes", str(options.minutes)),
        *("--augment", options.augment, *shlex.split(options.options)),
        accelerate=True,
    )


def publish(options: MissionOptions, data: Path) -> dict[str, dict]:
    """Publish data, models and the Space, which serves the tuning that erred least on the validation clips."""
    visibility = ["--public"] if options.public else []
    licence = ["--licence", options.licence] if options.licence else []
    published = {
        "dataset": run_job(
            *("publish.py", "dataset", "--data", str(data), "--repository", f"{options.owner}/{options.title}"),
            *visibility,
        )
    }
    for tuning in options.chosen:
        published[tuning] = run_job(
            *("publish.py", "model", "--run", str(options.run(tuning)), "--repository", options.repository(tuning)),
            *("--dataset", f"{options.owner}/{options.title}", *licence),
            *visibility,
        )
    best = min(
        options.chosen,
        key=lambda tuning: read_record(options.run(tuning))["training"]["best"]["validation_wer"],
    )
    published["space"] = run_job(
        *("publish.py", "space", "--repository", f"{options.owner}/{options.title}-space"),
        *("--persian", f"{options.repository(best)}@{published[best]['revision']}"),
        *visibility,
    )
    return published


def print_table(results: dict[str, dict]) -> None:
    """Print the mean WER of every tuning beside its base's."""
    if "synthetic" in {figures["speech"] for figures in results.values()}:
        print("\nOf synthetic speech:")
    print(f"\n{'tuning':8}{'mean WER before':>18}{'mean WER after':>18}{'verdict':>24}")
    for tuning, figures in results.items():
        before, after = figures["base_mean_clip_wer"], figures["tuned_mean_clip_wer"]
        print(f"{tuning:8}{before:18.2%}{after:18.2%}{figures['verdict']:>24}")


if __name__ == "__main__":
    sys.exit(main())
