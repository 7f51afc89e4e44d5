"""The Chinese tab in a real browser: speech and text of other languages, sentence beside sentence."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pysubs2
import pytest
from playwright.sync_api import Page, expect

from tests import clips

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OpenPage = Callable[..., Page]


def open_tab(page: Page) -> None:
    page.get_by_role("tab", name="Chinese").click()


def bring(page: Page, recording: Path) -> None:
    page.locator("#foreign-recording").get_by_label("Upload file").click()
    page.locator("#foreign-recording input[type=file]").set_input_files(recording)
    page.locator("#translate").click()
    expect(page.locator("#translation-status")).to_contain_text("translated by", timeout=90_000)


def write(page: Page, text: str, language: str) -> None:
    page.get_by_role("tab", name="A text").click()
    page.locator("#foreign-text textarea").fill(text)
    page.get_by_label("Language of the text").fill(language)
    page.get_by_role("option", name=language).first.click()
    page.locator("#translate-text").click()
    expect(page.locator("#translation-status")).to_contain_text("translated by", timeout=60_000)


@pytest.mark.parametrize(
    ("name", "viewport", "scheme"),
    [
        ("chinese", {"width": 1280, "height": 900}, "light"),
        ("chinese-dark", {"width": 1280, "height": 900}, "dark"),
        ("chinese-phone", {"width": 390, "height": 844}, "light"),
    ],
)
def test_speech_stands_beside_its_chinese(
    open_page: OpenPage, test_data: Path, pictures: Path, name: str, viewport: dict, scheme: str
) -> None:
    page = open_page(viewport=viewport, color_scheme=scheme)
    open_tab(page)
    bring(page, clips.other_speech()[0].path)
    row = page.locator("#translation-pairs li").first
    expect(row).to_contain_text("country")
    expect(row.locator("[lang=zh-Hans]")).to_contain_text("国家")
    assert "国家" in page.locator("#translation-text textarea").input_value()
    # Nothing is wider than the window.
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=pictures / f"{name}.png", full_page=True)


def test_its_subtitles_are_read_by_others(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    open_tab(page)
    bring(page, clips.other_speech()[0].path)
    links = page.locator("#translation-downloads a")
    names = [link.get_attribute("download") for link in links.all()]
    assert names == [
        "jfk.txt",
        "jfk.json",
        *(f"jfk.{layout}.{ending}" for ending in ("srt", "vtt") for layout in ("zh", "zh-source", "source-zh")),
    ]
    for link, name in zip(links.all(), names, strict=True):
        if not link.is_visible():
            page.locator("#translation-downloads summary", has_text=name[-3:].upper()).click()
        with page.expect_download() as download:
            link.click()
        content = Path(download.value.path()).read_text(encoding="utf-8")
        assert unquote(download.value.suggested_filename) == name
        if name.endswith(("srt", "vtt")):
            lines = " ".join(event.plaintext for event in pysubs2.SSAFile.from_string(content))
            assert "国家" in lines.replace("\n", "")
            assert ("country" in lines) == (".zh." not in name)


def test_persian_stands_right_and_a_doubtful_sentence_says_why(open_page: OpenPage) -> None:
    page = open_page()
    open_tab(page)
    write(page, "سلام.\nxqzt vlorp mmbdk 12.", "Persian")
    first, second = page.locator("#translation-pairs li").all()
    source = first.locator("p").first
    assert source.evaluate("p => getComputedStyle(p).direction") == "rtl"
    assert source.evaluate("p => getComputedStyle(p).textAlign") in ("start", "right")
    assert second.get_attribute("class") == "najva-doubtful"
    expect(second.locator("small").first).to_be_visible()
    expect(page.locator("#translation-status")).to_contain_text("Doubtful: 1 of 2")


def test_letters_are_traditional_where_they_are_wanted(open_page: OpenPage) -> None:
    page = open_page()
    open_tab(page)
    page.get_by_label("Traditional").check()
    write(page, "Who are you talking to?", "English")
    chinese = page.locator("#translation-pairs [lang=zh-Hant]").inner_text()
    assert "誰" in chinese and "谁" not in chinese


def test_a_refusal_stands_where_the_result_would(open_page: OpenPage) -> None:
    page = open_page()
    open_tab(page)
    page.get_by_role("tab", name="A text").click()
    page.locator("#translate-text").click()
    expect(page.locator("#translation-status [role=alert]")).to_contain_text("There is no text")
