"""The whole job: a sheet that holds every fault, real clips, the order of rows, refusals, kills and full disks."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from made_sheets import SENTENCES, faulty_sheet, good_sheet, voice, write_clip, write_csv, write_workbook

import prepare_transcripts
from sheets import speech_data
from sheets.faults import KINDS, DataError
from sheets.speech_data import load_speech
from sheets.splits import PARTS

PROGRAM = Path(prepare_transcripts.__file__)


@pytest.fixture
def prepare(monkeypatch, capsys):
    """Run the job in this process; returns its status, output, sentence on stderr, and last line as JSON or None."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["prepare_transcripts.py", *map(str, arguments)])
        status = prepare_transcripts.main()
        output, errors = capsys.readouterr()
        last = output.strip().splitlines()[-1] if output.strip() else ""
        message = [line for line in errors.splitlines() if line and "clips/s" not in line]
        return status, output, message[-1] if message else "", json.loads(last) if last else None

    return run


def _faults(folder):
    with (folder / "faults.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _sides(folder):
    split = json.loads((folder / "split.json").read_text("utf-8"))
    return {part: split[part] for part in PARTS}


def test_every_fault_is_reported_by_excels_row_number(tmp_path, prepare):
    workbook, expected = faulty_sheet(tmp_path)
    assert {kind for _, kind in expected.values()} == set(KINDS)
    status, output, _, found = prepare("--workbook", workbook, "--output", tmp_path / "data", "--max-fault-share", 1)
    assert status == 0
    reported = {(int(fault["row"]), fault["column"], fault["kind"]) for fault in _faults(tmp_path / "data")}
    # What leaks is there twice.
    leak = next(row for row, (_, kind) in expected.items() if kind == "leak")
    assert reported == {(row, *fault) for row, fault in expected.items()} | {(leak, "text", "duplicate transcript")}
    assert all(kind in output for kind in KINDS)
    assert found["left_out"] == sum(KINDS[kind].verdict == "left out" for _, kind in expected.values())


def test_left_out_rows_are_not_in_the_data_and_kept_ones_are(tmp_path, prepare):
    workbook, expected = faulty_sheet(tmp_path)
    prepare("--workbook", workbook, "--output", tmp_path / "data", "--max-fault-share", 1)
    used = {clip.row for part in PARTS for clip in load_speech(tmp_path / "data").clips(part)}
    kept = {
        "duplicate audio", "duplicate transcript", "leak", "clipped", "too slow", "foreign letters", "Arabic letters",
        "hidden characters", "stray spaces",
    }  # fmt: skip
    for row, (_, kind) in expected.items():
        assert (row in used) == (kind in kept), kind
    assert set(range(2, 14)) <= used


def test_too_many_faults_end_the_job_and_are_still_written(tmp_path, prepare):
    workbook, expected = faulty_sheet(tmp_path)
    status, _, message, found = prepare("--workbook", workbook, "--output", tmp_path / "data")
    assert status == 1
    assert "--max-fault-share" in message and "faults.csv" in message
    assert {int(fault["row"]) for fault in _faults(tmp_path / "data")} >= set(expected) - {max(expected)}
    assert "contradiction" in (tmp_path / "data" / "report.md").read_text("utf-8")
    assert not (tmp_path / "data" / "manifest.csv").exists()
    assert "split_sha256" not in found


def test_faults_up_to_the_threshold_are_let_pass(tmp_path, prepare):
    workbook = good_sheet(tmp_path)
    (tmp_path / "clips" / "105.wav").unlink()
    assert prepare("--workbook", workbook, "--output", tmp_path / "data", "--max-fault-share", 1 / 12)[0] == 0
    assert prepare("--workbook", workbook, "--output", tmp_path / "data", "--max-fault-share", 0.08)[0] == 1


def test_the_real_clips(test_data, tmp_path, prepare):
    status, output, _, found = prepare(
        "--workbook", test_data / "persian_clips" / "transcripts.xlsx", "--output", tmp_path / "data"
    )
    assert status == 0
    assert (found["rows"], found["clips"], found["left_out"]) == (46, 46, 0)
    assert found["sample_rates_hz"] == {"44100": 10, "48000": 36}
    assert (found["test"], found["validation"], found["train"]) == (9, 7, 30)
    data = load_speech(tmp_path / "data")
    assert data.split_sha256 == found["split_sha256"] and data.name == "data"
    assert data.source["speech"] == "as recorded" and data.source["workbook"] == "transcripts.xlsx"
    clips = {clip.id: clip for part in PARTS for clip in data.clips(part)}
    first = clips["read/Ardalan01.mp3"]
    assert first.row == 2 and first.text.startswith("امروز هوا خیلی خوبه و من می‌خوام")
    assert first.sample_rate_hz == 48000 and 3 < first.seconds < 9
    assert first.path.samefile(test_data / "persian_clips" / "read" / "Ardalan01.mp3")
    assert not Path(first.audio).is_absolute()
    # Both speakers read the same eighteen sentences.
    sides = data.split.side()
    for number in range(1, 19):
        assert sides[f"read/Ardalan{number:02}.mp3"] == sides[f"read/Shayan{number:02}.mp3"]
    assert clips["read/Shayan03.mp3"].group == clips["read/Shayan18.mp3"].group != first.group
    assert "48,000 Hz | 36" in output


def test_the_order_of_rows_moves_no_clip(test_data, tmp_path, prepare):
    source = test_data / "persian_clips" / "transcripts.xlsx"
    header, *rows = openpyxl.load_workbook(source).active.iter_rows(values_only=True)
    random.Random(1).shuffle(rows)
    write_workbook(tmp_path / "shuffled.xlsx", [header, *rows])
    first = prepare("--workbook", source, "--output", tmp_path / "a")[3]
    second = prepare(
        "--workbook", tmp_path / "shuffled.xlsx", "--audio-folder", source.parent, "--output", tmp_path / "b"
    )[3]
    assert _sides(tmp_path / "a") == _sides(tmp_path / "b")
    assert first["split_sha256"] == second["split_sha256"]
    assert [clip.id for clip in load_speech(tmp_path / "a").clips("train")] == [
        clip.id for clip in load_speech(tmp_path / "b").clips("train")
    ]


def test_running_again_changes_nothing(tmp_path, prepare):
    workbook = good_sheet(tmp_path)
    prepare("--workbook", workbook, "--output", tmp_path / "data")
    before = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()}
    prepare("--workbook", workbook, "--output", tmp_path / "data")
    assert {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()} == before
    assert set(before) == {"manifest.csv", "split.json", "source.json", "faults.csv", "report.md"}


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding"),
    [
        ("sheet.csv", ",", "utf-8"),
        ("sheet.csv", ";", "utf-8-sig"),
        ("sheet.tsv", "\t", "utf-8"),
        ("sheet.txt", "\t", "utf-16"),
    ],
)
def test_text_files_give_what_the_workbook_gives(tmp_path, prepare, name, delimiter, encoding):
    workbook = good_sheet(tmp_path)
    rows = list(openpyxl.load_workbook(workbook).active.iter_rows(values_only=True))
    text = write_csv(tmp_path / name, rows, delimiter, encoding)
    first = prepare("--workbook", workbook, "--output", tmp_path / "a")[3]
    second = prepare("--workbook", text, "--output", tmp_path / "b")[3]
    assert first["split_sha256"] == second["split_sha256"]
    assert (tmp_path / "a" / "manifest.csv").read_bytes() == (tmp_path / "b" / "manifest.csv").read_bytes()


def test_other_names_for_columns(tmp_path, prepare):
    good_sheet(tmp_path)
    rows = [("متن", "صدا"), *((text, f"clips/{101 + number}.wav") for number, text in enumerate(SENTENCES))]
    workbook = write_workbook(tmp_path / "persian.xlsx", rows)
    _, _, message, _ = prepare("--workbook", workbook, "--output", tmp_path / "data")
    assert "no column 'audio', only 'متن', 'صدا'" in message and "--audio-column" in message
    options = ("--audio-column", "صدا", "--text-column", "متن")
    assert prepare("--workbook", workbook, "--output", tmp_path / "data", *options)[3]["clips"] == 12


def test_whole_recordings_on_one_side_by_column_or_by_number(tmp_path, prepare):
    rows = [("audio", "text", "recording", "speaker")]
    for number in range(30):
        name = f"{1000 * (1 + number // 3) * 5 + number}.wav"
        write_clip(tmp_path / name, voice(number))
        rows.append(
            (
                name,
                f"جمله {'بپتجچحخدرزسشفقکگلمنوهی'[number % 22] * (number + 3)}",
                number // 3,
                "سارا" if number < 9 else "علی" if number < 15 else f"گوینده {number}",
            )
        )
    named = write_workbook(tmp_path / "named.xlsx", rows)
    bare = write_workbook(tmp_path / "bare.xlsx", [row[:2] for row in rows])
    for workbook in (named, bare):
        found = prepare("--workbook", workbook, "--output", tmp_path / "data", "--group-by", "recording")[3]
        assert (found["test"], found["validation"], found["train"]) == (6, 6, 18)
        side = load_speech(tmp_path / "data").split.side()
        for number in range(0, 30, 3):
            assert len({side[rows[1 + number + step][0]] for step in range(3)}) == 1
        assert found["group_by"] == "recording" and found["test_clips_with_neighbour_in_train"] == 0
    output = prepare("--workbook", named, "--output", tmp_path / "data", "--group-by", "speaker")[1]
    # Clips 0 to 14 are two speakers' and on one side each; of the others most stand beside one in train.
    assert "have a neighbour in train" in output
    side = load_speech(tmp_path / "data").split.side()
    assert len({side[row[0]] for row in rows[1:10]}) == len({side[row[0]] for row in rows[10:16]}) == 1
    output = prepare("--workbook", bare, "--output", tmp_path / "data")[1]
    assert "have a neighbour in train" in output and "--group-by recording" in output


def test_a_stated_split_is_obeyed_or_ignored_on_request(tmp_path, prepare):
    good_sheet(tmp_path)
    stated = ["Test"] * 5 + ["train"] * 4 + [None] * 3
    rows = [("audio", "text", "split")]
    rows += [(f"clips/{101 + n}.wav", SENTENCES[n], side) for n, side in enumerate(stated)]
    workbook = write_workbook(tmp_path / "stated.xlsx", rows)
    found = prepare("--workbook", workbook, "--output", tmp_path / "data")[3]
    assert _sides(tmp_path / "data")["test"] == [f"clips/{101 + n}.wav" for n in range(5)]
    assert (found["validation"], found["train"]) == (1, 6)
    found = prepare("--workbook", workbook, "--output", tmp_path / "data", "--ignore-split")[3]
    assert (found["test"], found["validation"], found["train"]) == (2, 2, 8)


def test_a_sheet_of_test_clips_alone_is_a_set_to_measure_on(tmp_path, prepare):
    good_sheet(tmp_path)
    rows = [("audio", "text", "split"), *((f"clips/{101 + n}.wav", SENTENCES[n], "test") for n in range(12))]
    workbook = write_workbook(tmp_path / "test.xlsx", rows)
    status, output, _, found = prepare("--workbook", workbook, "--output", tmp_path / "data")
    assert status == 0 and "set to measure on" in output and "were wanted" not in output
    assert (found["test"], found["validation"], found["train"]) == (12, 0, 0)
    assert len(load_speech(tmp_path / "data").clips("test")) == 12


def test_synthetic_speech_is_called_so(tmp_path, prepare):
    workbook = good_sheet(tmp_path)
    (tmp_path / "speech.json").write_text(json.dumps({"voices": ["fa+m3"], "noise": None}), "utf-8")
    output = prepare("--workbook", workbook, "--output", tmp_path / "data")[1]
    source = load_speech(tmp_path / "data").source
    assert source["speech"] == "synthetic" and source["voices"] == ["fa+m3"]
    assert "speech synthetic" in output
    # The clips' own folder may be named as well as the one in which their names start.
    prepare("--workbook", workbook, "--output", tmp_path / "data", "--audio-folder", tmp_path / "clips")
    assert load_speech(tmp_path / "data").source["speech"] == "synthetic"
    (tmp_path / "speech.json").unlink()
    prepare("--workbook", workbook, "--output", tmp_path / "data", "--synthetic")
    assert load_speech(tmp_path / "data").source["speech"] == "synthetic"


def test_one_column_moved_by_itself_is_noticed(test_data, tmp_path, prepare):
    source = test_data / "persian_clips" / "transcripts.xlsx"
    header, *rows = openpyxl.load_workbook(source).active.iter_rows(values_only=True)
    names, texts = zip(*rows, strict=True)
    write_workbook(tmp_path / "moved.xlsx", [header, *zip(names, [texts[-1], *texts[:-1]], strict=True)])
    for workbook, noticed in ((source, False), (tmp_path / "moved.xlsx", True)):
        output = prepare("--workbook", workbook, "--audio-folder", source.parent, "--output", tmp_path / "data")[1]
        assert ("sorted or moved by itself" in output) == noticed


def _rows(*rows):
    return [("audio", "text"), *rows]


@pytest.mark.parametrize(
    ("make", "options", "sentence"),
    [
        (lambda folder: folder / "none.xlsx", (), "There is no file"),
        (lambda folder: good_sheet(folder).rename(folder / "sheet.ods"), (), "no .xlsx, .csv or .tsv"),
        (lambda folder: _written(folder / "text.xlsx", b"audio,text\n"), (), "cannot be read as an Excel workbook"),
        (lambda folder: _written(folder / "locked.xlsx", b"\xd0\xcf\x11\xe0" * 200), (), "without a password"),
        (lambda folder: _written(folder / "empty.csv", b"\n\n"), (), "is empty"),
        (
            lambda folder: _written(folder / "old.csv", "audio,text\na.wav,سلام\n".encode("cp1256")),
            (),
            "not UTF-8 (line 2)",
        ),
        (lambda folder: _written(folder / "open.csv", b'audio,text\na.wav,"b\nc.wav,d\n'), (), "broken from row 2"),
        (lambda folder: write_workbook(folder / "bare.xlsx", _rows()), (), "has a header but no rows"),
        (lambda folder: write_workbook(folder / "two.xlsx", [("audio", "Text", "text ")]), (), "2 columns 'text'"),
        (good_sheet, ("--sheet", "Sheet9"), "no sheet 'Sheet9'; its sheets are: Sheet"),
        (good_sheet, ("--audio-folder", "nowhere"), "There is no folder nowhere"),
        (good_sheet, ("--audio-folder", Path(__file__).parent), "Not one of the 12 clips is in"),
        (good_sheet, ("--group-by", "speaker"), "There is no speaker to group by"),
        (good_sheet, ("--group-by", "recording"), "There is no recording to group by"),
        (good_sheet, ("--test-share", 1), "shares below 1"),
        (good_sheet, ("--max-seconds", 40), "at most 30"),
        (good_sheet, ("--dataset", "owner/name"), "either a sheet by --workbook or a data set"),
    ],
)
def test_what_cannot_be_used_gets_one_sentence(tmp_path, prepare, make, options, sentence):
    status, output, message, _ = prepare("--workbook", make(tmp_path), "--output", tmp_path / "data", *options)
    assert status == 1 and not output
    assert sentence in message
    assert not (tmp_path / "data").exists()


def _written(path, content):
    path.write_bytes(content)
    return path


def test_clips_that_all_hang_together_cannot_be_split(tmp_path, prepare):
    rows = _rows(*((f"{n}.wav", "همه همین را می‌گویند") for n in range(9)), ("9.wav", "این نیست"))
    for n in range(9):
        write_clip(tmp_path / f"{n}.wav", voice(n))
    workbook = write_workbook(tmp_path / "same.xlsx", rows)
    status, _, message, _ = prepare("--workbook", workbook, "--output", tmp_path / "data")
    assert status == 1 and "hang together" in message
    # The rows were checked, so what was found is told all the same.
    assert "9.wav" in (tmp_path / "data" / "faults.csv").read_text("utf-8")
    assert not (tmp_path / "data" / "split.json").exists()


def test_a_full_disk_leaves_what_was_there(tmp_path, prepare, monkeypatch):
    workbook = good_sheet(tmp_path)
    prepare("--workbook", workbook, "--output", tmp_path / "data")
    before = (tmp_path / "data" / "manifest.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(speech_data.csv.DictWriter, "writerows", full)
    status, _, message, _ = prepare("--workbook", workbook, "--output", tmp_path / "data", "--seed", 5)
    assert status == 1 and "No space left" in message
    assert (tmp_path / "data" / "manifest.csv").read_bytes() == before
    load_speech(tmp_path / "data")


@pytest.mark.slow
def test_a_kill_leaves_nothing_half_written(test_data, tmp_path):
    command = [
        sys.executable, str(PROGRAM), "--output", str(tmp_path / "data"),
        "--workbook", str(test_data / "persian_neural_voice" / "transcripts.xlsx"),
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    assert process.stderr is not None
    process.stderr.read(200)  # the progress bar has begun
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").iterdir())
    with pytest.raises(DataError):
        load_speech(tmp_path / "data")
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout.splitlines()[-1])
    assert (found["test"], found["validation"], found["train"]) == (280, 224, 897)
    assert load_speech(tmp_path / "data").split_sha256 == found["split_sha256"]
