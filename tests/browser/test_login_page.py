"""What somebody sees of an app with a login."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.running_app import RunningApp, own_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def app(cache: Path, tmp_path: Path) -> Iterator[RunningApp]:
    """An app that asks who is there."""
    with own_app(cache, tmp_path, NAJVA_AUTH="sara:of her own") as app:
        yield app


def test_the_page_opens_with_the_password_alone(
    app: RunningApp, program: Callable[..., str], spoken: Path, pictures: Path
) -> None:
    microphone = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    microphone.append(f"--use-file-for-fake-audio-capture={spoken}%noloop")
    with sync_playwright() as playwright:
        chromium = program("chromium", "chromium-browser", "google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS, *microphone])
        page = browser.new_context(permissions=["microphone"]).new_page()
        page.goto(app.url)
        page.get_by_label("username").fill("sara")
        page.get_by_label("password").fill("of another")
        page.get_by_role("button", name="Login").click()
        expect(page.get_by_text("Incorrect Credentials")).to_be_visible()
        page.screenshot(path=pictures / "login.png")
        assert page.locator("#write-down").count() == 0
        # Gradio's page has forgotten the name too.
        page.get_by_label("username").fill("sara")
        page.get_by_label("password").fill("of her own")
        page.get_by_role("button", name="Login").click()
        page.locator("#model-line", has_text="whisper").wait_for(timeout=60_000)
        page.get_by_text("English synthetic").first.click()
        page.locator("#write-down").click()
        expect(page.locator("#status")).to_contain_text("of sound in", timeout=60_000)
        page.get_by_role("tab", name="Live").click()
        live = page.locator("#live")
        live.get_by_role("button", name="Start speaking").click()
        expect(live.locator("ol li:not(.najva-live-draft)").first).to_be_visible(timeout=60_000)
        browser.close()
    assert "of her own" not in app.log and "of another" not in app.log
