"""The processes of one job, as `accelerate launch` and `torchrun` tell each of them."""

import os


def process_count() -> int:
    """Return how many processes share the job, one where nobody says otherwise."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Whether this is the process that speaks and writes for all."""
    return int(os.environ.get("RANK", "0")) == 0
