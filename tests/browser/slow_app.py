"""The app on a machine that takes two seconds for whatever is said live."""

import runpy
import sys
import time
from pathlib import Path

SPACE = Path(__file__).parents[2] / "space"
sys.path.insert(0, str(SPACE))

from najva.services import Services  # noqa: E402

transcribe_span = Services.transcribe_span


def slowly(services: Services, *arguments, **options):
    """Do the same two seconds later."""
    time.sleep(2)
    return transcribe_span(services, *arguments, **options)


Services.transcribe_span = slowly
sys.argv = [str(SPACE / "app.py")]
runpy.run_path(sys.argv[0], run_name="__main__")
