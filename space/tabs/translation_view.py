"""A translation as the page shows it: status, sentence beside sentence, the Chinese alone, downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from najva.bilingual_subtitles import LAYOUTS, UNRELIABLE_MARK, split_cues, to_json, to_txt
from najva.languages import LARGE_V3_LANGUAGES
from najva.services import Services
from najva.speech_translation import Translation
from najva.subtitles import write_srt, write_vtt
from najva.text_translation import TextTranslation
from najva.translation.registry import AUTO, MODELS
from najva.translation.translator import SCRIPT, TranslatedSentence
from tabs import look
from tabs.look import AUTO_IN_WORDS, clock, escape

EMPTY_STATUS = (
    '<div class="najva-status">Speak, bring a recording, or write a text, then press <b>Into Chinese</b>.</div>'
)
SCRIPTS = [("简体 · Simplified", "zh-Hans"), ("繁體 · Traditional (Taiwan)", "zh-Hant")]
FLAG_WORDS = {
    "rough": "Rough: this may well not say what the source says.",
    "digits": "A number of the source is missing or another one.",
    "length": "Much shorter or longer than its source.",
    "repetition": "It repeats itself.",
    "script": "Not all of it is Chinese.",
    "empty": "Not translated.",
}
_ROUTES = {
    "cascade": "first written down, then translated",
    "pivot": "translated through English",
    "forced": "an experiment: Whisper told that it hears Chinese",
    "script": "it was Chinese already; only its letters were changed",
}
Translated = TypeVar("Translated", Translation, TextTranslation)
# Of an answer's models.
MadeWith = Callable[[Mapping[str, str]], dict]
_SHOWN_MEANWHILE = 60
_LAYOUT_WORDS = {"zh": "Chinese", "zh-source": "Chinese over source", "source-zh": "source over Chinese"}
_WAYS = {"pivot": "Through English, by Whisper", "forced": "An experiment: Whisper told that it hears Chinese"}


def engines(services: Services) -> list[tuple[str, str]]:
    """Return the engines as a visitor chooses among them, each with what it is and its licence."""
    choices = [(AUTO_IN_WORDS, AUTO)]
    for name in services.translations.names[1:]:
        row = MODELS.get(name)
        if name in _WAYS:
            choices.append((_WAYS[name], name))
        elif row is None:
            choices.append((services.settings.translator, name))
        else:
            size = f"{row.parameters / 1e6:,.0f} million parameters"
            told = f"{row.reference} ({row.licence}, {size})"
            if row.non_commercial:
                told += ": not for commercial use"
            choices.append((told, name))
    return choices


class Shown(NamedTuple):
    """What the outputs of a translation show, in their order; `player` plays the recording."""

    status: str
    player: str = ""
    sentences: str = ""
    chinese: str = ""
    downloads: str = ""


def of_speech(found: Translation, seconds: float | None, path: str, made: MadeWith, *, stopped: bool) -> Shown:
    """Return what the outputs show of a recording's translation.

    Args:
        found: the whole or a part.
        seconds: length of the recording, where known.
        path: of the recording; downloads get its name.
        made: tells where the answer comes from, of its models; see `Services.made_with`.
        stopped: whether the visitor ended it early.
    """
    ended = found.finished or stopped
    if not ended:
        status = look.working("Translating" if found.sentences else "Listening", _done(found), seconds)
    elif not found.sentences and stopped:
        status = '<div class="najva-status" role="status">Stopped before the first sentence was translated.</div>'
    elif not found.sentences:
        status = '<div class="najva-status">No speech found: nobody seems to speak in this recording.</div>'
    else:
        end = f"Stopped at {clock(_done(found))}" if stopped else clock(found.transcript.audio_seconds)
        language = _name(found.transcript.language.code)
        line = f"{end} of {language} in {found.compute_seconds:.1f} s"
        status = _status(line, found.models, found.route, found.notes, found.sentences)
    downloads = _downloads(found.as_dict(), Path(path).stem, made, timed=True) if ended and found.sentences else ""
    pairs = _sentences(found.sentences, found.target, found.transcript.language.code, ended)
    player = look.player(path) if found.sentences else ""
    return Shown(status, player, pairs, _marked(found).text, downloads)


def of_text(found: TextTranslation, made: MadeWith, *, stopped: bool) -> Shown:
    """Return what the outputs show of a text's translation; see `of_speech`."""
    ended = found.finished or stopped
    if not ended:
        done, total = len(found.sentences), len(found.lines)
        bar = f'<progress value="{done}" max="{total}"></progress>'
        status = f'<div class="najva-status">Translating… {done} of {total} sentences{bar}</div>'
    else:
        line = f"{len(found.sentences)} sentences of {_name(found.source)}"
        status = _status(line, found.models, found.route if found.route == SCRIPT else "", found.notes, found.sentences)
    downloads = ""
    if ended and found.sentences:
        answer = found.as_dict()
        segments = answer.pop("sentences")
        answer |= {"source_text": " ".join(one["source"] for one in segments), "segments": segments}
        downloads = _downloads(answer, "text", made, timed=False)
    pairs = _sentences(found.sentences, found.target, found.source, ended)
    return Shown(status, "", pairs, _marked(found).text, downloads)


def _marked(found: Translated) -> Translated:
    """Return a translation whose doubtful sentences say so in their text: whoever copies it shall know."""
    marked = (
        replace(one, translation=UNRELIABLE_MARK + one.translation) if one.flags and one.translation else one
        for one in found.sentences
    )
    return replace(found, sentences=tuple(marked))


def _done(found: Translation) -> float:
    return found.sentences[-1].end or 0.0 if found.sentences else 0.0


def _status(line: str, models, route: str, notes, sentences) -> str:
    if models:
        written = " and ".join(f"<code>{escape(reference)}</code>" for _, reference in models)
        line += f", translated by {written}"
    if route in _ROUTES:
        line += f" ({_ROUTES[route]})"
    doubtful = sum(bool(one.flags) for one in sentences)
    warnings = [escape(note) for note in notes]
    if doubtful:
        warnings.insert(0, f"Doubtful: {doubtful} of {len(sentences)}, grey and with the reason.")
    told = "".join(f'<li class="najva-warning">{warning}</li>' for warning in warnings)
    return f'<div class="najva-status" role="status">{line}.<ul>{told}</ul></div>'


def _sentences(sentences: Sequence[TranslatedSentence], target: str, language: str, ended: bool) -> str:
    if not sentences:
        return ""
    # Of hours of speech every look would send megabytes again.
    shown = sentences if ended else sentences[-_SHOWN_MEANWHILE:]
    hidden = len(sentences) - len(shown)
    earlier = f'<p class="najva-status">{hidden} sentences before these are shown at the end.</p>' if hidden else ""
    known = LARGE_V3_LANGUAGES.get(language)
    # A sentence of Persian may begin with a Latin word.
    direction = "rtl" if known and known.right_to_left else "auto"
    rows = "".join(_row(one, target, direction) for one in shown)
    if sentences[0].start is None:
        return f'{earlier}<ol class="najva-pairs najva-untimed">{rows}</ol>'
    return f'{earlier}<div class="najva-timed najva-follows"><ol class="najva-pairs">{rows}</ol></div>'


def _row(one: TranslatedSentence, target: str, direction: str) -> str:
    timed = one.start is not None and one.end is not None
    play, times = (look.play_button(one.start), look.times(one.start, one.end)) if timed else ("", "")
    english = f'<p class="najva-english" lang="en" translate="no">{escape(one.english)}</p>' if one.english else ""
    reasons = "".join(f"<small>{FLAG_WORDS[flag]}</small>" for flag in one.flags)
    kind = ' class="najva-doubtful"' if one.flags else ""
    return (
        f'<li{kind} {times}>{play}<div><p dir="{direction}" translate="no">{escape(one.source)}</p>{english}</div>'
        f'<div><p lang="{target}" translate="no">{escape(one.translation) or "—"}</p>{reasons}</div></li>'
    )


def _downloads(answer: dict, name: str, made: MadeWith, *, timed: bool) -> str:
    whole = answer | {"made_with": made(answer["models"])}
    files = [(f"{name}.txt", "TXT", to_txt(answer)), (f"{name}.json", "JSON", to_json(whole))]
    # Cutting takes the time, and is done once a layout.
    cues = {layout: split_cues(answer, layout) for layout in LAYOUTS} if timed else {}
    menus = {
        ending.upper(): [
            (f"{name}.{layout}.{ending}", _LAYOUT_WORDS[layout], write(cut)) for layout, cut in cues.items()
        ]
        for ending, write in (("srt", write_srt), ("vtt", write_vtt))
        if cues
    }
    return look.downloads(files, menus)


def _name(code: str) -> str:
    known = LARGE_V3_LANGUAGES.get(code)
    return known.english_name if known else escape(code)
