"""How much memory a process has had at most."""

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_mib() -> int:
    """Return this process's peak in MiB.

    On Linux not as `getrusage` tells it, whose figure begins with the peak of the process that started this one.
    """
    if _STATUS.is_file():
        return int(re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024**2)
