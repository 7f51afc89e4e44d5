"""What the embedded adapter claims speech by, made as a command."""

import json
from pathlib import Path

import pytest

import embed_claim
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.services import EMBEDDED_PERSIAN, weights_sha256
from najva.transcriber.language_claim import Claim
from tests.training.made_sheets import SENTENCES, write_csv


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return write_csv(
        tmp_path / "sheet.csv", [("audio", "text"), *((f"{n}.wav", text) for n, text in enumerate(SENTENCES))]
    )


@pytest.fixture
def foreign(tmp_path: Path) -> list[str]:
    """Three languages, one of which nobody reads aloud, and a sentence that is too short to say anything."""
    write_csv(tmp_path / "deu-zh.tsv", [("Heute ist das Wetter sehr schön.", "x"), ("Ja.", "x")], delimiter="\t")
    write_csv(tmp_path / "tur-zh.tsv", [("Bugün hava çok güzel değil mi?", "x")], delimiter="\t")
    write_csv(tmp_path / "xyz-zh.tsv", [("Nobody speaks this language here.", "x")], delimiter="\t")
    return [str(path) for path in sorted(tmp_path.glob("*.tsv"))]


@pytest.mark.slow
def test_both_models_are_counted(
    sheet: Path, foreign: list[str], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    output = tmp_path / "claim"
    given = ["--workbook", str(sheet), "--foreign", *foreign, "--output", str(output)]
    assert embed_claim.main(given) == 0
    printed = capsys.readouterr().out
    assert "xyz-zh.tsv is left out" in printed
    claim = Claim.load("fa", output)
    assert claim.own.origin["sentences"] == len(SENTENCES)
    assert claim.foreign.origin["languages"] == ["de", "tr"] and claim.foreign.origin["sentences"] == 2
    assert claim.foreign.origin["adapter_sha256"] == weights_sha256(EMBEDDED_FOLDER / EMBEDDED_PERSIAN)
    assert str(tmp_path) not in (output / "foreign.safetensors").read_bytes().decode("utf-8", "ignore")
    assert json.loads(printed.splitlines()[-1])["persian.safetensors"]["n_grams"] == claim.own.size
    assert len(claim.foreign.alphabet) > 5


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("audio", "text"), ("a.wav", "")], "row 2"),
        ([("audio", "said"), ("a.wav", "سلام")], "text"),
    ],
    ids=["a row without a text", "no such column"],
)
def test_a_sheet_with_faults_is_refused(
    rows: list[tuple], words: str, foreign: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write_csv(tmp_path / "broken.csv", rows)
    assert embed_claim.main(["--workbook", str(broken), "--foreign", *foreign, "--output", str(tmp_path / "x")]) == 1
    assert words in capsys.readouterr().err and not (tmp_path / "x").exists()


def test_a_file_that_is_not_there_gets_one_sentence(
    sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "fra-zh.tsv")
    assert embed_claim.main(["--workbook", str(sheet), "--foreign", missing, "--output", str(tmp_path / "x")]) == 1
    assert missing in capsys.readouterr().err
