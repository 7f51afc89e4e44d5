"""The player beside a text: it is heard from where one presses, and what is heard is lit."""

import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests import clips
from tests.browser.speech_tab import choose, text_box, wait_for_end, write_down
from tests.running_app import RunningApp, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OpenPage = Callable[..., Page]
JFK = clips.DATA / "other_speech" / "jfk.flac"
_SECONDS = "#player audio"


def seconds(page: Page, player: str = _SECONDS) -> float:
    return page.locator(player).evaluate("player => player.currentTime")


def paused(page: Page) -> bool:
    return page.locator(_SECONDS).evaluate("player => player.paused")


@pytest.fixture
def written(open_page: OpenPage, test_data: Path) -> Page:
    page = open_page()
    choose(page, JFK)
    write_down(page)
    wait_for_end(page)
    return page


def test_a_word_is_heard_when_pressed_and_lit_while_it_is_heard(written: Page) -> None:
    words = written.locator("#segments p span")
    expect(words).to_have_count(22)
    assert paused(written)
    fifth = words.nth(4)
    start, end = (float(fifth.get_attribute(name)) for name in ("data-start", "data-end"))
    fifth.click()
    wait_until(lambda: not paused(written), 5, lambda: "paused")
    assert seconds(written) == pytest.approx(start, abs=1.0)
    # It goes on by itself, word after word.
    expect(words.nth(7)).to_have_class("najva-now", timeout=10_000)
    expect(fifth).not_to_have_class("najva-now")
    expect(written.locator("#segments li").first).to_have_class("najva-now")
    assert end <= seconds(written)
    written.locator(_SECONDS).evaluate("player => player.pause()")
    # The keyboard does the same.
    second = written.locator("#segments button").nth(1)
    second.press("Enter")
    wait_until(lambda: not paused(written), 5, lambda: "paused")
    assert seconds(written) == pytest.approx(float(second.get_attribute("data-start")), abs=1.0)
    expect(written.locator("#segments li").nth(1)).to_have_class("najva-now")


def test_who_marks_words_does_not_hear_them(written: Page) -> None:
    first = written.locator("#segments p").first
    first.evaluate("p => getSelection().selectAllChildren(p)")
    first.locator("span").first.dispatch_event("click")
    written.wait_for_timeout(300)
    assert paused(written)


def test_work_goes_on_and_results_stay_while_another_tab_is_looked_at(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    choose(page, clips.persian_long()[0].path, language="Persian")
    write_down(page)
    for name in ("Chinese", "Live", "Music", "About"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(300)
    page.get_by_role("tab", name="Speech").click()
    wait_for_end(page, 90)
    text = text_box(page).input_value()
    assert len(text) > 500
    for _ in range(2):
        page.get_by_role("tab", name="Music").click()
        page.get_by_role("tab", name="Speech").click()
        expect(text_box(page)).to_have_value(text)
        expect(page.locator("#downloads a")).to_have_count(4)
        expect(page.locator("#segments li").first).to_be_visible()


def test_on_a_phone_what_was_asked_for_comes_into_view(open_page: OpenPage, test_data: Path) -> None:
    page = open_page(viewport={"width": 390, "height": 844})
    choose(page, JFK)
    expect(page.locator("#status")).not_to_be_in_viewport()
    write_down(page)
    wait_for_end(page)
    expect(page.locator("#status")).to_be_in_viewport()


def test_what_cannot_be_played_is_told(open_page: OpenPage, test_data: Path, tmp_path: Path) -> None:
    page = open_page(allowed="Waveform load error")
    sound, rate_hz = soundfile.read(JFK)
    path = tmp_path / "old.au"
    soundfile.write(path, sound, rate_hz, format="AU", subtype="PCM_16")
    choose(page, path)
    write_down(page)
    wait_for_end(page)
    expect(page.locator("#player")).to_contain_text("This browser cannot play this recording.")
    expect(page.locator(_SECONDS)).to_be_hidden()


def test_chinese_sentences_are_heard_too(open_page: OpenPage, test_data: Path) -> None:
    page = open_page()
    page.get_by_role("tab", name="Chinese").click()
    page.locator("#foreign-recording").get_by_label("Upload file").click()
    page.locator("#foreign-recording input[type=file]").set_input_files(JFK)
    page.locator("#translate").click()
    rows = page.locator("#translation-pairs li")
    rows.first.get_by_role("button").click(timeout=60_000)
    wait_until(lambda: seconds(page, "#translation-player audio") > 0.2, 10, lambda: "silent")
    expect(rows.first).to_have_class("najva-now")


def test_what_is_mended_is_saved_as_rows_with_their_clips(
    written: Page, app: RunningApp, pictures: Path, tmp_path: Path
) -> None:
    save = written.get_by_role("button", name="Save the sheet and its clips")
    expect(save).to_be_hidden()
    written.get_by_text("Correct it, for fine-tuning").click()
    rows = written.locator("#corrections li")
    expect(rows).to_have_count(2)
    save.click()
    expect(written.locator("#rows-archive")).to_contain_text("Mend a sentence, or mark one as right, first.")
    rows.nth(1).get_by_role("textbox").fill("Ask what you can do for your country!")
    # What was mended is right; the other is not said to be.
    expect(rows.nth(1).get_by_role("checkbox")).to_be_checked()
    expect(rows.nth(0).get_by_role("checkbox")).not_to_be_checked()
    written.screenshot(path=pictures / "corrections.png", full_page=True)
    with written.expect_download() as saved:
        save.click()
    assert saved.value.suggested_filename == "jfk-rows.zip"
    with zipfile.ZipFile(saved.value.path()) as files:
        files.extractall(tmp_path)
    (row,) = pd.read_excel(tmp_path / "speech.xlsx").to_dict("records")
    assert row == {"audio": "clips/jfk-0001.flac", "text": "Ask what you can do for your country!", "recording": "jfk"}
    # The second half of the eleven seconds.
    assert 2 < soundfile.info(tmp_path / row["audio"]).duration < 5
    assert [path.name for path in app.uploads] == ["jfk.flac"]


def test_sentences_of_one_recording_never_get_the_sound_of_another(written: Page) -> None:
    written.get_by_text("Correct it, for fine-tuning").click()
    written.locator("#corrections li").nth(0).get_by_role("checkbox").check()
    with written.expect_download():
        written.get_by_role("button", name="Save the sheet and its clips").click()
    written.get_by_role("button", name="English synthetic").click()
    expect(written.locator("#recording")).to_contain_text("0:0", timeout=20_000)
    written.wait_for_timeout(1000)
    written.get_by_role("button", name="Save the sheet and its clips").click()
    expect(written.locator("#rows-archive")).to_contain_text("These sentences are another recording's")
    expect(written.locator("#rows-archive a")).to_have_count(0)
    write_down(written)
    expect(written.locator("#status")).to_contain_text("of sound in", timeout=60_000)
    expect(written.locator("#rows-archive .najva-problem")).to_have_count(0)


def test_several_files_become_one_archive(
    open_page: OpenPage, app: RunningApp, test_data: Path, pictures: Path, tmp_path: Path
) -> None:
    page = open_page()
    page.get_by_text("Several files at once").click()
    page.get_by_role("button", name="Write them all down").click()
    expect(page.locator("#several")).to_contain_text("Bring some recordings first.")
    persian = clips.persian("read")[0].path
    letter = tmp_path / "letter.wav"
    letter.write_text("Dear reader")
    page.locator("#several-recordings input[type=file]").set_input_files([JFK, persian, letter])
    expect(page.locator("#several-recordings")).to_contain_text("letter")
    page.get_by_role("button", name="Write them all down").click()
    link = page.locator("#several a")
    link.wait_for(timeout=60_000)
    page.screenshot(path=pictures / "several.png", full_page=True)
    expect(page.locator("#several .najva-status")).to_contain_text("3 of 3 recordings")
    expect(page.locator("#several li").nth(0)).to_contain_text("ask what you can do for your country")
    expect(page.locator("#several li").nth(2)).to_contain_text("is not a sound or video file")
    packed = base64.b64decode(link.get_attribute("href").partition(",")[2])
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        endings = ("json", "srt", "txt", "vtt")
        assert sorted(files.namelist()) == sorted(
            f"{stem}.{ending}" for stem in ("jfk", persian.stem) for ending in endings
        )
        assert "country" in files.read("jfk.txt").decode("utf-8")
    assert len(app.uploads) == 3
    # One taken off the list is deleted at once, the others with the visitor.
    page.locator("#several-recordings").get_by_label("Remove this file").last.click()
    wait_until(lambda: len(app.uploads) == 2, 10, lambda: app.uploads)
    page.context.close()
    wait_until(lambda: not app.uploads, 30, lambda: app.uploads)
