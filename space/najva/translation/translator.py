"""From sentences to Chinese ones: what is done around every engine, and which engine is asked.

A sentence that the guards find fault with is asked for again in another way, then of the next engine; what is still
faulty then is shown with its flags, the best that was had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from najva.languages import LARGE_V3_LANGUAGES
from najva.persian import for_translation
from najva.pretrained import ModelError
from najva.translation.engine import FAILURES, Attempt, TranslationEngine, Unit, Written
from najva.translation.guards import find_flags, loses_digits
from najva.translation.scripts import into_script
from najva.translation.sentences import Sentence

# Below it an engine's text is a guess; see `confidence`.
ROUGH = "rough"
CHINESE = ("zh",)
# Letters of English for one of the source, at least; Persian has about as many as its English, Chinese far fewer.
_LEAST_ENGLISH = 0.45
# Share of ASCII letters in English, at least: a name may have an accent.
_LEAST_LATIN = 0.9
# In the place of an engine where only letters were changed.
SCRIPT = "script"


class UnsupportedLanguage(ValueError):
    """No engine at hand knows the way from a language to Chinese; one sentence says so."""


@dataclass(frozen=True)
class TranslatedSentence:
    """A sentence beside its Chinese.

    Attributes:
        source: as it was said or written.
        translation: in the script that was asked for; empty where no engine wrote any.
        start, end: in seconds; None of text that nobody spoke.
        flags: what is wrong with it, of the guards' names.
        engine: name of the engine that wrote it; `script` where it was Chinese before.
        english: what a pivot went through.
        trust: see `Written`.
    """

    source: str
    translation: str
    start: float | None = None
    end: float | None = None
    flags: tuple[str, ...] = ()
    engine: str = ""
    english: str = ""
    trust: float | None = None


class Translator:
    """Engines in the order in which they are asked.

    Args:
        engines: which can be had, the best first.
        say: takes one line on an engine that failed.
        spares: asked only where one of these failed, or for what none of them can do at all, since they are large and
            far away.
    """

    def __init__(
        self,
        engines: Sequence[TranslationEngine],
        say: Callable[[str], None] = lambda line: None,
        spares: Sequence[TranslationEngine] = (),
    ) -> None:
        self.engines, self._say, self._spares = [*engines, *spares], say, spares
        self.failures: list[str] = []
        # Of one piece of work: who failed is not asked again, and what was had once is not thrown away later.
        self._failed: set[str] = set()
        self._has_worked = False

    def engines_for(self, source: str, target: str, *, spoken: bool) -> list[TranslationEngine]:
        """Return the engines that know a way, in order."""
        return [
            engine for engine in self.engines if engine.supports(source, target) and (spoken or not engine.needs_speech)
        ]

    def references(self, sentences: Sequence[TranslatedSentence]) -> list[tuple[str, str]]:
        """Return role and model of all that had a part in some sentences; an engine's role is its name."""
        used = {one.engine for one in sentences}
        return [pair for engine in self.engines if engine.name in used for pair in engine.references]

    def translate(
        self,
        sentences: Sequence[Sentence],
        source: str,
        target: str,
        speech: Callable[[Sentence], np.ndarray] | None = None,
    ) -> list[TranslatedSentence]:
        """Return each sentence with its Chinese, in their order.

        Args:
            sentences: of one language.
            source: that language, as Whisper writes it.
            target: `zh-Hans` or `zh-Hant`.
            speech: returns a sentence's samples, where it was spoken.

        Raises:
            UnsupportedLanguage: no engine knows the way.
            ModelError: none of those that know it can be had.
        """
        if source in CHINESE:
            return [_beside(one, into_script(one.text, target), engine=SCRIPT) for one in sentences]
        engines = self.engines_for(source, target, spoken=speech is not None)
        if not engines:
            reason = unsupported(source, [engine.name for engine in self.engines], spoken=speech is not None)
            if self.engines_for(source, target, spoken=True):
                reason += " Speak it, or bring a recording, and it goes through English."
            raise UnsupportedLanguage(reason)
        best: dict[int, TranslatedSentence] = {}
        pending = [place for place, one in enumerate(sentences) if _is_words(one.text)]
        for engine, attempt in _attempts(engines):
            if not pending:
                break
            if engine.name in self._failed or (engine in self._spares and best and not self._failed):
                continue
            units = [
                _unit(place, sentences[place], source, speech if engine.needs_speech else None) for place in pending
            ]
            try:
                written = ask(engine, units, source, target, attempt)
            except FAILURES as error:
                self._failed.add(engine.name)
                self._fails(engine, error)
                continue
            self._has_worked = True
            for one in written:
                found = _checked(sentences[one.id], one, engine.name, target)
                best[one.id] = min(best.get(one.id, found), found, key=_badness)
            pending = [place for place in pending if best[place].flags]
        if pending and not self._has_worked:
            raise ModelError(" ".join(self.failures))
        return [best.get(place) or _left(one) for place, one in enumerate(sentences)]

    def _fails(self, engine: TranslationEngine, error: Exception) -> None:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        sentence = f"The engine {engine.name} did not translate: {reason}."
        if sentence not in self.failures:
            self.failures.append(sentence)
            self._say(sentence)


def ask(engine: TranslationEngine, units: Sequence[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
    """Return an engine's answers, one for each unit in their order.

    An engine that returns others than it was asked for is asked one by one; a unit that it never answers comes back
    empty.
    """
    written = engine.translate(units, source, target, attempt)
    if [one.id for one in written] == [unit.id for unit in units]:
        return written
    answers = []
    for unit in units:
        (*_, one) = [Written(unit.id, ""), *engine.translate([unit], source, target, attempt)]
        answers.append(replace(one, id=unit.id))
    return answers


def unsupported(source: str, asked: Sequence[str], *, spoken: bool) -> str:
    """Return the sentence for a language that none of the engines of these names knows."""
    known = LARGE_V3_LANGUAGES.get(source)
    name = known.english_name if known else source
    how = "" if spoken else " as text"
    return f"None of the engines asked ({', '.join(asked)}) translates {name} into Chinese{how}."


def _attempts(engines: Sequence[TranslationEngine]) -> Iterator[tuple[TranslationEngine, Attempt]]:
    for engine in engines:
        for attempt in engine.attempts:
            yield engine, attempt


def _unit(place: int, sentence: Sentence, source: str, speech: Callable[[Sentence], np.ndarray] | None) -> Unit:
    text = for_translation(sentence.text) if source == "fa" else sentence.text
    return Unit(place, text, speech(sentence) if speech else None)


def _checked(sentence: Sentence, written: Written, engine: str, target: str) -> TranslatedSentence:
    """Return a sentence with its Chinese in the right script and with what is wrong with it."""
    text = into_script(written.text, target)
    # Of a pivot the English is what was translated; numbers may be lost before it.
    flags = find_flags(written.english or sentence.text, text)
    if written.english and text and "digits" not in flags and loses_digits(sentence.text, text):
        flags.insert(0, "digits")
    if (written.rough or _is_no_english(sentence.text, written.english)) and ROUGH not in flags and text:
        flags.append(ROUGH)
    return replace(
        _beside(sentence, text, engine=engine), flags=tuple(flags), english=written.english, trust=written.trust
    )


def _is_no_english(source: str, english: str) -> bool:
    """Whether a pivot's English cannot be that of its source.

    It may be too little, since Whisper writes a few fluent words where it is lost, or not English at all: a Whisper
    that never learned to translate writes down what is said, whatever it is asked.
    """
    said, written = (sum(letter.isalpha() for letter in text) for text in (source, english))
    latin = sum(letter.isalpha() and letter.isascii() for letter in english)
    return 0 < written < _LEAST_ENGLISH * said or latin < _LEAST_LATIN * written


def _beside(sentence: Sentence, translation: str, engine: str = "") -> TranslatedSentence:
    return TranslatedSentence(sentence.text, translation, sentence.start, sentence.end, engine=engine)


def _left(sentence: Sentence) -> TranslatedSentence:
    """Return a sentence that nobody translated: without words, as it is."""
    if _is_words(sentence.text):
        return replace(_beside(sentence, ""), flags=("empty",))
    return _beside(sentence, sentence.text)


def _badness(sentence: TranslatedSentence) -> tuple:
    """Return what is less for the better of two; of equals the one of the engine that was asked first stays."""
    flags = sentence.flags
    return "empty" in flags, len(flags)


def _is_words(text: str) -> bool:
    """Whether there is anything to translate: an emoji or a dash alone stays as it is."""
    return any(letter.isalnum() for letter in text)
