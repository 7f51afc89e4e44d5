"""Speaks the page's examples with espeak-ng: three short sentences, small files, labelled synthetic.

    python training/speak_examples.py [--output space/examples]

Chinese is spoken from pinyin, since espeak-ng does not read characters; pypinyin is needed for that (it is in
tests/benchmarks/requirements.txt). The whole job takes two seconds.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from najva import audio
from synthesis import synthetic_speech

_SAMPLE_RATE_HZ = 16000
_BIT_RATE = 32000


@dataclass(frozen=True)
class Example:
    """A sentence and the voice that speaks it.

    Attributes:
        name: file name without its ending; the page shows it.
        voice: espeak-ng's voice.
        text: what is said.
    """

    name: str
    voice: str
    text: str


EXAMPLES = (
    Example("English-synthetic", "en-us+f3", "Good morning. The train to the city leaves at ten past eight."),
    # Whisper base takes most of espeak-ng's Persian for another language. Of some 70 sentences and 70 voices tried, it
    # calls this one Persian most steadily (95 %), and writes it well enough to be read (23 % of the characters wrong).
    Example("Persian-synthetic", "fa+robert", "سلام. این یک جمله فارسی است برای آزمایش."),
    Example("Chinese-synthetic", "cmn-latn-pinyin+f2", "你好,今天天气很好,我们去公园。"),
)


def main() -> int:
    """Speak every example and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "space" / "examples")
    output = parser.parse_args().output
    try:
        synthetic_speech.check_voices(example.voice for example in EXAMPLES)
    except synthetic_speech.SynthesisError as error:
        print(error, file=sys.stderr)
        return 1
    output.mkdir(parents=True, exist_ok=True)
    for example in EXAMPLES:
        path = output / f"{example.name}.mp3"
        title = f"{example.name} (espeak-ng, synthetic voice)"
        write_mp3(path, speak(example), rate_hz=_SAMPLE_RATE_HZ, bit_rate=_BIT_RATE, title=title)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, “{example.text}”")
    print(json.dumps({"examples": len(EXAMPLES), "folder": str(output)}))
    return 0


def speak(example: Example) -> np.ndarray:
    """Return the sentence as float32 mono at 16 kHz."""
    text = example.text
    if example.voice.startswith("cmn"):
        from pypinyin import Style, lazy_pinyin

        text = " ".join(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True))
    waveform, rate_hz = synthetic_speech.speak(text, example.voice, words_per_minute=140)
    return audio.resample(waveform, rate_hz, _SAMPLE_RATE_HZ)


def write_mp3(path: Path, waveform: np.ndarray, *, rate_hz: int, bit_rate: int, title: str) -> None:
    """Write float32 mono as a small MP3 with a title."""
    with av.open(str(path), "w") as container:
        container.metadata["title"] = title
        stream = container.add_stream("libmp3lame", rate=rate_hz, layout="mono")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(waveform[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


if __name__ == "__main__":
    sys.exit(main())
