"""A transcript as the page shows it: status, text, languages, segments, downloads."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from najva.comparison import mark, rule_for, word_error_rate
from najva.languages import LANGUAGES
from najva.persian import normalize
from najva.settings import Settings
from najva.subtitles import FORMATS
from najva.transcriber import Transcript
from najva.transcriber.transcript import Segment
from tabs import look
from tabs.corrections import sentences
from tabs.look import clock, escape, length_in_words

EMPTY_STATUS = (
    '<div class="najva-status">Record a few sentences or bring a file, then press <b>Write it down</b>.</div>'
)
_TOP_LANGUAGES = 5
_SHOWN_MEANWHILE = 60
_FLAG_WORDS = {
    "no_speech": "No speech found: nobody seems to speak in this recording.",
    "loop_cut": "A passage repeated itself over and over and was cut to one; listen to it again.",
    "low_confidence": "The model itself is not confident of parts of this text.",
    "language_unsure": "The language is a guess. If it is wrong, name it under “Language, model”.",
}


class Shown(NamedTuple):
    """What the outputs of a transcript show, in their order.

    Attributes:
        player: plays the recording.
        corrections: the text to be corrected, once it is whole.
        archive: of what was corrected, which is made when it is asked for.
    """

    status: str
    text: str = ""
    languages: str = ""
    player: str = ""
    segments: str = ""
    downloads: str = ""
    corrections: str = ""
    archive: str = ""


def results(transcript: Transcript, seconds: float | None, path: str, *, stopped: bool, caution: str = "") -> Shown:
    """Return what the outputs show.

    Args:
        transcript: the whole or a part.
        seconds: length of the recording, where known.
        path: of the recording; downloads get its name.
        stopped: whether the visitor ended it early.
        caution: what is to be known of the model that wrote it.
    """
    whole = (transcript.finished or stopped) and bool(transcript.segments)
    return Shown(
        status=_status(transcript, seconds, caution, stopped=stopped),
        text=transcript.text,
        languages=_languages(transcript),
        player=look.player(path) if transcript.segments else "",
        segments=_segments(transcript, whole=whole),
        downloads=_downloads(transcript, Path(path).stem) if whole else "",
        corrections=sentences(transcript.segments, path) if whole else "",
    )


@dataclass(frozen=True)
class Pair:
    """What the language's own model and plain Whisper wrote of one recording.

    Attributes:
        language: code.
        own: text of the language's own model, and its reference.
        plain: text of the base, and its reference.
        whole: whether the base has written to the end.
        other_base: what the own model was tuned from, where that is not the plain one.
    """

    language: str
    own: tuple[str, str]
    plain: tuple[str, str]
    whole: bool = True
    other_base: str = ""


def comparison(pair: Pair, said: str = "") -> str:
    """Return two texts side by side, differing words marked once both are whole.

    Args:
        pair: what was written.
        said: what was really said, if the visitor typed it; then each text is held against that.
    """
    rule = rule_for(pair.language)
    said = said if normalize(said, rule) else ""
    columns = []
    for title, (text, model), (other, _) in (
        ("Plain Whisper", pair.plain, pair.own),
        ("Tuned", pair.own, pair.plain),
    ):
        words = " ".join(
            escape(word.text) if word.same or not pair.whole else f"<mark>{escape(word.text)}</mark>"
            for word in mark(text, said or other, rule)
        )
        rate = word_error_rate(said, text, rule)
        wrong = "" if rate is None else f"<b>WER {100 * rate:.0f} %</b>"
        heading = f"<h2><span>{title}</span> <code>{escape(model)}</code>{wrong}</h2>"
        columns.append(f'<section>{heading}<p dir="auto" translate="no">{words or "(nothing)"}</p></section>')
    told = "Marked words differ from what was said." if said else "Marked words differ from one another."
    told = f"<span>{told if pair.whole else 'Plain Whisper is writing…'}</span>"
    if pair.other_base:
        base = escape(pair.other_base)
        told += f" <span>The tuned model was made from {base}, so this is not before and after tuning.</span>"
    return f'<div class="najva-comparison">{"".join(columns)}<p>{told}</p></div>'


def no_comparison(transcript: Transcript, *, chosen: bool) -> str:
    """Return why there are no two texts to compare.

    Args:
        transcript: what plain Whisper wrote.
        chosen: whether the visitor wanted it so.
    """
    name = english_name(transcript.language.code)
    why = ", as you chose." if chosen else f": {name} has no tuned model here."
    return f'<div class="najva-comparison"><p>Plain Whisper wrote this itself{why}</p></div>'


def english_name(code: str) -> str:
    """Return a language's name as HTML holds it."""
    known = LANGUAGES.get(code)
    return known.english_name if known else escape(code)


def limits(settings: Settings) -> str:
    """Return what a recording may be, and what becomes of it."""
    length = length_in_words(settings.max_seconds)
    return (
        f'<p class="najva-note">WAV, MP3, FLAC, OGG, M4A, WebM or AU, up to {length} and {settings.max_file_mb:g} MB. '
        "Your recording is deleted when you clear it or leave, at the latest after an hour.</p>"
        f'<p class="najva-note">Up to {settings.max_visitors} visitors are served at once and {settings.max_queue} '
        "wait in line; whoever comes then is asked to try again.</p>"
    )


def _status(transcript: Transcript, seconds: float | None, caution: str, *, stopped: bool) -> str:
    if transcript.finished or stopped:
        told = [_FLAG_WORDS[flag] for flag in transcript.flags] + ([escape(caution)] if caution else [])
        warnings = "".join(f'<li class="najva-warning">{sentence}</li>' for sentence in told)
        end = f"Stopped at {clock(transcript.audio_seconds)}" if stopped else clock(transcript.audio_seconds)
        line = f"{end} of sound in {transcript.compute_seconds:.1f} s"
        if transcript.model:
            line += f", written by <code>{escape(transcript.model)}</code>"
        return f'<div class="najva-status">{line}.<ul>{warnings}</ul></div>'
    return look.working("Writing", transcript.audio_seconds, seconds)


def _languages(transcript: Transcript) -> str:
    language = transcript.language
    if not language.code:
        return ""
    if language.decided_by == "caller":
        said = f"<p>{_name(language.code)} <span>(as you said)</span></p>"
        return f'<div class="najva-languages"><h2>Language</h2>{said}</div>'
    top = list(language.probabilities.items())[:_TOP_LANGUAGES]
    rows = "".join(
        f'<li><span>{_name(code)}</span><span class="najva-bar" style="--share:{value:.3f}"></span>'
        f"<b>{_percent(value)}</b></li>"
        for code, value in top
    )
    title = f"<span>Language:</span> {_name(language.code)}"
    badge = "" if language.sure else ' <span class="najva-badge">unsure</span>'
    judge = ""
    if language.decided_by != "whisper":
        judge = f"<p>{english_name(language.code)} was heard by a check of its own. Whisper itself thought:</p>"
    return f'<div class="najva-languages"><h2>{title}{badge}</h2>{judge}<ol>{rows}</ol></div>'


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 else "&lt;1 %"


def _segments(transcript: Transcript, *, whole: bool) -> str:
    if not transcript.segments:
        return ""
    # Of hours of speech every look would send megabytes again.
    shown = transcript.segments if whole else transcript.segments[-_SHOWN_MEANWHILE:]
    row = _words if whole else lambda segment: escape(segment.text)
    rows = "".join(
        # The text's direction is the row's, so that the time of a Persian line stands at its beginning.
        f'<li dir="auto" class="{"najva-doubtful" if segment.flags else ""}" {look.times(segment.start, segment.end)}>'
        f'{look.play_button(segment.start)}<p translate="no">{row(segment)}</p></li>'
        for segment in shown
    )
    hint = "<small>Press a time or a word to hear it.</small>"
    return f'<div class="najva-segments najva-timed najva-follows"><h2>With times</h2>{hint}<ol>{rows}</ol></div>'


def _words(segment: Segment) -> str:
    """Return a segment's text, each word of which is heard when pressed and shows its time when pointed at."""
    parts, place = [], 0
    for word in segment.words:
        # Between words stands what the text has there: nothing in Chinese.
        found = segment.text.find(word.text, place)
        if found < 0 or not word.text:
            continue
        title = f"{word.start:.2f}–{word.end:.2f} s"
        parts.append(escape(segment.text[place:found]))
        parts.append(f'<span {look.times(word.start, word.end)} title="{title}">{escape(word.text)}</span>')
        place = found + len(word.text)
    return "".join(parts) + escape(segment.text[place:])


def _downloads(transcript: Transcript, name: str) -> str:
    answer = transcript.as_dict()
    return look.downloads((f"{name}.{ending}", ending.upper(), render(answer)) for ending, render in FORMATS.items())


def _name(code: str) -> str:
    """Return a language's name and, beside it, its own name for itself."""
    known = LANGUAGES.get(code)
    if known is None:
        return escape(code)
    own = f'<span class="najva-own-name" lang="{code}" translate="no"> · <bdi>{known.own_name}</bdi></span>'
    return f"<span>{known.english_name}</span>{own if known.own_name != known.english_name else ''}"
