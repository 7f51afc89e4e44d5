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
_LONG_PAUSE_SECONDS = 2.0
# What a word takes at ease: a slow reader's twelve letters a second and a breath.
_WORD_SECONDS, _LETTER_SECONDS = 0.3, 0.08
# Of scripts without spaces each letter is taken for a word; two or three of them say as much as one.
_LETTER_AS_WORDS = 0.4
_UNSPACED = "\u0e00-\u109f\u1780-\u17ff\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
# Persian is typed without a space after a mark often enough; a full stop between single letters is an abbreviation's.
_FA = "\u0621-\u064a\u066e-\u06d3"
_MARK_INSIDE = (
    rf"[^\s{_UNSPACED}]{{0,{MOST_LETTERS - 2}}}?(?:[{_FA}][!؟]+(?=[{_FA}])|[{_FA}]{{2}}[.…]+(?=[{_FA}]{{2}}))"
)
_PIECE = re.compile(rf"(\s*)([{_UNSPACED}]|{_MARK_INSIDE}|[^\s{_UNSPACED}]{{1,{MOST_LETTERS}}})")
_CLOSING = "」』）】》〉”’"
# The last ones are of Devanagari, Armenian, Amharic, Burmese and Khmer.
_ENDS = re.compile(r"[.!?؟۔…。！？।॥։።။៕។]+[\"'»”’)\]」』）】》〉]*$")
_CLAUSES = re.compile(r"[,;:،؛，；：、—–]$")
# 3.5, Dr. and U.S. end nothing.
_NO_END = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|vs|etc|e\.g|i\.e)|\b[A-HJ-Z])\.$")
# No. 5 is a number, "No. I will not." two sentences.
_NUMBER = re.compile(r"\bNo\.$")


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
    """Return the sentences of a whole transcript.

    Args:
        segments: of `/transcribe`: `start`, `end`, `text`, and `words` with the same where they were asked for.
    """
    return take_sentences(words_of(segments), finished=True)[0]


def take_sentences(words: Sequence[Word], *, finished: bool) -> tuple[list[Sentence], int]:
    """Return the sentences with which some words begin, as far as nothing that follows can change them.

    Args:
        words: that are in no sentence yet.
        finished: whether no more will come.

    Returns:
        The sentences, and how many of the words are in them.
    """
    groups = list(_by_ends(words, _pause_that_ends(words)))
    cut = [part for group in (groups if finished else groups[:-1]) for part in _short_enough(group)]
    # What has no end in sight is cut as soon as there is too much of it.
    rest = [] if finished or not groups else groups[-1]
    while rest and sum(word.weight for word in rest) > 2 * MOST_WORDS:
        window = next(size for size in range(2, len(rest) + 1) if size == len(rest) or _is_long(rest[: size + 1]))
        place = _best_cut(rest[:window]) if window > 1 else 1
        cut.append(rest[:place])
        rest = rest[place:]
    return _made(cut), sum(map(len, cut))


def sentences_of_text(text: str) -> list[Sentence]:
    """Return the sentences of a text; a line's end ends one."""
    found = [
        (line, one)
        for line, words in enumerate(text.splitlines())
        for one in take_sentences(_pieces(words), finished=True)[0]
    ]
    return [replace(one, id=number, line=line) for number, (line, one) in enumerate(found)]


def words_of(segments: Iterable[dict]) -> list[Word]:
    """Return the words of segments with their times: the segments' own text, spaces and marks as it has them."""
    return [word for segment in segments for word in _words(segment)]


def _words(segment: dict) -> Iterator[Word]:
    """Yield the words of a segment's text; times come from its timed words as far as both spell the same."""
    pieces, timed = _pieces(segment["text"]), segment.get("words") or []
    spelled = "".join(_letters(word["text"]) for word in timed)
    if not _letters(segment["text"]).startswith(spelled):
        timed = []
    # Where each letter begins and ends.
    times: list[tuple[float, float]] = []
    for word in timed:
        times += _shared(word["start"], word["end"], len(_letters(word["text"])))
    begun = timed[-1]["end"] if timed else segment["start"]
    left = sum(len(piece.text) for piece in pieces) - len(times)
    times += _shared(begun, max(segment["end"], begun), left)
    place = 0
    for number, piece in enumerate(pieces):
        last = place + len(piece.text) - 1
        yield Word(piece.text, piece.spaced or not number, times[place][0], max(times[place][0], times[last][1]))
        place = last + 1


def _shared(start: float, end: float, letters: int) -> list[tuple[float, float]]:
    """Return when each letter begins and ends that is said in a time, all equally long."""
    ends = [start + (end - start) * (place + 1) / letters for place in range(letters - 1)] + [end]
    return list(zip([start, *ends[:-1]], ends, strict=True)) if letters else []


def _letters(text: str) -> str:
    return "".join(text.split())


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


def _made(groups: Iterable[Sequence[Word]]) -> list[Sentence]:
    return [
        Sentence(number, _joined(group), group[0].start, group[-1].end) for number, group in enumerate(groups) if group
    ]


def _joined(words: Sequence[Word]) -> str:
    return "".join((" " if word.spaced else "") + word.text for word in words).strip()


def _by_ends(words: Sequence[Word], pause: float) -> Iterator[list[Word]]:
    group: list[Word] = []
    for place, word in enumerate(words):
        group.append(word)
        following = words[place + 1] if place + 1 < len(words) else None
        if following is None or _ends(word, following) or _pause(word, following) >= pause:
            yield group
            group = []


def _ends(word: Word, following: Word | None = None) -> bool:
    if _NUMBER.search(word.text) and following and following.text[0].isdigit():
        return False
    return bool(_ENDS.search(word.text)) and not _NO_END.search(word.text)


def _pause_that_ends(words: Sequence[Word]) -> float:
    """Return how long a pause must be to end a sentence: where the transcript has marks, they say it better."""
    marks = sum(map(_ends, words))
    return _LONG_PAUSE_SECONDS if marks and len(words) / marks <= MOST_WORDS else PAUSE_SECONDS


def _pause(word: Word, following: Word) -> float:
    """Return the seconds between two words.

    Whisper's alignment lets a word last until the next one begins; what is more than its letters take is a pause.
    """
    if word.start is None or word.end is None or following.start is None:
        return 0.0
    spoken = min(word.end, word.start + _WORD_SECONDS + _LETTER_SECONDS * len(word.text))
    return following.start - spoken


def _short_enough(words: list[Word]) -> Iterator[list[Word]]:
    """Yield a sentence in parts, cut where a clause ends or the longest pause is, nearest to its middle."""
    if len(words) < 2 or not _is_long(words):
        yield words
        return
    place = _best_cut(words)
    yield from _short_enough(words[:place])
    yield from _short_enough(words[place:])


def _best_cut(words: Sequence[Word]) -> int:
    """Return before which word to cut."""
    middle = len(words) / 2

    def fitness(place: int) -> float:
        here, following = words[place - 1], words[place]
        return bool(_CLAUSES.search(here.text)) + 2 * _pause(here, following) - 2 * abs(place - middle) / middle

    return max(range(1, len(words)), key=fitness)


def _is_long(words: list[Word]) -> bool:
    seconds = words[-1].end - words[0].start if words[0].start is not None and words[-1].end is not None else 0.0
    weight, letters = sum(word.weight for word in words), len(_joined(words))
    return weight > MOST_WORDS or seconds > MOST_SECONDS or letters > MOST_LETTERS
