"""The live tab's server function is open to anybody: it answers every message in words."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from najva import audio
from tests import clips
from tests.running_app import RunningApp

NAME = "a-visitor-at-the-microphone"
Push = Callable[..., dict]


def pcm(samples: np.ndarray) -> str:
    return base64.b64encode((samples * 32767).astype("<i2").tobytes()).decode("ascii")


def message(**changes) -> dict:
    return {"session": NAME, "number": 0, "pcm": pcm(np.zeros(512)), "language": "auto", "last": False} | changes


@pytest.fixture
def push(app: RunningApp) -> Iterator[Push]:
    """Send a message the way the page's script does; nothing may end in a traceback."""
    with httpx.Client(base_url=app.url, timeout=60) as http, app.keeping_quiet():
        components = http.get("/config").raise_for_status().json()["components"]
        live = next(each["id"] for each in components if each["props"].get("elem_id") == "live")

        def send(data: object, function: str = "push") -> dict:
            body = {"session_hash": "somebody", "component_id": live, "fn_name": function, "data": data}
            # Python's own writer lets Infinity through, as somebody mischievous would.
            content, kind = json.dumps(body), {"Content-Type": "application/json"}
            return http.post("/gradio_api/component_server", content=content, headers=kind).raise_for_status().json()

        yield send
        send(message(number=0, last=True))


def test_speech_becomes_captions_and_every_sample_is_counted(push: Push, test_data: Path) -> None:
    speech, _ = audio.read(clips.DATA / "other_speech" / "jfk.flac", sample_rate_hz=16000)
    sound = np.concatenate([speech, np.zeros(2 * 16000, np.float32)])
    captions, drafts, spoke = [], [], False
    for number, start in enumerate(range(0, sound.size, 16000)):
        answer = push(message(number=number, pcm=pcm(sound[start : start + 16000])))
        assert answer["received"] == min(start + 16000, sound.size)
        captions += answer["captions"]
        drafts.append(answer["draft"])
        spoke |= answer["speaking"]
    assert spoke
    # While he speaks his words are there, those that stood twice firm.
    assert any("country can do" in draft["firm"].lower() for draft in drafts)
    assert (drafts[-1]["firm"], drafts[-1]["pale"]) == ("", "")
    assert {(draft["lang"], draft["dir"]) for draft in drafts if draft["firm"]} == {("en", "ltr")}
    # All of it was written at pauses, before anybody pressed Stop.
    assert "your country" in captions[-1]["text"]
    assert captions[-1]["language"] in ("English", "English ?")  # one short span alone may be unsure
    assert [caption["number"] for caption in captions] == [*range(len(captions))]
    assert 0 <= captions[0]["start"] < 0.5 and 10 < captions[-1]["end"] < 12
    end = push(message(number=number + 1, pcm="", last=True))
    assert (end["received"], end["captions"]) == (sound.size, [])
    assert "has ended" in push(message(number=number + 2))["error"]


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        17,
        [],
        {},
        {"session": NAME},
        message(session="short"),
        message(session="x" * 65),
        message(session=None),
        message(number=-1),
        message(number="first"),
        message(number=1e400),
        message(pcm="no base64!"),
        message(pcm="سلام"),
        message(pcm=5),
        message(pcm=base64.b64encode(b"odd").decode("ascii")),
        message(pcm=pcm(np.zeros(61 * 16000))),
    ],
    ids=lambda data: str(data)[:60],
)
def test_message_of_another_form_is_refused(push: Push, data: object) -> None:
    assert push(data) == {"error": "This message is not of the live page's form."}


def test_a_caption_has_chinese_as_long_as_it_is_kept(push: Push, test_data: Path) -> None:
    speech, _ = audio.read(clips.DATA / "other_speech" / "jfk.flac", sample_rate_hz=16000)
    answer = push(message(pcm=pcm(speech), last=True, target="zh-Hans", language="en"))
    # The session has ended; what was said in it may still be asked for, once.
    asked = {"session": NAME, "number": answer["captions"][-1]["number"], "target": "zh-Hans"}
    found = push(asked, "chinese")
    assert "国家" in "".join(sentence["text"] for sentence in found["sentences"])
    assert all(isinstance(flag, str) for sentence in found["sentences"] for flag in sentence["flags"])
    assert "no longer kept" in push(asked, "chinese")["error"]


@pytest.mark.parametrize("data", [None, "text", 17, {}, {"session": NAME}, {"session": NAME, "number": 1e400}])
def test_a_request_for_chinese_of_another_form_is_refused(push: Push, data: object) -> None:
    assert push(data, "chinese") == {"error": "This message is not of the live page's form."}


def test_chinese_in_other_letters_or_of_nothing_is_refused(push: Push) -> None:
    asked = {"session": "never-seen-before", "number": 0, "target": "zh-Hans"}
    assert "no longer kept" in push(asked, "chinese")["error"]
    assert "Klingon" in push(message(target="Klingon"))["error"]


def test_unknown_language_is_refused(push: Push) -> None:
    assert "Klingon" in push(message(language="Klingon"))["error"]


def test_lost_message_ends_the_session(push: Push) -> None:
    assert push(message())["received"] == 512
    assert "Message 1 of this session got lost" in push(message(number=2))["error"]
    assert "has ended" in push(message(number=1))["error"]


def test_unknown_session_is_refused(push: Push) -> None:
    assert "has ended" in push(message(session="never-seen-before", number=4))["error"]


def test_too_many_speakers_are_refused(push: Push) -> None:
    names = [f"speaker-number-{index}" for index in range(20)]
    try:
        assert all("received" in push(message(session=name)) for name in names)
        assert "20 people are speaking already" in push(message())["error"]
    finally:
        for name in names:
            push(message(session=name, number=1, last=True))
    assert "received" in push(message())
