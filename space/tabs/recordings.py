"""What every tab that takes a recording needs: whose file it is, the work on it, and how that is stopped."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import gradio as gr
from anyio.to_thread import run_sync
from gradio import processing_utils

from tabs import look
from tabs.callers import faults_in_words
from tabs.endpoints import refusals_in_words
from tabs.uploads import Uploads

# Hidden, not closed: Gradio 6.31 answers a hand-made call of a private event too, and the page itself comes in by the
# same door. Harmless, since each touches only what the caller's session holds, and a session's random name is known to
# its own page alone; what computes waits in the queue with everybody else.
PRIVATE = {"api_visibility": "private"}
_FETCHING_AT_ONCE = 8


class RecordingTab:
    """One tab's recordings: of each visitor one, and one work on it.

    Args:
        name: of the tab.
        uploads: deletes what a visitor leaves behind.
    """

    def __init__(self, name: str, uploads: Uploads) -> None:
        self._name, self._uploads = name, uploads
        self._stops: dict[str, Event] = {}
        self._fetching = 0

    @contextmanager
    def work(self, request: gr.Request) -> Iterator[Event]:
        """Give what is set when the visitor wants the work to end."""
        visitor = request.session_hash or ""
        if before := self._stops.get(visitor):
            # The last thing that was begun is what the visitor wants to see.
            before.set()
        stop = self._stops[visitor] = Event()
        try:
            yield stop
        finally:
            if self._stops.get(visitor) is stop:
                del self._stops[visitor]

    def answers(
        self,
        request: gr.Request,
        work: Callable[[Event], Iterator],
        shown: Callable[[str], object],
    ) -> Iterator:
        """Yield all outputs of a visitor's work: of the waiting, of each step, or of its refusal.

        Args:
            request: of the visitor.
            work: yields the outputs, and ends soon after what it gets is set.
            shown: returns the outputs that hold a status and nothing else. Gradio's own red note of a refusal would go
                by itself, and lie over the status meanwhile.
        """
        with self.work(request) as stop:
            yield shown(look.working("Listening"))
            try:
                with refusals_in_words():
                    yield from work(stop)
            except gr.Error as error:
                yield shown(look.problem(error.message))

    def stop(self, request: gr.Request) -> None:
        """Let the visitor's work end soon."""
        if running := self._stops.get(request.session_hash or ""):
            running.set()

    def address_field(self, recording: gr.Audio) -> None:
        """Let a recording be brought by its address on the internet; see `addresses`.

        Args:
            recording: where it is brought.
        """

        async def fetch(address: str, request: gr.Request) -> tuple:
            begun = time.monotonic()
            if not address.strip():
                return gr.skip(), ""
            if self._fetching >= _FETCHING_AT_ONCE:
                return gr.skip(), look.problem("Many recordings are being fetched already: try again in a minute.")
            self._fetching += 1
            try:
                with faults_in_words():
                    # By its name in Gradio, where `addresses` has put it.
                    path = await processing_utils.async_ssrf_protected_download(address.strip(), recording.GRADIO_CACHE)
                    # Hashing takes its time, and would hold up everybody.
                    visitor = request.session_hash
                    return await run_sync(self._uploads.take_in, Path(path), visitor, self._name, begun), ""
            except gr.Error as error:
                return gr.skip(), look.problem(error.message)
            finally:
                self._fetching -= 1

        address = gr.Textbox(
            label="Or the address of a recording on the internet",
            placeholder="https://",
            submit_btn="Fetch",
            elem_classes="najva-address",
        )
        fault = gr.HTML(elem_classes="najva-fault")
        # Beside the queue: who fetches waits for a network, and computes nothing.
        beside = {"queue": False, "show_progress": "hidden", **PRIVATE}
        asked = address.submit(lambda: look.working("Fetching"), None, fault, **beside)
        asked.then(fetch, address, [recording, fault], **beside)

    def connect(
        self,
        recording: gr.Audio,
        start: gr.Button,
        halts: Sequence[gr.Button],
        outputs: list,
        empty: Callable[[], tuple],
    ) -> None:
        """Let the recording be brought and cleared, and the work be stopped.

        Args:
            recording: where it is brought.
            start: begins the work.
            halts: each ends it.
            outputs: of the work.
            empty: returns what they hold while there is none.
        """

        def hold(path: str | None, request: gr.Request) -> gr.Button:
            self._uploads.belongs_to(path, request.session_hash, self._name)
            # A recording that has just been stopped takes a moment to arrive; nobody shall press in vain.
            return gr.Button(interactive=path is not None)

        def clear(request: gr.Request) -> tuple:
            self.stop(request)
            self._uploads.clear(request.session_hash, self._name)
            return empty()

        for halt in halts:
            halt.click(self.stop, None, None, queue=False, **PRIVATE)
        recording.change(hold, recording, start, queue=False, show_progress="hidden", **PRIVATE)
        recording.clear(clear, None, outputs, queue=False, **PRIVATE)


def examples(folder: Path, recording: gr.Audio, label: str) -> None:
    """Offer the MP3 files of a folder, if there are any."""
    if found := sorted(folder.glob("*.mp3")):
        gr.Examples(
            [[str(path)] for path in found],
            [recording],
            example_labels=[path.stem.replace("-", " ") for path in found],
            label=label,
            **PRIVATE,
        )
