"""FLORES+ and FLEURS: read from the loopback Hub by the unmodified client, and joined on made-up tables."""

import io
import tarfile
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from najva.audio import read
from tests.hub import LoopbackHub
from tests.najva.pretrained.tiny_models import running_hub
from tests.training.made_sheets import voice, write_clip
from translation.fleurs_sets import FleursRow, joined_clips, read_fleurs, unpacked
from translation.parallel_text import TextError, key
from translation.published_sets import DataSet, joined_texts, read_flores

FLORES = "google/flores_plus"
# By id; FLEURS' own numbers are others.
PERSIAN = {1: "ترکیه سه دریا دارد.", 2: "موش‌ها سالم‌اند.", 3: "او دیر آمد."}
CHINESE = {1: "土耳其有三片海。", 2: "老鼠很健康。", 4: "没有人说过。"}
FLEURS_ROWS = [
    (1523, "11.wav", "ترکیه سه دریا دارد."),
    (1523, "12.wav", "ترکیه سه دریا دارد."),
    (1600, "13.wav", "این جمله از بخش دیگر است."),
    (1700, "14.wav", "موش‌ها سالم هستند."),
]
FLEURS_CHINESE = {"test": [(1523, "土耳其有三片海。")], "dev": [(1600, "这句话来自另一部分。"), (1523, "别的话")]}
FLEURS_CHINESE["train"] = [(1700, "老鼠很健康。")]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A Hub with both data sets in the form in which they are published, in three sentences."""
    folder = tmp_path_factory.mktemp("published")
    with running_hub(folder, user="google") as hub:
        _push(hub, FLORES, _write_flores(folder / "flores"))
        _push(hub, "google/fleurs", _write_fleurs(folder / "fleurs"))
        yield hub


def _push(hub: LoopbackHub, name: str, folder: Path) -> None:
    hub.api().create_repo(name, repo_type="dataset")
    hub.api().upload_folder(repo_id=name, repo_type="dataset", folder_path=folder)


def _write_flores(folder: Path) -> Path:
    (folder / "devtest").mkdir(parents=True)
    (folder / "dev").mkdir()
    for code, texts in (("pes_Arab", PERSIAN), ("cmn_Hans", CHINESE)):
        rows = [{"id": number, "iso_639_3": code[:3], "text": text} for number, text in texts.items()]
        parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "devtest" / f"{code}.parquet")
    lines = ['{"id": 2, "text": "The mice are healthy."}', '{"id": 1, "text": "Turkey has three seas."}']
    (folder / "devtest" / "eng_Latn.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "dev" / "pes_Arab.jsonl").write_text('{"id": 1, "text": "این از dev است."}\n', encoding="utf-8")
    return folder


def _write_fleurs(folder: Path) -> Path:
    clips = {file: voice(place) for place, (_, file, _) in enumerate(FLEURS_ROWS)}
    audio = folder / "data" / "fa_ir" / "audio"
    audio.mkdir(parents=True)
    with tarfile.open(audio / "test.tar.gz", "w:gz") as tar:
        for name, waveform in clips.items():
            write_clip(folder / "clip.wav", waveform)
            content = (folder / "clip.wav").read_bytes()
            member = tarfile.TarInfo(f"test/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    (folder / "clip.wav").unlink()
    _write_table(folder / "data" / "fa_ir" / "test.tsv", FLEURS_ROWS)
    for split, rows in FLEURS_CHINESE.items():
        path = folder / "data" / "cmn_hans_cn" / f"{split}.tsv"
        _write_table(path, [(number, f"{number}.wav", text) for number, text in rows])
    return folder


def _write_table(path: Path, rows: list[tuple[int, str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{number}\t{file}\t{text}\t{text.lower()}\tl e t t e r s\t16000\tFEMALE" for number, file, text in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.hub
def test_flores_is_joined_by_id(hub):
    found = read_flores(FLORES, "fa", "zh-Hans")
    assert [(item.id, item.source, item.reference) for item in found.items] == [
        (str(number), PERSIAN[number], CHINESE[number]) for number in (1, 2)
    ]
    assert (found.language, found.speech, found.origin["split"]) == ("fa", "", "devtest")
    commits = hub.api().list_repo_commits(FLORES, repo_type="dataset")
    assert found.origin["revision"] == commits[0].commit_id


@pytest.mark.hub
def test_flores_as_json_lines_and_under_a_code_of_its_own(hub):
    english = read_flores(FLORES, "en", "zh-Hans")
    # In the order of the sources, whatever that is.
    assert [item.reference for item in english.items] == [CHINESE[2], CHINESE[1]]
    dari = read_flores(f"{FLORES}:eng_Latn", "fa", "zh-Hans")
    assert dari.items[0].source == "The mice are healthy." and dari.language == "fa"


@pytest.mark.hub
@pytest.mark.parametrize(
    ("reference", "language", "target", "sentence"),
    [
        (FLORES, "de", "zh-Hans", "has no devtest/deu_Latn; google/flores_plus:CODE names"),
        (FLORES, "fa", "zh-Hant", "has no devtest/cmn_Hant"),
        ("google/nothing", "fa", "zh-Hans", "There is no file google/nothing and no such data set"),
    ],
)
def test_what_the_hub_has_not(hub, reference, language, target, sentence):
    with pytest.raises(TextError, match=sentence):
        read_flores(reference, language, target)


@pytest.mark.hub
def test_a_hub_that_refuses_is_told_of_in_one_sentence(hub):
    hub.faults.refuse(403, only="/api/datasets/")
    try:
        with pytest.raises(TextError, match="flores_plus cannot be read from the Hub"):
            DataSet(FLORES)
    finally:
        hub.faults.clear()


@pytest.mark.hub
def test_fleurs_from_the_hub_with_its_clips(hub, tmp_path):
    found = read_fleurs("fa_ir", "", FLORES)
    assert [(item.id, item.group) for item in found.items] == [
        ("11.wav", "1523"),
        ("12.wav", "1523"),
        ("14.wav", "1700"),
    ]
    assert found.items[0].reference == CHINESE[1] and found.items[0].audio is None
    assert found.origin["left_out"] == {"without Chinese": 0, "not in devtest": 1}
    assert (found.language, found.speech, len(set(found.units))) == ("fa", "as recorded", 2)
    whole = unpacked(found, tmp_path)
    assert sorted(path.name for path in whole.items[0].audio.parent.iterdir()) == ["11.wav", "12.wav", "14.wav"]
    waveform, rate_hz = read(whole.items[1].audio)
    assert rate_hz == 16000 and waveform.size == voice(1).size
    # They are there now; nobody is asked again.
    hub.faults.refuse(503)
    try:
        assert unpacked(found, tmp_path) == whole
    finally:
        hub.faults.clear()


@pytest.mark.hub
def test_devtest_may_be_a_file(hub, tmp_path):
    path = tmp_path / "devtest.tsv"
    path.write_text("این جمله از بخش دیگر است!\t别的\n", encoding="utf-8")
    assert [item.id for item in read_fleurs("fa_ir", "", str(path)).items] == ["13.wav"]
    path.write_text("چیز دیگر\t别的\n", encoding="utf-8")
    with pytest.raises(TextError, match="None of the 4 clips of fa_ir test"):
        read_fleurs("fa_ir", "", str(path))


@pytest.mark.hub
def test_faults_of_fleurs(hub):
    with pytest.raises(TextError, match=r"has no data/fa_ir/dev\.tsv"):
        read_fleurs("fa_ir:dev", "", FLORES)
    with pytest.raises(TextError, match="name it by --source"):
        read_fleurs("fil_ph", "", FLORES)


def _rows(*rows: tuple[int, str, str]) -> list[FleursRow]:
    return [FleursRow(*row) for row in rows]


def test_speakers_of_a_sentence_are_one_group_and_dev_is_left_out():
    spoken = _rows((7, "a.wav", "یک"), (7, "b.wav", "یک"), (8, "c.wav", "دو"), (9, "d.wav", "سه"))
    chinese = _rows((8, "z.wav", "二"), (7, "x.wav", "一"), (7, "y.wav", "壹"))
    items, left_out = joined_clips(spoken, chinese, {key("یک"), key("سه")})
    assert [(item.id, item.group, item.reference) for item in items] == [("a.wav", "7", "一"), ("b.wav", "7", "一")]
    assert left_out == {"without Chinese": 1, "not in devtest": 1}


def test_either_side_tells_that_a_sentence_is_of_devtest():
    spoken, chinese = _rows((7, "a.wav", "یک  !")), _rows((7, "x.wav", "一。"))
    assert len(joined_clips(spoken, chinese, {key("一")})[0]) == 1
    assert len(joined_clips(spoken, chinese, {key("یک")})[0]) == 1
    assert not joined_clips(spoken, chinese, {key("دو"), key("二")})[0]


def test_texts_are_joined_where_both_sides_have_them():
    items = joined_texts({"5": "five", "3": "three", "4": "four"}, {"3": "三", "5": "五"})
    assert [(item.id, item.source, item.reference) for item in items] == [("5", "five", "五"), ("3", "three", "三")]
