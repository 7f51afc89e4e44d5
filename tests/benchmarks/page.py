"""How long after the stop of a recording its text stands on the page, in Chromium with a fake microphone.

    python tests/benchmarks/page.py [--rounds 7]

A reading of 9 s is played to the page's microphone; the recording is stopped when its clock shows ten seconds, and
"Write it down" is pressed by the page itself as soon as it lets itself be pressed. So the time holds everything but the
visitor: encoding and sending of the recording, its decoding, voice activity, language, text, and the drawing of it.
The first round warms up and is not counted; every round's text is compared with what is read.
"""

import argparse
import os
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
import setup  # noqa: F401  (makes the project importable)
import soundfile
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from metrics import pool, word_counts
from najva import audio
from najva.settings import Settings
from tests import clips
from tests.running_app import own_app

RECORDING_SECONDS = 10
CLIP = clips.other_speech("en")[1]
# In the page, since the way from a test to the browser and back would be measured too.
STOP_AND_WAIT = """async (stop) => {
  const until = async (holds) => { while (!holds()) await new Promise(requestAnimationFrame); };
  const start = document.querySelector("#write-down");
  const text = document.querySelector("#text textarea");
  const status = document.querySelector("#status");
  const stopped = performance.now();
  stop.click();
  await until(() => !start.disabled);
  const arrived = performance.now();
  start.click();
  await until(() => text.value && status.textContent.includes("of sound in"));
  return [arrived - stopped, performance.now() - stopped].map((milliseconds) => milliseconds / 1000);
}"""


def main() -> None:
    """Print a line a round and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    with (
        tempfile.TemporaryDirectory() as folder,
        own_app(Settings.from_environment().cache, Path(folder)) as app,
        sync_playwright() as playwright,
    ):
        browser = open_browser(playwright.chromium, played(Path(folder)))
        measured = [measure(browser, app.url) for _ in range(rounds + 1)][1:]
        browser.close()
    for number, (arrived, written) in enumerate(measured, start=1):
        print(f"round {number}: recording at the server after {arrived:.2f} s, text after {written:.2f} s")
    written = [seconds for _, seconds in measured]
    print(
        f"The text of a {RECORDING_SECONDS} s recording stands {statistics.median(written):.2f} s after its stop "
        f"(median of {rounds}, worst {max(written):.2f} s; load before the run {load:.1f})."
    )


def played(folder: Path) -> Path:
    """Return the reading and silence behind it, as a fake microphone plays it."""
    speech, rate_hz = audio.read(CLIP.path)
    path = folder / "microphone.wav"
    soundfile.write(path, np.concatenate([speech, np.zeros(10 * rate_hz)]), rate_hz, subtype="PCM_16")
    return path


def open_browser(chromium, microphone: Path) -> Browser:
    """Start Chromium, which plays the file to each page that opens the microphone, from the beginning."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        raise SystemExit("Chromium is not installed; tests/install_system_programs.sh installs it.")
    return chromium.launch(
        executable_path=found,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}%noloop",
        ],
    )


def measure(browser: Browser, url: str) -> tuple[float, float]:
    """Return the seconds from the stop of a recording to its arrival, and to its text."""
    page = browser.new_context(permissions=["microphone"]).new_page()
    page.goto(url)
    page.locator("#model-line", has_text="whisper").wait_for(timeout=60_000)
    recorder = page.locator("#recording")
    recorder.get_by_role("button", name="Record", exact=True).click()
    expect(recorder.get_by_text(f"0:{RECORDING_SECONDS}")).to_be_visible(timeout=30_000)
    stop: Locator = recorder.get_by_role("button", name="Stop").first
    arrived, written = stop.evaluate(STOP_AND_WAIT)
    text = page.locator("#text textarea").input_value()
    wrong = pool(word_counts([CLIP.text], [text], normalizer="basic")).errors
    if wrong > 1:
        raise SystemExit(f"this round's text has {wrong} wrong words: “{text}”")
    page.context.close()
    return arrived, written


if __name__ == "__main__":
    main()
