"""Does the text hold when the encoder's window follows the span?

Every clip at hand is decoded greedily in its known language, without temperature fallback, with the checkpoint's
window of 30 s and with windows of the span and a margin of silence. A table of error rates and times is printed.

    python tests/benchmarks/encoder_window.py [--neural 150]
"""

import argparse
import time
from dataclasses import replace

import setup  # noqa: F401  (makes the project importable)

from metrics import character_counts, pool, word_counts
from najva import audio
from najva.comparison import rule_for
from najva.pretrained import Hub, find_checkpoint
from najva.settings import Settings
from najva.transcriber import Behaviour, Transcriber, Voice
from najva.transcriber.ctranslate2_engine import CTranslate2Engine
from najva.vad import SpeechDetector
from tests import clips

MARGINS = (None, 0.0, 0.5, 1.0, 2.0, 4.0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neural", type=int, default=150, help="clips of the synthetic neural voice")
    arguments = parser.parse_args()
    sets = {
        "English (2 clips)": clips.other_speech("en"),
        "Chinese (2 clips)": clips.other_speech("zh"),
        "Persian read (36)": clips.persian("read"),
        "Persian informal (10)": clips.persian("informal"),
        "Persian long (2)": clips.persian_long(),
        f"Persian neural ({arguments.neural})": clips.persian_neural(arguments.neural),
    }
    checkpoint = find_checkpoint("packaged:whisper-base", Hub(offline=True), Settings.from_environment().cache)
    voice = Voice(checkpoint.reference, CTranslate2Engine(checkpoint.converted))
    detector = SpeechDetector()
    loaded = {name: [(c, list(audio.read_blocks(c.path, sample_rate_hz=16000))) for c in s] for name, s in sets.items()}
    print("| set | times | window | WER % | CER % | seconds | loops cut |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name, members in loaded.items():
        for timestamps in ("segment", "none"):
            for margin in MARGINS:
                behaviour = replace(
                    Behaviour(),
                    temperatures=(0.0,),
                    window_follows_span=margin is not None,
                    margin_seconds=margin or 0.0,
                )
                transcriber = Transcriber(voice, detector, behaviour=behaviour)
                started = time.perf_counter()
                found = [transcriber.transcribe(blocks, clip.language, timestamps) for clip, blocks in members]
                seconds = time.perf_counter() - started
                references, texts = [clip.text for clip, _ in members], [transcript.text for transcript in found]
                rule = rule_for(members[0][0].language)
                words = pool(word_counts(references, texts, normalizer=rule))
                characters = pool(character_counts(references, texts, normalizer=rule))
                window = "30 s" if margin is None else f"span + {margin} s"
                loops = sum("loop_cut" in transcript.flags for transcript in found)
                print(
                    f"| {name} | {timestamps} | {window} | {100 * words.rate:.1f} | {100 * characters.rate:.1f} "
                    f"| {seconds:.1f} | {loops} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
