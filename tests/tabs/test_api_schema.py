"""What programs see of the app is pinned in `api_schema.json`: names, parameters, defaults, types.

A change of that file is a change of a public interface, so it is written by hand.
"""

import json
from pathlib import Path

import httpx
import pytest
from gradio_client import Client

from tests.running_app import RunningApp

PINNED = json.loads(Path(__file__).with_name("api_schema.json").read_text(encoding="utf-8"))


def test_endpoints_are_those_pinned(client: Client) -> None:
    api = client.view_api(return_format="dict", print_info=False)
    assert api["unnamed_endpoints"] == {}
    seen = {
        name: {
            "parameters": {
                parameter["parameter_name"]: {
                    "type": parameter["python_type"]["type"],
                    "required": not parameter["parameter_has_default"],
                    "default": parameter["parameter_default"],
                }
                for parameter in endpoint["parameters"]
            },
            "returns": [f"{value['label']}: {value['component']}" for value in endpoint["returns"]],
        }
        for name, endpoint in api["named_endpoints"].items()
    }
    assert seen == PINNED["endpoints"]


def test_endpoints_are_described_in_words(client: Client) -> None:
    api = client.view_api(return_format="dict", print_info=False)
    for endpoint in api["named_endpoints"].values():
        assert len(endpoint["description"]) > 40
        for parameter in endpoint["parameters"]:
            assert "FileData" not in parameter["python_type"]["description"]


def test_tools_are_those_pinned_and_described(app: RunningApp) -> None:
    tools = httpx.get(f"{app.url}/gradio_api/mcp/schema").raise_for_status().json()
    assert {tool["name"]: _parameters(tool) for tool in tools} == PINNED["tools"]
    for tool in tools:
        assert len(tool["description"]) > 40
        assert all(len(argument["description"]) > 20 for argument in tool["inputSchema"]["properties"].values())


def test_nothing_else_is_public(app: RunningApp, client: Client) -> None:
    config = httpx.get(f"{app.url}/config").raise_for_status().json()
    public = [event["api_name"] for event in config["dependencies"] if event["api_visibility"] != "private"]
    assert sorted(public) == [
        "classify_genre",
        "detect_language",
        "models",
        "transcribe",
        "translate",
        "translate_text",
    ]
    with pytest.raises(ValueError, match="write_down"):
        client.predict(None, "auto", "segment", "auto", api_name="/write_down")


def _parameters(tool: dict) -> dict:
    schema = tool["inputSchema"]
    return {
        name: {
            "type": argument["type"],
            "required": name in schema.get("required", []),
            "default": argument.get("default"),
        }
        for name, argument in schema["properties"].items()
    }
