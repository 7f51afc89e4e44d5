"""Every sentence that the page can say is in the tables of its other languages.

The sentences are read from the source: what stands between the tags of HTML, labels, and refusals that a visitor can
bring about. What names a setting is for whoever runs the app, and stays in English.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SPACE = Path(__file__).parents[2] / "space"
WORDS = {path.stem: json.loads(path.read_text("utf-8")) for path in (SPACE / "tabs" / "words").glob("*.json")}
# Of `najva`, where what a visitor brings may be refused.
REFUSING = ("audio", "audio_decoders", "live", "patience", "sheet_rows", "text_translation", "translation/translator")
SAID_BY = sorted((SPACE / "tabs").glob("*.py")) + [SPACE / "najva" / f"{name}.py" for name in REFUSING]
# What looks like a sentence and is read by no visitor, or is said in all three languages at once.
NOT_SAID = re.compile(
    r"timestamps must be one of|The language of a text is not guessed|a recording: wav, mp3|the only one$|as recorded$|"
    r"A live (session|translation) failed: %s|Content-Length|Location$|Host$|Cache-Control|Auto · |English$|متن فارسی|"
    r"\(recording, rows\)|Vazirmatn|Segoe UI|Noto Sans|PingFang SC|Microsoft YaHei|Tahoma|Translated$|"
    r"Audio(Error|Info)$|Step$|(Referrer|Permissions|Content-Security)-Policy$|frame-ancestors |"
    r"A (request|call) failed: |Nobody waits for this answer any more"
)
_LOOKS_SAID = re.compile(r"[A-Za-z]{2,} [a-z]{2,}|^[A-Z][a-z]{2,}")


def texts(path: Path) -> Iterator[str]:
    """Yield the strings of a module but its docstrings, with `{}` for what is filled in."""
    tree = ast.parse(path.read_text("utf-8"))
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(
            node
        ):
            inside.add(node.body[0].value)
        if isinstance(node, ast.JoinedStr):
            inside.update(part for part in ast.walk(node) if isinstance(part, ast.Constant))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.value


def sentences(path: Path) -> Iterator[str]:
    for text in texts(path):
        for piece in re.split(r"<[^>]*>", text):
            piece = " ".join(piece.split())
            if _LOOKS_SAID.search(piece) and not NOT_SAID.match(piece):
                yield piece


def is_known(sentence: str) -> bool:
    """Whether a sentence, or a part that is filled in or goes on elsewhere, stands in the tables."""
    parts = [part.strip(" .") for part in re.split(r"\{\}|LIMIT|SPEAKERS", sentence)]
    pattern = re.compile(".*".join(re.escape(part) for part in parts if part))
    return any(pattern.search(known) for known in WORDS["fa"])


@pytest.mark.parametrize("path", SAID_BY, ids=lambda path: path.stem)
def test_what_is_said_can_be_told_in_every_language(path: Path) -> None:
    assert [sentence for sentence in sentences(path) if not is_known(sentence)] == []


def test_sentences_are_found_where_they_are() -> None:
    found = {path.stem: [*sentences(path)] for path in SAID_BY}
    assert "No speech found." in found["several"]
    assert "is {} long; the limit is {}. Cut it into parts." in found["audio"]
    assert "Press a time or a word to hear it." in found["transcript_view"]
    assert sum(map(len, found.values())) > 150
    assert not is_known("Press a time or a word to smell it.")
