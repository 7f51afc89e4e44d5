"""The music tab in a real browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import clips

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OpenPage = Callable[..., Page]


def bring(page: Page, song: Path) -> None:
    page.get_by_role("tab", name="Music").click()
    page.locator("#song input[type=file]").set_input_files(song)
    page.get_by_role("button", name="Which genre?").click()
    expect(page.locator("#genre-status")).to_contain_text("of sound, heard by", timeout=60_000)


@pytest.mark.parametrize(
    ("name", "viewport", "scheme"),
    [
        ("music", {"width": 1280, "height": 900}, "light"),
        ("music-dark", {"width": 1280, "height": 900}, "dark"),
        ("music-phone", {"width": 390, "height": 844}, "light"),
    ],
)
def test_a_song_gets_its_genre_and_its_picture(
    open_page: OpenPage, test_data: Path, pictures: Path, name: str, viewport: dict, scheme: str
) -> None:
    page = open_page(viewport=viewport, color_scheme=scheme)
    bring(page, test_data / "gtzan_mini" / "metal" / sorted((test_data / "gtzan_mini" / "metal").iterdir())[0].name)
    expect(page.locator("#genres h2")).to_contain_text("Metal")
    expect(page.locator("#genres li")).to_have_count(3)
    image = page.locator("#genre-timeline img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") > 200
    pieces = page.locator("#genre-timeline .najva-pieces span")
    assert pieces.count() >= 9
    strip, last = page.locator(".najva-pieces").bounding_box(), pieces.last.bounding_box()
    assert last["x"] + last["width"] == pytest.approx(strip["x"] + strip["width"], abs=6)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=pictures / f"{name}.png", full_page=True)


def test_speech_is_no_music_and_another_network_can_be_asked(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    bring(page, clips.DATA / "other_speech" / "jfk.flac")
    expect(page.locator("#genre-status")).to_contain_text("No music here")
    expect(page.locator("#genres h2")).to_have_count(0)
    page.get_by_text("Which network listens", exact=True).click()
    page.get_by_label("lstm128").check()
    page.get_by_role("button", name="Which genre?").click()
    expect(page.locator("#genre-status")).to_contain_text("embedded:genre/lstm128", timeout=60_000)
    expect(page.locator("#genre-status")).to_contain_text("No music here")


def test_the_example_is_one_click_away_and_clearing_leaves_nothing(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("tab", name="Music").click()
    page.get_by_text("Swing synthetic").click()
    page.get_by_role("button", name="Which genre?").click()
    expect(page.locator("#genre-status")).to_contain_text("0:17 of sound", timeout=60_000)
    page.locator("#song").get_by_label("Clear").click()
    expect(page.locator("#genre-status")).to_contain_text("Bring a song")
    expect(page.locator("#genre-timeline img")).to_have_count(0)
