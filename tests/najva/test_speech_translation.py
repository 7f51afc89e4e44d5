"""Speech becomes Chinese while it is heard: what is complete is translated, and nothing twice or never."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from najva.services import Services
from najva.settings import Settings
from najva.speech_translation import Heard, joined, translate_speech
from najva.transcriber import DetectedLanguage, Segment, Transcript, Word
from najva.translation.engine import Attempt, Unit, Written
from najva.translation.translator import TranslatedSentence, Translator
from najva.vad import SAMPLE_RATE_HZ
from tests import clips

SECOND = SAMPLE_RATE_HZ


class Numbering:
    """An engine whose Chinese is the number of the call, and that keeps what it was asked."""

    name, needs_speech, attempts = "numbering", False, (Attempt(),)
    references = (("numbering", "numbering@1"),)

    def __init__(self, *, needs_speech: bool = False) -> None:
        self.needs_speech, self.asked = needs_speech, []

    def supports(self, source: str, target: str) -> bool:
        return True

    def translate(self, units: list[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
        self.asked += units
        return [Written(unit.id, "好" * len(unit.text.split())) for unit in units]


def segment(start: float, text: str) -> Segment:
    """A segment of a word a second."""
    words = tuple(Word(start + place, start + place + 0.9, word) for place, word in enumerate(text.split()))
    return Segment(start, words[-1].end, text, words)


def growing(segments: list[Segment], settled: list[float]) -> Iterator[Transcript]:
    """A transcript that grows by a segment at a time; before these times nothing is added any more."""
    transcript = Transcript(DetectedLanguage("en", {"en": 1.0}, sure=True), model="whisper")
    for number, seconds in enumerate(settled, start=1):
        transcript = replace(transcript, segments=tuple(segments[:number]), settled_seconds=seconds)
        yield replace(transcript, audio_seconds=seconds)
    yield replace(transcript, finished=True)


def silence(seconds: int) -> list[np.ndarray]:
    """A second a block, each sample the number of its second."""
    return [np.full(SECOND, number, np.float32) for number in range(seconds)]


def test_a_sentence_is_translated_once_it_is_complete_and_only_once() -> None:
    parts = [segment(0, "I went to the"), segment(4, "market. It was"), segment(7, "shut. Nobody came.")]
    engine, heard = Numbering(), Heard(silence(12))
    list(heard)
    found = list(translate_speech(growing(parts, [4.0, 7.0, 12.0]), heard, Translator([engine]), "zh-Hans"))
    assert [len(one.sentences) for one in found] == sorted(len(one.sentences) for one in found)
    assert any(0 < len(one.sentences) < 3 and not one.finished for one in found)
    assert [one.finished for one in found[:-1]] == [False] * (len(found) - 1) and found[-1].finished
    assert [unit.text for unit in engine.asked] == ["I went to the market.", "It was shut.", "Nobody came."]
    assert [(one.start, one.end) for one in found[-1].sentences] == [(0, 4.9), (5, 7.9), (8, 9.9)]
    answer = found[-1].as_dict()
    assert (answer["engine"], answer["route"], answer["language"]) == ("numbering", "cascade", "en")
    assert answer["models"] == {"speech": "whisper", "numbering": "numbering@1"}


def test_what_may_still_change_waits() -> None:
    parts = [segment(0, "One two."), segment(4, "Five six.")]
    engine = Numbering()
    steps = translate_speech(growing(parts, [0.0, 0.0]), Heard([]), Translator([engine]), "zh-Hans")
    for _ in range(2):
        assert next(steps).sentences == ()
    assert engine.asked == []
    *_, last = steps
    assert len(last.sentences) == 2


def test_engines_that_listen_get_the_sound_of_the_sentence() -> None:
    engine = Numbering(needs_speech=True)
    heard = Heard(silence(12))
    list(heard)
    parts = [segment(2, "Two three."), segment(6, "Six seven.")]
    list(translate_speech(growing(parts, [6.0, 12.0]), heard, Translator([engine]), "zh-Hans"))
    assert [set(np.unique(unit.samples)) for unit in engine.asked] == [{1.0, 2.0, 3.0, 4.0}, {5.0, 6.0, 7.0, 8.0}]
    # A fifth of a second on both sides.
    assert [unit.samples.size / SECOND for unit in engine.asked] == pytest.approx([2.3, 2.3], abs=0.01)


def test_sound_is_let_go_of_when_its_sentences_are_translated() -> None:
    heard, kept = Heard(silence(600)), []
    blocks = iter(heard)
    for second in range(600):
        next(blocks)
        heard.forget(second - 5)
        kept.append(sum(block.size for block in heard._kept) / SECOND)
    assert max(kept) <= 8


def test_chinese_is_joined_without_spaces_and_latin_words_with_one() -> None:
    texts = ("你好。", "Firefox", "Android", "再见。")
    assert joined(TranslatedSentence("", text) for text in texts) == "你好。Firefox Android再见。"


@pytest.fixture(scope="module")
def services(cache) -> Services:
    return Services(Settings(models="offline", cache=cache), say=lambda line: None)


def test_whisper_writes_each_clip_in_its_own_place(services: Services, test_data) -> None:
    """Of clips of different lengths each comes back where it was, whatever batches they were sorted into."""
    sounds = [np.concatenate(list(services.blocks(clip.path))) for clip in clips.other_speech()[:3]]
    texts = services.transcriber.write_each([sounds[0], sounds[0][: 5 * SECOND], np.zeros(SECOND, np.float32)], "en")
    assert len(texts) == 3 and "what you can do for your country" in texts[0]
    assert "fellow Americans" in texts[1] and "what you can do for your country" not in texts[1]


def test_whisper_translates_chinese_speech_into_english(services: Services, test_data) -> None:
    clip = next(clip for clip in clips.other_speech() if clip.language == "zh")
    sound = np.concatenate(list(services.blocks(clip.path)))
    (english,) = services.transcriber.write_each([sound], "zh", "translate")
    assert english and english.isascii()
    assert services.transcriber.write_each([sound], "zh", "translate") == [english]
