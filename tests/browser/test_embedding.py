"""The page as the Hub shows it, in a frame of another host's page; and that nobody else shows it so."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.running_app import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def framed(page: Page, app: RunningApp, host: str) -> None:
    """Go to a page of another host that has the app in a frame, as the Hub has a Space."""
    body = (
        f'<iframe id="space" src="{app.url}/" allow="microphone; clipboard-write" width="1200" height="800"></iframe>'
    )
    page.route(f"https://{host}/**", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"https://{host}/spaces/somebody/najva")


def test_all_of_it_works_in_a_page_of_the_hub(
    open_page: Callable[..., Page], app: RunningApp, spoken: Path, pictures: Path
) -> None:
    page = open_page(microphone=spoken, allowed="huggingface.co")
    framed(page, app, "huggingface.co")
    space = page.frame_locator("#space")
    space.get_by_text("English synthetic").first.click()
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


def test_no_other_page_may_show_it(open_page: Callable[..., Page], app: RunningApp) -> None:
    page = open_page(allowed="frame-ancestors")
    framed(page, app, "elsewhere.example")
    page.wait_for_timeout(2000)
    assert page.frame_locator("#space").locator(".najva-header").count() == 0
