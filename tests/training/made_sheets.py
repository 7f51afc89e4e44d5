"""Sheets and clips made up for the tests: good ones, and one sheet that holds every fault."""

import csv
import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openpyxl
import soundfile

SENTENCES = (
    "امروز هوا خیلی خوب است",
    "من به باغ می‌روم",
    "کتاب روی میز بود",
    "او فردا از سفر برمی‌گردد",
    "درس آموزش نرم افزار لاتک هست",
    "پارک جنگلی در غرب تهران است",
    "ما با هم حرف می‌زنیم",
    "خواهرم سارا خوشحال بود",
    "قطار ساعت هشت می‌رسد",
    "چند ساعت مطالعه کرد",
    "غذای ایرانی را دوست داریم",
    "باران تمام شب می‌بارید",
)


def voice(seed: int, seconds: float = 3.0, rate_hz: int = 16000) -> np.ndarray:
    """Sound that rises and falls four times a second as speech does, float32 (samples,), another for every seed."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    noise = np.random.default_rng(seed).normal(0, 0.05, times.size)
    return (noise * (0.2 + np.sin(2 * np.pi * 4 * times) ** 2)).astype(np.float32)


def write_clip(path: Path, waveform: np.ndarray, rate_hz: int = 16000) -> None:
    """Write 16-bit PCM in the format of the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of floats libsndfile makes other integers in WAV than in FLAC.
    soundfile.write(path, np.rint(waveform * 32767).astype(np.int16), rate_hz, subtype="PCM_16")


def write_workbook(path: Path, rows: Sequence[Sequence]) -> Path:
    """Write rows, the header first, as the only sheet of a workbook."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(list(row))
    workbook.save(path)
    return path


def write_csv(path: Path, rows: Sequence[Sequence], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """Write rows, the header first, as text."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def good_sheet(folder: Path) -> Path:
    """Twelve clips without a fault, `clips/101.wav` to `clips/112.wav`, and their workbook."""
    rows = [("audio", "text")]
    for number, sentence in enumerate(SENTENCES):
        write_clip(folder / "clips" / f"{101 + number}.wav", voice(number))
        rows.append((f"clips/{101 + number}.wav", sentence))
    return write_workbook(folder / "sheet.xlsx", rows)


def faulty_sheet(folder: Path) -> tuple[Path, dict[int, tuple[str, str]]]:
    """A workbook that holds every fault once; returns it, and column and kind of the fault by Excel's row number.

    The first twelve rows, 2 to 13, are good.
    """
    rows: list[tuple] = [("audio", "text", "split")]
    for number, sentence in enumerate(SENTENCES):
        write_clip(folder / f"good-{number}.wav", voice(number))
        rows.append((f"good-{number}.wav", sentence, "test" if number < 3 else "dev" if number < 5 else "train"))
    expected: dict[int, tuple[str, str]] = {}

    def add(column: str, kind: str, audio: object, text: object, waveform: np.ndarray | None = None) -> None:
        if waveform is not None:
            write_clip(folder / str(audio), waveform)
        rows.append((audio, text, "train"))
        expected[len(rows)] = (column, kind)

    def sentence() -> str:
        """A sentence of its own for each row."""
        return "جمله شماره " + "بپتجچحخدرزسشفقکگلمن"[len(expected) % 19] * (len(expected) + 2)

    write_clip(folder / "own.wav", voice(50))
    add("audio", "empty cell", None, sentence())
    add("text", "empty cell", "own.wav", "   ")
    add("audio", "number", 450001, sentence())
    add("text", "decimal number", "own.wav", 12.5)
    add("text", "date", "own.wav", datetime.datetime(2024, 3, 20))
    add("text", "formula", "own.wav", '=CONCATENATE("سلام ", "دنیا")')
    add("audio", "error value", "#N/A", sentence())
    add("audio", "missing", "nowhere.wav", sentence())
    (folder / "broken.wav").write_bytes(b"RIFF this is no sound")
    add("audio", "unreadable", "broken.wav", sentence())
    add("audio", "silent", "silent.wav", sentence(), np.full(48000, 0.25, np.float32))
    add("audio", "too short", "short.wav", "نه", voice(51, seconds=0.25))
    add("audio", "too long", "long.wav", sentence(), voice(52, seconds=30.01))
    add("text", "too fast", "fast.wav", " ".join(["خیلی"] * 20), voice(53))
    add("text", "label too long", "label.wav", " ".join("ژضظثذغ" for _ in range(70)), voice(54, seconds=29))
    add("text", "no Persian letters", "english.wav", "good morning", voice(55))
    write_clip(folder / "twice.wav", voice(56))
    rows.append(("twice.wav", "این دو بار آمده است", "train"))
    add("audio", "listed twice", "twice.wav", "این دو بار آمده است")
    # Two rows, as nothing tells which is right.
    add("audio", "contradiction", "said.wav", "این را گفت", voice(57))
    add("audio", "contradiction", "said-too.flac", "آن را نگفت", voice(57))
    write_clip(folder / "first.wav", voice(58))
    rows.append(("first.wav", "همان صدا با نام دیگر", "train"))
    write_clip(folder / "second.flac", voice(58))
    rows.append(("second.flac", "همان صدا، با نام دیگر!", "train"))
    expected[len(rows)] = ("audio", "duplicate audio")
    add("text", "duplicate transcript", "again.wav", SENTENCES[8], voice(59))
    add("audio", "clipped", "loud.wav", sentence(), np.clip(voice(60) * 20, -1, 1))
    add("text", "too slow", "slow.wav", "بله", voice(61, seconds=8))
    add("text", "foreign letters", "foreign.wav", "با PyTorch کار کرد", voice(62))
    add("text", "Arabic letters", "arabic.wav", "كتاب علي", voice(63))
    add("text", "hidden characters", "hidden.wav", "سلام\u200f دوست من", voice(64))
    add("text", "stray spaces", "spaces.wav", " سلام  بر تو ", voice(65))
    rows.append(("split.wav", "این کجا می‌رود", "somewhere"))
    write_clip(folder / "split.wav", voice(66))
    expected[len(rows)] = ("split", "unknown split")
    rows.append(("leak.wav", SENTENCES[10], "test"))
    write_clip(folder / "leak.wav", voice(67))
    expected[len(rows)] = ("text", "leak")
    return write_workbook(folder / "faulty.xlsx", rows), expected
