"""The faults a test can order, as the unmodified client sees them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

from . import LoopbackHub
from .client import leave_out_pauses

pytestmark = pytest.mark.hub

MODEL = "najva-tester/model"
CHUNK_BYTES = 10 << 20  # the client writes downloads in pieces of this size
# What a broken download ends in: with Xet every failure is a RuntimeError.
BROKEN = {"xet": RuntimeError, "lfs": httpx2.RemoteProtocolError}


@pytest.fixture
def content(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Content of `weights.bin`, pushed to `MODEL`; the client's pauses between attempts are left out."""
    leave_out_pauses(monkeypatch)
    content = os.urandom(CHUNK_BYTES + (2 << 20))
    hub.api().create_repo(MODEL)
    hub.api().upload_file(path_or_fileobj=content, path_in_repo="weights.bin", repo_id=MODEL)
    return content


def address(hub: LoopbackHub) -> str:
    """Returns where the client fetches the content of `weights.bin` from."""
    hf_hub_download(MODEL, "weights.bin")
    request = next(request for request in hub.requests if request.startswith("GET /storage/"))
    return hub.endpoint + request.removeprefix("GET ")


def test_download_cut_once_is_taken_up_at_once(hub: LoopbackHub, content: bytes, way: str) -> None:
    """The client asks for the rest only, with Xet for the whole range again, and the file is whole."""
    hub.faults.cut_downloads(CHUNK_BYTES + 1000)
    assert Path(hf_hub_download(MODEL, "weights.bin")).read_bytes() == content
    ranges = [line.split()[-1] for line in hub.ranges if line.startswith("/storage/")]
    assert len(ranges) == 2 and ranges[0] == ranges[1] if way == "xet" else ranges == [f"bytes={CHUNK_BYTES}-"]


def test_hub_that_goes_away_and_comes_back(hub: LoopbackHub, content: bytes, way: str, tmp_path: Path) -> None:
    """A download that never gets further fails and leaves nothing behind; the next call gets the whole file."""
    cache = tmp_path / "cache"
    hub.faults.cut_downloads(CHUNK_BYTES + 1000, times=None)
    with pytest.raises(BROKEN[way]):
        hf_hub_download(MODEL, "weights.bin", cache_dir=cache)
    asked = [line.split()[-1] for line in hub.ranges if line.startswith("/storage/")]
    assert len(asked) > 1 and len(set(asked)) == 1
    assert not [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 1000]
    hub.faults.clear()
    assert Path(hf_hub_download(MODEL, "weights.bin", cache_dir=cache)).read_bytes() == content


def test_cut_spares_other_and_shorter_files(hub: LoopbackHub, content: bytes) -> None:
    """A fault strikes only what it names."""
    hub.faults.cut_downloads(2 * len(content), times=None)
    hf_hub_download(MODEL, "weights.bin")
    hub.faults.cut_downloads(10, only="/resolve-cache/", times=None)
    assert Path(hf_hub_download(MODEL, "weights.bin", force_download=True)).read_bytes() == content
    with pytest.raises(httpx2.RemoteProtocolError):
        hf_hub_download(MODEL, ".gitattributes")


def test_hub_that_falls_silent_within_a_file(hub: LoopbackHub, content: bytes) -> None:
    """So many bytes come and then none, on an open connection, also where a client asks for the rest."""
    url = address(hub)
    hub.faults.stall_downloads(1_000_000)
    for start in (0, 900_000):
        received = bytearray()
        with (
            pytest.raises(httpx2.ReadTimeout),
            httpx2.stream("GET", url, headers={"Range": f"bytes={start}-"}, timeout=0.5) as answer,
        ):
            for piece in answer.iter_raw():
                received += piece
        assert len(received) == 1_000_000 - start
    hub.faults.clear()
    assert len(httpx2.get(url).content) >= len(content)


def test_hub_that_does_not_answer(hub: LoopbackHub, content: bytes) -> None:
    """A client with a time limit gives up at it; what it asked for is not done later, and the Hub recovers."""
    known = hf_hub_download(MODEL, "weights.bin")
    hub.faults.hang()
    start = time.monotonic()
    with pytest.raises(httpx2.TimeoutException):
        hub.api().model_info(MODEL, timeout=0.3)
    with pytest.raises(httpx2.TimeoutException):
        headers = {"Authorization": f"Bearer {hub.token}"}
        httpx2.post(f"{hub.endpoint}/api/repos/create", json={"name": "late"}, headers=headers, timeout=0.3)
    # A file in the cache is given out after one attempt; for others the client tries again for minutes.
    assert hf_hub_download(MODEL, "weights.bin", etag_timeout=0.3) == known
    assert 0.9 <= time.monotonic() - start < 5
    hub.faults.clear()
    assert hub.api().model_info(MODEL).id == MODEL
    assert not hub.api().repo_exists("najva-tester/late")


def test_hang_may_strike_one_address_only(hub: LoopbackHub, content: bytes) -> None:
    """The Hub answers, its file storage does not."""
    url = address(hub)
    hub.faults.hang(only="/storage/")
    assert hub.api().model_info(MODEL).id == MODEL
    with pytest.raises(httpx2.TimeoutException):
        httpx2.get(url, timeout=0.3)


def test_refusal_strikes_as_often_as_ordered(hub: LoopbackHub, content: bytes) -> None:
    """A commit is refused once, the next one goes through."""
    hub.faults.refuse(503, only=("/nothing/", "/commit/"), times=1)
    with pytest.raises(HfHubHTTPError, match="503"):
        hub.api().upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=MODEL)
    assert not hub.api().file_exists(MODEL, "x.txt")
    hub.api().upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=MODEL)
    assert hub.api().file_exists(MODEL, "x.txt")


@pytest.mark.parametrize("at", ["upload", "commit", "answer"])
def test_push_that_fails_in_the_middle(hub: LoopbackHub, content: bytes, at: str, tmp_path: Path) -> None:
    """Before the commit nothing is published; if only the answer is lost, all of it is. A second push mends it."""
    before = hub.api().model_info(MODEL).sha
    folder = tmp_path / "second"
    folder.mkdir()
    for name, data in (("second.bin", os.urandom(1 << 20)), ("second.json", b"{}")):
        (folder / name).write_bytes(data)
    hub.faults.fail_push(at)
    with pytest.raises((OSError, httpx2.HTTPError)):
        hub.api().upload_folder(repo_id=MODEL, folder_path=folder)
    hub.faults.clear()
    published = {name for name in hub.api().list_repo_files(MODEL) if name.startswith("second")}
    assert published == ({"second.bin", "second.json"} if at == "answer" else set())
    assert (hub.api().model_info(MODEL).sha == before) == (at != "answer")
    hub.api().upload_folder(repo_id=MODEL, folder_path=folder)
    for path in folder.iterdir():
        assert Path(hf_hub_download(MODEL, path.name)).read_bytes() == path.read_bytes()


def test_expired_token_is_answered_like_an_unknown_one(hub: LoopbackHub, content: bytes) -> None:
    """The Hub's own words reach the user; what needs no token still works."""
    hub.faults.expire_token()
    words = "Invalid credentials in Authorization header"
    for use in (
        lambda: hub.api().create_repo("najva-tester/other"),
        lambda: hub.api().upload_file(path_or_fileobj=b"\0", path_in_repo="x.bin", repo_id=MODEL),
        lambda: hub.api().model_info(MODEL),
    ):
        with pytest.raises(HfHubHTTPError, match=words) as refused:
            use()
        assert refused.value.response.status_code == 401
    with pytest.raises(HfHubHTTPError, match=words):
        hf_hub_download(MODEL, "weights.bin")
    assert Path(hf_hub_download(MODEL, "weights.bin", token=False)).read_bytes() == content


def test_token_that_expires_during_a_push(hub: LoopbackHub, content: bytes) -> None:
    """The contents are there, but nothing of them is published."""
    hub.faults.expire_token(only="/commit/")
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        hub.api().upload_file(path_or_fileobj=os.urandom(1 << 20), path_in_repo="x.bin", repo_id=MODEL)
    hub.faults.clear()
    assert not hub.api().file_exists(MODEL, "x.bin")


def test_stopped_hub_refuses_and_starts_again_at_its_address(hub: LoopbackHub, content: bytes) -> None:
    """Stopping drops even requests that hang; after the start everything is there."""
    hub.faults.hang()
    with pytest.raises(httpx2.TimeoutException):
        hub.api().model_info(MODEL, timeout=0.3)
    endpoint = hub.endpoint
    start = time.monotonic()
    hub.stop()
    assert time.monotonic() - start < 3
    with pytest.raises(httpx2.ConnectError):
        hub.api().model_info(MODEL, timeout=1)
    hub.start()
    assert hub.endpoint == endpoint
    assert hub.api().model_info(MODEL).id == MODEL
    assert Path(hf_hub_download(MODEL, "weights.bin")).read_bytes() == content
