"""Callers of the endpoints: who leaves is no longer worked for, and whatever goes wrong is told in one sentence.

Gradio 6.31 notes that a caller has left, but lets a plain function run to its end: three hours of sound, for nobody,
in a place that others wait for. And of an error that is not its own it tells the caller nothing, and the log all of it,
with what the visitor sent.
"""

import errno
import logging
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import fastapi
import gradio as gr
from gradio import route_utils
from gradio.context import LocalContext

Step = TypeVar("Step")
_FAULT = "This failed inside the app, which is its fault and not yours: try again, and tell its owner if it stays so."
OTHER_FORM = "This call is not of the form that the page's API description shows: look at its arguments again."
DISK_FULL = "The server's disk is full: try again in a while, or send a smaller file."
_log = logging.getLogger(__name__)


def answer(page: gr.Blocks, steps: Iterable[Step]) -> Step:
    """Return the last step of a caller's work, which ends early when the caller leaves.

    To be called in an endpoint's function. It asks Gradio who calls: an argument of the function for that would have to
    be described where everybody reads it.

    Args:
        page: whose queue knows who still waits.
        steps: the answer as it grows.

    Raises:
        gr.Error: nobody waits for it any more.
    """
    call = page._queue.event_ids_to_events.get(LocalContext.event_id.get(None))

    def wanted() -> Iterator[Step]:
        for step in steps:
            if call and not call.alive:
                raise refusal("Nobody waits for this answer any more.")
            yield step

    try:
        # Only the last is kept: of hours there are many steps.
        return deque(wanted(), maxlen=1).pop()
    finally:
        if close := getattr(steps, "close", None):
            close()


def tell_faults_in_words() -> None:
    """Make every error of a call a sentence for its caller, and a line without the visitor's data in the log."""
    call = route_utils.call_process_api

    async def call_in_words(*arguments: object, **named: object) -> dict:
        # What fails in a function is told there; what is left is Gradio's reading of the call.
        with faults_in_words(OTHER_FORM):
            return await call(*arguments, **named)

    route_utils.call_process_api = call_in_words


@contextmanager
def faults_in_words(sentence: str = _FAULT) -> Iterator[None]:
    """Turn what nobody expected into a refusal; the log gets its kind and place, and nothing that it quotes.

    Args:
        sentence: what the caller is told, unless the disk is full.
    """
    try:
        yield
    except gr.Error as error:
        error.print_exception = False
        raise
    except fastapi.HTTPException:
        raise
    except Exception as error:
        _log.error("A call failed: %s at %s", type(error).__name__, _place(error))
        raise refusal(DISK_FULL if is_disk_full(error) else sentence) from None


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that there is no room for a file, of the disk or of a quota."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))


def refusal(sentence: str) -> gr.Error:
    """Return the error that shows a caller one sentence and leaves nothing of it in the log."""
    return gr.Error(sentence, print_exception=False)
