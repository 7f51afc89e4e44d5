"""The models of one app: each found and loaded on first use, once."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError

from najva import audio
from najva.genre_models import GenreModels
from najva.patience import patient, patient_steps
from najva.pretrained import Checkpoint, Hub, ModelError, converted, find_checkpoint, merged
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.pretrained.packaged_whisper import HUB_EQUIVALENT
from najva.settings import Settings
from najva.speech_translation import Heard, Translation, translate_span, translate_speech
from najva.text_translation import TextTranslation, translate_text
from najva.transcriber import DetectedLanguage, Transcriber, Transcript, Voice
from najva.transcriber.engine import Engine
from najva.transcriber.language_probe import LanguageProbe
from najva.translation.loading import pinned
from najva.translation.scripts import check_target
from najva.translation.translator import CHINESE, TranslatedSentence, Translator
from najva.translation_models import TranslationModels
from najva.vad import SAMPLE_RATE_HZ, Span, SpeechDetector, cut_into_spans

if TYPE_CHECKING:
    from najva.genre_classifier import GenreAnswer

HUB_MODEL = "openai/whisper-small"
PACKAGED_MODEL = "packaged:whisper-base"
EMBEDDED_PERSIAN = "persian-adapter"
# The probe that hears Persian on the packaged base; `training/train_language_probe.py` makes it.
PERSIAN_PROBE = EMBEDDED_FOLDER / "persian-check" / "probe.safetensors"
# Of a long recording so much is asked for speech.
SPEECH_SECONDS = 300
LIVE_STALL_SECONDS = 240.0
# An embedded model with more errors than this is called a demonstration.
DEMONSTRATION_WER = 0.4


@dataclass(frozen=True)
class Role:
    """Which checkpoint does what, and why this one."""

    role: str
    serves: str
    why: str
    checkpoint: Checkpoint

    @property
    def words_wrong(self) -> float | None:
        """The largest mean WER that the model was measured to have, on people's speech where there is such a figure."""
        rows = self._own_figures(recorded=True) or self._own_figures()
        return max((row["value"] for row in rows), default=None)

    @property
    def heard_people(self) -> bool:
        """Whether it was measured on people's speech, and not on synthetic voices alone."""
        return bool(self._own_figures(recorded=True))

    def _own_figures(self, *, recorded: bool = False) -> list[dict]:
        return [
            row
            for row in self.checkpoint.measured.get("figures", ())
            if row.get("system", "base") != "base"
            and (row["metric"], row.get("language")) == ("mean WER", "fa")
            and (row.get("speech") == "as recorded" or not recorded)
        ]

    @property
    def is_demonstration(self) -> bool:
        """Whether an embedded model errs so often that it only shows what tuning does."""
        return self.checkpoint.source == "embedded" and (self.words_wrong or 0.0) > DEMONSTRATION_WER

    def as_dict(self) -> dict:
        """Return it as JSON, in the form of `/models`."""
        found = self.checkpoint
        return {
            "role": self.role,
            "serves": self.serves,
            "why": self.why,
            "reference": found.reference,
            "revision": found.revision,
            "source": found.source,
            "licence": found.licence,
            "base": found.base,
            "measured": found.measured,
        }


class Services:
    """Everything that the tabs, the endpoints and the command line ask for.

    Args:
        settings: see `Settings`.
        say: takes one line on long work, such as a conversion.
        fixed: offer only what `load_all` loads, genre networks on the same device as the rest, and look for nothing
            later.
    """

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None] = lambda line: print(line, flush=True),
        *,
        fixed: bool = False,
    ) -> None:
        self.settings, self._say = settings, say
        self.hub = Hub(offline=settings.models == "offline")
        self._lock = RLock()
        # They are small, so that a CPU is quick enough, unless all that computes has one place.
        self.genres = GenreModels(settings, self.hub, say, self._lock, device=self._device if fixed else lambda: "cpu")
        self.translations = TranslationModels(
            settings,
            self.hub,
            say,
            self._lock,
            device=self._device,
            write_each=lambda *asked: self.transcriber.write_each(*asked),
            speech_model=lambda: self.transcriber.base.reference,
            fixed=fixed,
        )
        self._roles: list[Role] | None = None
        self._transcriber: Transcriber | None = None
        self.problem = ""

    def seconds(self, path: Path | str) -> float | None:
        """Return a file's length in seconds where its headers state it; raises as `transcribe`."""
        return audio.probe(path, max_seconds=self.settings.max_seconds, max_bytes=self.settings.max_bytes).seconds

    def blocks(self, path: Path | str, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Iterator[np.ndarray]:
        """Yield a file's sound, float32 (samples,), at a rate in Hz; raises AudioError as `transcribe`."""
        return audio.read_blocks(
            path,
            sample_rate_hz=sample_rate_hz,
            max_seconds=self.settings.max_seconds,
            max_bytes=self.settings.max_bytes,
        )

    def transcribe(
        self, path: Path | str, language: str = "auto", timestamps: str = "segment", model: str = "auto"
    ) -> Iterator[Transcript]:
        """Yield the transcript of a file as it grows.

        Args:
            path: audio in any format of `najva.audio`.
            language: code, or `auto`.
            timestamps: `none`, `segment` or `word`.
            model: `auto` takes the language's own model where there is one, `base` never does.

        Raises:
            AudioError: the file cannot be used.
            ModelError: no model can be had, or it hangs (`Settings.max_stall_seconds`).
        """
        written = self.transcriber.stream(self.blocks(path), language, timestamps, only_base=model == "base")
        return patient_steps(written, self.settings.max_stall_seconds)

    def translate(
        self, path: Path | str, target: str = "zh-Hans", language: str = "auto", engine: str = "auto"
    ) -> Iterator[Translation]:
        """Yield the Chinese of a recording as it grows.

        Args:
            path: as `transcribe`.
            target: `zh-Hans` or `zh-Hant`.
            language: as `transcribe`.
            engine: see `TranslationModels.names`.

        Raises:
            AudioError, ModelError: as `transcribe`.
            UnknownTarget, UnknownEngine, UnsupportedLanguage: it cannot be translated as asked.
        """
        check_target(target)
        translator = self._translator(engine, language)
        heard = Heard(self.blocks(path))
        translated = translate_speech(self.transcriber.stream(heard, language, "word"), heard, translator, target)
        return patient_steps(translated, self.settings.max_stall_seconds)

    def translate_text(
        self, text: str, source: str, target: str = "zh-Hans", engine: str = "auto"
    ) -> Iterator[TextTranslation]:
        """Yield the Chinese of a text as it grows; see `translate`.

        Args:
            text: of any length.
            source: its language, as Whisper writes it.
            target: see `translate`.
            engine: see `translate`.
        """
        check_target(target)
        translator = self._translator(engine, source)
        translated = translate_text(text, source, translator, target, self.settings.max_letters)
        return patient_steps(translated, self.settings.max_stall_seconds)

    def _translator(self, engine: str, source: str) -> Translator:
        """Return what answers to an engine's name; what is Chinese already needs no model, and none is looked for."""
        self.translations.check_name(engine)
        return Translator([]) if source in CHINESE else self.translations.translator(engine)

    def made_with(self, models: Mapping[str, str], **asked: str) -> dict:
        """Return where an answer comes from, as its JSON file tells it: what was asked for, and by which weights.

        Args:
            models: reference by role, as answers have them.
            asked: the settings of the call.
        """
        known = [role.checkpoint for role in self.roles] + self.translations.found
        by_reference = {name: one for one in known for name in (one.reference, pinned(one))}
        rows = []
        for role, reference in models.items():
            one = by_reference.get(reference)
            facts = {"revision": one.revision, "licence": one.licence} if one else {}
            rows.append({"role": role, "reference": reference, **facts})
        return {"settings": asked, "models": rows}

    def transcribe_span(self, span: Span, language: str = "auto", *, once: bool = False) -> Transcript:
        """Return the text of one stretch of speech; times count from its stream's start.

        Args:
            span: the speech.
            language: code, or `auto`.
            once: see `Transcriber.stream_spans`.
        """
        written = self.transcriber.stream_spans([span], language, once=once)
        *_, transcript = patient_steps(iter(written), self._live_patience)
        return transcript

    def translate_span(self, span: Span, transcript: Transcript, target: str) -> list[TranslatedSentence]:
        """Return the sentences of one stretch of speech with their Chinese; raises as `translate`.

        Args:
            span: the speech.
            transcript: what was written of it.
            target: `zh-Hans` or `zh-Hant`.
        """
        check_target(target)
        translator = self._translator("auto", transcript.language.code)
        return patient(lambda: translate_span(span, transcript, translator, target), self._live_patience)

    @property
    def _live_patience(self) -> float:
        """Seconds that a live span may take: the page waits for five minutes, and is to hear why."""
        return min(self.settings.max_stall_seconds, LIVE_STALL_SECONDS)

    def detect_language(self, path: Path | str) -> DetectedLanguage:
        """Return the language of a file's first minutes of speech; raises as `transcribe`."""
        transcriber = self.transcriber
        return patient(lambda: transcriber.detect_language(self.blocks(path)), self.settings.max_stall_seconds)

    def classify_genre(
        self, path: Path | str, model: str = "auto", watch: Callable[[np.ndarray, int], None] | None = None
    ) -> Iterator[GenreAnswer]:
        """Yield which genre a file's music is, as the file is heard.

        Args:
            path: as `transcribe`.
            model: see `GenreModels.find`.
            watch: gets every block, float32 (samples,), and its rate in Hz.

        Raises:
            AudioError: the file cannot be used.
            ModelError, UnknownGenreModel: the network cannot be had.
        """
        classifier = self.genres.classifier(model)
        blocks = self._watched(path, classifier.sample_rate_hz, watch)
        judged = classifier.classify(blocks, lambda: self._speech_share(path))
        return patient_steps(judged, self.settings.max_stall_seconds)

    def _watched(
        self, path: Path | str, rate_hz: int, watch: Callable[[np.ndarray, int], None] | None
    ) -> Iterator[np.ndarray]:
        for block in self.blocks(path, rate_hz):
            if watch:
                watch(block, rate_hz)
            yield block

    def _speech_share(self, path: Path | str) -> float:
        """Return in how much of a file's first minutes somebody speaks, from 0 to 1."""
        samples = 0

        def counted() -> Iterator[np.ndarray]:
            nonlocal samples
            for block in self.blocks(path):
                samples += block.size
                yield block
                # They tell speech from music as well as hours do, which nobody could stop.
                if samples > SPEECH_SECONDS * SAMPLE_RATE_HZ:
                    return

        spoken = sum(span.samples.size for span in cut_into_spans(counted(), self._detector))
        return spoken / max(1, samples)

    def role_of(self, reference: str) -> Role | None:
        """Return the role of the model that wrote a transcript."""
        return next((role for role in self.roles if role.checkpoint.reference == reference), None)

    def other_base(self, tuned: str) -> str:
        """Return the base that an adapter was made from, where plain Whisper here is another model; else nothing."""
        role = self.role_of(tuned)
        base = role.checkpoint.base if role else ""
        plain = self.roles[0].checkpoint.reference
        same = base == plain or (base, plain) == (HUB_EQUIVALENT, PACKAGED_MODEL)
        return "" if same else base

    def warm_up(self) -> None:
        """Load what listens, and find what translates, before anybody asks; what is wrong is told to whoever does."""
        try:
            _ = self.transcriber
            if self.genres.checkpoints:
                self.genres.classifier()
            _ = self.translation_roles
        except ModelError as error:
            self._say(str(error))

    def load_all(self) -> None:
        """Load every model that is offered; what cannot be had is told, and the others serve."""
        networks = [partial(self.genres.classifier, found.reference) for found in self.genres.checkpoints]
        for load in (lambda: self.transcriber, *networks, self.translations.load_default):
            try:
                load()
            except ModelError as error:
                self._say(str(error))

    def models(self) -> list[dict]:
        """Return every model in use, in the form of `/models`."""
        answer = [role.as_dict() for role in self.roles]
        silero = {
            "role": "voice-activity",
            "serves": "finding where somebody speaks",
            "why": "the only one",
            "reference": "silero-vad",
            "revision": importlib.metadata.version("silero-vad"),
            "source": "packaged",
            "licence": "MIT",
            "base": "",
            "measured": {},
        }
        return [*answer, silero, *(role.as_dict() for role in (*self.translation_roles, *self.genre_roles))]

    @property
    def problems(self) -> list[str]:
        """What could not be had, a sentence each."""
        return [problem for problem in (self.problem, self.genres.problem) if problem]

    @property
    def translation_roles(self) -> list[Role]:
        """The translators, in the order in which they are asked; none where none can be had."""
        models = self.translations
        try:
            return [
                Role("translation", "translation into Chinese", models.why(row), models.checkpoint(row))
                for row in models.default
                if models.is_at_hand(row)
            ]
        except ModelError:
            return []

    @property
    def genre_roles(self) -> list[Role]:
        """The genre networks, the default one first."""
        found = self.genres.checkpoints
        why = "NAJVA_GENRE_MODELS names it" if self.genres.are_named else "it comes with the app"
        return [Role("genre", "music genre", why, one) for one in found]

    @property
    def roles(self) -> list[Role]:
        """Which checkpoint serves what; found on first use.

        Raises:
            ModelError: the multilingual model cannot be had.
        """
        with self._lock:
            if self._roles is None:
                roles = [self._base_role()]
                persian = self._persian_role()
                self._roles = [*roles, persian] if persian else roles
            return self._roles

    @property
    def transcriber(self) -> Transcriber:
        """The loaded engines; built on first use."""
        if self._transcriber is not None:
            # Whoever speaks does not wait for another model that is loaded meanwhile.
            return self._transcriber
        with self._lock:
            if self._transcriber is None:
                base, *tuned = self.roles
                voices = {}
                for role in tuned:
                    try:
                        voices["fa"] = self._voice(role.checkpoint)
                    except ModelError as error:
                        self._give_up_persian(error)
                plain, probe = self._voice(base.checkpoint), self._probe()
                self._transcriber = Transcriber(plain, self._detector, voices, probe=probe)
            return self._transcriber

    @cached_property
    def _detector(self) -> SpeechDetector:
        return SpeechDetector()

    def _probe(self) -> LanguageProbe | None:
        """Return what hears Persian on the packaged base; another base's encoder says other things."""
        if self.roles[0].checkpoint.reference != PACKAGED_MODEL:
            return None
        try:
            return LanguageProbe.load(PERSIAN_PROBE)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            self._say(f"Persian that Whisper takes for another language stays so; its probe cannot be read: {error}")
            return None

    def _base_role(self) -> Role:
        asked = self.settings.asr_model
        role, serves = "speech", "speech in every language"
        if asked:
            return Role(role, serves, "NAJVA_ASR_MODEL names it", self._find(asked))
        if self.settings.models == "hub":
            return Role(role, serves, "NAJVA_MODELS=hub asks for the Hub's", self._find(HUB_MODEL))
        if self.settings.models == "offline":
            return Role(role, serves, "NAJVA_MODELS=offline asks for no Hub", self._find(PACKAGED_MODEL))
        if not self.hub.answers:
            return Role(role, serves, "the Hub does not answer", self._find(PACKAGED_MODEL))
        try:
            return Role(role, serves, "the Hub answers", self._find(HUB_MODEL))
        except ModelError as error:
            self._say(str(error))
            return Role(role, serves, f"the Hub's model could not be had: {error}", self._find(PACKAGED_MODEL))

    def _persian_role(self) -> Role | None:
        reference, why = self.settings.asr_persian, "NAJVA_ASR_PERSIAN names it"
        if not reference:
            if not (EMBEDDED_FOLDER / EMBEDDED_PERSIAN).is_dir():
                return None
            reference, why = f"embedded:{EMBEDDED_PERSIAN}", "it comes with the app"
        try:
            return Role("persian", "speech in Persian", why, self._find(reference))
        except ModelError as error:
            self._give_up_persian(error)
            return None

    def _give_up_persian(self, error: ModelError) -> None:
        """Serve Persian by the base rather than nobody at all, and say so on the page and in the log."""
        self.problem = f"The Persian model cannot be used, so Persian is written by the base model. {error}"
        self._roles = [role for role in self._roles or () if role.role != "persian"]
        self._say(self.problem)

    def _find(self, reference: str) -> Checkpoint:
        return find_checkpoint(reference, self.hub, self.settings.cache)

    def _voice(self, checkpoint: Checkpoint) -> Voice:
        return Voice(checkpoint.reference, self._engine(checkpoint, self._base_of(checkpoint)))

    def _base_of(self, checkpoint: Checkpoint) -> Checkpoint | None:
        if not checkpoint.is_adapter:
            return None
        try:
            return self._find(checkpoint.base)
        except ModelError as error:
            raise ModelError(f"The adapter {checkpoint.reference} cannot be used without its base: {error}") from error

    def _engine(self, checkpoint: Checkpoint, base: Checkpoint | None) -> Engine:
        needed = (checkpoint, self.settings.cache, base, self._say)
        device = self._device()
        try:
            if device == "cuda":
                from najva.transcriber.torch_engine import TorchEngine

                return TorchEngine(merged(*needed), device)
            from najva.transcriber.ctranslate2_engine import CTranslate2Engine

            return CTranslate2Engine(converted(*needed))
        except ModelError:
            raise
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            raise ModelError(f"The model {checkpoint.reference} cannot be loaded ({device}): {error}.") from error

    def _device(self) -> str:
        asked = self.settings.device
        if asked == "cpu":
            return "cpu"
        import ctranslate2

        # Counts GPUs without the seconds that importing PyTorch takes.
        if asked == "cuda" or ctranslate2.get_cuda_device_count():
            import torch

            if torch.cuda.is_available():
                return "cuda"
        if asked == "cuda":
            raise ModelError("NAJVA_DEVICE=cuda asks for a GPU and PyTorch sees none: set it to auto or cpu.")
        return "cpu"
