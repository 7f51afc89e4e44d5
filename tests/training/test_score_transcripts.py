"""The command: tables in words, then one JSON line with the contract's keys; faults in one sentence."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import score_transcripts
from evaluation import figures
from evaluation.ledgers import Row, write_ledger

ROOT = Path(__file__).parents[2]
CONTRACT = {"clips", "normalizer", "wer", "wer_low", "wer_high", "cer"}
CONTRACT |= {"mean_clip_wer", "mean_clip_wer_low", "mean_clip_wer_high"}
AGAINST = {"difference", "difference_low", "difference_high", "verdict"}
AGAINST |= {"mean_clip_difference", "mean_clip_difference_low", "mean_clip_difference_high"}
SENTENCES = ["من می‌روم خانه", "کتاب را خواندم", "هوا سرد است", "او دیر آمد"] * 5


@pytest.fixture
def ledgers(tmp_path) -> tuple[str, str]:
    """A poor system, and one that only joins «می‌روم»."""
    paths = tmp_path / "base.jsonl", tmp_path / "tuned.jsonl"
    for path, hear in zip(paths, (lambda text: text.split()[0], lambda text: text.replace("\u200c", "")), strict=True):
        write_ledger(path, [Row(str(n), text, hear(text)) for n, text in enumerate(SENTENCES)])
    return str(paths[0]), str(paths[1])


def run(capsys, *arguments: str) -> tuple[int, str, dict, str]:
    code = score_transcripts.main([*arguments, "--replicates", "200"])
    output = capsys.readouterr()
    words, _, line = output.out.rstrip("\n").rpartition("\n")
    return code, words, json.loads(line) if line else {}, output.err


def test_one_ledger(capsys, ledgers):
    code, words, values, errors = run(capsys, "--ledger", ledgers[0])
    assert (code, errors) == (0, "")
    assert values.keys() >= CONTRACT
    assert not values.keys() & AGAINST
    assert (values["clips"], values["normalizer"]) == (20, "fa-v1")
    # Every hypothesis is its reference's first word: of four words in a sentence of five, of three in three.
    assert values["mean_clip_wer"] == pytest.approx((3 / 4 + 2 / 3 * 3) / 4)
    assert values["wer"] == pytest.approx(9 / 13)
    assert values["wer_low"] < values["wer"] < values["wer_high"]
    assert "68.75 %" in words
    assert words.index("mean per-clip WER") < words.index("corpus WER")


def test_against_another(capsys, ledgers):
    code, words, values, _ = run(capsys, "--ledger", ledgers[0], "--against", ledgers[1])
    assert code == 0
    assert values.keys() >= CONTRACT | AGAINST
    assert values["difference"] == pytest.approx(values["other"]["wer"] - values["wer"])
    assert values["mean_clip_difference"] == pytest.approx(values["other"]["mean_clip_wer"] - values["mean_clip_wer"])
    assert values["difference_high"] < 0
    assert values["verdict"] == "better"
    assert "Verdict on tuned.jsonl against base.jsonl: better" in words
    assert run(capsys, "--ledger", ledgers[1], "--against", ledgers[0])[2]["verdict"] == "worse"
    assert run(capsys, "--ledger", ledgers[1], "--against", ledgers[1])[2]["verdict"] == "no clear difference"


def test_every_table_begins_with_the_mean(capsys, ledgers):
    _, words, _, _ = run(capsys, "--ledger", ledgers[0], "--against", ledgers[1], "--words", "0")
    tables = [block for block in words.split("\n\n") if "corpus WER" in block and "Verdict" not in block]
    assert len(tables) == 6
    for table in tables:
        assert table.index("mean per-clip WER") < table.index("corpus WER")


@pytest.mark.parametrize(("rule", "errors"), [("fa-v1", 2), ("fa-joined", 0), ("raw", 1), ("as-given", 1)])
def test_the_normaliser_is_obeyed(capsys, ledgers, rule, errors):
    _, _, values, _ = run(capsys, "--ledger", ledgers[1], "--normalizer", rule)
    assert values["normalizer"] == rule
    assert values["substitutions"] + values["deletions"] + values["insertions"] == 5 * errors


def test_published_rates_through_the_command(capsys, test_data, tmp_path):
    published = pd.read_csv(test_data / "persian_clips" / "whisper_hypotheses.csv", keep_default_na=False)
    columns = {
        "id": published.index.astype(str),
        "reference": published["ref_norm"],
        "hypothesis": published["pred_norm"],
    }
    pd.DataFrame(columns).to_csv(tmp_path / "ledger.csv", index=False)
    _, _, values, _ = run(capsys, "--ledger", str(tmp_path / "ledger.csv"), "--normalizer", "as-given")
    assert values["clips"] == 504
    assert values["mean_clip_wer"] == pytest.approx(published["WER"].mean(), abs=1e-12)


def test_the_intervals_depend_on_seed_and_confidence_alone(capsys, ledgers):
    bounds = [
        run(capsys, "--ledger", ledgers[0], *more)[2]["wer_low"]
        for more in ([], [], ["--seed", "1"], ["--confidence", "0.5"])
    ]
    assert bounds[0] == bounds[1] != bounds[2]
    assert bounds[3] > bounds[0]


def test_groups_widen_the_interval(capsys, tmp_path):
    rows = "".join(f"{n},یک دو,{'یک دو' if n < 10 else 'یک'},{n // 5}\n" for n in range(20))
    (tmp_path / "grouped.csv").write_text(f"id,reference,hypothesis,group\n{rows}", encoding="utf-8")
    (tmp_path / "plain.csv").write_text(f"id,reference,hypothesis,other\n{rows}", encoding="utf-8")
    grouped, plain = (run(capsys, "--ledger", str(tmp_path / name))[2] for name in ("grouped.csv", "plain.csv"))
    assert (grouped["groups"], plain["groups"]) == (4, None)
    assert grouped["wer"] == plain["wer"]
    assert grouped["wer_high"] - grouped["wer_low"] > 1.5 * (plain["wer_high"] - plain["wer_low"])


def test_commonest_confusions_are_told(capsys, ledgers):
    _, words, values, _ = run(capsys, "--ledger", ledgers[1], "--words", "1")
    assert "5  “می روم” written as “میروم”" in words
    assert values["confusions"] == [{"reference": "می روم", "hypothesis": "میروم", "count": 5}]
    _, words, values, _ = run(capsys, "--ledger", ledgers[1], "--words", "0")
    assert "confusions" not in words
    assert values["confusions"] == []


def test_pictures(capsys, ledgers, tmp_path):
    folder = tmp_path / "figures"
    _, words, values, _ = run(capsys, "--ledger", ledgers[0], "--against", ledgers[1], "--figures", str(folder))
    assert sorted(path.name for path in folder.iterdir()) == [
        "confusions.png",
        "confusions_against.png",
        "wer_by_clip.png",
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())
    assert sorted(values["figures"]) == sorted(str(path) for path in folder.iterdir())
    assert f"Picture: {folder / 'wer_by_clip.png'}" in words


def test_a_run_keeps_its_own_pictures_and_its_speech_its_name(capsys, ledgers, tmp_path, monkeypatch):
    run_folder = tmp_path / "run"
    ledger = run_folder / "ledgers" / "base.jsonl"
    ledger.parent.mkdir(parents=True)
    shutil.copy(ledgers[0], ledger)
    data = {"source": {"speech": "synthetic"}, "split_sha256": "0123456789abcdef"}
    record = {"data": data, "sheets": {"people": {"speech": "as recorded"}}}
    (run_folder / "run.json").write_text(json.dumps(record), "utf-8")
    status = score_transcripts.main(["--ledger", str(ledger), "--figures", str(run_folder / "figures")])
    assert status == 1 and "the run's own pictures" in capsys.readouterr().err
    notes = []
    draw = figures.draw_wer_by_clip
    monkeypatch.setattr(figures, "draw_wer_by_clip", lambda *parts, note: notes.append(note) or draw(*parts, note=note))
    _, words, values, _ = run(capsys, "--ledger", str(ledger), "--figures", str(tmp_path / "pictures"))
    told = ", synthetic speech, split 0123456789ab"
    assert notes == [told] and f"base.jsonl: 20 clips{told}, " in words
    assert (values["speech"], values["split_sha256"]) == ("synthetic", "0123456789abcdef")
    # What other people said lies beside it.
    shutil.copy(ledgers[0], ledger.with_stem("tuned-people"))
    _, _, values, _ = run(
        capsys, "--ledger", str(ledger.with_stem("tuned-people")), "--figures", str(tmp_path / "pictures")
    )
    assert notes[1:] == [""] and values["speech"] == "as recorded"


def test_two_files_of_one_name_are_told_apart(capsys, ledgers, tmp_path):
    other = tmp_path / "other" / "base.jsonl"
    write_ledger(other, [Row(str(n), text, text) for n, text in enumerate(SENTENCES)])
    _, words, _, _ = run(capsys, "--ledger", ledgers[0], "--against", str(other))
    assert f"Verdict on {other} against {ledgers[0]}: better" in words


def test_one_clip_gives_null_bounds(capsys, tmp_path):
    (tmp_path / "one.csv").write_text("id,reference,hypothesis\n1,یک دو,یک\n", encoding="utf-8")
    code, words, values, _ = run(capsys, "--ledger", str(tmp_path / "one.csv"))
    assert code == 0
    assert (values["wer"], values["wer_low"]) == (0.5, None)
    assert "Note: There is one clip only" in words


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        (
            "id,ref,hyp\n1,a,b\n",
            [],
            "no column 'reference', 'hypothesis'; a ledger needs id, reference, hypothesis, and found",
        ),
        ("id,reference,hypothesis\n1,a,b\n", ["--confidence", "95"], "--confidence 95: a share between 0 and 1"),
        ("id,reference,hypothesis\n1,a,b\n", ["--words", "-1"], "--words -1: 0 or more"),
        ("id,reference,hypothesis\n1,a,b\n", ["--seed", "-1"], "--seed -1: a seed is 0 or more"),
        ("id,reference,hypothesis\n1,a,b\n", ["--against", "none.csv"], "There is no ledger none.csv"),
        ("id,reference,hypothesis\n1,a,b\n", ["--figures", "ledger.csv/figures"], "ledger.csv/figures"),
    ],
)
def test_faults_in_one_sentence(capsys, tmp_path, monkeypatch, content, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    Path("ledger.csv").write_text(content)
    assert score_transcripts.main(["--ledger", "ledger.csv", *arguments]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert sentence in output.err
    assert output.err.count("\n") == 1


def test_other_clips_are_refused(capsys, ledgers, tmp_path):
    other = tmp_path / "fewer.jsonl"
    write_ledger(other, [Row(str(n), text, text) for n, text in enumerate(SENTENCES[:-1])])
    code, _, _, errors = run(capsys, "--ledger", ledgers[0], "--against", str(other))
    assert code == 1
    assert errors == "base.jsonl and fewer.jsonl hold different clips; only in base.jsonl: '19'.\n"


@pytest.mark.slow
def test_as_a_program(ledgers, tmp_path):
    command = [sys.executable, str(ROOT / "training" / "score_transcripts.py"), "--ledger", ledgers[0]]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "space")}
    good = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert good.returncode == 0
    assert json.loads(good.stdout.splitlines()[-1])["clips"] == 20
    bad = subprocess.run(
        [*command, "--against", "none.csv"], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert (bad.returncode, bad.stdout, bad.stderr) == (1, "", "There is no ledger none.csv.\n")
