"""The baselines: the source itself, and the Chinese of the nearest training sentence."""

import pytest

from tests.training.made_translations import CHINESE, ENGLISH, make_training
from translation.baselines import Copy, Nearest
from translation.parallel_text import TextError


@pytest.fixture
def nearest(tmp_path) -> Nearest:
    return Nearest(make_training(tmp_path / "training"))


def test_copy_is_the_source():
    assert Copy().write(["one", "دو"], "en") == ["one", "دو"]


def test_nearest_shares_most_letters(nearest):
    asked = ["He BOUGHT four books!", "the trains were three hours late", "Do you know the library?"]
    assert nearest.write(asked, "en") == [CHINESE[4], CHINESE[2], CHINESE[3]]
    assert nearest.write([ENGLISH[0]], "en") == [CHINESE[0]]


def test_nearest_keeps_to_the_language(nearest):
    # Arabic letters of a keyboard are read as Persian ones.
    assert nearest.write(["كتاب را خواندي."], "fa") == ["我读了那本书。"]


def test_where_no_letters_are_shared_there_is_nothing(nearest):
    assert nearest.write(["ქართული", ENGLISH[0]], "en") == ["", CHINESE[0]]


def test_held_out_sentences_are_not_remembered(nearest):
    assert nearest.write(["Nobody learns this one."], "en") != ["这句话没有人学过。"]


def test_what_stands_in_training_itself_is_counted(nearest):
    assert nearest.known(["i love music", "I love Music.", "I love noise."], "en") == 2


def test_what_it_is_made_from_is_named(nearest, tmp_path):
    same, other = Nearest(tmp_path / "training"), Nearest(make_training(tmp_path / "other"))
    assert nearest.made_with("en") == same.made_with("en") == other.made_with("en")
    assert nearest.made_with("en") != nearest.made_with("fa")


def test_a_language_without_training_is_told(nearest):
    with pytest.raises(TextError, match="has no pair in 'de' for 'nearest'"):
        nearest.made_with("de")
