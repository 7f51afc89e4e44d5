"""The model of characters: by hand, as probabilities must be, and on what it is for."""

from math import exp, log
from pathlib import Path

import pytest

from najva.character_model import CharacterModel
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.services import PERSIAN_CLAIM
from najva.transcriber.language_claim import CHARACTERS

PERSIAN = ["امروز هوا خیلی خوب است و به پارک می‌رویم", "این کتاب را دیروز از کتابخانه گرفتم"]
# Danish, English and Turkish as the Persian model writes them down.
GIBBERISH = ["عیل افتماک ایز آنزکه چن تی با اگر", "هم اچ دازتکت تومیوزی ام کافت", "بستن دلانه سنقندره مودنیدر"]


@pytest.fixture(scope="module")
def embedded() -> CharacterModel:
    return CharacterModel.load(EMBEDDED_FOLDER / PERSIAN_CLAIM / CHARACTERS)


def test_witten_bell_by_hand() -> None:
    """«ab» twice, pairs of characters: `_a`, `ab`, `b_`, each seen twice, each context with one follower."""
    model = CharacterModel.count(["ab", "ab"], {}, order=2, rule="raw")
    assert model.alphabet == " ab"
    uniform = 1 / 3
    single = (2 + 3 * uniform) / (6 + 3)  # of six characters each of the three was seen twice
    pair = (2 + 1 * single) / (2 + 1)
    assert model.log_probability("ab") == pytest.approx(log(pair))
    # After «b» came no «b»: what is left is the followers' share of the shorter context.
    unseen = (0 + 1 * single) / (2 + 1)
    assert model.log_probability("abb") == pytest.approx((3 * log(pair) + log(unseen)) / 4)


@pytest.mark.parametrize("start", ["", "کتاب", "می‌خواهم بر", "ژژژ"], ids=["nothing", "known", "a sentence", "unknown"])
def test_probabilities_of_what_may_follow_add_up_to_one(embedded: CharacterModel, start: str) -> None:
    letters = embedded.alphabet.replace(" ", "")
    following = [embedded.character_probabilities(start + letter)[len(start)] for letter in letters]
    end = embedded.character_probabilities(start)[-1]
    assert min(following) > 0 and sum(following) + end == pytest.approx(1)


def test_persian_is_likelier_than_gibberish_in_persian_letters(embedded: CharacterModel) -> None:
    assert min(map(embedded.log_probability, PERSIAN)) > max(map(embedded.log_probability, GIBBERISH)) + 0.5


@pytest.mark.parametrize(("order", "letters"), [(6, "ab"), (5, "".join(map(chr, range(0x100, 0x140))))])
def test_what_does_not_fit_is_refused(order: int, letters: str) -> None:
    with pytest.raises(ValueError, match="5 of 63 do"):
        CharacterModel.count([letters * 9], {}, order=order, rule="raw")


def test_spelling_that_the_rule_makes_equal_is_equal(embedded: CharacterModel) -> None:
    assert embedded.log_probability("كتاب‌های من!") == embedded.log_probability("  کتاب های من")


@pytest.mark.parametrize("text", ["", "  ", "123", "Hello!", "؟!"])
def test_a_text_without_letters_has_no_probability(embedded: CharacterModel, text: str) -> None:
    assert embedded.log_probability(text) is None


def test_it_is_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    model = CharacterModel.count(PERSIAN * 3, {"sentences": 6}, order=4)
    model.save(tmp_path / "model.safetensors")
    again = CharacterModel.load(tmp_path / "model.safetensors")
    assert (again.alphabet, again.order, again.rule, again.origin, again.size) == (
        model.alphabet, 4, "fa-v1", {"sentences": 6}, model.size
    )  # fmt: skip
    for text in (*PERSIAN, *GIBBERISH):
        assert again.log_probability(text) == model.log_probability(text)
        assert 0 < exp(model.log_probability(text)) <= 1


def test_rare_letters_are_those_of_other_languages() -> None:
    model = CharacterModel.count([*PERSIAN * 500, "LaTeX"], {})
    assert "L" not in model.alphabet and set("کتاب") <= set(model.alphabet)


def test_nothing_to_count_is_refused() -> None:
    with pytest.raises(ValueError, match="no letter"):
        CharacterModel.count(["", "123"], {})
