"""The whole circle on one machine, in minutes: sheet, speech, tuning, figures, card, Hub, Space.

    make demo
    python training/demo.py

Eighty Persian sentences of `demo_sentences.csv` are spoken by espeak-ng, Whisper base is tuned by LoRA for three
minutes, measured before and after on the same clips, and pushed with its card to a Hub on this machine; then the Space
opens on the pushed revision. Nothing leaves the machine. `NAJVA_DEMO_EXIT=1` ends it there instead of serving on.
Everything lies in `demo/`, and a second run starts from what is there.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl

from evaluation.score_report import mean_in_words
from jobs import FOLDER, JobError, run_job

ROOT = FOLDER.parent
BASE = "packaged:whisper-base"
NAME = "whisper-base-fa-demo"


def main() -> int:
    """Go round once; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "demo", help="where everything is made")
    parser.add_argument("--minutes", type=float, default=3.0, help="of training")
    parser.add_argument("--port", type=int, default=7860, help="of the Space")
    options = parser.parse_args()
    folder = options.folder.resolve()
    started = time.monotonic()
    try:
        with running_hub(folder / "hub") as owner:
            result = go_round(folder, options.minutes, owner)
            with running_space(result["model"], options.port) as page:
                result |= {"page": page, **ask_page(page, folder / "data" / "demo")}
                result["seconds"] = round(time.monotonic() - started)
                print_result(result)
                print(json.dumps(result, ensure_ascii=False), flush=True)
                if os.environ.get("NAJVA_DEMO_EXIT") != "1":
                    print("Ctrl-C ends it.", flush=True)
                    threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except JobError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def go_round(folder: Path, minutes: float, owner: str) -> dict:
    """Speak, prepare, tune, measure and publish; return the figures and the published model.

    Raises:
        JobError: a step failed.
    """
    speech, data, run = folder / "speech", folder / "data" / "demo", folder / "runs" / "demo"
    workbook = write_workbook(folder / "demo.xlsx")
    # Quicker than a lecturer: short clips train in minutes.
    run_job("speak_sheet.py", "--workbook", str(workbook), "--output", str(speech), "--speeds", "120", "180")
    run_job(
        *("prepare_transcripts.py", "--workbook", str(speech / workbook.name)),
        *("--audio-folder", str(speech), "--output", str(data)),
    )
    run_job(
        *("finetune_whisper.py", "--data", str(data), "--tuning", "lora", "--output", str(run)),
        *("--base-model", BASE, "--minutes", str(minutes), "--timestamp-share", "0.3"),
        accelerate=True,
    )
    figures = run_job("evaluate_whisper.py", "--data", str(data), "--run", str(run), accelerate=True)
    pushed = run_job("publish.py", "model", "--run", str(run), "--repository", f"{owner}/{NAME}")
    return {
        "figures": figures,
        "model": f"{owner}/{NAME}@{pushed['revision']}",
        # The model is private: whoever opens its page in a browser shows the token.
        "card": f"{pushed['url']}?token={os.environ['HF_TOKEN']}",
    }


def write_workbook(path: Path) -> Path:
    """Write the demo's sentences as the Excel sheet that anybody else would start from."""
    workbook = openpyxl.Workbook()
    with (FOLDER / "demo_sentences.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            workbook.active.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(path)
    return path


@contextmanager
def running_hub(folder: Path) -> Iterator[str]:
    """Start a Hub on this machine, point every later step at it, and yield the user's name."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-u", "-m", "tests.hub", "--port", "0", "--folder", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        told = ""
        for line in process.stdout:
            told += line
            if found := re.search(r"export HF_ENDPOINT=(\S+) HF_TOKEN=(\S+)", told):
                break
        else:
            raise JobError("The Hub of this machine did not start.")
        user = re.search(r"Its user is ([^;]+);", told)[1]
        os.environ["HF_ENDPOINT"], os.environ["HF_TOKEN"] = found.groups()
        yield user
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running_space(model: str, port: int) -> Iterator[str]:
    """Start the Space on a published model, wait until it answers, and yield its address."""
    environment = {
        **os.environ,
        "NAJVA_ASR_MODEL": BASE,
        "NAJVA_ASR_PERSIAN": model,
        "GRADIO_SERVER_PORT": str(port),
    }
    print(f"\nThe Space starts on {model}", flush=True)
    # What it says stays out of stdout, whose last line is the result.
    process = subprocess.Popen([sys.executable, str(ROOT / "space" / "app.py")], env=environment, stdout=sys.stderr)
    page = f"http://127.0.0.1:{port}"
    try:
        wait_for(page, process)
        yield page
    finally:
        process.terminate()
        process.wait()


def wait_for(page: str, process: subprocess.Popen) -> None:
    """Wait until a page answers.

    Raises:
        JobError: its program ended, or two minutes passed.
    """
    for _ in range(240):
        if process.poll() is not None:
            raise JobError("The Space ended before it answered; is its port taken? --port chooses another.")
        try:
            urllib.request.urlopen(page, timeout=2).close()
            return
        except OSError:
            time.sleep(0.5)
    raise JobError("The Space did not answer within two minutes.")


def ask_page(page: str, data: Path) -> dict:
    """Let the Space write down a test clip, as any program would; return what was said, what it wrote and the model."""
    from gradio_client import Client, handle_file

    from sheets.speech_data import load_speech

    clip = load_speech(data).clips("test")[0]
    answer = Client(page, verbose=False).predict(audio=handle_file(clip.path), language="fa", api_name="/transcribe")
    return {"said": clip.text, "written": answer["text"], "written_by": answer["model"]}


def print_result(result: dict) -> None:
    """Print what came out of it, for a reader."""
    figures, minutes = result["figures"], result["seconds"] / 60
    print(
        f"\nMean WER before {mean_in_words(figures, 'base')}, after {mean_in_words(figures, 'tuned')}, on the "
        f"same {figures['clips']} synthetic clips ({figures['verdict']}: "
        f"{100 * figures['mean_clip_difference']:+.1f} points, 95 % interval "
        f"{100 * figures['mean_clip_difference_low']:+.1f} to "
        f"{100 * figures['mean_clip_difference_high']:+.1f}); {minutes:.1f} minutes in all.\n"
        f"Said:    {result['said']}\nWritten: {result['written']}\n"
        f"Card:    {result['card']}\nPage:    {result['page']}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
