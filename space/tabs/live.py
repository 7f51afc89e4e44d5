"""The live tab: the microphone's words as they are spoken, for good at each pause, with their Chinese if wanted.

Gradio's own streaming audio overwrites a chunk that was not taken yet and so loses sound. Here the page's script sends
everything that has gathered as soon as the last message was answered: slow answers make messages longer, never fewer.
"""

import base64
import logging
from pathlib import Path
from threading import BoundedSemaphore

import gradio as gr
import numpy as np

from najva.languages import AUTO, LANGUAGES, UnknownLanguage, parse_language
from najva.live import MAX_SESSION_SECONDS, Caption, LiveError, LiveSessions
from najva.pretrained import ModelError
from najva.services import Services
from najva.transcriber import Transcript
from najva.translation.engine import FAILURES
from najva.translation.scripts import UnknownTarget, check_target
from najva.translation.translator import UnsupportedLanguage
from najva.vad import SAMPLE_RATE_HZ, Span
from tabs.look import escape, length_in_words
from tabs.speech import language_choices
from tabs.translation_view import FLAG_WORDS, SCRIPTS

_SCRIPT = Path(__file__).with_name("live.js")
# A minute of 16-bit sound at 16 kHz: more never gathers between two messages of a healthy page.
_MAX_MESSAGE_BYTES = 60 * SAMPLE_RATE_HZ * 2
_NAME_LENGTH = 64
# Of all visitors, what is written for good at once and as drafts: more would only make each of them slower.
_AT_ONCE, _DRAFTS_AT_ONCE, _TRANSLATIONS_AT_ONCE = 2, 2, 2
# Of what is asked for by name, and named in a refusal.
_LONGEST_NAME = 40
_OTHER_FORM = "This message is not of the live page's form."
_FAULTS = (LiveError, ModelError, UnknownLanguage, UnknownTarget, UnsupportedLanguage)


def build(services: Services) -> None:
    """Lay out the tab.

    Args:
        services: the models.
    """
    settings = services.settings
    # Nobody speaks longer than a recording may be.
    longest_seconds = min(MAX_SESSION_SECONDS, settings.max_seconds)
    turns, translating = BoundedSemaphore(_AT_ONCE), BoundedSemaphore(_TRANSLATIONS_AT_ONCE)
    drafting = BoundedSemaphore(_DRAFTS_AT_ONCE)

    def write(span: Span, language: str, draft: bool) -> Transcript | None:
        if not draft:
            with turns:
                return services.transcribe_span(span, language)
        # A draft that finds its turns taken is left out: the next one says the same and more.
        if not drafting.acquire(blocking=False):
            return None
        try:
            return services.transcribe_span(span, language, once=True)
        except FAILURES:
            # What was said is written for good at the pause, or it is told then that it cannot be.
            return None
        finally:
            drafting.release()

    sessions = LiveSessions(lambda: services.transcriber.detector, write, settings.max_speakers, longest_seconds)
    limit = length_in_words(longest_seconds)

    def push(message: dict) -> dict:
        try:
            name, number, samples, language, last = _read(message)
            keep = bool(message.get("target")) and bool(_asked(message))
            session = sessions.get(name, number)
            if not session.lock.acquire(blocking=False):
                # The page waits for each answer. Copies of one message shall not hold the threads that all share.
                return {"error": "This session is still answering; send one message after another."}
            try:
                answer = session.push(number, samples, last=last, language=language, keep=keep)
            finally:
                session.lock.release()
            if session.is_over:
                sessions.end(name)
        except _FAULTS as error:
            sessions.end(_name(message))
            return {"error": _printable(error)}
        except FAILURES as error:
            sessions.end(_name(message))
            logging.getLogger(__name__).warning("A live session failed: %s", type(error).__name__)
            return {"error": "The model failed; start again."}
        return {
            "received": session.received_samples,
            "speaking": session.cutter.speaking,
            "captions": [_caption(caption) for caption in answer.captions],
            "draft": {
                "firm": answer.draft.firm,
                "pale": answer.draft.pale,
                "start": answer.draft.start_seconds,
                **_reading(answer.draft.language),
            },
            "ended": f"A live session ends after {limit}; start again to go on." if session.full else "",
        }

    def leave(message: dict) -> dict:
        """Forget the session of whoever closes the page."""
        sessions.end(_name(message))
        return {}

    def chinese(message: dict) -> dict:
        try:
            number, target = _asked(message)
            caption = sessions.take(_name(message), number)
            with translating:
                sentences = services.translate_span(caption.span, caption.transcript, target)
        except _FAULTS as error:
            return {"error": _printable(error)}
        except FAILURES as error:
            logging.getLogger(__name__).warning("A live translation failed: %s", type(error).__name__)
            return {"error": "Not translated."}
        return {
            "sentences": [
                {"text": one.translation, "flags": [FLAG_WORDS[flag] for flag in one.flags]} for one in sentences
            ]
        }

    gr.HTML(
        html_template=_page(limit, settings.max_speakers),
        js_on_load=_SCRIPT.read_text(encoding="utf-8"),
        server_functions=[push, chinese, leave],
        elem_id="live",
    )


def _page(limit: str, speakers: int) -> str:
    languages = _options(language_choices(), AUTO)
    scripts = _options([("No Chinese", ""), *SCRIPTS], SCRIPTS[0][1])
    page = _PAGE.replace("LANGUAGES", languages).replace("SCRIPTS", scripts)
    return page.replace("LIMIT", limit).replace("SPEAKERS", str(speakers))


def _options(choices: list[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<option value="{value}" {"selected" if value == chosen else ""}>{escape(label)}</option>'
        for label, value in choices
    )


def _caption(caption: Caption) -> dict:
    transcript, span = caption.transcript, caption.span
    known = LANGUAGES.get(transcript.language.code)
    return {
        "number": caption.number,
        "start": round(span.start_seconds, 2),
        "end": round(span.end_seconds, 2),
        "text": transcript.text,
        "language": (known.own_name if known else "") + ("" if transcript.language.sure else " ?"),
        # A guessed language is told by its mark.
        "doubtful": bool({*transcript.flags} - {"language_unsure"}),
        **_reading(transcript.language.code),
    }


def _reading(code: str) -> dict:
    """Return what a browser needs to set a language's text: a Persian line may begin with a Latin name."""
    known = LANGUAGES.get(code)
    return {"lang": code, "dir": "auto" if known is None else "rtl" if known.right_to_left else "ltr"}


def _printable(error: Exception) -> str:
    """Return an error's sentence; what a caller made up may not be fit to be sent back."""
    return str(error).encode("utf-8", "replace").decode("utf-8")


def _name(message: dict) -> str:
    return str(message.get("session", "")) if isinstance(message, dict) else ""


def _asked(message: dict) -> tuple[int, str]:
    """Return the number of a caption and the letters that its Chinese is wanted in; raises as `_read`."""
    try:
        number, target = int(message["number"]), str(message["target"])[:_LONGEST_NAME]
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise LiveError(_OTHER_FORM) from error
    check_target(target)
    return number, target


def _read(message: dict) -> tuple[str, int, np.ndarray, str, bool]:
    """Check a message: server functions are open to anybody who can open the page.

    Raises:
        LiveError: it is not of the page's own form.
    """
    try:
        name, number = _name(message), int(message["number"])
        pcm = base64.b64decode(message["pcm"], validate=True)
        last, language = bool(message.get("last")), str(message.get("language") or AUTO)[:_LONGEST_NAME]
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise LiveError(_OTHER_FORM) from error
    if not 8 <= len(name) <= _NAME_LENGTH or number < 0 or len(pcm) % 2 or len(pcm) > _MAX_MESSAGE_BYTES:
        raise LiveError(_OTHER_FORM)
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0
    return name, number, samples, parse_language(language), last


_PAGE = """
<div class="najva-live">
  <div class="najva-live-controls">
    <button type="button" class="najva-live-button" data-state="idle">Start speaking</button>
    <meter class="najva-live-level" min="0" max="1" value="0" aria-label="Loudness"></meter>
    <label>Language <select class="najva-live-language">LANGUAGES</select></label>
    <label>Chinese beneath <select class="najva-live-chinese">SCRIPTS</select></label>
  </div>
  <p class="najva-live-state" role="status">Words appear as you speak, and stay as they are after a pause.</p>
  <div class="najva-live-room">
    <ol class="najva-live-captions" aria-live="polite" tabindex="0" aria-label="What was said">
      <li class="najva-live-draft" dir="auto" aria-live="off" hidden>
        <time></time><p translate="no"><b></b> <i></i></p>
      </li>
    </ol>
  </div>
  <div class="najva-live-after">
    <button type="button" class="najva-live-full">Full screen</button>
    <button type="button" class="najva-live-save" data-kind="txt" hidden>Save TXT</button>
    <button type="button" class="najva-live-save" data-kind="srt" hidden>Save SRT</button>
  </div>
  <p class="najva-note">Up to LIMIT at a time. Your voice is written down as you speak and stored nowhere.</p>
  <p class="najva-note">Up to SPEAKERS people may speak at once.</p>
</div>
"""
