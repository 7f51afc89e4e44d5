"""The real app in a process of its own, started the way people start it, once a run."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from gradio_client import Client

ROOT = Path(__file__).parents[1]
# Smaller than what people get, so that a file beyond the limit costs no 500 MB.
MAX_FILE_MB = 20
_STASH = pytest.StashKey["RunningApp"]()


@dataclass(frozen=True)
class RunningApp:
    """A running app and what it leaves on the disk."""

    url: str
    process: subprocess.Popen
    folder: Path

    def client(self) -> Client:
        """Return a new caller of the endpoints."""
        return Client(self.url, analytics_enabled=False, verbose=False, download_files=False)

    @property
    def log(self) -> str:
        """Everything that the app has printed so far."""
        return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")

    @property
    def uploads(self) -> list[Path]:
        """Files of visitors that lie on the app's disk now; Gradio's copies of the page's examples are nobody's."""
        examples = {path.name for path in (ROOT / "space" / "examples").rglob("*")}
        # Unlike `rglob` it goes on where a folder goes meanwhile.
        found = (Path(folder) / name for folder, _, names in os.walk(self.folder / "gradio") for name in names)
        return [path for path in found if path.suffix != ".lock" and path.name not in examples]

    @property
    def cpu_seconds(self) -> float:
        """Processor time that the app has used so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    @contextmanager
    def keeping_quiet(self) -> Iterator[None]:
        """Fail when the app prints a traceback meanwhile."""
        before = len(self.log)
        yield
        assert "Traceback" not in self.log[before:], self.log[before:]

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def shared_app(config: pytest.Config, cache: Path, folder: Callable[[], Path]) -> RunningApp:
    """Return the run's one app; it is started for whoever asks first and ends with the run."""
    if _STASH not in config.stash:
        own = folder()
        # Imported when it is needed: it takes PyTorch.
        from tests.najva.translation.small_translators import TAUGHT_APP, save_own

        translator = save_own(own / "translator", TAUGHT_APP)
        config.stash[_STASH] = app = _start(cache, own, NAJVA_TRANSLATOR=str(translator))
        config.add_cleanup(app.stop)
        _wait_for_answer(app)
    return config.stash[_STASH]


@contextmanager
def own_app(
    cache: Path, folder: Path, program: str = "space/app.py", start_seconds: float = 120, **settings: str
) -> Iterator[RunningApp]:
    """Start an app with settings of its own, or another program that starts it, and end it."""
    app = _start(cache, folder, program, **settings)
    try:
        _wait_for_answer(app, start_seconds)
        yield app
    finally:
        app.stop()


def wait_until(holds: Callable[[], bool], seconds: float, otherwise: Callable[[], object] = lambda: "") -> None:
    """Ask again and again until something holds; fail with `otherwise` when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {otherwise()}"
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _start(cache: Path, folder: Path, program: str = "space/app.py", **settings: str) -> RunningApp:
    port = settings.get("GRADIO_SERVER_PORT") or _free_port()
    mine = {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "HF_HOME": str(folder / "hub"),
        "NAJVA_CACHE": str(cache),
        "NAJVA_MODELS": "offline",
        "NAJVA_MAX_FILE_MB": str(MAX_FILE_MB),
        "PYTHONUNBUFFERED": "1",
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith(("NAJVA_", "GRADIO_"))}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, program],
            cwd=ROOT,
            env=others | mine | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    return RunningApp(f"http://127.0.0.1:{port}", process, folder)


def _wait_for_answer(app: RunningApp, seconds: float = 120) -> None:
    wait_until(lambda: app.process.poll() is not None or _answers(app.url), seconds, lambda: app.log)
    assert app.process.poll() is None, app.log


def _answers(url: str) -> bool:
    try:
        # With a login it says that nobody has logged in.
        return httpx.get(f"{url}/config", timeout=5).status_code in (200, 401)
    except httpx.HTTPError:
        return False
