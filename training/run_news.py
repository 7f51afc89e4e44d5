"""What a job says while it works."""

from processes import is_main_process


def say(line: str) -> None:
    """Print a line, from the main process only."""
    if is_main_process():
        print(line, flush=True)
