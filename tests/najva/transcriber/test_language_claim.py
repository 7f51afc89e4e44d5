"""When the Persian model may claim speech that plain Whisper is unsure of."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from najva import audio
from najva.transcriber import Transcriber, Voice
from najva.transcriber.behaviour import Behaviour
from najva.transcriber.ctranslate2_engine import CTranslate2Engine
from najva.transcriber.engine import Hypothesis
from najva.transcriber.language_claim import Claim, Score
from najva.transcriber.tokens import WhisperTokens
from najva.vad import SpeechDetector

EXAMPLE = Path(__file__).parents[3] / "space" / "examples" / "English-synthetic.mp3"


def test_the_tuned_model_must_believe_its_text_enough() -> None:
    claim = Claim(least_probability=0.02, least_lead=-0.1)
    assert claim.holds([Score(3.0, plain=-0.6, claimed=-0.65)])
    assert not claim.holds([Score(3.0, plain=-0.6, claimed=-0.75)])
    # A long span counts for more than a short one.
    assert claim.holds([Score(9.0, -0.6, -0.5), Score(1.0, -0.2, -1.0)])
    assert not claim.holds([Score(1.0, -0.6, -0.5), Score(9.0, -0.2, -1.0)])


def test_the_base_must_think_it_possible() -> None:
    claim = Claim(least_probability=0.02)
    assert claim.is_worth_asking({"ar": 0.5, "fa": 0.03}, "fa")
    assert not claim.is_worth_asking({"ar": 0.5, "fa": 0.01}, "fa")
    assert not claim.is_worth_asking({}, "fa")


@dataclass
class Answering:
    """An engine whose probabilities and scores are given: what is made of them is the question here."""

    tokens: WhisperTokens
    probabilities: dict[str, float]
    score: float
    written: tuple[int, ...] = (1,)
    asked: list[list[int]] = field(default_factory=list)
    window_seconds: float = 30.0
    workers: int = 1
    compute_type: str = "int8"

    def encode(self, waveforms, window_seconds):
        self.spans = len(waveforms)
        return self

    def language_probabilities(self):
        return [self.probabilities] * self.spans

    def decode(self, rows, prompt, decoding):
        self.asked.append(prompt)
        return [Hypothesis(self.written, self.score, 0.0) for _ in rows]


@pytest.fixture
def detect(engine: CTranslate2Engine, detector: SpeechDetector):
    """Detect the language of a sentence, of which the base thinks so, while the adapter leads by so much."""
    sound, _ = audio.read(EXAMPLE, sample_rate_hz=16000)

    def detect(fa: float, ar: float, lead: float, written: tuple[int, ...] = (1,)):
        base = Answering(engine.tokens, {"ar": ar, "fa": fa, "en": 1 - ar - fa}, -0.7)
        tuned = Answering(engine.tokens, {}, -0.7 + lead, written)
        behaviour = replace(Behaviour(), claim=Claim(least_probability=0.02, least_lead=0.0))
        transcriber = Transcriber(Voice("base", base), detector, {"fa": Voice("tuned", tuned)}, behaviour)
        return transcriber.detect_language([sound]), base.asked, tuned.asked

    return detect


def test_unsure_speech_is_claimed_and_the_judge_is_named(detect, engine: CTranslate2Engine) -> None:
    language, base, tuned = detect(fa=0.2, ar=0.5, lead=0.1)
    assert (language.code, language.decided_by, language.sure) == ("fa", "persian-check", False)
    # The probabilities stay Whisper's own.
    assert language.probabilities == pytest.approx({"ar": 0.5, "en": 0.3, "fa": 0.2})
    assert base == [engine.tokens.prompt("ar", timestamps=False)]
    assert tuned == [engine.tokens.prompt("fa", timestamps=False)]


@pytest.mark.parametrize(
    ("fa", "ar", "lead", "asked"),
    [(0.03, 0.95, 0.5, 0), (0.01, 0.6, 0.5, 0), (0.2, 0.5, -0.1, 1), (0.5, 0.3, 0.5, 0)],
    ids=["sure", "thought impossible", "behind", "Persian already"],
)
def test_other_speech_is_left_to_whisper(detect, fa: float, ar: float, lead: float, asked: int) -> None:
    language, _, tuned = detect(fa, ar, lead)
    assert (language.code, language.decided_by) == ("fa" if fa > ar else "ar", "whisper")
    assert len(tuned) == asked


def test_a_model_that_writes_nothing_claims_nothing(detect) -> None:
    assert detect(fa=0.2, ar=0.5, lead=0.7, written=())[0].code == "ar"
