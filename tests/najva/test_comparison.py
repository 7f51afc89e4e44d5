"""Two texts beside each other, under the rules that error rates use."""

import pytest

from metrics import corpus_wer
from najva.comparison import mark, rule_for, word_error_rate


def differing(text: str, other: str, rule: str = "fa-v1") -> list[str]:
    return [word.text for word in mark(text, other, rule) if not word.same]


def test_only_differing_words_are_marked() -> None:
    plain, tuned = "من دارم یک مدن گفتار رو تست می کنم", "من دارم یک مدل گفتار رو تست می‌کنم."
    assert differing(tuned, plain) == ["مدل"]
    assert differing(plain, tuned) == ["مدن"]
    # Nothing of what was written is lost, and the full stop stays on its word.
    assert " ".join(word.text for word in mark(tuned, plain, "fa-v1")) == tuned


def test_what_the_rule_does_not_see_is_no_difference() -> None:
    assert differing("كتاب ۱۲ - خوب، بود!", "کتاب 12 خوب بود") == []
    assert differing("Don't stop", "dont STOP.", "basic") == []


def test_a_word_that_is_several_differs_as_one() -> None:
    assert differing("او می‌رود خانه", "او نمی رود خانه") == ["می‌رود"]


def test_words_too_many_and_too_few() -> None:
    assert differing("سلام سلام دنیا", "سلام دنیا") in (["سلام"],)
    assert differing("سلام دنیا", "سلام سلام دنیا") == []
    assert differing("", "سلام") == []
    assert differing("سلام دنیا", "") == ["سلام", "دنیا"]


@pytest.mark.parametrize("written", ["من دارم یک مدن گفتار", "", "من من من", "من دارم یک مدل گفتار فارسی"])
def test_the_rate_is_the_metrics(written: str) -> None:
    said = "من دارم یک مدل گفتار."
    assert word_error_rate(said, written, "fa-v1") == pytest.approx(corpus_wer([said], [written]))


def test_nothing_said_has_no_rate() -> None:
    assert word_error_rate(" ، ", "سلام", "fa-v1") is None


def test_each_language_has_its_rule() -> None:
    assert (rule_for("fa"), rule_for("en"), rule_for("ar")) == ("fa-v1", "basic", "basic")
