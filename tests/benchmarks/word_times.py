"""What it costs to tell when each word is said, beside the times of sentences alone.

    python tests/benchmarks/word_times.py RECORDING[:LANGUAGE]… [--rounds 3]

Both ways by turns in one process, the quickest of the rounds each; the packaged Whisper and the embedded Persian model.
"""

import argparse
import json
import time
from pathlib import Path

import setup  # noqa: F401  (makes the project importable)

from najva.services import Services
from najva.settings import Settings


def main() -> None:
    """Measure each recording."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="+", metavar="RECORDING[:LANGUAGE]")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    services = Services(Settings(models="offline"))
    services.warm_up()
    rows = []
    for recording in options.recordings:
        path, _, language = recording.partition(":")
        seconds = {"segment": [], "word": []}
        for _ in range(options.rounds):
            for timestamps, taken in seconds.items():
                begun = time.perf_counter()
                for _ in services.transcribe(path, language or "auto", timestamps):
                    pass
                taken.append(time.perf_counter() - begun)
        plain, words = min(seconds["segment"]), min(seconds["word"])
        rows.append({"recording": Path(path).name, "segment": plain, "word": words, "ratio": words / plain})
        print(f"{Path(path).name}: {plain:.2f} s, with words {words:.2f} s, {words / plain:.2f} times")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
