"""Sets of sentences from files: columns, languages, parts, recordings; each fault in a sentence that names its row."""

from pathlib import Path

import pytest

from synthesis.spoken_clips import write_clip
from tests.training.made_sheets import voice
from translation.parallel_text import TextError
from translation.translation_sets import (
    RECORDED,
    SYNTHETIC,
    evenly_chosen,
    language_of,
    parted,
    read_speech_set,
    read_text_set,
)

PAIRS = "one\t一\ttalk\ntwo\t二\tprose\nthree\t三\ttalk\n"


def written(folder: Path, text: str | bytes, name: str = "en-zh.tsv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def recordings(tmp_path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(b"RIFF")
    return folder


def test_pairs_in_order(tmp_path):
    found = read_text_set(written(tmp_path, "\ufeff" + PAIRS.replace("\n", "\r\n") + "\r\n"), "")
    assert [(item.id, item.source, item.reference) for item in found.items][1] == ("2", "two", "二")
    assert (len(found.items), found.language, found.name, found.speech) == (3, "en", f"{tmp_path.name}/en-zh", "")
    assert len(found.origin["sha256"]) == 64


def test_other_columns(tmp_path):
    path = written(tmp_path, "زبان\t语言\tlanguage\t語言\n", "fa-zh.tsv")
    (item,) = read_text_set(path, "en", (3, 4)).items
    assert (item.source, item.reference) == ("language", "語言")


@pytest.mark.parametrize(
    ("name", "language"), [("fa-zh.tsv", "fa"), ("test.en-zh.tsv", "en"), ("fa-zhHans-en-zhHant.tsv", "fa")]
)
def test_a_name_tells_the_language(name, language):
    assert language_of(Path("folder") / name) == language


@pytest.mark.parametrize("name", ["prs-zh.tsv", "pairs.tsv", "zh-en.tsv"])
def test_a_name_that_tells_none_asks_for_it(name):
    with pytest.raises(TextError, match="name it by --source"):
        language_of(Path(name))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("one\t一\ntwo\n", "Row 2 of .* has one column, and column 2 is wanted."),
        ("one\t一\n\t二\n", "Row 2 of .* has no source."),
        ("one\t\n", "Row 1 of .* has no Chinese."),
        ("", "is empty."),
        (" \n\n", "is empty."),
        ("one\t一\nzwei\t".encode() + "二".encode("gb18030") + b"\n", r"is not UTF-8 \(line 2\)"),
    ],
)
def test_faults_of_pairs(tmp_path, content, sentence):
    with pytest.raises(TextError, match=sentence):
        read_text_set(written(tmp_path, content), "en")


def test_a_missing_file(tmp_path):
    with pytest.raises(TextError, match=r"There is no file .*none\.tsv"):
        read_text_set(tmp_path / "none.tsv", "en")


def test_evenly_chosen_and_always_the_same(tmp_path):
    lines = "".join(f"{number}\t{number}号\n" for number in range(10))
    whole = read_text_set(written(tmp_path, lines), "en")
    assert [item.source for item in evenly_chosen(whole, 4).items] == ["0", "2", "5", "7"]
    assert evenly_chosen(whole, 4).origin["chosen"] == "4 evenly spaced of 10"
    assert evenly_chosen(whole, 0) == evenly_chosen(whole, 10) == whole


def test_parts_by_the_third_column(tmp_path):
    parts = parted(read_text_set(written(tmp_path, PAIRS), "en", by_domain=True))
    assert [(part.name.rpartition("/")[2], len(part.items)) for part in parts] == [("talk", 2), ("prose", 1)]
    many = "".join(f"{number}\t一\tsentence {number}\n" for number in range(60))
    with pytest.raises(TextError, match="60 different texts, too many"):
        parted(read_text_set(written(tmp_path, many), "en", by_domain=True))


def test_recordings_by_name(tmp_path, recordings):
    path = written(tmp_path, "id\tgroup\ttranslation\tsource\taudio\n1\tg\t一\tone\ta.wav\n2\tg\t二\ttwo\tb.wav\n")
    found = read_speech_set(path, "", recordings)
    first = found.items[0]
    assert (first.id, first.group, first.source, first.reference) == ("1", "g", "one", "一")
    assert found.items[1].audio == recordings / "b.wav"
    assert (found.speech, found.title, set(found.units)) == (RECORDED, found.name, {"group g"})


def test_without_ids_the_recordings_names_are_theirs(tmp_path, recordings):
    path = written(tmp_path, "audio\tsource\ttranslation\na.wav\tone\t一\nb.wav\ttwo\t二\n")
    found = read_speech_set(path, "", recordings)
    assert [item.id for item in found.items] == ["a.wav", "b.wav"] and len(set(found.units)) == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("audio\tsource\na.wav\tone\n", "has no column 'translation'; .* header with audio, source, translation"),
        ("a.wav\tone\t一\n", "has no column 'audio'"),
        ("audio\tsource\ttranslation\n", "has a header but no rows"),
        (
            "audio\tsource\ttranslation\na.wav\tone\t一\nc.wav\tthree\t三\n",
            "Row 3 of .* names c.wav, and .*clips has no",
        ),
        ("audio\tsource\ttranslation\na.wav\tone\n", "Row 2 of .* has 2 columns under 3 headers"),
        ("audio\tsource\ttranslation\na.wav\t\t一\n", "Row 2 of .* has no source"),
        ("audio\tsource\ttranslation\na.wav\tone\t一\na.wav\ttwo\t二\n", "Row 3 of .* has the id a.wav, which another"),
    ],
)
def test_faults_beside_recordings(tmp_path, recordings, content, sentence):
    with pytest.raises(TextError, match=sentence):
        read_speech_set(written(tmp_path, content), "en", recordings)


def test_synthetic_speech_is_called_so(tmp_path, recordings):
    path = written(tmp_path, "audio\tsource\ttranslation\na.wav\tone\t一\nb.wav\ttwo\t二\n")
    write_clip(recordings / "b.wav", voice(0), 16000, "espeak-ng, a label")
    found = read_speech_set(path, "", recordings)
    assert found.speech == SYNTHETIC and found.title.endswith("(synthetic speech)")
    write_clip(recordings / "b.wav", voice(0), 16000, "espeak-ng, a label")
    (recordings / "b.wav").write_bytes(b"RIFF")
    (recordings / "speech.json").write_text('{"speech": "synthetic"}')
    assert read_speech_set(path, "", recordings).speech == SYNTHETIC
