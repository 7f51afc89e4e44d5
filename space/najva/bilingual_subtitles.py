"""Translations of recordings as files: SubRip and WebVTT in one or two languages, plain text and JSON.

A translation is the JSON object of the ``/translate`` endpoint; of its keys these functions read ``source_text``,
``translation``, ``target`` (``"zh-Hans"`` or ``"zh-Hant"``), ``audio_seconds`` where it is known, and ``segments``, a
sentence each: ``{"start": float, "end": float, "source": str, "translation": str, "flags": list[str]}`` in seconds from
the file's start. As in :mod:`najva.subtitles`, every function returns the whole file as text, and right-to-left text
stays in logical order without direction marks.

``（？）`` stands before the Chinese of a sentence with flags, in every one of its cues: it may be wrong. A sentence
without Chinese shows its source with a line ``（未译）``, in Traditional Chinese ``（未譯）``, in every layout, so that
nothing is lost.

Nothing tells which word became which, so a sentence is cut at about the same share of both languages, at punctuation
where both have some there. Where they have none, a second line is preferred to halves that do not belong together.
"""

import math
import re
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from najva import subtitles
from najva.subtitles import LINE_COLUMNS_FULL_WIDTH, LINES_PER_CUE, Cue, write_srt, write_vtt

LAYOUTS = ("zh", "zh-source", "source-zh")
UNRELIABLE_MARK = "（？）"
UNTRANSLATED_MARKS = {"zh-Hans": "（未译）", "zh-Hant": "（未譯）"}

# Netflix's timed text guides: 9 full-width characters a second for Chinese in adults' programmes, and 17 characters for
# most alphabets. Counted in columns, so that a Latin letter among Chinese is half a character.
CHINESE_COLUMNS_PER_SECOND = 18
SOURCE_COLUMNS_PER_SECOND = 17
# The same guides' general requirements.
MIN_CUE_SECONDS, MAX_CUE_SECONDS = 5 / 6, 7.0

# What a way to cut a sentence costs, in cues: the least sum is taken. A cut between two clauses is free and any other
# costs _ROUGH_CUT in each language, or twice that where it parts what belongs together. So a sentence of one line of
# Chinese and two of source is parted where both have a comma, one of two lines each where one has, and others stay.
_CUE, _LINE, _ROUGH_CUT = 1.0, 1.0, 1.1
# A line's break matters less than a cue's, and one between the parts of a list less than one between words.
_LINE_BREAK, _LIST_ROUGHNESS = 0.3, 0.3
# For all of a sentence's length between the two places; a sixth is about as bad as no comma.
_MISMATCH = 6.0
# A cue shorter than it may be is worse than a second line in both languages. One longer than it may be costs
# _LONG_CUE for each time it is too long by its greatest length. A cut saves no more than that, and so for this alone
# never leaves a scrap of two or three words, or one language alone.
_BRIEF_CUE, _LONG_CUE, _SCRAP, _ALONE = 3.0, 16.0, 16.0, 20.0
_SCRAP_COLUMNS = 8
# How far from each other two commas may be and still be tried as one cut.
_MOST_MISMATCH = 0.25

# Within a sentence a single point is an abbreviation's.
_CLAUSE_END = re.compile(r"(?:[，。；：！？…—,;:!?،؛؟۔]|\.\.)[\"'”’»」』）〕】》〉)\]]*\s*$")
# They belong to the word before them.
_PARTICLES = "的了着吗呢吧啊们嗎著們"
# Where half-width signs follow or precede Chinese there is no space to tell on which line they stay.
_CLOSING, _OPENING = ",.!?;:)]}%·", "([{"

_Node = tuple[int, ...]


@dataclass(frozen=True)
class _Piece:
    """What one cue shows of a sentence.

    Attributes:
        lines: From the top.
        end_share: Share of the sentence that is said when it goes, up to 1.
        reading_ms: How long it takes to read, no less than a cue's least duration.
    """

    lines: tuple[str, ...]
    end_share: float
    reading_ms: int


class _Side:
    """A sentence in one language, in units that no line parts."""

    def __init__(self, text: str, limit: int, wide: str, columns_per_second: int, mark: str = ""):
        """Finds the units.

        Args:
            text: Words with single spaces, at least one.
            limit: Columns of a line.
            wide: As of :func:`najva.subtitles.char_columns`.
            columns_per_second: Reading speed.
            mark: Goes before the text in every cue.
        """
        self.text, self.mark = text, mark
        self._limit, self._speed = limit, columns_per_second
        self._mark_columns = sum(subtitles.char_columns(char, wide) for char in mark)
        self._columns = [0, *accumulate(subtitles.char_columns(char, wide) for char in text)]
        room = limit - self._mark_columns
        self._units: list[tuple[int, int]] = []
        for first, last in subtitles.find_tokens(text, self._columns, room):
            if self._units and self._are_glued(self._units[-1][0], first, last, room):
                self._units[-1] = (self._units[-1][0], last)
            else:
                self._units.append((first, last))
        self.count = len(self._units)
        whole = self._columns[-1] or 1
        self.shares = [*(self._columns[first] / whole for first, _ in self._units), 1.0]
        self.roughness = [0.0, *(_roughness(text, first) for first, _ in self._units[1:]), 0.0]
        self._known: dict[tuple[int, int, int], tuple[float, tuple[str, ...]] | None] = {}

    def _are_glued(self, before: int, first: int, last: int, room: int) -> bool:
        """Returns whether the token from ``first`` to ``last`` stays with the unit that begins at ``before``."""
        # A variation selector is outside the blocks of its ideographs, and so a token of its own.
        if self._columns[first] == self._columns[last]:
            return True
        parted = self.text[first - 1] == " " or (
            self.text[first] not in _CLOSING and self.text[first - 1] not in _OPENING
        )
        return not parted and self._columns[last] - self._columns[before] <= room

    def columns(self, first: int, last: int) -> int:
        """Returns the width of the units from ``first`` until before ``last``, without the mark."""
        return self._columns[self._units[last - 1][1]] - self._columns[self._units[first][0]]

    def reading_seconds(self, first: int, last: int) -> float:
        """Returns how long these units and the mark take to read."""
        return (self._mark_columns + self.columns(first, last)) / self._speed if first < last else 0.0

    def nearest(self, share: float) -> int:
        """Returns the cut before which about this share of the text stands."""
        after = min(bisect(self.shares, share), self.count)
        return min(after - 1, after, key=lambda unit: abs(self.shares[unit] - share))

    def lines(self, first: int, last: int, most: int) -> tuple[float, tuple[str, ...]] | None:
        """Breaks units into as few lines as fit, after punctuation where that is not too uneven.

        Args:
            first: First unit.
            last: The one after the last.
            most: Lines there may be, 1 or 2.

        Returns:
            How bad the break is, and the lines, the first without the mark; None if they do not fit. A unit that is
            wider than a line fits alone on one.
        """
        if (first, last, most) not in self._known:
            self._known[first, last, most] = self._broken(first, last, most)
        return self._known[first, last, most]

    def _broken(self, first: int, last: int, most: int) -> tuple[float, tuple[str, ...]] | None:
        whole = self._mark_columns + self.columns(first, last)
        if whole <= self._limit or last == first + 1:
            return 0.0, (self._between(first, last),)
        if most == 1 or (whole > 2 * self._limit and last > first + 2):
            return None
        best = math.inf, first
        for cut in range(last - 1, first, -1):
            tail = self.columns(cut, last)
            if tail > self._limit and cut < last - 1:
                break
            head = self._mark_columns + self.columns(first, cut)
            if head <= self._limit or cut == first + 1:
                best = min(best, (self.roughness[cut] + abs(head - tail) / self._limit, cut))
        badness, cut = best
        return None if cut == first else (badness, (self._between(first, cut), self._between(cut, last)))

    def _between(self, first: int, last: int) -> str:
        return self.text[self._units[first][0] : self._units[last - 1][1]]


def split_cues(translation: dict, layout: str) -> list[Cue]:
    """Cuts a translation into cues that never overlap.

    In two languages a cue has a line of each where both fit, and never more than ``LINES_PER_CUE`` of each; in Chinese
    alone it has up to ``LINES_PER_CUE``. A sentence that does not fit, or takes longer than ``MAX_CUE_SECONDS``,
    becomes several cues.

    A cue that would be too fast to read, or too short, stays into the silence after its sentence, at the latest until
    the next sentence begins, or the recording ends; the cues of one sentence share what time there is. No cue lasts
    longer than ``MAX_CUE_SECONDS``, even where a few words took that long to say, and every cue lasts at least 1 ms.

    Args:
        translation: See the module's description.
        layout: One of ``LAYOUTS``: Chinese, Chinese over source, source over Chinese.

    Returns:
        Cues in order of time; none when nothing was said.

    Raises:
        ValueError: If the layout is unknown, or a sentence has no times, as those of a text have none.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"{layout!r} is none of the layouts {', '.join(LAYOUTS)}.")
    segments = [segment for segment in translation["segments"] if any(_texts(segment))]
    without_times = any(segment.get("start") is None or segment.get("end") is None for segment in segments)
    if without_times or (not segments and translation["source_text"].strip()):
        raise ValueError("This translation has no times to make subtitles of; translate a recording.")
    segments = sorted(segments, key=lambda segment: segment["start"])

    limits = [segment["start"] for segment in segments[1:]]
    # The last one may stay until the recording ends, where that is known.
    recording_ends = translation.get("audio_seconds", math.inf)
    sentences = [
        _cut_sentence(segment, limit, layout, UNTRANSLATED_MARKS[translation["target"]])
        for segment, limit in zip(segments, [*limits, recording_ends], strict=False)
    ]
    starts, free = [], 0
    for segment, pieces in zip(segments, sentences, strict=True):
        starts.append(max(subtitles.milliseconds(segment["start"]), free))
        free = starts[-1] + len(pieces)
    cues = []
    for index, (segment, pieces) in enumerate(zip(segments, sentences, strict=True)):
        spoken_until = subtitles.milliseconds(segment["end"])
        if index + 1 < len(starts):
            limit = starts[index + 1]
        elif recording_ends < math.inf:
            limit = max(subtitles.milliseconds(recording_ends), spoken_until, starts[index] + len(pieces))
        else:
            limit = None
        cues += _timed(pieces, starts[index], spoken_until, limit)
    return cues


def to_srt(translation: dict, layout: str) -> str:
    """Writes SubRip (``.srt``), cues numbered from 1.

    Args:
        translation: See the module's description.
        layout: One of ``LAYOUTS``.

    Returns:
        The file's text, empty when there are no cues.

    Raises:
        ValueError: As :func:`split_cues`.
    """
    return write_srt(split_cues(translation, layout))


def to_vtt(translation: dict, layout: str) -> str:
    """Writes WebVTT (``.vtt``), with ``&``, ``<`` and ``>`` of the text escaped.

    Args:
        translation: See the module's description.
        layout: One of ``LAYOUTS``.

    Returns:
        The file's text, only the header when there are no cues.

    Raises:
        ValueError: As :func:`split_cues`.
    """
    return write_vtt(split_cues(translation, layout))


def to_txt(translation: dict, layout: str | None = None) -> str:
    """Writes plain text (``.txt``): each sentence's source and under it its Chinese, with the marks of the subtitles.

    Args:
        translation: See the module's description; times are not needed.
        layout: Not read: the file is the same in every layout.

    Returns:
        The file's text, with a blank line between sentences; empty when nothing was said.
    """
    whole = {"source": translation["source_text"], "translation": translation["translation"], "flags": []}
    blocks = []
    for segment in translation["segments"] or [whole]:
        source, chinese = _texts(segment)
        if chinese:
            chinese = _mark(segment) + chinese
        elif source:
            chinese = UNTRANSLATED_MARKS[translation["target"]]
        if chinese:
            blocks.append("".join(f"{line}\n" for line in (source, chinese) if line))
    return "\n".join(blocks)


def to_json(translation: dict, layout: str | None = None) -> str:
    """Writes the whole translation as JSON (``.json``), non-ASCII letters as themselves.

    Args:
        translation: Any JSON object.
        layout: Not read: the file is the same in every layout.

    Returns:
        The file's text.

    Raises:
        ValueError: If a number is NaN or infinite, which JSON cannot write.
    """
    return subtitles.to_json(translation)


FORMATS: dict[str, Callable[[dict, str], str]] = {"txt": to_txt, "srt": to_srt, "vtt": to_vtt, "json": to_json}


def _texts(segment: dict) -> tuple[str, str]:
    """Returns source and Chinese, each on one line."""
    return " ".join(segment["source"].split()), " ".join(segment["translation"].split())


def _mark(segment: dict) -> str:
    return UNRELIABLE_MARK if segment["flags"] else ""


def _cut_sentence(segment: dict, limit: float, layout: str, untranslated_mark: str) -> list[_Piece]:
    """Cuts one sentence.

    Args:
        segment: With text in at least one language.
        limit: Second at which the next sentence begins.
        layout: One of ``LAYOUTS``.
        untranslated_mark: What stands for Chinese that is not there.
    """
    source, chinese = _texts(segment)
    sides, heading, most_lines = [], (), LINES_PER_CUE
    if chinese:
        # Quotation marks and dashes are of ambiguous width, and wide among Chinese.
        sides.append(_Side(chinese, LINE_COLUMNS_FULL_WIDTH, "WFA", CHINESE_COLUMNS_PER_SECOND, _mark(segment)))
    else:
        heading = (untranslated_mark,)
        if layout == "zh":
            most_lines -= 1
    if source and (layout != "zh" or not chinese):
        sides.append(_Side(source, subtitles.line_limit(source), "WF", SOURCE_COLUMNS_PER_SECOND))

    reading = max(side.reading_seconds(0, side.count) for side in sides)
    seconds = max(0.0, min(max(segment["end"], segment["start"] + reading), limit) - segment["start"])
    pieces = []
    for before, after in pairwise(_cheapest_cuts(sides, seconds, most_lines, 0.0 if layout == "zh" else _LINE)):
        shown, needed = [heading] if heading else [], MIN_CUE_SECONDS
        for side, first, last in zip(sides, before, after, strict=True):
            needed = max(needed, side.reading_seconds(first, last))
            if first < last:
                _, (line, *others) = side.lines(first, last, most_lines)
                shown.append((side.mark + line, *others))
        if layout == "source-zh":
            shown.reverse()
        lines = tuple(line for part in shown for line in part)
        share = sides[-1].shares[after[-1]]
        pieces.append(_Piece(lines, share, math.ceil(1000 * min(needed, MAX_CUE_SECONDS))))
    return pieces


def _cheapest_cuts(sides: Sequence[_Side], seconds: float, most_lines: int, line_cost: float) -> list[_Node]:
    """Finds where to cut a sentence: the units before each cut in each language, from its begin to its end."""
    nodes = _nodes(sides)
    cheapest: dict[_Node, tuple[float, _Node | None]] = {nodes[0]: (0.0, None)}
    for place, node in enumerate(nodes[1:], start=1):
        places = [side.shares[unit] for side, unit in zip(sides, node, strict=True)]
        rough = sum(side.roughness[unit] for side, unit in zip(sides, node, strict=True))
        cut_cost = _ROUGH_CUT * rough + _MISMATCH * (max(places) - min(places))
        best: tuple[float, _Node | None] = math.inf, None
        for before in reversed(nodes[:place]):
            so_far = cheapest[before][0] + cut_cost
            if so_far < best[0] and all(first <= last for first, last in zip(before, node, strict=True)):
                cost = so_far + _piece_cost(sides, before, node, seconds, most_lines, line_cost)
                if cost < best[0]:
                    best = cost, before
        cheapest[node] = best
    path: list[_Node] = []
    node: _Node | None = nodes[-1]
    while node is not None:
        path.append(node)
        node = cheapest[node][1]
    return path[::-1]


def _nodes(sides: Sequence[_Side]) -> list[_Node]:
    """Returns the places where a sentence may be cut, its begin and end among them, in order.

    In two languages, these are each cut of one with the nearest of the other, and all two of punctuation that are not
    far from each other. With the former alone no piece need be longer than a unit of each.
    """
    if len(sides) == 1:
        return [(unit,) for unit in range(sides[0].count + 1)]
    one, other = sides
    nodes = {(one.nearest(share), other.nearest(share)) for share in (*one.shares, *other.shares)}
    for unit in range(1, one.count):
        for fellow in range(1, other.count):
            smooth = max(one.roughness[unit], other.roughness[fellow]) < 1
            if smooth and abs(one.shares[unit] - other.shares[fellow]) <= _MOST_MISMATCH:
                nodes.add((unit, fellow))
    return sorted(nodes | {(0, 0), (one.count, other.count)}, key=lambda node: (sum(node), node))


def _piece_cost(
    sides: Sequence[_Side], before: _Node, after: _Node, seconds: float, most_lines: int, line_cost: float
) -> float:
    """Returns what a cue between two cuts costs; infinity where its text does not fit."""
    cost, shares = _CUE, []
    for side, first, last in zip(sides, before, after, strict=True):
        shares.append(side.shares[last] - side.shares[first])
        if first == last:
            cost += _ALONE
            continue
        fitting = side.lines(first, last, most_lines)
        if fitting is None:
            return math.inf
        breaks, lines = fitting
        cost += line_cost * (len(lines) - 1) + _LINE_BREAK * breaks
        cost += _SCRAP * (side.columns(first, last) < _SCRAP_COLUMNS)
    # Makes pieces even: the sum of squares is least then.
    cost += (sum(shares) / len(shares)) ** 2
    shown = seconds * shares[-1]
    return cost + _BRIEF_CUE * (shown < MIN_CUE_SECONDS) + _LONG_CUE * max(0.0, shown / MAX_CUE_SECONDS - 1)


def _roughness(text: str, cut: int) -> float:
    """Returns how bad it is to cut a text here: 0 between clauses, 1 between words, 2 within what belongs together."""
    before, after = text[max(0, cut - 8) : cut], text[cut]
    if _CLAUSE_END.search(before):
        return 0.0
    if before[-1] == "、":
        return _LIST_ROUGHNESS
    return 2.0 if after in _PARTICLES or (before[-1].isdigit() and not after.isascii()) else 1.0


def _timed(pieces: Sequence[_Piece], start: int, spoken_until: int, limit: int | None) -> list[Cue]:
    """Gives a sentence's pieces their times.

    Args:
        pieces: Of one sentence.
        start: Millisecond of the first.
        spoken_until: Millisecond at which the sentence is said.
        limit: Millisecond at which the next sentence begins or the recording ends, at least one per piece later; None
            where neither is known.
    """
    reading = [piece.reading_ms for piece in pieces]
    end = max(spoken_until, start + sum(reading))
    if limit is not None and limit < end:
        end = limit
        # Where time is short, all of the sentence is equally fast.
        spare, wanted = end - start - len(pieces), sum(reading) - len(pieces)
        if spare < wanted:
            reading = [1 + (needed - 1) * spare // wanted for needed in reading]
    spoken = max(1, min(spoken_until, end) - start)
    times = [start, *(start + round(piece.end_share * spoken) for piece in pieces[:-1]), end]
    longest, inner = round(1000 * MAX_CUE_SECONDS), range(1, len(pieces))
    # Each lasts as long as needed: it goes later, and where the end does not allow that, the ones before go sooner.
    # None lasts too long where others have time to spare.
    for index in inner:
        times[index] = max(times[index], times[index - 1] + reading[index - 1])
    for index in reversed(inner):
        times[index] = max(min(times[index], times[index + 1] - reading[index]), times[index + 1] - longest)
    for index in inner:
        times[index] = min(times[index], times[index - 1] + longest)
    return [
        Cue(first, min(last, first + longest), piece.lines)
        for piece, (first, last) in zip(pieces, pairwise(times), strict=True)
    ]
