r"""Measures engines that translate into Chinese, on parallel text and on speech, each beside what costs nothing.

    python training/evaluate_translation.py --engine own copy nearest --translator runs/translator --pairs en-zh.tsv \
        fa-zh.tsv --training-data PARALLEL_TEXT --output runs/translation
    python training/evaluate_translation.py --engine auto pivot forced --pairs fa-zh.tsv --audio-folder CLIPS
    python training/evaluate_translation.py --engine auto --pairs openlanguagedata/flores_plus --source fa
    python training/evaluate_translation.py --engine auto pivot --fleurs fa_ir --output runs/fleurs

Engines are those of the app, as it serves them with all guards and retries: `auto`, a model's name, `pivot`, `forced`,
and `own`, which `--translator` names. `copy` answers with the source and `nearest` with the Chinese of the most similar
training sentence: what is not better than they are does not translate. A set is a file without header, source and
Chinese in its columns 1 and 2; FLORES+ of the Hub; with `--audio-folder` a file whose header has `audio`, `source` and
`translation` (and `id`, `group`, `domain`); with `--speak` a file of text that espeak-ng speaks; or FLEURS of the Hub,
of which only what stands in FLORES devtest counts.

Of recordings each engine translates what Whisper recognises, and the gold text where it can, so that the losses of both
halves are seen apart. chrF leads; BLEU and spBLEU, script, flags and seconds stand beside it, and every two engines are
compared on the same sentences. `--output` keeps a ledger an engine, by which the same command goes on where it was
stopped, all figures in `translation.json`, and a picture; where it is the translator's own run, its card gets them. In
two minutes on a CPU:

    python training/evaluate_translation.py --engine copy nearest --limit 100 \
        --pairs $NAJVA_TEST_DATA/parallel_text/bench_flores_dev_part/fa-zh.tsv \
        --training-data $NAJVA_TEST_DATA/parallel_text
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from najva.languages import LARGE_V3_LANGUAGES
from najva.services import Services
from najva.settings import Settings
from options import option, run_command
from publishing.run_folder import update_run_folder
from run_news import say
from run_record import NAME, add_sections, circumstances
from translation.baselines import NEAREST
from translation.fleurs_sets import read_fleurs, unpacked
from translation.measured_engines import MeasuredEngine, check_ways, find_engines, speech_models
from translation.parallel_text import TextError
from translation.published_sets import FLORES, read_flores
from translation.spoken_sources import spoken
from translation.translated_sets import Measurement
from translation.translation_ledgers import SPEECH, TEXT, Row
from translation.translation_report import Findings
from translation.translation_results import Result
from translation.translation_scores import CONFIDENCE, NORMALISATION, REPLICATES, SEED, Draws, Metrics, score
from translation.translation_sets import SentenceSet, evenly_chosen, parted, read_speech_set, read_text_set
from whole_files import write_json

RECORD, PICTURE = "translation.json", "figures/chrf.png"
_PACKAGES = ("sacrebleu", "sentencepiece", "opencc", "scikit-learn")


@dataclass(frozen=True)
class TranslationOptions:
    """What is measured, and on what."""

    engine: list[str] = option([], "engines of the app by name, own, copy, nearest")
    pairs: list[str] = option([], "files of parallel text, or OWNER/NAME of the Hub in the form of FLORES+")
    source: str = option("", "language of the sources, such as fa; empty: as a name such as fa-zh.tsv says")
    target: Literal["zh-Hans", "zh-Hant"] = option("zh-Hans", "script that is asked for, and compared in")
    columns: list[int] = option([1, 2], "numbers of the columns of source and Chinese")
    limit: int = option(0, "only so many sentences of each set, evenly spaced; 0: all")
    set_name: list[str] = option([], "names of the sets of --pairs, in their order")
    by_domain: bool = option(False, "make a set of each name in the third column, or under the header 'domain'")
    audio_folder: Path | None = option(None, "the files of --pairs are of recordings in this folder")
    speak: bool = option(False, "have espeak-ng speak the sources, into a folder in --output")
    fleurs: str = option("", "config of FLEURS that is measured on, such as fa_ir, or fa_ir:dev")
    flores: str = option(FLORES, "FLORES devtest, for --fleurs: a data set of the Hub, or a file with its sentences")
    translator: str = option("", "model reference of the engine 'own'; empty: NAJVA_TRANSLATOR")
    training_data: Path | None = option(None, "folder of parallel text that 'nearest' remembers")
    output: Path | None = option(None, "folder of ledgers, figures and picture; none are kept without it")
    detect_language: bool = option(False, "let Whisper hear the language of recordings, not be told it")
    again: bool = option(False, "compute anew what the ledgers in --output hold")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not self.engine or not (self.pairs or self.fleurs):
            raise ValueError("Name engines by --engine, and what to measure them on by --pairs or --fleurs.")
        if len(set(self.engine)) < len(self.engine):
            raise ValueError("--engine names an engine twice.")
        if self.source and (self.source not in LARGE_V3_LANGUAGES or self.source in ("zh", "yue")):
            raise ValueError(f"--source is a language other than Chinese by Whisper's code, not '{self.source}'.")
        if len(self.columns) != 2 or min(self.columns) < 1 or self.limit < 0:
            raise ValueError("--columns are two numbers from 1 on, and --limit is not below 0.")
        if len(self.set_name) not in (0, len(self.pairs)):
            raise ValueError(f"--set-name names {len(self.set_name)} of {len(self.pairs)} sets of --pairs.")
        if self.speak and (self.audio_folder or not self.output):
            raise ValueError("--speak makes recordings in --output, and takes none from --audio-folder.")
        if NEAREST in self.engine and not self.training_data:
            raise ValueError(f"The engine '{NEAREST}' wants --training-data, the sentences that it remembers.")


def main(arguments: list[str] | None = None) -> int:
    """Measure; see the module's docstring."""
    return run_command(TranslationOptions, evaluate, __doc__, arguments, refusal="Not evaluated: ")


def evaluate(options: TranslationOptions) -> dict:
    """Measure every engine on every set; return the job's last line.

    Raises:
        TextError, ModelError, UnknownEngine, UnsupportedLanguage: it cannot be done as asked, in one sentence.
    """
    sets = read_sets(options)
    settings = Settings.from_environment()
    services = Services(replace(settings, translator=options.translator or settings.translator), say)
    engines = find_engines(options.engine, services, options.target, options.training_data)
    for one in sets:
        check_ways(engines, one.language, spoken=bool(one.speech) or options.speak)
    sets = [with_recordings(one, options, settings.cache) for one in sets]
    run = Measurement(services, options.target, options.output, detect=options.detect_language, again=options.again)
    heard = run.recognise(sets)
    rows = {engine.name: run.translate(engine, sets, heard) for engine in engines}
    say(f"{run.computed:,} sentences and clips were computed now, {run.kept:,} lay in the ledgers.")
    metrics = Metrics()
    findings = Findings(score_all(sets, rows, metrics, options.target), heard)
    say(findings.in_words(metrics.missing))
    if NEAREST in options.engine:
        say_known(engines, sets)
    summary = findings.as_dict() | {"signatures": metrics.signatures}
    if options.output:
        summary |= keep(options, services, engines, sets, findings, summary)
    return summary


def read_sets(options: TranslationOptions) -> list[SentenceSet]:
    """Return the sets that are asked for, cut to size.

    Raises:
        TextError: one cannot be had, in one sentence, or two have one name.
    """
    sets = []
    for place, reference in enumerate(options.pairs):
        if options.audio_folder:
            one = read_speech_set(Path(reference), options.source, options.audio_folder)
        elif is_on_the_hub(reference):
            one = read_flores(reference, options.source, options.target)
        else:
            one = read_text_set(Path(reference), options.source, options.columns, by_domain=options.by_domain)
        named = replace(one, name=options.set_name[place]) if options.set_name else one
        sets += parted(named) if options.by_domain else [named]
    if options.fleurs:
        sets.append(read_fleurs(options.fleurs, options.source, options.flores))
    if twice := [one.name for one in sets if [other.name for other in sets].count(one.name) > 1]:
        raise TextError(f"Two sets are called {twice[0]}: tell them apart by --set-name.")
    sets = [evenly_chosen(one, options.limit) for one in sets]
    for one in sets:
        chosen = one.origin.get("chosen", "all of it")
        say(f"{one.title}: {len(one.items):,} sentences in '{one.language}', {chosen}.")
    return sets


def is_on_the_hub(reference: str) -> bool:
    """Whether pairs are a data set's name: what is no file, has one slash and no ending of text."""
    is_name = reference.count("/") == 1 and not reference.startswith((".", "/"))
    return is_name and not Path(reference).exists() and not reference.endswith((".tsv", ".txt", ".csv"))


def with_recordings(one: SentenceSet, options: TranslationOptions, cache: Path) -> SentenceSet:
    """Return a set whose recordings, if it is to have any, lie in files."""
    if options.speak and not one.speech:
        return spoken(one, options.output / "speech")
    return unpacked(one, cache) if one.speech and one.items[0].audio is None else one


def score_all(
    sets: Sequence[SentenceSet],
    rows: Mapping[str, Mapping[tuple[str, str], Sequence[Row]]],
    metrics: Metrics,
    target: str,
) -> list[Result]:
    """Return the figures of every engine, set by set, of text before speech."""
    results = []
    for one in sets:
        draws = Draws(one.units)
        for condition in (TEXT, SPEECH):
            for engine, by_set in rows.items():
                found = by_set.get((one.name, condition), ())
                sides = [row.hypothesis for row in found], [row.reference for row in found]
                if found:
                    results.append(Result(engine, one, condition, found, score(metrics, *sides, target, draws), target))
    return results


def say_known(engines: Sequence[MeasuredEngine], sets: Sequence[SentenceSet]) -> None:
    """Say how much of a set the memory of `nearest` holds itself: of that it is no baseline."""
    nearest = next(engine.baseline for engine in engines if engine.name == NEAREST)
    for one in sets:
        if known := nearest.known([item.source for item in one.items], one.language):
            say(f"Note: {known:,} of {len(one.items):,} sources of {one.title} stand in the training data themselves.")


def keep(
    options: TranslationOptions,
    services: Services,
    engines: Sequence[MeasuredEngine],
    sets: Sequence[SentenceSet],
    findings: Findings,
    summary: dict,
) -> dict:
    """Write record and picture into the output folder; return where they are."""
    from translation.translation_pictures import draw_scores

    picture = draw_scores(options.output / PICTURE, findings.results)
    settings = {"normalisation": NORMALISATION, "replicates": REPLICATES, "confidence": CONFIDENCE, "seed": SEED}
    chosen = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
    record = {
        **summary,
        "sets": {one.name: one.origin | {"language": one.language, "speech": one.speech} for one in sets},
        "models": {engine.name: engine.models for engine in engines},
        "speech_models": speech_models(services) if any(one.speech for one in sets) else [],
        "settings": settings | {"options": chosen},
        "circumstances": circumstances() | {"more_packages": {name: version(name) for name in _PACKAGES}},
    }
    write_json(options.output / RECORD, record)
    if (options.output / NAME).is_file():
        # A translator's own run: its card may state what stands in its record.
        told = {name: record[name] for name in ("figures", "comparisons", "recognition", "signatures", "settings")}
        add_sections(options.output, evaluation=told | record["circumstances"])
        update_run_folder(options.output)
    say(f"Kept: {options.output / RECORD}, a ledger an engine beside it, and {picture}.")
    return {"output": str(options.output), "picture": str(picture)}


if __name__ == "__main__":
    sys.exit(main())
