"""Fixtures that drive Chromium."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect, sync_playwright

from najva import audio
from tests import clips
from tests.running_app import ROOT, RunningApp, shared_app

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

# What is asked of a busy machine takes longer than Playwright's five seconds.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def app(request: pytest.FixtureRequest, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> RunningApp:
    """The running app."""
    return shared_app(request.config, cache, lambda: tmp_path_factory.mktemp("app"))


@pytest.fixture
def open_page(app: RunningApp, program: Callable[..., str]) -> Iterator[Callable[..., Page]]:
    """Open the app's page in a browser; no page may log an error or ask another host."""
    chromium = program("chromium", "chromium-browser", "google-chrome")
    faults: list[str] = []
    with sync_playwright() as playwright, app.keeping_quiet():
        browsers = []

        def open_page(microphone: Path | None = None, allowed: str = "no fault at all", **context) -> Page:
            arguments = list(ARGUMENTS)
            if microphone:
                arguments += [
                    "--use-fake-ui-for-media-stream",
                    "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-audio-capture={microphone}%noloop",
                ]
                context["permissions"] = ["microphone"]
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            browsers.append(browser)
            page = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context).new_page()

            def note(fault: str) -> None:
                if allowed not in fault:
                    faults.append(fault)

            page.on("console", lambda line: note(line.text) if line.type == "error" else None)
            page.on("pageerror", lambda error: note(str(error)))
            page.on("request", lambda request: None if _is_own(request.url, app) else note(request.url))
            page.goto(app.url)
            page.locator("#model-line", has_text="whisper").wait_for(timeout=60_000)
            return page

        yield open_page
        for browser in browsers:
            browser.close()
    assert faults == []


@pytest.fixture
def spoken(test_data: Path, tmp_path: Path) -> Path:
    """Kennedy's sentence and six seconds of silence, as a fake microphone plays it."""
    speech, rate_hz = audio.read(clips.DATA / "other_speech" / "jfk.flac")
    path = tmp_path / "microphone.wav"
    soundfile.write(path, np.concatenate([speech, np.zeros(6 * rate_hz)]), rate_hz, subtype="PCM_16")
    return path


@pytest.fixture
def long_recording(test_data: Path, tmp_path: Path) -> Path:
    """Twenty-four minutes of Persian: a reading of 102 s again and again, just below the limit of size."""
    path = tmp_path / "long.mp3"
    path.write_bytes(clips.persian_long()[0].path.read_bytes() * 14)
    return path


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go, for people to look at."""
    folder = Path(os.environ.get("NAJVA_ARTIFACTS") or ROOT / "artifacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _is_own(url: str, app: RunningApp) -> bool:
    return url.startswith((f"{app.url}/", "data:", f"blob:{app.url}/", f"ws{app.url.removeprefix('http')}/"))
