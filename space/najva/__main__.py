"""The same without a browser.

    python -m najva transcribe FILE… [--format txt|srt|vtt|json] [--language fa] [--timestamps word]
                                     [--output FOLDER [--overwrite]]
    python -m najva detect-language FILE…
    python -m najva models

What is going on is said on stderr. Transcripts go to stdout: several texts under a heading each, JSON as one line a
recording; subtitles of several recordings have no common form and want a folder. `--output` writes a file for each
recording under its name, and one JSON line to stdout.
"""

import argparse
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from najva.audio import AudioError
from najva.languages import UnknownLanguage, parse_language
from najva.pretrained import ModelError
from najva.services import Services
from najva.settings import SettingError, Settings
from najva.subtitles import FORMATS
from najva.transcriber import TIMESTAMPS


class UnusableCall(ValueError):
    """The options contradict each other or the disk; one sentence says how."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 when any file failed."""
    options = _parser().parse_args(arguments)
    # A file or pipe on Windows would take a code page that has no Persian.
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        services = Services(Settings.from_environment(), say=_say)
        return options.run(services, options)
    except (SettingError, ModelError, UnknownLanguage, UnusableCall) as error:
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
    transcribe.add_argument("--overwrite", action="store_true", help="replace files that are in FOLDER already")
    transcribe.set_defaults(run=_transcribe)
    detect = commands.add_parser("detect-language", help="tell which language is spoken")
    detect.add_argument("files", nargs="+", type=Path, metavar="FILE")
    detect.set_defaults(run=_detect_language)
    models = commands.add_parser("models", help="list the models at work")
    models.set_defaults(run=_models)
    return parser


def _transcribe(services: Services, options: argparse.Namespace) -> int:
    _check(options)
    language = parse_language(options.language)
    done, failed = [], []
    for path in options.files:
        target = options.output and options.output / _name(path, options)
        try:
            if target and target.exists() and not options.overwrite:
                raise UnusableCall(f"{target} is there already: --overwrite replaces it.")
            answer = _write_down(services, path, language, options.timestamps)
            if target:
                _write(target, FORMATS[options.format](answer))
            else:
                _print(path, answer, options, first=not done)
            done.append(str(target or path))
        except (AudioError, UnusableCall) as error:
            _say(str(error))
            failed.append(str(path))
    if options.output:
        print(json.dumps({"written": done, "failed": failed}, ensure_ascii=False))
    return 1 if failed else 0


def _check(options: argparse.Namespace) -> None:
    """Refuse what cannot end well before anything is computed.

    Raises:
        UnusableCall: the transcripts would have no times, run into each other or replace each other.
    """
    subtitles = options.format in ("srt", "vtt")
    if subtitles and options.timestamps == "none":
        raise UnusableCall(f"--format {options.format} needs times: leave --timestamps none away.")
    if subtitles and len(options.files) > 1 and not options.output:
        raise UnusableCall(
            f"Several recordings in one {options.format.upper()} could not be told apart: "
            "--output FOLDER writes a file for each."
        )
    if options.output:
        names: dict[str, Path] = {}
        for path in options.files:
            # Many a disk takes A.srt and a.srt for the same file.
            other = names.setdefault(_name(path, options).casefold(), path)
            if other is not path:
                raise UnusableCall(
                    f"{other} and {path} would both become {_name(path, options)}: call them one after the other, "
                    "with different folders."
                )
        try:
            options.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnusableCall(f"The folder {options.output} cannot be made: {error.strerror}.") from error


def _name(path: Path, options: argparse.Namespace) -> str:
    return f"{path.stem}.{options.format}"


def _write_down(services: Services, path: Path, language: str, timestamps: str) -> dict:
    """Return the transcript of one file; raises AudioError as `Services.transcribe`."""
    seconds = services.seconds(path)
    bar = tqdm(total=seconds and round(seconds), unit=" s", desc=path.name, disable=not sys.stderr.isatty())
    with bar:
        for transcript in services.transcribe(path, language, timestamps):
            bar.update(round(transcript.audio_seconds) - bar.n)
    if "no_speech" in transcript.flags:
        _say(f"{path.name}: no speech found")
    return transcript.as_dict()


def _print(path: Path, answer: dict, options: argparse.Namespace, *, first: bool) -> None:
    """Write one transcript to stdout, so that the next can be told from it."""
    if options.format == "json":
        print(json.dumps({"file": str(path)} | answer, ensure_ascii=False), flush=True)
        return
    if len(options.files) > 1:
        # As head and tail do it.
        sys.stdout.write(("" if first else "\n") + f"==> {path} <==\n")
    sys.stdout.write(FORMATS[options.format](answer))
    sys.stdout.flush()


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
    """Write a file whole or not at all.

    Raises:
        UnusableCall: the disk does not take it.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(content, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise UnusableCall(f"{path} cannot be written: {error.strerror}.") from error
    _say(f"wrote {path}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
