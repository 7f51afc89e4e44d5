"""Fixtures of the Hub's own tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import LoopbackHub
from .client import redirect_client

MODEL = "najva-tester/model"
CARD = "---\nlicense: mit\nlanguage: fa\npipeline_tag: automatic-speech-recognition\n---\n# نجوا <b>\n"


@pytest.fixture(params=["xet", "lfs"])
def way(request: pytest.FixtureRequest) -> str:
    """How large files go: every test of a Hub runs with Xet, as the client does it by default, and without."""
    return request.param


@pytest.fixture
def hub(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A running Hub that this process's client uses by default, with empty caches."""
    with LoopbackHub(tmp_path / "hub") as hub:
        redirect_client(monkeypatch, hub, tmp_path / "home", xet=way == "xet")
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with text, a large binary file, an empty file and a name that is not ASCII."""
    folder = tmp_path / "push"
    (folder / "پوشه").mkdir(parents=True)
    (folder / "README.md").write_text(CARD, "utf-8")
    (folder / "config.json").write_text("{}")
    (folder / "empty.txt").touch()
    (folder / "پوشه" / "متن ۱.txt").write_text("سلام", "utf-8")
    (folder / "model.safetensors").write_bytes(os.urandom(11 << 20))
    return folder


@pytest.fixture
def pushed(hub: LoopbackHub, folder: Path) -> str:
    """The id of the commit that pushed the folder to `MODEL`."""
    hub.api().create_repo(MODEL)
    return hub.api().upload_folder(repo_id=MODEL, folder_path=folder, commit_message="First").oid
