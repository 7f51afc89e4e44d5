"""The look of the page: style sheet, header, and small pieces of HTML that every tab uses."""

import base64
import html
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

import gradio as gr
from gradio.utils import get_space

from najva.languages import LARGE_V3_LANGUAGES
from najva.pretrained import ModelError
from najva.services import Role, Services
from tabs import theme

_FOLDER = Path(__file__).parent
# The eight-pointed star of Persian tiles, and a whisper going out of it.
_MARK = (
    '<svg viewBox="0 0 48 48" fill="none" stroke="var(--color-accent)" stroke-width="2.6" stroke-linecap="round" '
    'stroke-linejoin="round" aria-hidden="true"><rect x="9.5" y="9.5" width="29" height="29"/>'
    '<rect x="9.5" y="9.5" width="29" height="29" transform="rotate(45 24 24)"/>'
    '<path d="M17 21.5v5M24 17.5v13M31 21.5v5"/></svg>'
)
# Of the whole page, besides `interface.js`.
_SCRIPTS = ("player.js", "corrections.js", "speak_now.js")
# What a Gradio dropdown shows as chosen is an input's value, which no script may change: it is in all three languages.
AUTO_IN_WORDS = "Auto · خودکار · 自动"
# File name, what the link says, content.
Download = tuple[str, str, str | bytes]
_TYPES = {
    "txt": "text/plain;charset=utf-8",
    "srt": "application/x-subrip;charset=utf-8",
    "vtt": "text/vtt;charset=utf-8",
    "json": "application/json;charset=utf-8",
    "zip": "application/zip",
}


def launch_options() -> dict:
    """Return what `launch()` needs to know of the look."""
    css = (_FOLDER / "style.css").read_text(encoding="utf-8")
    scripts = "".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    head = f"<style>{theme.TYPEFACE_RULE}</style><script>{_interface()}{scripts}</script>"
    return {"theme": theme.build(), "css": css, "head": head}


def _interface() -> str:
    """Return the script that tells the page in the reader's language; see `interface.js`."""
    words = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (_FOLDER / "words").glob("*.json")}
    names = {known.english_name: known.code for known in LARGE_V3_LANGUAGES.values()}
    script = (_FOLDER / "interface.js").read_text(encoding="utf-8")
    for name, value in (("WORDS", words), ("LANGUAGES", names)):
        script = script.replace(f"const {name} = {{}};", f"const {name} = {json.dumps(value, ensure_ascii=False)};")
    return script


def header(page: gr.Blocks, services: Services) -> None:
    """Name and purpose of the page, the switch of its language, and the models, told when the page is opened."""
    gr.HTML(
        f'<div class="najva-header"><h1 translate="no">{_MARK}Najva <span lang="fa" dir="rtl">نجوا</span></h1>'
        f'<div class="najva-page-languages" role="group" aria-label="Language of the page">{_switches()}</div>'
        "<p>Speak, or bring a recording: Najva writes it down, in Persian and in 98 other languages, and says it in "
        "Chinese. Bring a song, and it tells the genre.</p>"
        # To the live tab, and on with it; see `speak_now.js`.
        '<button type="button" class="najva-speak">Speak now</button></div>'
    )
    line = gr.HTML('<div class="najva-model">Looking for the models…</div>', elem_id="model-line")
    page.load(lambda: model_line(services), None, line, queue=False, show_progress="hidden", api_visibility="private")
    if get_space():
        # On the Hub alone, which gives whoever presses it a Space of the same files and variables.
        gr.DuplicateButton("Duplicate this Space", size="sm", elem_id="duplicate")


def _switches() -> str:
    return "".join(
        f'<button type="button" data-language="{code}" lang="{code}" translate="no">{name}</button>'
        for code, name in (("fa", "فارسی"), ("en", "English"), ("zh", "中文"))
    )


def model_line(services: Services) -> str:
    """Return which models are at work, in a line, and what is wrong."""
    try:
        spoken, genres = services.roles, services.genre_roles
        # Whoever opens the page does not wait for a download.
        chinese = services.translation_roles if services.translations.is_settled else []
    except ModelError as error:
        return f'<div class="najva-model"><p class="najva-problem" role="alert">{escape(str(error))}</p></div>'
    # Of the genre networks the first is the default one; the music tab lists the others.
    names = " · ".join(
        f"<code>{escape(role.checkpoint.reference)}</code>" for role in (*spoken, *chinese[:1], *genres[:1])
    )
    problems = "".join(f'<p class="najva-problem" role="alert">{escape(one)}</p>' for one in services.problems)
    return f'<div class="najva-model"><p><span>At work:</span> {names}</p>{problems}</div>'


def demonstration(role: Role | None) -> str:
    """Return what is to be known of a model that errs often; nothing of one that does not."""
    if role is None or not role.is_demonstration:
        return ""
    speaker = "real people" if role.heard_people else "a synthetic voice"
    return f"A demonstration: of a hundred words of {speaker} it got {100 * role.words_wrong:.0f} wrong in its test."


def escape(text: str) -> str:
    """Return text that is safe inside HTML, in attributes too."""
    return html.escape(text, quote=True)


def problem(sentence: str) -> str:
    """Return the status after a recording was refused."""
    return f'<div class="najva-status najva-problem" role="alert">{escape(sentence)}</div>'


def working(doing: str, seconds: float | None = None, total: float | None = None) -> str:
    """Return the status while something is done.

    Args:
        doing: such as `Listening`.
        seconds: of the recording that are done; None before anything is.
        total: the recording's length, where known.
    """
    bar, done = "<progress></progress>", "" if seconds is None else f" {clock(seconds)}"
    if seconds is not None and total:
        bar = f'<progress value="{min(1.0, seconds / total):.3f}" max="1"></progress>'
        done += f" of {clock(total)}"
    return f'<div class="najva-status">{doing}…{done}{bar}</div>'


def player(path: str) -> str:
    """Return what plays a recording that lies in Gradio's folder of uploads; see `player.js`."""
    # Without a leading slash: an app may be served under a path of its own.
    address = escape(f"gradio_api/file={quote(path)}")
    fault = "<p>This browser cannot play this recording.</p>"
    return f'<div class="najva-player"><audio controls preload="metadata" src="{address}"></audio>{fault}</div>'


def times(start: float, end: float) -> str:
    """Return the attributes of what is heard from one second to another."""
    return f'data-start="{start:.2f}" data-end="{end:.2f}"'


def play_button(start: float) -> str:
    """Return a time that is pressed to hear the recording from there."""
    told = clock(start)
    return (
        f'<button type="button" class="najva-play" data-start="{start:.2f}" aria-label="Play from {told}">'
        f"<time>{told}</time></button>"
    )


def downloads(
    files: Iterable[Download], menus: Mapping[str, Iterable[Download]] | None = None, told: str = "Download"
) -> str:
    """Return links that hold their files themselves, so that nothing of a visitor's is written to the server's disk.

    Args:
        files: each a link.
        menus: more of them, that fold out under a name, one menu at a time.
        told: what stands before the links.
    """
    folded = "".join(
        f'<details name="downloads"><summary translate="no">{name}</summary><div>{_links(of_one)}</div></details>'
        for name, of_one in (menus or {}).items()
    )
    return f'<div class="najva-downloads"><span>{told}</span>{_links(files)}{folded}</div>'


def _links(files: Iterable[Download]) -> str:
    links = []
    for name, label, content in files:
        held = base64.b64encode(content if isinstance(content, bytes) else content.encode("utf-8")).decode("ascii")
        kind = _TYPES[name.rpartition(".")[2]]
        links.append(f'<a download="{escape(name)}" href="data:{kind};base64,{held}">{label}</a>')
    return "".join(links)


def clock(seconds: float) -> str:
    """Return a time such as 0:07, 12:40 or 1:02:03."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def length_in_words(seconds: float) -> str:
    """Return a limit such as 8 seconds, 60 minutes or 3 hours."""
    for unit, name in ((3600, "hours"), (60, "minutes")):
        if seconds > unit:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} seconds"
