"""Groups: shared labels, recordings by number, neighbours."""

import pytest

from sheets.clip_groups import clip_number, linked_groups, neighbours_in_train, numbered_recordings
from sheets.splits import Split


def test_labels_link_directly_and_by_way_of_others():
    sound, words = {"a": "1", "b": "1", "c": "2"}, {"b": "x", "c": "x", "d": "", "e": ""}
    assert sorted(map(sorted, linked_groups("abcdef", sound, words))) == [["a", "b", "c"], ["d"], ["e"], ["f"]]


def test_a_long_chain_is_one_group():
    ids = [str(number) for number in range(3000)]
    forward = {name: str(int(name) // 2) for name in ids}
    shifted = {name: str((int(name) + 1) // 2) for name in ids}
    assert len(linked_groups(ids, forward, shifted)) == 1


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("myaudio/450001.wav", ("myaudio/", 450001)),
        ("read/Ardalan01.mp3", ("read/Ardalan", 1)),
        ("myaudio/output_12.wav", ("myaudio/output_", 12)),
        ("a.b/7", ("a.b/", 7)),
        ("صدا/جلسه۱۲.wav", ("صدا/جلسه", 12)),
        ("clips/intro.wav", None),
        ("clips/0001cf41d80e303f.mp3", None),
        ("clips/1234567890123456.mp3", None),
    ],
)
def test_the_number_at_the_end_of_a_name(name, number):
    assert clip_number(name) == number


def test_missing_numbers_do_not_part_a_recording():
    names = [f"m/{number}.wav" for number in (450001, 450002, 450008, 450500, 460010, 460011, 990000)] + ["m/x.wav"]
    found = numbered_recordings(names, 1000)
    assert [found.get(name) for name in names] == ["m/450001…450500"] * 4 + ["m/460010…460011"] * 2 + [None, None]
    strict = numbered_recordings(names, 1)
    assert {name for name in names if name in strict} == {names[0], names[1], names[4], names[5]}
    assert numbered_recordings(names, 0) == {}


def test_numbers_of_different_names_are_different_recordings():
    found = numbered_recordings(["a/1.wav", "a/2.wav", "b/1.wav", "b/2.wav"], 1000)
    assert len(set(found.values())) == 2


def test_a_set_that_is_numbered_through_tells_no_recordings():
    assert numbered_recordings([f"clip_{number}.wav" for number in range(1, 1083)], 1000) == {}


@pytest.mark.parametrize(
    ("train", "count"), [("m/3.wav", 1), ("m/0001.wav", 1), ("m/4.wav", 0), ("o/1.wav", 0), ("m/2b.wav", 0)]
)
def test_neighbours_in_train(train, count):
    split = Split(0, None, test=("m/2.wav", "m/10.wav", "m/x.wav"), validation=("m/11.wav",), train=(train,))
    assert neighbours_in_train(split) == count
