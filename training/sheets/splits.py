"""Draws train, validation and test: exact counts, the same sides whatever the order of the sheet's rows.

Each group of clips that must stay together has a rank, the seeded hash of the first of its names; the test set is taken
from the front of that ranking, then the validation set, and the rest is for training. Nothing depends on the order of
the rows, and a clip that is added or mended moves few others. Where every group is one clip the counts are met exactly,
else they come as near as whole groups allow (a subset sum, solved exactly).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sheets.faults import DataError

PARTS = ("test", "validation", "train")


@dataclass(frozen=True)
class Split:
    """Which clip is on which side.

    Attributes:
        seed: Seed of the ranking.
        group_by: ``recording``, ``speaker``, or None where clips were drawn one by one.
        test: Ids, sorted.
        validation: Ids, sorted.
        train: Ids, sorted.
    """

    seed: int
    group_by: str | None
    test: tuple[str, ...]
    validation: tuple[str, ...]
    train: tuple[str, ...]

    def side(self) -> dict[str, str]:
        """Returns the part of every id."""
        return {name: part for part in PARTS for name in getattr(self, part)}


def draw_split(
    groups: Iterable[Sequence[str]],
    *,
    seed: int = 0,
    test_share: float = 0.2,
    validation_share: float = 0.2,
    stated: Mapping[str, str] | None = None,
    group_by: str | None = None,
) -> Split:
    """Draws a split.

    Args:
        groups: Clips that must stay together, each clip in one group.
        seed: Another seed, another ranking.
        test_share: Share of all clips for the test set, rounded half up to a whole number.
        validation_share: Share of the remaining clips for validation, rounded likewise.
        stated: The part of each id where the sheet states it; obeyed before anything is drawn. Clips without a word are
            for training, as is what validation is then drawn from, unless it is stated too or nothing is for training.
        group_by: Kept in the result.

    Returns:
        The split; no part is empty, unless the sheet states a set to measure on only.

    Raises:
        DataError: There are too few clips or groups for three parts, or the sheet states no test clip.
    """
    groups = [sorted(group) for group in groups]
    ranked = sorted(groups, key=lambda group: hashlib.sha256(f"{seed}\0{group[0]}".encode()).digest())
    sides: dict[str, list[str]] = {part: [] for part in PARTS}
    if stated:
        for name in (name for group in ranked for name in group):
            sides[stated.get(name) or "train"].append(name)
        if not sides["test"]:
            raise DataError("The sheet's column split names no test clip; complete it, or add --ignore-split.")
        # What the sheet puts on the other sides has left its group.
        remaining = set(sides.pop("train"))
        ranked = [kept for group in ranked if (kept := [name for name in group if name in remaining])]
    else:
        sides["test"], ranked = _take(ranked, test_share, "test")
    if ranked and not sides["validation"]:
        sides["validation"], ranked = _take(ranked, validation_share, "validation")
    sides["train"] = [name for group in ranked for name in group]
    return Split(seed=seed, group_by=group_by, **{part: tuple(sorted(names)) for part, names in sides.items()})


def wanted_count(clips: int, share: float) -> int:
    """Returns the share of so many clips, rounded half up, at least 1."""
    return max(1, int(clips * share + 0.5))


def _take(ranked: list[list[str]], share: float, part: str) -> tuple[list[str], list[list[str]]]:
    """Takes a share from the front of the ranking; returns the names taken and the groups left."""
    sizes = [len(group) for group in ranked]
    target = wanted_count(sum(sizes), share)
    if len(ranked) < 2:
        raise DataError(
            f"The {sum(sizes)} clips that are left for {part} and train hang together as {len(ranked)} group (same "
            "sound, same sentence, or what --group-by names), so they cannot be split; add clips or group by less."
        )
    chosen = _first_subset(sizes, target)
    taken = [name for group, is_taken in zip(ranked, chosen, strict=True) if is_taken for name in group]
    return taken, [group for group, is_taken in zip(ranked, chosen, strict=True) if not is_taken]


def _first_subset(sizes: list[int], target: int) -> list[bool]:
    """Of the sets of groups whose sizes add up to what is nearest to the target, the one that prefers the front.

    Groups are left over, and a sum below the target wins over one as far above it.
    """
    # Taking whatever still fits is that set if it ends at the target, as with enough single clips it does.
    greedy, left = [], target
    for size in sizes:
        greedy.append(size <= left)
        left -= size * greedy[-1]
    if not left and not all(greedy):
        return greedy
    # Sums are the bits of an integer: `reachable[i]` has those of all sets of groups from i on. About n² / 40 bytes for
    # n clips in n groups.
    mask = (1 << (target + max(sizes) + 1)) - 1
    reachable = [1]
    for size in reversed(sizes):
        reachable.append((reachable[-1] | reachable[-1] << size) & mask)
    reachable.reverse()
    total = sum(sizes)
    candidates = (target + offset for distance in range(total) for offset in (-distance, distance))
    left = next(value for value in candidates if 0 < value < total and reachable[0] >> value & 1)
    chosen = []
    for i, size in enumerate(sizes, start=1):
        chosen.append(size <= left and bool(reachable[i] >> (left - size) & 1))
        left -= size * chosen[-1]
    return chosen
