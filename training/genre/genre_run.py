"""The folder of a genre run: what is trained on what, and what is kept of it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from genre.genre_figures import draw_history
from genre.genre_scoring import Judged, read_ledger
from genre.genre_training import EpochRow, Trained
from genre.pieces import Pieces
from genre.presets import Preset
from genre.protocols import Fold, Split, shared_artists
from genre.song_library import SongLibrary
from genre.songs import INDEX, FolderError, Song, gtzan_facts, write_index
from najva.genre_networks import GenreNetwork
from publishing.measured import MEASURED
from run_news import say
from run_record import RunError, add_sections, circumstances, read_record
from whole_files import whole_file, write_json, write_rows

if TYPE_CHECKING:
    from accelerate import Accelerator

    from train_genre import GenreOptions

# Under `segments` one part validates.
_SEGMENT_PARTS = 5
LEDGER, SPLIT = "ledgers/songs.jsonl", "split.json"


def read_history(run: Path) -> list[EpochRow]:
    """Return the rows of `history.csv`."""
    whole = {"fold", "epoch"}
    with (run / "history.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        EpochRow(**{key: int(text) if key in whole else float(text) if text else None for key, text in row.items()})
        for row in rows
    ]


def read_trained(run: Path) -> dict:
    """Return a run's record.

    Raises:
        RunError: it is no genre run that was trained to its end.
    """
    record = read_record(run)
    if "preset" not in record or "training" not in record:
        raise RunError(f"{run} is no genre run that was trained to its end; train_genre.py makes one.")
    return record


def read_songs(run: Path, record: Mapping[str, Any]) -> list[Judged]:
    """Return a run's ledger.

    Raises:
        RunError: it has none.
    """
    songs = read_ledger(run / LEDGER)
    if not songs:
        why = {
            "all": "every song trained, so none is left to measure on; --folds names the run whose figures it has",
            "segments": "it is leaky on purpose, and its figure is the one that its training printed",
        }
        raise RunError(
            f"{run} has no validation songs: {why.get(record['options']['protocol'], 'its ledger is empty')}."
        )
    return songs


def check_same_start(options: GenreOptions, preset: Preset, split: Split) -> None:
    """Refuse to go on with a run that was begun with another split, or another recipe under the same name.

    Raises:
        RunError: it was; who plays a song may have been corrected since, or the project have changed.
    """
    path = options.output / SPLIT
    if not path.is_file() or "preset" not in (begun := read_record(options.output)):
        return
    if json.loads(path.read_text(encoding="utf-8")) != _split_values(split) or begun["preset"] != asdict(preset):
        raise RunError(
            f"{options.output} was begun with other songs on its sides, or another preset, than there would be now; "
            "name another --output, or delete it."
        )


def _split_values(split: Split) -> dict:
    return {
        "protocol": split.protocol,
        "seed": split.seed,
        "folds": [
            {"train": list(fold.train), "validation": list(fold.validation)}
            | ({"test": list(fold.test)} if fold.test else {})
            for fold in split.folds
        ],
    }


def record_start(options: GenreOptions, preset: Preset, library: SongLibrary, split: Split) -> None:
    """Write what the run is made of, before it begins, and say whom validation shares with training."""
    gtzan = {clip: artist for clip, (artist, _) in gtzan_facts().items()}
    shared = [shared_artists(library.songs, fold) for fold in split.folds]
    in_both, unknown, validated = (sum(numbers) for numbers in zip(*shared, strict=True))
    record = add_sections(
        options.output,
        options=options.comparable(),
        data={
            "name": library.name,
            "songs": len(library.songs),
            "genres": library.labels,
            "hours": round(sum(song.seconds for song in library.songs) / 3600, 3),
            "sha256": library.sha256,
            "variants_of": len({song.variant_of for song in library.songs if song.variant_of}),
            "is_gtzan": any(song.artist and song.artist == gtzan.get(_recording(song)) for song in library.songs),
            "faults": [asdict(fault) for fault in library.faults],
            "validation_songs": validated,
            "validation_songs_with_artist_in_training": in_both,
            "validation_songs_of_unknown_artist": unknown,
            "not_measurable": list(split.not_measurable),
        },
        preset=asdict(preset),
    )
    write_json(options.output / SPLIT, _split_values(split))
    write_index(options.output / INDEX, library.songs)
    if of := record["data"]["variants_of"]:
        say(f"REHEARSAL: these songs are variants of {of}. Figures tell how the training goes, and nothing of music.")
    if split.protocol == "segments":
        say("LEAKY ON PURPOSE: pieces of every validation song are in training too.")
    elif validated:
        of_unknown = f" Of {unknown} the artist is not known." if unknown else ""
        part = "test" if split.folds[0].test else "validation"
        say(
            f"{in_both} of {validated} {part} songs share their artist, or are a copy of a song, in training."
            f"{of_unknown}"
        )
    if split.not_measurable:
        say(f"Not measurable with artists kept apart, as too few play it: {', '.join(split.not_measurable)}.")


def _recording(song: Song) -> str:
    """Return what GTZAN calls a song, or the one that it is a variant of."""
    return PurePosixPath(song.variant_of).stem if song.variant_of else song.path.stem


def run_title(record: Mapping[str, Any]) -> str:
    """Return what a run is called, a rehearsal so."""
    rehearsal = "REHEARSAL: " if is_rehearsal_run(record) else ""
    return rehearsal + ", ".join(
        (record["options"]["architecture"], preset_name(record), record["options"]["protocol"])
    )


def is_rehearsal_run(record: Mapping[str, Any]) -> bool:
    """Whether a run's songs are variants of a few; runs of before there were such do not say."""
    return bool(record["data"].get("variants_of"))


def say_dependence(record: Mapping[str, Any]) -> None:
    """Say of a rehearsal that its songs are fewer than they seem."""
    if is_rehearsal_run(record):
        of = record["data"]["variants_of"]
        say(f"REHEARSAL: the songs are variants of {of} in all; intervals and p-values take them for independent.\n")


def songs_name(record: Mapping[str, Any]) -> str:
    """Return the name of a run's songs; a rehearsal's says so."""
    name = record["data"]["name"]
    return f"{name} (rehearsal)" if is_rehearsal_run(record) else name


def preset_name(record: Mapping[str, Any]) -> str:
    """Return a run's preset, with what was changed of it."""
    chosen = record["options"]
    changes = [*chosen.get("change", []), *([f"patience={chosen['patience']}"] if chosen["patience"] else [])]
    return f"{chosen['preset']} with {' and '.join(changes)}" if changes else chosen["preset"]


def pieces_of(
    network: GenreNetwork, preset: Preset, library: SongLibrary, split: Split, fold: Fold, number: int
) -> tuple[Pieces, Pieces | None]:
    """Return what trains and what validates."""

    def pieces(ids: Sequence[str], **more: object) -> Pieces:
        wanted = set(ids)
        chosen = [place for place, song in enumerate(library.songs) if song.id in wanted]
        frames = [library.frames[place] for place in chosen]
        return Pieces(frames, [library.genres[place] for place in chosen], network.segment_frames, **more)

    drawn = {"shuffled": True, "seed": split.seed}
    if split.protocol == "segments":
        count = len(pieces(fold.train))
        if count < _SEGMENT_PARTS:
            raise FolderError(f"{count} pieces are too few to hold a fifth of them out.")
        order = np.random.default_rng((split.seed, number)).permutation(count)
        held = count // _SEGMENT_PARTS
        return pieces(fold.train, chosen=sorted(order[held:]), **drawn), pieces(fold.train, chosen=sorted(order[:held]))
    training = pieces(fold.train, crops=preset.crops, **drawn)
    return training, pieces(fold.validation) if fold.validation else None


def fold_ledger(network: GenreNetwork, library: SongLibrary, fold: Fold, number: int, split: Split) -> list[dict]:
    """Return the ledger of a fold: the probabilities of every song that did not train, piece by piece."""
    if split.protocol == "segments":
        return []
    network.eval()
    part = dict.fromkeys(fold.validation, "validation") | dict.fromkeys(fold.test, "test")
    rows = []
    for song, frames in zip(library.songs, library.frames, strict=True):
        if song.id in part:
            # As logarithms, since a temperature is fitted on them: a probability of zero has none.
            logarithms = network.segment_probabilities(frames.to(network.mean.device)).log().cpu()
            rows.append(
                {
                    "id": song.id,
                    "genre": song.genre,
                    "fold": number,
                    "part": part[song.id],
                    "artist": song.artist,
                    "log_probabilities": [[round(value, 4) for value in piece] for piece in logarithms.tolist()],
                }
            )
    return rows


def save(
    options: GenreOptions,
    trained: Trained,
    rows: list[EpochRow],
    ledger: list[dict],
    accelerator: Accelerator,
    learned: dict,
) -> None:
    """Write the network, the history, the ledger and, last, the section by which the run counts as trained."""
    trained.network.cpu().save_pretrained(options.output)
    # The Hub library's placeholder of a card, and what an earlier training was measured to do.
    for name in ("README.md", MEASURED):
        (options.output / name).unlink(missing_ok=True)
    write_rows(options.output / "history.csv", [asdict(row) for row in rows])
    with whole_file(options.output / LEDGER) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in ledger)
    draw_history(options.output / "figures" / "history.png", rows, run_title(read_record(options.output)))
    add_sections(
        options.output,
        training={
            "epochs": max(row.epoch for row in rows),
            "steps": trained.steps,
            "parameters": sum(weight.numel() for weight in trained.network.parameters() if weight.requires_grad),
            "precision": "fp32" if accelerator.mixed_precision == "no" else accelerator.mixed_precision,
            "processes": accelerator.num_processes,
            **learned,
            **circumstances(),
        },
    )
    shutil.rmtree(options.output / "checkpoints", ignore_errors=True)
