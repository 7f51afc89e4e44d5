"""Run folders as `finetune_whisper.py` and `evaluate_whisper.py` leave them, made in a second around a tiny Whisper.

The weights are random and the hypotheses made up; records, scores and comparisons come from the jobs' own modules.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from evaluation.clip_counts import Bootstrap
from evaluation.figures import draw_history
from evaluation.ledgers import Row, write_ledger
from evaluation.score_report import comparison_values, score_values
from evaluation.scoring import compare, score
from najva.pretrained import Hub, find_checkpoint
from najva.pretrained.conversion import merge_adapter
from run_record import add_sections
from sheets.speech_data import Clip, load_speech
from tests.najva.pretrained.tiny_models import WINDOW_SECONDS, save_adapter

PARTS = ("train", "validation", "test")
Mishearing = Callable[[list[str]], list[str]]
_PACKAGES = {"torch": "2.13.0", "transformers": "5.23.0"}
_FINISHED = {"training": "2026-11-24T10:00:00+00:00", "evaluation": "2026-11-24T11:00:00+00:00"}
_HISTORY = [
    {"epoch": 1.0, "training_loss": 2.5, "validation_loss": 2.25, "validation_wer": 0.75},
    {"epoch": 2.0, "training_loss": 1.5, "validation_loss": 1.75, "validation_wer": 0.5},
]


def nothing_right(words: list[str]) -> list[str]:
    """Every word another one, and one more."""
    return [*(f"{word}ها" for word in words), "و"]


def half_right(words: list[str]) -> list[str]:
    """Every second word another one."""
    return [f"{word}ها" if place % 2 else word for place, word in enumerate(words)]


def one_wrong(words: list[str]) -> list[str]:
    """The first word left out."""
    return words[1:]


def make_run(
    folder: Path,
    tiny: Path,
    data: Path,
    tuning: str,
    *,
    base_name: str = "najva-tester/tiny-whisper-v3",
    part: str = "train",
    speech: str = "as recorded",
    **heard: Mishearing,
) -> Path:
    """Make a run that was trained and measured.

    Args:
        folder: of the run.
        tiny: Hub-style folder of the base.
        data: data folder.
        tuning: `lora` or `full`.
        base_name: how the record and the adapter name the base.
        part: clips that it was measured on, under the name of the test clips.
        speech: of the data.
        heard: how each of the systems mishears the clips.
    """
    found = load_speech(data)
    folder.mkdir(parents=True)
    _save_models(folder, tiny, tuning, base_name)
    shutil.copy(data / "split.json", folder)
    (folder / "history.csv").write_text("epoch,validation_wer\n1,0.75\n2,0.5\n", encoding="utf-8")
    draw_history(folder / "figures" / "history.png", _HISTORY)
    clips = {name: found.clips(name) for name in PARTS}
    _record_training(folder, tuning, base_name, found.split_sha256, clips | {"test": clips[part]}, speech)
    measure(folder, clips[part], **heard)
    return folder


def measure(folder: Path, clips: list[Clip], **heard: Mishearing) -> None:
    """Write ledgers, and what `evaluate_whisper.py` makes of them, into a run."""
    record = json.loads((folder / "run.json").read_text("utf-8"))
    lora = record["model"]["tuning"] == "lora"
    heard = {"base": nothing_right, "tuned": half_right} | ({"merged": half_right} if lora else {}) | heard
    ledgers = {
        name: [Row(clip.id, clip.text, " ".join(mishear(clip.text.split())), clip.group) for clip in clips]
        for name, mishear in heard.items()
    }
    for name, rows in ledgers.items():
        write_ledger(folder / "ledgers" / f"{name}.jsonl", rows)
    bootstrap = Bootstrap(replicates=500)
    systems = {
        name: {"made_with": _made_with(name, record, len(clips)), **score_values(score(rows, bootstrap=bootstrap))}
        for name, rows in ledgers.items()
    }
    section = {"systems": systems, **_circumstances("evaluation")}
    section["comparison"] = comparison_values(compare(ledgers["base"], ledgers["tuned"], bootstrap=bootstrap))
    if lora:
        section["merged_agrees"] = len(clips)
    add_sections(folder, evaluation=section)


def change_record(folder: Path, change: Callable[[dict], object]) -> None:
    """Change a run's record by a function."""
    record = json.loads((folder / "run.json").read_text("utf-8"))
    change(record)
    (folder / "run.json").write_text(json.dumps(record), "utf-8")


def _save_models(folder: Path, tiny: Path, tuning: str, base_name: str) -> None:
    if tuning == "full":
        shutil.copytree(tiny, folder, dirs_exist_ok=True)
        (folder / "README.md").unlink()
        return
    save_adapter(folder / "adapter", tiny, base_name)
    shutil.copy(tiny / "preprocessor_config.json", folder / "adapter")
    hub = Hub(offline=True)
    adapter, base = (find_checkpoint(str(path), hub, Path()) for path in (folder / "adapter", tiny))
    (folder / "merged").mkdir()
    merge_adapter(adapter, base, folder / "merged")


def _record_training(
    folder: Path, tuning: str, base_name: str, split_sha256: str, clips: dict[str, list[Clip]], speech: str
) -> None:
    hours = {name: round(sum(clip.seconds for clip in part) / 3600, 3) for name, part in clips.items()}
    options = {
        "data": "/srv/reza/data/made",
        "tuning": tuning,
        "epochs": 2.0,
        "minutes": 0.0,
        "batch_size": 4,
        "warmup_share": 0.1,
        "lora_rank": 4,
        "lora_alpha": 8.0,
        "lora_layers": "query-value",
        "augment": "",
        "spec_augment": 0.05,
        "timestamp_share": 0.5,
        "join_share": 0.0,
        "seed": 7,
    }
    add_sections(folder, options=options)
    source = {"name": "made", "speech": speech, "workbook": "made.xlsx"}
    if speech == "synthetic":
        source |= {"engine": "espeak-ng", "version": "1.51", "voices": ["fa+f2", "fa+m3"]}
    add_sections(
        folder,
        data={
            "name": "made",
            "source": source,
            "split_sha256": split_sha256,
            "clips": {name: len(part) for name, part in clips.items()},
            "hours": hours,
        },
    )
    add_sections(
        folder,
        base={"name": base_name, "reference": base_name, "revision": "3f" * 20, "licence": "MIT", "window_seconds": 10},
    )
    add_sections(
        folder,
        model={"tuning": tuning, "window_seconds": WINDOW_SECONDS, "language": "fa", "trained_parameters": 1_234_567},
    )
    best = _HISTORY[1] | {"step": 4, "minutes": 0.25, "validation_mean_clip_wer": 0.625, "validation_cer": 0.375}
    training = {"epochs": 2.0, "steps": 4, "hours": 0.011, "stopped_by_time": False, "precision": "fp32"}
    training |= {"processes": 1, "learning_rate": 0.001, "best": best}
    add_sections(folder, training=training | _circumstances("training"))


def _made_with(name: str, record: dict, clips: int) -> dict:
    decode = {
        "engine": "ctranslate2",
        "compute_type": "int8",
        "language": "fa",
        "beam_size": 1,
        "margin_seconds": 2.0,
        "full_window": False,
        "tokens_per_second": 15.0,
    }
    return {
        "model": name,
        "revision": "0123456789abcdef",
        "window_seconds": float(WINDOW_SECONDS),
        "decode": decode,
        "split_sha256": record["data"]["split_sha256"],
        "part": "test",
        "clips": clips,
    }


def _circumstances(section: str) -> dict:
    job = {"training": "finetune_whisper.py", "evaluation": "evaluate_whisper.py"}[section]
    return {
        "finished": _FINISHED[section],
        "python": "3.11.7",
        "packages": _PACKAGES,
        "hardware": "A processor, 2 cores, no GPU",
        "command": f"{job} --data /srv/reza/data/made",
    }
