"""`/classify_genre`, called as programs call it, on real songs and on what is none."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file

import play_example
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from tests import clips
from tests.running_app import ROOT, RunningApp

NETWORKS = sorted(path.parent for path in (EMBEDDED_FOLDER / "genre").glob("*/config.json"))
EXAMPLE = ROOT / "space" / "examples" / "music" / f"{play_example.NAME}.mp3"
GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]


def classify(client: Client, path: Path, **more: str) -> dict:
    return client.predict(audio=handle_file(str(path)), api_name="/classify_genre", **more)


def test_those_that_come_with_the_app_are_listed_and_the_best_measured_is_the_default(client: Client) -> None:
    assert {network.name for network in NETWORKS} == {"bilstm", "cnn", "lstm", "lstm128", "whisper_bilstm"}
    listed = [one for one in client.predict(api_name="/models")["models"] if one["role"] == "genre"]
    shares = [np.mean([row["value"] for row in one["measured"]["figures"]]) for one in listed]
    assert len(listed) == len(NETWORKS) and shares == sorted(shares, reverse=True)
    assert listed[0]["reference"] == "embedded:genre/whisper_bilstm" and listed[0]["licence"]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_a_known_song_gets_its_genre(client: Client, test_data: Path, network: Path) -> None:
    """One that the network's folds judged right, as its record says; this network heard it too."""
    right = json.loads((network / "run.json").read_text("utf-8"))["evaluation"]["right"]
    name = right[len(right) // 2]
    answer = classify(client, test_data / "gtzan_mini" / name, model=network.name)
    assert set(answer) == {"genre", "scores", "timeline", "decision", "model"}
    assert answer["model"] == f"embedded:genre/{network.name}"
    assert sorted(answer["scores"]) == GENRES and sum(answer["scores"].values()) == pytest.approx(1, abs=1e-2)
    assert max(answer["scores"], key=answer["scores"].get) == name.partition("/")[0]
    assert answer["decision"] in ("genre", "unsure")
    assert answer["genre"] == (name.partition("/")[0] if answer["decision"] == "genre" else None)
    starts = [piece["start"] for piece in answer["timeline"]]
    assert starts == sorted(starts) and answer["timeline"][-1]["end"] == pytest.approx(30, abs=0.3)
    assert all(set(piece) == {"start", "end", "scores"} for piece in answer["timeline"])


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_people_who_speak_noise_and_silence_are_no_music(
    client: Client, test_data: Path, tmp_path: Path, network: Path
) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal(10 * 22050)
    soundfile.write(tmp_path / "noise.wav", noise, 22050)
    soundfile.write(tmp_path / "silence.wav", np.zeros(5 * 22050), 22050)
    speech = [clip.path for clip in (*clips.other_speech(), *clips.persian_long(), *clips.persian("read")[:4])]
    for path in (*speech, tmp_path / "noise.wav", tmp_path / "silence.wav"):
        answer = classify(client, path, model=network.name)
        assert (answer["decision"], answer["genre"]) == ("no_music", None), path.name
        assert set(answer["scores"].values()) == {0.0}


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_music_that_nobody_recorded_is_music(client: Client, network: Path) -> None:
    assert classify(client, EXAMPLE, model=network.name)["decision"] != "no_music"


def test_who_sends_the_page_s_own_example_leaves_it_to_the_page(app: RunningApp, client: Client) -> None:
    """Gradio keeps both in one place, by name and content."""
    classify(client, EXAMPLE)
    assert [path for path in (app.folder / "gradio").rglob(EXAMPLE.name)]


def test_a_network_that_is_none_is_named(client: Client, test_data: Path) -> None:
    song = next((test_data / "gtzan_mini").rglob("*.wav"))
    with pytest.raises(Exception, match="There is no genre network 'vgg'; there are auto, whisper_bilstm"):
        classify(client, song, model="vgg")


@pytest.mark.parametrize("name", ["bad.wav", "null.wav"])
def test_what_is_no_recording_is_refused_in_a_sentence(client: Client, test_data: Path, name: str) -> None:
    with pytest.raises(Exception, match=name.partition(".")[0]):
        classify(client, test_data / "odd_audio" / name)


def test_an_odd_recording_is_answered(client: Client, test_data: Path) -> None:
    answer = classify(client, test_data / "odd_audio" / "stereo_54khz.wav")
    seconds = soundfile.info(test_data / "odd_audio" / "stereo_54khz.wav").duration
    assert (answer["genre"] is None) == (answer["decision"] != "genre")
    assert answer["decision"] == "no_music" or answer["timeline"][-1]["end"] == pytest.approx(seconds, abs=0.5)
