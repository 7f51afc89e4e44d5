"""A decoder that is far too slow makes captions late; it loses nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_tab import lines, start_speaking, stop_speaking
from tests.running_app import RunningApp, own_app

# What the page gets of the microphone.
_KEEP_TRACKS = """
  window.heldTracks = [];
  const give = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await give(wanted);
    heldTracks.push(...stream.getTracks());
    return stream;
  };
"""
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def app(cache: Path, tmp_path: Path) -> Iterator[RunningApp]:
    """An app that takes two seconds for each draft and each line."""
    with own_app(cache, tmp_path, program="tests/browser/slow_app.py") as app:
        yield app


def test_every_sample_arrives_and_every_word_is_written(open_page: Callable[..., Page], spoken: Path) -> None:
    page = open_page(microphone=spoken)
    live = start_speaking(page)
    written = lines(live)
    expect(written.last).to_contain_text("for your country", timeout=60_000)
    stop_speaking(live, seconds=30)
    counted = page.locator("#live[data-sent], #live [data-sent]").first
    sent, received = (int(counted.get_attribute(f"data-{name}")) for name in ("sent", "received"))
    assert sent == received > 11 * 16000
    said = " ".join(written.all_inner_texts()).lower()
    assert all(words in said for words in ("my fellow americans", "ask not", "country can do for you"))


def test_a_server_that_goes_away_leaves_the_words_and_frees_the_microphone(
    open_page: Callable[..., Page], app: RunningApp, spoken: Path
) -> None:
    # What Gradio's own script says of a server that is gone is no fault of the page: anything is allowed.
    page = open_page(microphone=spoken, allowed="")
    page.add_init_script(_KEEP_TRACKS)
    page.reload()
    live = start_speaking(page)
    written = lines(live)
    expect(written.first).to_contain_text("fellow Americans", timeout=60_000)
    # At once, as a machine goes away: a server that is asked to end may still write what it could not finish.
    app.process.kill()
    expect(live.get_by_role("status")).to_contain_text("cannot be reached; what was written stays", timeout=30_000)
    expect(live.get_by_role("button", name="Start speaking")).to_be_enabled()
    expect(written.first).to_contain_text("fellow Americans")
    assert page.evaluate("heldTracks.map((track) => track.readyState)") == ["ended"]
