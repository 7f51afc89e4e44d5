"""The live tab with a fake microphone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from najva.persian import normalize
from tests import clips

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_speech_becomes_captions_and_no_sample_is_lost(
    open_page: Callable[..., Page], spoken: Path, pictures: Path
) -> None:
    page = open_page(microphone=spoken)
    page.get_by_role("tab", name="Live").click()
    live = page.locator("#live")
    live.get_by_role("button", name="Start speaking").click()
    # It appears at the pause, while the microphone is still open.
    expect(live.locator("ol p").last).to_contain_text("for your country", timeout=40_000)
    stop = live.get_by_role("button", name="Stop")
    expect(stop).to_have_attribute("aria-pressed", "true")
    page.screenshot(path=pictures / "live-listening.png")
    stop.click()
    expect(live.get_by_role("status")).to_have_text("Stopped. Everything you said was heard.", timeout=20_000)
    expect(live.get_by_role("button", name="Start speaking")).to_be_visible()
    page.screenshot(path=pictures / "live-captions.png")

    counted = page.locator("#live[data-sent], #live [data-sent]").first
    assert int(counted.get_attribute("data-sent")) == int(counted.get_attribute("data-received"))
    assert int(counted.get_attribute("data-sent")) > 11 * 16000
    said = normalize(clips.other_speech("en")[0].text, "basic").split()
    heard = normalize(" ".join(live.locator("ol p").all_inner_texts()), "basic").split()
    # A sentence cut at each breath is written a little differently.
    assert len(set(said) & set(heard)) >= len(set(said)) - 1


def test_missing_microphone_is_explained(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.get_by_role("tab", name="Live").click()
    page.locator("#live").get_by_role("button", name="Start speaking").click()
    expect(page.locator("#live").get_by_role("status")).to_contain_text("The microphone is not available")
