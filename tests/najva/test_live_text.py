"""What the packaged Whisper writes live is what it writes of the same recording as a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from najva import audio
from najva.comparison import rule_for, word_error_rate
from najva.live import LIVE_CUTTING, LiveSession
from najva.services import Services
from najva.settings import Settings
from najva.transcriber import Transcript
from najva.vad import SAMPLE_RATE_HZ, Span, SpanCutter, cut_into_spans
from tests import clips
from tests.clips import Clip

pytestmark = pytest.mark.slow

# Longer messages than a quick machine's, as each of them may have a draft.
_MESSAGE_SAMPLES = SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def services(cache: Path) -> Services:
    return Services(Settings(models="offline", cache=cache), say=lambda line: None)


def recordings() -> Iterator[Clip]:
    yield from clips.other_speech()
    yield from clips.persian_long()


def spoken_live(services: Services, clip: Clip, language: str) -> tuple[str, list[str]]:
    """Return the text of a clip that is spoken into the microphone, and every draft on the way."""
    samples, _ = audio.read(clip.path, sample_rate_hz=SAMPLE_RATE_HZ)

    def write(span: Span, code: str, draft: bool) -> Transcript:
        return services.transcribe_span(span, code, once=draft)

    session = LiveSession(SpanCutter(services.transcriber.detector, LIVE_CUTTING), write, 3600.0)
    captions, drafts = [], []
    for number, start in enumerate(range(0, samples.size, _MESSAGE_SAMPLES)):
        message = samples[start : start + _MESSAGE_SAMPLES]
        answer = session.push(number, message, last=start + message.size == samples.size, language=language)
        captions += answer.captions
        drafts.append(answer.draft.firm + answer.draft.pale)
    assert session.received_samples == samples.size
    return " ".join(caption.transcript.text for caption in captions), drafts


@pytest.mark.parametrize("clip", recordings(), ids=lambda clip: clip.path.stem)
def test_live_text_is_that_of_the_same_spans(services: Services, session_data: Path, clip: Clip) -> None:
    live, drafts = spoken_live(services, clip, clip.language)
    samples, _ = audio.read(clip.path, sample_rate_hz=SAMPLE_RATE_HZ)
    spans = cut_into_spans([samples], services.transcriber.detector, LIVE_CUTTING)
    whole = [services.transcribe_span(span, clip.language).text for span in spans]
    assert live == " ".join(text for text in whole if text)
    assert any(drafts)


@pytest.mark.parametrize("clip", recordings(), ids=lambda clip: clip.path.stem)
def test_live_text_differs_little_from_that_of_the_file_s_own_spans(
    services: Services, session_data: Path, clip: Clip
) -> None:
    live, _ = spoken_live(services, clip, "auto")
    *_, whole = services.transcribe(clip.path)
    # Chinese has no words between spaces: its letters are counted.
    texts = (" ".join(text.replace(" ", "")) if clip.language == "zh" else text for text in (whole.text, live))
    rate = word_error_rate(*texts, rule_for(clip.language))
    assert rate <= (0.15 if clip.language == "fa" else 0.05), (whole.text, live)
