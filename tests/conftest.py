"""What every test may ask for: the real data, the packaged weights, a running app."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import clips

# No test talks to a Hub but the loopback one, and none writes into the user's own caches.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"


@pytest.fixture
def test_data() -> Path:
    """The folder of real clips and sheets (`NAJVA_TEST_DATA`); the test is skipped where there is none."""
    return _data()


@pytest.fixture(scope="session")
def session_data() -> Path:
    """The same for fixtures that live as long as the run."""
    return _data()


def _data() -> Path:
    if not clips.DATA.is_dir():
        pytest.skip(f"the real data is not in {clips.DATA.name}; NAJVA_TEST_DATA names its folder")
    return clips.DATA


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's cache of the whole run: packaged weights are laid out in it once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def program() -> Callable[..., str]:
    """Find a system program, or skip; in CI its absence is a failure."""

    def find(*names: str) -> str:
        for name in names:
            if found := shutil.which(name):
                return found
        missing = f"{names[0]} is not installed"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)

    return find


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the very end how many tests had no data to read."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "the real data is not in" in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests read real data and were skipped: NAJVA_TEST_DATA is not set."
        )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mount a file system of so many mebibytes, where that is allowed; `grow=True` makes it larger with its files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = []

    def mount(mebibytes: int, *, grow: bool = False) -> Path:
        how = "remount," if grow else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{how}size={mebibytes}m", "tmpfs", str(disk)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only an administrator may mount a small file system")
        mounted.append(disk)
        return disk

    yield mount
    if mounted:
        subprocess.run(["umount", str(disk)], check=True)
