"""Callers of a running app for `load.py`: what they ask, what is a right answer, what is a clear refusal."""

import base64
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier

import httpx
import setup  # noqa: F401  (makes the project importable)
from gradio_client import Client, handle_file

from najva import audio
from tests.running_app import ROOT, RunningApp
from tests.tabs.test_guard import sentence_of

EXAMPLES = ROOT / "space" / "examples"
# The page's examples under names of a visitor's own: Gradio's copies of the examples themselves stay.
CLIPS: dict[str, Path] = {}
TEXT = "I love you. Where is the station? We will go home tomorrow."
RATE_HZ = 16000
# Of a call that never ends: no answer by then is a wrong one.
PATIENCE_SECONDS = 240

Ask = Callable[[RunningApp, Client], object]


def bring_clips(folder: Path) -> None:
    """Fill `CLIPS`."""
    for path in EXAMPLES.rglob("*.mp3"):
        name = path.stem.partition("-")[0]
        CLIPS[name] = Path(shutil.copy(path, folder / f"visitor-{name}.mp3"))


@dataclass
class Outcome:
    """What a scenario's callers got.

    Attributes:
        callers: all of them.
        right: answers that are the ones given to the same clip when alone.
        refused: told in one clear sentence.
        wrong: everything else, in words.
        notes: what else was seen.
    """

    callers: int = 0
    right: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, name: str, got: object, expected: object, *, may_refuse: bool = True) -> None:
        """Count one caller's answer, which may be an error."""
        self.callers += 1
        if isinstance(got, BaseException):
            if may_refuse and is_clear(got):
                self.refused += 1
            else:
                self.wrong.append(f"{name}: {type(got).__name__}: {str(got)[:200]}")
        elif got == expected:
            self.right += 1
        else:
            self.wrong.append(f"{name}: {str(got)[:150]} instead of {str(expected)[:150]}")

    def check(self, what: str, holds: object) -> None:
        """Count what must hold of the app itself as a caller's right or wrong answer."""
        self.note(what, bool(holds), True)


def is_clear(error: BaseException) -> bool:
    """Whether an error tells a caller in a sentence what is the matter; a server that is gone cannot."""
    told = str(error)
    # gradio_client calls what it still waited for off when the connection breaks.
    if isinstance(error, httpx.TransportError | ConnectionError | CancelledError):
        return True
    if isinstance(error, httpx.HTTPStatusError):
        # The sentence is in the answer; gradio_client shows the number alone.
        told = sentence_of(error.response)
    shown = not re.search(r"Traceback|Exception|\bNone\b|/gradio/|<|verbose error", told)
    return 15 < len(told) < 300 and "\n" not in told and shown


def transcribe(clip: str) -> Ask:
    """Write a clip down: its name in `CLIPS`, or a path."""

    def ask(_: RunningApp, client: Client) -> object:
        answer = client.predict(audio=handle_file(str(CLIPS.get(clip, clip))), api_name="/transcribe")
        return answer["text"], answer["language"]

    return ask


def detect(_: RunningApp, client: Client) -> object:
    """Tell the language of the Persian clip."""
    answer = client.predict(audio=handle_file(str(CLIPS["Persian"])), api_name="/detect_language")
    return answer["language"], answer["sure"], round(answer["probabilities"]["fa"], 3)


def translate(_: RunningApp, client: Client) -> object:
    """Write the English clip in Chinese."""
    return client.predict(audio=handle_file(str(CLIPS["English"])), api_name="/translate")["translation"]


def translate_text(_: RunningApp, client: Client) -> object:
    """Translate three sentences."""
    return client.predict(text=TEXT, source="en", api_name="/translate_text")["translation"]


def classify(_: RunningApp, client: Client) -> object:
    """Tell the genre of the song."""
    answer = client.predict(audio=handle_file(str(CLIPS["Swing"])), api_name="/classify_genre")
    return answer["decision"], {genre: round(score, 3) for genre, score in answer["scores"].items()}


def speak(app: RunningApp, client: Client) -> object:
    """Speak the English clip live, a second at a time, the way the page's script does."""
    samples, _ = audio.read(CLIPS["English"], sample_rate_hz=RATE_HZ)
    live = next(each["id"] for each in client.config["components"] if each["props"].get("elem_id") == "live")
    name, said = f"speaker-{time.monotonic_ns()}-{id(samples)}", []
    starts = range(0, samples.size, RATE_HZ)
    with httpx.Client(base_url=app.url, timeout=PATIENCE_SECONDS) as http:
        for number, start in enumerate(starts):
            pcm = (samples[start : start + RATE_HZ] * 32767).astype("<i2").tobytes()
            sound = base64.b64encode(pcm).decode("ascii")
            message = {"session": name, "number": number, "pcm": sound, "language": "en", "last": start == starts[-1]}
            body = {"session_hash": client.session_hash, "component_id": live, "fn_name": "push", "data": message}
            answer = http.post("/gradio_api/component_server", json=body).raise_for_status().json()
            if "error" in answer:
                raise RuntimeError(answer["error"])
            said += [caption["text"] for caption in answer["captions"]]
    return said


# Twenty visitors take these in turn.
MIX: dict[str, Ask] = {
    "transcribe English": transcribe("English"),
    "live": speak,
    "detect": detect,
    "transcribe Persian": transcribe("Persian"),
    "translate": translate,
    "classify": classify,
    "translate text": translate_text,
    "transcribe Chinese": transcribe("Chinese"),
}


def answers_alone(app: RunningApp) -> dict[str, object]:
    """Return the answer to each of `MIX` when nobody else asks; fails where asking again gives another."""
    client, alone = app.client(), {}
    for name, ask in MIX.items():
        first, alone[name] = ask(app, client), ask(app, client)
        if first != alone[name]:
            raise SystemExit(f"{name}: the same clip has two answers when alone: {first} and {alone[name]}")
    return alone


def ask_together(app: RunningApp, names: Sequence[str]) -> list[tuple[str, object]]:
    """Ask all of these at the same moment, each by a client of its own; return answers and errors."""
    barrier = Barrier(len(names))

    def one(name: str) -> object:
        client = app.client()
        barrier.wait(60)
        return MIX[name](app, client)

    with ThreadPoolExecutor(len(names)) as pool:
        return collect(names, [pool.submit(one, name) for name in names])


def collect(names: Iterable[str], futures: Sequence[Future]) -> list[tuple[str, object]]:
    """Return what each call brought: its answer, its error, or that nothing came in time."""
    _, late = wait(futures, timeout=PATIENCE_SECONDS)
    got = []
    for name, future in zip(names, futures, strict=True):
        try:
            got.append((name, TimeoutError("no answer in time") if future in late else future.result()))
        except (Exception, CancelledError) as error:
            got.append((name, error))
    return got


def upload(app: RunningApp, path: Path) -> httpx.Response:
    """Upload a file as the page does."""
    with path.open("rb") as file:
        return httpx.post(f"{app.url}/gradio_api/upload", files={"files": file}, timeout=60)


def join_and_leave(app: RunningApp, path: Path, event: str, seconds: float) -> None:
    """Ask for a long recording's answer, listen for a while, and be gone."""
    (uploaded,) = upload(app, path).raise_for_status().json()
    file = {"path": uploaded, "meta": {"_type": "gradio.FileData"}}
    with httpx.Client(base_url=f"{app.url}/gradio_api", timeout=30) as http:
        data = {"transcribe": [file, "en", "none"], "classify_genre": [file, "auto"]}[event]
        joined = http.post(f"/call/{event}", json={"data": data}).raise_for_status().json()
        deadline = time.monotonic() + seconds
        with http.stream("GET", f"/call/{event}/{joined['event_id']}") as stream:
            for _ in stream.iter_raw():
                if time.monotonic() > deadline:
                    return


def long_recording(folder: Path, times: int) -> Path:
    """Write the English clip again and again."""
    path = folder / f"{times}-times.mp3"
    path.write_bytes(CLIPS["English"].read_bytes() * times)
    return path


def call_with_content(app: RunningApp, path: Path) -> Iterable[object]:
    """Send a recording as base64 inside a call, as MCP clients do, and yield the error that comes back."""
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    file = {"url": f"data:audio/mpeg;base64,{content}", "path": "long.mp3", "meta": {"_type": "gradio.FileData"}}
    with httpx.Client(base_url=f"{app.url}/gradio_api", timeout=60) as http:
        body = {"data": [file, "en", "none"]}
        event = http.post("/call/transcribe", json=body).raise_for_status().json()["event_id"]
        told = http.get(f"/call/transcribe/{event}").text
        # An answer is none: there was no room for the recording.
        yield RuntimeError(json.loads(told.partition("data: ")[2])["error"]) if "event: error" in told else told
