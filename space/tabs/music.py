"""The music tab: which genre a song is, and how that changes over its length."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import gradio as gr

from najva.genre_models import AUTO
from najva.mel_picture import MelPicture
from najva.services import Services
from tabs import genre_view as view
from tabs import transcript_view
from tabs.endpoints import COMPUTE, needed, refusals_in_words
from tabs.uploads import Uploads

_EXAMPLES = Path(__file__).parents[1] / "examples" / "music"


def build(page: gr.Blocks, services: Services, uploads: Uploads) -> None:
    """Lay out the tab.

    Args:
        page: the whole page; when it is opened, the networks are listed.
        services: the models.
        uploads: deletes what a visitor leaves behind.
    """
    stops: dict[str, Event] = {}

    def classify(recording: str | None, model: str, request: gr.Request) -> Iterator[tuple]:
        visitor = request.session_hash or ""
        stop = stops[visitor] = Event()
        yield view.waiting()
        try:
            with refusals_in_words():
                seconds = services.seconds(needed(recording))
                picture: MelPicture | None = None

                def watch(block, rate_hz: int) -> None:
                    nonlocal picture
                    picture = picture or MelPicture(rate_hz)
                    picture.add(block)

                for answer in services.classify_genre(recording, model, watch):
                    stopped = stop.is_set() and not answer.finished
                    yield view.results(answer, seconds, picture.picture(), stopped=stopped)
                    if stopped:
                        return
        except gr.Error as error:
            yield view.problem(error.message)
        finally:
            stops.pop(visitor, None)

    def stop(request: gr.Request) -> None:
        if running := stops.get(request.session_hash or ""):
            running.set()

    def hold(recording: str | None, request: gr.Request) -> gr.Button:
        uploads.belongs_to(recording, request.session_hash, "music")
        return gr.Button(interactive=recording is not None)

    def clear(request: gr.Request) -> tuple[str, str, str]:
        stop(request)
        uploads.clear(request.session_hash, "music")
        return view.empty()

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
            examples = sorted(_EXAMPLES.glob("*.mp3"))
            if examples:
                gr.Examples(
                    [[str(path)] for path in examples],
                    [recording],
                    example_labels=[path.stem.replace("-", " ") for path in examples],
                    label="Try one of these (played by a synthesiser)",
                    api_visibility="private",
                )
        with gr.Column(scale=7, min_width=320):
            status = gr.HTML(view.EMPTY_STATUS, elem_id="genre-status")
            likeliest = gr.HTML(elem_id="genres")
            over_time = gr.HTML(elem_id="genre-timeline")
    outputs = [status, likeliest, over_time]
    private = {"api_visibility": "private"}
    page.load(
        lambda: gr.Radio(view.choices(services.genres.checkpoints)), None, model, show_progress="hidden", **private
    )
    start.click(classify, [recording, model], outputs, show_progress="hidden", **private, **COMPUTE)
    halt.click(stop, None, None, queue=False, **private)
    recording.change(hold, recording, start, queue=False, show_progress="hidden", **private)
    recording.clear(clear, None, outputs, queue=False, **private)
