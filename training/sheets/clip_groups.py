"""Which clips belong together, by what they share or by the numbers in their names, so that a split can respect it."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from sheets.splits import Split

# Clip numbers further apart are of two recordings; see `numbered_recordings`.
RECORDING_GAP = 1000
_NUMBERED = re.compile(r"(.*?)(\d+)")
# A hash for a name may end in digits too, more than any numbering has.
_MOST_DIGITS = 12


def linked_groups(ids: Iterable[str], *labellings: Mapping[str, str]) -> list[list[str]]:
    """Puts together what shares a label, directly or by way of others.

    Args:
        ids: All clips.
        labellings: Each a label by id, such as a hash of the sound; an id without a label, or with an empty one, shares
            nothing under that labelling.

    Returns:
        Every id in one group, in the order of each group's first id.
    """
    leader = {name: name for name in ids}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for labels in labellings:
        first: dict[str, str] = {}
        for name in leader:
            if label := labels.get(name):
                leader[find(name)] = find(first.setdefault(label, name))
    groups = defaultdict(list)
    for name in leader:
        groups[find(name)].append(name)
    return list(groups.values())


def numbered_recordings(ids: Iterable[str], gap: int) -> dict[str, str]:
    """Tells recordings apart by the numbers at the end of clip names: clips cut from one are numbered in sequence.

    A sheet rarely holds every number, since clips that were no good are gone. In the two real sheets that this was
    made for the steps inside a recording are below 500, those from one to the next above 5,000, and so a number
    that is more than `gap` away begins another recording.

    Args:
        ids: Clip names such as ``myaudio/450001.wav``.
        gap: Largest step inside a recording; 0 tells no recordings.

    Returns:
        A label such as ``myaudio/450001…450528`` by id. Clips without a number, and such as stand alone, have none;
        nobody has one if all clips would be one recording, which is no more than a name for the set.
    """
    numbered = defaultdict(list)
    ids = list(ids)
    for name in ids if gap else ():
        if parts := clip_number(name):
            numbered[parts[0]].append((parts[1], name))
    runs: list[list[tuple[int, str]]] = []
    for clips in numbered.values():
        clips.sort()
        runs.append(clips[:1])
        for previous, clip in itertools.pairwise(clips):
            if clip[0] - previous[0] > gap:
                runs.append([])
            runs[-1].append(clip)
    if any(len(run) == len(ids) for run in runs):
        return {}
    return {name: f"{clip_number(name)[0]}{run[0][0]}…{run[-1][0]}" for run in runs if len(run) > 1 for _, name in run}


def neighbours_in_train(split: Split) -> int:
    """Counts the test clips with a neighbour in training: same name before the number, number one more or less."""
    train = {clip_number(name) for name in split.train} - {None}
    numbers = [number for name in split.test if (number := clip_number(name))]
    return sum((prefix, number - 1) in train or (prefix, number + 1) in train for prefix, number in numbers)


def clip_number(name: str) -> tuple[str, int] | None:
    """Returns folder and name before the number, and the number at the end of a clip's name; None without one."""
    stem = name.rsplit(".", 1)[0] if "." in name.rsplit("/", 1)[-1] else name
    match = _NUMBERED.fullmatch(stem)
    return (match[1], int(match[2])) if match and len(match[2]) <= _MOST_DIGITS else None
