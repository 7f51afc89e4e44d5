"""The job: engines on text and on speech, tables, one JSON line, ledgers by which it goes on; faults in a sentence."""

import json
import shutil
from pathlib import Path

import pytest

import evaluate_translation
from najva.services import Services
from najva.settings import Settings
from tests.training.made_translations import CHINESE, ENGLISH, close_download, make_training, save_taught

JFK = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
JFK_CHINESE = "因此，我的美国同胞们，不要问你们的国家能为你们做什么，要问你们能为你们的国家做什么。"
LEDGER = {"id", "source", "reference", "hypothesis", "flags", "english", "trust", "seconds", "model"}


@pytest.fixture(scope="module")
def taught(tmp_path_factory) -> Path:
    """A translator of five sentences."""
    return save_taught(tmp_path_factory.mktemp("models") / "taught")


@pytest.fixture(autouse=True)
def _offline(monkeypatch, cache, tmp_path):
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    monkeypatch.setenv("NAJVA_MODELS", "offline")
    monkeypatch.delenv("NAJVA_TRANSLATOR", raising=False)
    close_download(monkeypatch, tmp_path)


@pytest.fixture
def pairs(tmp_path) -> Path:
    path = tmp_path / "text" / "en-zh.tsv"
    path.parent.mkdir()
    rows = [f"{source}\t{chinese}\n" for source, chinese in zip(ENGLISH, CHINESE, strict=True)]
    path.write_text("".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def evaluate(capsys):
    """Run the job; return status, words, the last line and what stands on stderr but progress bars."""

    def run(*arguments: object) -> tuple[int, str, dict, str]:
        code = evaluate_translation.main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        words, _, line = output.out.rstrip("\n").rpartition("\n")
        return code, words, json.loads(line) if code == 0 else {}, output.err.rpartition("\r")[2].strip()

    return run


def ledger(output: Path, engine: str) -> list[dict]:
    lines = (output / "ledgers" / f"{engine}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_text_by_a_translator_that_is_named_and_both_baselines(evaluate, pairs, taught, tmp_path):
    output, training = tmp_path / "out", make_training(tmp_path / "training")
    arguments = ["--engine", "own", "copy", "nearest", "--translator", taught, "--pairs", pairs]
    arguments += ["--training-data", training, "--output", output]
    code, words, values, _ = evaluate(*arguments)
    assert code == 0
    figures = {one["engine"]: one for one in values["figures"]}
    assert list(figures) == ["own", "copy", "nearest"] and all(one["n"] == 5 for one in figures.values())
    # Its training is this very text.
    assert figures["nearest"]["chrf"] == pytest.approx(100) and figures["nearest"]["script"] == 1
    assert "5 of 5 sources of text/en-zh stand in the training data themselves" in words
    assert figures["copy"]["chrf"] < 5 and figures["copy"]["flags"] == {"script": 1.0}
    assert figures["own"]["chrf"] == pytest.approx(100) and figures["own"]["flags"] == {}
    assert figures["own"]["seconds_per_sentence"] > 0 and figures["own"]["seconds_per_audio_second"] is None
    assert values["signatures"]["spbleu"] is None and "tok:zh" in values["signatures"]["bleu"]
    assert "| own | text/en-zh | 5 | " in words and "There is no spBLEU" in words
    assert {(one["this"], one["other"]) for one in values["comparisons"]} == {
        ("own", "copy"),
        ("own", "nearest"),
        ("copy", "nearest"),
    }
    rows = ledger(output, "own")
    assert rows[0].keys() >= LEDGER and [row["source"] for row in rows] == ENGLISH
    assert {row["model"] for row in rows} == {str(taught)}
    # It is measured as it serves.
    services = Services(Settings.from_environment({"NAJVA_TRANSLATOR": str(taught), "NAJVA_MODELS": "offline"}))
    *_, served = services.translate_text("\n".join(ENGLISH), "en", engine="own")
    assert [row["hypothesis"] for row in rows] == served.text.split("\n")
    record = json.loads((output / "translation.json").read_text(encoding="utf-8"))
    assert record["figures"] == values["figures"] and record["models"]["own"][0]["reference"] == str(taught)
    assert record["models"]["own"][0]["revision"] and "NFKC" in record["settings"]["normalisation"]
    assert record["sets"]["text/en-zh"]["language"] == "en" and "sacrebleu" in record["circumstances"]["more_packages"]
    assert Path(values["picture"]).read_bytes().startswith(b"\x89PNG")


def test_several_sentences_of_a_row_stay_together(evaluate, pairs, taught, tmp_path):
    rows = [" ".join(ENGLISH[:3]), ENGLISH[3], " ".join(ENGLISH[3:])]
    pairs.write_text("".join(f"{row}\t一\n" for row in rows), encoding="utf-8")
    arguments = ["--engine", "own", "--translator", taught, "--pairs", pairs, "--output", tmp_path / "out"]
    assert evaluate(*arguments)[0] == 0
    services = Services(Settings.from_environment({"NAJVA_TRANSLATOR": str(taught), "NAJVA_MODELS": "offline"}))
    *_, served = services.translate_text("\n".join(rows), "en", engine="own")
    assert [row["hypothesis"] for row in ledger(tmp_path / "out", "own")] == served.text.split("\n")


def test_it_goes_on_where_it_was(evaluate, pairs, taught, tmp_path):
    output = tmp_path / "out"
    arguments = ["--engine", "own", "--translator", taught, "--pairs", pairs, "--output", output]
    words = evaluate(*arguments, "--limit", "3")[1]
    assert "3 evenly spaced of 5" in words and "3 sentences and clips were computed now, 0 lay" in words
    before = ledger(output, "own")
    assert "2 sentences and clips were computed now, 3 lay" in evaluate(*arguments)[1]
    assert [row for row in ledger(output, "own") if row in before] == before
    # A new reference is no reason to translate again; another source, another script or another model is.
    text = pairs.read_text(encoding="utf-8")
    pairs.write_text(
        text.replace(CHINESE[0], "我热爱音乐。").replace(ENGLISH[1], "Turn the radio on."), encoding="utf-8"
    )
    assert "1 sentences and clips were computed now, 4 lay" in evaluate(*arguments)[1]
    assert {row["reference"] for row in ledger(output, "own")} >= {"我热爱音乐。"}
    assert "5 sentences and clips were computed now" in evaluate(*arguments, "--target", "zh-Hant")[1]
    other = shutil.copytree(taught, tmp_path / "other")
    arguments[3] = other
    assert "5 sentences and clips were computed now" in evaluate(*arguments, "--target", "zh-Hant")[1]
    assert {row["model"] for row in ledger(output, "own")} == {str(other)}
    assert "5 sentences and clips were computed now" in evaluate(*arguments, "--target", "zh-Hant", "--again")[1]
    assert "0 sentences and clips were computed now, 5 lay" in evaluate(*arguments, "--target", "zh-Hant")[1]


def test_several_sets_at_once(evaluate, tmp_path, pairs):
    other = tmp_path / "fa-zh.tsv"
    other.write_text("سلام\t你好\ttalk\nممنون\t谢谢\ttalk\nکتاب\t书\tscreen\n", encoding="utf-8")
    code, words, values, _ = evaluate("--engine", "copy", "--pairs", other, "--by-domain", "--set-name", "mine")
    assert code == 0 and [(one["set"], one["n"]) for one in values["figures"]] == [("mine/talk", 2), ("mine/screen", 1)]
    code, words, values, _ = evaluate("--engine", "copy", "--pairs", other, pairs)
    assert [(one["set"].rpartition("/")[2], one["language"]) for one in values["figures"]] == [
        ("fa-zh", "fa"),
        ("en-zh", "en"),
    ]
    assert "| copy | text/en-zh | 5 |" in words and "picture" not in values
    code, _, _, error = evaluate("--engine", "copy", "--pairs", pairs, pairs)
    assert code == 1 and error == "Not evaluated: Two sets are called text/en-zh: tell them apart by --set-name."


@pytest.mark.slow
def test_real_speech_by_the_real_whisper(evaluate, test_data, tmp_path, taught):
    sheet, output = tmp_path / "en-zh.tsv", tmp_path / "out"
    sheet.write_text(f"audio\tsource\ttranslation\njfk.flac\t{JFK}\t{JFK_CHINESE}\n", encoding="utf-8")
    arguments = ["--engine", "forced", "copy", "--pairs", sheet, "--audio-folder", test_data / "other_speech"]
    code, words, values, _ = evaluate(*arguments, "--output", output)
    assert code == 0
    figures = {(one["engine"], one["condition"]): one for one in values["figures"]}
    # Whisper told that it hears Chinese translates nothing that is written.
    assert list(figures) == [("copy", "text"), ("forced", "speech"), ("copy", "speech")]
    forced = figures["forced", "speech"]
    # Where it is unsure of itself it draws; what it then writes of English is Chinese, or is left out.
    assert forced["empty"] == 1 or (forced["script"] > 0.9 and forced["chrf"] > figures["copy", "speech"]["chrf"])
    assert forced["seconds_per_sentence"] == pytest.approx(11 * forced["seconds_per_audio_second"], rel=0.01)
    assert forced["written_by"] == {"packaged:whisper-base": 1} and forced["speech"] == "as recorded"
    (recognition,) = values["recognition"]
    assert recognition["unit"] == "WER" and recognition["rate"] <= 0.1
    (loss,) = values["recognition_losses"]
    assert loss["this"] == "copy on gold text" and loss["chrf_difference"] is not None
    (heard,) = ledger(output, "transcripts")
    assert "what your country can do for you" in heard["hypothesis"] and heard["segments"][0]["words"]
    (row,) = ledger(output, "forced")
    assert row["heard"] == heard["hypothesis"] and row["audio_seconds"] == pytest.approx(11, abs=0.1)
    record = json.loads((output / "translation.json").read_text(encoding="utf-8"))
    assert {"packaged:whisper-base"} <= {model["reference"] for model in record["speech_models"]}
    # A further engine finds the transcript there, and translates what was heard as what is written.
    arguments[2:3] = ["own", "--translator", taught]
    code, words, values, _ = evaluate(*arguments, "--output", output)
    assert code == 0
    figures = {(one["engine"], one["condition"]): one for one in values["figures"]}
    assert {("own", "text"), ("own", "speech"), ("forced", "speech")} <= figures.keys()
    assert "2 sentences and clips were computed now, 2 lay" in words


def test_spoken_sources_are_synthetic_in_every_line(evaluate, program, pairs, tmp_path):
    program("espeak-ng")
    output = tmp_path / "out"
    code, words, values, _ = evaluate(
        "--engine", "copy", "--pairs", pairs, "--limit", "1", "--speak", "--output", output
    )
    assert code == 0 and [one["condition"] for one in values["figures"]] == ["text", "speech"]
    assert values["figures"][0]["speech"] == ledger(output, "copy")[0]["speech"] == ""
    assert values["figures"][1]["speech"] == values["recognition"][0]["speech"] == "synthetic"
    assert (ledger(output, "copy")[1]["speech"], ledger(output, "transcripts")[0]["speech"]) == ("synthetic",) * 2
    told = [line for line in words.splitlines() if "text/en-zh" in line and "evenly spaced" not in line]
    assert len(told) >= 4 and all("synthetic speech" in line for line in told)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--engine", "nope", "--pairs", "PAIRS"], "There is no engine 'nope'; there are auto,"),
        (["--engine", "own", "--pairs", "PAIRS"], "There is no engine 'own'"),
        (
            ["--engine", "forced", "--pairs", "PAIRS"],
            "None of the engines asked (forced) translates English into Chinese as text.",
        ),
        (["--engine", "own", "--translator", "./nothing", "--pairs", "PAIRS"], "'./nothing' does not exist."),
        (["--engine", "auto", "--pairs", "PAIRS"], "No translator can be had: NAJVA_TRANSLATOR may name one."),
        (["--engine", "copy", "--pairs", "owner/name"], "owner/name has many languages: name that of the sources"),
        (["--engine", "copy", "--pairs", "none.tsv"], "There is no file none.tsv."),
        (["--engine", "copy", "--pairs", "PAIRS", "--columns", "1", "3"], "has 2 columns, and column 3 is wanted."),
        (["--engine", "copy", "--pairs", "PAIRS", "--source", "zh"], "--source is a language other than Chinese"),
        (["--engine", "copy", "copy", "--pairs", "PAIRS"], "--engine names an engine twice."),
        (["--engine", "copy"], "Name engines by --engine, and what to measure them on"),
        (["--engine", "nearest", "--pairs", "PAIRS"], "'nearest' wants --training-data"),
        (
            ["--engine", "nearest", "--pairs", "PAIRS", "--training-data", "nowhere"],
            "nowhere/msctd/dev.en-zh.tsv is missing",
        ),
        (["--engine", "copy", "--pairs", "PAIRS", "--speak"], "--speak makes recordings in --output"),
        (["--engine", "copy", "--pairs", "PAIRS", "--audio-folder", "."], "has no column 'audio'"),
        (["--engine", "copy", "--pairs", "PAIRS", "--set-name", "a", "b"], "--set-name names 2 of 1 sets"),
    ],
)
def test_faults_in_one_sentence(evaluate, pairs, monkeypatch, tmp_path, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    # As if no translator came with the app.
    monkeypatch.setattr("najva.translation_models.EMBEDDED_FOLDER", tmp_path)
    code, _, _, error = evaluate(*(str(pairs) if argument == "PAIRS" else argument for argument in arguments))
    assert code == 1
    assert error.startswith("Not evaluated: ") and sentence in error and "\n" not in error
