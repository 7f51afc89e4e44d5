"""The same endpoints as tools, called by the unmodified client of the Model Context Protocol."""

import ast
import asyncio
import base64
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests import clips
from tests.running_app import RunningApp

COUNTRY = "ask what you can do for your country"
JFK = clips.DATA / "other_speech" / "jfk.flac"


def over_http(app: RunningApp) -> AbstractAsyncContextManager:
    """Connect to the app's own tools."""
    return streamable_http_client(f"{app.url}/gradio_api/mcp/")


def call(server: AbstractAsyncContextManager, tool: str, **arguments) -> tuple[str, bool]:
    """Return a tool's answer and whether it is an error."""

    async def run() -> tuple[str, bool]:
        async with server as (read, write, *_), ClientSession(read, write) as session:
            await session.initialize()
            answer = await session.call_tool(tool, arguments)
            return answer.content[0].text, answer.isError

    return asyncio.run(run())


def test_tools_are_listed(app: RunningApp) -> None:
    async def names() -> set[str]:
        async with over_http(app) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            return {tool.name for tool in (await session.list_tools()).tools}

    assert asyncio.run(names()) == {
        "transcribe",
        "detect_language",
        "translate",
        "translate_text",
        "classify_genre",
        "models",
    }


def test_models_answer(app: RunningApp) -> None:
    answer, is_error = call(over_http(app), "models")
    assert not is_error
    assert ast.literal_eval(answer)["models"][0]["reference"] == "packaged:whisper-base"


def test_recording_in_base64_becomes_text_and_is_deleted(app: RunningApp, test_data: Path) -> None:
    content = base64.b64encode(JFK.read_bytes()).decode("ascii")
    answer, is_error = call(over_http(app), "transcribe", audio=f"data:audio/flac;base64,{content}", language="en")
    assert not is_error
    assert COUNTRY in ast.literal_eval(answer)["text"]
    assert app.uploads == []


def test_text_and_recording_become_chinese(app: RunningApp, test_data: Path) -> None:
    answer, is_error = call(over_http(app), "translate_text", text="I love you.", source="en", engine="embedded")
    assert not is_error and "爱" in ast.literal_eval(answer)["translation"]
    content = base64.b64encode(JFK.read_bytes()).decode("ascii")
    answer, is_error = call(over_http(app), "translate", audio=f"data:audio/flac;base64,{content}")
    assert not is_error and "国家" in ast.literal_eval(answer)["translation"]
    assert app.uploads == []


def test_file_of_this_machine_becomes_text_and_is_deleted(app: RunningApp, test_data: Path) -> None:
    """Gradio's own helper for local files uploads them and names the app's own address."""
    uploader = StdioServerParameters(
        command=sys.executable, args=["-m", "gradio.cli.commands.upload_mcp", app.url, str(JFK.parent)]
    )
    address, is_error = call(stdio_client(uploader), "upload_file_to_gradio", file=str(JFK.resolve()))
    assert not is_error
    assert address.startswith(f"{app.url}/gradio_api/file=")
    answer, is_error = call(over_http(app), "transcribe", audio=address, language="en")
    assert not is_error, answer
    assert COUNTRY in ast.literal_eval(answer)["text"]
    assert app.uploads == []


@pytest.mark.parametrize(
    ("audio", "sentence"),
    [
        ("data:audio/wav;base64," + base64.b64encode(b"no sound at all").decode("ascii"), "not a sound or video file"),
        # The app's own host, where a recording does not have to be uploaded to be found.
        ("{app.url}/gradio_api/file=/etc/passwd", "“127.0.0.1” is not on the public internet"),
        ("http://localhost/talk.mp3", "“localhost” is not on the public internet"),
        ("https://nowhere.invalid/talk.mp3", "“https://nowhere.invalid/talk.mp3” could not be fetched"),
        ("/etc/passwd", "provide a url ('http://...' or 'https://...')"),
    ],
    ids=["no sound", "own file", "loopback", "unknown host", "path"],
)
def test_refusal_is_an_error_in_words(app: RunningApp, audio: str, sentence: str) -> None:
    with app.keeping_quiet():
        answer, is_error = call(over_http(app), "transcribe", audio=audio.replace("{app.url}", app.url))
    assert is_error
    assert sentence in answer
    assert "nowhere.invalid" not in app.log
    assert app.uploads == []
