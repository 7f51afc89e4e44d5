"""The `evaluate` module, loaded from its folder as a user would, out of reach of any network."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "training" / "persian_wer"


@pytest.fixture(scope="module")
def metric(tmp_path_factory):
    import evaluate

    patch = pytest.MonkeyPatch()
    patch.setattr("evaluate.config.HF_MODULES_CACHE", str(tmp_path_factory.mktemp("modules")))
    yield evaluate.load(str(FOLDER), cache_dir=str(tmp_path_factory.mktemp("cache")))
    patch.undo()


def test_figures_are_those_of_the_project(metric, test_data):
    from metrics import corpus_cer, corpus_wer, mean_clip_wer

    published = pd.read_csv(test_data / "persian_clips" / "whisper_hypotheses.csv", keep_default_na=False)
    said, written = list(published["ref_text"]), list(published["pred_text"])
    assert metric.compute(predictions=written, references=said) == {
        "mean_clip_wer": mean_clip_wer(said, written),
        "wer": corpus_wer(said, written),
        "cer": corpus_cer(said, written, keep_spaces=True),
        "cer_no_spaces": corpus_cer(said, written),
    }


def test_the_rule_is_an_argument(metric):
    texts = {"predictions": ["میروم"], "references": ["می‌روم."]}
    assert metric.compute(**texts)["wer"] == 1
    assert metric.compute(**texts, normalizer="fa-joined")["wer"] == 0
    with pytest.raises(ValueError, match="no normaliser 'fa-v9'"):
        metric.compute(**texts, normalizer="fa-v9")


def test_clips_may_be_added_in_batches(metric):
    metric.add(prediction="یک دو", reference="یک سه")
    metric.add_batch(predictions=["", "پنج"], references=["چهار", "پنج"])
    figures = metric.compute()
    assert figures["wer"] == pytest.approx(2 / 4)
    assert figures["mean_clip_wer"] == pytest.approx(1.5 / 3)


@pytest.mark.slow
def test_it_loads_in_a_program_that_knows_only_najva(tmp_path):
    """Run elsewhere, without `training` on the path and beside another module called metrics."""
    (tmp_path / "metrics.py").write_text("")
    program = (
        f"import evaluate, metrics; metric = evaluate.load({str(FOLDER)!r}); "
        "print(metric.compute(predictions=['كتاب'], references=['کتاب'])['wer'])"
    )
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "space"),
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_OFFLINE": "1",
    }
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.stdout == "0.0\n", run.stderr
