"""Splits: exact counts, the order of rows, seeds, whole groups, and what the sheet states; also on the real sheets."""

import itertools
import random

import pytest

from najva.persian import normalize
from sheets.clip_groups import linked_groups, neighbours_in_train, numbered_recordings
from sheets.faults import DataError
from sheets.splits import PARTS, _first_subset, draw_split, wanted_count
from sheets.transcripts import read_transcripts


def _counts(split):
    return tuple(len(getattr(split, part)) for part in PARTS)


def _single(count):
    return [[f"myaudio/{450001 + number}.wav"] for number in range(count)]


def test_the_counts_of_1082_clips():
    split = draw_split(_single(1082))
    assert _counts(split) == (216, 173, 693)
    assert len(split.side()) == 1082


@pytest.mark.parametrize(
    ("clips", "share", "count"), [(1082, 0.2, 216), (10, 0.25, 3), (2, 0.2, 1), (10888, 0.2, 2178)]
)
def test_a_share_is_rounded_half_up_and_never_nothing(clips, share, count):
    assert wanted_count(clips, share) == count


def test_the_order_of_rows_means_nothing():
    groups = [*_single(500), ["a.wav", "b.wav", "c.wav"], ["d.wav", "e.wav"]]
    shuffled = [random.Random(number).sample(group, len(group)) for number, group in enumerate(groups)]
    random.Random(0).shuffle(shuffled)
    assert draw_split(groups) == draw_split(shuffled)


def test_a_split_is_no_cut_through_the_sheet():
    """Test clips are spread over the sheet: about a fifth of each fifth of it."""
    names = [group[0] for group in _single(1000)]
    test = set(draw_split([[name] for name in names]).test)
    for first in range(0, 1000, 200):
        assert 20 <= len(test.intersection(names[first : first + 200])) <= 60


def test_seeds_differ_and_repeat():
    assert draw_split(_single(100), seed=1) == draw_split(_single(100), seed=1)
    first, second = draw_split(_single(100), seed=1), draw_split(_single(100), seed=2)
    # Two independent fifths have a fifth in common.
    assert len(set(first.test) & set(second.test)) < 12


def test_one_clip_more_moves_at_most_one_over_each_border():
    before, after = draw_split(_single(1000)), draw_split([*_single(1000), ["new.wav"]])
    old, new = before.side(), after.side()
    assert sum(old[name] != new[name] for name in old) <= 2


@pytest.mark.parametrize("seed", range(5))
def test_pairs_stay_together_and_counts_exact(seed):
    groups = [[f"{number}a.wav", f"{number}b.wav"] for number in range(50)] + _single(101)
    split = draw_split(groups, seed=seed)
    assert _counts(split) == (40, 32, 129)
    side = split.side()
    assert all(len({side[name] for name in group}) == 1 for group in groups)


@pytest.mark.parametrize("seed", range(20))
def test_counts_are_as_near_as_groups_allow(seed):
    generator = random.Random(seed)
    sizes = [generator.choice((3, 7, 12, 30)) for _ in range(9)]
    groups = [[f"{number}-{clip}.wav" for clip in range(size)] for number, size in enumerate(sizes)]
    split = draw_split(groups, seed=seed)
    target = wanted_count(sum(sizes), 0.2)
    subsets = itertools.chain.from_iterable(itertools.combinations(sizes, k) for k in range(1, len(sizes)))
    assert abs(len(split.test) - target) == min(abs(sum(subset) - target) for subset in subsets)


@pytest.mark.parametrize("seed", range(30))
def test_the_front_of_the_ranking_is_preferred(seed):
    """Of all sets that come as near, the one that takes the first group in which any two differ."""
    generator = random.Random(seed)
    sizes = [generator.choice((1, 2, 3, 5)) for _ in range(9)]
    target = generator.randrange(1, sum(sizes))
    choices = [pick for pick in itertools.product((True, False), repeat=9) if any(pick) and not all(pick)]
    sums = {pick: sum(itertools.compress(sizes, pick)) for pick in choices}
    nearest = min(sums.values(), key=lambda value: (abs(value - target), value))
    assert _first_subset(sizes, target) == list(max(pick for pick in choices if sums[pick] == nearest))


def test_a_million_clips_take_no_more_memory_than_their_names():
    groups = [[f"{number}.wav"] for number in range(1_000_000)]
    assert sum(_first_subset([len(group) for group in groups], 200_000)) == 200_000


def test_too_few_for_three_parts():
    assert _counts(draw_split(_single(3))) == (1, 1, 1)
    for count in (1, 2):
        with pytest.raises(DataError, match="cannot be split"):
            draw_split(_single(count))


def test_what_the_sheet_states_is_obeyed():
    groups = [["a", "b"], *([str(number)] for number in range(20))]
    split = draw_split(groups, stated={"a": "test", "b": "train", "3": "validation", "4": "test"})
    assert split.test == ("4", "a") and split.validation == ("3",)
    split = draw_split(groups, stated={"a": "test"})
    assert split.test == ("a",) and len(split.validation) == 4 and len(split.train) == 17
    with pytest.raises(DataError, match="no test clip"):
        draw_split(groups, stated={"a": "train"})


def test_a_set_to_measure_on_has_no_other_parts():
    split = draw_split([["a"], ["b"], ["c"]], stated=dict.fromkeys("abc", "test"))
    assert _counts(split) == (3, 0, 0)


@pytest.mark.parametrize(
    ("sheet", "counts"),
    [
        ("myaudio_tiny.xlsx", (216, 173, 693)),
        ("myaudio_full.xlsx", (2178, 1742, 6968)),
    ],
)
def test_the_real_sheets(test_data, sheet, counts):
    rows = read_transcripts(test_data / "persian_sheets" / sheet).rows
    words = {row.id: normalize(row.text) for row in rows}
    assert len(words) == sum(counts)
    split = draw_split(linked_groups(words, words))
    assert _counts(split) == counts
    side = split.side()
    sides = {}
    assert all(sides.setdefault(text, side[name]) == side[name] for name, text in words.items())
    # Most lectures' clips have a neighbour, and four of five neighbours land in train or validation.
    assert 0.4 < neighbours_in_train(split) / counts[0] < 0.8

    recordings = numbered_recordings(words, 1000)
    grouped = draw_split(linked_groups(words, words, recordings), group_by="recording")
    assert abs(len(grouped.test) - counts[0]) <= 1
    assert neighbours_in_train(grouped) == 0
    side = grouped.side()
    assert all(
        len({side[name] for name in words if recordings.get(name) == label}) == 1 for label in set(recordings.values())
    )
    random.Random(0).shuffle(rows)
    assert draw_split([[row.id] for row in rows]) == draw_split([[name] for name in words])
