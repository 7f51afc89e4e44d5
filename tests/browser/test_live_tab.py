"""The live tab with a fake microphone."""

from collections.abc import Callable
from pathlib import Path

import pysubs2
import pytest
from playwright.sync_api import Page, expect

from najva.persian import normalize
from tests import clips
from tests.browser.live_tab import lines, start_speaking, stop_speaking

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_speech_becomes_captions_with_chinese_and_no_sample_is_lost(
    open_page: Callable[..., Page], spoken: Path, pictures: Path, tmp_path: Path
) -> None:
    page = open_page(microphone=spoken)
    page.get_by_role("tab", name="Live").click()
    live = page.locator("#live")
    live.get_by_label("Chinese beneath").select_option("zh-Hans")
    live.get_by_role("button", name="Start speaking").click()
    # While he speaks: words that stand firm, and some that may change.
    draft = live.locator(".najva-live-draft")
    expect(draft.locator("b")).to_contain_text("country can do", ignore_case=True, timeout=40_000)
    page.screenshot(path=pictures / "live-draft.png")
    # The line is there at the pause, while the microphone is still open.
    written = lines(live)
    expect(written.last).to_contain_text("for your country", timeout=40_000)
    expect(draft).to_be_hidden()
    expect(live.locator(".najva-live-chinese-line").last).to_contain_text("国家", timeout=20_000)
    stop = live.get_by_role("button", name="Stop")
    expect(stop).to_be_enabled()
    page.screenshot(path=pictures / "live-listening.png")
    stop.click()
    expect(live.get_by_role("status")).to_have_text("Stopped. Everything you said was heard.", timeout=20_000)
    expect(live.get_by_role("button", name="Start speaking")).to_be_visible()
    page.screenshot(path=pictures / "live-captions.png")

    counted = page.locator("#live[data-sent], #live [data-sent]").first
    assert int(counted.get_attribute("data-sent")) == int(counted.get_attribute("data-received"))
    assert int(counted.get_attribute("data-sent")) > 11 * 16000
    said = normalize(clips.other_speech("en")[0].text, "basic").split()
    heard = normalize(" ".join(written.all_inner_texts()), "basic").split()
    # A sentence cut at each breath is written a little differently.
    assert len(set(said) & set(heard)) >= len(set(said)) - 1

    with page.expect_download() as download:
        live.get_by_role("button", name="Save SRT").click()
    download.value.save_as(tmp_path / "captions.srt")
    cues = pysubs2.load(str(tmp_path / "captions.srt"))
    assert len(cues) == written.count() and "国家" in cues[-1].text and "country" in cues[-1].text
    assert all(cue.start < cue.end for cue in cues) and cues[-1].end < 12_000

    live.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement?.className === 'najva-live-room'")
    page.screenshot(path=pictures / "live-room.png")
    # Four times the size of ordinary text, for a room.
    assert written.last.evaluate("line => parseFloat(getComputedStyle(line).fontSize)") > 40
    page.keyboard.press("Escape")


def test_missing_microphone_is_explained(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.get_by_role("tab", name="Live").click()
    page.locator("#live").get_by_role("button", name="Start speaking").click()
    expect(page.locator("#live").get_by_role("status")).to_contain_text("The microphone is not available")


def test_a_browser_that_cannot_record_at_whisper_s_rate_is_resampled(
    open_page: Callable[..., Page], spoken: Path
) -> None:
    """As Firefox, which refuses to connect a microphone to a context of another rate."""
    page = open_page(microphone=spoken)
    page.add_init_script("""
      const connect = AudioContext.prototype.createMediaStreamSource;
      AudioContext.prototype.createMediaStreamSource = function (stream) {
        if (this.sampleRate === 16000) throw new DOMException("another rate", "NotSupportedError");
        window.recordedAt = this.sampleRate;
        return connect.call(this, stream);
      };
    """)
    page.reload()
    live = start_speaking(page)
    written = lines(live)
    expect(written.last).to_contain_text("for your country", timeout=60_000)
    assert page.evaluate("window.recordedAt") > 40_000
    stop_speaking(live)
    said = normalize(clips.other_speech("en")[0].text, "basic").split()
    heard = normalize(" ".join(written.all_inner_texts()), "basic").split()
    assert len(set(said) & set(heard)) >= len(set(said)) - 1


def test_a_page_that_is_not_looked_at_goes_on(open_page: Callable[..., Page], spoken: Path) -> None:
    """A browser slows the timers of such a page; here they stop."""
    page = open_page(microphone=spoken)
    live = start_speaking(page)
    expect(live.get_by_role("status")).to_have_text("Listening")
    page.evaluate("window.setTimeout = () => 0")
    written = lines(live)
    expect(written.last).to_contain_text("for your country", timeout=40_000)
