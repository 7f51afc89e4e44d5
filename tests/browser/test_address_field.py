"""A recording brought by its address, in the browser."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import clips
from tests.browser.speech_tab import text_box, wait_for_end, write_down
from tests.running_app import RunningApp, own_app, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def app(cache: Path, tmp_path: Path) -> Iterator[RunningApp]:
    """An app that finds one more host."""
    with own_app(cache, tmp_path, program="tests/browser/near_app.py") as app:
        yield app


@pytest.fixture
def port(test_data: Path) -> Iterator[int]:
    """Where the clips of other languages are served."""
    handler = partial(SimpleHTTPRequestHandler, directory=clips.DATA / "other_speech")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def test_an_address_becomes_a_text_and_its_file_goes_with_the_visitor(
    open_page: Callable[..., Page], app: RunningApp, port: int
) -> None:
    page = open_page()
    field = page.get_by_label("Or the address of a recording on the internet").first
    field.fill(f"http://127.0.0.1:{port}/jfk.flac")
    page.get_by_role("button", name="Fetch").first.click()
    expect(page.locator(".najva-problem")).to_contain_text("“127.0.0.1” is not on the public internet")
    expect(page.locator("#write-down")).to_be_disabled()
    field.fill(f"http://recordings.example:{port}/jfk.flac")
    field.press("Enter")
    expect(page.locator("#write-down")).to_be_enabled(timeout=20_000)
    expect(page.locator(".najva-problem")).to_have_count(0)
    write_down(page)
    wait_for_end(page)
    assert "what you can do for your country" in text_box(page).input_value()
    assert [path.name for path in app.uploads] == ["jfk.flac"]
    page.context.close()
    wait_until(lambda: not app.uploads, 30, lambda: app.uploads)
    assert "recordings.example" not in app.log
