"""How quick is a translator, in which arithmetic, and how much memory does it take?

    python tests/benchmarks/translate.py --clip jfk.flac [--large]

Each row is a process of its own. First the translator that comes with the app, or `--translator REF`: sentences of
ordinary length in one batch and one by one, in PyTorch (float32, bfloat16) and CTranslate2 (float32, int8). Then what
it takes for a clip, as a multiple of what Whisper takes to write the clip down. `--large` does the same with random
weights of the shape of m2m100_418M, which needs 6 GB of memory: there only speed and memory mean anything.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import ClassVar

import setup  # noqa: F401  (makes the project importable)

from najva.translation.engine import Attempt
from tests.memory import peak_mib

ROOT = Path(__file__).parents[2]
SENTENCES = (
    "Where were you last night?",
    "I told you that I would never come back to this house.",
    "She has been working in the hospital for eleven years.",
    "Come on, we have to go now.",
    "The police know about the delivery, so do not call him again.",
    "What do you want to do tomorrow?",
    "He said that there is nothing we can do about it.",
    "Thank you very much for your help.",
)
RUNTIMES = ("torch float32", "torch bfloat16", "ctranslate2 float32", "ctranslate2 int8")
# m2m100_418M is asked for as many pieces whatever it writes, since random weights know no end.
LARGE_PIECES, LARGE_SENTENCES = 24, 4


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--translator", default="embedded:translator")
    parser.add_argument("--large", action="store_true", help="also the shape of m2m100_418M")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--row", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        folder, runtime, kind = options.row
        print(json.dumps(measure(Path(folder), *runtime.split(), large=kind == "large", rounds=options.rounds)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        print_runtimes(prepared(options.translator, Path(scratch) / "own"), "own", options)
        if options.clip:
            print_share(options)
        if options.large:
            print_runtimes(made_large(Path(scratch) / "large"), "large", options)


def prepared(reference: str, folder: Path) -> Path:
    """Lay out a translator for every runtime: `transformers`, and a file an arithmetic for CTranslate2."""
    from najva.pretrained import Hub
    from najva.pretrained.checkpoint import find_translator

    found = find_translator(reference, Hub(offline=True), folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "transformers").symlink_to(found.folder.resolve())
    convert_all(found.folder, folder)
    return folder


def made_large(folder: Path) -> Path:
    """Lay out random weights in the shape of m2m100_418M."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(vocab_size=128_112, pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2)
    network = M2M100ForConditionalGeneration(config)
    # Its end is then never the likeliest piece, so that every runtime writes as many.
    network.model.shared.weight.data[config.eos_token_id] = 0
    network.save_pretrained(folder / "transformers")
    del network
    convert_all(folder / "transformers", folder, Numbered(config.vocab_size))
    return folder


class Numbered:
    """A tokenizer of pieces that are called by their numbers: all that a conversion asks of one.

    Args:
        size: of the vocabulary.
    """

    bos_token, eos_token, unk_token, unk_token_id = "0", "2", "3", 3
    special_tokens_map: ClassVar[dict] = {}

    def __init__(self, size: int) -> None:
        self._size = size

    def get_vocab(self) -> dict[str, int]:
        """Return number by piece."""
        return {str(number): number for number in range(self._size)}

    def convert_ids_to_tokens(self, number: int) -> str:
        """Return a piece by its number."""
        return str(number)


def convert_all(source: Path, folder: Path, tokenizer: Numbered | None = None) -> None:
    """Convert a network, once an arithmetic."""
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):
        def load_tokenizer(self, tokenizer_class, folder, **options):
            return tokenizer or super().load_tokenizer(tokenizer_class, folder, **options)

    for arithmetic in ("float32", "int8"):
        Converter(str(source)).convert(str(folder / arithmetic), quantization=arithmetic, force=True)


def measure(folder: Path, library: str, arithmetic: str, *, large: bool, rounds: int) -> dict:
    """Return what one runtime reaches: sentences and pieces a second, in a batch and one by one, and peak MiB."""
    network, sources, room = load(folder, library, arithmetic, large=large)
    attempt = Attempt(beam_size=1 if large else 4)
    network.write(sources, [], attempt, room)
    found = {"peak_mib": 0.0}
    for way, batches in (("batch", [sources]), ("one by one", [[source] for source in sources])):
        seconds, pieces = [], 0
        for _ in range(1 if large else rounds):
            started = time.perf_counter()
            written = [one for batch in batches for one in network.write(batch, [], attempt, room)]
            seconds.append(time.perf_counter() - started)
            pieces = sum(len(one.pieces) + 1 for one in written)
        taken = statistics.median(seconds)
        found[way] = {"sentences": len(sources) / taken, "pieces": pieces / taken}
    return found | {"peak_mib": peak_mib()}


def load(folder: Path, library: str, arithmetic: str, *, large: bool):
    """Return a network, its sources and how many pieces it may write."""
    from najva.translation.loading import load_tokenizer
    from najva.translation.sequence_to_sequence import FAMILIES
    from najva.translation.text_networks import CTranslate2Network, TorchNetwork

    if large:
        end, pad, room = 2, 1, LARGE_PIECES
        sources = [[*range(100 + 50 * number, 140 + 50 * number), end] for number in range(LARGE_SENTENCES)]
    else:
        tokenizer = load_tokenizer(folder / "transformers")
        end, pad, room = tokenizer.eos_token_id, tokenizer.pad_token_id, 60
        sources = [FAMILIES["marian"].encode(tokenizer, text, "en", "zh-Hans") for text in SENTENCES] * 4
    if library == "ctranslate2":
        names = json.loads(next((folder / arithmetic).glob("*vocabulary.json")).read_text(encoding="utf-8"))
        network = CTranslate2Network(folder / arithmetic, names, [end], has_encoder=True, compute_type=arithmetic)
    else:
        network = TorchNetwork(folder / "transformers", pad, [end], has_encoder=True, device="cpu", dtype=arithmetic)
    return network, sources, room


def print_runtimes(folder: Path, kind: str, options: argparse.Namespace) -> None:
    """Print a table of all runtimes."""
    name = options.translator if kind == "own" else "shape of m2m100_418M, random weights"
    print(f"\n| {name} | sentences/s, batch | one by one | pieces/s, batch | one by one | peak MiB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for runtime in RUNTIMES:
        command = [sys.executable, __file__, "--row", str(folder), runtime, kind, "--rounds", str(options.rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {runtime} | failed: {done.stderr.strip().splitlines()[-1]} |")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        cells = [found[way][unit] for unit in ("sentences", "pieces") for way in ("batch", "one by one")]
        print(f"| {runtime} | {' | '.join(f'{cell:.1f}' for cell in cells)} | {found['peak_mib']:.0f} |", flush=True)


def print_share(options: argparse.Namespace) -> None:
    """Print what translating a clip takes, as a multiple of writing it down."""
    from najva.services import Services
    from najva.settings import Settings

    own = "" if options.translator.startswith("embedded:") else options.translator
    services = Services(Settings(models="offline", translator=own), say=lambda line: None)
    *_, heard = services.transcribe(options.clip, timestamps="word")
    text = heard.text
    *_, _ = services.translate_text(text, heard.language.code)
    hearing, translating = [], []
    for _ in range(options.rounds):
        started = time.perf_counter()
        list(services.transcribe(options.clip, timestamps="word"))
        hearing.append(time.perf_counter() - started)
        started = time.perf_counter()
        list(services.translate_text(text, heard.language.code))
        translating.append(time.perf_counter() - started)
    wrote, took = statistics.median(hearing), statistics.median(translating)
    print(f"\n{options.clip.name}: Whisper {wrote:.2f} s, translation {took:.3f} s, {took / wrote:.2f} of it.")


if __name__ == "__main__":
    main()
