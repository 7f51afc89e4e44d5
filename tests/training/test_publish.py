"""Publishing as people do it: runs, data and the Space, against the loopback Hub with Xet on and off."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile
from huggingface_hub import DatasetCard, ModelCard, SpaceCard, hf_hub_download, snapshot_download
from made_runs import change_record
from made_sheets import voice

import finetune_whisper
import publish
from najva.pretrained import Hub, find_checkpoint
from publishing.staging import StagingError, clip_names, without_local_paths
from run_record import read_record
from sheets.speech_data import DataError, load_speech
from sheets.splits import PARTS
from tests.hub import LoopbackHub
from tests.hub.cards import check_card
from tests.hub.client import leave_out_pauses
from tests.najva.pretrained.tiny_models import change_json, push

pytestmark = pytest.mark.hub

ROOT = Path(__file__).parents[2]
PROGRAM = Path(publish.__file__)
NAME = "najva-tester/tiny-fa"
TINY = "najva-tester/tiny-whisper-v3"
OF_EVERY_MODEL = {"README.md", "run.json", "split.json", "history.csv", "figures/history.png", "measured.json"}


@pytest.fixture
def job(capsys: pytest.CaptureFixture[str]):
    """Run the job in this process; returns its status, output, errors, and last line as JSON or None."""

    def run(*arguments: object):
        status = publish.main([str(argument) for argument in arguments])
        output, errors = capsys.readouterr()
        return status, output, errors.strip(), json.loads(output.splitlines()[-1]) if status == 0 else None

    return run


def held(hub: LoopbackHub, repository: str, kind: str = "model") -> set[str]:
    """The files of a repository, without the Hub's own."""
    return set(hub.api().list_repo_files(repository, repo_type=kind)) - {".gitattributes"}


def program(hub: LoopbackHub, home: Path, way: str, **more: str) -> dict[str, str]:
    """Environment of a process that knows this Hub alone."""
    return hub.environment(home, xet=way == "xet") | {"PYTHONPATH": os.pathsep.join(sys.path)} | more


def kill_at_the_commit(hub: LoopbackHub, environment: dict[str, str], *arguments: object) -> None:
    """Run the job as a program and kill it when all is sent and only the commit is missing."""
    hub.faults.hang(only="/commit/")
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not [request for request in hub.requests if "/commit/" in request]:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    hub.faults.clear()


def test_a_lora_run_becomes_two_repositories_with_a_commit_each(hub: LoopbackHub, lora_run: Path, job) -> None:
    status, output, _, last = job("model", "--run", lora_run, "--repository", NAME)
    assert status == 0
    api = hub.api()
    for name, kind, weights in ((NAME, "adapter", "adapter_model"), (f"{NAME}-merged", "merged", "model")):
        found = last if kind == "adapter" else last["merged"]
        information = api.model_info(name)
        assert information.private and information.sha == found["revision"] and found["url"].endswith(name)
        assert len(api.list_repo_commits(name)) == 2 and found["files"] == len(held(hub, name))
        assert held(hub, name) >= OF_EVERY_MODEL | {f"{weights}.safetensors", "preprocessor_config.json"}
        text = Path(hf_hub_download(name, "README.md")).read_text("utf-8")
        assert ModelCard(text).data.base_model_relation == {"adapter": "adapter", "merged": "merge"}[kind]
        assert (text == (lora_run / "README.md").read_text("utf-8")) == (kind == "adapter")
        assert f"{kind}/" not in "".join(held(hub, name)) and f"{weights}.safetensors" in output
        reference = find_checkpoint(f"{name}@{found['revision']}", Hub(), Path())
        assert reference.measured["figures"][0]["metric"] == "mean WER" and reference.licence == "mit"
    assert not (lora_run / "staged").exists()
    # The adapter last: whoever finds it finds the merged model too.
    made = [request for request in hub.requests if "/commit/main" in request]
    assert [f"{NAME}-merged/" in request for request in made] == [True, False]
    again = job("model", "--run", lora_run, "--repository", NAME)[3]
    assert again["revision"] == last["revision"] and not again["changed"]


def test_a_full_run_becomes_one_repository(hub: LoopbackHub, finished_runs: Path, tmp_path: Path, job) -> None:
    run = shutil.copytree(finished_runs / "full", tmp_path / "full")
    (run / "checkpoints" / "step-1").mkdir(parents=True)
    (run / "checkpoints" / "step-1" / "optimizer.pt").write_bytes(b"no pickle is published")
    (run / "notes.bin").write_bytes(b"nor what lies about")
    last = job("model", "--run", run, "--repository", NAME, "--public")[3]
    assert last["public"] and not hub.api().model_info(NAME).private and "merged" not in last
    weights = {"model.safetensors", "config.json", "generation_config.json", "preprocessor_config.json"}
    assert held(hub, NAME) == OF_EVERY_MODEL | weights | {"tokenizer.json", "tokenizer_config.json"}
    assert ModelCard.load(run / "README.md").data.base_model_relation == "finetune"


def test_one_part_of_a_lora_run(hub: LoopbackHub, lora_run: Path, job) -> None:
    elsewhere = lora_run / "ledgers" / "tuned-friends.jsonl"
    shutil.copyfile(lora_run / "ledgers" / "tuned.jsonl", elsewhere)
    last = job("model", "--run", lora_run, "--repository", NAME, "--part", "merged", "--ledgers")[3]
    assert last["repository"] == NAME and "model.safetensors" in held(hub, NAME)
    assert held(hub, NAME) >= {"ledgers/base.jsonl", "ledgers/tuned.jsonl", "ledgers/merged.jsonl"}
    assert "ledgers/tuned-friends.jsonl" not in held(hub, NAME), "what was said on another sheet is not the run's own"
    elsewhere.unlink()
    assert not hub.api().repo_exists(f"{NAME}-merged")


def test_the_sentences_of_the_test_are_published_only_when_asked(hub: LoopbackHub, lora_run: Path, job) -> None:
    job("model", "--run", lora_run, "--repository", NAME)
    assert not [name for name in held(hub, NAME) if "ledger" in name]


def test_a_dry_run_stages_and_asks_nothing(hub: LoopbackHub, lora_run: Path, data: Path, tmp_path: Path, job) -> None:
    before = {path: path.stat().st_mtime_ns for path in lora_run.rglob("*")}
    for arguments in (
        ("model", "--run", lora_run, "--repository", NAME),
        ("dataset", "--data", data, "--repository", NAME, "--audio"),
        ("space", "--repository", NAME, "--persian", f"{NAME}@{'ab' * 20}", "--genre", f"{NAME}@{'cd' * 20}"),
    ):
        staging = tmp_path / "staged" / arguments[0]
        status, output, _, last = job(*arguments, "--dry-run", "--staging", staging)
        assert status == 0 and last["dry_run"] and not last["revision"]
        staged = Path(last["staged"])
        assert (staged / "README.md").is_file() and "README.md" in output
        assert last["files"] == sum(path.is_file() for path in staged.rglob("*"))
    assert hub.requests == []
    # Beside what it had, the run has second names of its weights now, which the file system counts as no change.
    assert {path: path.stat().st_mtime_ns for path in lora_run.rglob("*")} == before


def test_nothing_local_is_told(lora_run: Path, tmp_path: Path, job) -> None:
    change_record(lora_run, lambda record: record["evaluation"].update(command=f"evaluate.py --run {lora_run}"))
    job("model", "--run", lora_run, "--repository", NAME, "--dry-run", "--staging", tmp_path / "staged")
    for path in (tmp_path / "staged").rglob("*"):
        if path.suffix in (".json", ".md", ".csv") and path.name != "tokenizer.json":
            text = path.read_text("utf-8")
            assert "/srv/" not in text and str(tmp_path) not in text, path
    assert "evaluate.py --run lora" in (tmp_path / "staged" / "adapter" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("--data /srv/reza/data/made --run runs/a", "--data made --run runs/a"),
        ("~/clips/x.wav", "x.wav"),
        (r"C:\Users\reza\made", "made"),
        ("openai/whisper-small", "openai/whisper-small"),
        ("https://huggingface.co/a/b", "https://huggingface.co/a/b"),
        ("./data/made and/or", "./data/made and/or"),
        ("packaged:whisper-base", "packaged:whisper-base"),
    ],
)
def test_paths_of_a_machine_are_shortened(text: str, told: str) -> None:
    assert without_local_paths({"a": [text, 1, None]}) == {"a": [told, 1, None]}


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda run: (run / "merged" / "model.safetensors").unlink(), "has no safetensors"),
        (lambda run: _truncate(run / "merged" / "model.safetensors"), "is damaged"),
        (lambda run: _truncate(run / "adapter" / "adapter_model.safetensors"), "is damaged"),
        (lambda run: shutil.rmtree(run / "adapter"), "does not exist"),
        (lambda run: (run / "run.json").unlink(), "is no run"),
        (lambda run: (run / "run.json").write_text("{"), "is damaged"),
        (lambda run: (run / "split.json").unlink(), "split.json"),
        (lambda run: change_record(run, lambda record: record.pop("evaluation")), "evaluate_whisper.py adds it"),
    ],
)
def test_a_run_that_is_not_whole_is_not_published(hub: LoopbackHub, lora_run: Path, job, damage, sentence: str) -> None:
    """What a kill leaves behind, while merging or saving, is found before the Hub is asked."""
    damage(lora_run)
    status, _, errors, _ = job("model", "--run", lora_run, "--repository", NAME)
    assert status == 1 and sentence in errors and "\n" not in errors
    assert hub.requests == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--repository", "tiny"), "write OWNER/NAME"),
        (("--repository", f"a/{'x' * 95}"), "is no name for a repository"),
        (("--repository", NAME, "--staging", "{run}"), "is not empty"),
    ],
)
def test_what_cannot_be_meant_is_refused(lora_run: Path, job, arguments: tuple[str, ...], sentence: str) -> None:
    status, _, errors, _ = job("model", "--run", lora_run, *(text.format(run=lora_run) for text in arguments))
    assert status == 1 and sentence in errors


def test_a_killed_push_publishes_nothing_and_goes_on(
    hub: LoopbackHub, lora_run: Path, tmp_path: Path, way: str, job
) -> None:
    kill_at_the_commit(hub, program(hub, tmp_path / "home", way), "model", "--run", lora_run, "--repository", NAME)
    assert held(hub, f"{NAME}-merged") == set() and not hub.api().repo_exists(NAME)
    sent = [request for request in hub.requests if request.startswith("PUT")]
    hub.requests.clear()
    assert job("model", "--run", lora_run, "--repository", NAME)[0] == 0
    assert "model.safetensors" in held(hub, f"{NAME}-merged") and "adapter_model.safetensors" in held(hub, NAME)
    # What had arrived is not sent again: only the adapter's weights are new, and the picture is the same.
    assert sent and len([request for request in hub.requests if request.startswith("PUT")]) == 1


def test_a_killed_push_of_data_publishes_nothing_and_goes_on(
    hub: LoopbackHub, data: Path, tmp_path: Path, way: str, job
) -> None:
    arguments = ("dataset", "--data", data, "--repository", NAME, "--audio")
    kill_at_the_commit(hub, program(hub, tmp_path / "home", way), *arguments)
    assert held(hub, NAME, "dataset") == set()
    assert job(*arguments)[0] == 0
    assert {"manifest.csv", "split.json"} <= held(hub, NAME, "dataset")
    assert len(hub.api().list_repo_commits(NAME, repo_type="dataset")) == 2


def test_a_hub_that_fails_between_the_two_models(
    hub: LoopbackHub, lora_run: Path, job, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_out_pauses(monkeypatch)
    hub.faults.refuse(503, only=f"{NAME}/commit/")
    status, _, errors, _ = job("model", "--run", lora_run, "--repository", NAME, "--public")
    assert status == 1 and f"Nothing was pushed to {NAME}:" in errors
    hub.faults.clear()
    assert held(hub, NAME) == set() and hub.api().model_info(f"{NAME}-merged").private
    last = job("model", "--run", lora_run, "--repository", NAME, "--public")[3]
    assert last["changed"] and not last["merged"]["changed"]
    assert not hub.api().model_info(NAME).private and not hub.api().model_info(f"{NAME}-merged").private


@pytest.mark.slow
def test_the_snippets_of_the_cards_run(
    hub: LoopbackHub, finished_runs: Path, tiny: Path, tmp_path: Path, way: str, job
) -> None:
    """Whoever copies them from the page gets a text; adapter and merged model write the same one."""
    runs = shutil.copytree(finished_runs, tmp_path / "runs")
    base = shutil.copytree(tiny, tmp_path / "base")
    for folder in (base, runs / "lora" / "merged", runs / "full"):
        # Random weights do not know when to stop.
        change_json(folder / "generation_config.json", max_new_tokens=12)
    push(hub.api(), base, TINY)
    snippets = {}
    for tuning, names in (("lora", {NAME: "adapter", f"{NAME}-merged": "merged"}), ("full", {f"{NAME}-full": "full"})):
        assert job("model", "--run", runs / tuning, "--repository", next(iter(names)))[0] == 0
        for name, kind in names.items():
            card = Path(hf_hub_download(name, "README.md")).read_text("utf-8")
            (snippets[kind],) = re.findall(r"^```python\n(.*?)^```", card, re.S | re.M)
            (tmp_path / f"{kind}.py").write_text(snippets[kind], "utf-8")
    soundfile.write(tmp_path / "clip.wav", voice(1, 4.0), 16000)
    # One after the other in one process, as each would take ten seconds for its imports.
    lines = [f"print('== {kind}')\nexec(open('{kind}.py', encoding='utf-8').read(), {{}})" for kind in snippets]
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env=program(hub, tmp_path / "home", way, PYTHONIOENCODING="utf-8"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    texts = dict(re.findall(r"^== (\w+)\n(.*?)(?=^== |\Z)", run.stdout, re.S | re.M))
    assert set(texts) == {"adapter", "merged", "full"} and all(text.strip() for text in texts.values())
    assert texts["adapter"] == texts["merged"] != texts["full"]


def test_a_data_set_comes_back_the_same(hub: LoopbackHub, data: Path, job) -> None:
    last = job("dataset", "--data", data, "--repository", "najva-tester/made", "--audio", "--licence", "cc0-1.0")[3]
    assert hub.api().dataset_info("najva-tester/made").private
    before, after = load_speech(data), load_speech("najva-tester/made")
    assert last["revision"] in after.folder.parts
    assert after.split_sha256 == before.split_sha256 and after.split == before.split
    assert (after.name, after.source) == (before.name, before.source)
    for part in PARTS:
        for one, other in zip(before.clips(part), after.clips(part), strict=True):
            assert (one.id, one.text, one.sha256, one.seconds, one.speaker, one.recording, one.row) == (
                *(other.id, other.text, other.sha256, other.seconds, other.speaker, other.recording, other.row),
            )
            assert other.path.read_bytes() == one.path.read_bytes() and other.audio.startswith(f"audio/{part}/")
    text = (after.folder / "README.md").read_text("utf-8")
    assert check_card(text, "dataset") == ([], [])
    card = DatasetCard(text).data
    assert (card.license, card.language, card.size_categories) == ("cc0-1.0", ["fa"], ["n<1K"])
    assert {entry["split"] for entry in card.configs[0]["data_files"]} == set(PARTS)
    assert "synthetic" in card.tags and "**Synthetic speech.**" in text and before.split_sha256 in text
    assert job("dataset", "--data", data, "--repository", "najva-tester/made", "--audio")[3]["changed"]


@pytest.mark.slow
def test_stock_datasets_reads_a_data_set(hub: LoopbackHub, data: Path, tmp_path: Path, way: str, job) -> None:
    """With the clips and without them; the splits are those of the data folder."""
    for name, flags in (("spoken", ["--audio"]), ("written", [])):
        assert job("dataset", "--data", data, "--repository", f"najva-tester/{name}", *flags)[0] == 0
    code = (
        "import json; from datasets import load_dataset; found = load_dataset('najva-tester/written');"
        "print(json.dumps({part: list(rows['id']) for part, rows in found.items()}))"
    )
    calls = (
        ["-c", code],
        [
            *(str(ROOT / "training" / "prepare_transcripts.py"), "--dataset", "najva-tester/spoken"),
            *("--output", str(tmp_path / "again")),
        ],
    )
    outputs = []
    for call in calls:
        run = subprocess.run(
            [sys.executable, *call],
            env=program(hub, tmp_path / "home", way),
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert run.returncode == 0, run.stderr[-4000:]
        outputs.append(json.loads(run.stdout.splitlines()[-1]))
    before, again = load_speech(data), load_speech(tmp_path / "again")
    assert outputs[0] == {part: [clip.id for clip in before.clips(part)] for part in PARTS}
    for part in PARTS:
        assert {(clip.text, clip.path.read_bytes()) for clip in again.clips(part)} == {
            (clip.text, clip.path.read_bytes()) for clip in before.clips(part)
        }


def test_a_data_set_without_audio_says_so(hub: LoopbackHub, data: Path, tmp_path: Path, job) -> None:
    job("dataset", "--data", data, "--repository", "najva-tester/written")
    files = held(hub, "najva-tester/written", "dataset")
    assert not [name for name in files if name.endswith(".wav")]
    assert files >= {"manifest.csv", "split.json", "source.json", "README.md", "transcripts/test.jsonl"}
    with pytest.raises(DataError, match="has no audio") as refused:
        load_speech("najva-tester/written")
    assert "\n" not in str(refused.value)
    folder = Path(snapshot_download("najva-tester/written", repo_type="dataset"))
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        assert {row["audio"] for row in csv.DictReader(file)} == {""}
    assert "**The audio is not in this repository**" in (folder / "README.md").read_text("utf-8")


def test_clips_get_names_inside_their_repository() -> None:
    names = clip_names("test", ["../up.wav", "/root.wav", "a/b.wav", "C:/x.wav"])
    assert names == ["audio/test/up.wav", "audio/test/root.wav", "audio/test/a/b.wav", "audio/test/x.wav"]
    with pytest.raises(StagingError):
        clip_names("test", ["a.wav", "../a.wav"])
    folders = [Path(name).parent for name in clip_names("train", [f"{number}.wav" for number in range(12_000)])]
    assert max(map(folders.count, set(folders))) <= 10_000


def test_the_space_names_the_revisions_just_published(hub: LoopbackHub, lora_run: Path, job) -> None:
    model = job("model", "--run", lora_run, "--repository", NAME)[3]
    (ROOT / "space" / "__pycache__").mkdir(exist_ok=True)
    page = "najva-tester/page"
    network = hub.api().create_repo("najva-tester/genre-lstm", private=True).repo_id
    commit = hub.api().model_info(network).sha
    arguments = ("--persian", NAME, "--genre", network, f"{NAME}@{model['revision']}")
    status, output, _, last = job("space", "--repository", page, *arguments)
    assert status == 0 and "give the Space a secret HF_TOKEN" in output
    information = hub.api().space_info(page)
    assert information.private and information.sdk == "gradio" and information.sha == last["revision"]
    assert len(hub.api().list_repo_commits(page, repo_type="space")) == 2
    variables = {name: found.value for name, found in hub.api().get_space_variables(page).items()}
    persian = f"{NAME}@{model['revision']}"
    assert variables == {"NAJVA_ASR_PERSIAN": persian, "NAJVA_GENRE_MODELS": f"{network}@{commit},{persian}"}
    files = held(hub, page, "space")
    assert files >= {"app.py", "requirements.txt", "packages.txt", "najva/services.py", "tabs/speech.py"}
    assert files >= {"Dockerfile", ".dockerignore"}
    assert not [name for name in files if "__pycache__" in name or name.endswith(".pyc") or "egg-info" in name]
    card = SpaceCard.load(hf_hub_download(page, "README.md", repo_type="space")).data
    assert card.models[:3] == [NAME, network, TINY] and "openai/whisper-small" in card.models
    # None of these models is seen by who builds the Space; what everybody has is there before it starts.
    assert [entry.split()[0] for entry in card.preload_from_hub] == ["openai/whisper-small"]
    hub.api().update_repo_settings(NAME, private=False)
    push(hub.api(), lora_run / "merged", TINY)
    hub.api().update_repo_settings(TINY, private=False)
    job("space", "--repository", page, *arguments)
    card = SpaceCard.load(hf_hub_download(page, "README.md", repo_type="space")).data
    preloaded = [entry.split() for entry in card.preload_from_hub]
    assert [name for name, *_ in preloaded] == [NAME, TINY, "openai/whisper-small"]
    assert [commit for *_, commit in preloaded[:2]] == [model["revision"], hub.api().model_info(TINY).sha]
    names = preloaded[0][1].split(",")
    assert {"adapter_config.json", "adapter_model.safetensors"} <= set(names) <= held(hub, NAME)
    assert not [name for name in names if name.endswith((".png", ".csv"))], "a figure serves nobody there"
    hub.api().update_repo_settings(NAME, private=True)
    # A newer model: the Space follows when it is published again, and not before.
    change_record(lora_run, lambda record: record["base"].update(licence="apache-2.0"))
    newer = job("model", "--run", lora_run, "--repository", NAME)[3]["revision"]
    assert newer != model["revision"]
    job("space", "--repository", page, "--persian", NAME)
    assert hub.api().get_space_variables(page)["NAJVA_ASR_PERSIAN"].value == f"{NAME}@{newer}"
    job("space", "--repository", page, "--persian", f"{NAME}@{model['revision']}")
    assert hub.api().get_space_variables(page)["NAJVA_ASR_PERSIAN"].value == f"{NAME}@{model['revision']}"


def test_no_secret_goes_with_a_space(hub: LoopbackHub, tmp_path: Path, job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies about in the folder, and whoever pushes: the token reaches neither a file nor a variable."""
    token = "hf_of_nobody_but_the_owner"
    source = shutil.copytree(ROOT / "space", tmp_path / "space", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".env", ".huggingface/token", "tabs/.secrets"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(token)
    monkeypatch.setattr(publish, "_SPACE", source)
    monkeypatch.setenv("NAJVA_TOKEN", token)
    status, output, _, _ = job("space", "--repository", "najva-tester/page", "--staging", tmp_path / "staged")
    assert status == 0 and token not in output
    folder = Path(snapshot_download("najva-tester/page", repo_type="space"))
    assert (folder / "app.py").is_file()
    found = [path for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert not found and hub.api().get_space_variables("najva-tester/page") == {}


def test_the_hardware_is_asked_for_and_shown(hub: LoopbackHub, job) -> None:
    status, output, _, _ = job("space", "--repository", "najva-tester/page", "--hardware", "zero-a10g")
    assert status == 0 and "  on zero-a10g" in output
    assert hub.api().get_space_runtime("najva-tester/page").requested_hardware == "zero-a10g"


def test_a_space_of_a_model_that_is_not_there_is_not_published(hub: LoopbackHub, job) -> None:
    status, _, errors, _ = job("space", "--repository", "najva-tester/page", "--persian", NAME)
    assert status == 1 and f"the Hub has no {NAME}" in errors
    assert not hub.api().repo_exists("najva-tester/page", repo_type="space")


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_what_no_card_could_say_is_known_before_the_training(
    tuning: str, hub: LoopbackHub, data: Path, tiny: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("HF_TOKEN", hub.token)
    base = shutil.copytree(tiny, tmp_path / "base", ignore=shutil.ignore_patterns("README.md"))
    arguments = ["--data", data, "--base-model", base, "--tuning", tuning, "--output", tmp_path / "run"]
    arguments += ["--push-to-hub", NAME]
    assert finetune_whisper.main([str(argument) for argument in arguments]) == 1
    assert "states no licence" in capsys.readouterr().err
    if tuning == "lora":
        assert finetune_whisper.main([*map(str, arguments), "--licence", "mit"]) == 1
        assert "The adapter's base is a folder" in capsys.readouterr().err
    assert not (tmp_path / "run" / "run.json").exists()


@pytest.mark.slow
def test_training_publishes_by_itself(
    hub: LoopbackHub, data: Path, tiny: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """One command: train on a base of the Hub, measure, and push adapter and merged model with their cards."""
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    base = push(hub.api(), tiny, TINY)
    arguments = ["--data", data, "--base-model", TINY, "--tuning", "lora", "--output", tmp_path / "run"]
    arguments += ["--epochs", 1, "--batch-size", 4, "--precision", "fp32", "--push-to-hub", NAME]
    monkeypatch.setenv("HF_TOKEN", hub.read_token)
    assert finetune_whisper.main([str(argument) for argument in arguments]) == 1
    assert "may only read" in capsys.readouterr().err and not (tmp_path / "run" / "run.json").exists()
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert finetune_whisper.main([str(argument) for argument in arguments]) == 0
    last = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert last["published"]["revision"] == hub.api().model_info(NAME).sha and last["published"]["url"].endswith(NAME)
    record = read_record(tmp_path / "run")
    assert last["tuned_mean_clip_wer"] == record["evaluation"]["systems"]["tuned"]["mean_clip_wer"]
    assert record["base"]["revision"] == base and record["evaluation"]["systems"]["merged"]["clips"] == 2
    text = Path(hf_hub_download(NAME, "README.md")).read_text("utf-8")
    assert record["data"]["split_sha256"] in text and base in text
    assert ModelCard(text).data.eval_results[0].metric_value == round(
        100 * record["evaluation"]["systems"]["tuned"]["mean_clip_wer"], 2
    )
    assert "model.safetensors" in held(hub, f"{NAME}-merged")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["xet"], indirect=True)
def test_of_two_processes_one_publishes(
    hub: LoopbackHub, way: str, data: Path, tiny: Path, cache: Path, tmp_path: Path
) -> None:
    push(hub.api(), tiny, TINY)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--"]
    job = [finetune_whisper.__file__, "--data", data, "--base-model", TINY, "--tuning", "lora"]
    job += ["--output", tmp_path / "run", "--epochs", 1, "--batch-size", 2, "--push-to-hub", NAME]
    environment = program(hub, tmp_path / "home", way, NAJVA_CACHE=str(cache), OMP_NUM_THREADS="1")
    done = subprocess.run(
        [*command, *map(str, job)], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=250
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (last,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert last["published"]["revision"] == hub.api().model_info(NAME).sha
    for repository in (NAME, f"{NAME}-merged"):
        # That which made the repository, and the models'.
        assert len(hub.api().list_repo_commits(repository)) == 2
