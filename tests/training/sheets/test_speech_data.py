"""Data folders: what is written comes back, and what does not belong together is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_sheets import voice, write_clip

from sheets.faults import DataError
from sheets.speech_data import Clip, load_speech, relative_audio, split_sha256, write_speech
from sheets.splits import Split


@pytest.fixture
def clips(tmp_path):
    found = []
    for number in range(5):
        path = tmp_path / "sound" / f"{number}.wav"
        write_clip(path, voice(number))
        audio = relative_audio(path, tmp_path / "data" / "set")
        text = f'متن، "{number}"\u200cها'
        found.append(Clip(path.name, audio, text, 3.0, 16000, f"{number:064}", "سارا", "", 2 + number, path))
    return found


SPLIT = Split(7, None, test=("0.wav",), validation=("1.wav",), train=("2.wav", "3.wav", "4.wav"))


@pytest.fixture
def folder(tmp_path, clips):
    write_speech(tmp_path / "data" / "set", clips, SPLIT, {"name": "set", "speech": "as recorded"})
    return tmp_path / "data" / "set"


def test_what_is_written_comes_back(folder, clips):
    data = load_speech(folder)
    assert data.split == SPLIT and data.name == "set" and data.source["speech"] == "as recorded"
    assert data.clips("train") == clips[2:] and data.clips("test") == clips[:1]
    assert data.clips("test")[0].path.samefile(clips[0].path)
    assert clips[0].audio == "../../sound/0.wav"
    assert load_speech(str(folder)).split_sha256 == data.split_sha256
    content = json.loads((folder / "split.json").read_text("utf-8"))
    assert content["sha256"] == data.split_sha256 and (content["seed"], content["group_by"]) == (7, None)
    header = (folder / "manifest.csv").read_text("utf-8").splitlines()[0]
    assert header == "id,audio,text,seconds,sample_rate_hz,sha256,speaker,recording,row"


def test_the_folder_may_be_moved_with_its_clips(folder, tmp_path):
    (tmp_path / "moved").mkdir()
    for name in ("data", "sound"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert len(load_speech(tmp_path / "moved" / "data" / "set").clips("train")) == 3


def test_a_relative_reference_works_from_anywhere(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert load_speech("set").clips("test")[0].path.is_file()


def test_the_hash_tells_sides_sounds_and_sentences_apart(clips):
    first = split_sha256(SPLIT, clips)
    assert split_sha256(replace(SPLIT, seed=1, train=SPLIT.train[::-1]), clips[::-1]) == first
    other_side = replace(SPLIT, test=("2.wav",), train=("0.wav", "3.wav", "4.wav"))
    other_sound = [replace(clips[0], sha256="f" * 64), *clips[1:]]
    other_text = [replace(clips[0], text="دیگر"), *clips[1:]]
    found = {split_sha256(other_side, clips), split_sha256(SPLIT, other_sound), split_sha256(SPLIT, other_text)}
    assert len(found | {first}) == 4
    assert split_sha256(SPLIT, [replace(clips[0], row=99, audio="x.wav", speaker="?"), *clips[1:]]) == first


def test_a_clip_stands_for_its_recording_in_intervals(clips):
    assert clips[0].group == "0.wav"
    assert replace(clips[0], recording="lecture").group == "lecture"


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda folder: (folder / "manifest.csv").unlink(),
            "no data folder of prepare_transcripts.py: it has no manifest.csv",
        ),
        (lambda folder: (folder / "split.json").unlink(), "it has no split.json"),
        (lambda folder: (folder / "split.json").write_text("{"), "split.json is broken"),
        (lambda folder: (folder / "split.json").write_text("{}"), "no split of this project"),
        (lambda folder: _edit(folder / "manifest.csv", "sample_rate_hz", "rate"), "lacks sample_rate_hz"),
        (lambda folder: _edit(folder / "manifest.csv", "16000", "many"), "cannot be read as a manifest"),
        (lambda folder: _edit(folder / "manifest.csv", "متن", "نثر"), "do not belong together"),
        (lambda folder: _edit(folder / "split.json", '"2.wav"', '"9.wav"'), "do not belong together"),
        (lambda folder: (folder.parents[1] / "sound" / "3.wav").unlink(), "1 of 5 clips"),
        (lambda folder: (folder / "source.json").write_text("[1]"), "source.json is broken"),
    ],
)
def test_a_spoilt_folder_is_refused_in_one_sentence(folder, spoil, sentence):
    spoil(folder)
    with pytest.raises(DataError, match=sentence):
        load_speech(folder)


@pytest.mark.parametrize("reference", ["nowhere", "./no/where", "/no/where"])
def test_what_is_no_folder(reference):
    with pytest.raises(DataError, match="There is no folder"):
        load_speech(reference)


def test_a_kill_between_two_files_is_noticed(folder, clips, monkeypatch):
    """The manifest is new, the split still the old one."""
    fewer = replace(SPLIT, train=("2.wav", "3.wav"))
    replaced, take_place = [], Path.replace

    def replace_once(self, target):
        replaced.append(target)
        if len(replaced) > 1:
            raise KeyboardInterrupt
        return take_place(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_once)
        with pytest.raises(KeyboardInterrupt):
            write_speech(folder, clips[:4], fewer, {"name": "set", "speech": "as recorded"})
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.csv", "source.json", "split.json"]
    with pytest.raises(DataError, match="do not belong together"):
        load_speech(folder)
