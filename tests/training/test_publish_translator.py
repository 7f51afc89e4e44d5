"""A translator is measured, carded, pushed and served at its commit."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, snapshot_download

import embed_translator
import evaluate_translation
import publish
import train_translator
from najva.services import Services
from najva.settings import Settings
from run_record import read_record
from tests.hub import LoopbackHub
from tests.hub.cards import check_card
from tests.training.made_text import make_text
from tests.training.test_train_translator import SMALL
from translation.own_tests import SETS

NAME = "najva-tester/translator"


def told(text: Path, run: Path, **more: object) -> list[str]:
    """The command line of a training of half a minute."""
    options = SMALL | {"epochs": 30, "learning_rate": 0.005, "pieces": 800, "every": 50, "dropout": 0.0} | more
    given = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    return ["--data", str(text), "--output", str(run), *given]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small translator, with its figures on held-out text."""
    folder = tmp_path_factory.mktemp("measured")
    text, run = make_text(folder / "text"), folder / "run"
    assert train_translator.main(told(text, run)) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAJVA_MODELS", "offline")
        patch.setenv("NAJVA_CACHE", str(folder / "cache"))
        sets = ["--pairs", str(text / "msctd/test.en-zh.tsv"), str(text / "bench_flores_devtest/fa-zh.tsv")]
        measuring = ["--engine", "own", "copy", "--translator", str(run), "--output", str(run)]
        assert evaluate_translation.main([*measuring, *sets, "--set-name", "dialogue", "FLORES, Persian"]) == 0
    return run


def test_the_run_s_record_holds_its_figures(measured: Path) -> None:
    evaluation = read_record(measured)["evaluation"]
    own = {one["set"]: one["chrf"] for one in evaluation["figures"] if one["engine"] == "own"}
    assert set(own) == {"dialogue", "FLORES, Persian"} and all(value > 50 for value in own.values())
    assert evaluation["signatures"]["chrf"].startswith("nrefs:1")


def test_its_folder_holds_its_card_and_tells_what_it_learned_from(measured: Path, tmp_path: Path) -> None:
    record = read_record(measured)
    text = (measured / "README.md").read_text("utf-8")
    assert check_card(text, "model") == ([], []) and f'from_pretrained("{measured}")' in text
    assert f"**{record['evaluation']['figures'][0]['chrf']:.1f}**" in text
    split = json.loads((measured / "split.json").read_text("utf-8"))
    assert split["train"] == record["data"]["collections"] and split["sha256"] == record["data"]["sha256"]
    assert not {Path(name).parts[:2] for name in split["train"]} & {
        Path(name).parts[:2] for part in ("validation", "test") for name in split[part]
    }
    services = Services(Settings(models="offline", translator=str(measured), cache=tmp_path), say=lambda line: None)
    (role,) = [role for role in services.translation_roles if role.checkpoint.folder == measured]
    assert {figure["metric"] for figure in role.checkpoint.measured["figures"]} == {"chrF", "BLEU"}


def test_it_is_pushed_and_served_at_its_commit(measured: Path, hub: LoopbackHub, tmp_path: Path, capsys) -> None:
    run = shutil.copytree(measured, tmp_path / "run")
    assert publish.main(["model", "--run", str(run), "--repository", NAME]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["revision"] == hub.api().model_info(NAME).sha
    folder = Path(snapshot_download(NAME))
    text = (folder / "README.md").read_text("utf-8")
    check_card(text, "model")
    card = ModelCard(text).data
    assert card.pipeline_tag == "translation" and {"fa", "en", "zh"} == set(card.language)
    figure = read_record(run)["evaluation"]["figures"][0]
    assert card.eval_results[0].metric_value == round(figure["chrf"], 2)
    assert f"**{figure['chrf']:.1f}**" in text and "film dialogue (MSCTD) | MIT" in text
    # The snippet of the card, in a process that knows nothing of this project.
    (program,) = [part.partition("```")[0] for part in text.split("```python\n")[1:]]
    environment = hub.environment(tmp_path / "home") | {"PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program.replace("where are you?", "i have 3 cats.")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "我有3个猫。"
    # The Space, which is told the commit; what is pushed later does not reach it.
    named = f"{NAME}@{last['revision']}"
    hub.api().upload_file(path_or_fileobj=b"{}", path_in_repo="config.json", repo_id=NAME)
    services = Services(Settings(models="hub", translator=named, cache=tmp_path / "cache"), say=lambda line: None)
    # Asked alone: of what it is not sure of itself the app's own translator has the better word.
    *_, answer = services.translate_text("I have 3 cats.", "en", engine="own")
    assert answer.text == "我有3个猫。" and dict(answer.models) == {"own": named}
    (role,) = [role for role in services.translation_roles if role.checkpoint.reference == named]
    assert role.why == "NAJVA_TRANSLATOR names it"
    assert {figure["metric"] for figure in role.checkpoint.measured["figures"]} == {"chrF", "BLEU"}


def test_a_space_names_it_at_its_commit(measured: Path, hub: LoopbackHub, tmp_path: Path, capsys) -> None:
    run = shutil.copytree(measured, tmp_path / "run")
    assert publish.main(["model", "--run", str(run), "--repository", NAME]) == 0
    revision = json.loads(capsys.readouterr().out.splitlines()[-1])["revision"]
    assert publish.main(["space", "--repository", "najva-tester/najva", "--translator", NAME]) == 0
    variables = hub.api().get_space_variables("najva-tester/najva")
    assert variables["NAJVA_TRANSLATOR"].value == f"{NAME}@{revision}"


def test_a_training_measures_and_publishes_and_another_goes_on_from_there(
    measured: Path, hub: LoopbackHub, tmp_path: Path, capsys
) -> None:
    text, run = measured.parent / "text", shutil.copytree(measured, tmp_path / "run")
    record = json.loads((run / "run.json").read_text("utf-8"))
    del record["evaluation"]
    (run / "run.json").write_text(json.dumps(record), "utf-8")
    assert train_translator.main([*told(text, run), "--push-to-hub", NAME]) == 0
    published = json.loads(capsys.readouterr().out.splitlines()[-1])["published"]
    sets = {one["set"] for one in read_record(run)["evaluation"]["figures"]}
    assert published["revision"] == hub.api().model_info(NAME).sha and sets == set(SETS.values())
    named = f"{NAME}@{published['revision']}"
    assert train_translator.main(told(text, tmp_path / "more", epochs=0.1, init=named)) == 0
    found = read_record(tmp_path / "more")
    assert found["options"]["init"] == named and found["data"]["before"][0]["run"] == named


def test_a_repository_that_is_another_s_is_refused_before_the_training(
    measured: Path, hub: LoopbackHub, tmp_path: Path, capsys
) -> None:
    text = measured.parent / "text"
    assert train_translator.main([*told(text, tmp_path / "run"), "--push-to-hub", "somebody/translator"]) == 1
    assert "somebody" in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_what_was_not_measured_is_not_published(measured: Path, hub: LoopbackHub, tmp_path: Path, capsys) -> None:
    run = shutil.copytree(measured, tmp_path / "run")
    record = json.loads((run / "run.json").read_text("utf-8"))
    del record["evaluation"]
    (run / "run.json").write_text(json.dumps(record), "utf-8")
    assert publish.main(["model", "--run", str(run), "--repository", NAME]) == 1
    assert "was not measured" in capsys.readouterr().err


def test_a_dry_run_stages_and_pushes_nothing(measured: Path, tmp_path: Path, capsys) -> None:
    staging = tmp_path / "staged"
    told = ["--run", str(measured), "--repository", NAME, "--dry-run", "--staging", str(staging)]
    assert publish.main(["model", *told]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["dry_run"]
    assert {path.name for path in staging.iterdir()} >= {
        "README.md",
        "config.json",
        "confidence.json",
        "measured.json",
        "model.safetensors",
        "run.json",
        "source.spm",
        "split.json",
        "vocab.json",
    }


def test_the_app_s_own_is_made_of_the_same(measured: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("publishing.embedding.EMBEDDED", tmp_path)
    monkeypatch.setattr(embed_translator, "EMBEDDED", tmp_path)
    staged = embed_translator.stage_translator(measured, tmp_path / "staged", "./space/embedded/translator")
    folder = embed_translator.place_in_app(staged.folder, "translator")
    before = (folder / "README.md").read_text("utf-8")
    (folder / "README.md").unlink()
    assert embed_translator.main(["--card"]) == 0
    assert (folder / "README.md").read_text("utf-8") == before
