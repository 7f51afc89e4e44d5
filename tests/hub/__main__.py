"""Runs the loopback Hub until Ctrl-C: `python -m tests.hub [--port 5555] [--folder D] [--token T]`."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress
from pathlib import Path

from .server import LoopbackHub

DEFAULT_FOLDER = Path.home() / ".cache" / "najva-hub"


def main() -> None:
    """Starts the Hub, says how to use it, and waits."""
    parser = argparse.ArgumentParser(prog="python -m tests.hub", description="A Hugging Face Hub on this machine.")
    parser.add_argument("--port", type=int, default=5555, help="TCP port on 127.0.0.1; 0 for a free one (%(default)s)")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where everything is kept (%(default)s)")
    parser.add_argument("--token", help="the writing token (default: a random one, kept in the folder)")
    options = parser.parse_args()
    hub = LoopbackHub(options.folder, port=options.port, token=options.token)
    try:
        hub.start()
    except OSError as error:
        parser.error(f"Port {options.port} cannot be used ({error.strerror}); choose another by --port.")
    print(f"The Hub is at {hub.endpoint} and keeps everything in {options.folder}.")
    print(f"Its user is {hub.user}; the token may read and write. Paste into a terminal:\n")
    print(f"export HF_ENDPOINT={hub.endpoint} HF_TOKEN={hub.token}\n")
    print("Large files go by Xet, as the client does it by default; HF_HUB_DISABLE_XET=1 there makes them go by LFS.")
    print(f"In a browser, with private repositories: {hub.endpoint}/?token={hub.token}")
    print("Ctrl-C ends it.", flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    hub.stop()


if __name__ == "__main__":
    main()
