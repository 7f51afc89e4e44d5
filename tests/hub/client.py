"""Points the `huggingface_hub` client of the running process at a Hub, for code that takes no endpoint as argument."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from huggingface_hub import constants, file_download, hf_api
from huggingface_hub.utils import _http, _xet

from .server import LoopbackHub

if TYPE_CHECKING:
    import pytest


def redirect_client(monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub, home: Path, *, xet: bool = True) -> None:
    """Makes the client of this process use a Hub, its token, and empty caches, until the test ends.

    The client reads its environment when it is imported, which another test has long caused; so what it has read is
    replaced, as well as the environment that subprocesses get. `transformers` and `datasets` keep copies of the
    cache folder: give them `cache_dir`, or use a subprocess with `LoopbackHub.environment`.

    Args:
        monkeypatch: of the test.
        hub: a started Hub.
        home: takes the place of `~/.cache/huggingface`.
        xet: whether the client uses Xet, as it does by default.
    """
    environment = hub.environment(home, xet=xet)
    for name in ("HF_ENDPOINT", "HF_TOKEN", "HF_HOME", "HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_TELEMETRY", "NO_PROXY"):
        if name in environment:
            monkeypatch.setenv(name, environment[name])
        else:
            monkeypatch.delenv(name, raising=False)
    replaced = {
        "ENDPOINT": hub.endpoint,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        "AGENT_HARNESSES_PATH": str(home / "agent_harnesses.json"),
        "HF_HUB_DISABLE_XET": not xet,
        "HF_HUB_DISABLE_TELEMETRY": True,
        "HF_HUB_OFFLINE": False,
    }
    for name, value in replaced.items():
        monkeypatch.setattr(constants, name, value)
    # The functions of the package, such as `huggingface_hub.create_repo`, belong to this one object.
    monkeypatch.setattr(hf_api.api, "endpoint", hub.endpoint)
    # What `hf_xet` read from its environment, and its cache's folder, belong to the session that it made first.
    monkeypatch.setattr(_xet, "_GLOBAL_XET_HOLDER", _xet.XetSessionHolder())


def leave_out_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the client ask again at once where it would wait first, until the test ends.

    Args:
        monkeypatch: of the test; nothing may have been transferred yet.
    """
    impatient = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
    monkeypatch.setattr(file_download, "time", impatient)
    monkeypatch.setattr(_http, "time", impatient)
    monkeypatch.setenv("HF_XET_CLIENT_RETRY_BASE_DELAY", "1ms")
