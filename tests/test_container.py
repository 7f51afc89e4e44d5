"""The container file: what can be seen of it without a container."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

SPACE = Path(__file__).parents[1] / "space"
CARD = yaml.safe_load((SPACE / "README.md").read_text("utf-8").split("---")[1])


def instructions() -> list[tuple[str, str]]:
    """Every instruction of the file and what follows it, comments left out and lines joined."""
    lines = [line for line in (SPACE / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.strip().split(None, 1) for line in text.splitlines() if line.strip())
    return [(name, " ".join(rest.split())) for name, rest in pairs]


def of(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def test_it_is_the_spaces_python_and_the_spaces_start() -> None:
    assert of("FROM") == [f"python:{CARD['python_version']}-slim"]
    assert json.loads(of("CMD")[-1]) == ["python", CARD["app_file"]]
    port = dict(setting.split("=", 1) for setting in shlex.split(" ".join(of("ENV"))))
    assert port["GRADIO_SERVER_NAME"] == "0.0.0.0", "else nobody outside the container reaches it"
    assert of("EXPOSE") == [port["GRADIO_SERVER_PORT"]] == ["7860"]


def test_it_does_not_run_as_root() -> None:
    names = [name for name, _ in instructions()]
    assert of("USER") == ["najva"]
    assert names.index("USER") < names.index("CMD") and "RUN" not in names[names.index("USER") :]
    assert any(re.search(r"useradd .*--uid 1000 najva\b", line) for line in of("RUN"))


def test_no_secret_is_built_in() -> None:
    given = " ".join([*of("ENV"), *of("ARG")])
    assert not re.search(r"TOKEN|SECRET|PASSWORD|KEY|HF_", given)
    assert of("ARG") == ["TORCH_INDEX="], "what is built with by default is the ordinary index"


def ignored(path: str) -> bool:
    """Whether the builder leaves a file out; of its patterns those that are used here."""
    lines = (SPACE / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    parts = Path(path).parts
    deep = [pattern.removeprefix("**/") for pattern in patterns if pattern.startswith("**/")]
    return path in patterns or any(fnmatch(part, pattern) for part in parts for pattern in deep)


@pytest.mark.parametrize("path", [".env", "tabs/.secrets", ".git/config", "najva/__pycache__/audio.cpython-312.pyc"])
def test_what_lies_about_stays_outside(path: str) -> None:
    assert ignored(path)


def test_all_of_the_space_goes_in() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=SPACE, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    left_out = {path for path in listed.stdout.splitlines() if ignored(path)}
    assert left_out <= {".dockerignore", "Dockerfile"}
    assert of("COPY")[-1] == ". ."


@pytest.fixture
def run_line(tmp_path: Path) -> Callable[..., list[list[str]]]:
    """Run the line that calls a program, in a shell that knows no program but noting ones; returns the calls."""
    programs, log = tmp_path / "bin", tmp_path / "log"
    programs.mkdir()
    for name in ("apt-get", "pip", "useradd", "install", "rm"):
        # Of pip's surroundings one thing matters, and is noted behind its words.
        index = '${PIP_EXTRA_INDEX_URL:+PIP_EXTRA_INDEX_URL="$PIP_EXTRA_INDEX_URL"}' if name == "pip" else ""
        (programs / name).write_text(
            f'#!/bin/sh\nfor word in {name} "$@" {index}; do echo "$word"; done >> {log}\necho >> {log}\n'
        )
        (programs / name).chmod(0o755)
    (programs / "xargs").symlink_to("/usr/bin/xargs")

    def run(program: str, **arguments: str) -> list[list[str]]:
        (line,) = [line for line in of("RUN") if program in line]
        environment = {"PATH": str(programs)} | arguments
        subprocess.run(["/bin/sh", "-ec", line], cwd=SPACE, env=environment, check=True, timeout=20)
        return [call.split("\n") for call in log.read_text("utf-8").strip().split("\n\n")]

    return run


@pytest.mark.skipif(not Path("/usr/bin/xargs").exists(), reason="no shell of Debian's")
def test_the_systems_packages_are_those_of_the_hub(run_line: Callable[..., list[list[str]]]) -> None:
    calls = run_line("apt-get")
    assert calls[0] == ["apt-get", "update"]
    assert calls[1][-1:] == (SPACE / "packages.txt").read_text("utf-8").split()
    assert {"install", "--yes"} <= set(calls[1])


@pytest.mark.skipif(not Path("/bin/sh").exists(), reason="no shell")
@pytest.mark.parametrize("index", ["", "https://wheels.example/cpu"])
def test_the_wheels_for_processors_come_where_their_address_is_given(
    index: str, run_line: Callable[..., list[list[str]]]
) -> None:
    (call,) = run_line("pip", TORCH_INDEX=index)
    extra = [f"PIP_EXTRA_INDEX_URL={index}"] if index else []
    assert call == ["pip", "install", "--no-cache-dir", "--requirement", "requirements.txt", *extra]


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/config" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_health_check_tells_a_page_from_none() -> None:
    options, command = of("HEALTHCHECK")[0].split(" CMD ")
    assert "--start-period" in options, "a first start prepares models"
    program, *arguments = json.loads(command)
    assert program == "python"
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = [sys.executable, *(argument.replace("7860", str(server.server_port)) for argument in arguments)]
        assert subprocess.run(here, timeout=30, env=os.environ | {"no_proxy": "*"}).returncode == 0
        server.shutdown()
    assert subprocess.run(here, timeout=30, capture_output=True).returncode != 0
