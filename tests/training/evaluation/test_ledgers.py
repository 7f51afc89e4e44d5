"""Ledgers: what is written comes back, and what is broken is named by file and row."""

import json
from pathlib import Path

import pytest

from evaluation.ledgers import LedgerError, Row, is_loop, read_ledger, write_ledger

ODD_TEXTS = [
    "",
    "   ",
    "سلام\tدنیا\nخوب",
    "می\u200cروم",
    "nul \0 inside",
    'a "quoted", text',
    "\u2028line\u2029and\x85more\x0b\x0c\x1c",
    "carriage\r\nreturn\r",
    "🙂",
    "خوب " * 40_000,
]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_written_ledger_comes_back_the_same(tmp_path):
    rows = [
        Row(f"clip {n}", "سلام دنیا", text, group=f"g{n % 2}", sha256="ab", seconds=1.5)
        for n, text in enumerate(ODD_TEXTS)
    ]
    path = tmp_path / "ledgers" / "base.jsonl"
    write_ledger(path, rows)
    assert read_ledger(path) == rows
    assert len(path.read_text(encoding="utf-8").split("\n")) == len(rows) + 1


def test_a_line_holds_the_edits_and_whether_it_loops(tmp_path):
    path = tmp_path / "base.jsonl"
    write_ledger(path, [Row("1", "می‌روم خانه", "می روم خانهٔ ما"), Row("2", "یک", "دو " * 50, seconds=2.0)])
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert first == {
        "id": "1",
        "sha256": None,
        "group": None,
        "reference": "می‌روم خانه",
        "hypothesis": "می روم خانهٔ ما",
        "substitutions": 0,
        "deletions": 0,
        "insertions": 1,
        "seconds": None,
        "loop": False,
        "normalizer": "fa-v1",
    }
    assert (second["substitutions"], second["insertions"], second["loop"]) == (1, 49, True)


def test_nothing_is_half_written(tmp_path, monkeypatch):
    path = tmp_path / "base.jsonl"
    write_ledger(path, [Row("1", "a", "b")])
    before = path.read_bytes()

    def full(self: Path, *_args, **_kwargs):
        self.write_bytes(b'{"id"')
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write_ledger(path, [Row("1", "a", "b"), Row("2", "c", "d")])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_no_rows_or_an_id_twice_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="no clips"):
        write_ledger(tmp_path / "a.jsonl", [])
    with pytest.raises(ValueError, match="'1' stands on two rows"):
        write_ledger(tmp_path / "a.jsonl", [Row("1", "a", "b"), Row("1", "a", "b")])
    assert not list(tmp_path.iterdir())


def test_csv_of_a_spreadsheet(tmp_path):
    """Byte order mark, Windows line ends, other columns, quotes and line breaks in cells, an empty row."""
    content = (
        '\ufeffaudio,id,reference,hypothesis,group\r\na.wav,1,"سلام، ""دنیا""","سلام\r\nدنیا",g\r\n\r\nb.wav,2,,,h\r\n'
    )
    assert read_ledger(write(tmp_path / "ledger.CSV", content)) == [
        Row("1", 'سلام، "دنیا"', "سلام\r\nدنیا", "g"),
        Row("2", "", "", "h"),
    ]


def test_csv_cells_hold_what_is_a_line_end_elsewhere(tmp_path):
    content = "id,reference,hypothesis\n1,a\u2028b\x0bc,d\x85e\0f\n2," + "x " * 100_000 + ",y\n"
    first, second = read_ledger(write(tmp_path / "ledger.csv", content))
    assert (first.reference, first.hypothesis) == ("a\u2028b\x0bc", "d\x85e\0f")
    assert len(second.reference) == 200_000


def test_jsonl_takes_numbers_for_ids_and_other_keys(tmp_path):
    content = (
        '{"id": 7, "reference": "a", "hypothesis": "", "wer": [1]}\n\n{"id": "8", "reference": "", "hypothesis": "b"}'
    )
    assert read_ledger(write(tmp_path / "ledger.jsonl", content)) == [Row("7", "a", ""), Row("8", "", "b")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.jsonl", " \n", "a.jsonl is empty"),
        ("a.csv", "id,reference,hypothesis\n", "no rows"),
        ("a.csv", "id,ref,hyp\n1,a,b\n", "no column 'reference', 'hypothesis'; .* found were: id, ref, hyp"),
        ("a.csv", "id;reference;hypothesis\n1;a;b\n", "found were: id;reference;hypothesis"),
        (
            "a.jsonl",
            '{"id": 1, "reference": "a", "text": "b"}',
            "line 1: no column 'hypothesis'.*: id, reference, text",
        ),
        ("a.csv", "id,reference,reference,hypothesis\n1,a,b,c\n", "'reference' stands there 2 times"),
        ("a.csv", "id,reference,hypothesis\n1,a,b\n\n1,c,d\n", "row 4: the id '1' stands already in row 2"),
        ("a.csv", "id,reference,hypothesis\n1,a,b\n ,c,d\n", "row 3: the id is empty"),
        ("a.csv", "id,reference,hypothesis\n1,a,b,c\n", "row 2: 4 cells under 3 columns"),
        ("a.csv", 'id,reference,hypothesis\n1,a,b\n2,"a,b\n3,c,d\n', "row 3: broken CSV"),
        ("a.csv", "id,reference,hypothesis\n1,سلام,b\n".encode("cp1256"), "not UTF-8 .line 2.; save"),
        ("a.csv", "id,reference,hypothesis,group\n1,a,b,g\n2,a,b,\n", "row 3: no group, though"),
        ("a.csv", "id,reference,hypothesis,seconds\n1,a,b,long\n", "row 2: 'seconds' is no number but 'long'"),
        ("a.jsonl", '{"id": 1, "reference": "a", "hypothesis": "b"}\n{"id": 2, "ref', "line 2: broken JSON"),
        ("a.jsonl", "[" * 100_000, "line 1: broken JSON"),
        ("a.jsonl", '["id", "reference", "hypothesis"]', "line 1: not a JSON object but list"),
        ("a.jsonl", '{"id": 1, "reference": "a", "hypothesis": null}', "line 1: 'hypothesis' is null"),
        ("a.jsonl", '{"id": 1, "reference": 5, "hypothesis": "b"}', "line 1: 'reference' is no text but int"),
        ("a.jsonl", '{"id": true, "reference": "a", "hypothesis": "b"}', "line 1: 'id' is no text but bool"),
        (
            "a.jsonl",
            '{"id": 1, "reference": "a", "hypothesis": "\\ud800"}',
            "line 1: 'hypothesis' holds half a character",
        ),
        ("a.txt", "id,reference,hypothesis\n1,a,b\n", "a.txt is no ledger: .*csv or .jsonl"),
    ],
)
def test_what_is_broken_is_named(tmp_path, name, content, message):
    with pytest.raises(LedgerError, match=message):
        read_ledger(write(tmp_path / name, content))


def test_no_such_file(tmp_path):
    with pytest.raises(LedgerError, match="There is no ledger"):
        read_ledger(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("hypothesis", "reference", "loops"),
    [
        ("سلام دنیای خوب ما", "سلام دنیای خوب ما", False),
        ("", "", False),
        ("کتاب " * 30, "کتاب را خواندم", True),
        ("این جملهٔ بلندی است که کلمه‌های گوناگون دارد و بارها از نو نوشته می‌شود. " * 6, "این جملهٔ بلندی است", True),
        ("خیلی خوب خیلی خوب خیلی خوب خیلی خوب", "خیلی خوب خیلی خوب خیلی خوب خیلی خوب", False),
        ("خیلی خوب خیلی خوب خیلی خوب خیلی خوب", "خیلی خوب", True),
        ("بله " * 500, "", True),
    ],
)
def test_loops(hypothesis, reference, loops):
    assert is_loop(hypothesis, reference) is loops


def test_long_honest_texts_are_no_loops(test_data):
    texts = [path.read_text(encoding="utf-8") for path in sorted((test_data / "persian_clips" / "long").glob("*.txt"))]
    assert len(texts) == 2
    for text in texts:
        assert not is_loop(text, text)
        # Without what was said, twice the text is near the threshold; with it, the likeness shows.
        assert not is_loop(f"{text} {text[: len(text) // 8]}", text)
