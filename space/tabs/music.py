"""The music tab: which genre a song is, and how that changes over its length."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import gradio as gr
import numpy as np

from najva.genre_models import AUTO
from najva.mel_picture import MelPicture
from najva.services import Services
from tabs import genre_view as view
from tabs import transcript_view
from tabs.endpoints import compute, needed
from tabs.recordings import PRIVATE, RecordingTab, examples
from tabs.uploads import Uploads

_EXAMPLES = Path(__file__).parents[1] / "examples" / "music"


def build(page: gr.Blocks, services: Services, uploads: Uploads) -> None:
    """Lay out the tab.

    Args:
        page: the whole page; when it is opened, the networks are listed.
        services: the models.
        uploads: deletes what a visitor leaves behind.
    """
    tab = RecordingTab("music", uploads)

    def classify(recording: str | None, model: str, request: gr.Request) -> Iterator[tuple]:
        yield from tab.answers(request, lambda stop: answers(recording, model, stop), view.Shown)

    def answers(recording: str | None, model: str, stop: Event) -> Iterator[tuple]:
        """Yield all outputs while the recording is heard."""
        seconds = services.seconds(needed(recording))
        picture: MelPicture | None = None

        def watch(block: np.ndarray, rate_hz: int) -> None:
            nonlocal picture
            picture = picture or MelPicture(rate_hz)
            picture.add(block)

        for answer in services.classify_genre(recording, model, watch):
            stopped = stop.is_set() and not answer.finished
            yield view.results(answer, seconds, picture.picture(), stopped=stopped)
            if stopped:
                return

    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            recording = gr.Audio(
                type="filepath",
                label="Song",
                sources=["upload", "microphone"],
                buttons=[],
                elem_id="song",
            )
            with gr.Row():
                start = gr.Button("Which genre?", variant="primary", interactive=False, elem_id="which-genre")
                halt = gr.Button("Stop", variant="secondary", elem_id="stop-genre", min_width=90, scale=0)
            with gr.Accordion("Which network listens", open=False):
                model = gr.Radio(view.choices([]), value=AUTO, label="Network", show_label=False)
            gr.HTML(transcript_view.limits(services.settings))
            examples(_EXAMPLES, recording, "Try one of these (played by a synthesiser)")
            tab.address_field(recording)
        with gr.Column(scale=7, min_width=320):
            status = gr.HTML(view.EMPTY_STATUS, elem_id="genre-status")
            likeliest = gr.HTML(elem_id="genres")
            over_time = gr.HTML(elem_id="genre-timeline")
    outputs = [status, likeliest, over_time]
    quiet = {"show_progress": "hidden", **PRIVATE}
    page.load(lambda: gr.Radio(view.choices(services.genres.checkpoints)), None, model, queue=False, **quiet)
    start.click(classify, [recording, model], outputs, **quiet, **compute(services.settings))
    tab.connect(recording, start, [halt], outputs, lambda: view.Shown(view.EMPTY_STATUS))
