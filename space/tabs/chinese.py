"""The Chinese tab: speech or text of any language becomes Chinese, sentence beside sentence."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event

import gradio as gr

from najva.languages import AUTO
from najva.services import Services
from tabs import transcript_view
from tabs import translation_view as view
from tabs.endpoints import compute, needed
from tabs.look import AUTO_IN_WORDS
from tabs.recordings import PRIVATE, RecordingTab, examples
from tabs.speech import language_choices
from tabs.uploads import Uploads

_EXAMPLES = Path(__file__).parents[1] / "examples"


def build(page: gr.Blocks, services: Services, uploads: Uploads) -> None:
    """Lay out the tab.

    Args:
        page: the whole page; when it is opened, the engines are listed.
        services: the models.
        uploads: deletes what a visitor leaves behind.
    """
    tab = RecordingTab("chinese", uploads)

    def of_recording(recording: str | None, language: str, target: str, engine: str, request: gr.Request) -> Iterator:
        work = partial(heard, recording, language, target, engine)
        yield from tab.answers(request, work, view.Shown)

    def of_text(text: str, source: str, target: str, engine: str, request: gr.Request) -> Iterator:
        work = partial(read, text, source, target, engine)
        yield from tab.answers(request, work, view.Shown)

    def heard(recording: str | None, language: str, target: str, engine: str, stop: Event) -> Iterator[tuple]:
        seconds = services.seconds(needed(recording))
        made = partial(services.made_with, language=language, target=target, engine=engine)
        for found in services.translate(recording, target, language, engine):
            stopped = stop.is_set() and not found.finished
            yield view.of_speech(found, seconds, recording, made, stopped=stopped)
            if stopped:
                return

    def read(text: str, source: str, target: str, engine: str, stop: Event) -> Iterator[tuple]:
        made = partial(services.made_with, language=source, target=target, engine=engine)
        for found in services.translate_text(text, source, target, engine):
            stopped = stop.is_set() and not found.finished
            yield view.of_text(found, made, stopped=stopped)
            if stopped:
                return

    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Tabs():
                with gr.Tab("A recording"):
                    recording = gr.Audio(
                        type="filepath",
                        label="Recording",
                        sources=["microphone", "upload"],
                        buttons=[],
                        elem_id="foreign-recording",
                    )
                    language = gr.Dropdown(language_choices(), value=AUTO, label="Spoken language", filterable=True)
                    with gr.Row():
                        start = gr.Button("Into Chinese", variant="primary", interactive=False, elem_id="translate")
                        halt = gr.Button("Stop", elem_id="stop-translating", min_width=90, scale=0)
                    examples(_EXAMPLES, recording, "Try one of these (spoken by a synthesiser)")
                    tab.address_field(recording)
                    gr.HTML(transcript_view.limits(services.settings))
                with gr.Tab("A text"):
                    text = gr.Textbox(
                        label="Text",
                        lines=8,
                        max_lines=20,
                        placeholder="متن فارسی، English text, …",
                        info=f"Up to {services.settings.max_letters:,} letters.",
                        elem_id="foreign-text",
                        elem_classes="najva-text",
                    )
                    source = gr.Dropdown(
                        [choice for choice in language_choices() if choice[1] != AUTO],
                        value="fa",
                        label="Language of the text",
                        filterable=True,
                        elem_id="text-language",
                    )
                    with gr.Row():
                        start_text = gr.Button("Into Chinese", variant="primary", elem_id="translate-text")
                        halt_text = gr.Button("Stop", elem_id="stop-translating-text", min_width=90, scale=0)
            target = gr.Radio(view.SCRIPTS, value="zh-Hans", label="Letters", elem_id="chinese-letters")
            with gr.Accordion("Which model translates", open=False):
                engine = gr.Dropdown([(AUTO_IN_WORDS, AUTO)], value=AUTO, label="Engine", show_label=False)
        with gr.Column(scale=7, min_width=320):
            status = gr.HTML(view.EMPTY_STATUS, elem_id="translation-status")
            player = gr.HTML(elem_id="translation-player")
            pairs = gr.HTML(elem_id="translation-pairs")
            chinese = gr.Textbox(
                label="The Chinese alone",
                lines=3,
                max_lines=14,
                buttons=["copy"],
                placeholder="中文",
                elem_id="translation-text",
                elem_classes="najva-text",
            )
            downloads = gr.HTML(elem_id="translation-downloads")
    outputs = [*view.Shown(status, player, pairs, chinese, downloads)]
    page.load(lambda: gr.Dropdown(view.engines(services)), None, engine, queue=False, show_progress="hidden", **PRIVATE)
    quiet = {"show_progress": "hidden", **PRIVATE, **compute(services.settings)}
    start.click(of_recording, [recording, language, target, engine], outputs, **quiet)
    start_text.click(of_text, [text, source, target, engine], outputs, **quiet)
    tab.connect(recording, start, [halt, halt_text], outputs, lambda: view.Shown(view.EMPTY_STATUS))
