"""The look of the page: theme, style sheet, header, and small pieces of HTML that every tab uses."""

import base64
import html
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import gradio as gr

from najva.languages import LARGE_V3_LANGUAGES
from najva.pretrained import ModelError
from najva.services import Role, Services

_FOLDER = Path(__file__).parent
# What a Gradio dropdown shows as chosen is an input's value, which no script may change: it is in all three languages.
AUTO_IN_WORDS = "Auto · خودکار · 自动"
# Metrics told in points of a hundred; all others are shares.
_POINTS = ("chrF", "BLEU")
_TYPES = {"txt": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt", "json": "application/json"}


def launch_options() -> dict:
    """Return what `launch()` needs to know of the look."""
    # Fonts of the reader's own system: no request leaves for another host.
    fonts = ["Vazirmatn", "system-ui", "Segoe UI", "Noto Sans", "Tahoma", "sans-serif"]
    theme = gr.themes.Soft(primary_hue="teal", neutral_hue="slate", font=fonts, font_mono=["ui-monospace", "monospace"])
    # Soft's own teal under white letters, and on pale teal, has a contrast below 3; these reach the 4.5 of WCAG 2.2 AA.
    theme.set(
        # As in Soft: a second `set` would put white in its place.
        background_fill_primary="*neutral_50",
        body_text_color_subdued="*neutral_500",
        block_label_text_color="*primary_800",
        block_title_text_color="*primary_800",
        # Plain labels: a coloured chip at each of them would draw the eye away from the buttons.
        block_label_background_fill="none",
        block_label_background_fill_dark="none",
        block_label_border_width="0",
        block_label_border_width_dark="0",
        block_label_shadow="none",
        block_title_background_fill="none",
        block_title_background_fill_dark="none",
        block_title_padding="0",
        block_title_text_size="*text_md",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
    )
    css = (_FOLDER / "style.css").read_text(encoding="utf-8")
    return {"theme": theme, "css": css, "head": f"<script>{_interface()}</script>"}


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
        '<div class="najva-header"><h1 translate="no">Najva <span lang="fa" dir="rtl">نجوا</span></h1>'
        f'<div class="najva-page-languages" role="group" aria-label="Language of the page">{_switches()}</div>'
        "<p>Speak, or bring a recording: Najva writes it down, in Persian and in 98 other languages, and says it in "
        "Chinese. Bring a song, and it tells the genre.</p></div>"
    )
    line = gr.HTML('<div class="najva-model">Looking for the models…</div>', elem_id="model-line")
    page.load(lambda: model_line(services), None, line, queue=False, show_progress="hidden", api_visibility="private")


def _switches() -> str:
    return "".join(
        f'<button type="button" data-language="{code}" lang="{code}" translate="no">{name}</button>'
        for code, name in (("fa", "فارسی"), ("en", "English"), ("zh", "中文"))
    )


def model_line(services: Services) -> str:
    """Return which models are at work, why, and what they were measured to do, folded away but for what is wrong."""
    try:
        spoken, genres = services.roles, services.genre_roles
        # Whoever opens the page does not wait for a download.
        chinese = services.translation_roles if services.translations.is_settled else []
    except ModelError as error:
        return f'<div class="najva-model"><span class="najva-problem">{escape(str(error))}</span></div>'
    # Of the genre networks the first is the default one; the music tab lists the others.
    sentences = [f"<p>{_role_sentence(role)}</p>" for role in (*spoken, *chinese[:1], *genres[:1])]
    problems = "".join(f'<p class="najva-problem">{escape(problem)}</p>' for problem in services.problems)
    folded = f"<summary>The models at work</summary>{''.join(sentences)}{_figures([*spoken, *chinese, *genres])}"
    return f'<div class="najva-model"><details>{folded}</details>{problems}</div>'


def _role_sentence(role: Role) -> str:
    found = role.checkpoint
    sentence = f"<span>At work for {escape(role.serves)}:</span> <code>{escape(found.reference)}</code> "
    # In parts that can be looked up in the reader's language.
    sentence += f"<span>({escape(role.why)}).</span>"
    if caution := demonstration(role):
        sentence += f" <b>{caution}</b>"
    return sentence if found.measured.get("figures") else f"{sentence} <span>Not measured by this project.</span>"


def _figures(roles: Sequence[Role]) -> str:
    """Return what each model was measured to do."""
    lists = []
    for role in roles:
        rows = role.checkpoint.measured.get("figures", ())
        # What it does with people's speech says more than what it does with a synthesiser's.
        recorded = [row for row in rows if row.get("speech") == "as recorded" and row["metric"] == "mean WER"]
        figures: dict[str, list[str]] = {}
        for figure in recorded or rows:
            unit = "" if figure["metric"] in _POINTS else "&nbsp;%"
            value = f"{escape(figure['metric'])}&nbsp;{100 * figure['value']:.0f}{unit}"
            figures.setdefault(figure["set"], []).append(value)
        items = "".join(f"<li>{escape(name)}: {', '.join(values)}</li>" for name, values in figures.items())
        lists += [f"<p><code>{escape(role.checkpoint.reference)}</code></p><ul>{items}</ul>"] if items else []
    if not lists:
        return ""
    told = f'<div translate="no" lang="en" dir="ltr">{"".join(lists)}</div>'
    return f"<h2>What they were measured to do</h2>{told}"


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


def downloads(files: Iterable[tuple[str, str, str]]) -> str:
    """Return links that hold their files themselves, so that nothing of a visitor's is written to the server's disk.

    Args:
        files: name, what the link says, content.
    """
    links = []
    for name, label, content in files:
        held = base64.b64encode(content.encode("utf-8")).decode("ascii")
        kind = _TYPES[name.rpartition(".")[2]]
        links.append(f'<a download="{escape(name)}" href="data:{kind};charset=utf-8;base64,{held}">{label}</a>')
    return f'<div class="najva-downloads"><span>Download</span>{"".join(links)}</div>'


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
