"""Publishes a run's models, a data folder, or the Space: staged, shown, and pushed in one commit each.

    python training/publish.py model --run runs/NAME --repository OWNER/NAME
    python training/publish.py dataset --data data/NAME --repository OWNER/NAME [--audio]
    python training/publish.py space --repository OWNER/NAME --persian OWNER/NAME[@COMMIT] [--genre OWNER/NAME …]

Everything is private unless `--public` is given. `--dry-run` writes the staged folder, asks nothing of the Hub and can
be tried anywhere. Of a LoRA run the merged model goes to OWNER/NAME-merged and then the adapter to OWNER/NAME; only a
run whose models were all measured on every test clip is published, with the card that its `run.json` makes. A push
that breaks off publishes nothing, and the same command goes on. The token is the one of `hf auth login`, or HF_TOKEN.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from transformers.hf_argparser import HfArgumentParser

from najva.pretrained.errors import ModelError
from options import option, required
from publishing.card_text import CardError
from publishing.cards import preload_entry
from publishing.hub import Published, Staged, check_name, check_target, find_revision, publish
from publishing.hub_errors import HubError
from publishing.measured import kinds_of
from publishing.single_models import single_model
from publishing.staging import (
    README,
    StagingError,
    stage_dataset,
    stage_model,
    stage_space,
)
from run_news import say as say_line
from run_record import RunError, read_record
from sheets.faults import DataError
from whole_files import whole_file

_SPACE = Path(__file__).parents[1] / "space"
_SHOWN_FILES = 40


@dataclass(frozen=True, kw_only=True)
class _Common:
    """What every push may be told."""

    repository: str = required("OWNER/NAME on the Hub")
    public: bool = option(False, "show it to everybody, once all of it is there")
    dry_run: bool = option(False, "write the staged folder only; the Hub is not asked")
    staging: str = option("", "empty or new folder to stage in, and to keep; by default beside what is published")
    replace: bool = option(False, "put it in the place of whatever the repository holds")


@dataclass(frozen=True, kw_only=True)
class ModelOptions(_Common):
    """Which run to publish, and as what."""

    run: Path = required("folder of the run")
    part: Literal["all", "adapter", "merged"] = option("all", "of a LoRA run")
    licence: str = option("", "in the Hub's spelling, such as apache-2.0; empty: the base's")
    dataset: str = option("", "repository of the data, for the card")
    ledgers: bool = option(False, "with the sentences of every test clip, as they were said and as they were written")


@dataclass(frozen=True, kw_only=True)
class DatasetOptions(_Common):
    """Which data to publish, and as what."""

    data: str = required("folder of prepare_transcripts.py")
    audio: bool = option(False, "with the clips")
    licence: str = option("", "in the Hub's spelling, such as cc-by-4.0")


@dataclass(frozen=True, kw_only=True)
class SpaceOptions(_Common):
    """What the Space is to serve, and as what."""

    persian: str = option("", "OWNER/NAME[@COMMIT] of the Persian model; without a commit its newest")
    asr: str = option("", "OWNER/NAME[@COMMIT] of the multilingual model; empty: the Space's own choice")
    genre: list[str] = option([], "OWNER/NAME[@COMMIT] of genre networks, the default one first; none: the Space's own")
    translator: str = option("", "OWNER/NAME[@COMMIT] of the translator that is asked first; empty: the Space's choice")
    hardware: str = option("", "what it runs on, such as zero-a10g or cpu-upgrade; empty: what the account has free")


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish what the first argument names; see the module's docstring."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] not in _JOBS:
        print(__doc__)
        return 0 if arguments[:1] in (["--help"], ["-h"]) else 1
    form, job = _JOBS[arguments[0]]
    parser = HfArgumentParser(form, prog=f"publish.py {arguments[0]}", description=form.__doc__)
    try:
        (options,) = parser.parse_args_into_dataclasses(arguments[1:], look_for_args_file=False)
        check_given(options)
        print(json.dumps(job(options), ensure_ascii=False))
    except (HubError, CardError, StagingError, RunError, DataError, ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def check_given(options: _Common) -> None:
    """Refuse what cannot be meant, before anything is read.

    Raises:
        StagingError, HubError: the name is none, or the folder to stage in is somebody's.
    """
    check_name(options.repository)
    if options.staging and Path(options.staging).exists() and any(Path(options.staging).iterdir()):
        raise StagingError(f"{options.staging} is not empty; name another folder by --staging.")


def publish_run(
    run: Path,
    repository: str,
    *,
    public: bool = False,
    replace: bool = False,
    dry_run: bool = False,
    part: str = "all",
    licence: str = "",
    dataset: str = "",
    ledgers: bool = False,
    staging: Path | None = None,
    say: Callable[[str], None] = say_line,
) -> dict:
    """Publish the models of a run; called by `finetune_whisper.py --push-to-hub` too.

    Args:
        run: `runs/NAME`, trained and measured.
        repository: `OWNER/NAME` of the adapter, or of the whole model of a full tuning; a merged one's is
            `OWNER/NAME-merged`.
        public: show them to everybody, once all of them are there.
        replace: put them in the place of whatever the repositories hold.
        dry_run: stage only.
        part: `all`, or one of a LoRA run's `adapter` and `merged`.
        licence: in the Hub's spelling; empty for the base's.
        dataset: repository of the data, for the cards.
        ledgers: with what was said and written in every test clip.
        staging: where to stage; None for `staged/` in the run folder.
        say: takes one line on what is done.

    Returns:
        `repository`, `revision`, `url`, `files` (a number) and more of what `repository` names; under `merged` the same
        of the merged model.

    Raises:
        HubError, CardError, StagingError, RunError, ModelError: it cannot be done, in a sentence.
    """
    check_name(repository)
    record = read_record(run)
    if single := single_model(record):
        staged = [single.stage(run, staging or run / "staged", repository, licence=licence)]
        return _push(run, staged, public=public, replace=replace, dry_run=dry_run, keep=staging is not None, say=say)
    kinds = kinds_of(record)
    repositories = {
        kind.name: f"{repository}-merged" if kind.name == "merged" and part == "all" else repository
        for kind in kinds
        if part in ("all", kind.name)
    }
    if not repositories:
        raise StagingError(f"{run} is a full tuning; --part is for LoRA runs.")
    for name in repositories.values():
        check_name(name)
    options = {"licence": licence, "dataset": dataset, "ledgers": ledgers}
    staged = [
        stage_model(run, kind, (staging or run / "staged") / kind.name, repositories, **options)
        for kind in kinds
        if kind.name in repositories
    ]
    own_card = kinds[-1].name in repositories
    options = {"public": public, "replace": replace, "dry_run": dry_run, "keep": staging is not None}
    return _push(run, staged, **options, own_card=own_card, say=say)


def _push(
    run: Path,
    staged: list[Staged],
    *,
    public: bool,
    replace: bool,
    dry_run: bool,
    keep: bool,
    own_card: bool = True,
    say: Callable[[str], None],
) -> dict:
    """Show what is staged and push it; see `publish_run`."""
    for item in staged:
        show(item, say)
    if dry_run:
        results = [_staged_only(item) for item in staged]
    else:
        results = [asdict(done) for done in publish(staged, public=public, replace=replace, say=say)]
        if own_card:
            # As it was published, in the place of the one that names folders of this machine.
            with whole_file(run / README) as unfinished:
                shutil.copyfile(staged[-1].folder / README, unfinished)
        if not keep:
            shutil.rmtree(run / "staged")
    first = results[-1]
    return first if len(results) == 1 else {**first, "merged": results[0]}


def check_push(repository: str, *, lora: bool, public: bool = False) -> None:
    """See, before hours of training, whether `publish_run` could push there.

    Args:
        repository: `OWNER/NAME`.
        lora: whether a merged model is to be pushed beside it.
        public: whether everybody is to see it.

    Raises:
        HubError: it could not, in a sentence.
    """
    for name in (repository, f"{repository}-merged") if lora else (repository,):
        check_target(name, public=public)


def show(item: Staged, say: Callable[[str], None] = say_line) -> None:
    """Say what a staged folder holds."""
    files = item.files()
    sizes = {name: path.stat().st_size for name, path in files.items()}
    say(f"{item.kind} {item.repository}: {len(files)} files, {_size(sum(sizes.values()))}, staged in {item.folder}")
    for name, size in list(sizes.items())[:_SHOWN_FILES]:
        say(f"  {_size(size):>10}  {name}")
    if len(sizes) > _SHOWN_FILES:
        say(f"  … and {len(sizes) - _SHOWN_FILES:,} more")
    for name, value in item.variables.items():
        say(f"  {name}={value}")
    if item.hardware:
        say(f"  on {item.hardware}")


def _publish_model(options: ModelOptions) -> dict:
    given = {name: value for name, value in asdict(options).items() if name not in ("run", "repository", "staging")}
    return publish_run(
        options.run, options.repository, **given, staging=Path(options.staging) if options.staging else None
    )


def _publish_dataset(options: DatasetOptions) -> dict:
    from sheets.speech_data import load_speech

    data = load_speech(options.data)
    folder = Path(options.staging) if options.staging else data.folder / "staged"
    item = stage_dataset(data, folder, options.repository, audio=options.audio, licence=options.licence)
    return _finish(item, options)


def _publish_space(options: SpaceOptions) -> dict:
    models: dict[str, list[str]] = {}
    bases: list[str] = []
    preload: list[str] = []
    asked = {
        "NAJVA_ASR_PERSIAN": [options.persian],
        "NAJVA_ASR_MODEL": [options.asr],
        "NAJVA_GENRE_MODELS": options.genre,
        "NAJVA_TRANSLATOR": [options.translator],
    }
    for variable, references in asked.items():
        pinned = [_pinned(reference, ask_hub=not options.dry_run) for reference in references if reference]
        if pinned:
            models[variable] = [reference for reference, *_ in pinned]
            bases += [base for _, of, _ in pinned for base in of]
            preload += [entry for *_, entry in pinned if entry]
    if not options.dry_run:
        preload += filter(None, map(_preload_of_base, dict.fromkeys(bases)))
    folder = Path(options.staging or tempfile.mkdtemp(prefix="najva-space-"))
    prepared = {"preload": preload, "hardware": options.hardware}
    return _finish(stage_space(_SPACE, folder, options.repository, models, bases, **prepared), options)


def _pinned(reference: str, *, ask_hub: bool) -> tuple[str, list[str], str]:
    """Return `OWNER/NAME@COMMIT`, what the model is an adapter of, and what the Space is to preload of it."""
    repository, _, revision = reference.removeprefix("hub:").partition("@")
    check_name(repository)
    if not ask_hub:
        return f"{repository}@{revision}" if revision else repository, [], ""
    found = find_revision(repository, revision)
    base = found.card.get("base_model") or []
    pinned = f"{repository}@{found.commit}", [base] if isinstance(base, str) else list(base)
    if found.is_private:
        # Whoever builds a Space has none of its secrets.
        say_line(f"{repository} is private: give the Space a secret HF_TOKEN that may read it.")
        return *pinned, ""
    return *pinned, preload_entry(repository, found.commit, found.files)


def _preload_of_base(base: str) -> str:
    """Return what the Space is to preload of what an adapter belongs to; nothing of what everybody cannot have."""
    try:
        found = find_revision(base)
    except HubError:
        return ""
    return "" if found.is_private else preload_entry(base, found.commit, found.files)


def _finish(item: Staged, options: _Common) -> dict:
    show(item)
    if options.dry_run:
        return _staged_only(item)
    (done,) = publish([item], public=options.public, replace=options.replace, say=say_line)
    if not options.staging:
        shutil.rmtree(item.folder)
    return asdict(done)


def _staged_only(item: Staged) -> dict:
    files = item.files()
    nothing = Published(item.repository, item.kind, "", "", len(files), 0, changed=False, public=False)
    total = sum(path.stat().st_size for path in files.values())
    return asdict(nothing) | {"bytes": total, "dry_run": True, "staged": str(item.folder)}


def _size(count: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"


_JOBS = {
    "model": (ModelOptions, _publish_model),
    "dataset": (DatasetOptions, _publish_dataset),
    "space": (SpaceOptions, _publish_space),
}

if __name__ == "__main__":
    sys.exit(main())
