"""The speech tab in a real browser."""

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from najva.comparison import word_error_rate
from najva.persian import normalize
from tests import clips
from tests.browser.speech_tab import choose, text_box, wait_for_end, write_down
from tests.running_app import RunningApp, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OpenPage = Callable[..., Page]
JFK = clips.DATA / "other_speech" / "jfk.flac"
# The length of an MP3 without an index is an estimate.
PARTLY = re.compile(r"Writing… \d+:\d\d of 2[3-6]:\d\d")
COUNTRY = "ask what you can do for your country"


def downloads(page: Page) -> dict[str, str]:
    """Return the content of each download by file name."""
    found = {}
    for link in page.locator("#downloads a").all():
        kind, content = link.get_attribute("href").split(";base64,")
        assert kind.startswith("data:")
        found[link.get_attribute("download")] = base64.b64decode(content).decode("utf-8")
    return found


def test_file_becomes_text_languages_times_and_downloads(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    choose(page, JFK)
    write_down(page)
    wait_for_end(page)
    text = text_box(page).input_value()
    assert COUNTRY in text
    expect(page.locator("#text").get_by_label("Copy")).to_be_visible()

    expect(page.locator("#language h2")).to_have_text("Language: English")
    bars = page.locator("#language li")
    expect(bars).to_have_count(5)
    expect(bars.first).to_contain_text("English")
    widths = [
        bar.evaluate("bar => parseFloat(getComputedStyle(bar, '::before').width)")
        for bar in bars.locator(".najva-bar").all()
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 5 * widths[1]

    expect(page.locator("#segments time").first).to_have_text("0:00")
    assert normalize(" ".join(page.locator("#segments p").all_inner_texts()), "basic") == normalize(text, "basic")

    files = downloads(page)
    assert sorted(files) == ["jfk.json", "jfk.srt", "jfk.txt", "jfk.vtt"]
    assert normalize(files["jfk.txt"], "basic") == normalize(text, "basic")
    answer = json.loads(files["jfk.json"])
    assert (answer["text"], answer["language"], answer["audio_seconds"]) == (text, "en", 11.0)
    assert files["jfk.vtt"].startswith("WEBVTT\n\n00:00:0")
    assert files["jfk.srt"].startswith("1\n00:00:0")
    for name in ("jfk.srt", "jfk.vtt"):
        spoken = re.sub(r"WEBVTT|^\d+$|.*-->.*", "", files[name], flags=re.MULTILINE)
        assert normalize(spoken, "basic") == normalize(text, "basic")
    with page.expect_download() as saved:
        page.get_by_role("link", name="SRT").click()
    assert saved.value.suggested_filename == "jfk.srt"
    assert Path(saved.value.path()).read_text(encoding="utf-8") == files["jfk.srt"]


def test_persian_stands_right_to_left(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    choose(page, clips.persian("read")[0].path, language="Persian")
    write_down(page)
    wait_for_end(page)
    assert re.search("[\u0600-\u06ff]{3}", text_box(page).input_value())
    expect(page.locator("#language")).to_contain_text("as you said")
    paragraph = page.locator("#segments p").first
    assert paragraph.evaluate("p => getComputedStyle(p).direction") == "rtl"
    # How a text box with `unicode-bidi: plaintext` aligns its lines is not in its computed style, but to be seen.
    assert _ink(page, "سلام") > 0.85
    assert _ink(page, "hello") < 0.15


def _ink(page: Page, text: str) -> float:
    """Write a word into the text box and return where it stands: 0 is left, 1 is right."""
    box = text_box(page)
    box.evaluate("(box, text) => (box.value = text)", text)
    picture = np.asarray(Image.open(io.BytesIO(box.screenshot(caret="hide"))).convert("L"), np.float32)
    picture = picture[8:-8, 8:-8]
    columns = np.abs(picture - np.median(picture)).sum(axis=0)
    return float((columns * np.arange(columns.size)).sum() / columns.sum() / columns.size)


def test_words_show_their_times(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    choose(page, JFK)
    write_down(page)
    wait_for_end(page)
    words = page.locator("#segments p span")
    expect(words).to_have_count(22)
    assert re.fullmatch(r"\d\.\d\d–\d\.\d\d s", words.first.get_attribute("title"))


def test_unusable_file_is_explained(open_page: OpenPage, pictures: Path, tmp_path: Path, test_data: Path) -> None:
    # Gradio's player tries to play it, and says so in the console.
    page = open_page(allowed="Waveform load error")
    letter = tmp_path / "letter.wav"
    letter.write_text("Dear reader")
    choose(page, letter)
    write_down(page)
    expect(page.locator("#status")).to_contain_text("“letter.wav” is not a sound or video file")
    expect(page.locator("#downloads a")).to_have_count(0)
    page.screenshot(path=pictures / "refused.png")
    page.locator("#recording").get_by_label("Clear").click()
    expect(page.locator("#status")).to_contain_text("Record a few sentences")
    choose(page, JFK)
    write_down(page)
    wait_for_end(page)
    assert COUNTRY in text_box(page).input_value()


def test_button_waits_for_a_recording(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    button = page.get_by_role("button", name="Write it down")
    expect(button).to_be_disabled()
    choose(page, JFK)
    expect(button).to_be_enabled()
    page.locator("#recording").get_by_label("Clear").click()
    expect(button).to_be_disabled()


def test_stop_keeps_what_is_written(open_page: OpenPage, long_recording: Path) -> None:
    page = open_page()
    choose(page, long_recording, language="Persian")
    write_down(page)
    expect(page.locator("#status")).to_contain_text(PARTLY, timeout=60_000)
    page.locator("#stop").click()
    expect(page.locator("#status")).to_contain_text("Stopped at", timeout=60_000)
    text = text_box(page).input_value()
    assert len(text) > 50
    assert json.loads(downloads(page)["long.json"])["text"] == text
    assert json.loads(downloads(page)["long.json"])["audio_seconds"] < 900


def test_microphone_becomes_text(open_page: OpenPage, spoken: Path) -> None:
    page = open_page(microphone=spoken)
    recorder = page.locator("#recording")
    recorder.get_by_role("button", name="Record", exact=True).click()
    # The fake microphone plays the sentence in 11 seconds.
    expect(recorder.get_by_text("0:12")).to_be_visible(timeout=30_000)
    recorder.get_by_role("button", name="Stop").first.click()
    write_down(page)
    wait_for_end(page)
    assert "what your country can do for you" in text_box(page).input_value()


def test_recording_is_deleted_when_cleared(open_page: OpenPage, app: RunningApp, test_data: Path) -> None:
    page = open_page()
    choose(page, JFK)
    assert [path.name for path in app.uploads] == ["jfk.flac"]
    write_down(page)
    wait_for_end(page)
    assert [path.name for path in app.uploads] == ["jfk.flac"]
    page.locator("#recording").get_by_label("Clear").click()
    wait_until(lambda: not app.uploads, 10, lambda: app.uploads)
    expect(text_box(page)).to_have_value("")
    assert "jfk" not in app.log
    assert "country" not in app.log


def test_recording_is_deleted_when_the_visitor_leaves(open_page: OpenPage, app: RunningApp, test_data: Path) -> None:
    page = open_page()
    choose(page, JFK)
    # The page has told whose the file is; a page that is closed before leaves it to Gradio's hour.
    expect(page.locator("#write-down")).to_be_enabled()
    assert [path.name for path in app.uploads] == ["jfk.flac"]
    page.context.close()
    wait_until(lambda: not app.uploads, 30, lambda: app.uploads)


def test_leaving_in_the_middle_ends_the_work(
    open_page: OpenPage, app: RunningApp, long_recording: Path, test_data: Path
) -> None:
    page = open_page()
    choose(page, long_recording, language="Persian")
    write_down(page)
    expect(page.locator("#status")).to_contain_text(PARTLY, timeout=60_000)
    page.context.close()
    wait_until(lambda: not app.uploads, 30, lambda: app.uploads)
    # The batches that were begun are written to the end, the rest of the 24 minutes is not.
    wait_until(lambda: _rests(app), 60)
    again = open_page()
    choose(again, JFK)
    write_down(again)
    wait_for_end(again)
    assert COUNTRY in text_box(again).input_value()


def _rests(app: RunningApp) -> bool:
    """Tell whether the app computes nothing for one second."""
    before = app.cpu_seconds
    try:
        app.process.wait(1)
    except Exception:
        return app.cpu_seconds - before < 0.2
    raise AssertionError("the app has ended")


def test_plain_whisper_stands_beside_the_tuned_model(open_page: OpenPage, test_data: Path) -> None:
    clip = clips.persian("read")[0]
    page = open_page()
    choose(page, clip.path, "Persian")
    page.get_by_label("Beside plain Whisper").check()
    write_down(page)
    wait_for_end(page)
    columns = page.locator("#comparison section")
    expect(columns).to_have_count(2)
    said = page.get_by_label("What was really said?")
    expect(said).to_be_visible()
    plain, tuned = (normalize(column.locator("p").inner_text()) for column in columns.all())
    assert tuned == normalize(text_box(page).input_value())
    assert plain != tuned
    marked = page.locator("#comparison mark")
    assert marked.count() > 1
    # Held against what was said, each text has its rate; a text is not wrong in its own words.
    said.fill(text_box(page).input_value())
    expect(columns.nth(1).locator("b")).to_have_text("WER 0 %")
    expect(columns.nth(1).locator("mark")).to_have_count(0)
    said.fill(clip.text)
    for column, written in zip(columns.all(), (plain, tuned), strict=True):
        expect(column.locator("b")).to_have_text(f"WER {100 * word_error_rate(clip.text, written, 'fa-v1'):.0f} %")
    # The next recording begins without the old pair.
    page.get_by_label("Beside plain Whisper").uncheck()
    write_down(page)
    expect(columns).to_have_count(0)
    expect(said).to_be_hidden()


def test_a_language_without_a_model_of_its_own_says_so(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    choose(page, JFK)
    page.get_by_label("Beside plain Whisper").check()
    write_down(page)
    expect(page.locator("#comparison")).to_contain_text("Plain Whisper wrote this itself", timeout=60_000)
    assert COUNTRY in text_box(page).input_value()
