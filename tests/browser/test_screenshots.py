"""Pictures of the page for people to look at, and what can be checked of them without eyes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import clips
from tests.browser.speech_tab import choose, wait_for_end, write_down

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize(
    ("name", "viewport", "scheme", "clip", "language"),
    [
        ("desktop", DESKTOP, "light", "other_speech/jfk.flac", None),
        ("phone", PHONE, "light", "other_speech/jfk.flac", None),
        ("dark", DESKTOP, "dark", "other_speech/jfk.flac", None),
        ("persian", DESKTOP, "light", "persian_clips/long/2.mp3", "Persian"),
        ("persian-phone-dark", PHONE, "dark", "persian_clips/read/Ardalan01.mp3", "Persian"),
    ],
)
def test_page_fits_and_is_photographed(
    open_page: Callable[..., Page],
    test_data: Path,
    pictures: Path,
    name: str,
    viewport: dict,
    scheme: str,
    clip: str,
    language: str | None,
) -> None:
    page = open_page(viewport=viewport, color_scheme=scheme)
    page.screenshot(path=pictures / f"{name}-empty.png", full_page=True)
    choose(page, clips.DATA / clip, language)
    write_down(page)
    wait_for_end(page, 90)
    expect(page.locator("#downloads a")).to_have_count(4)
    assert fits(page)
    # A dot between two links, and none beside a hidden one.
    links, dots = page.locator("footer button:visible"), page.locator("footer .divider:visible")
    assert dots.count() == links.count() - 1
    page.screenshot(path=pictures / f"{name}.png", full_page=True)
    page.get_by_role("tab", name="Live").click()
    expect(page.locator("#live").get_by_role("button", name="Start speaking")).to_be_visible()
    assert fits(page)
    page.screenshot(path=pictures / f"{name}-live.png", full_page=True)


def fits(page: Page) -> bool:
    """Tell whether nothing is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
