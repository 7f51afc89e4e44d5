"""The look of the page: theme, style sheet, header, and small pieces of HTML that every tab uses."""

import html
from pathlib import Path

import gradio as gr

from najva.services import Services

_FOLDER = Path(__file__).parent


def launch_options() -> dict:
    """Return what `launch()` needs to know of the look."""
    # Fonts of the reader's own system: no request leaves for another host.
    fonts = ["Vazirmatn", "system-ui", "Segoe UI", "Noto Sans", "Tahoma", "sans-serif"]
    theme = gr.themes.Soft(primary_hue="teal", neutral_hue="slate", font=fonts, font_mono=["ui-monospace", "monospace"])
    return {"theme": theme, "css": (_FOLDER / "style.css").read_text(encoding="utf-8")}


def header(services: Services) -> None:
    """Name and purpose of the page."""
    gr.HTML(
        '<div class="najva-header"><h1>Najva <span lang="fa" dir="rtl">نجوا</span></h1>'
        "<p>Speak, or bring a recording: Najva writes it down, in Persian and in 98 other languages.</p></div>"
    )


def escape(text: str) -> str:
    """Return text that is safe inside HTML, in attributes too."""
    return html.escape(text, quote=True)


def clock(seconds: float) -> str:
    """Return a time such as 0:07, 12:40 or 1:02:03."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
