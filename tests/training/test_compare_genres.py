"""The course's comparison in one command: from a folder of songs to published networks and a Space that serves them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from huggingface_hub import HfApi

import compare_genres
from najva.services import Services
from najva.settings import Settings
from tests.hub import LoopbackHub
from tests.training.made_songs import make_songs, song

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.hub
def test_a_folder_of_songs_becomes_networks_that_a_space_serves(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    songs = make_songs(tmp_path / "songs")
    with LoopbackHub(tmp_path / "hub") as hub:
        environment = {**os.environ, **hub.environment(tmp_path / "home"), "PYTHONPATH": str(ROOT / "space")}
        environment |= {"NAJVA_CACHE": str(cache), "NAJVA_MODELS": "hub"}
        command = [sys.executable, compare_genres.__file__, "--audio-folder", str(songs), "--owner", hub.user]
        command += ["--architectures", "lstm128", "cnn", "--preset", "tuned", "--epochs", "8"]

        whole = [*command, "--folder", str(tmp_path / "work")]
        done = subprocess.run(whole, env=environment, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
        result = json.loads(done.stdout.splitlines()[-1])
        assert "| songs-lstm128 or songs-cnn |" in done.stdout and Path(result["curves"]).is_file()
        published = result["published"]
        assert set(published) == {"lstm128", "cnn", "space"}
        api = HfApi(endpoint=hub.endpoint, token=hub.token)
        for name in ("lstm128", "cnn"):
            assert api.model_info(f"{hub.user}/songs-{name}").sha == published[name]["revision"]
        named = api.get_space_variables(f"{hub.user}/songs-space")["NAJVA_GENRE_MODELS"].value
        # The best one first, each at the commit that was pushed.
        accuracy = result["accuracy"]
        best = max(("lstm128", "cnn"), key=lambda name: accuracy[f"songs-{name}"])
        assert named.split(",")[0] == f"{hub.user}/songs-{best}@{published[best]['revision']}"
        assert len(named.split(",")) == 2
        # What the Space does with that variable.
        for name, value in hub.environment(tmp_path / "home").items():
            monkeypatch.setenv(name, value)
        services = Services(Settings(models="hub", genre_models=named, cache=tmp_path / "cache"))
        soundfile.write(tmp_path / "song.wav", song("high", 12), 22050)
        *_, answer = services.classify_genre(tmp_path / "song.wav", "songs-cnn")
        assert next(iter(answer.scores)) == "high"


@pytest.mark.parametrize("names", [["cnn"], ["cnn", "cnn"]])
def test_one_network_is_no_comparison(names: list[str], tmp_path: Path, capsys) -> None:
    assert compare_genres.main(["--audio-folder", str(tmp_path), "--architectures", *names]) == 1
    assert "two networks or more" in capsys.readouterr().err
