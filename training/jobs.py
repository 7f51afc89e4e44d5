"""Running one job after the other, as a person would from a shell, and reading the JSON line that each ends with."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent


class JobError(RuntimeError):
    """A job failed; it has said why itself."""


def run_job(script: str, *arguments: str, accelerate: bool = False) -> dict:
    """Run a job of this folder, show what it says, and return its last line.

    Args:
        script: file name, such as `publish.py`.
        arguments: of its command line.
        accelerate: start it by `accelerate launch`, on every GPU that accelerate is configured for.

    Raises:
        JobError: it failed.
    """
    launcher = ["-m", "accelerate.commands.launch"] if accelerate else []
    command = [sys.executable, *launcher, str(FOLDER / script), *arguments]
    print(f"\n$ {_shown(script, arguments, accelerate=accelerate)}", flush=True)
    # Where it does not write UTF-8 by itself, as on Windows, its Persian would be unreadable here.
    environment = {**os.environ, "PYTHONUTF8": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment)
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    if process.wait() != 0:
        raise JobError(f"{script} failed (exit status {process.returncode}); the same command goes on from here.")
    return json.loads(last)


def _shown(script: str, arguments: Sequence[str], *, accelerate: bool) -> str:
    launcher = "accelerate launch" if accelerate else "python"
    return " ".join([launcher, f"training/{script}", *arguments])
