"""The page speaks the reader's language, from right to left in Persian."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import clips
from tests.browser.live_tab import lines
from tests.running_app import ROOT

WORDS = {path.stem: json.loads(path.read_text("utf-8")) for path in (ROOT / "space" / "tabs" / "words").glob("*.json")}
# Names that no language translates.
NAMES = re.compile(
    r"Najva|Whisper|WAV|MP3|FLAC|OGG|M4A|WebM|AU|MB|API|MCP|https?|Hub|TXT|SRT|VTT|JSON|ZIP|MIT|mit|NAJVA_\w+(=\w+)?|offline|Auto|English|chrF|/\S+"
)
_VISIBLE = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const [text, element] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
    const skipped = element.closest('[translate="no"], code, script, style, option, textarea');
    if (text && !skipped && element.checkVisibility()) found.push(text);
  }
  return found;
}"""


def test_the_languages_have_the_same_sentences_with_the_same_gaps() -> None:
    assert WORDS.keys() == {"fa", "zh"} and WORDS["fa"].keys() == WORDS["zh"].keys()
    for words in WORDS.values():
        for sentence, told in words.items():
            assert told.strip() and sorted(re.findall(r"\{\d\}", sentence)) == sorted(re.findall(r"\{\d\}", told)), (
                sentence
            )


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("locale", "direction"), [("fa-IR", "rtl"), ("zh-CN", "ltr")])
def test_nothing_is_left_in_english(
    open_page: Callable[..., Page], pictures: Path, locale: str, direction: str
) -> None:
    language = locale[:2]
    page = open_page(locale=locale)
    expect(page.locator("html")).to_have_attribute("dir", direction)
    # Gradio writes zh-CN.
    expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
    for number, name in enumerate(("Speech", "Chinese", "Live", "Music", "About")):
        page.get_by_role("tab", name=WORDS[language][name], exact=True).first.click()
        page.wait_for_timeout(500)
        page.screenshot(path=pictures / f"page-{language}-{number}.png", full_page=True)
        assert left_in_english(page) == [], name


def left_in_english(page: Page) -> list[str]:
    return [text for text in page.evaluate(_VISIBLE) if re.search("[A-Za-z]{3}", NAMES.sub("", text))]


@pytest.mark.browser
@pytest.mark.slow
def test_results_and_refusals_are_told_in_persian_too(
    open_page: Callable[..., Page], pictures: Path, test_data: Path, tmp_path: Path
) -> None:
    page = open_page(allowed="Waveform load error", locale="fa-IR")
    bring(page, "#recording", clips.DATA / "other_speech" / "jfk.flac")
    page.locator("#write-down").click()
    expect(page.locator("#downloads a")).to_have_count(4, timeout=60_000)
    page.locator("#corrections summary").click()
    page.locator("#save-rows").click()
    expect(page.locator("#rows-archive")).to_have_text(WORDS["fa"]["Mend a sentence, or mark one as right, first."])
    page.screenshot(path=pictures / "results-fa.png", full_page=True)
    assert left_in_english(page) == []
    letter = tmp_path / "letter.wav"
    letter.write_text("Dear reader")
    page.locator("#recording .top-panel button").last.click()
    expect(page.locator("#write-down")).to_be_disabled()
    bring(page, "#recording", letter)
    page.locator("#write-down").click()
    expect(page.locator("#status")).to_contain_text("«letter.wav» فایل صدا")
    page.get_by_role("tab", name=WORDS["fa"]["Chinese"], exact=True).first.click()
    bring(page, "#foreign-recording", clips.DATA / "other_speech" / "jfk.flac")
    page.locator("#translate").click()
    expect(page.locator("#translation-downloads a").first).to_be_visible(timeout=60_000)
    assert left_in_english(page) == []
    page.get_by_role("tab", name=WORDS["fa"]["Music"], exact=True).first.click()
    page.get_by_role("button", name=WORDS["fa"]["Swing synthetic"]).click()
    page.locator("#which-genre").click()
    expect(page.locator("#genre-timeline img")).to_be_visible(timeout=60_000)
    assert left_in_english(page) == []


def bring(page: Page, where: str, path: Path) -> None:
    page.locator(f"{where} .source-selection button").first.click()
    page.locator(f"{where} input[type=file]").set_input_files(path)


@pytest.mark.browser
@pytest.mark.slow
def test_the_switch_wins_over_the_browser_and_is_remembered(open_page: Callable[..., Page]) -> None:
    page = open_page()
    write = page.locator("#write-down")
    expect(write).to_have_text("Write it down")
    switch = page.get_by_role("group", name="Language of the page")
    switch.get_by_role("button", name="فارسی").click()
    expect(write).to_have_text(WORDS["fa"]["Write it down"])
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert page.locator(".najva-header p").evaluate("node => getComputedStyle(node).direction") == "rtl"
    # Numbers too, and what the server says only now.
    expect(page.locator(".najva-note").first).to_contain_text("۳ ساعت")
    expect(page.locator("#model-line span").first).to_have_text(WORDS["fa"]["At work:"])
    page.reload()
    expect(write).to_have_text(WORDS["fa"]["Write it down"])
    page.locator('[data-language="en"]').click()
    expect(write).to_have_text("Write it down")
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(page.locator('[data-language="en"]')).to_have_attribute("aria-pressed", "true")


@pytest.mark.browser
@pytest.mark.slow
def test_a_persian_reader_s_phone_speaks_and_reads_with_chinese_beneath(
    open_page: Callable[..., Page], spoken: Path, pictures: Path
) -> None:
    page = open_page(microphone=spoken, locale="fa-IR", viewport={"width": 390, "height": 844}, has_touch=True)
    words = WORDS["fa"]
    live = page.locator("#live")
    # One tap.
    page.get_by_role("button", name=words["Speak now"]).tap()
    expect(live.get_by_role("status")).to_have_text(words["Listening"])
    written = lines(live)
    # What was said stays as it was said.
    expect(written.last).to_contain_text("for your country", timeout=40_000)
    expect(live.locator(".najva-live-chinese-line").last).to_contain_text("国家", timeout=20_000)
    page.screenshot(path=pictures / "live-phone-fa.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    live.get_by_role("button", name=words["Stop"]).click()
    expect(live.get_by_role("status")).to_have_text(words["Stopped. Everything you said was heard."], timeout=20_000)
