"""The models that translate, as data: where each lies, whose it is and what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from najva.languages import LARGE_V3_LANGUAGES
from najva.translation.language_codes import LMT_LANGUAGES, M2M100_LANGUAGES, NLLB_LANGUAGES, OWN_LANGUAGES

Family = Literal["m2m100", "nllb", "marian", "chat", "pivot", "forced"]

AUTO = "auto"
# The first one that can be had is the default: LMT was trained on Persian-Chinese pairs, M2M100 is smaller and knows
# more languages, and the embedded one needs no Hub.
AUTO_ORDER = ("lmt-60-0.6b", "m2m100_418m", "embedded")


@dataclass(frozen=True)
class ModelRow:
    """One model, or one of the two ways to Chinese that have no text model of their own.

    Attributes:
        name: as the argument `engine` takes it.
        reference: Hub name or `embedded:NAME`; empty of the two ways.
        revision: commit of the Hub; empty where it is looked up at first use. Every answer tells it.
        family: how the model is asked; `pivot` goes through Whisper's English, `forced` has Whisper write Chinese.
        licence: SPDX identifier, in small letters; empty of the two ways, which have those of the models they use.
        languages: codes of Whisper that it takes.
        scripts: `zh-Hans` and `zh-Hant`, as far as the model can be asked for them; empty where it writes what it
            likes. OpenCC has the last word on every text.
        gated: whether the Hub asks for an account that agreed to terms.
        parameters: counted once where they are shared.
        prompt: what a chat model is asked, with the languages' names as `lmt_name` has them.
    """

    name: str
    reference: str
    revision: str
    family: Family
    licence: str
    languages: frozenset[str]
    scripts: tuple[str, ...]
    gated: bool
    parameters: int
    prompt: str = ""

    @property
    def non_commercial(self) -> bool:
        """Whether the licence forbids use for profit."""
        return "-nc" in self.licence

    @property
    def memory_bytes(self) -> int:
        """Memory on a CPU in CTranslate2's int8: a byte for each parameter and 30 % for the work.

        Of m2m100_418M's shape 632 MB were measured, Python and its libraries counted (`tests/benchmarks/translate.py
        --large`); this makes 629 without them.
        """
        return self.parameters * 13 // 10

    @property
    def preparing_bytes(self) -> int:
        """Memory of the conversion before the first start: the whole network in float32, and what is made of it.

        Of m2m100_418M's shape it was 5.1 bytes a parameter.
        """
        return self.parameters * 11 // 2

    @property
    def gpu_bytes(self) -> int:
        """Memory on a GPU: half precision and 30 % for the work."""
        return self.parameters * 26 // 10


_ALL = frozenset(LARGE_V3_LANGUAGES)

# As its authors' own inference script has it (github.com/NiuTrans/LMT, src/inference.py).
_LMT_PROMPT = "Translate the following text from {source} into {target}.\n{source}: {text}\n{target}:"

# Parameters are counted in the architectures of the published configurations.
_ROWS = (
    ModelRow(
        name="lmt-60-0.6b",
        reference="NiuTrans/LMT-60-0.6B",
        revision="dd189845cdc73346cef33c7a94f4b8bd8efdd4eb",
        family="chat",
        licence="apache-2.0",
        languages=LMT_LANGUAGES,
        scripts=("zh-Hans",),
        gated=False,
        # The file has 752 million: the last layer is the embedding, and is stored again.
        parameters=596_049_920,
        prompt=_LMT_PROMPT,
    ),
    ModelRow(
        name="lmt-60-1.7b",
        reference="NiuTrans/LMT-60-1.7B",
        revision="2ff175e2a450d2f2458b33234bfb74953468b3a2",
        family="chat",
        licence="apache-2.0",
        languages=LMT_LANGUAGES,
        scripts=("zh-Hans",),
        gated=False,
        parameters=1_720_574_976,
        prompt=_LMT_PROMPT,
    ),
    ModelRow(
        name="m2m100_418m",
        reference="facebook/m2m100_418M",
        revision="55c2e61bbf05dfb8d7abccdc3fae6fc8512fd636",
        family="m2m100",
        licence="mit",
        languages=M2M100_LANGUAGES,
        scripts=("zh-Hans",),
        gated=False,
        # More than its name says.
        parameters=483_905_536,
    ),
    ModelRow(
        name="m2m100_1.2b",
        reference="facebook/m2m100_1.2B",
        revision="7b36184180524c1a1bbfa37f120a608046250b98",
        family="m2m100",
        licence="mit",
        languages=M2M100_LANGUAGES,
        scripts=("zh-Hans",),
        gated=False,
        parameters=1_239_470_080,
    ),
    ModelRow(
        name="nllb-200-distilled-600m",
        reference="facebook/nllb-200-distilled-600M",
        revision="f8d333a098d19b4fd9a8b18f94170487ad3f821d",
        family="nllb",
        licence="cc-by-nc-4.0",
        languages=NLLB_LANGUAGES,
        scripts=("zh-Hans", "zh-Hant"),
        gated=False,
        parameters=615_073_792,
    ),
    ModelRow(
        name="opus-mt-en-zh",
        reference="Helsinki-NLP/opus-mt-en-zh",
        revision="408d9bc410a388e1d9aef112a2daba955b945255",
        family="marian",
        licence="apache-2.0",
        languages=frozenset({"en"}),
        scripts=("zh-Hans", "zh-Hant"),
        gated=False,
        parameters=77_943_296,
    ),
    ModelRow(
        name="embedded",
        reference="embedded:translator",
        revision="",  # Its fingerprint is taken at first use.
        family="marian",
        licence="other",
        languages=OWN_LANGUAGES,
        scripts=("zh-Hans",),
        gated=False,
        parameters=8_895_488,
    ),
    ModelRow(
        name="pivot",
        reference="",
        revision="",
        family="pivot",
        licence="",
        languages=_ALL,
        scripts=(),
        gated=False,
        parameters=0,
    ),
    ModelRow(
        name="forced",
        reference="",
        revision="",
        family="forced",
        licence="",
        # Told to write Chinese, Whisper transcribes what is Chinese: that is no translation.
        languages=_ALL - {"zh"},
        scripts=(),
        gated=False,
        parameters=0,
    ),
)

MODELS: dict[str, ModelRow] = {row.name: row for row in _ROWS}
