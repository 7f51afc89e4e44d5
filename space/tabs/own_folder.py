"""A temporary folder of the app's own, which goes with it, and at its next start if it was killed."""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType

from filelock import FileLock, Timeout

_PREFIX = "najva-"
_LOCK = ".lock"


def use_own_folder() -> Path:
    """Make a folder and let everything temporary of this process lie in it, Gradio's files too.

    To be called before Gradio is imported, which looks at its variable then. The folder goes when the process ends,
    also by the SIGTERM with which a container is stopped. A killed process leaves it behind; whoever starts next takes
    it away, since nobody holds its lock any more.

    Returns:
        The folder.
    """
    base = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    lock = FileLock(folder.with_name(folder.name + _LOCK))
    lock.acquire()
    os.environ["GRADIO_TEMP_DIR"] = tempfile.tempdir = str(folder)

    def remove() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)

    def end(number: int, frame: FrameType | None) -> None:
        # At once: closing the server takes seconds, and a container is not given many.
        remove()
        # As Ctrl+C: Gradio closes its server, and Python ends in order.
        signal.default_int_handler(number, frame)

    atexit.register(remove)
    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, end)
    return folder


def _remove_abandoned(base: Path) -> None:
    for mark in base.glob(f"{_PREFIX}*{_LOCK}"):
        lock = FileLock(mark)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            # Another app's, which runs, or another user's.
            continue
        shutil.rmtree(mark.with_name(mark.name.removesuffix(_LOCK)), ignore_errors=True)
        lock.release()
        mark.unlink(missing_ok=True)
