"""The page's own events can be called by hand, past the page: nobody else is harmed by that."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running_app import ROOT, RunningApp

ENGLISH = ROOT / "space" / "examples" / "English-synthetic.mp3"


@pytest.fixture
def http(app: RunningApp) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{app.url}/gradio_api", timeout=30) as http:
        yield http


@pytest.mark.parametrize("event", ["write_down", "transcribe", "detect_language"])
def test_no_call_passes_the_queue_by(http: httpx.Client, event: str) -> None:
    answer = http.post(f"/run/{event}", json={"data": [None] * 4, "session_hash": "somebody"})
    assert answer.status_code == 404
    assert "join the queue" in answer.json()["detail"]


def test_a_stranger_deletes_nothing(app: RunningApp, http: httpx.Client, tmp_path: Path) -> None:
    recording = tmp_path / "mine.mp3"
    recording.write_bytes(ENGLISH.read_bytes())
    with recording.open("rb") as file:
        (path,) = http.post("/upload", files={"files": file}).raise_for_status().json()
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    http.post("/run/hold", json={"data": [file], "session_hash": "visitor"}).raise_for_status()
    for event in ("clear", "stop"):
        http.post(f"/run/{event}", json={"data": [], "session_hash": "stranger"}).raise_for_status()
    assert app.uploads == [Path(path)]
    http.post("/run/clear", json={"data": [], "session_hash": "visitor"}).raise_for_status()
    assert app.uploads == []
