"""Recordings given by address: what is fetched, and what is refused before it does harm."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gradio as gr
import pytest

from tabs import addresses

CONTENT = bytes(range(256)) * 40
LIMIT = 20_000
UPLOAD = "/somewhere/gradio/hash/talk.mp3"
Fetch = Callable[[str], str]


class _Recordings(BaseHTTPRequestHandler):
    """A host that behaves in every way."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["Host"])
        name = self.path.split("?")[0].lstrip("/")
        if name in ("talk.mp3", "%D8%B3%D9%84%D8%A7%D9%85.mp3", ""):
            self._answer(200, CONTENT, **{"Content-Length": len(CONTENT)})
        elif name == "moved":
            self._answer(302, Location="/talk.mp3", **{"Content-Length": 0})
        elif name == "into-the-house":
            self._answer(302, Location="http://127.0.0.1:1/talk.mp3", **{"Content-Length": 0})
        elif name == "round":
            self._answer(302, Location="/round", **{"Content-Length": 0})
        elif name == "large":
            self._answer(200, **{"Content-Length": LIMIT + 1})
        elif name == "endless":
            self._answer(200, Connection="close")
            try:
                while True:
                    self.wfile.write(bytes(4096))
            except OSError:
                self.close_connection = True
        elif name == "slow":
            self._answer(200, CONTENT[:10], **{"Content-Length": len(CONTENT)})
            self.server.ended.wait(20)
        elif name == "cut":
            self._answer(200, CONTENT[:10], Connection="close", **{"Content-Length": len(CONTENT)})
            self.close_connection = True
        else:
            self._answer(404, **{"Content-Length": 0})

    def _answer(self, status: int, content: bytes = b"", **headers: object) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[ThreadingHTTPServer]:
    """The host, which is called recordings.test."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Recordings)
    server.hosts, server.ended = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetch(host: ThreadingHTTPServer, tmp_path: Path) -> Fetch:
    """Fetch a path of recordings.test, or a whole address, into an empty folder."""

    async def resolve(name: str) -> str:
        return "127.0.0.1" if name == "recordings.test" else await addresses.resolve_public(name)

    fetch = addresses.build_fetch({UPLOAD}, LIMIT, resolve)

    def run(path: str) -> str:
        url = path if "://" in path else f"http://recordings.test:{host.server_port}/{path}"
        return asyncio.run(fetch(url, str(tmp_path / "files")))

    return run


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("talk.mp3", "talk.mp3"),
        ("talk.mp3?token=secret", "talk.mp3"),
        ("%D8%B3%D9%84%D8%A7%D9%85.mp3", "سلام.mp3"),
        ("", "recording"),
        ("moved", "moved"),
    ],
)
def test_a_recording_arrives_under_its_name(fetch: Fetch, host: ThreadingHTTPServer, path: str, name: str) -> None:
    found = Path(fetch(path))
    assert found.name == name
    assert found.read_bytes() == CONTENT
    assert set(host.hosts) == {f"recordings.test:{host.server_port}"}


def test_two_calls_of_one_address_share_no_file(fetch: Fetch) -> None:
    first, second = Path(fetch("talk.mp3")), Path(fetch("talk.mp3"))
    shutil.rmtree(first.parent)
    assert second.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("missing", "“recordings.test” does not give this recording (it answers 404)."),
        ("large", "“large” is too large; the limit is 0.02 MB. Cut it into parts, or save it as MP3."),
        ("endless", "“endless” is too large; the limit is 0.02 MB. Cut it into parts, or save it as MP3."),
        ("round", "“recordings.test” leads from address to address: give the recording's own."),
        ("cut", "/cut” could not be fetched: upload the file itself."),
        ("slow", "/slow” did not arrive within 0.01 minutes: upload the file itself."),
        ("http://recordings.test:1/a.mp3", "“http://recordings.test:1/a.mp3” could not be fetched"),
        ("http://nowhere.invalid/a.mp3?key=1", "“http://nowhere.invalid/a.mp3” could not be fetched"),
        ("http://[::1/a.mp3", "“http://[::1/a.mp3” could not be fetched"),
        ("http://127.0.0.1/a.mp3", "“127.0.0.1” is not on the public internet, and nothing else is fetched"),
        ("into-the-house", "“127.0.0.1” is not on the public internet, and nothing else is fetched"),
    ],
)
def test_anything_else_is_refused_in_words_and_leaves_nothing(
    fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, sentence: str
) -> None:
    monkeypatch.setattr(addresses, "_FETCH_SECONDS", 0.6 if path == "slow" else 20.0)
    with pytest.raises(gr.Error) as refused:
        fetch(path)
    assert sentence in refused.value.message
    assert not refused.value.print_exception
    assert [entry for entry in tmp_path.rglob("*") if entry.name != "files"] == []


def test_an_upload_of_this_app_needs_no_fetching(fetch: Fetch) -> None:
    assert fetch(f"http://127.0.0.1:1/gradio_api/file={UPLOAD}") == UPLOAD
    with pytest.raises(gr.Error, match=r"127\.0\.0\.1"):
        fetch("http://127.0.0.1:1/gradio_api/file=/etc/passwd")


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are_taken(address: str) -> None:
    assert asyncio.run(addresses.resolve_public(address)) == address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "2130706433",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a01:203",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fec0::1",
        "ff0e::1",
    ],
)
def test_addresses_of_the_house_are_refused(address: str) -> None:
    with pytest.raises(gr.Error, match="is not on the public internet"):
        asyncio.run(addresses.resolve_public(address))
