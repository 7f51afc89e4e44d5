"""Waiting for a model only so long: a call that hangs is given up, so that its caller is told and its place is free.

Nobody can end a thread that computes. It is left behind, holding what it holds, and whoever needs that waits here too,
and is told as well. Nothing else of the app waits for it.
"""

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from najva.pretrained import ModelError

Step = TypeVar("Step")
_END = object()


class ModelHangs(ModelError):
    """A model made no progress in the time that is given to it."""


def patient_steps(steps: Iterator[Step], seconds: float) -> Iterator[Step]:
    """Yield what an iterator yields, but wait for each only so long.

    The iterator runs in a thread of its own, and only while somebody waits for its next step: closing this one closes
    that one in its thread, between two steps.

    Args:
        steps: long work, a step at a time.
        seconds: the longest time that a step may take.

    Raises:
        ModelHangs: a step took longer.
    """
    asked: SimpleQueue[bool] = SimpleQueue()
    answers: SimpleQueue[tuple[object, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            while asked.get():
                answers.put((next(steps, _END), None))
        except BaseException as error:  # handed over, whatever it is: the waiting side raises it
            answers.put((_END, error))
        finally:
            if close := getattr(steps, "close", None):
                close()

    thread = Thread(target=run, daemon=True, name="patient")
    thread.start()
    try:
        while True:
            asked.put(True)
            try:
                step, error = answers.get(timeout=seconds)
            except Empty:
                raise ModelHangs(
                    f"The model made no progress for {seconds:g} seconds, so this was given up: try again in a while."
                ) from None
            if error is not None:
                raise error
            if step is _END:
                return
            yield step
    except ModelHangs:
        thread = None
        raise
    finally:
        asked.put(False)
        if thread:
            thread.join(seconds)


def patient(call: Callable[[], Step], seconds: float) -> Step:
    """Return what a call returns, but wait for it only so long; raises as `patient_steps`."""
    (answer,) = patient_steps(_once(call), seconds)
    return answer


def _once(call: Callable[[], Step]) -> Iterator[Step]:
    yield call()
