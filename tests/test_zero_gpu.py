"""On a ZeroGPU Space models are placed before any call, and calls on recordings and texts go through one function.

No such Space is at hand: `tests/stand_ins/spaces.py` does what its package does, with forked processes and pickles.
"""

import base64
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import zero_gpu
from najva import audio
from najva.settings import SettingError, Settings
from tests.running_app import RunningApp, own_app
from tests.tabs.test_live_messages import message, pcm

STAND_INS = Path(__file__).parent / "stand_ins"
EXAMPLES = Path(__file__).parents[1] / "space" / "examples"
ENGLISH, SONG = EXAMPLES / "English-synthetic.mp3", EXAMPLES / "music" / "Swing-synthetic.mp3"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stand-in") / "log.jsonl"


@pytest.fixture(scope="module")
def app(cache: Path, log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    here = {"SPACES_ZERO_GPU": "true", "STAND_IN_LOG": str(log), "PYTHONPATH": str(STAND_INS)}
    # All models are prepared and loaded before the page stands.
    with own_app(cache, tmp_path_factory.mktemp("zero-gpu"), start_seconds=240, **here) as running:
        yield running


@pytest.fixture
def client(app: RunningApp) -> Client:
    return app.client()


def noted(log: Path, what: str) -> list[dict]:
    lines = map(json.loads, log.read_text("utf-8").splitlines()) if log.exists() else ()
    return [line for line in lines if line["what"] == what]


def check_nothing_is_loaded_within(log: Path) -> None:
    assert not [line for line in noted(log, "moved") if line["within"]], "a network was moved within a call"
    assert not noted(log, "built"), "a network was made within a call"


@pytest.mark.slow
def test_every_model_is_placed_before_the_page_stands(app: RunningApp, log: Path) -> None:
    placed = [line["network"] for line in noted(log, "moved")]
    assert placed.count("WhisperForConditionalGeneration") == 2, "the base, and Persian with its adapter"
    assert placed.count("GenreNetwork") == 5
    assert len(placed) == 8, "and the translator"
    check_nothing_is_loaded_within(log)
    assert not noted(log, "lent")


@pytest.mark.slow
def test_every_call_borrows_the_gpu_once_and_loads_nothing(client: Client, log: Path) -> None:
    before = len(noted(log, "lent"))
    sound, song = handle_file(str(ENGLISH)), handle_file(str(SONG))
    heard = client.predict(audio=sound, api_name="/transcribe")
    assert heard["language"] == "en" and heard["segments"], heard
    persian = client.predict(audio=handle_file(str(EXAMPLES / "Persian-synthetic.mp3")), api_name="/transcribe")
    assert persian["model"] == "embedded:persian-adapter" and persian["text"]
    assert client.predict(audio=sound, api_name="/detect_language")["language"] == "en"
    chinese = client.predict(audio=sound, target="zh-Hans", api_name="/translate")
    assert chinese["translation"] and chinese["engine"] == "embedded"
    text = client.predict(text="Good morning. How are you?", source="en", api_name="/translate_text")
    assert len(text["sentences"]) == 2 and text["translation"]
    song_answer = client.predict(audio=song, model="lstm", api_name="/classify_genre")
    assert song_answer["decision"] in ("genre", "unsure") and song_answer["timeline"]
    lent = noted(log, "lent")[before:]
    calls = ["transcribe", "transcribe", "detect_language", "translate", "translate_text", "classify_genre"]
    assert [line["call"] for line in lent] == calls
    seconds = audio.probe(ENGLISH).seconds
    assert lent[0]["seconds"] == zero_gpu.gpu_seconds("transcribe", seconds)
    check_nothing_is_loaded_within(log)


@pytest.mark.slow
def test_the_music_tab_draws_its_picture_beside_the_answers_of_the_gpu(app: RunningApp, log: Path) -> None:
    with httpx.Client(base_url=f"{app.url}/gradio_api", timeout=60) as http:
        with SONG.open("rb") as file:
            (path,) = http.post("/upload", files={"files": file}).raise_for_status().json()
        events = http.get(f"{app.url}/config").json()["dependencies"]
        number = next(event["id"] for event in events if event["api_name"] == "classify")
        recording = {"path": path, "meta": {"_type": "gradio.FileData"}}
        call = {"data": [recording, "auto"], "fn_index": number, "session_hash": "a-visitor"}
        http.post("/queue/join", json=call).raise_for_status()
        told = http.get("/queue/data", params={"session_hash": "a-visitor"}).text
    (done,) = [json.loads(line[5:]) for line in told.splitlines() if '"process_completed"' in line]
    assert done["success"], done
    _, genres, over_time = done["output"]["data"]
    assert "%" in genres
    (held,) = re.findall(r'src="data:image/png;base64,([^"]+)"', over_time)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(held))).convert("L"))
    assert picture.shape[1] > 50 and picture.std() > 10, "silence, or nothing heard, would be one colour"
    assert noted(log, "lent")[-1]["call"] == "classify_genre"


@pytest.mark.slow
def test_refusals_come_back_in_their_own_words(client: Client, log: Path, tmp_path: Path) -> None:
    no_sound = tmp_path / "words.wav"
    no_sound.write_text("not a recording")
    with pytest.raises(AppError, match="is not a sound or video file"):
        client.predict(audio=handle_file(str(no_sound)), api_name="/transcribe")
    # Refused within the call, in the other process.
    with pytest.raises(AppError, match="There is no genre network 'polka'"):
        client.predict(audio=handle_file(str(SONG)), model="polka", api_name="/classify_genre")
    with pytest.raises(AppError, match="There is no engine 'm2m100_418m'; there are auto, embedded, pivot, forced"):
        client.predict(text="Hello.", source="en", engine="m2m100_418m", api_name="/translate_text")
    with pytest.raises(AppError, match="letters"):
        client.predict(text="Hello. " * 100_000, source="en", api_name="/translate_text")
    assert noted(log, "lent")[-1]["seconds"] < 120, "who is to be refused in words asks for no more than a day has"
    check_nothing_is_loaded_within(log)


@pytest.mark.slow
def test_live_speech_stays_on_the_processor(app: RunningApp, log: Path) -> None:
    before = len(noted(log, "lent"))
    speech, _ = audio.read(ENGLISH, sample_rate_hz=16000)
    sound = np.concatenate([speech, np.zeros(2 * 16000, np.float32)])
    with httpx.Client(base_url=app.url, timeout=60) as http:
        components = http.get("/config").json()["components"]
        live = next(each["id"] for each in components if each["props"].get("elem_id") == "live")

        def send(function: str, data: dict) -> dict:
            body = {"session_hash": "somebody", "component_id": live, "fn_name": function, "data": data}
            return http.post("/gradio_api/component_server", json=body).raise_for_status().json()

        answer = send("push", message(pcm=pcm(sound), target="zh-Hans"))
        (caption, *_) = answer["captions"]
        chinese = send("chinese", message(number=caption["number"], target="zh-Hans"))
    assert caption["text"] and caption["language"].startswith("English")
    assert chinese["sentences"][0]["text"]
    assert len(noted(log, "lent")) == before
    check_nothing_is_loaded_within(log)


PROGRAM = """
import spaces, torch

@spaces.GPU(duration=lambda call: 7)
def compute(call):
    yield str(torch.nn.Linear(2, 2).to("cuda").weight.device)

print(*compute("lazily"))
"""


@pytest.mark.slow
def test_the_stand_in_sees_what_is_loaded_within_a_call(tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    log = tmp_path / "log.jsonl"
    environment = os.environ | {"STAND_IN_LOG": str(log), "PYTHONPATH": str(STAND_INS)}
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "cpu", run.stderr
    assert noted(log, "lent") == [{"what": "lent", "call": "lazily", "seconds": 7}]
    with pytest.raises(AssertionError, match="moved within a call"):
        check_nothing_is_loaded_within(log)
    assert [line["network"] for line in noted(log, "built")] == ["Linear"]


@pytest.mark.parametrize(("value", "here"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_where_we_are_is_told_by_one_variable(value: str, here: bool) -> None:
    assert zero_gpu.is_here({"SPACES_ZERO_GPU": value}) is here
    assert not zero_gpu.is_here({})


def test_a_space_whose_gpu_is_not_wanted_says_so() -> None:
    with pytest.raises(SettingError, match="NAJVA_DEVICE=cpu"):
        zero_gpu.services_with_gpu(Settings(device="cpu"))


def test_longer_recordings_ask_for_more_and_none_for_less_than_a_start() -> None:
    short, long = (zero_gpu.gpu_seconds("transcribe", seconds) for seconds in (10.0, 600.0))
    assert 15 < short < 30 < long < 120, "ten minutes fit into what a visitor has in a day"
    assert zero_gpu.gpu_seconds("translate", 600.0) > long
    assert zero_gpu.gpu_seconds("detect_language", 3600.0) < zero_gpu.gpu_seconds("transcribe", 3600.0)
    assert zero_gpu.gpu_seconds("transcribe", None) == long
    assert zero_gpu.gpu_seconds("translate_text", 100) < zero_gpu.gpu_seconds("translate_text", 10_000)
