"""Audio data sets of the Hub become data folders: stock `datasets` over real HTTP, without torchcodec."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import prepare_transcripts
from sheets.speech_data import load_speech
from sheets.splits import PARTS
from tests.hub import LoopbackHub

pytestmark = [pytest.mark.hub, pytest.mark.slow]

PUSH = Path(__file__).with_name("push_audio_datasets.py")
LOAD = "import sys; from sheets.speech_data import load_speech; print(len(load_speech(sys.argv[1]).clips('train')))"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A Hub that holds the data sets, and how to run a program that knows no other."""
    folder = tmp_path_factory.mktemp("datasets")
    with LoopbackHub(folder / "hub") as hub:
        environment = hub.environment(folder / "home") | {"PYTHONPATH": os.pathsep.join(sys.path)}

        def run(*arguments):
            return subprocess.run(
                [sys.executable, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=200
            )

        pushed = run(PUSH, folder / "source")
        assert pushed.returncode == 0, pushed.stderr[-4000:]
        yield hub, run, folder / "source"


@pytest.fixture
def prepare(hub, tmp_path):
    def run(dataset, *options):
        done = hub[1](prepare_transcripts.__file__, "--dataset", dataset, "--output", tmp_path / "data", *options)
        return done, json.loads(done.stdout.splitlines()[-1]) if done.stdout else None

    return run


def test_splits_and_columns_of_a_parquet_data_set(hub, prepare, tmp_path):
    names = ("--audio-column", "clip", "--text-column", "sentence")
    done, found = prepare("najva-tester/parquet", *names)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (found["rows"], found["test"], found["validation"], found["train"]) == (11, 3, 2, 6)
    data = load_speech(tmp_path / "data")
    assert [clip.id for clip in data.clips("test")] == ["109.wav", "110.flac", "111.wav"]
    for clip in (clip for part in PARTS for clip in data.clips(part)):
        assert clip.audio == f"audio/{clip.id}" and clip.speaker in ("0", "1", "2")
        assert clip.path.read_bytes() == (hub[2] / "clips" / clip.id).read_bytes()
    assert data.source["dataset"] == "najva-tester/parquet" and data.source["passed_over"] == ["other"]
    # What the repository says of its own speech holds for what is made of it.
    assert (data.source["speech"], data.source["engine"], data.source["name"]) == ("synthetic", "espeak-ng", "data")
    commits = hub[0].api().list_repo_commits("najva-tester/parquet", repo_type="dataset")
    assert data.source["dataset_revision"] in {commit.commit_id for commit in commits}
    drawn = prepare("najva-tester/parquet", *names, "--ignore-split")[1]
    assert (drawn["test"], drawn["validation"], drawn["train"]) == (2, 2, 7)


def test_clips_that_share_a_name_or_have_none(prepare, tmp_path):
    names = ("--audio-column", "clip", "--text-column", "sentence")
    done, found = prepare("najva-tester/parquet:doubtful", *names)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (found["clips"], found["faults"]) == (11, {"empty cell": 1})
    ids = {clip.id for part in PARTS for clip in load_speech(tmp_path / "data").clips(part)}
    assert len(ids) == 11 and sum(name.startswith("audio-") for name in ids) == 6


def test_a_folder_of_files_on_the_hub_or_at_home(hub, prepare):
    for reference in ("najva-tester/folder", hub[2]):
        done, found = prepare(reference)
        assert done.returncode == 0, done.stderr[-2000:]
        assert (found["clips"], found["test"], found["faults"]) == (12, 2, {})
        assert "speech as recorded" in done.stdout


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("najva-tester/nothing", "There is no data set najva-tester/nothing"),
        ("najva-tester/parquet:nothing", "BuilderConfig 'nothing' not found"),
        ("najva-tester/parquet", "no column 'audio', only 'clip', 'sentence', 'speaker'"),
    ],
)
def test_what_is_not_there_gets_one_sentence(prepare, tmp_path, reference, sentence):
    done, found = prepare(reference)
    assert done.returncode == 1 and found is None
    assert sentence in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_is_a_repository_is_read_as_a_local_one(hub, prepare, tmp_path):
    prepare("najva-tester/folder")
    hub[0].api().create_repo("najva-tester/prepared", repo_type="dataset")
    hub[0].api().upload_folder(repo_id="najva-tester/prepared", repo_type="dataset", folder_path=tmp_path / "data")
    done = hub[1]("-c", LOAD, "najva-tester/prepared")
    assert done.stdout.strip() == str(len(load_speech(tmp_path / "data").clips("train"))), done.stderr[-2000:]
    done = hub[1]("-c", LOAD, "najva-tester/absent")
    assert "neither a folder najva-tester/absent nor a data set" in done.stderr
