"""What stands before every request, and what is left behind by one that went wrong."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests.running_app import MAX_FILE_MB, ROOT, RunningApp, wait_until
from tests.tabs.test_bad_input import in_words

ENGLISH = ROOT / "space" / "examples" / "English-synthetic.mp3"
SECRET = "nobody-may-read-this-in-a-log"


@pytest.fixture
def http(app: RunningApp) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=app.url, timeout=30) as http, app.keeping_quiet():
        yield http
    assert SECRET not in app.log


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info", "/nowhere", "/gradio_api/mcp/schema"])
def test_every_answer_says_what_a_browser_may_do(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "microphone=(self)" in headers["permissions-policy"]
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    # Nothing is asked of another host, and nobody but the Hub may show the page in a frame.
    assert rules["default-src"] == "'self'" and rules["connect-src"] == "'self' data: blob:"
    hosts = {word for rule in rules.values() for word in rule.split() if word.startswith("http")}
    assert hosts == {*rules["frame-ancestors"].split()[1:]} and "https://huggingface.co" in hosts
    assert "x-frame-options" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.com/talk.mp3",
        "/gradio_api/file=http://127.0.0.1/talk.mp3",
        "/gradio_api/proxy=https://somebody.hf.space/file",
        "/gradio_api/deep_link?session_hash=somebody",
        "/gradio_api/vibe-code",
        "/gradio_api/runs",
        "/monitoring",
        "/monitoring/summary",
    ],
)
def test_doors_that_nobody_needs_are_shut(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/etc/passwd", "{root}/space/app.py", "{root}/README.md", "../README.md"])
def test_no_file_of_the_machine_is_given_out(http: httpx.Client, path: str) -> None:
    answer = http.get("/gradio_api/file=" + path.replace("{root}", str(ROOT)))
    assert answer.status_code in (403, 404)


@pytest.mark.parametrize(
    ("path", "megabytes"),
    [
        ("upload", 2 * MAX_FILE_MB + 2),
        ("component_server", 5),
        ("queue/join", 2 * MAX_FILE_MB),
        ("mcp/", 2 * MAX_FILE_MB),
    ],
)
def test_a_body_beyond_the_limit_is_not_taken(app: RunningApp, http: httpx.Client, path: str, megabytes: int) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(megabytes * 10):
            taken += 100_000
            yield bytes(100_000)

    address = httpx.URL(app.url)
    with socket.create_connection((address.host, address.port), timeout=10) as line:
        line.sendall(
            f"POST /gradio_api/{path} HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nContent-Length: 999999999\r\n"
            "Content-Type: application/json\r\n\r\n".encode("ascii")
        )
        answer = b""
        while b"MB" not in answer:
            piece = line.recv(10_000)
            assert piece, answer
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413 ") and b"This is too large; the limit" in answer
    assert (f"{2 * MAX_FILE_MB} MB together" if path == "upload" else f"{MAX_FILE_MB} MB").encode() in answer
    # Nor one that does not say how large it is.
    kind = "multipart/form-data; boundary=x" if path == "upload" else "application/json"
    try:
        answer = http.post(f"/gradio_api/{path}", content=endless(), headers={"Content-Type": kind})
    except httpx.TransportError:
        pass
    else:
        assert answer.status_code in (400, 413)
    wait_until(lambda: not app.uploads, 5, lambda: app.uploads)


def test_many_files_in_one_upload_are_two_files_in_size(app: RunningApp, http: httpx.Client) -> None:
    part = bytes(MAX_FILE_MB * 800_000)
    answer = http.post("/gradio_api/upload", files=[("files", (f"{each}.wav", part)) for each in range(3)])
    assert answer.status_code == 413
    wait_until(lambda: not app.uploads, 5, lambda: app.uploads)


def test_an_upload_that_breaks_off_leaves_nothing(app: RunningApp, http: httpx.Client) -> None:
    address = httpx.URL(app.url)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nContent-Length: 5000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{SECRET}.wav"\r\n\r\n'
    )
    with socket.create_connection((address.host, address.port)) as line:
        line.sendall(head.encode("ascii") + bytes(1_000_000))
        wait_until(lambda: app.uploads, 10)
    wait_until(lambda: not app.uploads, 10, lambda: app.uploads)


def sentence_of(answer: httpx.Response) -> str:
    """Return what an answer tells a person, whichever of Gradio's forms it has."""
    try:
        told = answer.json()
    except ValueError:
        return answer.text
    for name in ("detail", "error", "message"):
        told = told.get(name, told) if isinstance(told, dict) else told
    return str(told)


MALFORMED = [
    ("queue/join", b"{"),
    ("queue/join", b"[]"),
    ("queue/join", b'{"data": "text"}'),
    ("queue/join", b'{"data": [], "session_hash": "x"}'),
    ("queue/join", b'{"data": [], "session_hash": "x", "fn_index": 9999}'),
    ("queue/join", b"\xff\xfe\x00"),
    ("queue/join", json.dumps({"data": ["[" * 50_000], "session_hash": SECRET}).encode()),
    ("queue/join", b"[" * 100_000),
    ("call/transcribe", b"null"),
    ("call/no_such_thing", b'{"data": []}'),
    ("call/v2/transcribe", b'{"sound": 1}'),
    ("call/v2/no_such_thing", b"{}"),
    ("component_server", b"{"),
    ("component_server", b'{"data": 1, "component_id": 987654, "session_hash": "x", "fn_name": "push"}'),
    ("component_server", b'{"data": 1, "component_id": [], "session_hash": {}, "fn_name": 5}'),
    ("upload", b"no form"),
    ("cancel", b"{}"),
    ("run/hold", b'{"data": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}], "session_hash": "x"}'),
    ("mcp/", b"{"),
]


@pytest.mark.parametrize(("path", "body"), MALFORMED, ids=[f"{path} {body[:40]}" for path, body in MALFORMED])
def test_a_malformed_body_is_refused(http: httpx.Client, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    answer = http.post(f"/gradio_api/{path}", content=body, headers=headers)
    assert answer.status_code >= 400
    in_words(sentence_of(answer))
    assert http.get("/config").status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        [{"path": f"/etc/{SECRET}", "meta": {"_type": "gradio.FileData"}}, "auto", "segment"],
        [{"url": f"file:///etc/{SECRET}", "meta": {"_type": "gradio.FileData"}}, "auto", "segment"],
        [{"url": f"data:audio/wav;base64,{SECRET}", "path": "x", "meta": {"_type": "gradio.FileData"}}, "auto", "none"],
        [SECRET, "auto", "segment"],
        [17, "auto", "segment"],
        [[SECRET], "auto", "segment"],
        [None, [SECRET], {"x": SECRET}],
        [None],
    ],
    ids=str,
)
def test_a_call_with_other_arguments_is_refused_in_words(http: httpx.Client, data: list) -> None:
    joined = http.post("/gradio_api/call/transcribe", json={"data": data}).raise_for_status().json()
    told = http.get(f"/gradio_api/call/transcribe/{joined['event_id']}").text
    assert told.startswith("event: error\n"), told
    in_words(json.loads(told.partition("data: ")[2])["error"])


def test_what_a_visitor_sends_is_in_no_log(app: RunningApp, client: Client, tmp_path: Path) -> None:
    path = tmp_path / f"{SECRET}.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(AppError, match=SECRET):
        client.predict(audio=handle_file(str(path)), api_name="/transcribe")
    recording = tmp_path / f"{SECRET}.mp3"
    recording.write_bytes(ENGLISH.read_bytes())
    text = client.predict(audio=handle_file(str(recording)), api_name="/transcribe")["text"]
    assert text and text[:20] not in app.log and SECRET not in app.log
    assert not re.search(r"(?i)train to the city", app.log)


def test_an_upgrade_to_a_websocket_is_refused(app: RunningApp) -> None:
    address = httpx.URL(app.url)
    for key in ("dGhlIHNhbXBsZSBub25jZQ==", "nonsense"):
        with socket.create_connection((address.host, address.port), timeout=10) as line:
            line.sendall(
                f"GET /gradio_api/queue/data HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode("ascii")
            )
            status = int(line.recv(1000).split()[1])
        assert 400 <= status < 500
