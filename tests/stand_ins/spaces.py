"""Stands in for the `spaces` package of a ZeroGPU Space, version 0.51, where none is: `cuda` is this processor.

Like that one it patches PyTorch as soon as it is imported, runs what `GPU` decorates in a process forked from this one,
in a thread there, pickles what goes in and comes back, and lets only the class of an exception through. What it saw it
writes to the file STAND_IN_LOG, a line of JSON each:

* `moved`: a network went to `cuda`, and whether within a call;
* `built`: a network was made within a call;
* `lent`: a call was made, and for how many seconds it asked.
"""

import inspect
import json
import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from multiprocessing.connection import Connection
from pathlib import Path
from threading import current_thread, main_thread

import gradio
import torch

_FORK = multiprocessing.get_context("fork")
_to, _init = torch.nn.Module.to, torch.nn.Module.__init__
_within = False


def _note(what: str, **facts: object) -> None:
    with Path(os.environ["STAND_IN_LOG"]).open("a", encoding="utf-8") as log:
        log.write(json.dumps({"what": what, **facts}) + "\n")


def _to_emulated(network: torch.nn.Module, *arguments: object, **options: object) -> torch.nn.Module:
    device = options.get("device", arguments[0] if arguments else None)
    if not str(device).startswith("cuda"):
        return _to(network, *arguments, **options)
    # The emulation is that of the thread that imported the package; elsewhere the real one raises.
    if not _within and current_thread() is not main_thread():
        raise RuntimeError("Low-level CUDA init reached.")
    _note("moved", network=type(network).__name__, within=_within)
    # A processor computes in half precision too, but slowly.
    return network.float()


def _init_noted(network: torch.nn.Module, *arguments: object, **options: object) -> None:
    if _within:
        _note("built", network=type(network).__name__)
    _init(network, *arguments, **options)


torch.nn.Module.to, torch.nn.Module.__init__ = _to_emulated, _init_noted
torch.cuda.is_available = lambda: True
torch.cuda.mem_get_info = lambda *_: (70 * 10**9, 70 * 10**9)


def gradio_auto_wrap(task):
    """Gradio asks for it; off unless a Space wants it."""
    return task


def GPU(task=None, *, duration=None):  # noqa: N802 - its name there
    """Lend the GPU to a generator function."""
    if task is None:
        return partial(GPU, duration=duration)
    assert inspect.isgeneratorfunction(task)

    @wraps(task)
    def lent(*arguments: object, **options: object):
        seconds = duration(*arguments, **options) if callable(duration) else duration
        _note("lent", call=arguments[0], seconds=seconds)
        asked = pickle.dumps((arguments, options))
        mine, theirs = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=_work, args=(task, asked, theirs), daemon=True)
        process.start()
        theirs.close()
        try:
            while True:
                try:
                    kind, value = mine.recv()
                except EOFError:
                    raise gradio.Error("GPU task aborted") from None
                if kind == "end":
                    return
                if kind == "failed":
                    raise gradio.Error(value)
                yield value
        finally:
            process.terminate()
            process.join()

    return lent


def _work(task, asked: bytes, answers: Connection) -> None:
    global _within
    _within = True
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_answer, task, asked, answers).result()
    answers.close()


def _answer(task, asked: bytes, answers: Connection) -> None:
    arguments, options = pickle.loads(asked)
    try:
        for answer in task(*arguments, **options):
            answers.send(("answer", answer))
    except Exception as error:
        answers.send(("failed", type(error).__name__))
    else:
        answers.send(("end", None))
