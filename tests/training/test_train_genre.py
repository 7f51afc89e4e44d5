"""From a folder of songs to a published network: trained, measured, compared, pushed and loaded again."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import soundfile
import torch
from huggingface_hub import ModelCard, snapshot_download

import ablate_genre
import evaluate_genre
import publish
import train_genre
from genre.genre_scoring import Judged, by_song, calibration_error, fit_temperature, holm, mcnemar, read_ledger
from genre.presets import PRESETS, changed
from genre.songs import gtzan_facts
from najva.genre_networks import GenreNetwork
from najva.services import Services
from najva.settings import Settings
from publishing import genre_staging
from run_record import read_record
from tests.hub import LoopbackHub
from tests.hub.cards import check_card
from tests.training.made_songs import GENRES, make_songs, song

ROOT = Path(__file__).parents[2]
NAME = "najva-tester/genre-cnn"


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three genres of five songs each."""
    return make_songs(tmp_path_factory.mktemp("genres") / "songs")


@pytest.fixture(autouse=True)
def settings(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own cache, and no Hub."""
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    monkeypatch.setenv("NAJVA_MODELS", "offline")


def arguments(songs: Path, output: Path, architecture: str = "cnn", **more: object) -> list[str]:
    """A command line of a training of seconds."""
    given = {"preset": "tuned", "epochs": 6} | more
    listed = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    return ["--audio-folder", str(songs), "--output", str(output), "--architecture", architecture, *listed]


def history(run: Path) -> list[dict]:
    """The rows of `history.csv`."""
    with (run / "history.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(songs: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A measured run of the small convolutional network, five folds."""
    run = tmp_path_factory.mktemp("runs") / "cnn"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAJVA_CACHE", str(cache))
        assert train_genre.main(arguments(songs, run, folds=5, epochs=10)) == 0
        assert evaluate_genre.main(["--run", str(run)]) == 0
    return run


def test_a_measured_run_s_folder_holds_its_card(trained: Path) -> None:
    text, song = (trained / "README.md").read_text("utf-8"), read_record(trained)["evaluation"]["by_song"]
    assert check_card(text, "model") == ([], [])
    assert f'folder = "{trained}"' in text and f"{100 * song['accuracy']:.1f}" in text
    (figure,) = json.loads((trained / "measured.json").read_text("utf-8"))["figures"]
    assert (figure["value"], figure["clips"]) == (song["accuracy"], 15)


def test_a_network_learns_what_can_be_told_apart(trained: Path) -> None:
    record = read_record(trained)
    assert record["evaluation"]["by_song"]["right"] >= 14
    assert record["evaluation"]["by_song"]["count"] == 15
    rows = history(trained)
    assert [(int(row["fold"]), int(row["epoch"])) for row in rows] == [
        (f, e) for f in range(1, 6) for e in range(1, 11)
    ]
    assert float(rows[9]["train_loss"]) < float(rows[0]["train_loss"])
    assert (trained / "figures" / "history.png").read_bytes().startswith(b"\x89PNG")
    assert not (trained / "checkpoints").exists()
    # What is kept judges a song that it never heard as its genre.
    network = GenreNetwork.from_pretrained(trained)
    for genre in GENRES:
        probabilities = network.probabilities(torch.from_numpy(song(genre, 11)))
        assert network.config.labels[probabilities.argmax()] == genre


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["lstm", "lstm128", "bilstm", "whisper_bilstm"])
def test_every_network_goes_the_course_s_way(architecture: str, songs: Path, tmp_path: Path, capsys) -> None:
    assert train_genre.main(arguments(songs, tmp_path / "run", architecture, preset="as-specified", epochs=2)) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["architecture"] == architecture and 0 <= last["validation_accuracy"] <= 1
    record = read_record(tmp_path / "run")
    assert record["preset"]["learning_rate"] == 1e-4 and record["preset"]["batch_size"] == 32
    # Twelve whole songs, one step an epoch.
    assert record["training"]["steps"] == 2


def test_a_network_of_every_song_has_the_folds_epochs_and_figures(
    trained: Path, songs: Path, tmp_path: Path, capsys
) -> None:
    run = tmp_path / "run"
    like = {"protocol": "all", "like": trained, "epochs": 0}
    assert train_genre.main(arguments(songs, run, **like)) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["validation_accuracy"] is None
    record = read_record(run)
    assert record["data"]["validation_songs"] == 0 and record["training"]["epochs"] == 10
    assert evaluate_genre.main(["--run", str(run)]) == 1
    assert "every song trained" in capsys.readouterr().err
    beside = tmp_path / "beside"
    assert train_genre.main(arguments(songs, beside, epochs=2, seed=3)) == 0
    assert evaluate_genre.main(["--run", str(beside)]) == 0
    assert evaluate_genre.main(["--run", str(run), "--folds", str(trained), "--beside", str(beside)]) == 0
    assert "the folds of cnn" in capsys.readouterr().out
    ours, theirs = read_record(run)["evaluation"], read_record(trained)["evaluation"]
    when = {"of": "", "beside": [], "finished": "", "command": ""}
    assert ours | when == theirs | when and ours["of"] == "cnn"
    assert [(one["run"], one["seed"], one["steps"]) for one in ours["beside"]] == [("beside", 3, 2)]
    config = json.loads((run / "config.json").read_text("utf-8"))
    assert config["temperature"] == theirs["temperature"]
    staged = genre_staging.stage_genre(run, tmp_path / "staged", NAME)
    card = " ".join((staged.folder / "README.md").read_text("utf-8").split())
    assert "made in the same way of all 15 songs" in card and "| beside | pooled | tuned | 1 | 3 | 2 |" in card
    assert [result.dataset_config for result in ModelCard.load(staged.folder / "README.md").data.eval_results] == [
        "pooled",
        "pooled",
    ]


def test_a_network_of_every_song_may_be_calibrated_on_other_folds(
    trained: Path, songs: Path, tmp_path: Path, capsys
) -> None:
    run, other, specified = tmp_path / "run", tmp_path / "other", tmp_path / "specified"
    assert train_genre.main(arguments(songs, run, protocol="all", like=trained, epochs=0)) == 0
    assert train_genre.main(arguments(songs, other, folds=3, epochs=3)) == 0
    assert train_genre.main(arguments(songs, specified, preset="as-specified", folds=3, epochs=1)) == 0
    for measured in (other, specified):
        assert evaluate_genre.main(["--run", str(measured)]) == 0
    by_folds = ["--run", str(run), "--folds", str(trained)]
    assert evaluate_genre.main([*by_folds, "--calibrate", str(other)]) == 0
    ours, calibrated = read_record(run)["evaluation"], read_record(other)["evaluation"]
    assert all(ours[name] == calibrated[name] for name in evaluate_genre.CALIBRATION)
    assert ours["calibrated_on"] == "other" and ours["by_song"]["count"] == 15
    # At a temperature that is not its own it is as far from honest as it is.
    ledger = read_ledger(trained / "ledgers" / "songs.jsonl")
    error = calibration_error(ledger, list(GENRES), calibrated["temperature"])
    assert ours["measured_calibration_error"] == pytest.approx(error, abs=1e-4)
    assert error != pytest.approx(calibrated["calibration_error"]["after"], abs=1e-3)
    staged = genre_staging.stage_genre(run, tmp_path / "staged", NAME)
    card = " ".join((staged.folder / "README.md").read_text("utf-8").split())
    assert f"and {ours['measured_calibration_error']} on the songs of the figures above" in card
    assert evaluate_genre.main([*by_folds, "--calibrate", str(specified)]) == 1
    assert "by another recipe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"protocol": "pooled", "like": "X", "epochs": 0}, "--like is for --protocol all"),
        ({"protocol": "all", "like": "X", "epochs": 0, "architecture": "lstm"}, "is of the network cnn"),
        ({"protocol": "all", "like": "X", "epochs": 0, "preset": "as-specified"}, "was trained with --preset tuned"),
        ({"protocol": "all", "like": "nowhere", "epochs": 0}, "nowhere"),
    ],
)
def test_epochs_are_taken_from_a_run_of_the_same_kind(
    trained: Path, songs: Path, tmp_path: Path, capsys, more: dict, words: str
) -> None:
    given = more | {"like": trained if more["like"] == "X" else tmp_path / more["like"]}
    assert train_genre.main(arguments(songs, tmp_path / "run", **given)) == 1
    assert words in capsys.readouterr().err


def test_figures_of_other_runs_are_not_taken(trained: Path, songs: Path, tmp_path: Path, capsys) -> None:
    assert evaluate_genre.main(["--run", str(trained), "--folds", str(trained)]) == 1
    assert "has validation songs of its own" in capsys.readouterr().err
    others = make_songs(tmp_path / "others", each=6)
    assert train_genre.main(arguments(others, tmp_path / "other", epochs=1)) == 0
    assert evaluate_genre.main(["--run", str(tmp_path / "other"), "--beside", str(trained)]) == 1
    assert "of other songs" in capsys.readouterr().err


def test_patience_takes_the_best_epoch_and_stops(songs: Path, tmp_path: Path) -> None:
    assert train_genre.main(arguments(songs, tmp_path / "run", epochs=40, patience=2)) == 0
    rows, record = history(tmp_path / "run"), read_record(tmp_path / "run")
    losses = [float(row["validation_loss"]) for row in rows]
    best = losses.index(min(losses)) + 1
    assert record["training"]["chosen_epochs"] == best
    assert len(rows) in (40, best + 2)
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"folds": 1}, "--folds is 2 or more"),
        ({"protocol": "all", "folds": 2}, "--protocol all has no folds"),
        ({"folds": 9}, "need as many songs in every genre, and one has 5"),
        ({"protocol": "fault-filtered"}, "for GTZAN alone"),
        ({"protocol": "all", "patience": 2}, "of which --protocol all has none"),
        ({"change": "pooling=last"}, "convolutions have no last state"),
        ({"change": "depth=3"}, "--change depth=3: a preset has segment_seconds, pooling,"),
        ({"change": "crops=maybe"}, "crops is yes or no"),
        ({"change": "batch_size=0"}, "batch_size is a number above 0"),
    ],
)
def test_what_cannot_be_meant_gets_one_sentence(more: dict, sentence: str, songs: Path, tmp_path: Path, capsys) -> None:
    assert train_genre.main(arguments(songs, tmp_path / "run", **more)) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_result(songs: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert train_genre.main(arguments(songs, whole, "lstm", epochs=8)) == 0
    command = [sys.executable, train_genre.__file__, *arguments(songs, killed, "lstm", epochs=8)]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(ROOT / "space")}, stderr=subprocess.DEVNULL
    )
    checkpoint = killed / "checkpoints" / "fold-1" / "checkpoint.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.is_file():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "history.csv").exists()
    assert train_genre.main(arguments(songs, killed, "lstm", epochs=8)) == 0
    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert history(killed) == history(whole)


_WITHOUT_DROPOUT = """
import sys
sys.path[:0] = {paths!r}
import train_genre
made = train_genre.new_network
def without_dropout(*given):
    network = made(*given)
    network.dropout.p = 0.0  # of each process it falls on other values
    return network
train_genre.new_network = without_dropout
sys.exit(train_genre.main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_two_processes_train_as_one(songs: Path, tmp_path: Path) -> None:
    """24 pieces in batches of 32: what fills the last batch up has no part in the loss."""
    runs = {1: tmp_path / "one", 2: tmp_path / "two"}
    program = tmp_path / "program.py"
    program.write_text(_WITHOUT_DROPOUT.format(paths=[str(ROOT / "training"), str(ROOT / "space")]), "utf-8")
    for count, run in runs.items():
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(count), str(program)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        job = arguments(songs, run, "cnn", epochs=3)
        done = subprocess.run([*command, *job], env=environment, capture_output=True, text=True, timeout=250)
        assert done.returncode == 0, done.stderr[-3000:]
        assert len([line for line in done.stdout.splitlines() if line.startswith("{")]) == 1
    one, two = (history(run) for run in runs.values())
    assert len(one) == len(two) == 3
    for row, same in zip(one, two, strict=True):
        assert {name: float(text) for name, text in same.items()} == pytest.approx(
            {name: float(text) for name, text in row.items()}, rel=1e-4
        )


def test_a_trained_run_is_not_taken_for_one_on_other_songs(trained: Path, songs: Path, tmp_path: Path, capsys) -> None:
    other = shutil.copytree(songs, tmp_path / "songs")
    assert train_genre.main(arguments(other, trained, folds=5, epochs=10)) == 0
    assert "is trained" in capsys.readouterr().out
    soundfile.write(other / "high" / "new.wav", song("high", 40), 22050)
    assert train_genre.main(arguments(other, trained, folds=5, epochs=10)) == 1
    assert "was begun with other songs" in capsys.readouterr().err
    like = arguments(other, tmp_path / "all", protocol="all", like=trained, epochs=0)
    assert train_genre.main(like) == 1
    assert f"{trained} was trained on other songs" in capsys.readouterr().err


def test_published_lists_measure_on_their_test_alone(tmp_path: Path) -> None:
    """Songs called as GTZAN's clips: what the temperature is fitted on is not what the figures are of."""
    folder, wanted = tmp_path / "gtzan", {"train": 4, "validation": 3, "test": 2}
    for genre, sound in (("blues", "deep"), ("metal", "high")):
        (folder / genre).mkdir(parents=True)
        left = dict(wanted)
        for number, (clip, (_, part)) in enumerate(gtzan_facts().items()):
            if clip.startswith(genre) and left.get(part):
                left[part] -= 1
                soundfile.write(folder / genre / f"{clip}.wav", song(sound, number % 100), 22050)
    run = tmp_path / "run"
    assert train_genre.main(arguments(folder, run, protocol="fault-filtered", epochs=8)) == 0
    assert evaluate_genre.main(["--run", str(run)]) == 0
    evaluation = read_record(run)["evaluation"]
    assert (evaluation["part"], evaluation["by_song"]["count"]) == ("test", 4)
    split = json.loads((run / "split.json").read_text("utf-8"))["folds"][0]
    assert {side: len(ids) for side, ids in split.items()} == {"train": 8, "validation": 6, "test": 4}
    assert set(evaluation["right"]) <= set(split["test"])
    parts = [json.loads(line)["part"] for line in (run / "ledgers" / "songs.jsonl").read_text("utf-8").splitlines()]
    assert sorted(parts) == ["test"] * 4 + ["validation"] * 6


def test_networks_are_compared_on_the_same_songs(trained: Path, songs: Path, tmp_path: Path, capsys) -> None:
    twin = shutil.copytree(trained, tmp_path / "twin")
    curves = tmp_path / "curves.png"
    assert evaluate_genre.main(["--compare", str(trained), str(twin), "--curves", str(curves)]) == 0
    # A panel a run.
    left, right = np.split(matplotlib.image.imread(curves)[:, 200:-200, :3], 2, axis=1)
    assert all((np.abs(side - np.array([42, 111, 151]) / 255).max(-1) < 0.1).sum() > 100 for side in (left, right))
    said = capsys.readouterr().out
    assert "| cnn or twin | 0 | 0 | 1.000 | no clear difference |" in said
    # One that takes every song for the next genre is clearly worse.
    ledger = twin / "ledgers" / "songs.jsonl"
    rows = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    for row in rows:
        wrong = [-9.0] * 3
        wrong[(GENRES.index(row["genre"]) + 1) % 3] = -0.01
        row["log_probabilities"] = [wrong]
    ledger.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert evaluate_genre.main(["--compare", str(twin), str(trained)]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["accuracy"]["twin"] == 0 and last["pairs"][0]["only_other"] >= 14 and last["pairs"][0]["p"] < 0.001
    other = tmp_path / "other"
    assert train_genre.main(arguments(songs, other, folds=3, epochs=1)) == 0
    assert evaluate_genre.main(["--compare", str(trained), str(other)]) == 1
    assert "was not measured on the same songs" in capsys.readouterr().err


def test_a_choice_of_the_preset_is_undone_alone(songs: Path, tmp_path: Path, capsys) -> None:
    command = ["--audio-folder", str(songs), "--architecture", "cnn", "--folds", "2", "--folder", str(tmp_path)]
    assert ablate_genre.main([*command, "--undo", "low-rate", "last-state"]) == 0
    said = capsys.readouterr().out
    assert "| tuned | pooled |" in said and "| tuned with learning_rate=0.0001 | pooled |" in said
    runs = {run.name: read_record(run) for run in tmp_path.iterdir()}
    assert set(runs) == {"cnn-pooled-as-it-is", "cnn-pooled-low-rate"}  # convolutions have no last state
    tuned, low = (runs[f"cnn-pooled-{name}"]["preset"] for name in ("as-it-is", "low-rate"))
    assert low == tuned | {"learning_rate": 0.0001}
    assert ablate_genre.main([*command, "--undo", "all"]) == 1
    assert "--undo all: there are no-crops," in capsys.readouterr().err


def test_what_can_be_undone_changes_one_thing() -> None:
    tuned = asdict(PRESETS["tuned"])
    for name, (kind, *values) in ablate_genre.UNDONE.items():
        if kind == "--change":
            undone = asdict(changed(PRESETS["tuned"], values))
            assert sum(undone[field] != tuned[field] for field in tuned) == 1, name


def test_a_network_judges_songs_of_another_folder(trained: Path, songs: Path, tmp_path: Path, capsys) -> None:
    others = tmp_path / "others"
    for genre in GENRES:
        (others / genre).mkdir(parents=True)
        for number in (20, 21):
            soundfile.write(others / genre / f"{number}.wav", song(genre, number), 22050)
    (others / "polka").mkdir()
    soundfile.write(others / "polka" / "one.wav", song("deep", 30), 22050)
    (others / "deep" / "words.wav").write_text("no sound", "utf-8")
    shutil.copy(songs / "high" / "high.00001.wav", others / "high" / "known.wav")
    asked = ["--model", str(trained), "--audio-folder", str(others)]
    assert evaluate_genre.main(asked) == 0
    said = capsys.readouterr().out
    last = json.loads(said.splitlines()[-1])
    assert (last["count"], last["left_out"], last["heard_before"]) == (7, 2, 1) and last["right"] >= 6
    assert "| polka | the network does not know this genre; it knows deep, high, noisy |" in said
    assert "| deep/words.wav |" in said and "1 of 7 songs are of the training's collection" in said
    shutil.rmtree(others)
    for genre in ("polka", "waltz"):
        (others / genre).mkdir(parents=True)
        soundfile.write(others / genre / "one.wav", song("deep", 30), 22050)
    assert evaluate_genre.main(asked) == 1
    assert "No song of" in capsys.readouterr().err
    assert evaluate_genre.main([*asked[:2], "--run", str(trained)]) == 1
    assert "or a network by --model" in capsys.readouterr().err


@pytest.mark.hub
def test_a_network_is_pushed_and_loaded_outside_the_space(
    trained: Path, hub: LoopbackHub, tmp_path: Path, capsys
) -> None:
    run = shutil.copytree(trained, tmp_path / "cnn")
    assert publish.main(["model", "--run", str(run), "--repository", NAME]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    folder = Path(snapshot_download(NAME))
    text = (folder / "README.md").read_text("utf-8")
    check_card(text, "model")
    card, figures = ModelCard(text).data, read_record(run)["evaluation"]
    assert card.eval_results[0].metric_value == figures["by_song"]["accuracy"]
    assert card.eval_results[0].dataset_config == "pooled" and card.pipeline_tag == "audio-classification"
    assert last["revision"] == hub.api().model_info(NAME).sha
    # The snippet of the card, in a process that knows nothing of this project.
    (program,) = [part.partition("```")[0] for part in text.split("```python\n")[1:]]
    (tmp_path / "elsewhere").mkdir()
    soundfile.write(tmp_path / "elsewhere" / "song.wav", song("high", 12), 22050)
    environment = hub.environment(tmp_path / "home") | {"PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "elsewhere", env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "high"
    # The Space, which is told the commit; what is pushed later does not reach it.
    named = f"{NAME}@{last['revision']}"
    hub.api().upload_file(path_or_fileobj=b"{}", path_in_repo="config.json", repo_id=NAME)
    services = Services(Settings(models="hub", genre_models=named, cache=tmp_path / "cache"))
    *_, answer = services.classify_genre(tmp_path / "elsewhere" / "song.wav")
    assert (answer.model, next(iter(answer.scores))) == (named, "high")
    (role,) = services.genre_roles
    served = role.as_dict()
    assert (served["source"], served["revision"], served["licence"]) == ("hub", last["revision"], "apache-2.0")
    assert served["measured"]["figures"][0]["value"] == figures["by_song"]["accuracy"]


@pytest.mark.hub
def test_the_training_itself_publishes(trained: Path, songs: Path, tmp_path: Path, hub: LoopbackHub, capsys) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    again = [*arguments(songs, run, folds=5, epochs=10), "--push-to-hub", "najva-tester/genre-pushed"]
    assert train_genre.main(again) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["published"]["revision"] == hub.api().model_info("najva-tester/genre-pushed").sha
    assert last["right"] >= 14
    for refused in ({"protocol": "segments"}, {"protocol": "all"}):
        assert train_genre.main([*arguments(songs, tmp_path / "no", **refused), "--push-to-hub", NAME]) == 1
        assert "publish" in capsys.readouterr().err


def judged(right: list[bool], sure: float) -> list[Judged]:
    """Songs of two genres, judged with one confidence."""
    genres = ["a" if one else "b" for one in right]
    return [Judged(str(n), genre, "", 1, "validation", np.log([[sure, 1 - sure]])) for n, genre in enumerate(genres)]


def test_a_temperature_makes_confidence_what_it_says() -> None:
    songs = judged([True] * 7 + [False] * 3, sure=0.99)
    assert by_song(songs, ["a", "b"]).as_dict() | {"low": 0, "high": 0} == {
        "right": 7, "count": 10, "accuracy": 0.7, "low": 0, "high": 0, "confidence": 0.95
    }  # fmt: skip
    assert calibration_error(songs, ["a", "b"]) == pytest.approx(0.29)
    temperature = fit_temperature(songs, ["a", "b"])
    assert songs[0].mean(temperature)[0] == pytest.approx(0.7, abs=1e-3)
    assert calibration_error(songs, ["a", "b"], temperature) == pytest.approx(0, abs=1e-3)


def test_intervals_and_p_values_are_the_textbook_s() -> None:
    share = by_song(judged([True] * 8 + [False] * 2, 0.9), ["a", "b"]).as_dict()
    # Wilson's interval of 8 of 10.
    assert (share["low"], share["high"]) == (0.4902, 0.9433)
    assert mcnemar([True] * 5 + [False], [False] * 5 + [True]) == (5, 1, pytest.approx(0.21875))
    assert mcnemar([True, False], [True, False]) == (0, 0, 1.0)
    # Of three p-values the smallest counts thrice, the next twice; none overtakes another.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
