"""Chat models that translate when they are asked in the words they were trained with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from najva.translation.engine import Attempt, Unit, Written
from najva.translation.language_codes import lmt_name
from najva.translation.sequence_to_sequence import text_of

if TYPE_CHECKING:
    from najva.translation.registry import ModelRow
    from najva.translation.text_networks import Loaded

_CHINESE = "Chinese"
_PIECES_FOR_LETTER, _PIECES_BESIDES, _MOST_PIECES = 1, 32, 512


class ChatModel:
    """One chat model; see `TranslationEngine`.

    Args:
        row: of the registry; its `prompt` is what is said to the model.
        load: returns network and tokenizer, the same ones every time; first called when they are needed.
    """

    needs_speech = False
    # Greedy, so that the same sentence has the same answer; its authors' beams are the second try.
    attempts = (Attempt(beam_size=1), Attempt(beam_size=5, no_repeat=6))

    def __init__(self, row: ModelRow, load: Callable[[], Loaded]) -> None:
        self.name, self._row, self._load = row.name, row, load

    @property
    def references(self) -> list[tuple[str, str]]:
        """See `TranslationEngine`; loads the weights."""
        return [(self.name, self._load().reference)]

    def supports(self, source: str, target: str) -> bool:
        """See `TranslationEngine.supports`."""
        return source in self._row.languages

    def translate(self, units: Sequence[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
        """See `TranslationEngine.translate`."""
        loaded = self._load()
        tokenizer, network = loaded.tokenizer, loaded.network
        prompts = [self.prompt(tokenizer, unit.text, source) for unit in units]
        longest = max((len(unit.text) for unit in units), default=0)
        room = min(_MOST_PIECES, _PIECES_FOR_LETTER * longest + _PIECES_BESIDES)
        written = network.write(prompts, [], attempt, room)
        return [Written(unit.id, text_of(tokenizer, one), one.score) for unit, one in zip(units, written, strict=True)]

    def prompt(self, tokenizer, text: str, source: str) -> list[int]:
        """Return the numbers of what the model is asked."""
        # Of <|im_end|> in a text the tokenizer would make the end of what is said.
        plain = text.replace("<|", "< |")
        asked = self._row.prompt.format(source=lmt_name(source), target=_CHINESE, text=plain)
        messages = [{"role": "user", "content": asked}]
        return tokenizer.apply_chat_template(messages, tokenize=True, add_generation_prompt=True, return_dict=False)
