"""The models of one app: each found and loaded on first use, once."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from safetensors import SafetensorError

from najva import audio
from najva.pretrained import Checkpoint, Hub, ModelError, converted, find_checkpoint, merged
from najva.pretrained.checkpoint import EMBEDDED_FOLDER
from najva.pretrained.packaged_whisper import HUB_EQUIVALENT
from najva.settings import Settings
from najva.transcriber import DetectedLanguage, Transcriber, Transcript, Voice
from najva.transcriber.behaviour import Behaviour
from najva.transcriber.engine import Engine
from najva.transcriber.language_claim import Claim
from najva.vad import SAMPLE_RATE_HZ, Span, SpeechDetector

HUB_MODEL = "openai/whisper-small"
PACKAGED_MODEL = "packaged:whisper-base"
EMBEDDED_PERSIAN = "persian-adapter"
PERSIAN_CLAIM = "persian-claim"
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
    """

    def __init__(self, settings: Settings, say: Callable[[str], None] = lambda line: print(line, flush=True)) -> None:
        self.settings, self._say = settings, say
        self.hub = Hub(offline=settings.models == "offline")
        self._lock = RLock()
        self._roles: list[Role] | None = None
        self._transcriber: Transcriber | None = None
        self.problem = ""

    def seconds(self, path: Path | str) -> float | None:
        """Return a file's length in seconds where its headers state it; raises as `transcribe`."""
        return audio.probe(path, max_seconds=self.settings.max_seconds, max_bytes=self.settings.max_bytes).seconds

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
            ModelError: no model can be had.
        """
        return self.transcriber.stream(self._blocks(path), language, timestamps, only_base=model == "base")

    def transcribe_span(self, span: Span, language: str = "auto") -> Transcript:
        """Return the text of one stretch of speech; times count from its stream's start."""
        *_, transcript = self.transcriber.stream_spans([span], language)
        return transcript

    def detect_language(self, path: Path | str) -> DetectedLanguage:
        """Return the language of a file's first minutes of speech; raises as `transcribe`."""
        return self.transcriber.detect_language(self._blocks(path))

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
        """Load the engines before the first visitor asks; what is wrong is told to whoever asks."""
        try:
            _ = self.transcriber
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
        return [*answer, silero]

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
        with self._lock:
            if self._transcriber is None:
                base, *tuned = self.roles
                voices = {}
                for role in tuned:
                    try:
                        voices["fa"] = self._voice(role.checkpoint)
                    except ModelError as error:
                        self._give_up_persian(error)
                behaviour = Behaviour(claims=self._claims())
                self._transcriber = Transcriber(self._voice(base.checkpoint), SpeechDetector(), voices, behaviour)
            return self._transcriber

    def _claims(self) -> tuple[Claim, ...]:
        """Return the rule by which the Persian model claims speech, if it was made for these very models."""
        found = {role.role: role.checkpoint.reference for role in self.roles}
        if found != {"speech": PACKAGED_MODEL, "persian": f"embedded:{EMBEDDED_PERSIAN}"}:
            return ()
        try:
            claim = Claim.load("fa", EMBEDDED_FOLDER / PERSIAN_CLAIM)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            self._say(f"Persian that Whisper takes for another language stays so; its judge cannot be read: {error}")
            return ()
        if claim.characters.origin.get("adapter_sha256") != weights_sha256(EMBEDDED_FOLDER / EMBEDDED_PERSIAN):
            self._say("Persian that Whisper takes for another language stays so; its judge is another adapter's.")
            return ()
        return (claim,)

    def _blocks(self, path: Path | str):
        return audio.read_blocks(
            path,
            sample_rate_hz=SAMPLE_RATE_HZ,
            max_seconds=self.settings.max_seconds,
            max_bytes=self.settings.max_bytes,
        )

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


def weights_sha256(adapter: Path) -> str:
    """Return the hash of an adapter's weights."""
    return hashlib.sha256((adapter / "adapter_model.safetensors").read_bytes()).hexdigest()
