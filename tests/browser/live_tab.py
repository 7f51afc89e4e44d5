"""What a speaker does at the live tab."""

from playwright.sync_api import Locator, Page, expect


def start_speaking(page: Page) -> Locator:
    """Open the tab and begin; returns the tab's content."""
    page.get_by_role("tab", name="Live").click()
    live = page.locator("#live")
    live.get_by_role("button", name="Start speaking").click()
    return live


def stop_speaking(live: Locator, seconds: float = 20) -> None:
    """Stop, and wait until all that was said is written."""
    live.get_by_role("button", name="Stop").click()
    expect(live.get_by_role("status")).to_have_text("Stopped. Everything you said was heard.", timeout=1000 * seconds)


def lines(live: Locator) -> Locator:
    """Return the lines that are written for good, without their Chinese."""
    return live.locator("ol li:not(.najva-live-draft) > p:not([class])")
