"""The embedded adapter's job: a trial, another, and the choice, on a few clips and the packaged Whisper."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

import embed_persian
from jobs import JobError
from run_record import read_record
from synthesis.synthetic_speech import speak
from tests.training.made_sheets import SENTENCES, good_sheet, write_workbook

OPTIONS = "--epochs 1 --minutes 0.1 --batch-size 4 --lora-rank 2"


@pytest.fixture
def job(tmp_path: Path, cache: Path, program, monkeypatch: pytest.MonkeyPatch):
    """Runs the job on made speech, with an embedded folder of its own."""
    program("espeak-ng")
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    monkeypatch.setenv("NAJVA_MODELS", "offline")
    monkeypatch.setattr(embed_persian, "EMBEDDED", tmp_path / "embedded")
    good_sheet(tmp_path / "neural").rename(tmp_path / "neural" / "transcripts.xlsx")
    rows = [("audio", "text"), *((f"{number}.wav", text) for number, text in enumerate(SENTENCES))]
    workbook = write_workbook(tmp_path / "big.xlsx", [*rows, *((f"b{name}", f"{text} و") for name, text in rows[1:])])
    people = people_folder(tmp_path / "people")

    def run(trial: str, *more: str) -> int:
        given = {"neural": tmp_path / "neural", "workbook": workbook, "people": people, "folder": tmp_path / "work"}
        listed = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        return embed_persian.main([*listed, "--trial", trial, "--options", OPTIONS, *more])

    return run


def people_folder(folder: Path) -> Path:
    """Two kinds of short clips with their sheet, and a reading longer than any window."""
    rows = [("audio", "text")]
    for kind, sentence in (("read", SENTENCES[0]), ("informal", SENTENCES[1])):
        (folder / kind).mkdir(parents=True)
        write_mp3(folder / kind / "1.mp3", [sentence])
        rows.append((f"{kind}/1.mp3", sentence))
    write_workbook(folder / "transcripts.xlsx", rows)
    (folder / "long").mkdir()
    write_mp3(folder / "long" / "reading.mp3", SENTENCES * 2)
    (folder / "long" / "reading.txt").write_text("\n".join(SENTENCES * 2), encoding="utf-8")
    return folder


def write_mp3(path: Path, sentences: list[str] | tuple[str, ...]) -> None:
    """Speak sentences with a pause after each."""
    parts, rate_hz = [], 0
    for sentence in sentences:
        waveform, rate_hz = speak(sentence, "fa", words_per_minute=130)
        parts += [waveform, np.zeros(rate_hz // 2, np.float32)]
    soundfile.write(path, np.concatenate(parts), rate_hz)


def table(tmp_path: Path) -> list[dict]:
    """The table of trials."""
    with (tmp_path / "embedded" / "trials.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.timeout(900)  # a dozen jobs, each of which imports PyTorch anew
def test_trials_are_told_apart_and_one_is_embedded(
    job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job("first") == 0
    run = tmp_path / "work" / "first"
    record = read_record(run)
    assert record["model"]["window_seconds"] == 30
    assert record["options"]["others"] == str(tmp_path / "work" / "data" / "spoken")
    (row,) = table(tmp_path)
    assert (row["trial"], row["options"], row["looked_at_people"]) == ("first", OPTIONS, "")
    assert float(row["long-readings_tuned"]) == round(
        100 * record["sheets"]["long-readings"]["systems"]["tuned"]["mean_clip_wer"], 2
    )
    assert record["sheets"]["long-readings"]["longest_seconds"] > 30
    assert not set(embed_persian.PEOPLE) & set(record["sheets"]), "people's clips are for the chosen trial alone"

    # A look that is interrupted is noted all the same.
    with monkeypatch.context() as patch:
        measured = embed_persian.measure

        def interrupted(neural: Path, folder: Path, sheets: list) -> None:
            if len(sheets) > 1:
                raise JobError("interrupted")
            measured(neural, folder, sheets)

        patch.setattr(embed_persian, "measure", interrupted)
        assert job("first", "--choose") == 1
    assert table(tmp_path)[0]["looked_at_people"]
    assert not (tmp_path / "embedded" / "adapter_model.safetensors").exists()

    assert job("first", "--choose") == 0
    embedded = tmp_path / "embedded"
    assert (embedded / "adapter_model.safetensors").read_bytes() == (
        run / "adapter" / "adapter_model.safetensors"
    ).read_bytes()
    record = read_record(embedded)
    # The one that was interrupted counts too.
    assert record["trials"]["looks"] == 2 and record["trials"]["tests"] == list(embed_persian.PEOPLE)
    assert set(embed_persian.PEOPLE) <= set(record["sheets"])
    assert "first" in (embedded / "README.md").read_text(encoding="utf-8")
    assert len(table(tmp_path)) == 1


def test_the_table_keeps_other_trials_and_their_looks(
    tmp_path: Path, lora_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_persian, "EMBEDDED", tmp_path / "embedded")
    shutil.copytree(lora_run, tmp_path / "run")

    def options(trial: str, given: str) -> embed_persian.EmbedOptions:
        nowhere = Path("nowhere")
        return embed_persian.EmbedOptions(nowhere, nowhere, nowhere, trial, options=given)

    embed_persian.note(options("a", "--epochs 1"), tmp_path / "run", looked=True)
    embed_persian.note(options("b", "--epochs 2"), tmp_path / "run")
    embed_persian.note(options("a", ""), tmp_path / "run")
    first, second = table(tmp_path)
    assert (first["trial"], first["options"], bool(first["looked_at_people"])) == ("a", "--epochs 1", True)
    assert (second["trial"], second["options"], second["looked_at_people"]) == ("b", "--epochs 2", "")
    scaled = embed_persian.EmbedOptions(*(Path("nowhere"),) * 3, "c", scaled="b:0.7")
    assert embed_persian.note(scaled, tmp_path / "run")["options"] == "--scaled b:0.7"
    # Looked at once more, another day or not: every look counts.
    row = embed_persian.note(options("a", ""), tmp_path / "run", looked=True)
    assert len(row["looked_at_people"].split()) == 2
