"""Every setting of the app, read from `NAJVA_…` environment variables in this one place."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

MODEL_SOURCES = ("auto", "hub", "offline")
DEVICES = ("auto", "cpu", "cuda")


class SettingError(ValueError):
    """A `NAJVA_…` variable holds something unusable; the message names it and what it accepts."""


@dataclass(frozen=True)
class Settings:
    """What an operator may choose; the field comments are the README's table.

    Attributes:
        models: `auto` uses the Hub when it answers within seconds and else the packaged models, `hub` insists on
            the Hub, `offline` never asks it.
        asr_model: model reference of the multilingual Whisper; empty means `openai/whisper-small` with a Hub and
            `packaged:whisper-base` without.
        asr_persian: model reference of a Persian LoRA adapter or tuned Whisper; empty means none.
        genre_models: model references of genre networks, with commas between them, the default one first; empty means
            those that come with the app.
        translator: model reference of the translator that is asked first; empty means the best one that can be had.
        non_commercial: whether models may serve whose licence forbids use for profit.
        device: `cpu`, `cuda` or `auto` (a GPU when PyTorch sees one).
        max_seconds: longest recording accepted, in seconds.
        max_file_mb: largest file accepted, in megabytes (10^6 bytes).
        max_letters: longest text accepted for translation, in letters.
        max_visitors: visitors and callers whose recordings and texts are worked on at the same time.
        max_queue: visitors and callers that may wait for their turn beyond those.
        max_speakers: people who may speak live at the same time.
        max_stall_seconds: longest time without any progress after which a call to a model is given up.
        auth: names with their passwords; empty means that nobody has to log in. Never printed.
        cache: folder of everything built from weights.
    """

    models: str = "auto"
    asr_model: str = ""
    asr_persian: str = ""
    genre_models: str = ""
    translator: str = ""
    non_commercial: bool = False
    device: str = "auto"
    max_seconds: float = 10800.0
    max_file_mb: float = 500.0
    max_letters: int = 20_000
    max_visitors: int = 4
    max_queue: int = 20
    max_speakers: int = 20
    max_stall_seconds: float = 600.0
    auth: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    cache: Path = field(default_factory=lambda: user_cache_path("najva", appauthor=False))

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        _check_choice("NAJVA_MODELS", self.models, MODEL_SOURCES)
        _check_choice("NAJVA_DEVICE", self.device, DEVICES)
        for name, value in (
            ("NAJVA_MAX_SECONDS", self.max_seconds),
            ("NAJVA_MAX_FILE_MB", self.max_file_mb),
            ("NAJVA_MAX_LETTERS", self.max_letters),
            ("NAJVA_MAX_VISITORS", self.max_visitors),
            ("NAJVA_MAX_QUEUE", self.max_queue),
            ("NAJVA_MAX_SPEAKERS", self.max_speakers),
            ("NAJVA_MAX_STALL_SECONDS", self.max_stall_seconds),
        ):
            if not 0 < value < math.inf:
                raise SettingError(f"{name} must be a number above 0; it is {value}.")

    @property
    def max_bytes(self) -> int:
        """Largest file accepted, in bytes."""
        return int(self.max_file_mb * 1_000_000)

    @property
    def max_upload_bytes(self) -> int:
        """Largest size of several files that are sent together, in bytes."""
        return 2 * self.max_bytes

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings.

        Args:
            environment: variables by name; an empty value counts as absent.

        Raises:
            SettingError: a value is outside its range or not a number.
        """
        readers = {
            "models": str,
            "asr_model": str,
            "asr_persian": str,
            "genre_models": str,
            "translator": str,
            "non_commercial": _yes,
            "device": str,
            "max_seconds": float,
            "max_file_mb": float,
            "max_letters": int,
            "max_visitors": int,
            "max_queue": int,
            "max_speakers": int,
            "max_stall_seconds": float,
            "auth": _accounts,
            # A value that no shell has read may still start with a tilde.
            "cache": lambda text: Path(text).expanduser(),
        }
        given = {}
        for name, reader in readers.items():
            variable = f"NAJVA_{name.upper()}"
            text = environment.get(variable, "").strip()
            if not text:
                continue
            try:
                given[name] = reader(text)
            except SettingError:
                raise
            except ValueError as error:
                kind = {int: "a whole number above 0", float: "a number above 0"}.get(reader, "1 or 0")
                raise SettingError(f"{variable} must be {kind}; it is '{text}'.") from error
        return cls(**given)


def _check_choice(variable: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingError(f"{variable} must be one of {', '.join(choices)}; it is '{value}'.")


def _accounts(text: str) -> tuple[tuple[str, str], ...]:
    """Read `name:password` pairs; what is wrong is told without any of them, since errors end up in logs."""
    pairs = [pair.strip().partition(":") for pair in text.split(",")]
    accounts = tuple((name.strip(), password) for name, _, password in pairs)
    if not all(name and password for name, password in accounts) or len(dict(accounts)) < len(accounts):
        raise SettingError(
            "NAJVA_AUTH must be name:password pairs with commas between them, each name once and no part empty; "
            "what it holds is not shown here."
        )
    return accounts


def _yes(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"
