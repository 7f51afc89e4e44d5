"""Measures a run: decodes its base, its tuned model and, for LoRA, the merged one on the very same test clips.

    accelerate launch training/evaluate_whisper.py --data data/NAME --run runs/NAME
    accelerate launch training/evaluate_whisper.py --data data/NAME --run runs/NAME --model openai/whisper-small

    accelerate launch training/evaluate_whisper.py --data data/NAME --run runs/NAME --sheets talks.xlsx english.csv:en
    accelerate launch training/evaluate_whisper.py --data data/NAME --run runs/NAME --before openai/whisper-small

Every system gets a ledger in `runs/NAME/ledgers/`, `run.json` gets the figures that the ledgers hold, and `README.md`
is the card that states them. A base ledger of the same clips and the same decode settings is used again, from a
neighbouring run too. With several processes the clips are shared out and each is decoded once. `--sheets` measures base
and tuned model on other recordings as well, each sheet by itself, such as those of other people, or of another
language: what did tuning forget of it? `--before` measures the base alone, of a run that is yet to be trained; its
ledger is used again after the training. To try it on a CPU, `--clips 20` decodes the first twenty test clips;
`run.json` says so, and no card takes such figures.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evaluation.clip_counts import Bootstrap
from evaluation.score_report import (
    comparison_values,
    describe_comparison,
    describe_score,
    mean_in_words,
    note_of,
    of_synthetic,
    score_values,
)
from evaluation.scoring import Comparison, Score, compare, score
from evaluation.system_ledgers import ClipSet, Decoder, Written, models_of, read_clip_set
from najva.comparison import rule_for
from najva.languages import LANGUAGES
from options import option, required, run_command
from publishing.run_folder import update_run_folder
from run_record import NAME, RunError, add_sections, circumstances, is_trained, read_record
from sheets.faults import DataError
from sheets.speech_data import SpeechData, load_speech

# The figure that leads every table, and its interval.
_LEADING = ("mean_clip_wer", "mean_clip_wer_low", "mean_clip_wer_high")


@dataclass(frozen=True)
class EvaluateOptions:
    """What to decode, and how."""

    data: str = required("folder of prepare_transcripts.py, or a data set repository OWNER/NAME")
    run: Path = required("folder of the run")
    model: str = option("", "only this model, into ledgers/NAME.jsonl; default: the run's")
    before: str = option("", "only this base, before the run is trained")
    part: Literal["test", "validation"] = option("test", "clips to decode")
    clips: int = option(0, "only the first so many clips; 0: all")
    engine: Literal["auto", "ctranslate2", "torch"] = option("auto", "auto: as the Space")
    compute_type: str = option("", "arithmetic; empty: int8 on a CPU, half on a GPU")
    sheets: list[str] = option([], "sheets of other recordings to measure on; SHEET:CODE is in another language")
    audio_column: str = option("audio", "header of the file names in --sheets")
    text_column: str = option("text", "header of the sentences in --sheets")
    full_window: bool = option(False, "always the checkpoint's whole window")
    replicates: int = option(10_000, "bootstrap replicates of the intervals")
    language: str = option("fa", "of the clips, with --before; a trained run knows its own")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.model and self.before:
            raise ValueError("--model and --before are two measurements; give one of them.")
        if self.language not in LANGUAGES:
            raise ValueError(f"--language is a code such as fa, not '{self.language}'.")

    @property
    def some(self) -> str:
        """Which clips of the data these are, in a word; nothing if they are the whole test."""
        words = [self.part] if self.part != "test" else []
        return "-".join([*words, f"first-{self.clips}"] if self.clips else words)


def main(arguments: list[str] | None = None) -> int:
    """Decode, score and record; see the module's docstring."""

    def work(options: EvaluateOptions) -> dict | None:
        return evaluate_run(options, load_speech(options.data))

    return run_command(EvaluateOptions, work, __doc__, arguments, refusal="Not evaluated: ")


def evaluate_run(options: EvaluateOptions, data: SpeechData) -> dict | None:
    """Decode what is asked for and put the figures into `run.json`; only the main process returns a summary.

    Raises:
        RunError: the run was trained on another split, or lacks a model.
    """
    from accelerate import PartialState

    state = PartialState(cpu=_no_gpu())
    if options.before and state.is_main_process:
        begin_record(options, data)
    state.wait_for_everyone()
    record = read_record(options.run)
    if record.get("data", {}).get("split_sha256") != data.split_sha256:
        raise RunError(f"{options.run} was trained on another split than {options.data} has; name the run's own data.")
    language = record["model"]["language"]
    sheets = [read_sheet(sheet, language, options) for sheet in options.sheets]
    check_names(sheets)
    if options.before:
        models = {"base": options.before}
    else:
        models = {_file_name(options.model): options.model} if options.model else models_of(options.run, record)
    decoder = Decoder(options.run, options.engine, options.compute_type, full_window=options.full_window)
    own = ClipSet(
        name=data.name,
        speech=data.source.get("speech", ""),
        sha256=data.split_sha256,
        language=language,
        clips=tuple(data.clips(options.part)[: options.clips or None]),
        part=options.part,
        some=options.some,
    )
    written = decoder.write_all(models, own, state)
    # Before the sheets are decoded, which may take longer and may be interrupted.
    summary = record_figures(options, record, written, len(own.clips)) if state.is_main_process else None
    elsewhere = {name: reference for name, reference in models.items() if name != "merged"}
    others = [(clips, decoder.write_all(elsewhere, clips, state)) for clips in sheets]
    return None if summary is None else summary | record_sheets(options, record, others)


def begin_record(options: EvaluateOptions, data: SpeechData) -> None:
    """Write as much of a run's record as measuring its base needs; the training writes the same sections anew.

    Raises:
        RunError: the run is trained, so its base is measured beside its model.
    """
    if is_trained(options.run):
        raise RunError(f"{options.run} is trained; without --before its base is measured too.")
    if (options.run / NAME).is_file():
        return
    add_sections(
        options.run,
        data={"name": data.name, "source": data.source, "split_sha256": data.split_sha256},
        model={"language": options.language},
    )


def record_figures(options: EvaluateOptions, record: dict, written: dict[str, Written], clips: int) -> dict:
    """Score the ledgers, print the tables, write the section `evaluation` and return the job's last line."""
    ledgers = {name: system.rows for name, system in written.items()}
    rule, speech = rule_for(record["model"]["language"]), record["data"]["source"].get("speech", "")
    note = note_of(speech, record["data"]["split_sha256"])
    scores, measured, comparison = score_all(written, Bootstrap(replicates=options.replicates), rule)
    systems = record.get("evaluation", {}).get("systems", {}) | measured
    for name, figures in scores.items():
        print(describe_score(name, figures, note), end="\n\n")
    section = {**record.get("evaluation", {}), "systems": systems}
    # Another model's hour and machine are not those of the run's own figures.
    section |= {} if options.model else circumstances()
    summary = {
        "run": str(options.run),
        "clips": clips,
        "split_sha256": record["data"]["split_sha256"],
        "speech": speech,
        **{f"{name}_{figure}": systems[name][figure] for name in scores for figure in _LEADING},
        **{f"{name}_wer": systems[name]["wer"] for name in scores},
    }
    if comparison:
        section["comparison"] = comparison_values(comparison)
        print(describe_comparison(comparison, note), end="\n\n")
        # Of the same figure as all that stands beside it, here and on the card.
        summary["verdict"] = section["comparison"]["mean_clip_difference_verdict"]
        wanted = ("mean_clip_difference", "mean_clip_difference_low", "mean_clip_difference_high")
        summary |= {name: section["comparison"][name] for name in wanted}
    if {"tuned", "merged"} <= ledgers.keys():
        same = sum(a.hypothesis == b.hypothesis for a, b in zip(ledgers["tuned"], ledgers["merged"], strict=True))
        section["merged_agrees"] = summary["merged_agrees"] = same
        print(f"Adapter on its base and merged model wrote the same text on {same} of {clips} clips.")
    add_sections(options.run, evaluation=section)
    # A card shows the pictures that lie in `figures/` itself: those of the run's own models.
    draw(options.run / "figures" / _file_name(options.model), scores, note)
    if not options.before:
        update_run_folder(options.run)
    if comparison:
        before, after = (mean_in_words(summary, name) for name in ("base", "tuned"))
        print(
            f"Mean WER before {before}, mean WER after {after}, on the same {clips} clips, "
            f"split {record['data']['split_sha256'][:12]}{of_synthetic(speech)}."
        )
    elif options.before:
        print(f"Mean WER before {mean_in_words(summary, 'base')}, on {clips} clips{note}.")
    return summary


def score_all(
    written: dict[str, Written], bootstrap: Bootstrap, rule: str
) -> tuple[dict[str, Score], dict[str, dict], Comparison | None]:
    """Score systems on one set of clips, and compare base and tuned model if both are there.

    Args:
        written: what each system wrote.
        bootstrap: how intervals are drawn.
        rule: of `najva.persian`.

    Returns:
        Every system's score, the same as `run.json` has it, and the comparison.
    """
    scores = {name: score(system.rows, normalizer=rule, bootstrap=bootstrap) for name, system in written.items()}
    systems = {name: {"made_with": written[name].made_with, **score_values(of)} for name, of in scores.items()}
    names = ("base", "tuned")
    if not scores.keys() >= set(names):
        return scores, systems, None
    pair = (written[name].rows for name in names)
    return scores, systems, compare(*pair, normalizer=rule, bootstrap=bootstrap, names=names)


def read_sheet(named: str, language: str, options: EvaluateOptions) -> ClipSet:
    """Read one of `--sheets`.

    Args:
        named: `SHEET`, or `SHEET:CODE` where its language is another one.
        language: the run's.
        options: name the columns.

    Raises:
        DataError: see `read_clip_set`.
    """
    path, colon, code = named.rpartition(":")
    path, code = (path, code) if colon and code in LANGUAGES else (named, language)
    return read_clip_set(Path(path), code, audio_column=options.audio_column, text_column=options.text_column)


def check_names(sheets: list[ClipSet]) -> None:
    """Refuse two sheets whose ledgers and figures would carry one name.

    Raises:
        DataError: there are two.
    """
    names = [clips.name for clips in sheets]
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"Two sheets are called {twice[0]}; their figures stand under their names, so rename one.")


def record_sheets(options: EvaluateOptions, record: dict, others: list[tuple[ClipSet, dict[str, Written]]]) -> dict:
    """Score the models on each sheet and write the section `sheets`; return what the last line says of them."""
    bootstrap = Bootstrap(replicates=options.replicates)
    sections, said = dict(record.get("sheets", {})), {}
    for clips, written in others:
        _, systems, comparison = score_all(written, bootstrap, rule_for(clips.language))
        rates = {name: figures["mean_clip_wer"] for name, figures in systems.items()}
        section = sections.get(clips.name, {})
        section |= {
            "language": clips.language,
            "speech": clips.speech,
            "longest_seconds": round(max(clip.seconds for clip in clips.clips), 1),
            "systems": section.get("systems", {}) | systems,
            **({} if options.model else circumstances()),
        }
        if comparison:
            section["comparison"] = comparison_values(comparison)
        sections[clips.name] = section
        told = ", ".join(f"{name} {rate:.2%}" for name, rate in rates.items())
        about = f"{LANGUAGES[clips.language].english_name}, {len(clips.clips)} clips{of_synthetic(clips.speech)}"
        print(f"{clips.name} ({about}), mean WER: {told}.")
        said |= {f"{clips.name}_{name}_mean_clip_wer": rate for name, rate in rates.items()}
    if others:
        add_sections(options.run, sheets=sections)
        update_run_folder(options.run)
    return said


def draw(folder: Path, scores: dict[str, Score], note: str) -> None:
    """Draw the WER of every clip, base against tuned where there are both, and what is most often confused."""
    # It takes a second to import.
    from evaluation.figures import draw_confusions, draw_wer_by_clip

    names = [name for name in ("base", "tuned") if name in scores] or list(scores)[:1]
    draw_wer_by_clip(folder / "wer_by_clip.png", names, [scores[name] for name in names], note=note)
    draw_confusions(folder / "confusions.png", names[-1], scores[names[-1]], note=note)


def _file_name(reference: str) -> str:
    return "".join(char if char.isalnum() or char in "-." else "-" for char in reference).strip("-.")


def _no_gpu() -> bool:
    import torch

    return not torch.cuda.is_available()


if __name__ == "__main__":
    sys.exit(main())
