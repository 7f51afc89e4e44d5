"""The page by ear and by keyboard: axe-core finds no fault, and nothing needs a mouse."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests import clips
from tests.browser.speech_tab import choose, text_box, wait_for_end, write_down

pytestmark = [pytest.mark.browser, pytest.mark.slow]

JFK = clips.DATA / "other_speech" / "jfk.flac"


def faults(page: Page) -> list[str]:
    """Return what axe-core finds, but for what is of minor weight: Gradio's footer names one picture twice."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for fault in found
        if fault["impact"] != "minor"
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [("en-US", "light", 1280), ("en-US", "dark", 1280), ("fa-IR", "dark", 390), ("zh-CN", "light", 390)],
)
def test_axe_finds_no_fault(
    open_page: Callable[..., Page], test_data: Path, locale: str, scheme: str, width: int
) -> None:
    page = open_page(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 850})
    tabs = page.get_by_role("tablist").first.get_by_role("tab")
    expect(tabs).to_have_count(5)
    for tab in tabs.all():
        tab.click()
        page.wait_for_timeout(500)
        assert faults(page) == [], tab.inner_text()
    expect(page.locator("#about article").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_results(open_page: Callable[..., Page], test_data: Path, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    choose(page, JFK)
    write_down(page)
    wait_for_end(page)
    page.get_by_text("Correct it, for fine-tuning").click()
    page.get_by_text("Several files at once").click()
    page.locator("#segments p span").nth(3).click()
    expect(page.locator("#segments li.najva-now")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("tab", name="Chinese").click()
    page.get_by_role("tab", name="A text").click()
    page.locator("#foreign-text textarea").fill("امروز هوا خوب است. 谢谢 123.")
    page.locator("#translate-text").click()
    expect(page.locator("#translation-downloads a").first).to_be_visible(timeout=60_000)
    assert faults(page) == []
    page.get_by_role("tab", name="Music").click()
    page.get_by_role("button", name="Swing synthetic").click()
    page.locator("#which-genre").click()
    expect(page.locator("#genre-timeline img")).to_be_visible(timeout=60_000)
    expect(page.locator("#genre-status")).to_contain_text("heard by")
    assert faults(page) == []


def test_keys_alone_bring_a_text(open_page: Callable[..., Page], test_data: Path) -> None:
    page = open_page()
    reach(page, "English synthetic")
    page.keyboard.press("Enter")
    expect(page.locator("#write-down")).to_be_enabled(timeout=20_000)
    reach(page, "Write it down")
    outline = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).boxShadow"
    )
    assert outline != "nonenone"
    page.keyboard.press("Enter")
    wait_for_end(page)
    assert text_box(page).input_value()
    # From the page's head down, in the order in which it is read.
    reach(page, "فارسی")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")


def reach(page: Page, name: str) -> None:
    """Go on with the tabulator until something of this name has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"the tabulator never comes to “{name}”")
