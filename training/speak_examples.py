"""Speaks the page's examples with espeak-ng: three short sentences, small files, labelled synthetic.

    python training/speak_examples.py [--output space/examples]

Chinese is spoken from pinyin, since espeak-ng does not read characters; pypinyin is needed for that (it is in
tests/benchmarks/requirements.txt). The whole job takes two seconds.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from najva import audio

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
    Example("Persian-synthetic", "fa+m3", "سلام. امروز هوا خیلی خوب است و ما به باغ می‌رویم."),
    Example("Chinese-synthetic", "cmn-latn-pinyin+f2", "你好,今天天气很好,我们去公园。"),
)


def main() -> int:
    """Speak every example and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "space" / "examples")
    output = parser.parse_args().output
    if not shutil.which("espeak-ng"):
        print("espeak-ng is not installed: sudo apt-get install espeak-ng", file=sys.stderr)
        return 1
    output.mkdir(parents=True, exist_ok=True)
    for example in EXAMPLES:
        path = output / f"{example.name}.mp3"
        write_mp3(path, speak(example))
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, “{example.text}”")
    print(json.dumps({"examples": len(EXAMPLES), "folder": str(output)}))
    return 0


def speak(example: Example) -> np.ndarray:
    """Return the sentence as float32 mono at 16 kHz."""
    text = example.text
    if example.voice.startswith("cmn"):
        from pypinyin import Style, lazy_pinyin

        text = " ".join(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        subprocess.run(["espeak-ng", "-v", example.voice, "-s", "140", "-w", str(path), text], check=True)
        return audio.read(path, sample_rate_hz=_SAMPLE_RATE_HZ)[0]


def write_mp3(path: Path, waveform: np.ndarray) -> None:
    """Write float32 mono at 16 kHz as a small MP3, titled as synthetic."""
    with av.open(str(path), "w") as container:
        container.metadata["title"] = f"{path.stem} (espeak-ng, synthetic voice)"
        stream = container.add_stream("libmp3lame", rate=_SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = _BIT_RATE
        frame = av.AudioFrame.from_ndarray(waveform[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = _SAMPLE_RATE_HZ
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


if __name__ == "__main__":
    sys.exit(main())
