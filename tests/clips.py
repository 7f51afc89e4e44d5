"""The real clips with their texts, where they lie in the data folder; read in place, never copied."""

import os
from dataclasses import dataclass
from pathlib import Path

import openpyxl

DATA = Path(os.environ.get("NAJVA_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")


@dataclass(frozen=True)
class Clip:
    """A recording, its language (Whisper's code) and what is said in it."""

    path: Path
    language: str
    text: str


_OTHER = (
    (
        "jfk.flac",
        "en",
        "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.",
    ),
    (
        "librispeech-1995-1837-0001.wav",
        "en",
        "it was the first great sorrow of his life it was not so much the loss of the cotton itself but the fantasy "
        "the hopes the dreams built around it",
    ),
    ("aishell-BAC009S0724W0121.wav", "zh", "广州市房地产中介协会分析"),
    ("cosyvoice_zh.wav", "zh", "希望你以后能够做的比我还好呦。"),
)


def other_speech(language: str | None = None) -> list[Clip]:
    """Return two English and two Chinese clips, or those of one language."""
    clips = [Clip(DATA / "other_speech" / name, code, text) for name, code, text in _OTHER]
    return [clip for clip in clips if language in (None, clip.language)]


def persian(folder: str) -> list[Clip]:
    """Return the Persian clips of `read` (36) or `informal` (10)."""
    rows = _sheet(DATA / "persian_clips" / "transcripts.xlsx")
    return [Clip(DATA / "persian_clips" / name, "fa", text) for name, text in rows if name.startswith(f"{folder}/")]


def persian_long() -> list[Clip]:
    """Return the two Persian readings of about 102 s."""
    folder = DATA / "persian_clips" / "long"
    return [Clip(folder / f"{n}.mp3", "fa", (folder / f"{n}.txt").read_text(encoding="utf-8")) for n in (1, 2)]


def persian_neural(count: int) -> list[Clip]:
    """Return the first clips of one synthetic neural voice; the file names are hashes, so the order means nothing."""
    folder = DATA / "persian_neural_voice"
    rows = sorted(_sheet(folder / "transcripts.xlsx"))[:count]
    return [Clip(folder / name, "fa", text) for name, text in rows]


def _sheet(path: Path) -> list[tuple[str, str]]:
    rows = openpyxl.load_workbook(path, read_only=True).active.iter_rows(min_row=2, values_only=True)
    return [(str(name), str(text)) for name, text, *_ in rows if name]
