"""Parallel text that a small network learns in seconds, in the files that a translator is trained from."""

from itertools import chain
from pathlib import Path

from translation.parallel_text import COLLECTIONS, HELD_OUT

THINGS = {
    "en": ["cats", "dogs", "books", "houses", "friends", "flowers"],
    "fa": ["گربه", "سگ", "کتاب", "خانه", "دوست", "گل"],
    "zh": ["猫", "狗", "书", "房子", "朋友", "花"],
}
VERBS = {
    "en": ["have", "see", "want", "like"],
    "fa": ["دارم", "می‌بینم", "می‌خواهم", "دوست دارم"],
    "zh": ["有", "看见", "想要", "喜欢"],
}
NUMBERS = range(2, 10)


def sentence(language: str, number: int, thing: int, verb: int) -> str:
    """One sentence; its numbers say which."""
    things, verbs = THINGS[language][thing], VERBS[language][verb]
    return {
        "en": f"I {verbs} {number} {things}.",
        "fa": f"من {number} {things} {verbs}.",
        "zh": f"我{verbs}{number}个{things}。",
    }[language]


def all_pairs(language: str) -> list[tuple[str, str]]:
    """Every sentence of a language with its Chinese."""
    return [
        (sentence(language, number, thing, verb), sentence("zh", number, thing, verb))
        for number in NUMBERS
        for thing in range(len(THINGS["zh"]))
        for verb in range(len(VERBS["zh"]))
    ]


def make_text(folder: Path) -> Path:
    """Write a folder of parallel text; every seventh sentence of a language is held out."""
    for collection in COLLECTIONS:
        pairs = all_pairs(collection.source)
        _write(folder / collection.file, [pair for place, pair in enumerate(pairs) if place % 7])
    for name in chain(*HELD_OUT.values()):
        whole = name.endswith(".tsv")
        for path in [folder / name] if whole else [folder / name / f"{code}-zh.tsv" for code in ("en", "fa")]:
            pairs = all_pairs("fa" if path.name.startswith("fa") else "en")
            _write(path, pairs[::7])
    return folder


def _write(path: Path, pairs: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
