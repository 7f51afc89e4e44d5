"""What a translator must at least be better than, as engines of a measurement: the source itself, and a memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tqdm import tqdm

from najva.translation.spelling import source_spelling
from run_news import say
from translation.parallel_text import Pair, TextError, key, read_training

COPY, NEAREST = "copy", "nearest"
BASELINES = (COPY, NEAREST)
_AT_A_TIME = 64


class Copy:
    """Answers with the source."""

    name = COPY

    def made_with(self, language: str) -> str:
        """Return what its answers depend on besides the text."""
        return COPY

    def prepare(self, language: str) -> None:
        """Do nothing."""

    def write(self, texts: Sequence[str], language: str) -> list[str]:
        """Return the texts."""
        return list(texts)


@dataclass(frozen=True)
class _Weights:
    """The groups of letters of some sentences, a row of length one each, and what finds those of others."""

    vectorizer: Any
    rows: Any


class Nearest:
    """Answers with the Chinese of the training sentence that shares most groups of letters (TF-IDF, cosine).

    Args:
        folder: of `read_training`.
    """

    name = NEAREST

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._weights: dict[str, _Weights] = {}

    def made_with(self, language: str) -> str:
        """Return what its answers depend on besides the text.

        Raises:
            TextError: there is no training data in the language, or a file is missing.
        """
        content = "\n".join(f"{pair.source}\t{pair.target}" for pair in self._of(language))
        return f"{NEAREST} {hashlib.sha256(content.encode()).hexdigest()[:16]}"

    def prepare(self, language: str) -> None:
        """Weigh the groups of letters of what there is in a language."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        if language not in self._weights:
            bar = tqdm(self._of(language), desc=f"Reading for '{NEAREST}'", unit="sentence")
            vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
            rows = vectorizer.fit_transform(pair.source for pair in bar)
            self._weights[language] = _Weights(vectorizer, rows)

    def write(self, texts: Sequence[str], language: str) -> list[str]:
        """Return for each text the Chinese of the nearest sentence; empty where no group of letters is shared."""
        self.prepare(language)
        pairs, weights, answers = self._of(language), self._weights[language], []
        for first in range(0, len(texts), _AT_A_TIME):
            spelled = [source_spelling(text, language) for text in texts[first : first + _AT_A_TIME]]
            # Of rows of length one the products are cosines.
            similar = (weights.vectorizer.transform(spelled) @ weights.rows.T).toarray()
            answers += [pairs[row.argmax()].target if row.any() else "" for row in similar]
        return answers

    def known(self, texts: Sequence[str], language: str) -> int:
        """Return how many texts stand in the training data themselves, but for case and punctuation."""
        sources = {key(pair.source) for pair in self._of(language)}
        return sum(key(source_spelling(text, language)) in sources for text in texts)

    def _of(self, language: str) -> list[Pair]:
        if found := self._by_language.get(language):
            return found
        raise TextError(f"The training data in {self._folder} has no pair in '{language}' for '{NEAREST}'.")

    @cached_property
    def _by_language(self) -> dict[str, list[Pair]]:
        say(f"Reading what '{NEAREST}' remembers.")
        by_language: dict[str, list[Pair]] = {}
        for pair in dict.fromkeys(read_training(self._folder)[0]):
            by_language.setdefault(pair.language, []).append(pair)
        return by_language
