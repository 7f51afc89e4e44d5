"""The app under load and faults, on this machine alone: who gets which answer, what is left behind.

    python tests/benchmarks/load.py [--calls 500] [--only NAME]

Starts its own servers on 127.0.0.1, with temporary folders of their own, and goes through the scenarios one after the
other. A right answer is the one that the same clip has when nobody else asks; a refusal is clear when it tells in one
sentence what is the matter (a server that is gone cannot, there the broken connection counts); everything else is
wrong. Clips are the app's own examples. Ends with one JSON line, and with code 1 if anything was wrong.
"""

import argparse
import gc
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import httpx
import load_callers as callers
import psutil
import setup  # noqa: F401  (makes the project importable)
from load_callers import MIX, Outcome

from najva.settings import Settings
from tests.running_app import RunningApp, own_app, wait_until
from tests.tabs.test_guard import MALFORMED, sentence_of

VISITORS = 20
# Memory of the first calls is that of models and pools that come to stay.
SETTLED_CALLS = 50
MOST_GROWTH = 0.10


@dataclass
class Bench:
    """What scenarios share.

    Attributes:
        folder: empty, of this run.
        calls: how many in a row.
        alone: the answer to each of `MIX` when nobody else asks.
    """

    folder: Path
    calls: int
    alone: dict[str, object]

    @contextmanager
    def app(self, name: str, program: str = "space/app.py", **settings: str) -> Iterator[RunningApp]:
        """Start a server in a folder of its own, and wait until its models are loaded."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "tmp").mkdir(exist_ok=True)
        with own_app(Settings.from_environment().cache, folder, program, TMPDIR=str(folder / "tmp"), **settings) as app:
            MIX["classify"](app, app.client())
            yield app

    def still_right(self, app: RunningApp, outcome: Outcome, name: str = "transcribe English") -> None:
        """Ask once more after all that."""
        for got in callers.ask_together(app, [name]):
            outcome.note(*got, self.alone[name], may_refuse=False)

    def note_all(self, outcome: Outcome, got: list[tuple[str, object]], *, may_refuse: bool = True) -> None:
        """Count answers to `MIX`."""
        for name, answer in got:
            outcome.note(name, answer, self.alone[name], may_refuse=may_refuse)


def visitors(bench: Bench, app: RunningApp, outcome: Outcome) -> None:
    """Twenty at once with mixed work: there is room for all of them."""
    bench.note_all(outcome, callers.ask_together(app, [*islice(cycle(MIX), VISITORS)]), may_refuse=False)


def queue_full(bench: Bench, app: RunningApp, outcome: Outcome) -> None:
    """Twenty at once where two are served, three wait and two may speak; the page opens all the while."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(callers.ask_together, app, [*islice(cycle(MIX), VISITORS)])
        opened = 0
        while not asked.done():
            answer = httpx.get(app.url, timeout=20)
            outcome.check("the page opens", answer.status_code == 200) if answer.status_code != 200 else None
            opened += answer.status_code == 200
            time.sleep(0.5)
        bench.note_all(outcome, asked.result())
    outcome.notes.append(f"page opened {opened} times meanwhile")
    outcome.check("somebody was refused", outcome.refused)
    bench.still_right(app, outcome)


def leaving(bench: Bench, app: RunningApp, outcome: Outcome) -> None:
    """Eight ask for a long recording's transcript or genre, listen for three seconds, and leave."""
    path = callers.long_recording(bench.folder, times=140)
    with ThreadPoolExecutor(8) as pool:
        left = [
            pool.submit(callers.join_and_leave, app, path, event, 3.0)
            for event in islice(cycle(("transcribe", "classify_genre")), 8)
        ]
        for name, got in callers.collect(["leaving"] * 8, left):
            # They wanted none; what counts is that they were let in.
            outcome.note(name, got, None, may_refuse=False)
    began = time.monotonic()
    bench.still_right(app, outcome)
    outcome.notes.append(f"the next caller had an answer {time.monotonic() - began:.0f} s after they left")
    with suppress(AssertionError):
        wait_until(lambda: not app.uploads, 60)
    outcome.check("files of those who left are gone", not app.uploads)
    before = app.cpu_seconds
    time.sleep(5)
    busy = app.cpu_seconds - before
    outcome.check(f"nobody is worked for any more ({busy:.1f} s of processor in 5 s)", busy < 1)


def hang(bench: Bench, app: RunningApp, outcome: Outcome) -> None:
    """A model hangs under six callers and a speaker; then it works again."""
    flag = bench.folder / "hanging"
    flag.touch()
    names = ["transcribe English", "detect", "translate", "transcribe Persian", "transcribe Chinese", "live"]
    got = callers.ask_together(app, names)
    bench.note_all(outcome, got)
    outcome.check("all were told", all(isinstance(answer, Exception) for _, answer in got))
    bench.note_all(outcome, callers.ask_together(app, ["translate text", "classify"]), may_refuse=False)
    flag.unlink()
    bench.note_all(outcome, callers.ask_together(app, names), may_refuse=False)


def restart(bench: Bench, app: RunningApp, outcome: Outcome) -> None:
    """The server is killed under eight callers, and started again at the same address."""
    clients = [app.client() for _ in range(8)]
    names = [*islice(cycle(MIX), 8)]
    # What gradio_client prints of a server that is gone is not of interest here.
    with ThreadPoolExecutor(8) as pool, redirect_stderr(io.StringIO()):
        asked = [pool.submit(MIX[name], app, client) for name, client in zip(names, clients, strict=True)]
        wait_until(lambda: app.uploads, 30)
        app.process.send_signal(signal.SIGKILL)
        app.process.wait()
        bench.note_all(outcome, callers.collect(names, asked))
        left = len(app.uploads)
        port = app.url.rpartition(":")[2]
        with bench.app("restart", GRADIO_SERVER_PORT=port) as again:
            outcome.notes.append(f"{left} files of the killed server, {len(again.uploads)} after the start")
            # The same programs go on, with what they know of the server that was.
            asked = [pool.submit(MIX[name], again, client) for name, client in zip(names, clients, strict=True)]
            bench.note_all(outcome, callers.collect(names, asked), may_refuse=False)
            outcome.check("no file of the killed server is left", not again.uploads)


def disk_full(bench: Bench, app: RunningApp, outcome: Outcome) -> None:
    """Recordings that the temporary folder has no room for, by the page's way, a program's, and inside a call."""
    path = callers.long_recording(bench.folder, times=140)
    outcome.note("upload", RuntimeError(sentence_of(callers.upload(app, path))), None)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(callers.transcribe(str(path)), app, app.client()) for _ in range(4)]
        for name, got in callers.collect(["program"] * 4, asked):
            outcome.note(name, got, None)
    for got in callers.call_with_content(app, path):
        outcome.note("in a call", got, None)
    outcome.check("nothing of them is left", not app.uploads)
    bench.still_right(app, outcome)


def malformed(bench: Bench, app: RunningApp, outcome: Outcome) -> None:
    """Bodies that are none, at every door, five times over, while somebody works."""
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=f"{app.url}/gradio_api", timeout=30) as http:
        asked = pool.submit(callers.ask_together, app, ["transcribe English", "translate"])
        for path, body in MALFORMED * 5:
            headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
            answer = http.post(f"/{path}", content=body, headers=headers)
            told = RuntimeError(sentence_of(answer)) if answer.status_code >= 400 else answer.text
            outcome.note(f"{path} {body[:30]}", told, "a refusal")
        bench.note_all(outcome, asked.result(), may_refuse=False)
    outcome.check("no traceback in the log", "Traceback" not in app.log)


def calls(bench: Bench, app: RunningApp, outcome: Outcome) -> None:
    """One call after the other, of one program, and the memory after fifty and after all."""
    client, memory = app.client(), {}
    for number, (name, ask) in enumerate(islice(cycle(MIX.items()), bench.calls), start=1):
        try:
            answer: object = ask(app, client)
        except Exception as error:
            answer = error
        outcome.note(name, answer, bench.alone[name], may_refuse=False)
        if number in (SETTLED_CALLS, bench.calls) or not number % 50:
            memory[number] = resident_mib(app)
            print(f"  {number} calls, {memory[number]:.0f} MiB", flush=True)
    first, last = memory.get(SETTLED_CALLS, 0), memory[bench.calls]
    outcome.notes.append(f"{first:.0f} MiB after {SETTLED_CALLS} calls, {last:.0f} after {bench.calls}")
    if bench.calls > SETTLED_CALLS:
        outcome.check(f"memory grew by {last / first - 1:.1%}", last <= first * (1 + MOST_GROWTH))


def resident_mib(app: RunningApp) -> float:
    """Return the server's memory once its threads have let go of what they worked on."""
    time.sleep(1)
    return psutil.Process(app.process.pid).memory_info().rss / 2**20


@dataclass(frozen=True)
class Scenario:
    """One of them: what it does, with which server, in how many seconds at most."""

    run: Callable[[Bench, RunningApp, Outcome], None]
    seconds: int
    program: str = "space/app.py"
    settings: Callable[[Path], dict[str, str]] = lambda folder: {}


SCENARIOS = {
    "visitors": Scenario(visitors, 300),
    "queue full": Scenario(
        queue_full,
        300,
        settings=lambda _: {"NAJVA_MAX_VISITORS": "2", "NAJVA_MAX_QUEUE": "3", "NAJVA_MAX_SPEAKERS": "2"},
    ),
    "leaving": Scenario(leaving, 300),
    "hang": Scenario(
        hang,
        300,
        "tests/benchmarks/hanging_app.py",
        lambda folder: {"NAJVA_TEST_HANG": str(folder / "hanging"), "NAJVA_MAX_STALL_SECONDS": "5"},
    ),
    "restart": Scenario(restart, 300),
    "disk full": Scenario(disk_full, 300),
    "malformed": Scenario(malformed, 300),
    "calls": Scenario(calls, 1800),
}


def main() -> None:
    """Print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.calls, {})
        callers.bring_clips(bench.folder)
        print("alone: the right answers", flush=True)
        with bench.app("alone") as app:
            bench.alone = callers.answers_alone(app)
        for name in options.only or SCENARIOS:
            print(f"{name}: {SCENARIOS[name].run.__doc__.splitlines()[0]}", flush=True)
            rows.append(play(bench, name, SCENARIOS[name]))
            print(f"  {json.dumps(rows[-1], ensure_ascii=False)}", flush=True)
    print("\n| scenario | callers | right | clear refusals | wrong | seconds | memory, MiB | files left |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        print("| " + " | ".join(str(row[key]) for key in list(row)[:8]) + " |")
    wrong = sum(row["wrong"] + row["files_left"] for row in rows)
    print(json.dumps({"wrong": wrong, "scenarios": rows}, ensure_ascii=False))
    raise SystemExit(1 if wrong else 0)


def play(bench: Bench, name: str, scenario: Scenario) -> dict:
    """Run one scenario with its server and return its row."""
    outcome, began, folder = Outcome(), time.monotonic(), name.replace(" ", "-")
    settings = scenario.settings(bench.folder)
    with room(bench.folder / folder, small=name == "disk full"), limited(scenario.seconds):
        with bench.app(folder, scenario.program, **settings) as app:
            try:
                scenario.run(bench, app, outcome)
            except Exception as error:
                outcome.note(name, error, None, may_refuse=False)
            memory = resident_mib(app) if app.process.poll() is None else 0
            with suppress(AssertionError):
                wait_until(lambda: not app.uploads, 10)
            left = app.uploads + temporary_files(bench.folder / folder)
            tracebacks = app.log.count("Traceback")
        # An orderly end takes the app's own folder along.
        ended = [path for path in (bench.folder / folder / "gradio").rglob("*") if path.is_file()]
    if tracebacks:
        outcome.notes.append(f"{tracebacks} tracebacks in the log")
    return {
        "scenario": name,
        "callers": outcome.callers,
        "right": outcome.right,
        "refused": outcome.refused,
        "wrong": len(outcome.wrong),
        "seconds": round(time.monotonic() - began),
        "memory_mib": round(memory),
        "files_left": len(left) + len(ended),
        "notes": outcome.notes,
        "told": outcome.wrong + [str(path) for path in (*left, *ended)],
    }


def temporary_files(folder: Path) -> list[Path]:
    """Return what lies in the server's TMPDIR, which only what passes by its own folder comes to."""
    return [path for path in (folder / "tmp").rglob("*") if path.is_file()]


@contextmanager
def room(folder: Path, *, small: bool) -> Iterator[None]:
    """Give a server's temporary files little room where that is to be tested.

    By a small file system where this program may mount one, else by a limit on the size of the server's files.
    """
    if not small:
        yield
        return
    disk = folder / "gradio"
    disk.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if shutil.which("mount") and not subprocess.run(mount, capture_output=True).returncode:
        try:
            yield
        finally:
            subprocess.run(["umount", str(disk)], check=True)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    print("  no mount here: files are limited to 1 MB instead", flush=True)
    # Inherited by the server that is started meanwhile; a file beyond it is an error there, and no signal.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """End a scenario that takes too long."""

    def too_long(*_: object) -> None:
        raise TimeoutError(f"this scenario took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        gc.collect()


if __name__ == "__main__":
    # Of this program's callers; the server has its own folder.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
