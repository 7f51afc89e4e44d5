"""`/translate` and `/translate_text`, called as programs call them; the translator was taught a few sentences."""

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from najva.translation.scripts import han_share, script_share
from tests import clips
from tests.running_app import ROOT, RunningApp

SPOKEN = {
    "source_text",
    "language",
    "translation",
    "target",
    "segments",
    "engine",
    "route",
    "models",
    "notes",
    "flags",
    "audio_seconds",
    "compute_seconds",
}
FLAGS = {"digits", "length", "repetition", "script", "empty", "rough"}
EXAMPLES = ROOT / "space" / "examples"


def translate(client: Client, path, **arguments) -> dict:
    return client.predict(audio=handle_file(str(path)), api_name="/translate", **arguments)


def translate_text(client: Client, text: str, **arguments) -> dict:
    return client.predict(text=text, api_name="/translate_text", **arguments)


def test_english_speech_becomes_chinese(client: Client, app: RunningApp, test_data) -> None:
    clip = clips.other_speech()[0]
    with app.keeping_quiet():
        answer = translate(client, clip.path)
    assert set(answer) >= SPOKEN
    assert (answer["language"], answer["engine"], answer["route"]) == ("en", "own", "cascade")
    assert answer["models"]["speech"] == "packaged:whisper-base" and answer["models"]["own"].endswith("translator")
    # "ask not what your country can do for you"
    assert "国家" in answer["translation"]
    assert han_share(answer["translation"]) == 1.0
    for segment in answer["segments"]:
        assert set(segment) >= {"start", "end", "source", "translation", "flags"}
        assert 0 <= segment["start"] < segment["end"] <= answer["audio_seconds"] + 0.5
        assert set(segment["flags"]) <= FLAGS
    assert " ".join(segment["source"] for segment in answer["segments"]) == answer["source_text"]
    assert app.uploads == []


def test_persian_speech_becomes_chinese_by_the_persian_model(client: Client) -> None:
    answer = translate(client, EXAMPLES / "Persian-synthetic.mp3")
    # What it was not taught comes back faulty, and Whisper's own English is tried.
    assert answer["language"] == "fa" and answer["engine"] in ("own", "embedded", "pivot")
    assert answer["models"]["speech"] == "embedded:persian-adapter"
    assert answer["segments"] and all(segment["source"] for segment in answer["segments"])


def test_the_app_s_own_translator_needs_no_other(client: Client, test_data) -> None:
    """Real speech, Whisper's text of it and the translator that comes with the app, from a program."""
    answer = translate(client, clips.other_speech()[0].path, engine="embedded")
    assert answer["models"] == {"speech": "packaged:whisper-base", "embedded": "embedded:translator"}
    assert "国家" in answer["translation"] and han_share(answer["translation"]) == 1.0
    persian = translate(client, EXAMPLES / "Persian-synthetic.mp3", engine="embedded")
    assert persian["models"]["speech"] == "embedded:persian-adapter" and persian["segments"]
    for segment in persian["segments"]:
        assert segment["source"] and han_share(segment["translation"]) > 0.5 and set(segment["flags"]) <= FLAGS


def test_chinese_speech_only_changes_its_letters(client: Client, test_data) -> None:
    clip = next(clip for clip in clips.other_speech() if clip.language == "zh")
    for target in ("zh-Hans", "zh-Hant"):
        answer = translate(client, clip.path, target=target)
        assert (answer["engine"], answer["route"]) == ("script", "script")
        assert script_share(answer["translation"], target) == 1.0


def test_other_languages_go_through_english(client: Client, test_data) -> None:
    # Told that it is German, Whisper translates the English that it hears into English.
    answer = translate(client, clips.other_speech()[0].path, language="de")
    assert (answer["engine"], answer["route"]) == ("pivot", "pivot")
    assert "country" in " ".join(segment["english"] for segment in answer["segments"])
    assert "国家" in answer["translation"]


def test_the_experiment_is_labelled(client: Client, test_data) -> None:
    answer = translate(client, clips.other_speech()[0].path, engine="forced")
    assert (answer["engine"], answer["route"]) == ("forced", "forced")


def test_text_keeps_its_lines_and_its_sentences(client: Client) -> None:
    answer = translate_text(client, "Thank you. I love you.\n\nWhere are you?", source="en")
    lines = answer["translation"].split("\n")
    assert len(lines) == 3 and lines[1] == ""
    assert [one["source"] for one in answer["sentences"]] == ["Thank you.", "I love you.", "Where are you?"]
    assert "谢" in lines[0] and "爱" in lines[0] and "哪" in lines[2]


def test_letters_are_those_asked_for(client: Client) -> None:
    for target in ("zh-Hans", "zh-Hant"):
        answer = translate_text(client, "Who are you talking to?", source="English", target=target)
        assert answer["target"] == target and script_share(answer["translation"], target) == 1.0


def test_of_chinese_only_the_letters_are_changed(client: Client) -> None:
    answer = translate_text(client, "鼠标在哪里？\n谢谢。", source="zh", target="zh-Hant")
    assert answer["translation"] == "滑鼠在哪裡？\n謝謝。"
    assert (answer["engine"], answer["route"], answer["models"]) == ("script", "script", {})


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        ("", {}, "There is no text: write some, or paste it."),
        (" \n ", {}, "There is no text"),
        ("a" * 100_000, {"source": "en"}, "The text has 100,000 letters and the limit is 20,000"),
        ("Hi.", {"source": "klingon"}, '"klingon" is no language this model knows'),
        ("Hi.", {"source": "auto"}, "The language of a text is not guessed"),
        ("Hi.", {"target": "zh"}, "There is no target 'zh'; there are zh-Hans, zh-Hant."),
        ("Hi.", {"engine": "babel"}, "There is no engine 'babel'; there are auto,"),
        ("Hi.", {"engine": "nllb-200-distilled-600m"}, "licensed for non-commercial use only"),
        ("Hallo.", {"source": "de"}, "translates German into Chinese as text. Speak it"),
    ],
)
def test_what_cannot_be_translated_is_refused_in_a_sentence(
    client: Client, app: RunningApp, text: str, arguments: dict, sentence: str
) -> None:
    with app.keeping_quiet(), pytest.raises(AppError) as error:
        translate_text(client, text, **arguments)
    assert sentence in str(error.value)
    assert "Traceback" not in str(error.value) and "\n" not in str(error.value)


def test_odd_text_is_answered(client: Client) -> None:
    assert translate_text(client, "😀😀 🎉", source="en")["translation"] == "😀😀 🎉"
    mixed = translate_text(client, "I said سلام to 你好 and Привет.", source="en")
    assert mixed["sentences"][0]["source"] == "I said سلام to 你好 and Привет."


def test_a_wrong_call_deletes_the_recording(client: Client, app: RunningApp) -> None:
    with pytest.raises(AppError, match="There is no target 'zz'"):
        translate(client, EXAMPLES / "English-synthetic.mp3", target="zz")
    assert app.uploads == []
