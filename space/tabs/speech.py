"""The speech tab: a recording becomes text as one watches."""

from collections.abc import Iterator

import gradio as gr

from najva.languages import AUTO, LANGUAGES
from najva.services import Services
from tabs.endpoints import COMPUTE, needed, refusals_in_words
from tabs.uploads import Uploads


def build(services: Services, uploads: Uploads) -> None:
    """Lay out the tab.

    Args:
        services: the models.
        uploads: deletes what a visitor leaves behind.
    """

    def write_down(recording: str | None, language: str, timestamps: str, request: gr.Request) -> Iterator[str]:
        uploads.belongs_to(recording, request.session_hash)
        with refusals_in_words():
            for transcript in services.transcribe(needed(recording), language, timestamps):
                yield transcript.text

    recording = gr.Audio(type="filepath", label="Recording", sources=["microphone", "upload"])
    languages = [("Find out", AUTO), *((f"{x.own_name} · {x.english_name}", x.code) for x in LANGUAGES.values())]
    language = gr.Dropdown(languages, value=AUTO, label="Language")
    timestamps = gr.Radio([("None", "none"), ("Sentences", "segment"), ("Words", "word")], value="segment")
    start = gr.Button("Write it down", variant="primary")
    text = gr.Textbox(label="Text", lines=6, buttons=["copy"], elem_classes="najva-text")
    start.click(write_down, [recording, language, timestamps], text, api_visibility="private", **COMPUTE)
