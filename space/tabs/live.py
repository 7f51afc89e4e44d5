"""The live tab: the microphone's text, sentence by sentence at each pause.

Gradio's own streaming audio overwrites a chunk that was not taken yet and so loses sound. Here the page's script sends
everything that has gathered as soon as the last message was answered: slow answers make messages longer, never fewer.
"""

import base64
from pathlib import Path

import gradio as gr
import numpy as np

from najva.languages import AUTO, LANGUAGES, UnknownLanguage, parse_language
from najva.live import MAX_SESSION_SECONDS, LiveError, LiveSessions
from najva.pretrained import ModelError
from najva.services import Services
from najva.vad import SAMPLE_RATE_HZ
from tabs.look import clock, escape, length_in_words
from tabs.speech import language_choices

_SCRIPT = Path(__file__).with_name("live.js")
# A minute of 16-bit sound at 16 kHz: more never gathers between two messages of a healthy page.
_MAX_MESSAGE_BYTES = 60 * SAMPLE_RATE_HZ * 2
_NAME_LENGTH = 64


def build(services: Services) -> None:
    """Lay out the tab.

    Args:
        services: the models.
    """
    settings = services.settings
    # Nobody speaks longer than a recording may be.
    longest_seconds = min(MAX_SESSION_SECONDS, settings.max_seconds)
    sessions = LiveSessions(lambda: services.transcriber.detector, settings.max_queue, longest_seconds)
    limit = length_in_words(longest_seconds)

    def push(message: dict) -> dict:
        try:
            name, number, samples, language, last = _read(message)
            session = sessions.get(name, number)
            with session.lock:
                spans = session.push(number, samples, last=last)
                captions = [_caption(services, span, language) for span in spans]
            if last or session.full:
                sessions.end(name)
        except (LiveError, ModelError, UnknownLanguage) as error:
            sessions.end(_name(message))
            return {"error": str(error)}
        return {
            "received": session.received_samples,
            "speaking": session.cutter.speaking,
            "captions": [caption for caption in captions if caption],
            "ended": f"A live session ends after {limit}; start again to go on." if session.full else "",
        }

    options = "".join(
        f'<option value="{code}" {"selected" if code == AUTO else ""}>{escape(label)}</option>'
        for label, code in language_choices()
    )
    gr.HTML(
        html_template=_PAGE.replace("OPTIONS", options).replace("LIMIT", limit),
        js_on_load=_SCRIPT.read_text(encoding="utf-8"),
        server_functions=[push],
        elem_id="live",
    )


def _caption(services: Services, span, language: str) -> dict | None:
    transcript = services.transcribe_span(span, language)
    if not transcript.segments:
        return None
    known = LANGUAGES.get(transcript.language.code)
    return {
        "time": clock(span.start_seconds),
        "text": transcript.text,
        "language": (known.own_name if known else "") + ("" if transcript.language.sure else " ?"),
        "doubtful": bool(transcript.flags),
    }


def _name(message: dict) -> str:
    return str(message.get("session", "")) if isinstance(message, dict) else ""


def _read(message: dict) -> tuple[str, int, np.ndarray, str, bool]:
    """Check a message: server functions are open to anybody who can open the page.

    Raises:
        LiveError: it is not of the page's own form.
    """
    try:
        name, number = _name(message), int(message["number"])
        pcm = base64.b64decode(message["pcm"], validate=True)
        last, language = bool(message.get("last")), str(message.get("language") or AUTO)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise LiveError("This message is not of the live page's form.") from error
    if not 8 <= len(name) <= _NAME_LENGTH or number < 0 or len(pcm) % 2 or len(pcm) > _MAX_MESSAGE_BYTES:
        raise LiveError("This message is not of the live page's form.")
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0
    return name, number, samples, parse_language(language), last


_PAGE = """
<div class="najva-live">
  <div class="najva-live-controls">
    <button type="button" class="najva-live-button" aria-pressed="false">Start speaking</button>
    <label>Language <select class="najva-live-language">OPTIONS</select></label>
    <meter class="najva-live-level" min="0" max="1" value="0" aria-label="Loudness"></meter>
    <span class="najva-live-state" role="status">The text of each sentence appears when you pause.</span>
  </div>
  <p class="najva-note">Up to LIMIT at a time. Your voice is written down as you speak and stored nowhere.</p>
  <ol class="najva-live-captions" aria-live="polite"></ol>
</div>
"""
