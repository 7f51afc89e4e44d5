"""Mending a transcript: what is right becomes rows of a sheet with their clips, to tune a model on."""

import json
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from najva.services import Services
from najva.sheet_rows import RowError, pack, read_rows
from najva.transcriber.transcript import Segment
from tabs import look
from tabs.endpoints import compute, needed, refusals_in_words
from tabs.look import clock, escape
from tabs.recordings import PRIVATE

_CLIP_MARGIN_SECONDS = 0.2
# What is ticked goes along with the recording; what a program sends in its place is checked as any other input.
_COLLECT = """(recording, rows) => [
  recording,
  JSON.stringify({
    of: document.querySelector("#corrections ol")?.dataset.of,
    rows: [...document.querySelectorAll("#corrections li")]
      .filter((row) => row.querySelector("input").checked)
      .map((row) => ({ ...row.dataset, text: row.querySelector("p").textContent })),
  }),
]"""
_SAVE = '() => document.querySelector("#rows-archive a")?.click()'


def build(services: Services, recording: gr.Audio) -> tuple[gr.HTML, gr.HTML]:
    """Lay out the place of the corrections, which is not seen before there are sentences.

    Args:
        services: read the recording.
        recording: that the sentences are of.

    Returns:
        Where `sentences` are shown, and where the archive is; another text empties both.
    """

    def archive(path: str | None, rows: str) -> str:
        try:
            with refusals_in_words():
                return _archive(services, needed(path), rows)
        except gr.Error as error:
            return look.problem(error.message)

    with gr.Column(elem_id="corrections"):
        shown = gr.HTML()
        rows = gr.Textbox(visible=False)
        save = gr.Button("Save the sheet and its clips", elem_id="save-rows")
        archived = gr.HTML(elem_id="rows-archive")
    packed = save.click(archive, [recording, rows], archived, js=_COLLECT, **PRIVATE, **compute(services.settings))
    packed.success(None, None, None, js=_SAVE, **PRIVATE)
    return shown, archived


def sentences(segments: Sequence[Segment], path: str) -> str:
    """Return the sentences as rows of a sheet that can be mended, each with the times of its clip.

    A clip reaches a little into the pauses around it, since first and last sounds are easily cut off.

    Args:
        segments: of the whole text.
        path: of the recording.
    """
    rows = []
    for place, segment in enumerate(segments):
        before = segments[place - 1].end if place else 0.0
        after = segments[place + 1].start if place + 1 < len(segments) else segment.end + 2 * _CLIP_MARGIN_SECONDS
        start = segment.start - min(_CLIP_MARGIN_SECONDS, max(0.0, (segment.start - before) / 2))
        end = segment.end + min(_CLIP_MARGIN_SECONDS, max(0.0, (after - segment.end) / 2))
        at = clock(segment.start)
        rows.append(
            f'<li dir="auto" {look.times(start, end)}>'
            f'<input type="checkbox" aria-label="The sentence at {at} is right">{look.play_button(segment.start)}'
            f'<p contenteditable="plaintext-only" role="textbox" aria-label="Text at {at}" translate="no">'
            f"{escape(segment.text)}</p></li>"
        )
    return (
        "<details><summary>Correct it, for fine-tuning</summary>"
        "<p>Mend what is wrong and mark what is right. You get a sheet and its clips, ready for training; nothing of "
        "it stays here.</p>"
        '<div class="najva-segments najva-timed najva-corrections">'
        f'<ol data-of="{_content_of(path)}">{"".join(rows)}</ol></div></details>'
    )


def _archive(services: Services, path: str, rows: str) -> str:
    try:
        sent = json.loads(rows)
        of, found = sent["of"], read_rows(sent["rows"])
    except (json.JSONDecodeError, TypeError, LookupError, RecursionError) as error:
        raise RowError("These rows are not of the page's form.") from error
    if of != _content_of(path):
        raise RowError("These sentences are another recording's: write this one down first.")
    name = Path(path).stem
    told = "1 row" if len(found) == 1 else f"{len(found)} rows"
    return look.downloads([(f"{name}-rows.zip", "ZIP", pack(services.blocks(path), found, name))], told=told)


def _content_of(path: str) -> str:
    """Return what tells a recording from another: Gradio stores each in a folder named by the hash of its content."""
    return Path(path).parent.name
