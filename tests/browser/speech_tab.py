"""What a visitor does at the speech tab."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect


def choose(page: Page, recording: Path, language: str | None = None) -> None:
    """Bring a file, and say its language."""
    page.locator("#recording").get_by_label("Upload file").click()
    page.locator("#recording input[type=file]").set_input_files(recording)
    # The player of what was brought.
    expect(page.locator("#recording #duration, #recording audio").first).to_be_attached(timeout=20_000)
    if language:
        page.get_by_text("Language, model", exact=True).click()
        box = page.get_by_label("Language spoken")
        box.fill(language)
        page.get_by_role("option", name=language).first.click()


def write_down(page: Page) -> None:
    """Press the button as soon as it lets itself be pressed."""
    page.get_by_role("button", name="Write it down").click()


def wait_for_end(page: Page, seconds: float = 60) -> None:
    """Wait until the status says how long the work took."""
    expect(page.locator("#status")).to_contain_text("of sound in", timeout=1000 * seconds)


def text_box(page: Page) -> Locator:
    """Return where the text appears."""
    return page.locator("#text textarea")
