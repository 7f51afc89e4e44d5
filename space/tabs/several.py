"""Several recordings at once: each is written down in its turn, and one archive holds all their texts."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import gradio as gr

from najva.pretrained import ModelError
from najva.services import Services
from najva.subtitles import FORMATS
from najva.transcriber import Transcript
from tabs import look
from tabs.endpoints import compute, refusal, refusals_in_words
from tabs.look import clock, escape
from tabs.recordings import PRIVATE, RecordingTab
from tabs.transcript_view import english_name
from tabs.uploads import Uploads

# More in one list nobody reads, and their files lie on the server's disk meanwhile.
MOST_FILES = 50
_NAME = "several"
# Of each text, in the two lines that are seen.
_SHOWN_LETTERS = 300


@dataclass
class _File:
    """One recording on the list: what is known of it, or why it cannot be used."""

    path: str
    transcript: Transcript | None = None
    fault: str = ""
    seconds: float | None = None

    @property
    def is_done(self) -> bool:
        return bool(self.fault) or (self.transcript is not None and self.transcript.finished)

    @property
    def name(self) -> str:
        return Path(self.path).name


def build(services: Services, uploads: Uploads, language: gr.Dropdown, model: gr.Radio) -> None:
    """Lay out the place for several recordings.

    Args:
        services: the models.
        uploads: deletes what a visitor leaves behind.
        language: spoken in them, as chosen for one.
        model: writes them, as chosen for one.
    """
    settings, tab = services.settings, RecordingTab(_NAME, uploads)

    def write_all(paths: list[str] | None, language: str, model: str, request: gr.Request) -> Iterator[str]:
        yield from tab.answers(request, lambda stop: lists(paths, language, model, stop), str)

    def lists(paths: list[str] | None, language: str, model: str, stop: Event) -> Iterator[str]:
        if not paths:
            raise refusal("Bring some recordings first.")
        if len(paths) > MOST_FILES:
            raise refusal(f"These are {len(paths)} recordings; up to {MOST_FILES} can be written down at once.")
        files = [_File(path) for path in paths]
        look_into(files)
        for file in files:
            if stop.is_set():
                break
            for _ in written(file, language, model, stop):
                yield _list(files)
        yield _list(files, ended=True) + _archive(files)

    def look_into(files: list[_File]) -> None:
        """Note how long each file is, or what is wrong with it; all together are no longer than one may be."""
        for file in files:
            try:
                with refusals_in_words():
                    file.seconds = services.seconds(file.path)
            except gr.Error as error:
                file.fault = error.message
        if sum(file.seconds or 0 for file in files) > settings.max_seconds:
            longest = look.length_in_words(settings.max_seconds)
            raise refusal(f"These recordings are longer than {longest} together: take fewer at a time.")

    def written(file: _File, language: str, model: str, stop: Event) -> Iterator[None]:
        """Fill in one file, step by step; what is wrong with it holds up none of the others."""
        if file.fault:
            return
        try:
            with refusals_in_words():
                for transcript in services.transcribe(file.path, language, "word", model):
                    file.transcript = transcript
                    if stop.is_set() and not transcript.finished:
                        return
                    yield
        except gr.Error as error:
            if isinstance(error.__cause__, ModelError):
                # It would fail for each of the others too.
                raise
            file.transcript, file.fault = None, error.message
            yield

    def keep(paths: list[str] | None, request: gr.Request) -> None:
        uploads.keep(paths or (), request.session_hash, _NAME)

    with gr.Accordion("Several files at once", open=False):
        recordings = gr.File(
            label="Recordings", file_count="multiple", type="filepath", height=140, elem_id="several-recordings"
        )
        longest, megabytes = look.length_in_words(settings.max_seconds), settings.max_upload_bytes / 1_000_000
        told = f"Up to {MOST_FILES} files, {longest} and {megabytes:g} MB together."
        gr.HTML(f'<p class="najva-note">{told}</p>')
        # Gradio 6.31 leaves an empty file behind for each that it hands over.
        recordings._process_single_file = lambda file: file.path
        with gr.Row():
            start = gr.Button("Write them all down", elem_id="write-all")
            halt = gr.Button("Stop", elem_id="stop-several", min_width=90, scale=0)
        shown = gr.HTML(elem_id="several")
    recordings.change(keep, recordings, None, queue=False, show_progress="hidden", **PRIVATE)
    start.click(write_all, [recordings, language, model], shown, show_progress="hidden", **PRIVATE, **compute(settings))
    halt.click(tab.stop, None, None, queue=False, **PRIVATE)
    recordings.clear(tab.stop, None, None, queue=False, **PRIVATE)


def _list(files: Sequence[_File], *, ended: bool = False) -> str:
    done = sum(file.is_done for file in files)
    rows = "".join(
        f'<li><b translate="no" dir="auto">{escape(file.name)}</b>{_told(file, ended=ended)}</li>' for file in files
    )
    bar = f'<progress value="{done}" max="{len(files)}"></progress>'
    # Read out once, at the end.
    role = ' role="status"' if ended else ""
    status = f'<div class="najva-status"{role}>{done} of {len(files)} recordings{bar}</div>'
    return f'{status}<ol class="najva-several">{rows}</ol>'


def _told(file: _File, *, ended: bool) -> str:
    """Return what is known of one file; once the work has ended, what is not done was stopped."""
    if file.fault:
        return f'<span class="najva-problem">{escape(file.fault)}</span>'
    if ended and not file.is_done:
        return "<span>Stopped</span>"
    if file.transcript is None:
        return "<span>Waiting</span>"
    found = file.transcript
    if not found.finished:
        total = f" of {clock(file.seconds)}" if file.seconds else ""
        return f"<span>Writing… {clock(found.audio_seconds)}{total}</span>"
    if not found.segments:
        return f"<span>{clock(found.audio_seconds)}</span> <span>No speech found.</span>"
    return (
        f"<span>{clock(found.audio_seconds)}</span> <span>{english_name(found.language.code)}</span>"
        f'<p translate="no" dir="auto">{escape(found.text[:_SHOWN_LETTERS])}</p>'
    )


def _archive(files: Sequence[_File]) -> str:
    """Return the link to the texts of what was written to its end."""
    done = [file for file in files if file.transcript is not None and file.transcript.finished]
    if not done:
        return ""
    return look.downloads([("najva.zip", "ZIP", pack({file.path: file.transcript for file in done}))])


def pack(transcripts: dict[str, Transcript]) -> bytes:
    """Return a ZIP archive of every format of every transcript, two recordings of one name told apart.

    Args:
        transcripts: by the recording's path.
    """
    archive, taken = io.BytesIO(), set()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for path, transcript in transcripts.items():
            # Many a disk takes A.srt and a.srt for the same file.
            stem, number = Path(path).stem, 1
            while (name := stem if number == 1 else f"{stem}-{number}").casefold() in taken:
                number += 1
            taken.add(name.casefold())
            answer = transcript.as_dict()
            for ending, render in FORMATS.items():
                written.writestr(f"{name}.{ending}", render(answer))
    return archive.getvalue()
