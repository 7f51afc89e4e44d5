"""The page as the Hub shows it, in a frame of another host's page; and that nobody else shows it so."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Else Chromium itself keeps a page of the internet from this machine, whatever the app says.
LOCAL = "--disable-features=LocalNetworkAccessChecks"


@pytest.fixture
def framed(app: RunningApp, program: Callable[..., str], spoken: Path) -> Iterator[Callable[[str], Page]]:
    """Open a page of another host that has the app in a frame, as the Hub has a Space; nothing breaks a policy."""
    microphone = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    microphone.append(f"--use-file-for-fake-audio-capture={spoken}%noloop")
    body = f'<iframe id="space" src="{app.url}/" allow="microphone" width="1200" height="800"></iframe>'
    with sync_playwright() as playwright, app.keeping_quiet():
        chromium = program("chromium", "chromium-browser", "google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS, LOCAL, *microphone])

        def open_at(host: str) -> Page:
            page = browser.new_context(permissions=["microphone"]).new_page()
            page.broken = []
            page.on("console", lambda line: page.broken.append(line.text) if "olicy" in line.text else None)
            page.route(f"https://{host}/**", lambda route: route.fulfill(body=body, content_type="text/html"))
            page.goto(f"https://{host}/spaces/somebody/najva")
            return page

        yield open_at
        browser.close()


def test_all_of_it_works_in_a_page_of_the_hub(framed: Callable[[str], Page], pictures: Path) -> None:
    page = framed("huggingface.co")
    space = page.frame_locator("#space")
    space.get_by_text("English synthetic").first.click(timeout=60_000)
    space.locator("#write-down").click()
    expect(space.locator("#text textarea")).to_have_value(re.compile("train to the city"), timeout=60_000)
    # The microphone's worklet is a blob, the script of the tab is made from text: a stricter policy would stop both.
    space.get_by_role("tab", name="Live").click()
    live = space.locator("#live")
    live.get_by_role("button", name="Start speaking").click()
    expect(live.locator("ol li:not(.najva-live-draft)").first).to_be_visible(timeout=60_000)
    live.get_by_role("button", name="Stop").click()
    expect(live.get_by_role("status")).to_contain_text("Everything you said was heard", timeout=60_000)
    page.screenshot(path=pictures / "in-the-hub.png")
    assert page.broken == []


def test_no_other_page_may_show_it(framed: Callable[[str], Page]) -> None:
    page = framed("elsewhere.example")
    page.wait_for_timeout(3000)
    assert page.frame_locator("#space").locator(".najva-header").count() == 0
    assert any("frame-ancestors" in line for line in page.broken)
