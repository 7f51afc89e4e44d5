"""Folders that hold exactly what a repository is to hold, before anything is asked of the Hub."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from safetensors import SafetensorError, safe_open

from najva.pretrained import Hub, find_checkpoint
from publishing.cards import CardOptions, dataset_card, model_card, space_card
from publishing.hub import Staged
from publishing.measured import MEASURED, ModelKind, measured_values
from run_record import NAME, read_record
from sheets.speech_data import Clip, SpeechData, write_speech
from sheets.splits import PARTS
from whole_files import write_json

README = "README.md"
# Of a model's folder; whatever else lies there, checkpoints or pickles, is not published.
_WEIGHTS = ("*.json", "*.safetensors", "*.txt")
_OF_THE_RUN = (NAME, "split.json", "history.csv")
# The Hub wants at most 10,000 files in a folder.
_CLIPS_A_FOLDER = 5_000
_OF_THE_TABLE = ("id", "text", "seconds", "speaker", "recording", "sha256")
# Hidden files hold tokens as often as anything, so that all stay behind but the one that belongs to the container file.
_CACHES = ("__pycache__", "*.pyc", "*.egg-info", ".*", "*.log", "flagged")
_CONTAINER_IGNORES = ".dockerignore"
_LOCAL_PATH = re.compile(r"(?<![\w/:.])(?:~|[A-Za-z]:)?[\\/](?:[^\s'\",\\/]+[\\/])*([^\s'\",\\/]+)")


class StagingError(ValueError):
    """Something that is not fit to be published, in one sentence."""


def stage_model(
    run: Path,
    kind: ModelKind,
    folder: Path,
    repositories: Mapping[str, str],
    *,
    licence: str = "",
    dataset: str = "",
    ledgers: bool = False,
) -> Staged:
    """Stage one model of a run with its card, its figures and its record.

    Args:
        run: `runs/NAME`.
        kind: which of the run's models.
        folder: where to; what was staged there before goes.
        repositories: `OWNER/NAME` of each of the run's models by kind, or the folder where it lies.
        licence: in the Hub's spelling; empty for the base's.
        dataset: repository of the data.
        ledgers: with what was said and written in every test clip.

    Raises:
        StagingError, CardError, RunError, ModelError: the run has no such model, it is damaged, or it was not measured
            as a card wants it.
    """
    record = without_local_paths(read_record(run))
    weights = run / kind.folder
    check_weights(weights, kind)
    options = card_options(run, kind, repositories, licence=licence, dataset=dataset)
    card, measured = model_card(record, kind, options), measured_values(record, kind)
    empty(folder)
    names = sorted({path.name for pattern in _WEIGHTS for path in weights.glob(pattern)} - {*_OF_THE_RUN, MEASURED})
    for name in names:
        place(weights / name, folder / name)
    wanted = [*_OF_THE_RUN[1:], *(f"figures/{name}" for name in options.figures)]
    # The test clips' alone: what was said on other sheets may be somebody else's.
    wanted += [f"ledgers/{name}.jsonl" for name in record["evaluation"]["systems"]] if ledgers else []
    for name in wanted:
        if (run / name).is_file():
            place(run / name, folder / name)
    write_json(folder / NAME, record)
    write_json(folder / MEASURED, measured)
    # The last word on the page is ours: peft and the Trainer write cards of their own.
    (folder / README).write_text(card, encoding="utf-8")
    before, after = (record["evaluation"]["systems"][name]["mean_clip_wer"] for name in ("base", kind.system))
    message = f"{kind.name.capitalize()} model: mean WER {before:.2%} before, {after:.2%} after"
    return Staged(folder, options.repository, "model", message)


def card_options(
    run: Path,
    kind: ModelKind,
    repositories: Mapping[str, str],
    *,
    licence: str = "",
    dataset: str = "",
    title: str = "",
) -> CardOptions:
    """Return what a model's card says besides the run's record.

    Args:
        run: `runs/NAME`.
        kind: which of the run's models.
        repositories: `OWNER/NAME` of each of the run's models by kind, or the folder where it lies.
        licence: in the Hub's spelling; empty for the base's.
        dataset: repository of the data.
        title: of the page; empty for the repository's name.
    """
    return CardOptions(
        repositories[kind.name],
        {name: sibling for name, sibling in repositories.items() if name != kind.name},
        licence=licence,
        dataset=dataset,
        group_by=json.loads((run / "split.json").read_text(encoding="utf-8"))["group_by"],
        figures=pictures_of(run),
        title=title,
    )


def check_weights(folder: Path, kind: ModelKind) -> None:
    """See whether a folder holds a whole model, its weights read to their end.

    Raises:
        ModelError, StagingError: it does not; a job may have been stopped while it wrote them.
    """
    found = find_checkpoint(str(folder.resolve()), Hub(offline=True), Path())
    if found.is_adapter != (kind.name == "adapter"):
        raise StagingError(f"{folder} does not hold {'an adapter' if kind.name == 'adapter' else 'a whole model'}.")
    for path in folder.glob("*.safetensors"):
        try:
            # The file's length is compared with what its header states.
            with safe_open(path, "np") as weights:
                weights.keys()
        except (SafetensorError, OSError) as error:
            raise StagingError(f"{path} is damaged ({error}); run finetune_whisper.py again.") from error


def stage_dataset(data: SpeechData, folder: Path, repository: str, *, audio: bool, licence: str = "") -> Staged:
    """Stage a data folder as a repository that `datasets` reads and `load_speech` loads back.

    Args:
        data: see `load_speech`.
        folder: where to; what was staged there before goes.
        repository: `OWNER/NAME`.
        audio: with the clips; without them only what was said, and the hash of every clip's sound.
        licence: in the Hub's spelling.
    """
    patterns = {part: f"{'audio' if audio else 'transcripts'}/{part}{'/**' if audio else '.jsonl'}" for part in PARTS}
    card = dataset_card(data, repository, licence, patterns)
    empty(folder)
    published: dict[str, Clip] = {}
    for part in PARTS:
        clips = data.clips(part)
        names = clip_names(part, [clip.id for clip in clips]) if audio else [""] * len(clips)
        for clip, name in zip(clips, names, strict=True):
            if audio:
                place(clip.path, folder / name)
            published[clip.id] = replace(clip, audio=name)
        table = folder / (f"audio/{part}/metadata.jsonl" if audio else patterns[part])
        write_table(table, [published[clip.id] for clip in clips], f"audio/{part}")
    rows = sorted(published.values(), key=lambda clip: (clip.row, clip.id))
    write_speech(folder, rows, data.split, without_local_paths(data.source))
    if (data.folder / "report.md").is_file():
        place(data.folder / "report.md", folder / "report.md")
    (folder / README).write_text(card, encoding="utf-8")
    content = "clips and transcripts" if audio else "transcripts without audio"
    return Staged(folder, repository, "dataset", f"{len(rows)} {content}, split {data.split_sha256[:12]}")


def clip_names(part: str, ids: Sequence[str]) -> list[str]:
    """Return a name inside the repository for every clip of a part: its id, in a folder that is not too full."""
    names = []
    for number, name in enumerate(ids):
        shelf = f"{number // _CLIPS_A_FOLDER:02d}/" if len(ids) > _CLIPS_A_FOLDER else ""
        # An id is whatever the sheet says, a way out of the folder too.
        steps = [step for step in PurePosixPath(name).parts if step not in ("..", "/") and not step.endswith(":")]
        names.append(f"audio/{part}/{shelf}{'/'.join(steps)}")
    if len(set(names)) < len(names):
        raise StagingError(f"Two clips of {part} would get one name in the repository; name them apart in the sheet.")
    return names


def write_table(path: Path, clips: Sequence[Clip], folder: str) -> None:
    """Write the clips of a part as `datasets` reads them: `file_name`, from the table's own folder, then the rest.

    As JSON lines, since of a CSV `datasets` would guess each part's types by itself, and the parts must have the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for clip in clips:
            row = {"file_name": clip.audio.removeprefix(f"{folder}/")} if clip.audio else {}
            row |= {name: getattr(clip, name) for name in _OF_THE_TABLE}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def stage_space(
    source: Path,
    folder: Path,
    repository: str,
    models: Mapping[str, Sequence[str]],
    bases: Iterable[str] = (),
    *,
    preload: Iterable[str] = (),
    hardware: str = "",
) -> Staged:
    """Stage the Space with a card that names its models.

    Args:
        source: `space/`.
        folder: where to; what was staged there before goes.
        repository: `OWNER/NAME`.
        models: references by the variable that names them, `OWNER/NAME@COMMIT` each.
        bases: models that those are adapters of.
        preload: see `space_card`.
        hardware: see `Staged`.

    Raises:
        StagingError: the source is no Space of this project.
    """
    if not (source / "app.py").is_file() or not (source / README).is_file():
        raise StagingError(f"{source} is no Space: it has no app.py and {README}.")
    empty(folder)
    leave_out = shutil.ignore_patterns(*_CACHES)
    shutil.copytree(
        source, folder, ignore=lambda at, names: leave_out(at, names) - {_CONTAINER_IGNORES}, dirs_exist_ok=True
    )
    card = space_card((source / README).read_text(encoding="utf-8"), models, list(bases), list(preload))
    (folder / README).write_text(card, encoding="utf-8")
    variables = {name: ",".join(references) for name, references in models.items()}
    named = ", ".join(f"{name}={value}" for name, value in variables.items())
    message = f"The Space{', ' + named if named else ''}"
    return Staged(folder, repository, "space", message, variables=variables, hardware=hardware)


def without_local_paths(value: Any) -> Any:
    """Return JSON values in which an absolute path is its last part: whose machine it was is nobody's business."""
    if isinstance(value, str):
        return _LOCAL_PATH.sub(r"\1", value)
    if isinstance(value, dict):
        return {name: without_local_paths(part) for name, part in value.items()}
    return [without_local_paths(part) for part in value] if isinstance(value, list) else value


def empty(folder: Path) -> None:
    """Make a folder, or clear what was staged in it before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def pictures_of(run: Path) -> list[str]:
    """Return the names of a run's pictures."""
    return sorted(path.name for path in (run / "figures").glob("*.png"))


def place(source: Path, target: Path) -> None:
    """Put a file into a staged folder: it may be large, so where the disk can it gets a second name, not a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
