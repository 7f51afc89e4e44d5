"""The same endpoints as tools of the Model Context Protocol, spoken over plain HTTP."""

import ast
import base64
import json
from pathlib import Path

import httpx

from tests import clips
from tests.running_app import RunningApp


def ask(app: RunningApp, method: str, **parameters) -> dict:
    """Send one JSON-RPC request; the answer comes as one server-sent event."""
    response = httpx.post(
        f"{app.url}/gradio_api/mcp/",
        json={"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters},
        headers={"Accept": "application/json, text/event-stream"},
        timeout=60,
    ).raise_for_status()
    data = next(line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: "))
    return json.loads(data)["result"]


def call(app: RunningApp, tool: str, **arguments) -> tuple[str, bool]:
    """Return a tool's answer and whether it is an error."""
    result = ask(app, "tools/call", name=tool, arguments=arguments)
    return result["content"][0]["text"], result["isError"]


def test_tools_are_listed(app: RunningApp) -> None:
    assert {tool["name"] for tool in ask(app, "tools/list")["tools"]} == {"transcribe", "detect_language", "models"}


def test_models_answer(app: RunningApp) -> None:
    answer, is_error = call(app, "models")
    assert not is_error
    assert ast.literal_eval(answer)["models"][0]["reference"] == "packaged:whisper-base"


def test_recording_in_base64_becomes_text_and_is_deleted(app: RunningApp, test_data: Path) -> None:
    content = base64.b64encode((clips.DATA / "other_speech" / "jfk.flac").read_bytes()).decode("ascii")
    answer, is_error = call(app, "transcribe", audio=f"data:audio/flac;base64,{content}", language="en")
    assert not is_error
    assert "ask what you can do for your country" in ast.literal_eval(answer)["text"]
    assert app.uploads == []


def test_refusal_is_an_error_in_words(app: RunningApp) -> None:
    content = base64.b64encode(b"no sound at all").decode("ascii")
    answer, is_error = call(app, "transcribe", audio=f"data:audio/wav;base64,{content}")
    assert is_error
    assert "not a sound or video file" in answer
    assert app.uploads == []
