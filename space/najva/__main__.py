"""The same without a browser.

    python -m najva transcribe FILE… [--format txt|srt|vtt|json] [--language fa] [--timestamps word] [--output FOLDER]
    python -m najva detect-language FILE…
    python -m najva models

What is going on is said on stderr; the transcripts go to stdout, or into a folder under the recordings' names.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from tqdm import tqdm

from najva.audio import AudioError
from najva.languages import UnknownLanguage, parse_language
from najva.pretrained import ModelError
from najva.services import Services
from najva.settings import SettingError, Settings
from najva.subtitles import FORMATS
from najva.transcriber import TIMESTAMPS


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 when any file failed."""
    options = _parser().parse_args(arguments)
    try:
        services = Services(Settings.from_environment(), say=_say)
        return options.run(services, options)
    except (SettingError, ModelError, UnknownLanguage) as error:
        _say(str(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m najva", description="Speech to text in 99 languages.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    transcribe = commands.add_parser("transcribe", help="write down recordings")
    transcribe.add_argument("files", nargs="+", type=Path, metavar="FILE")
    transcribe.add_argument("--format", choices=FORMATS, default="txt")
    transcribe.add_argument("--language", default="auto", help="code or name; auto finds it out")
    transcribe.add_argument("--timestamps", choices=TIMESTAMPS, default="segment")
    transcribe.add_argument("--output", type=Path, metavar="FOLDER", help="write FOLDER/NAME.FORMAT, not stdout")
    transcribe.set_defaults(run=_transcribe)
    detect = commands.add_parser("detect-language", help="tell which language is spoken")
    detect.add_argument("files", nargs="+", type=Path, metavar="FILE")
    detect.set_defaults(run=_detect_language)
    models = commands.add_parser("models", help="list the models at work")
    models.set_defaults(run=_models)
    return parser


def _transcribe(services: Services, options: argparse.Namespace) -> int:
    language = parse_language(options.language)
    failed = 0
    for path in options.files:
        try:
            seconds = services.seconds(path)
            bar = tqdm(total=seconds and round(seconds), unit=" s", desc=path.name, disable=not sys.stderr.isatty())
            with bar:
                for transcript in services.transcribe(path, language, options.timestamps):
                    bar.update(round(transcript.audio_seconds) - bar.n)
        except AudioError as error:
            _say(str(error))
            failed = 1
            continue
        content = FORMATS[options.format](transcript.as_dict())
        if options.output:
            _write(options.output / f"{path.stem}.{options.format}", content)
        else:
            sys.stdout.write(content if content.endswith("\n") else content + "\n")
        if "no_speech" in transcript.flags:
            _say(f"{path.name}: no speech found")
    return failed


def _detect_language(services: Services, options: argparse.Namespace) -> int:
    failed = 0
    for path in options.files:
        try:
            print(json.dumps({"file": str(path)} | services.detect_language(path).as_dict(), ensure_ascii=False))
        except AudioError as error:
            _say(str(error))
            failed = 1
    return failed


def _models(services: Services, options: argparse.Namespace) -> int:
    print(json.dumps(services.models(), ensure_ascii=False, indent=2))
    return 0


def _write(path: Path, content: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(content, encoding="utf-8")
    unfinished.replace(path)
    _say(f"wrote {path}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
