"""What is translated at a time: whole sentences, none lost, each with its times."""

import random
from itertools import pairwise

import pytest

from najva.translation.sentences import (
    MOST_LETTERS,
    MOST_SECONDS,
    MOST_WORDS,
    sentences_of,
    sentences_of_text,
    take_sentences,
    words_of,
)


def segment(start: float, end: float, text: str, pauses: dict[int, float] | None = None) -> dict:
    """A segment whose words take equally long, but for pauses before some of them."""
    words, at = [], start
    each = (end - start - sum((pauses or {}).values())) / len(text.split())
    for number, word in enumerate(text.split()):
        at += (pauses or {}).get(number, 0.0)
        words.append({"text": word, "start": at, "end": at + each})
        at += each
    return {"start": start, "end": end, "text": text, "words": words}


def test_a_sentence_over_two_segments_is_one() -> None:
    found = sentences_of([segment(0, 2, "I went to the"), segment(2, 4, "market. It was shut.")])
    assert [one.text for one in found] == ["I went to the market.", "It was shut."]
    assert [one.id for one in found] == [0, 1] and found[0].start == 0 and found[1].end == 4
    assert found[0].end == found[1].start == pytest.approx(2.5)


def test_persian_without_punctuation_is_cut_at_pauses() -> None:
    said = segment(0, 6, "من به خانه رفتم مادرم خواب بود", {4: 1.0})
    assert [one.text for one in sentences_of([said])] == ["من به خانه رفتم", "مادرم خواب بود"]
    assert [one.text for one in sentences_of([segment(0, 6, "کجا می‌روی؟ به خانه.")])] == ["کجا می‌روی؟", "به خانه."]


def test_without_words_times_are_shared_by_letters() -> None:
    found = sentences_of([{"start": 10.0, "end": 20.0, "text": "One two. Three!"}])
    assert [(one.text, one.start, one.end) for one in found] == [
        ("One two.", 10.0, pytest.approx(15.38, abs=0.01)),
        ("Three!", pytest.approx(15.38, abs=0.01), 20.0),
    ]


@pytest.mark.parametrize("text", ["It costs 3.5 dollars.", "Dr. Smith lives in the U.S. now.", "Wait… what?"])
def test_points_that_end_nothing(text: str) -> None:
    assert len(sentences_of_text(text)) == (2 if "…" in text else 1)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("No. I will not go.", ["No.", "I will not go."]),
        ("So do I. He left.", ["So do I.", "He left."]),
        ("Bus No. 5 and J. Smith.", ["Bus No. 5 and J. Smith."]),
        # Nobody typed a space.
        ("سلام.خوبی؟من خوبم.تو چطوری", ["سلام.", "خوبی؟", "من خوبم.", "تو چطوری"]),
        ("سال ۱۴۰۰ ه.ش بود و ۳.۵ کیلو.", ["سال ۱۴۰۰ ه.ش بود و ۳.۵ کیلو."]),
    ],
)
def test_points_that_end_something(text: str, sentences: list[str]) -> None:
    assert [one.text for one in sentences_of_text(text)] == sentences


def test_what_is_too_long_is_cut_and_nothing_is_lost() -> None:
    words = [f"word{number}" + ("," if number == 52 else "") for number in range(100)]
    found = sentences_of([segment(0, 50, " ".join(words))])
    assert " ".join(one.text for one in found).split() == words
    assert all(len(one.text.split()) <= MOST_WORDS and len(one.text) <= MOST_LETTERS for one in found)
    assert all(one.end - one.start <= MOST_SECONDS for one in found)
    assert any(one.text.endswith("word52,") for one in found)


def test_a_text_s_lines_end_sentences() -> None:
    assert [one.text for one in sentences_of_text("Title\n\nFirst one. Second one!\n")] == [
        "Title",
        "First one.",
        "Second one!",
    ]
    assert sentences_of_text(" \n ") == [] == sentences_of([])


def test_scripts_without_spaces_are_cut_and_joined_as_they_are_written() -> None:
    assert [one.text for one in sentences_of_text("今日は雨です。「行きません。」と言った！ OK です")] == [
        "今日は雨です。",
        "「行きません。」",
        "と言った！",
        "OK です",
    ]
    assert [one.text for one in sentences_of_text("สวัสดีครับ ผมชื่อสมชาย")] == ["สวัสดีครับ ผมชื่อสมชาย"]
    words = [{"text": letter, "start": n, "end": n + 0.9} for n, letter in enumerate("雨です。晴れ")]
    spoken = [{"start": 0.0, "end": 6.0, "text": "雨です。晴れ", "words": words}]
    assert [(one.text, one.start, one.end) for one in sentences_of(spoken)] == [("雨です。", 0, 3.9), ("晴れ", 4, 5.9)]


def test_a_hundred_thousand_letters_without_a_space_lose_none() -> None:
    for letter in ("a", "字", "ก"):
        found = sentences_of_text(letter * 100_000)
        assert "".join(one.text for one in found) == letter * 100_000
        assert all(len(one.text) <= MOST_LETTERS for one in found)


def test_a_segment_s_own_text_is_what_counts_and_its_words_give_the_times() -> None:
    """The alignment may miss a last word, and a repaired loop has fewer words than were aligned."""
    words = [{"text": "من", "start": 0.0, "end": 0.5}, {"text": "نمی", "start": 0.5, "end": 1.0}]
    (one,) = sentences_of([{"start": 0.0, "end": 2.0, "text": "من نمی روم.", "words": words}])
    assert (one.text, one.start, one.end) == ("من نمی روم.", 0.0, 2.0)
    looping = [{"text": "no", "start": place / 4, "end": (place + 1) / 4} for place in range(8)]
    (one,) = sentences_of([{"start": 0.0, "end": 2.0, "text": "no", "words": looping}])
    assert (one.text, one.start, one.end) == ("no", 0.0, 2.0)


def test_a_pause_shows_in_a_word_that_lasts_too_long() -> None:
    """Whisper's alignment lets a word last until the next one begins."""
    words = [("من", 0.0), ("رفتم", 0.4), ("مادرم", 2.5), ("آمد", 2.9), ("", 3.3)]
    timed = [{"text": text, "start": start, "end": following} for (text, start), (_, following) in pairwise(words)]
    found = sentences_of([{"start": 0.0, "end": 3.3, "text": "من رفتم مادرم آمد", "words": timed}])
    assert [one.text for one in found] == ["من رفتم", "مادرم آمد"]
    marked = [one | {"text": one["text"] + ("." if one["text"] == "آمد" else "")} for one in timed]
    found = sentences_of([{"start": 0.0, "end": 3.3, "text": "من رفتم مادرم آمد.", "words": marked}])
    assert [one.text for one in found] == ["من رفتم مادرم آمد."]


@pytest.mark.parametrize("seed", range(20))
def test_however_a_transcript_grows_no_word_is_lost_or_taken_twice(seed: int) -> None:
    chance = random.Random(seed)
    marks = chance.choice([(), (",",), (",", "."), ("،", "؟")])
    texts = [f"w{place}" + (chance.choice(marks) if marks and chance.random() < 0.2 else "") for place in range(300)]
    words = words_of([segment(0.0, 150.0, " ".join(texts))])
    said, pending, given = [], [], 0
    while given < len(words):
        step = chance.randint(1, 40)
        pending += words[given : given + step]
        given += step
        sentences, taken = take_sentences(pending, finished=given >= len(words))
        pending = pending[taken:]
        said += [one.text for one in sentences]
        assert sum(word.weight for word in pending) <= 2 * MOST_WORDS
    assert " ".join(said).split() == texts and pending == []
    assert all(len(text.split()) <= MOST_WORDS for text in said)


def test_scripts_have_marks_of_their_own() -> None:
    assert len(sentences_of_text("यह पहला है। यह दूसरा है। यह तीसरा है।")) == 3
    assert len(sentences_of_text("Սա առաջինն է։ Սա երկրորդն է։")) == 2
