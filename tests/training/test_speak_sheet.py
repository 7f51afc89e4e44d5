"""The whole job, on sheets made up here and on the real one; nothing but espeak-ng is needed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import soundfile

import speak_sheet
from najva import audio
from synthesis.speech_recipes import Palette
from synthesis.spoken_clips import read_label
from synthesis.synthetic_speech import PERSIAN_VOICES
from tests.training.made_sheets import SENTENCES, write_workbook

PROGRAM = Path(speak_sheet.__file__)
Speak = Callable[..., tuple[int, str, str, dict | None]]


@pytest.fixture
def speak(program, monkeypatch, capsys) -> Speak:
    """Run the job in this process; returns its status, output, sentence on stderr, and last line as JSON or None."""
    program("espeak-ng")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["speak_sheet.py", *map(str, arguments)])
        status = speak_sheet.main()
        output, errors = capsys.readouterr()
        message = [line for line in errors.splitlines() if line and "sentences" not in line]
        last = json.loads(output.strip().splitlines()[-1]) if status == 0 else None
        return status, output, message[-1] if message else "", last

    return run


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """Twelve sentences, `clips/101.wav` to `clips/112.wav`."""
    rows = [(f"clips/{101 + n}.wav", text) for n, text in enumerate(SENTENCES)]
    return write_workbook(tmp_path / "sheet.xlsx", [("audio", "text"), *rows])


def _clips(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.wav"))}


def _speakers(workbook: Path) -> dict[str, str]:
    header, *rows = openpyxl.load_workbook(workbook).active.iter_rows(values_only=True)
    audio_column, speaker = header.index("audio"), header.index("speaker")
    return {row[audio_column]: row[speaker] for row in rows}


def test_a_sheet_becomes_clips_a_workbook_and_a_record(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    status, output, _, found = speak("--workbook", sheet, "--output", tmp_path / "out")
    assert status == 0
    assert (found["clips"], found["spoken_now"], found["skipped"], found["speech"]) == (12, 12, 0, "synthetic")
    assert "synthetic" in output
    speakers = _speakers(tmp_path / "out" / "sheet.xlsx")
    palette = Palette(PERSIAN_VOICES, (90, 130), (30, 70))
    seconds = 0.0
    for name, voice in speakers.items():
        waveform, rate_hz = audio.read(tmp_path / "out" / name)
        assert rate_hz == 22050
        assert 0.05 < np.sqrt(np.square(waveform).mean()) < 0.11
        assert abs(waveform).max() < 0.91
        seconds += len(waveform) / rate_hz
        label, _ = read_label(tmp_path / "out" / name)
        assert "espeak-ng" in label and f" {voice}," in label
        assert palette.draw(name).voice == voice
        with soundfile.SoundFile(tmp_path / "out" / name) as file:
            assert file.title == "Synthetic speech"
    assert found["seconds"] == pytest.approx(seconds, abs=0.1)
    record = json.loads((tmp_path / "out" / "speech.json").read_text("utf-8"))
    assert record.items() >= {
        "speech": "synthetic", "engine": "espeak-ng", "voices": list(PERSIAN_VOICES), "speeds": [90, 130],
        "pitches": [30, 70], "noise": None, "room": None, "seed": 0, "clips": 12, "faults": {},
    }.items()  # fmt: skip
    assert record["version"][0].isdigit()


def test_the_order_of_the_rows_and_a_second_run_change_nothing(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    options = ("--noise", 5, 30, "--room", 0.1, 0.5)
    speak("--workbook", sheet, "--output", tmp_path / "a", *options)
    header, *rows = openpyxl.load_workbook(sheet).active.iter_rows(values_only=True)
    write_workbook(sheet, [header, *reversed(rows)])
    speak("--workbook", sheet, "--output", tmp_path / "b", *options)
    first, second = _clips(tmp_path / "a"), _clips(tmp_path / "b")
    assert first == second
    assert len(set(first.values())) == 12
    assert _speakers(tmp_path / "a" / "sheet.xlsx") == _speakers(tmp_path / "b" / "sheet.xlsx")
    speak("--workbook", sheet, "--output", tmp_path / "c", *options, "--seed", 1)
    assert not set(first.values()) & set(_clips(tmp_path / "c").values())


def test_good_clips_are_kept_and_others_spoken_again(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    output = tmp_path / "out"
    speak("--workbook", sheet, "--output", output)
    whole = _clips(output)
    kept_time = (output / "clips/101.wav").stat().st_mtime_ns
    (output / "clips/102.wav").unlink()
    (output / "clips/103.wav").write_bytes(whole["clips/103.wav"][: len(whole["clips/103.wav"]) // 2])
    (output / "clips/104.wav").write_bytes(b"")
    assert speak("--workbook", sheet, "--output", output)[3]["spoken_now"] == 3
    assert _clips(output) == whole
    assert (output / "clips/101.wav").stat().st_mtime_ns == kept_time
    rows = [list(row) for row in openpyxl.load_workbook(sheet).active.iter_rows(values_only=True)]
    rows[5][1] += " سلام"
    write_workbook(sheet, rows)
    assert speak("--workbook", sheet, "--output", output)[3]["spoken_now"] == 1
    assert {name for name, content in _clips(output).items() if content != whole[name]} == {"clips/105.wav"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_job_goes_on_to_the_same_result(number: int, tmp_path: Path, program, speak: Speak) -> None:
    rows = [(f"{n}.wav", f"{SENTENCES[n % 12]} {SENTENCES[n % 7]}") for n in range(150)]
    workbook = write_workbook(tmp_path / "long.xlsx", [("audio", "text"), *rows])
    output = tmp_path / "out"
    command = [sys.executable, str(PROGRAM), "--workbook", str(workbook), "--output", str(output)]
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[1] / "space")}
    process = subprocess.Popen(
        command,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A shell's background job ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while len(list(output.glob("*.wav"))) < 10 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode != 0
    assert "Traceback" not in errors
    before = _clips(output)
    assert 10 <= len(before) < 150
    assert all(read_label(output / name)[0] for name in before)
    assert json.loads((output / "speech.json").read_text("utf-8"))["speech"] == "synthetic"
    assert not (output / "long.xlsx").exists()
    found = speak("--workbook", workbook, "--output", output)[3]
    assert found["clips"] == 150
    assert found["spoken_now"] == 150 - len(before)
    speak("--workbook", workbook, "--output", tmp_path / "fresh")
    assert _clips(output) == _clips(tmp_path / "fresh")


def test_voices_are_chosen_counted_and_withheld(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    def voices(*options):
        folder = tmp_path / "_".join(["out", *map(str, options)])
        assert speak("--workbook", sheet, "--output", folder, *options)[0] == 0
        return _speakers(folder / "sheet.xlsx")

    withheld = ["fa+f2", "fa+m1"]
    assert set(voices("--voices", *withheld).values()) == set(withheld)
    assert set(voices("--voices", 3).values()) == set(PERSIAN_VOICES[:3])
    two = voices("--voices", 3, "--exclude-voices", PERSIAN_VOICES[0])
    assert set(two.values()) == set(PERSIAN_VOICES[1:4])
    everyone, fewer = voices(), voices("--exclude-voices", *withheld)
    assert not set(fewer.values()) & set(withheld)
    assert {name: voice for name, voice in everyone.items() if voice not in withheld}.items() <= fewer.items()


def test_test_rows_are_spoken_again_by_withheld_voices(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"test": ["clips/103.wav", "clips/110.wav", "clips/gone.wav"], "train": []}), "utf-8")
    out = tmp_path / "out"
    _, output, _, found = speak("--workbook", sheet, "--output", out, "--rows", f"{split}:test", "--voices", "fa+f2")
    assert found["clips"] == 2
    assert "1 of the 3 clips" in output
    assert list(_clips(out)) == ["clips/103.wav", "clips/110.wav"]
    rows = list(openpyxl.load_workbook(out / "sheet.xlsx").active.iter_rows(values_only=True))
    assert rows == [
        ("audio", "text", "speaker", "split"),
        ("clips/103.wav", SENTENCES[2], "fa+f2", "test"),
        ("clips/110.wav", SENTENCES[9], "fa+f2", "test"),
    ]


def test_faulty_rows_are_named_counted_and_never_written(tmp_path: Path, speak: Speak) -> None:
    rows = [
        ("good.wav", "- سلام"), ("../out_of.wav", "سلام"), ("empty.wav", None), ("dots.wav", "..."),
        ("note.mp3", "سلام"), (str(tmp_path / "absolute.wav"), "سلام"), (None, "سلام"), ("good.wav", "دنیا"),
    ]  # fmt: skip
    workbook = write_workbook(tmp_path / "s.xlsx", [("audio", "text"), *rows])
    status, output, _, found = speak("--workbook", workbook, "--output", tmp_path / "out")
    assert status == 0
    assert (found["clips"], found["skipped"]) == (1, 7)
    for number, reason in {
        3: "leads out", 4: "text cell is empty", 5: "nothing to speak", 6: "not end in .wav", 7: "absolute",
        8: "audio cell is empty", 9: "row 2 already",
    }.items():  # fmt: skip
        assert f"Row {number} is not spoken" in output
        assert reason in output
    assert [path.name for path in tmp_path.rglob("*.wav")] == ["good.wav"]
    record = json.loads((tmp_path / "out" / "speech.json").read_text("utf-8"))
    assert list(record["faults"]) == ["3", "4", "5", "6", "7", "8", "9"]
    # All rows are in the copy, at their numbers, so that the checks of the data meet the faults too.
    speakers = [row[2] for row in openpyxl.load_workbook(tmp_path / "out/s.xlsx").active.iter_rows(values_only=True)]
    assert speakers[0] == "speaker" and speakers[1] and speakers[2:] == [None] * 7


def test_recordings_are_never_written_over(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    recording = tmp_path / "out" / "clips" / "104.wav"
    recording.parent.mkdir(parents=True)
    soundfile.write(recording, np.full(1000, 0.1), 16000)
    before = recording.read_bytes()
    status, _, message, _ = speak("--workbook", sheet, "--output", tmp_path / "out")
    assert status == 1
    assert "104.wav" in message
    assert list(_clips(tmp_path / "out")) == ["clips/104.wav"]
    assert recording.read_bytes() == before


def test_the_workbook_itself_is_never_written_over(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    before = sheet.read_bytes()
    status, _, message, _ = speak("--workbook", sheet, "--output", sheet.parent)
    assert status == 1
    assert "the workbook itself" in message
    assert sheet.read_bytes() == before


def test_a_workbook_that_the_sheet_was_exported_from_stays(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "words.csv").write_text("audio,text\n1.wav,سلام\n", encoding="utf-8")
    (folder / "words.xlsx").write_bytes(sheet.read_bytes())
    status, _, message, _ = speak("--workbook", folder / "words.csv", "--output", folder)
    assert status == 1 and "is not of this job" in message
    assert (folder / "words.xlsx").read_bytes() == sheet.read_bytes()


def test_a_folder_holds_speech_of_one_kind(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    speak("--workbook", sheet, "--output", tmp_path / "out", "--limit", 2)
    before = _clips(tmp_path / "out")
    status, _, message, _ = speak("--workbook", sheet, "--output", tmp_path / "out", "--voices", "fa+f2", "--seed", 4)
    assert status == 1
    assert "other voices, seed" in message
    assert _clips(tmp_path / "out") == before
    assert speak("--workbook", sheet, "--output", tmp_path / "out")[3]["spoken_now"] == 10


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--voices", "fa+nobody"), "no voice 'fa+nobody'"),
        (("--exclude-voices", "fa+nobody"), "no voice 'fa+nobody'"),
        (("--voices", "1000"), "voices to choose from"),
        (("--voices", "fa", "--exclude-voices", "fa"), "no voice to speak"),
        (("--rows", "nowhere/split.json:test"), "There is no file 'nowhere/split.json'"),
        (("--rows", "split.json"), "data/NAME/split.json:test"),
        (("--text-column", "words"), "no column 'words'"),
        (("--noise", "30", "5"), "--noise takes two numbers"),
        (("--room", "0.2"), "--room takes two numbers"),
        (("--speeds", "10", "100"), "--speeds takes two numbers"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_bad_options_are_one_sentence(options, reason: str, tmp_path: Path, sheet: Path, speak: Speak) -> None:
    status, output, message, _ = speak("--workbook", sheet, "--output", tmp_path / "out", *options)
    assert status == 1
    assert reason in message
    assert output == ""
    assert not (tmp_path / "out").exists()


def test_a_broken_split_is_one_sentence(tmp_path: Path, sheet: Path, speak: Speak) -> None:
    for content in ("{", "[]", '{"train": []}', '{"test": 3}'):
        (tmp_path / "split.json").write_text(content, "utf-8")
        status, _, message, _ = speak(
            "--workbook", sheet, "--output", tmp_path / "out", "--rows", f"{tmp_path / 'split.json'}:test"
        )
        assert status == 1
        assert "no split with a part 'test'" in message


def test_without_espeak_one_sentence_says_how_to_get_it(tmp_path: Path, sheet: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(PROGRAM.parents[1] / "space")}
    command = [sys.executable, str(PROGRAM), "--workbook", str(sheet), "--output", str(tmp_path / "out")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.strip() == "espeak-ng is not installed: sudo apt-get install espeak-ng"
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_sentence_and_leaves_whole_clips(tmp_path, sheet, speak, monkeypatch) -> None:
    write_bytes, written = Path.write_bytes, []

    def fill(path: Path, content) -> int:
        written.append(path)
        if len(written) > 5:
            write_bytes(path, bytes(content)[:100])
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", fill)
    status, _, message, _ = speak("--workbook", sheet, "--output", tmp_path / "out")
    monkeypatch.undo()
    assert status == 1
    assert "No space left on device" in message and "goes on" in message
    assert len(_clips(tmp_path / "out")) == 5
    assert all(read_label(tmp_path / "out" / name)[0] for name in _clips(tmp_path / "out"))
    assert not list((tmp_path / "out" / "clips").glob(".*"))


def test_the_real_sheet(test_data: Path, tmp_path: Path, speak: Speak) -> None:
    workbook = test_data / "persian_sheets" / "myaudio_tiny.xlsx"
    found = speak("--workbook", workbook, "--output", tmp_path, "--limit", 80, "--noise", 10, 30)[3]
    assert (found["clips"], found["skipped"]) == (80, 0)
    assert 80 * 5 < found["seconds"] < 80 * 11
    assert found["voices"] > 35
    speakers = _speakers(tmp_path / "myaudio_tiny.xlsx")
    assert len(speakers) == 80
    assert (tmp_path / "myaudio" / "450001.wav").is_file()
    for name in speakers:
        waveform, _ = audio.read(tmp_path / name)
        assert 0.3 < abs(waveform).max() < 0.91
    shutil.rmtree(tmp_path / "myaudio")
