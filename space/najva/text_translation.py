"""A text becomes Chinese, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from najva.speech_translation import joined, main_engine, route_of, sentence_dict
from najva.translation.sentences import sentences_of_text
from najva.translation.translator import TranslatedSentence, Translator

_AT_A_TIME = 16


class UnusableText(ValueError):
    """A text that cannot be translated; one sentence says why."""


@dataclass(frozen=True)
class TextTranslation:
    """A text beside its Chinese, whole or as far as it is translated.

    Attributes:
        source: language.
        target: `zh-Hans` or `zh-Hant`.
        sentences: in their order.
        lines: on which line of the text each sentence stands, of those to come too.
        models, notes: see `Translation`.
        finished: whether this is the whole.
    """

    source: str
    target: str
    sentences: tuple[TranslatedSentence, ...] = ()
    lines: tuple[int, ...] = ()
    models: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    finished: bool = False

    @property
    def text(self) -> str:
        """The Chinese, in the lines of the source."""
        lines: dict[int, list[TranslatedSentence]] = {}
        for line, one in zip(self.lines, self.sentences, strict=False):
            lines.setdefault(line, []).append(one)
        return "\n".join(joined(lines.get(line, ())) for line in range(max(lines, default=-1) + 1))

    @property
    def route(self) -> str:
        """Which way it went: see `route_of`."""
        return route_of(self.sentences)

    def as_dict(self) -> dict:
        """Return it as JSON, in the form of `/translate_text`."""
        return {
            "translation": self.text,
            "source": self.source,
            "target": self.target,
            "sentences": [sentence_dict(one) for one in self.sentences],
            "engine": main_engine(self.sentences),
            "route": self.route,
            "models": dict(self.models),
            "notes": list(self.notes),
        }


def translate_text(
    text: str, source: str, translator: Translator, target: str, most_letters: int
) -> Iterator[TextTranslation]:
    """Yield the translation as it grows, the last time finished.

    Args:
        text: lines and sentences; each line ends one.
        source: its language.
        translator: see there.
        target: `zh-Hans` or `zh-Hant`.
        most_letters: that are taken.

    Raises:
        UnusableText: there is none, or more than may be.
        UnsupportedLanguage, ModelError: see `Translator.translate`.
    """
    if not (text or "").strip():
        raise UnusableText("There is no text: write some, or paste it.")
    if len(text) > most_letters:
        raise UnusableText(
            f"The text has {len(text):,} letters and the limit is {most_letters:,}: translate it in parts."
        )
    sentences = sentences_of_text(text)
    translation = TextTranslation(source, target, lines=tuple(one.line for one in sentences))
    done: list[TranslatedSentence] = []
    while len(done) < len(sentences):
        done += translator.translate(sentences[len(done) : len(done) + _AT_A_TIME], source, target)
        translation = replace(
            translation,
            sentences=tuple(done),
            models=tuple(translator.references(done)),
            notes=tuple(translator.failures),
        )
        yield translation
    yield replace(translation, finished=True)
