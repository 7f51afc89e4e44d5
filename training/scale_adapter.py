"""Draws a LoRA run back towards its base: what it learned counts for a part, in a run of its own.

    python training/scale_adapter.py --run runs/lora --strength 0.7 --output runs/lora-0.7

A tuned model is at its best on speech like that of its training. Between it and its base there is often one that is
better on other speech, and that has forgotten less of other languages (Wortsman et al., "Robust fine-tuning of
zero-shot models", CVPR 2022). Nothing is trained: the low-rank updates are multiplied, in a minute at most. The new run
is measured and published as any other: choose the strength on speech that is no test.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from options import required, run_command
from run_news import say
from run_record import NAME, RunError, add_sections, read_record

# What was measured of the run, which its scaled models have yet to be; what lies in these sections is left behind.
_OF_ITS_MODELS = ("evaluation", "sheets", "ledgers", "trials")
_KEPT_FILES = ("split.json", "history.csv", "figures/history.png")


@dataclass(frozen=True)
class ScaleOptions:
    """What is scaled, and by how much."""

    run: Path = required("folder of a LoRA run")
    strength: float = required("what its updates count for: 1 is the run itself, 0 its base")
    output: Path = required("folder of the new run")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 0 < self.strength < 2:
            raise ValueError(f"--strength {self.strength:g}: a number between 0 and 2, such as 0.7.")


def main(arguments: list[str] | None = None) -> int:
    """Make the run; see the module's docstring."""

    def work(options: ScaleOptions) -> dict:
        scale_run(options.run, options.strength, options.output)
        return {"output": str(options.output), "strength": options.strength}

    return run_command(ScaleOptions, work, __doc__, arguments)


def scale_run(run: Path, strength: float, output: Path) -> None:
    """Write the scaled adapter, the merged model and the record, last, by which the run counts as trained.

    Raises:
        RunError: it is no LoRA run that was trained to its end, or the new folder holds another run.
        ModelError: its base cannot be had.
    """
    record = read_record(run)
    if record.get("model", {}).get("tuning") != "lora" or "training" not in record:
        raise RunError(f"{run} is no LoRA run that was trained to its end, so there are no updates to scale.")
    if "scaled" in record:
        raise RunError(f"{run} was scaled itself, from {record['scaled']['of']}: scale that one.")
    # An embedded model has its weights where its record is.
    adapter = run / "adapter" if (run / "adapter").is_dir() else run
    weights = (adapter / "adapter_model.safetensors").read_bytes()
    strengths = {"strength": strength, "of": run.resolve().name, "sha256": hashlib.sha256(weights).hexdigest()}
    if (output / NAME).is_file():
        if read_record(output).get("scaled") != strengths:
            raise RunError(f"{output} holds another run; name another --output, or delete it.")
        say(f"{output} is made.")
        return
    # They take seconds to import.
    from model_references import find_model
    from tuning.whisper_tuning import add_lora, find_base, go_on_from, load_model, save_adapter, save_whole, scale_lora

    base, chosen = find_base(record["base"]["reference"], say), record["options"]
    model = add_lora(
        load_model(base, record["model"]["window_seconds"], record["model"]["language"]),
        rank=chosen["lora_rank"],
        alpha=chosen["lora_alpha"],
        dropout=0.0,
        layers=chosen["lora_layers"],
    )
    go_on_from(model, find_model(str(adapter))[0], base)
    scale_lora(model, strength)
    save_adapter(model, base, output / "adapter")
    save_whole(model.merge_and_unload(), base, output / "merged")
    for name in _KEPT_FILES:
        if (run / name).is_file():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run / name, output / name)
    kept = {name: section for name, section in record.items() if name not in _OF_ITS_MODELS}
    add_sections(output, **kept, scaled=strengths)


if __name__ == "__main__":
    sys.exit(main())
