"""What a job says while it works."""

import os


def say(line: str) -> None:
    """Print a line, from the main process only."""
    if int(os.environ.get("RANK", "0")) == 0:
        print(line, flush=True)
