"""The speech tab: a recording becomes text while one watches."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import gradio as gr

from najva.languages import AUTO, LANGUAGES
from najva.services import Services
from najva.transcriber import Transcript
from tabs import corrections, several
from tabs import transcript_view as view
from tabs.endpoints import compute, needed
from tabs.look import AUTO_IN_WORDS, demonstration
from tabs.recordings import PRIVATE, RecordingTab, examples
from tabs.uploads import Uploads

_EXAMPLES = Path(__file__).parents[1] / "examples"


def build(services: Services, uploads: Uploads) -> None:
    """Lay out the tab.

    Args:
        services: the models.
        uploads: deletes what a visitor leaves behind.
    """
    tab = RecordingTab("speech", uploads)

    def write_down(
        recording: str | None, language: str, model: str, beside: bool, request: gr.Request
    ) -> Iterator[tuple]:
        yield from tab.answers(request, lambda stop: text_of(recording, language, model, beside, stop), status_alone)

    def status_alone(status: str) -> tuple:
        return *view.Shown(status), *no_pair()

    def text_of(recording: str | None, language: str, model: str, beside: bool, stop: Event) -> Iterator[tuple]:
        """Yield all outputs while the text is written."""
        seconds = services.seconds(needed(recording))
        # Words with their times cost next to nothing, and are lit while they are heard.
        for transcript in services.transcribe(recording, language, "word", model):
            stopped = stop.is_set() and not transcript.finished
            caution = demonstration(services.role_of(transcript.model))
            shown = view.results(transcript, seconds, recording, stopped=stopped, caution=caution)
            yield *shown, *no_pair()
            if stopped:
                return
        if beside and transcript.segments:
            for pair in plain_beside(recording, transcript, model, stop):
                yield *shown, *pair

    def plain_beside(recording: str, transcript: Transcript, model: str, stop: Event) -> Iterator[tuple]:
        """Yield the last three outputs while plain Whisper writes the same recording."""
        code = transcript.language.code
        if transcript.model == services.transcriber.base.reference:
            yield view.no_comparison(transcript, chosen=model == "base"), *no_pair()[1:]
            return
        for plain in services.transcribe(recording, code, "none", "base"):
            if stop.is_set():
                # Half a text beside a whole one would look as if plain Whisper had missed the rest.
                yield no_pair()
                return
            written = (transcript.text, transcript.model), (plain.text, plain.model)
            pair = view.Pair(code, *written, plain.finished, services.other_base(transcript.model))
            yield view.comparison(pair), no_pair()[1], pair if pair.whole else None

    def compare(pair: view.Pair | None, said: str) -> str:
        return view.comparison(pair, said) if pair else ""

    def ask_what_was_said(pair: view.Pair | None) -> gr.Textbox:
        return gr.Textbox(visible=pair is not None)

    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            recording = gr.Audio(
                type="filepath",
                label="Recording",
                sources=["microphone", "upload"],
                buttons=[],
                elem_id="recording",
            )
            with gr.Row():
                start = gr.Button("Write it down", variant="primary", interactive=False, elem_id="write-down")
                halt = gr.Button("Stop", variant="secondary", elem_id="stop", min_width=90, scale=0)
            beside = gr.Checkbox(
                False,
                label="Beside plain Whisper",
                info="Persian only: what Whisper writes that was not tuned for it, differing words marked.",
                elem_id="beside",
            )
            with gr.Accordion("Language, model", open=False):
                language = gr.Dropdown(language_choices(), value=AUTO, label="Language spoken", filterable=True)
                model = gr.Radio(
                    [("Chosen by language", "auto"), ("Always the base model", "base")], value="auto", label="Model"
                )
            gr.HTML(view.limits(services.settings))
            examples(_EXAMPLES, recording, "Try one of these (spoken by a synthesiser)")
            tab.address_field(recording)
            several.build(services, uploads, language, model)
        with gr.Column(scale=7, min_width=320):
            status = gr.HTML(view.EMPTY_STATUS, elem_id="status")
            text = gr.Textbox(
                label="Text",
                lines=5,
                max_lines=14,
                buttons=["copy"],
                placeholder="The text appears here",
                elem_id="text",
                elem_classes="najva-text",
            )
            pair_view = gr.HTML(elem_id="comparison")
            said = gr.Textbox(
                label="What was really said?",
                info="Type it, and each text's word error rate is told.",
                visible=False,
                elem_id="said",
                elem_classes="najva-text",
            )
            pair = gr.State(None)
            found_language = gr.HTML(elem_id="language")
            downloads = gr.HTML(elem_id="downloads")
            player = gr.HTML(elem_id="player")
            segments = gr.HTML(elem_id="segments")
            corrected, archived = corrections.build(services, recording)

    shown = view.Shown(status, text, found_language, player, segments, downloads, corrected, archived)
    outputs = [*shown, pair_view, said, pair]
    written = start.click(
        write_down,
        [recording, language, model, beside],
        outputs,
        show_progress="hidden",
        **PRIVATE,
        **compute(services.settings),
    )
    # Only then: the end of a call repeats its last outputs, and would take away what was typed meanwhile.
    written.then(ask_what_was_said, pair, said, queue=False, show_progress="hidden", **PRIVATE)
    said.change(compare, [pair, said], pair_view, queue=False, show_progress="hidden", **PRIVATE)
    tab.connect(recording, start, [halt], outputs, lambda: status_alone(view.EMPTY_STATUS))


def no_pair() -> tuple:
    """Return what the outputs of the comparison hold while there is none."""
    return "", gr.Textbox(visible=False, value=""), None


def language_choices() -> list[tuple[str, str]]:
    """Every language under its own and its English name; the mission's come first."""
    first = ("fa", "en", "zh")
    ordered = [LANGUAGES[code] for code in first]
    ordered += sorted((x for x in LANGUAGES.values() if x.code not in first), key=lambda x: x.english_name)
    return [(AUTO_IN_WORDS, AUTO), *((f"{x.own_name} · {x.english_name}", x.code) for x in ordered)]
