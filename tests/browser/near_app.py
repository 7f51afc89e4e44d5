"""The app, for which the host `recordings.example` is this machine, and no other name is anywhere."""

import runpy
import sys
from pathlib import Path

SPACE = Path(__file__).parents[2] / "space"
sys.path.insert(0, str(SPACE))

from tabs import addresses  # noqa: E402

resolve_public = addresses.resolve_public


async def resolve(host: str) -> str:
    """Find the one host here, and all others as the app does."""
    return "127.0.0.1" if host == "recordings.example" else await resolve_public(host)


addresses.resolve_public = resolve
sys.argv = [str(SPACE / "app.py")]
runpy.run_path(sys.argv[0], run_name="__main__")
