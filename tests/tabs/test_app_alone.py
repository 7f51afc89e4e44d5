"""The Space is pushed as the folder `space/` alone: there it must build, load nothing and ask nobody."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SPACE = Path(__file__).parents[2] / "space"
# Every attempt to reach another machine passes one of these two.
PROGRAM = """
import json, socket, sys
asked = []
def refuse(*arguments, **_):
    asked.append(repr(arguments))
    raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse

import app, gradio

print(json.dumps({
    "is_page": isinstance(app.demo, gradio.Blocks),
    "endpoints": sorted(app.demo.get_api_info()["named_endpoints"]),
    "duplicate": [event["js"] for event in app.demo.config["dependencies"] if "duplicate=" in str(event["js"])],
    "asked": asked,
    "loaded": [name for name in ("torch", "transformers", "ctranslate2", "onnxruntime", "peft") if name in sys.modules],
    "from": [module.__file__ for name, module in sys.modules.items()
             if name.split(".")[0] in ("app", "tabs", "najva") and getattr(module, "__file__", None)],
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("space", ["", "somebody/her-najva"])
def test_space_alone_builds_its_page(space: str, tmp_path: Path) -> None:
    """On a machine of one's own and on the Hub, whoever's Space it is."""
    alone = tmp_path / "alone"
    shutil.copytree(SPACE, alone, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    others = ("NAJVA_", "GRADIO_", "PYTHON", "SPACE", "SYSTEM")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    kept |= {"SYSTEM": "spaces", "SPACE_ID": space} if space else {}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=alone,
        env=kept | {"NAJVA_CACHE": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "hub")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["is_page"]
    assert report["endpoints"] == [
        "/classify_genre",
        "/detect_language",
        "/models",
        "/transcribe",
        "/translate",
        "/translate_text",
    ]
    assert report["asked"] == []
    # Whoever's it is, the button makes a copy of that one.
    assert len(report["duplicate"]) == bool(space)
    assert all(f"/spaces/{space}?duplicate=true" in script for script in report["duplicate"])
    assert report["loaded"] == []
    assert all(Path(path).is_relative_to(alone) for path in report["from"])
    assert not (tmp_path / "cache").exists()
