"""Two texts beside each other, as the page shows them."""

import re
from dataclasses import replace

import pytest

from najva.transcriber import Transcript
from najva.transcriber.transcript import DetectedLanguage, Segment, Word
from tabs import transcript_view as view

PAIR = view.Pair("fa", ("سلام بر شما", "tuned"), ("سلام به شما", "base"))


def test_words_that_differ_are_marked() -> None:
    shown = view.comparison(PAIR)
    assert "<mark>بر</mark>" in shown and "<mark>به</mark>" in shown
    assert shown.count("<mark>") == 2
    assert "differ from one another" in shown and "WER" not in shown


def test_each_text_is_held_against_what_was_said() -> None:
    shown = view.comparison(PAIR, "سلام بر شما")
    assert shown.count("<mark>") == 1 and "<mark>به</mark>" in shown
    assert "WER 33 %" in shown and "WER 0 %" in shown
    assert "differ from what was said" in shown


@pytest.mark.parametrize("said", ["", "  ", "،", "\u200c"])
def test_a_comma_is_nothing_that_was_said(said: str) -> None:
    assert view.comparison(PAIR, said) == view.comparison(PAIR)


def test_nothing_is_marked_while_plain_whisper_writes() -> None:
    shown = view.comparison(view.Pair("fa", PAIR.own, ("سلام", "base"), whole=False))
    assert "<mark>" not in shown and "is writing" in shown


def test_another_base_than_plain_whisper_is_told() -> None:
    assert "made from" not in view.comparison(PAIR)
    shown = view.comparison(replace(PAIR, other_base="openai/whisper-base"))
    assert "made from openai/whisper-base, so this is not before and after" in shown


def test_why_there_is_nothing_to_compare() -> None:
    transcript = Transcript(language=DetectedLanguage(code="fa"))
    assert "as you chose" in view.no_comparison(transcript, chosen=True)
    assert "has no tuned model here" in view.no_comparison(transcript, chosen=False)


def test_words_stand_as_the_text_has_them() -> None:
    words = tuple(Word(place, place + 1, text) for place, text in enumerate(("你好", "，", "世界")))
    chinese = Segment(0.0, 3.0, "你好，世界。", words)
    english = Segment(3.0, 5.0, "Oh,  no no!", (Word(3, 4, "no"), Word(4, 5, "no!")))
    language = DetectedLanguage("zh", {"zh": 1.0}, sure=True)
    whole = Transcript(language, (chinese, english), finished=True)
    rows = re.findall(r'<p translate="no">(.*?)</p>', view.results(whole, 5.0, "/h/a.mp3", stopped=False).segments)
    assert [re.sub("<[^>]*>", "", row) for row in rows] == [chinese.text, english.text]
    assert [row.count("<span") for row in rows] == [3, 2]


def test_of_hours_only_the_last_sentences_are_shown_until_the_end() -> None:
    segments = tuple(Segment(at, at + 1, f"n{at}.", (Word(at, at + 1, f"n{at}."),)) for at in range(100))
    part = Transcript(DetectedLanguage("en", {"en": 1.0}, sure=True), segments)
    meanwhile = view.results(part, 200.0, "/h/a.mp3", stopped=False)
    assert (
        meanwhile.segments.count("<li") == 60 and ">n40.<" in meanwhile.segments and "<span" not in meanwhile.segments
    )
    assert meanwhile.corrections == meanwhile.downloads == ""
    whole = view.results(replace(part, finished=True), 200.0, "/h/a.mp3", stopped=False)
    assert whole.segments.count("<li") == 100 == whole.corrections.count("<li")


def test_who_decided_on_the_language_is_said() -> None:
    whisper = DetectedLanguage("ar", {"ar": 0.62, "fa": 0.05}, sure=False)
    claimed = replace(whisper, code="fa", decided_by="persian-check")
    segment = Segment(0.0, 1.0, "سلام")
    found = (Transcript(language, (segment,), finished=True) for language in (whisper, claimed))
    shown = ["".join(map(str, view.results(transcript, 1.0, "a", stopped=False))) for transcript in found]
    assert "Language:</span> <span>Arabic" in shown[0] and "was heard by" not in shown[0]
    assert "Language:</span> <span>Persian" in shown[1] and "was heard by a check of its own" in shown[1]
    # What Whisper thought stands beside it, unchanged.
    assert all("62 %" in page and "unsure" in page for page in shown)
