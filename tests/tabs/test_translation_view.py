"""A translation as the page shows it."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace

from najva.speech_translation import Translation
from najva.text_translation import TextTranslation
from najva.transcriber import DetectedLanguage, Segment, Transcript
from najva.translation.guards import GUARDS
from najva.translation.translator import TranslatedSentence
from tabs import translation_view as view

FIRST = TranslatedSentence("سلام.", "你好。", 0.0, 1.0, engine="embedded", trust=0.9)
SECOND = TranslatedSentence("<b>۵ نفر</b>", "三个人", 1.0, 2.5, ("digits", "rough"), "embedded", trust=0.1)
HEARD = Transcript(
    DetectedLanguage("fa", {"fa": 1.0}, sure=True), (Segment(0.0, 2.5, "سلام."),), audio_seconds=2.5, finished=True
)
WHOLE = Translation(
    HEARD, "zh-Hans", (FIRST, SECOND), (("embedded", "embedded:translator"),), (), compute_seconds=1.0, finished=True
)


def made(models: Mapping[str, str]) -> dict:
    return {"settings": {"language": "auto"}, "models": [{"role": role} for role in models]}


def test_of_hours_only_the_last_sentences_are_shown_until_the_end() -> None:
    many = tuple(replace(FIRST, source=f"n{number}.") for number in range(100))
    _, _, meanwhile, _, _ = view.of_speech(
        replace(WHOLE, sentences=many, finished=False), 2.5, "a", made, stopped=False
    )
    assert meanwhile.count("<li") == 60 and "40 sentences before these" in meanwhile and ">n40.<" in meanwhile
    whole = view.of_speech(replace(WHOLE, sentences=many), 2.5, "a", made, stopped=False).sentences
    assert whole.count("<li") == 100 and "before these" not in whole


def test_what_was_chinese_already_is_said_of_a_text() -> None:
    one = TranslatedSentence("鼠標", "滑鼠", engine="script")
    text = TextTranslation("zh", "zh-Hant", (one,), (0,), finished=True)
    assert "Chinese already" in view.of_text(text, made, stopped=False)[0]


def test_sentences_stand_beside_their_chinese_each_in_its_direction() -> None:
    status, _, pairs, text, _ = view.of_speech(WHOLE, 2.5, "a", made, stopped=False)
    assert pairs.count("<li") == 2 and pairs.count('dir="rtl"') == 2
    assert '<p lang="zh-Hans" translate="no">你好。</p>' in pairs and "&lt;b&gt;" in pairs and "<b>" not in pairs
    assert text == "你好。（？）三个人"
    assert "embedded:translator" in status and "of Persian" in status and "written down, then translated" in status


def test_what_is_doubtful_is_grey_and_says_why() -> None:
    status, _, pairs, _, _ = view.of_speech(WHOLE, 2.5, "a", made, stopped=False)
    assert pairs.count("najva-doubtful") == 1
    assert view.FLAG_WORDS["digits"] in pairs and view.FLAG_WORDS["rough"] in pairs
    assert "Doubtful: 1 of 2," in status


def test_every_flag_has_words() -> None:
    assert set(view.FLAG_WORDS) == {*GUARDS, "empty"}


def test_a_part_shows_how_far_it_is_and_no_downloads() -> None:
    part = replace(WHOLE, sentences=(FIRST,), finished=False)
    status, _, pairs, _, downloads = view.of_speech(part, 10.0, "a", made, stopped=False)
    assert 'value="0.100"' in status and pairs.count("<li") == 1 and downloads == ""
    status, _, _, _, downloads = view.of_speech(part, 10.0, "a", made, stopped=True)
    assert "Stopped at 0:01" in status and downloads


def test_notes_and_silence_are_said() -> None:
    assert (
        "was asked"
        in view.of_speech(replace(WHOLE, notes=("The next one was asked.",)), 2.5, "a", made, stopped=False)[0]
    )
    silent = Translation(Transcript(finished=True), "zh-Hans", finished=True)
    assert "nobody seems to speak" in view.of_speech(silent, 2.5, "a", made, stopped=False)[0]


def _files(downloads: str) -> dict[str, str]:
    """Base64 by file name."""
    return dict(re.findall(r'download="([^"]+)" href="data:[^,]+,([^"]+)"', downloads))


def test_downloads_hold_the_whole_answer() -> None:
    downloads = view.of_speech(WHOLE, 2.5, 'a"b', made, stopped=False).downloads
    found = _files(downloads)
    assert len(found) == 8 and all(name.startswith("a&quot;b.") for name in found)
    answer = json.loads(base64.b64decode(found["a&quot;b.json"]))
    assert answer.pop("made_with") == made(WHOLE.as_dict()["models"])
    assert answer == json.loads(json.dumps(WHOLE.as_dict()))
    assert answer["segments"][1]["flags"] == ["digits", "rough"]


def test_a_text_has_no_times_and_no_subtitles() -> None:
    sentences = (replace(FIRST, start=None, end=None), replace(SECOND, start=None, end=None))
    text = TextTranslation("fa", "zh-Hant", sentences, (0, 2), (("own", "x"),), finished=True)
    status, _, pairs, chinese, downloads = view.of_text(text, made, stopped=False)
    assert chinese == "你好。\n\n（？）三个人"
    assert "2 sentences of Persian" in status and "<time>" not in pairs and "srt" not in downloads
    answer = json.loads(base64.b64decode(_files(downloads)["text.json"]))
    assert answer["source_text"] == f"{FIRST.source} {SECOND.source}"
    working = view.of_text(replace(text, sentences=sentences[:1], finished=False), made, stopped=False)
    assert "1 of 2 sentences" in working.status and working.downloads == ""
