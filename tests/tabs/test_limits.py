"""How many are served at once, how many wait, how many speak: told up front, and kept."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from gradio_client.utils import QueueError

from tests.running_app import ROOT, RunningApp, own_app, wait_until

ENGLISH = ROOT / "space" / "examples" / "English-synthetic.mp3"


def test_the_page_tells_its_limits_before_an_upload(app: RunningApp) -> None:
    page = json.dumps(httpx.get(f"{app.url}/config").json())
    assert page.count("Up to 4 visitors are served at once and 20 wait in line") == 3
    assert "Up to 20 people may speak at once." in page
    assert "up to 3 hours and 20 MB" in page


@pytest.fixture
def hours(tmp_path: Path) -> Path:
    """A sentence again and again: nobody waits for the end of that here."""
    path = tmp_path / "hours.mp3"
    path.write_bytes(ENGLISH.read_bytes() * 140)
    return path


@pytest.fixture
def listening() -> Iterator[list]:
    """Open answers; they are left when the test ends."""
    opened: list = []
    yield opened
    for each in opened:
        each.close()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A visitor's own recording; Gradio's copies of the page's examples stay."""
    return Path(shutil.copy(ENGLISH, tmp_path / "mine.mp3"))


def join(app: RunningApp, path: Path, listening: list) -> httpx.Response:
    """Ask for a recording's text, and wait for it somewhere else."""
    http = httpx.Client(base_url=f"{app.url}/gradio_api", timeout=60)
    listening.append(http)
    with path.open("rb") as file:
        (uploaded,) = http.post("/upload", files={"files": file}).raise_for_status().json()
    data = [{"path": uploaded, "meta": {"_type": "gradio.FileData"}}, "en", "none"]
    joined = http.post("/call/transcribe", json={"data": data}).raise_for_status().json()
    stream = http.stream("GET", f"/call/transcribe/{joined['event_id']}")
    answer = stream.__enter__()
    listening.insert(0, answer)
    return answer


@pytest.mark.slow
def test_whoever_leaves_is_no_longer_worked_for(app: RunningApp, hours: Path, listening: list) -> None:
    before = app.cpu_seconds
    join(app, hours, listening)
    wait_until(lambda: app.cpu_seconds - before > 3, 60)
    for each in listening:
        each.close()
    # The file goes when the work on it has ended.
    wait_until(lambda: not app.uploads, 60, lambda: app.uploads)


@pytest.mark.slow
def test_more_than_may_wait_are_told_to_come_again(
    cache: Path, tmp_path: Path, hours: Path, mine: Path, listening: list
) -> None:
    limits = {"NAJVA_MAX_VISITORS": "1", "NAJVA_MAX_QUEUE": "1", "NAJVA_MAX_SPEAKERS": "1"}
    with own_app(cache, tmp_path, **limits) as app, app.keeping_quiet():
        waiting = app.client()
        alone = waiting.predict(audio=handle_file(str(mine)), api_name="/transcribe")["text"]
        join(app, hours, listening)
        with httpx.Client(base_url=app.url, timeout=60) as http:
            wait_until(lambda: http.get("/gradio_api/queue/status").json()["queue_size"] == 0, 20)
            job = waiting.submit(audio=handle_file(str(mine)), api_name="/transcribe")
            wait_until(lambda: http.get("/gradio_api/queue/status").json()["queue_size"] == 1, 20)
            other = mine.with_name("other.mp3")
            other.write_bytes(mine.read_bytes() * 2)
            with pytest.raises((QueueError, AppError), match="Queue is full! Please try again"):
                app.client().predict(audio=handle_file(str(other)), api_name="/transcribe")
            wait_until(lambda: "other.mp3" not in str(app.uploads), 10, lambda: app.uploads)
            # The page opens all the same, and tells which models are at work.
            config = http.get("/config").json()
            loads = [each for each in config["dependencies"] if any(what == "load" for _, what in each["targets"])]
            assert len(loads) == 3
            for load in loads:
                body = {"data": [], "fn_index": load["id"], "session_hash": "newcomer"}
                assert http.post("/gradio_api/run/predict", json=body).status_code == 200
        for each in listening:
            each.close()
        assert job.result(timeout=120)["text"] == alone
        wait_until(lambda: not app.uploads, 30, lambda: app.uploads)


@pytest.mark.slow
def test_the_file_goes_with_whoever_leaves_the_line(cache: Path, tmp_path: Path, hours: Path, mine: Path) -> None:
    served, waiting = [], []
    with own_app(cache, tmp_path, NAJVA_MAX_VISITORS="1") as app:
        join(app, hours, served)
        join(app, mine, waiting)
        wait_until(lambda: {path.name for path in app.uploads} == {"hours.mp3", "mine.mp3"}, 20, lambda: app.uploads)
        for each in waiting:
            each.close()
        wait_until(lambda: {path.name for path in app.uploads} == {"hours.mp3"}, 60, lambda: app.uploads)
        for each in served:
            each.close()
        wait_until(lambda: not app.uploads, 60, lambda: app.uploads)


def test_the_file_of_a_call_that_cannot_be_read_goes(app: RunningApp, mine: Path) -> None:
    with httpx.Client(base_url=f"{app.url}/gradio_api", timeout=60) as http, mine.open("rb") as file:
        (uploaded,) = http.post("/upload", files={"files": file}).raise_for_status().json()
        data = [{"path": uploaded, "meta": {"_type": "gradio.FileData"}, "size": "many"}, "en", "none"]
        joined = http.post("/call/transcribe", json={"data": data}).raise_for_status().json()
        assert http.get(f"/call/transcribe/{joined['event_id']}").text.startswith("event: error")
    wait_until(lambda: not app.uploads, 10, lambda: app.uploads)
