"""Whisper's vocabulary: text pieces, and the special tokens that ask for a language, a task and times."""

from functools import cached_property
from pathlib import Path

from tokenizers import Tokenizer

TIMESTAMP_SECONDS = 0.02


class WhisperTokens:
    """The tokenizer of one checkpoint.

    Args:
        folder: a checkpoint with `tokenizer.json`, in either layout.
    """

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def id(self, token: str) -> int:
        """Return the id of a special token such as `<|transcribe|>`.

        Raises:
            KeyError: the vocabulary has no such token.
        """
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise KeyError(token)
        return found

    @cached_property
    def end_of_text(self) -> int:
        """Everything below this id is text, everything above is special."""
        return self.id("<|endoftext|>")

    @cached_property
    def no_timestamps(self) -> int:
        """The id of `<|notimestamps|>`; the timestamps follow it, 0.02 s apart."""
        return self.id("<|notimestamps|>")

    @property
    def timestamp_begin(self) -> int:
        """The id of `<|0.00|>`, which `tokenizer.json` itself need not list."""
        return self.no_timestamps + 1

    def prompt(self, language: str, *, timestamps: bool, task: str = "transcribe") -> list[int]:
        """Return the decoder's start: transcript, language, task and, without times, `<|notimestamps|>`.

        Args:
            language: code as Whisper writes it, such as `fa`.
            timestamps: whether the decoder shall write times.
            task: `transcribe`, or `translate`: into English, the only language that Whisper translates into.
        """
        start = [self.id("<|startoftranscript|>"), self.id(f"<|{language}|>"), self.id(f"<|{task}|>")]
        return start if timestamps else [*start, self.no_timestamps]

    def text(self, ids: list[int]) -> str:
        """Return the text of `ids`, special tokens and timestamps left out; no character is half-written.

        Args:
            ids: token ids; a cut inside a multi-byte character drops that character.
        """
        return self._tokenizer.decode([i for i in ids if i < self.end_of_text]).replace("\ufffd", "")

    def encode(self, text: str) -> list[int]:
        """Return the ids of plain text; nothing is put before or after it.

        Args:
            text: a word in the middle of a sentence begins with its space.
        """
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def seconds(self, token: int) -> float | None:
        """Return the time that a timestamp token states, in seconds from the window's start; None for other tokens."""
        steps = token - self.timestamp_begin
        return steps * TIMESTAMP_SECONDS if steps >= 0 else None

    def words(self, ids: list[int]) -> list[tuple[str, list[int]]]:
        """Group text tokens into words.

        Languages written without spaces get one word a character group that decodes by itself.

        Args:
            ids: text tokens.

        Returns:
            Pairs of the word, with its leading space, and its tokens.
        """
        words: list[tuple[str, list[int]]] = []
        pending: list[int] = []
        for token in ids:
            pending.append(token)
            piece = self._tokenizer.decode(pending)
            if "\ufffd" in piece:
                continue
            starts_word = not words or piece[:1].isspace() or not _joins(words[-1][0], piece)
            if starts_word:
                words.append((piece, pending))
            else:
                words[-1] = (words[-1][0] + piece, words[-1][1] + pending)
            pending = []
        return words


def _joins(word: str, piece: str) -> bool:
    """Whether a piece without a leading space goes on with the word before it."""
    unspaced = "\u0e00" <= piece[0] <= "\u0fff" or "\u3040" <= piece[0] <= "\u9fff" or "\uac00" <= piece[0] <= "\ud7af"
    return bool(word) and not unspaced
