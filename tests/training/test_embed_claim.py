"""What the embedded adapter claims speech by, made as a command."""

import json
from pathlib import Path

import pytest

import embed_claim
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.services import EMBEDDED_PERSIAN, weights_sha256
from najva.transcriber.language_claim import Claim
from tests.training.made_sheets import SENTENCES, write_csv


def test_a_sheets_sentences_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"{number}.wav", text) for number, text in enumerate(SENTENCES)]
    sheet = write_csv(tmp_path / "sheet.csv", [("file", "said"), *rows])
    columns = ["--audio-column", "file", "--text-column", "said"]
    assert embed_claim.main(["--workbook", str(sheet), *columns, "--output", str(tmp_path / "claim")]) == 0
    claim = Claim.load("fa", tmp_path / "claim")
    assert json.loads(capsys.readouterr().out) == claim.characters.origin | {"n_grams": claim.characters.size}
    assert claim.characters.origin["sentences"] == len(SENTENCES)
    assert claim.characters.origin["adapter_sha256"] == weights_sha256(EMBEDDED_FOLDER / EMBEDDED_PERSIAN)
    assert claim.characters.log_probability(SENTENCES[0]) > claim.characters.log_probability(SENTENCES[0][::-1])


@pytest.mark.parametrize(
    ("rows", "words"),
    [([("audio", "text"), ("a.wav", "")], "row 2"), ([("audio", "said"), ("a.wav", "سلام")], "text")],
    ids=["a row without a text", "no such column"],
)
def test_a_sheet_with_faults_is_refused(
    rows: list[tuple], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write_csv(tmp_path / "broken.csv", rows)
    assert embed_claim.main(["--workbook", str(broken), "--output", str(tmp_path / "claim")]) == 1
    assert words in capsys.readouterr().err and not (tmp_path / "claim").exists()
