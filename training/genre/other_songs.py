"""A network, as the app judges with it, on songs that need not be those of any run."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from genre.genre_scoring import Share
from genre.song_library import say_faults
from genre.songs import INDEX, Fault, FolderError, Song, find_files, read_each, read_hashes, read_song
from najva.genre_classifier import GenreAnswer
from najva.pretrained import ModelError
from najva.services import Services
from najva.settings import Settings


def judge_folder(reference: str, folder: Path) -> dict:
    """Judge every song of a folder, print what became of each genre, and return the job's last line.

    Args:
        reference: of a network, see `najva.pretrained`.
        folder: with a folder a genre.

    Raises:
        FolderError: no song of it is of a genre that the network knows.
        ModelError: the network cannot be had.
    """
    services = genre_services(reference)
    labels, files = services.genres.classifier().network.config.labels, find_files(folder)
    faults = [
        Fault(genre, f"the network does not know this genre; it knows {', '.join(labels)}")
        for genre in files
        if genre not in labels
    ]
    trained = read_hashes(services.genres.find().folder / INDEX)

    def judge(path: Path, root: Path) -> tuple[Song, GenreAnswer]:
        song, _ = read_song(path, root)
        *_, answer = services.classify_genre(path)
        return song, answer

    judged, unreadable = read_each({genre: files[genre] for genre in files if genre in labels}, judge)
    faults += unreadable
    answers = [(song.genre, answer) for song, answer in judged]
    heard_before = sum(song.sha256 in trained for song, _ in judged)
    say_faults(faults, print)
    if not answers:
        raise FolderError(f"No song of {folder} can be judged by {reference}, which knows {', '.join(labels)}.")
    if heard_before:
        print(
            f"{heard_before} of {len(answers)} songs are of the training's collection: figures are too good for them."
        )
    return print_answers(folder, answers) | {"left_out": len(faults), "heard_before": heard_before}


def genre_services(reference: str) -> Services:
    """Return the app's services with one genre network.

    Raises:
        ModelError: it cannot be had.
    """
    settings = replace(Settings.from_environment(), genre_models=reference)
    services = Services(settings, say=lambda line: print(line, file=sys.stderr))
    # Where one that is named cannot be had, the app goes on with those that come with it.
    if not (services.genres.checkpoints and services.genres.are_named):
        raise ModelError(services.genres.problem)
    return services


def print_answers(folder: Path, answers: list[tuple[str, GenreAnswer]]) -> dict:
    """Print a row for each genre, and return the sums."""
    right, count, decisions = Counter(), Counter(), Counter()
    for genre, answer in answers:
        count[genre] += 1
        # Of no music every genre has a score of 0, and none is right.
        right[genre] += answer.decision != "no_music" and next(iter(answer.scores)) == genre
        decisions[answer.decision] += 1
    reference, whole = answers[0][1].model, Share(right.total(), count.total())
    print(
        f"{reference} on {folder.name}: {whole.in_words} of the songs are right by their likeliest genre. "
        f"It is unsure of {decisions['unsure']} and hears no music in {decisions['no_music']}.\n\n"
        "| genre | right | of |\n| --- | ---: | ---: |"
    )
    for genre, of in sorted(count.items()):
        print(f"| {genre} | {right[genre]} | {of} |")
    return {
        "model": reference,
        "songs": folder.name,
        **whole.as_dict(),
        "unsure": decisions["unsure"],
        "no_music": decisions["no_music"],
    }
