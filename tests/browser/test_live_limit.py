"""What a speaker sees who reaches the longest time of a live session, or finds another one speaking."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.running_app import RunningApp, own_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def app(cache: Path, tmp_path: Path) -> Iterator[RunningApp]:
    """An app that lets one person speak, no longer than seven seconds."""
    with own_app(cache, tmp_path, NAJVA_MAX_SECONDS="7", NAJVA_MAX_SPEAKERS="1") as app:
        yield app


def test_speech_until_the_limit_stays_and_the_limit_is_said(
    open_page: Callable[..., Page], spoken: Path, pictures: Path
) -> None:
    page = open_page(microphone=spoken)
    page.get_by_role("tab", name="Live").click()
    live = page.locator("#live")
    expect(live).to_contain_text("Up to 7 seconds at a time.")
    live.get_by_role("button", name="Start speaking").click()
    expect(live.get_by_role("status")).to_contain_text("ends after 7 seconds; start again to go on", timeout=30_000)
    page.screenshot(path=pictures / "live-limit.png")
    expect(live.get_by_role("button", name="Start speaking")).to_be_enabled()
    assert page.locator("#live [data-received], #live[data-received]").first.get_attribute("data-received") == "112000"
    # The sentence that the limit cut in two is there.
    said = " ".join(live.locator("ol li:not(.najva-live-draft) > p").all_inner_texts()).lower()
    assert "fellow americans" in said
    assert "what your country" in said


def test_who_closes_the_page_makes_room_for_the_next(open_page: Callable[..., Page], spoken: Path) -> None:
    pages = [open_page(microphone=spoken) for _ in range(2)]
    for page in pages:
        page.get_by_role("tab", name="Live").click()
        page.locator("#live").get_by_role("button", name="Start speaking").click()
        expect(page.locator("#live").get_by_role("status")).to_contain_text(
            "Listening" if page is pages[0] else "1 people are speaking already", timeout=20_000
        )
    pages[0].goto("about:blank")
    pages[1].locator("#live").get_by_role("button", name="Start speaking").click()
    expect(pages[1].locator("#live").get_by_role("status")).to_have_text("Listening")
    pages[1].wait_for_timeout(1500)
    expect(pages[1].locator("#live").get_by_role("status")).to_have_text("Listening")
