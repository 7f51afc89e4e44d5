"""Ledgers: kept whole, found again by what they were made from, saved even where the work fails."""

import json

import pytest

from translation.parallel_text import TextError
from translation.translation_ledgers import SPEECH, TEXT, HeardRow, Ledger, Row, fingerprint, ledger_path

ROW = Row("set", TEXT, "1", "one", "一", "一。", ("digits",), trust=0.5, seconds=0.1, engine="own", inputs="a")


def test_rows_come_back_as_they_were(tmp_path):
    path = ledger_path(tmp_path, "own")
    heard = HeardRow("set", "1", "one", "won", "en", ({"start": 0.0, "end": 1.0},), seconds=2.0, inputs="b")
    with Ledger(path, Row) as ledger, Ledger(path.with_name("transcripts.jsonl"), HeardRow) as transcripts:
        ledger.add([ROW])
        transcripts.add([heard])
    assert path == tmp_path / "ledgers" / "own.jsonl"
    line = json.loads(path.read_text(encoding="utf-8"))
    assert line["hypothesis"] == "一。" and {"source", "flags", "english", "trust", "seconds", "model"} <= line.keys()
    found = Ledger(path, Row).find(ROW.key, "a")
    assert (found.hypothesis, list(found.flags), found.trust) == (ROW.hypothesis, ["digits"], 0.5)
    assert Ledger(path.with_name("transcripts.jsonl"), HeardRow).find(("set", SPEECH, "1"), "b").hypothesis == "won"


def test_a_row_of_other_inputs_or_that_is_asked_for_again_is_none(tmp_path):
    path = tmp_path / "own.jsonl"
    with Ledger(path, Row) as ledger:
        ledger.add([ROW])
    assert Ledger(path, Row).find(ROW.key, "a") is not None
    assert Ledger(path, Row).find(ROW.key, "other") is None
    assert Ledger(path, Row).find(("set", SPEECH, "1"), "a") is None
    again = Ledger(path, Row, again=True)
    assert again.find(ROW.key, "a") is None
    again.add([ROW])
    assert again.find(ROW.key, "a") is not None


def test_what_was_done_is_kept_when_the_work_fails(tmp_path):
    path = tmp_path / "own.jsonl"
    with pytest.raises(KeyboardInterrupt), Ledger(path, Row) as ledger:
        ledger.add([ROW])
        assert not path.exists()
        raise KeyboardInterrupt
    assert Ledger(path, Row).find(ROW.key, "a") is not None


def test_rows_of_other_sets_stay(tmp_path):
    path = tmp_path / "own.jsonl"
    for name in ("one", "two"):
        with Ledger(path, Row) as ledger:
            ledger.add([Row(name, TEXT, "1", "source", "一", "一", inputs="a")])
    assert all(Ledger(path, Row).find((name, TEXT, "1"), "a") for name in ("one", "two"))


def test_without_a_path_nothing_is_kept(tmp_path):
    with Ledger(ledger_path(None, "own"), Row) as ledger:
        ledger.add([ROW])
        assert ledger.find(ROW.key, "a") == ROW
    assert not list(tmp_path.iterdir())


def test_a_damaged_ledger_is_named_with_its_line(tmp_path):
    path = tmp_path / "own.jsonl"
    with Ledger(path, Row) as ledger:
        ledger.add([ROW])
    path.write_text(path.read_text(encoding="utf-8") + '{"id": "2"', encoding="utf-8")
    with pytest.raises(TextError, match=r"Line 2 of .*own.jsonl is damaged"):
        Ledger(path, Row)


def test_a_fingerprint_tells_every_input_apart():
    made = [fingerprint(text=text, engine=engine) for text in ("a", "b") for engine in ("x", "y")]
    assert len(set(made)) == 4 and fingerprint(engine="x", text="a") == made[0]
