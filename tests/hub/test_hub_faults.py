"""The faults a test can order, as the unmodified client sees them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from huggingface_hub import file_download, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

from . import LoopbackHub

pytestmark = pytest.mark.hub

MODEL = "najva-tester/model"
CHUNK_BYTES = 10 << 20  # the client writes downloads in pieces of this size


@pytest.fixture
def content(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Content of `weights.bin`, pushed to `MODEL`; the client's pauses between attempts are left out."""
    monkeypatch.setattr(file_download, "time", SimpleNamespace(sleep=lambda seconds: None, time=time.time))
    content = os.urandom(CHUNK_BYTES + (2 << 20))
    hub.api().create_repo(MODEL)
    hub.api().upload_file(path_or_fileobj=content, path_in_repo="weights.bin", repo_id=MODEL)
    return content


def test_download_cut_once_is_resumed_at_once(hub: LoopbackHub, content: bytes) -> None:
    """The client asks for the rest only, and the file is whole."""
    hub.faults.cut_downloads(CHUNK_BYTES + 1000)
    assert Path(hf_hub_download(MODEL, "weights.bin")).read_bytes() == content
    assert [line.split()[-1] for line in hub.ranges] == [f"bytes={CHUNK_BYTES}-"]


def test_hub_that_goes_away_and_comes_back(hub: LoopbackHub, content: bytes, tmp_path: Path) -> None:
    """A download that never gets further fails and leaves nothing behind; the next call gets the whole file."""
    cache = tmp_path / "cache"
    hub.faults.cut_downloads(CHUNK_BYTES + 1000, times=None)
    with pytest.raises(httpx2.RemoteProtocolError):
        hf_hub_download(MODEL, "weights.bin", cache_dir=cache)
    assert len(hub.ranges) > 1 and {line.split()[-1] for line in hub.ranges} == {f"bytes={CHUNK_BYTES}-"}
    assert not [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 1000]
    hub.faults.clear()
    assert Path(hf_hub_download(MODEL, "weights.bin", cache_dir=cache)).read_bytes() == content


def test_cut_spares_other_and_shorter_files(hub: LoopbackHub, content: bytes) -> None:
    """A fault strikes only what it names."""
    hub.faults.cut_downloads(len(content), times=None)
    hf_hub_download(MODEL, "weights.bin")
    hub.faults.cut_downloads(10, only="/resolve-cache/", times=None)
    assert Path(hf_hub_download(MODEL, "weights.bin", force_download=True)).read_bytes() == content
    with pytest.raises(httpx2.RemoteProtocolError):
        hf_hub_download(MODEL, ".gitattributes")


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
    hub.faults.hang(only="/storage/")
    assert hub.api().model_info(MODEL).id == MODEL
    with pytest.raises(httpx2.TimeoutException):
        httpx2.get(f"{hub.endpoint}/storage/{'0' * 64}", timeout=0.3)


def test_refusal_strikes_as_often_as_ordered(hub: LoopbackHub, content: bytes) -> None:
    """A commit is refused once, the next one goes through."""
    hub.faults.refuse(503, only="/commit/", times=1)
    with pytest.raises(HfHubHTTPError, match="503"):
        hub.api().upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=MODEL)
    assert not hub.api().file_exists(MODEL, "x.txt")
    hub.api().upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=MODEL)
    assert hub.api().file_exists(MODEL, "x.txt")


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
