"""A transcript becomes sentences that a translator can take one by one, each with its times.

Whisper ends a segment where its window ends, and Persian transcripts often have no punctuation at all. So sentences end
where punctuation says so, else where the speaker pauses, and at the latest where they become too long to translate.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

# A pause between words that ends a sentence where nothing else does, and what a sentence may have at most.
PAUSE_SECONDS, MOST_WORDS, MOST_SECONDS, MOST_LETTERS = 0.7, 40, 15.0, 300
# Of scripts without spaces each letter is taken for a word; two or three of them say as much as one.
_LETTER_AS_WORDS = 0.4
_UNSPACED = "\u0e00-\u109f\u1780-\u17ff\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_PIECE = re.compile(rf"(\s*)([{_UNSPACED}]|[^\s{_UNSPACED}]{{1,{MOST_LETTERS}}})")
_CLOSING = "」』）】》〉”’"
_ENDS = re.compile(r"[.!?؟۔…。！？]+[\"'»”’)\]」』）】》〉]*$")
_CLAUSES = re.compile(r"[,;:،؛，；：、—–]$")
# 3.5, Dr. and U.S. end nothing.
_NO_END = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|vs|etc|e\.g|i\.e|No)|\b[A-Z])\.$")


@dataclass(frozen=True)
class Word:
    """A word, or a letter of a script without spaces.

    Attributes:
        text: without spaces.
        spaced: whether a space stands before it.
        start, end: in seconds; None of text that nobody spoke.
    """

    text: str
    spaced: bool = True
    start: float | None = None
    end: float | None = None

    @property
    def weight(self) -> float:
        """How many words it counts for."""
        return _LETTER_AS_WORDS if re.match(f"[{_UNSPACED}]", self.text) else 1.0


@dataclass(frozen=True)
class Sentence:
    """What is translated at a time.

    Attributes:
        id: its place, from 0 on; an engine answers by it.
        text: as it was said.
        start, end: in seconds; None of text that nobody spoke.
        line: of a text, on which it stands, from 0 on.
    """

    id: int
    text: str
    start: float | None = None
    end: float | None = None
    line: int = 0


def sentences_of(segments: Iterable[dict]) -> list[Sentence]:
    """Return the sentences of a transcript.

    Args:
        segments: of `/transcribe`: `start`, `end`, `text`, and `words` with the same where they were asked for.
    """
    return _made(_words(segments))


def sentences_of_text(text: str) -> list[Sentence]:
    """Return the sentences of a text; a line's end ends one."""
    found = [(line, one) for line, words in enumerate(text.splitlines()) for one in _made(_pieces(words))]
    return [replace(one, id=number, line=line) for number, (line, one) in enumerate(found)]


def _words(segments: Iterable[dict]) -> list[Word]:
    words = []
    for segment in segments:
        timed = segment.get("words") or []
        # Without times of their own, words share their segment's by their letters.
        for said in timed or [segment]:
            # Of a script without spaces, Whisper's words are groups of letters that it wrote without one.
            spaced = not timed or said is timed[0] or not _is_unspaced(said["text"])
            words += _timed(_pieces(said["text"]), said["start"], said["end"], spaced=spaced)
    return words


def _timed(pieces: Sequence[Word], start: float, end: float, *, spaced: bool) -> Iterator[Word]:
    letters = max(1, sum(len(piece.text) for piece in pieces))
    for number, piece in enumerate(pieces):
        until = end if number == len(pieces) - 1 else start + (end - start) * len(piece.text) / letters
        yield Word(piece.text, piece.spaced if number else spaced, start, until)
        letters, start, end = letters - len(piece.text), until, end


def _is_unspaced(text: str) -> bool:
    return bool(re.match(rf"\s*[{_UNSPACED}]", text))


def _pieces(text: str) -> list[Word]:
    """Return the words of a text; a mark and a closing bracket belong to the letter before them."""
    found: list[Word] = []
    for space, piece in _PIECE.findall(text):
        joins = not space and found and (unicodedata.category(piece[0])[0] == "M" or piece in _CLOSING)
        if joins:
            found[-1] = replace(found[-1], text=found[-1].text + piece)
        else:
            found.append(Word(piece, bool(space) or not found))
    return found


def _made(words: Sequence[Word]) -> list[Sentence]:
    groups = [cut for group in _by_ends(words) for cut in _short_enough(group)]
    return [Sentence(number, _joined(group), group[0].start, group[-1].end) for number, group in enumerate(groups)]


def _joined(words: Sequence[Word]) -> str:
    return "".join((" " if word.spaced else "") + word.text for word in words).strip()


def _by_ends(words: Sequence[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for place, word in enumerate(words):
        group.append(word)
        following = words[place + 1] if place + 1 < len(words) else None
        if following is None or _ends(word) or _pause(word, following) >= PAUSE_SECONDS:
            yield group
            group = []


def _ends(word: Word) -> bool:
    return bool(_ENDS.search(word.text)) and not _NO_END.search(word.text)


def _pause(word: Word, following: Word) -> float:
    return following.start - word.end if word.end is not None and following.start is not None else 0.0


def _short_enough(words: list[Word]) -> Iterator[list[Word]]:
    """Yield a sentence in parts, cut where a clause ends or the longest pause is, nearest to its middle."""
    if len(words) < 2 or not _is_long(words):
        yield words
        return
    middle = len(words) / 2

    def fitness(place: int) -> float:
        here, following = words[place - 1], words[place]
        return bool(_CLAUSES.search(here.text)) + 2 * _pause(here, following) - abs(place - middle) / middle

    place = max(range(1, len(words)), key=fitness)
    yield from _short_enough(words[:place])
    yield from _short_enough(words[place:])


def _is_long(words: list[Word]) -> bool:
    seconds = words[-1].end - words[0].start if words[0].start is not None and words[-1].end is not None else 0.0
    weight, letters = sum(word.weight for word in words), len(_joined(words))
    return weight > MOST_WORDS or seconds > MOST_SECONDS or letters > MOST_LETTERS
