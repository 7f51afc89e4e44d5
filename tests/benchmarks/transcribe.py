"""Time, memory and error rates of transcription, ours and its peers', side by side in one run.

    python tests/benchmarks/transcribe.py [--rounds 5] [--all] [--systems NAME…] [--write-measured]

Every system is a process of its own, alone with its libraries, and gets the same decoded waveforms. In each round each
system writes the clip once, so that a noisy machine is noisy for all of them; medians are printed. `--write-measured`
also writes what our engine was measured to do into `space/embedded/whisper-base/measured.json`, which the page shows.
"""

import argparse
import contextlib
import json
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import setup  # noqa: F401  (makes the project importable)
from opencc import OpenCC
from systems import SYSTEMS

from metrics import bootstrap_ratios, character_counts, percentile_interval, pool, word_counts
from najva import audio
from najva.comparison import rule_for
from najva.pretrained.packaged_whisper import packaged_whisper
from najva.settings import Settings
from tests import clips

# Minutes a reading of 102 s: timed on it only with --all.
SLOW = ("najva, torch float32", "transformers pipeline", "openai-whisper")
OURS, GREEDY, BATCHED = "najva, ctranslate2 int8", "faster-whisper int8, greedy", "faster-whisper int8, batched"
MEASURED = Path(__file__).parents[2] / "space" / "embedded" / "whisper-base" / "measured.json"


class Worker:
    """One system in its own process, asked line by line."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-W", "ignore", __file__, "--serve", name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.load_seconds = self._answer()["seconds"]

    def write(self, path: Path, language: str | None) -> dict:
        """Return `seconds`, `text` and `peak_mb` for one clip."""
        print(json.dumps({"path": str(path), "language": language}), file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a system ended early; run it by itself with --serve NAME")
        return json.loads(line)


def serve(name: str) -> None:
    """Answer on stdout until stdin ends."""
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        started = time.perf_counter()
        write = SYSTEMS[name](packaged_whisper(Settings.from_environment().cache))
        print(json.dumps({"seconds": time.perf_counter() - started}), file=answers, flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            waveform, _ = audio.read(asked["path"], sample_rate_hz=16000)
            started = time.perf_counter()
            text = write(waveform, asked["language"])
            seconds = time.perf_counter() - started
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
            print(json.dumps({"seconds": seconds, "text": text, "peak_mb": peak_mb}), file=answers, flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), metavar="NAME")
    parser.add_argument("--all", action="store_true", help="the slow systems write the long readings too")
    parser.add_argument("--write-measured", action="store_true")
    parser.add_argument("--serve", choices=SYSTEMS, metavar="NAME")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    packaged_whisper(Settings.from_environment().cache)
    workers = {name: Worker(name) for name in arguments.systems}
    timed = [*clips.other_speech(), *clips.persian_long()]
    seconds = compare_times(workers, timed, arguments.rounds, slow_too=arguments.all)
    for short, peer, goal, wanted in (
        ("jfk.flac", GREEDY, 4, "10 s: "),
        ("librispeech-1995-1837-0001.wav", GREEDY, 4, "10 s: "),
        ("1.mp3", BATCHED, 2, "100 s: "),
        ("2.mp3", BATCHED, 2, "100 s: "),
    ):
        if OURS in workers and peer in workers:
            ratio = statistics.median(
                theirs / ours for ours, theirs in zip(seconds[OURS, short], seconds[peer, short], strict=True)
            )
            print(f"{wanted}{short}: {ratio:.1f} times as fast as {peer} (goal {goal})")
    persian = compare_persian({name: workers[name] for name in (OURS, GREEDY) if name in workers})
    if arguments.write_measured:
        write_measured(workers[OURS], persian)
    for worker in workers.values():
        worker.close()


def compare_times(workers: dict[str, Worker], timed: list[clips.Clip], rounds: int, *, slow_too: bool) -> dict:
    """Print time, real-time factor, errors and memory; return the seconds of each round by system and file."""
    seconds: dict[tuple[str, str], list[float]] = {}
    last: dict[tuple[str, str], dict] = {}
    lengths = {clip.path.name: audio.probe(clip.path).seconds for clip in timed}
    # Clip by clip, so that the peak memory of a short clip is not that of a long one before it.
    for clip in timed:
        for number in range(rounds + 1):
            for name, worker in workers.items():
                if lengths[clip.path.name] > 60 and name in SLOW and not slow_too:
                    continue
                answer = worker.write(clip.path, None)
                if number:  # the first round warms up
                    seconds.setdefault((name, clip.path.name), []).append(answer["seconds"])
                last[name, clip.path.name] = answer
    print("| clip | system | seconds | real-time factor | errors | peak MB |\n| --- | --- | --- | --- | --- | --- |")
    for clip in timed:
        for name in workers:
            if (name, clip.path.name) not in seconds:
                continue
            median = statistics.median(seconds[name, clip.path.name])
            counts = _count([clip], [last[name, clip.path.name]["text"]])
            unit = "characters" if clip.language == "zh" else "words"
            print(
                f"| {clip.path.name}, {lengths[clip.path.name]:.0f} s | {name} | {median:.2f} "
                f"| {median / lengths[clip.path.name]:.3f} | {counts.errors} of {counts.reference_length} {unit} "
                f"| {last[name, clip.path.name]['peak_mb']:.0f} |"
            )
    return seconds


def compare_persian(workers: dict[str, Worker]) -> dict[str, list[str]]:
    """Print the error rates of the 46 short Persian clips, language given; return each system's texts."""
    members = [*clips.persian("read"), *clips.persian("informal")]
    texts = {name: [w.write(c.path, "fa")["text"] for c in members] for name, w in workers.items()}
    references = [clip.text for clip in members]
    counted = {name: character_counts(references, found) for name, found in texts.items()}
    for name, counts in counted.items():
        words = pool(word_counts(references, texts[name]))
        print(f"46 Persian clips, {name}: CER {100 * pool(counts).rate:.1f} %, WER {100 * words.rate:.1f} %")
    if len(counted) == 2:
        ours, theirs = counted.values()
        change = [[own.errors - other.errors] for own, other in zip(ours, theirs, strict=True)]
        drawn = bootstrap_ratios(change, [[count.reference_length] for count in ours])
        interval = percentile_interval(pool(ours).rate - pool(theirs).rate, drawn[:, 0])
        print(
            f"CER, ours less theirs: {100 * interval.estimate:+.1f} points, 95 % interval "
            f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}"
        )
    return texts


def write_measured(worker: Worker, persian: dict[str, list[str]]) -> None:
    """Write the figures that the page shows, each from the clips of this run."""
    members = [*clips.persian("read"), *clips.persian("informal")]
    figures = []
    for title, metric, chosen, texts in (
        ("English, 2 read clips", "WER", clips.other_speech("en"), None),
        ("Chinese, 2 read clips", "CER", clips.other_speech("zh"), None),
        ("Persian, 46 short clips", "CER", members, persian[OURS]),
        ("Persian, 46 short clips", "WER", members, persian[OURS]),
    ):
        texts = texts or [worker.write(clip.path, None)["text"] for clip in chosen]
        counts = _count(chosen, texts)
        if (chosen[0].language, metric) == ("fa", "CER"):
            counts = pool(character_counts([clip.text for clip in chosen], texts))
        figures.append({"set": title, "metric": metric, "value": round(counts.rate, 4), "clips": len(chosen)})
    MEASURED.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "model": "packaged:whisper-base",
        "engine": OURS,
        "command": "python tests/benchmarks/transcribe.py --write-measured",
        "date": datetime.now(UTC).date().isoformat(),
        "figures": figures,
    }
    MEASURED.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {MEASURED.name}")


def _count(members: list[clips.Clip], texts: list[str]):
    """Word errors; for Chinese, character errors in whichever script was written, since both are right."""
    references = [clip.text for clip in members]
    if members[0].language == "zh":
        return pool(character_counts(references, [_simplified(text) for text in texts], normalizer="basic"))
    rule = rule_for(members[0].language)
    return pool(word_counts(references, texts, normalizer=rule))


def _simplified(text: str) -> str:
    return OpenCC("t2s").convert(text)


if __name__ == "__main__":
    main()
