"""Sources spoken by espeak-ng: once, labelled, and nobody's recordings are written over."""

import json

import pytest

from najva.audio import read
from synthesis.spoken_clips import read_label
from synthesis.synthetic_speech import SynthesisError
from translation.parallel_text import TextError
from translation.spoken_sources import spoken
from translation.translation_sets import SYNTHETIC, Item, SentenceSet


@pytest.fixture(autouse=True)
def _espeak(program):
    program("espeak-ng")


def made(language: str, *texts: str) -> SentenceSet:
    return SentenceSet("talks/en-zh", language, tuple(Item(str(n), text, "一") for n, text in enumerate(texts)))


@pytest.mark.parametrize(("language", "text"), [("fa", "سلام دنیا"), ("en", "Hello world"), ("de", "Guten Tag")])
def test_every_source_is_spoken_in_its_language(tmp_path, language, text):
    found = spoken(made(language, text, f"{text}, {text}"), tmp_path)
    assert (found.speech, found.title) == (SYNTHETIC, "talks/en-zh (synthetic speech)")
    short, long = (read(item.audio)[0].size for item in found.items)
    assert 0 < short < long
    for item in found.items:
        assert f", {language}" in read_label(item.audio)[0]
    record = json.loads((found.items[0].audio.parent / "speech.json").read_text(encoding="utf-8"))
    assert record["speech"] == "synthetic" and found.origin["spoken_by"] == record


def test_what_is_spoken_is_kept_and_a_new_text_spoken_anew(tmp_path):
    first = spoken(made("en", "one", "two"), tmp_path)
    times = [item.audio.stat().st_mtime_ns for item in first.items]
    again = spoken(made("en", "one", "twenty"), tmp_path)
    changed = [item.audio.stat().st_mtime_ns != time for item, time in zip(again.items, times, strict=True)]
    assert changed == [False, True]


def test_recordings_of_others_are_left_alone(tmp_path):
    (tmp_path / "talks-en-zh").mkdir()
    (tmp_path / "talks-en-zh" / "1.wav").write_bytes(b"a recording")
    with pytest.raises(TextError, match=r"holds recordings that are not espeak-ng's, such as 1\.wav"):
        spoken(made("en", "one"), tmp_path)
    assert (tmp_path / "talks-en-zh" / "1.wav").read_bytes() == b"a recording"


def test_what_cannot_be_spoken_is_named(tmp_path):
    with pytest.raises(SynthesisError, match="it has no language 'xx'"):
        spoken(made("xx", "one"), tmp_path)
    with pytest.raises(TextError, match="The sentence 1 of talks/en-zh is not spoken"):
        spoken(made("en", "one", "   "), tmp_path)
