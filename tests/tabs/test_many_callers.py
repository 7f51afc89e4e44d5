"""Several callers at once: each gets its own answer, and no file is deleted under anybody or stays behind."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import gradio as gr
import pytest
import soundfile
from gradio_client import handle_file

from najva.persian import normalize
from tabs import uploads
from tabs.uploads import Uploads
from tests import clips
from tests.running_app import RunningApp, wait_until


def transcribe_together(app: RunningApp, paths: list[Path]) -> list[dict]:
    """Call with all files at the same moment, each from a client of its own."""
    barrier = Barrier(len(paths))

    def one(path: Path) -> dict:
        client = app.client()
        barrier.wait()
        return client.predict(audio=handle_file(str(path)), api_name="/transcribe")

    with ThreadPoolExecutor(len(paths)) as pool:
        return list(pool.map(one, paths))


@pytest.mark.slow
def test_six_calls_at_once_get_their_own_text(app: RunningApp, test_data: Path, tmp_path: Path) -> None:
    paths = [clip.path for clip in clips.other_speech()]
    speech, rate_hz = soundfile.read(paths[0])
    for name, part in (("first", speech[: 5 * rate_hz]), ("last", speech[5 * rate_hz :])):
        paths.append(tmp_path / f"{name}.wav")
        soundfile.write(paths[-1], part, rate_hz)
    alone = [app.client().predict(audio=handle_file(str(path)), api_name="/transcribe") for path in paths]
    together = transcribe_together(app, paths)
    assert [answer["text"] for answer in together] == [answer["text"] for answer in alone]
    assert len({answer["text"] for answer in together}) == len(paths)
    assert app.uploads == []


@pytest.mark.slow
def test_the_same_file_from_four_callers_at_once(app: RunningApp, test_data: Path) -> None:
    clip = clips.other_speech("en")[1]
    for answer in transcribe_together(app, [clip.path] * 4):
        assert normalize(answer["text"], "basic") == clip.text
    wait_until(lambda: not app.uploads, 5, lambda: app.uploads)


class Page:
    """A page that receives files the way Gradio's routes put them there."""

    def __init__(self, folder: Path) -> None:
        with gr.Blocks() as self.blocks:
            self.uploads = Uploads(self.blocks)
            self.recording = gr.Audio(type="filepath")
            self.uploads.count_calls(self.recording)
        self.path = folder / "hash" / "speech.wav"

    def upload(self) -> str:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_bytes(b"sound")
        self.blocks.upload_file_set.update([str(self.path)])
        return str(self.path)

    def call(self) -> str:
        """What comes before the function of an endpoint: the file is noted at the component."""
        self.recording.temp_files.add(str(self.path))
        return str(self.path)


def test_file_of_two_callers_goes_with_the_last(tmp_path: Path) -> None:
    page = Page(tmp_path)
    for _ in range(2):
        page.upload()
        page.call()
    page.uploads.answered(str(page.path))
    assert page.path.exists()
    page.uploads.answered(str(page.path))
    assert not page.path.parent.exists()


def test_call_does_not_delete_what_lies_on_a_page(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.uploads.belongs_to(page.upload(), "visitor", "speech")
    page.upload()
    page.uploads.answered(page.call())
    assert page.path.exists()
    page.uploads.clear("somebody else", "speech")
    assert page.path.exists()
    page.uploads.clear("visitor", "speech")
    assert not page.path.exists()


def test_each_tab_keeps_its_own_file_and_leaving_empties_all(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.uploads.belongs_to(page.upload(), "visitor", "speech")
    page.uploads.belongs_to(page.upload(), "visitor", "music")
    page.uploads.clear("visitor", "music")
    assert page.path.exists()
    page.uploads.belongs_to(page.upload(), "visitor", "music")
    page.uploads.left("visitor")
    assert not page.path.exists()


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every upload is known of by the page that sent it."""
    monkeypatch.setattr(uploads, "_ON_ITS_WAY_SECONDS", -1.0)


@pytest.mark.usefixtures("settled")
def test_who_brings_a_file_twice_has_it_once(tmp_path: Path) -> None:
    page = Page(tmp_path)
    for visitor in ("visitor", "visitor", "another"):
        page.uploads.belongs_to(page.upload(), visitor, "speech")
    page.uploads.clear("visitor", "speech")
    assert page.path.exists()
    page.uploads.left("another")
    assert not page.path.exists()


@pytest.mark.usefixtures("settled")
def test_what_is_taken_off_a_list_goes_and_the_rest_stays(tmp_path: Path) -> None:
    page = Page(tmp_path)
    first = page.upload()
    page.path = tmp_path / "another hash" / "speech.wav"
    second = page.upload()
    page.uploads.keep([first, second], "visitor", "several")
    page.uploads.keep([second], "visitor", "several")
    assert not Path(first).exists() and Path(second).exists()
    page.uploads.keep([], "visitor", "several")
    assert not Path(second).exists()


def fetched(folder: Path) -> Path:
    path = folder / "tmp" / "speech.wav"
    path.parent.mkdir()
    path.write_bytes(b"sound")
    return path


@pytest.mark.usefixtures("settled")
def test_what_was_fetched_is_an_upload_of_its_visitor(tmp_path: Path) -> None:
    page = Page(tmp_path)
    path = Path(page.uploads.take_in(fetched(tmp_path), "visitor", "speech", time.monotonic()))
    assert path.exists() and [*tmp_path.rglob("*.wav")] == [path]
    # Its own address brings it to the tab in which it lies.
    assert page.uploads.take_in(path, "visitor", "speech", time.monotonic()) == str(path)
    page.uploads.clear("visitor", "speech")
    assert [*tmp_path.iterdir()] == []


def test_what_arrives_after_its_visitor_has_left_goes(tmp_path: Path) -> None:
    page = Page(tmp_path)
    begun = time.monotonic()
    page.uploads.left("visitor")
    page.uploads.take_in(fetched(tmp_path), "visitor", "speech", begun)
    assert [*tmp_path.iterdir()] == []


def test_file_that_a_page_tells_of_after_the_leaving(tmp_path: Path) -> None:
    page = Page(tmp_path)
    path = page.upload()
    page.uploads.left("visitor")
    page.uploads.belongs_to(path, "visitor", "speech")
    assert not page.path.exists()


def test_file_told_of_late_takes_nothing_else_with_it(tmp_path: Path) -> None:
    page = Page(tmp_path)
    late = page.upload()
    page.uploads.left("visitor")
    page.path = tmp_path / "another hash" / "speech.wav"
    page.uploads.belongs_to(page.upload(), "visitor", "speech")
    page.uploads.belongs_to(late, "visitor", "speech")
    assert not Path(late).exists()
    assert page.path.exists()


def test_visitor_who_comes_back_keeps_a_new_file(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.uploads.left("visitor")
    page.uploads.belongs_to(page.upload(), "visitor", "speech")
    assert page.path.exists()
    page.uploads.left("visitor")
    assert not page.path.exists()


def test_call_between_upload_and_call_of_another(tmp_path: Path) -> None:
    page = Page(tmp_path)
    page.upload()
    page.call()
    page.upload()
    page.uploads.answered(str(page.path))
    assert page.path.exists()
    page.uploads.answered(page.call())
    assert not page.path.exists()


def test_files_of_nobody_are_left_alone(tmp_path: Path) -> None:
    page = Page(tmp_path)
    example = tmp_path / "example.mp3"
    example.touch()
    page.uploads.answered(str(example))
    page.uploads.answered(None)
    assert example.exists()


def test_gradio_clears_the_counted_sets_after_an_hour(tmp_path: Path) -> None:
    """Fails when Gradio no longer notes uploads and fetched files where `Uploads` counts them."""
    from gradio.route_utils import delete_files_created_by_app

    page = Page(tmp_path)
    assert any(known is page.blocks.upload_file_set for known in page.blocks.temp_file_sets)
    assert any(known is page.recording.temp_files for known in page.blocks.temp_file_sets)
    page.upload()
    page.call()
    delete_files_created_by_app(page.blocks, None)
    assert not page.path.exists()
    assert not page.blocks.upload_file_set
