"""What is done around every engine: order and count, retries, the next engine, flags, letters."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from najva.pretrained import ModelError
from najva.translation.engine import Attempt, EngineError, Unit, Written
from najva.translation.sentences import Sentence, sentences_of_text
from najva.translation.translator import Translator, UnsupportedLanguage

GREEDY, BEAM = Attempt(), Attempt(beam_size=4)


class Scripted:
    """An engine that answers as a test says, and remembers what it was asked.

    Args:
        answer: returns the Chinese of a text at an attempt, or None to leave it out.
        fails: raised at every call.
    """

    def __init__(
        self,
        name: str,
        answer: Callable[[str, Attempt], str | None],
        languages: str = "en fa",
        attempts: tuple[Attempt, ...] = (GREEDY,),
        *,
        needs_speech: bool = False,
        fails: Exception | None = None,
    ) -> None:
        self.name, self.references, self.needs_speech = name, [(name, f"{name}@1")], needs_speech
        self.attempts, self._answer, self._languages, self._fails = attempts, answer, languages.split(), fails
        self.asked: list[tuple[list[Unit], Attempt]] = []

    def supports(self, source: str, target: str) -> bool:
        return source in self._languages

    def translate(self, units: Sequence[Unit], source: str, target: str, attempt: Attempt) -> list[Written]:
        self.asked.append((list(units), attempt))
        if self._fails:
            raise self._fails
        answers = [(unit.id, self._answer(unit.text, attempt)) for unit in units]
        return [Written(id, text) for id, text in answers if text is not None]


def known(text: str, attempt: Attempt = GREEDY) -> str:
    return {"One.": "一。", "Two.": "二。", "Three.": "三。", "I have 5 cats.": "我有五只猫。"}[text]


def translated(engines: list, text: str, source: str = "en", target: str = "zh-Hans", **options) -> list:
    return Translator(engines).translate(sentences_of_text(text), source, target, **options)


def test_order_and_count_are_those_of_the_sentences() -> None:
    found = translated([Scripted("a", known)], "One. Two. Three.")
    assert [(one.source, one.translation, one.flags) for one in found] == [
        ("One.", "一。", ()),
        ("Two.", "二。", ()),
        ("Three.", "三。", ()),
    ]


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2], [0, 0, 1, 2], []])
def test_an_engine_that_loses_sentences_or_their_order_is_asked_one_by_one(order: list[int]) -> None:
    class Careless(Scripted):
        def translate(self, units, source, target, attempt):
            written = super().translate(units, source, target, attempt)
            return written if len(units) == 1 else [written[place] for place in order if place < len(written)]

    found = translated([Careless("a", known)], "One. Two. Three.")
    assert [one.translation for one in found] == ["一。", "二。", "三。"]


def test_a_sentence_that_is_never_answered_is_empty_and_says_so() -> None:
    engine = Scripted("a", lambda text, attempt: None if text == "Two." else known(text))
    found = translated([engine], "One. Two. Three.")
    assert [one.translation for one in found] == ["一。", "", "三。"]
    assert [one.flags for one in found] == [(), ("empty",), ()]


def test_faulty_sentences_alone_are_asked_for_again_and_then_of_the_next_engine() -> None:
    first = Scripted("a", lambda text, attempt: known(text) if "5" not in text else "我有猫。", attempts=(GREEDY, BEAM))
    second = Scripted("b", known)
    found = translated([first, second], "One. I have 5 cats. Three.")
    assert [one.translation for one in found] == ["一。", "我有五只猫。", "三。"]
    assert [one.engine for one in found] == ["a", "b", "a"] and not any(one.flags for one in found)
    assert [([unit.text for unit in units], attempt) for units, attempt in first.asked] == [
        (["One.", "I have 5 cats.", "Three."], GREEDY),
        (["I have 5 cats."], BEAM),
    ]
    assert [[unit.text for unit in units] for units, _ in second.asked] == [["I have 5 cats."]]


def test_the_best_of_bad_answers_is_shown_with_its_flags() -> None:
    looping = "猫五猫五猫五猫五猫五猫五猫五猫五猫五猫五猫五猫五猫五猫五猫五猫五"
    engines = [Scripted("a", lambda text, attempt: looping), Scripted("b", lambda text, attempt: "我有猫。")]
    (one,) = translated(engines, "I have 5 cats.")
    assert (one.translation, one.flags, one.engine) == ("我有猫。", ("digits",), "b")


def test_an_engine_without_memory_is_stepped_over_and_that_is_said() -> None:
    told: list[str] = []
    engines = [Scripted("big", known, fails=EngineError("there is not enough memory for it")), Scripted("small", known)]
    translator = Translator(engines, told.append)
    found = translator.translate(sentences_of_text("One."), "en", "zh-Hans")
    assert found[0].translation == "一。" and found[0].engine == "small"
    assert translator.failures == told
    assert told == ["The engine big did not translate: there is not enough memory for it."]
    assert translator.references(found) == [("small", "small@1")]


def test_when_no_engine_works_the_reason_is_raised() -> None:
    with pytest.raises(ModelError, match="no weights"):
        translated([Scripted("a", known, fails=ModelError("There are no weights."))], "One.")


def test_unsupported_languages_are_said_not_guessed() -> None:
    with pytest.raises(
        UnsupportedLanguage, match=r"asked \(a, ears\) translates German into Chinese as text\. Speak it"
    ):
        translated([Scripted("a", known), Scripted("ears", known, "de", needs_speech=True)], "Eins.", "de")


def test_english_that_leaves_out_most_of_the_source_is_not_believed() -> None:
    class Lost(Scripted):
        def translate(self, units, source, target, attempt):
            english = {"Eins zwei drei vier fünf sechs.": "One.", "Eins zwei.": "One two."}
            return [Written(unit.id, "一二。", english=english[unit.text]) for unit in units]

    sentences = [
        Sentence(n, text, n, n + 1.0) for n, text in enumerate(("Eins zwei drei vier fünf sechs.", "Eins zwei."))
    ]
    translator = Translator([Lost("pivot", known, "de", needs_speech=True)])
    short, whole = translator.translate(sentences, "de", "zh-Hans", lambda sentence: np.ones(16_000, np.float32))
    assert (short.flags, whole.flags) == (("rough",), ())


@pytest.mark.parametrize(
    ("source", "english", "chinese", "flags"),
    [
        ("Ich habe 25 Bücher.", "I have 25 books.", "我有25本书。", ()),
        # Whisper heard another number than it wrote, or wrote down what was said.
        ("Ich habe 25 Bücher.", "I have 35 books.", "我有35本书。", ("digits",)),
        ("کتاب‌ها را خواندم.", "کتاب‌ها را خواندم.", "我有书。", ("rough",)),
    ],
)
def test_what_whisper_did_on_the_way_through_english_is_seen(
    source: str, english: str, chinese: str, flags: tuple
) -> None:
    class Through(Scripted):
        def translate(self, units, source, target, attempt):
            return [Written(unit.id, chinese, english=english) for unit in units]

    translator = Translator([Through("pivot", known, "de fa", needs_speech=True)])
    language = "fa" if "ک" in source else "de"
    speech = lambda sentence: np.ones(16_000, np.float32)  # noqa: E731
    (found,) = translator.translate([Sentence(0, source, 0.0, 1.0)], language, "zh-Hans", speech)
    assert found.flags == flags


def test_a_spare_is_asked_where_a_better_one_failed() -> None:
    spare = Scripted("spare", lambda text, attempt: "我有5只猫。")
    small = Scripted("small", lambda text, attempt: "我有猫。")

    class Broken(Scripted):
        def translate(self, units, source, target, attempt):
            raise ModelError("It is damaged.")

    translator = Translator([Broken("a", known), small], spares=[spare])
    (found,) = translator.translate(sentences_of_text("I have 5 cats."), "en", "zh-Hans")
    assert (found.engine, found.translation, found.flags) == ("spare", "我有5只猫。", ())


def test_engines_that_listen_get_each_sentence_s_sound() -> None:
    ears = Scripted("ears", lambda text, attempt: "一。", "de", needs_speech=True)
    sentences = [Sentence(0, "Eins.", 1.0, 2.0)]
    samples = np.ones(16_000, np.float32)
    found = Translator([ears]).translate(sentences, "de", "zh-Hans", lambda sentence: samples * sentence.start)
    assert (found[0].translation, found[0].start, found[0].end) == ("一。", 1.0, 2.0)
    assert ears.asked[0][0][0].samples.sum() == 16_000


def test_targets_are_a_promise_whatever_the_engine_writes() -> None:
    engine = Scripted("a", lambda text, attempt: "軟體里的鼠标")
    assert translated([engine], "The mouse in the software.")[0].translation == "软体里的鼠标"
    assert translated([engine], "The mouse in the software.", target="zh-Hant")[0].translation == "軟體裡的滑鼠"


def test_chinese_only_changes_its_letters() -> None:
    found = translated([], "廣州。天氣好。", "zh")
    assert [(one.translation, one.engine) for one in found] == [("广州。", "script"), ("天气好。", "script")]


def test_what_has_no_words_stays_as_it_is_and_costs_nothing() -> None:
    engine = Scripted("a", known)
    assert [one.translation for one in translated([engine], "😀😀\n—\n...")] == ["😀😀", "—", "..."]
    assert engine.asked == []


def test_persian_reaches_the_engine_in_one_spelling_and_is_shown_as_it_was_written() -> None:
    engine = Scripted("a", lambda text, attempt: "我有25本书。")
    (one,) = translated([engine], "من ٢٥ كتاب دارم", "fa")
    assert one.source == "من ٢٥ كتاب دارم" and one.flags == ()
    assert engine.asked[0][0][0].text == "من 25 کتاب دارم"


def test_a_spare_is_asked_only_for_what_nobody_else_can_do() -> None:
    spare = Scripted("spare", lambda text, attempt: "好的。", "en ca")
    first = Scripted("a", lambda text, attempt: "我有猫。")
    translator = Translator([first], spares=[spare])
    # A doubtful answer is no reason to fetch gigabytes.
    (one,) = translator.translate(sentences_of_text("I have 5 cats."), "en", "zh-Hans")
    assert one.engine == "a" and one.flags == ("digits",) and spare.asked == []
    (one,) = translator.translate(sentences_of_text("Bon dia."), "ca", "zh-Hans")
    assert (one.engine, one.translation) == ("spare", "好的。")


@pytest.mark.parametrize("error", [RuntimeError("No position encodings"), MemoryError(), ValueError("odd\ntext")])
def test_whatever_an_engine_trips_over_the_next_one_is_asked_and_it_is_not_asked_again(error: Exception) -> None:
    first = Scripted("a", known, fails=error)
    translator = Translator([first, Scripted("b", known)])
    for _ in range(3):
        assert translator.translate(sentences_of_text("One."), "en", "zh-Hans")[0].engine == "b"
    assert len(first.asked) == 1 and len(translator.failures) == 1 and "\n" not in translator.failures[0]


def test_what_was_translated_is_kept_when_every_engine_fails_later() -> None:
    engine = Scripted("a", known)
    translator = Translator([engine])
    assert translator.translate(sentences_of_text("One."), "en", "zh-Hans")[0].translation == "一。"
    engine._fails = EngineError("there is not enough memory for it")
    (one,) = translator.translate(sentences_of_text("Two."), "en", "zh-Hans")
    assert (one.translation, one.flags) == ("", ("empty",)) and translator.failures
