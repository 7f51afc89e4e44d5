"""Transcripts as files: plain text, SubRip, WebVTT and JSON.

A transcript is the JSON object of the ``/transcribe`` endpoint; of its keys these functions read ``text`` and
``segments``, a list of ``{"start": float, "end": float, "text": str}`` in seconds from the file's start, each with
optional ``words`` of the same three keys. Every function returns the whole file as text with line feeds as line ends,
to be written as UTF-8; a transcript without speech gives a valid file without cues.

Right-to-left text stays in logical order and gets no direction marks: players run the Unicode bidirectional algorithm
on every cue line themselves (the WebVTT standard of the W3C renders cues with ``unicode-bidi: plaintext``).
"""

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

LINES_PER_CUE = 2
# In columns, where a full-width character takes two: the limits of Netflix's timed text guides, 42 characters for
# alphabets and 16 full-width ones for Chinese.
LINE_COLUMNS = 42
LINE_COLUMNS_FULL_WIDTH = 32

# A line may break before and after these without a space: CJK symbols, kana, ideographs, full-width forms. Hangul is
# not among them, since Korean has spaces.
_IDEOGRAPH = "\u2e80-\u312f\u3190-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
# No line begins with a character of the first set or ends with one of the second (JIS X 4051, GB/T 15834).
_NOT_FIRST = "、。，．！？；：）〕］｝〉》」』】〗’”…—々ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
_NOT_LAST = "（〔［｛〈《「『【〖‘“"
_TOKEN = re.compile(f"[{_NOT_LAST}]*(?:[{_IDEOGRAPH}]|[^\\s{_IDEOGRAPH}]+)[{_NOT_FIRST}]*")


@dataclass(frozen=True)
class Cue:
    """What stands on the screen at one time.

    Attributes:
        start_ms: First millisecond shown, from the file's start.
        end_ms: Millisecond at which it goes; later than ``start_ms``.
        lines: Lines of text, from the top.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Span:
    """A stretch of a segment's text, as character offsets, and the seconds in which it is said."""

    first: int
    last: int
    start: float
    end: float

    def seconds_at(self, offset: int) -> float:
        """Returns when the character at ``offset`` begins, as if all took equally long; clipped to the stretch."""
        share = (min(max(offset, self.first), self.last) - self.first) / (self.last - self.first)
        return self.start + share * (self.end - self.start)


def split_cues(transcript: dict) -> list[Cue]:
    """Cuts a transcript into cues of at most two lines that never overlap.

    A segment that does not fit is cut between words into lines of about equal length and shown two lines at a time.
    Each cue's times are those of its words where the segment has ``words`` that spell its text, and otherwise shares of
    the segment's time in proportion to the characters. Overlapping cues are trimmed to the start of the next; every cue
    lasts at least 1 ms.

    Args:
        transcript: See the module's description.

    Returns:
        Cues in order of time; none when nothing was said.

    Raises:
        ValueError: If there is text but there are no segments, as after ``timestamps="none"``.
    """
    segments = sorted(transcript["segments"], key=lambda segment: segment["start"])
    if not segments and transcript["text"].strip():
        raise ValueError('This transcript has no times to make subtitles of; transcribe with timestamps="segment".')
    timed_lines = [timed for segment in segments for timed in _cut_segment(segment)]

    starts, previous = [], -1
    for start, _, _ in timed_lines:
        previous = max(milliseconds(start), previous + 1)
        starts.append(previous)
    cues = []
    for index, (_, end, lines) in enumerate(timed_lines):
        limit = starts[index + 1] if index + 1 < len(starts) else milliseconds(end)
        cues.append(Cue(starts[index], max(starts[index] + 1, min(milliseconds(end), limit)), lines))
    return cues


def to_srt(transcript: dict) -> str:
    """Writes SubRip (``.srt``), cues numbered from 1.

    Args:
        transcript: See the module's description.

    Returns:
        The file's text, empty when there are no cues.

    Raises:
        ValueError: As :func:`split_cues`.
    """
    return write_srt(split_cues(transcript))


def to_vtt(transcript: dict) -> str:
    """Writes WebVTT (``.vtt``), with ``&``, ``<`` and ``>`` of the text escaped.

    Args:
        transcript: See the module's description.

    Returns:
        The file's text, only the header when there are no cues.

    Raises:
        ValueError: As :func:`split_cues`.
    """
    return write_vtt(split_cues(transcript))


def write_srt(cues: Iterable[Cue]) -> str:
    """Returns the text of a SubRip file of these cues."""
    blocks = []
    for number, cue in enumerate(cues, start=1):
        # SubRip has no escapes; an arrow in the text would read as a line of times.
        text = "\n".join(cue.lines).replace("-->", "→")
        blocks.append(f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{text}\n")
    return "\n".join(blocks)


def write_vtt(cues: Iterable[Cue]) -> str:
    """Returns the text of a WebVTT file of these cues."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        text = html.escape("\n".join(cue.lines), quote=False)
        blocks.append(f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n{text}\n")
    return "\n".join(blocks)


def to_txt(transcript: dict) -> str:
    """Writes plain text (``.txt``), one segment per line, or the text as one where there are no segments.

    Args:
        transcript: See the module's description.

    Returns:
        The file's text, empty when nothing was said.
    """
    texts = [segment["text"] for segment in transcript["segments"]] or [transcript["text"]]
    lines = [" ".join(text.split()) for text in texts]
    return "".join(f"{line}\n" for line in lines if line)


def to_json(transcript: dict) -> str:
    """Writes the whole transcript as JSON (``.json``), non-ASCII letters as themselves.

    Args:
        transcript: Any JSON object.

    Returns:
        The file's text.

    Raises:
        ValueError: If a number is NaN or infinite, which JSON cannot write.
    """
    return json.dumps(transcript, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


FORMATS: dict[str, Callable[[dict], str]] = {"txt": to_txt, "srt": to_srt, "vtt": to_vtt, "json": to_json}


def _cut_segment(segment: dict) -> Iterator[tuple[float, float, tuple[str, ...]]]:
    """Yields start and end in seconds and the lines of each cue of one segment."""
    text = " ".join(segment["text"].split())
    if not text:
        return
    spans = _word_spans(text, segment.get("words") or [])
    if not spans:
        spans = [_Span(0, len(text), segment["start"], segment["end"])]
    lines = _wrap(text)
    for index in range(0, len(lines), LINES_PER_CUE):
        shown = lines[index : index + LINES_PER_CUE]
        first, last = shown[0][0], shown[-1][1]
        inside = [span for span in spans if span.first < last and span.last > first]
        yield inside[0].seconds_at(first), inside[-1].seconds_at(last), tuple(text[a:b] for a, b in shown)


def _word_spans(text: str, words: list[dict]) -> list[_Span]:
    """Finds each word in the text, in order; no spans if the words do not spell all of it or one has no time."""
    spans, position = [], 0
    for word in words:
        letters = " ".join(word["text"].split())
        if not letters:
            continue
        first = text.find(letters, position)
        if first < 0 or text[position:first].strip() or word.get("start") is None or word.get("end") is None:
            return []
        position = first + len(letters)
        spans.append(_Span(first, position, word["start"], word["end"]))
    return [] if text[position:].strip() else spans


def _wrap(text: str) -> list[tuple[int, int]]:
    """Cuts text into the fewest lines that fit, as even as possible; gives each line's first and last offset."""
    columns, limit = [0, *accumulate(char_columns(char) for char in text)], line_limit(text)
    tokens = find_tokens(text, columns, limit)

    lines = _fill(tokens, columns, limit)
    longest = max(columns[last] - columns[first] for first, last in tokens)
    while limit > longest and len(evener := _fill(tokens, columns, limit - 1)) == len(lines):
        lines, limit = evener, limit - 1
    return lines


def line_limit(text: str) -> int:
    """Returns how many columns a line of text may have: fewer where most of it is full-width."""
    full_width = sum(char_columns(char) == 2 for char in text) * 2 > len(text.replace(" ", ""))
    return LINE_COLUMNS_FULL_WIDTH if full_width else LINE_COLUMNS


def find_tokens(text: str, columns: Sequence[int], limit: int) -> list[tuple[int, int]]:
    """Returns the first and last offset of each stretch of text that no line break may cut.

    Args:
        text: Words with single spaces.
        columns: ``columns[i]`` is the width of the first ``i`` characters.
        limit: Columns of a line; what is wider is cut where that does least harm, or stays whole where it may be cut
            nowhere.
    """
    return [part for found in _TOKEN.finditer(text) for part in _cut_token(text, columns, *found.span(), limit)]


def _fill(tokens: list[tuple[int, int]], columns: list[int], limit: int) -> list[tuple[int, int]]:
    """Puts as many tokens on each line as fit; ``columns[i]`` is the width of the first ``i`` characters."""
    lines = []
    for first, last in tokens:
        if lines and columns[last] - columns[lines[-1][0]] <= limit:
            lines[-1] = (lines[-1][0], last)
        else:
            lines.append((first, last))
    return lines


def _cut_token(text: str, columns: Sequence[int], first: int, last: int, limit: int) -> Iterator[tuple[int, int]]:
    """Cuts a token wider than a line (Thai, Khmer and Burmese write whole sentences without a space)."""
    start = cut = first
    for offset in range(first + 1, last):
        # A mark belongs to the letter before it, and a joiner to those on both sides.
        before, after = unicodedata.category(text[offset - 1]), unicodedata.category(text[offset])
        if before != "Cf" and after != "Cf" and after[0] != "M":
            cut = offset
        if cut > start and columns[offset + 1] - columns[start] > limit:
            yield start, cut
            start = cut
    yield start, last


def char_columns(char: str, wide: str = "WF") -> int:
    """Returns the width of a character on a fixed grid: 0, 1 or 2 (Unicode Standard Annex 11).

    Args:
        char: One character.
        wide: The annex's classes that take two columns; among Chinese the ambiguous ``A``, as of quotation marks, too.
    """
    if unicodedata.category(char) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in wide else 1


def milliseconds(seconds: float) -> int:
    """Returns seconds in whole milliseconds."""
    return round(seconds * 1000)


def _clock(milliseconds: int, decimal_sign: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{decimal_sign}{milliseconds:03}"
