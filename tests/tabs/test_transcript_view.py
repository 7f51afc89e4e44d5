"""Two texts beside each other, as the page shows them."""

import pytest

from najva.transcriber import Transcript
from najva.transcriber.transcript import DetectedLanguage
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


def test_why_there_is_nothing_to_compare() -> None:
    transcript = Transcript(language=DetectedLanguage(code="fa"))
    assert "as you chose" in view.no_comparison(transcript, chosen=True)
    assert "has no tuned model here" in view.no_comparison(transcript, chosen=False)
