"""With `NAJVA_AUTH` every door asks who is there: pages, programs, tools, the live tab's functions."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.running_app import ROOT, RunningApp, own_app

ENGLISH = ROOT / "space" / "examples" / "English-synthetic.mp3"
pytestmark = pytest.mark.slow
PASSWORD = "of:Alis own"
BASIC = {"Authorization": "Basic " + base64.b64encode(f"ali:{PASSWORD}".encode()).decode("ascii")}


@pytest.fixture(scope="module")
def locked(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app that two people may use."""
    with own_app(cache, tmp_path_factory.mktemp("locked"), NAJVA_AUTH=f"sara:another, ali:{PASSWORD}") as app:
        yield app
    assert PASSWORD not in app.log and "another" not in app.log


def client(app: RunningApp, *auth: str) -> Client:
    return Client(app.url, auth=auth or None, analytics_enabled=False, verbose=False, download_files=False)


def test_a_program_with_the_password_is_let_in(locked: RunningApp) -> None:
    answer = client(locked, "ali", PASSWORD).predict(audio=handle_file(str(ENGLISH)), api_name="/transcribe")
    assert "train to the city" in answer["text"]


@pytest.mark.parametrize("auth", [(), ("ali", "another"), ("eve", PASSWORD)], ids=["none", "other's", "nobody"])
def test_a_program_without_it_is_not(locked: RunningApp, auth: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match=r"(?i)401|log ?in|auth|credentials"):
        client(locked, *auth)


def doors(app: RunningApp) -> list[tuple[str, str, dict]]:
    """Every door that gives or takes anything: method, path, body."""
    call = {"data": [None, "auto", "segment"], "session_hash": "somebody", "fn_index": 0, "event_id": "x"}
    return [
        ("GET", "/config", {}),
        ("GET", "/gradio_api/info", {}),
        ("GET", "/gradio_api/openapi.json", {}),
        ("GET", "/gradio_api/heartbeat/somebody", {}),
        ("GET", "/gradio_api/queue/data?session_hash=somebody", {}),
        ("GET", "/gradio_api/queue/status", {}),
        ("GET", "/gradio_api/token", {}),
        ("GET", f"/gradio_api/file={ENGLISH}", {}),
        ("GET", "/gradio_api/mcp/schema", {}),
        ("GET", "/gradio_api/mcp/sse", {}),
        ("POST", "/gradio_api/mcp/", {"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}),
        ("POST", "/gradio_api/queue/join", {"json": call}),
        ("POST", "/gradio_api/call/transcribe", {"json": call}),
        ("POST", "/gradio_api/call/v2/transcribe", {"json": call}),
        ("POST", "/gradio_api/run/hold", {"json": call}),
        ("POST", "/gradio_api/cancel", {"json": call}),
        ("POST", "/gradio_api/upload", {"files": {"files": ("mine.mp3", b"sound")}}),
        ("POST", "/gradio_api/component_server", {"json": {**call, "component_id": 1, "fn_name": "push"}}),
    ]


def test_every_door_is_shut(locked: RunningApp) -> None:
    with httpx.Client(base_url=locked.url, timeout=20) as http:
        answers = {path: http.request(method, path, **body).status_code for method, path, body in doors(locked)}
    assert {path: status for path, status in answers.items() if status != 401} == {}
    assert locked.uploads == []


def test_only_the_page_of_the_login_is_shown(locked: RunningApp) -> None:
    page = httpx.get(locked.url)
    assert page.status_code == 200
    assert '"auth_required":true' in page.text.replace(" ", "")
    assert "write_down" not in page.text


def test_name_and_password_may_come_with_each_request(locked: RunningApp) -> None:
    with httpx.Client(base_url=locked.url, headers=BASIC, timeout=20) as http:
        components = http.get("/config").raise_for_status().json()["components"]
        live = next(each["id"] for each in components if each["props"].get("elem_id") == "live")
        message = {"session": "ali-at-the-microphone", "number": 0, "pcm": "", "last": True}
        body = {"session_hash": "ali", "component_id": live, "fn_name": "push", "data": message}
        assert http.post("/gradio_api/component_server", json=body).raise_for_status().json()["received"] == 0
    wrong = "Basic " + base64.b64encode(b"ali:another").decode("ascii")
    for header in (wrong, "Basic", "Basic ====", "Bearer hf_of_a_reader", "Basic " + "x" * 5000):
        assert httpx.get(f"{locked.url}/config", headers={"Authorization": header}).status_code == 401


def test_tools_need_it_too(locked: RunningApp) -> None:
    async def call(**headers: str) -> str:
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as http,
            streamable_http_client(f"{locked.url}/gradio_api/mcp/", http_client=http) as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            content = base64.b64encode(ENGLISH.read_bytes()).decode("ascii")
            answer = await session.call_tool("transcribe", {"audio": f"data:audio/mpeg;base64,{content}"})
            assert not answer.isError, answer
            return answer.content[0].text

    assert "train to the city" in asyncio.run(call(**BASIC))
    with pytest.raises(BaseException, match=r"401|unhandled errors"):
        asyncio.run(call())
    assert locked.uploads == []


def test_whoever_logs_out_takes_nobody_else_along(locked: RunningApp) -> None:
    with httpx.Client(base_url=locked.url, timeout=20) as ali, httpx.Client(base_url=locked.url, timeout=20) as sara:
        for http, name, password in ((ali, "ali", PASSWORD), (sara, "sara", "another")):
            http.post("/login", data={"username": name, "password": password}).raise_for_status()
            # What httpx keeps to itself without https a browser sends on its own machine.
            assert http.get("/config").status_code == 200
        ali.get("/logout")
        assert (ali.get("/config").status_code, sara.get("/config").status_code) == (401, 200)
    test_tools_need_it_too(locked)


def test_malformed_accounts_end_the_start_in_one_sentence(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as ended, own_app(cache, tmp_path, NAJVA_AUTH="ali"):
        pass
    assert "NAJVA_AUTH must be name:password pairs" in str(ended.value)
    assert "Traceback" not in str(ended.value)
