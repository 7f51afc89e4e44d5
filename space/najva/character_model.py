"""How likely a text is in a language, by its characters.

What a speech model writes of a language that it was not tuned on is made of the right letters and is gibberish; n-grams
of characters tell the two apart, and are small. Interpolated as by Witten and Bell (IEEE Transactions on Information
Theory 37(4), 1991): the fewer different characters followed a context, the more it is believed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from najva.persian import normalize

_BITS = 6  # of a character in an n-gram's key; 0 is none's


class CharacterModel:
    """An n-gram model of the characters of normalised text.

    Args:
        alphabet: at most 63 characters, a space among them; whatever else a text holds is a space too.
        order: length of the n-grams, 5 at most.
        grams: int64 (n,), sorted keys of n-grams: `_BITS` bits for each character's place in the alphabet, from 1 on.
        counts: int64 (n,), how often each was seen.
        rule: of `najva.persian`, for the texts.
        origin: what was counted, as JSON values.
    """

    def __init__(
        self, alphabet: str, order: int, grams: np.ndarray, counts: np.ndarray, rule: str, origin: Mapping[str, Any]
    ) -> None:
        self.alphabet, self.order, self.rule, self.origin = alphabet, order, rule, dict(origin)
        self._codes = {character: code for code, character in enumerate(alphabet, start=1)}
        self._grams, self._counts = grams, counts
        self._levels = [self._level(length) for length in range(1, order + 1)]

    @classmethod
    def count(
        cls, texts: Iterable[str], origin: Mapping[str, Any], order: int = 5, rule: str = "fa-v1"
    ) -> CharacterModel:
        """Make a model of texts.

        Args:
            texts: in the language.
            origin: what they are, as JSON values.
            order: length of the n-grams, 5 at most.
            rule: of `najva.persian`.

        Raises:
            ValueError: the texts hold no letter, or order or alphabet is too large.
        """
        texts = [_only(str.isalpha, normalize(text, rule)) for text in texts]
        frequent = Counter("".join(texts))
        # Letters of other languages are rare in the texts of one.
        alphabet = "".join(sorted({" ", *(c for c, seen in frequent.items() if seen * 10_000 >= frequent.total())}))
        if order * _BITS > 32 or len(alphabet) >= 1 << _BITS:
            raise ValueError(f"{order} of {len(alphabet)} characters in a row do not fit: 5 of 63 do.")
        codes = {character: code for code, character in enumerate(alphabet, start=1)}
        grams: Counter[str] = Counter()
        for text in filter(None, (_only(codes.__contains__, text) for text in texts)):
            padded = _padded(text, order)
            grams.update(padded[first : first + order] for first in range(len(padded) - order + 1))
        if not grams:
            raise ValueError("The texts hold no letter.")
        counted = sorted((_key(gram, codes), seen) for gram, seen in grams.items())
        return cls(alphabet, order, *np.array(counted, np.int64).T, rule, origin)

    @property
    def size(self) -> int:
        """How many n-grams it holds."""
        return len(self._grams)

    def log_probability(self, text: str) -> float | None:
        """Return the mean natural logarithm of the probability of a text's characters; None if it has none.

        Args:
            text: not normalised yet.
        """
        probabilities = self.character_probabilities(text)
        return float(np.log(probabilities).mean()) if len(probabilities) > 1 else None

    def character_probabilities(self, text: str) -> np.ndarray:
        """Return the probability of each character of a text after those before it, and of its end, shape (n + 1,).

        Args:
            text: not normalised yet; n is its length as it is counted.
        """
        padded = _padded(_only(self._codes.__contains__, normalize(text, self.rule)), self.order)
        ends = range(self.order, len(padded) + 1)
        keys = np.array([_key(padded[end - self.order : end], self._codes) for end in ends], np.int64)
        probability = np.full(len(keys), 1 / len(self.alphabet))
        for length, (grams, seen, contexts, followed, followers) in enumerate(self._levels, start=1):
            own = keys & ((1 << _BITS * length) - 1)
            times, kinds = (_look_up(contexts, values, own >> _BITS) for values in (followed, followers))
            mixed = (_look_up(grams, seen, own) + kinds * probability) / np.maximum(times + kinds, 1)
            # A context that was never seen tells no more than the shorter one.
            probability = np.where(times > 0, mixed, probability)
        return probability

    def save(self, path: Path) -> None:
        """Write it as safetensors."""
        stated = {
            "alphabet": self.alphabet,
            "order": str(self.order),
            "rule": self.rule,
            "origin": json.dumps(self.origin, ensure_ascii=False),
        }
        tensors = {"grams": self._grams, "counts": self._counts}
        save_file({name: values.astype(np.uint32) for name, values in tensors.items()}, path, stated)

    @classmethod
    def load(cls, path: Path) -> CharacterModel:
        """Read what `save` wrote.

        Raises:
            OSError, SafetensorError: it is not there, or damaged.
        """
        with safe_open(path, "numpy") as file:
            stated = file.metadata()
            grams, counts = (file.get_tensor(name).astype(np.int64) for name in ("grams", "counts"))
        origin = json.loads(stated["origin"])
        return cls(stated["alphabet"], int(stated["order"]), grams, counts, stated["rule"], origin)

    def _level(self, length: int) -> tuple[np.ndarray, ...]:
        """Return what is known of n-grams of a length.

        Returns:
            The n-grams, how often each was seen, their contexts, how often each of those was followed, and by how many
            different characters.
        """
        grams, places = np.unique(self._grams & ((1 << _BITS * length) - 1), return_inverse=True)
        seen = np.bincount(places, self._counts)
        contexts, places = np.unique(grams >> _BITS, return_inverse=True)
        return grams, seen, contexts, np.bincount(places, seen), np.bincount(places).astype(float)


def _only(is_known: Callable[[str], bool], text: str) -> str:
    """Return a text with one space for whatever is not known."""
    return " ".join("".join(character if is_known(character) else " " for character in text).split())


def _key(gram: str, codes: Mapping[str, int]) -> int:
    key = 0
    for character in gram:
        key = key << _BITS | codes[character]
    return key


def _padded(text: str, order: int) -> str:
    return " " * (order - 1) + text + " "


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the value of each wanted key, 0 for a key that is not there."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0.0)
