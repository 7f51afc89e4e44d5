"""Translators of every family from a Hub: found, loaded, asked as they want to be, and what happens without them."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import RLock

import numpy as np
import pytest
from huggingface_hub import CommitOperationAdd
from safetensors.torch import load_file, save_file

from najva import translation_models
from najva.languages import LARGE_V3_LANGUAGES
from najva.pretrained import Hub, ModelError
from najva.pretrained.checkpoint import read_json
from najva.pretrained.conversion import translator_folder
from najva.settings import Settings
from najva.translation.engine import TranslationEngine, Unit
from najva.translation.loading import load_tokenizer
from najva.translation.registry import MODELS
from najva.translation.sentences import Sentence
from najva.translation_models import TranslationModels, UnknownEngine
from tests.hub import LoopbackHub
from tests.hub.client import leave_out_pauses
from tests.najva.pretrained import tiny_models
from tests.najva.pretrained.tiny_models import change_json, give_back_client, push
from tests.najva.translation.small_translators import TAUGHT, TAUGHT_HANT

pytestmark = pytest.mark.hub

FAMILY_OF = {
    "lmt-60-0.6b": "chat",
    "m2m100_418m": "m2m100",
    "nllb-200-distilled-600m": "nllb",
    "opus-mt-en-zh": "marian",
}
_NUMBERS = count()
SPEECH_MODEL = "packaged:whisper-base"
TOKENIZERS = ("vocab.json", "tokenizer.json", "sentencepiece.bpe.model", "source.spm", "target.spm")


def publish(hub: LoopbackHub, folder: Path, name: str) -> str:
    """Push a folder as the owner of the repository would, and return the commit."""
    owner = name.partition("/")[0]
    return push(hub.api(hub.site.accounts.token_for(owner, "write")), folder, name)


@pytest.fixture(scope="module")
def hub(small_translator: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHub]:
    """A Hub with a small model in every repository that the registry names, and the registry with their commits."""
    with tiny_models.running_hub(tmp_path_factory.mktemp("published")) as hub, pytest.MonkeyPatch.context() as patch:
        leave_out_pauses(patch)
        for name, family in FAMILY_OF.items():
            commit = publish(hub, small_translator(family), MODELS[name].reference)
            patch.setitem(MODELS, name, replace(MODELS[name], revision=commit))
        yield hub
    give_back_client()


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("converted")


@pytest.fixture
def models(
    hub: LoopbackHub, converted: Path, embedded: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., TranslationModels]:
    """Make the translators of an app with some settings, on this Hub unless told otherwise, and memory enough."""
    monkeypatch.setattr(translation_models, "available_bytes", lambda: None)

    def make(where: Hub | None = None, *, fixed: bool = False, **settings: object) -> TranslationModels:
        return TranslationModels(
            Settings(**{"cache": converted} | settings),
            where or Hub(),
            say=lambda line: None,
            lock=RLock(),
            device=lambda: "cpu",
            write_each=lambda clips, language, task: (
                ["I love music." if task == "translate" else "我爱音乐。"] * len(clips)
            ),
            speech_model=lambda: SPEECH_MODEL,
            fixed=fixed,
        )

    return make


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where models lie that come with the app; none do at first."""
    for module in ("najva.translation_models", "najva.pretrained.checkpoint"):
        monkeypatch.setattr(f"{module}.EMBEDDED_FOLDER", tmp_path / "embedded")
    return tmp_path / "embedded"


@pytest.fixture
def with_embedded(embedded: Path, small_translator: Callable[[str], Path]) -> Path:
    return Path(shutil.copytree(small_translator("own"), embedded / "translator"))


@pytest.fixture
def repository() -> str:
    """A name that no other test has."""
    return f"najva-tester/model-{next(_NUMBERS)}"


@pytest.fixture
def refusal(
    hub: LoopbackHub, models: Callable[..., TranslationModels], repository: str, monkeypatch: pytest.MonkeyPatch
):
    """Publish a folder and return the one sentence with which it is refused when it is to translate."""

    def find(folder: Path, family: str) -> str:
        name = next(name for name, its in FAMILY_OF.items() if its == family)
        row = replace(MODELS[name], reference=repository, revision=publish(hub, folder, repository))
        monkeypatch.setitem(MODELS, name, row)
        with pytest.raises(ModelError) as refused:
            texts(models(non_commercial=True).translator(name).engines[0], "en", "zh-Hans", "gift")
        message = str(refused.value)
        assert repository in message and message.endswith(".") and "\n" not in message
        return message

    return find


@pytest.fixture
def copy(small_translator: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    return lambda family: Path(shutil.copytree(small_translator(family), tmp_path / "copy"))


def texts(engine: TranslationEngine, source: str, target: str, *units: str) -> list[str]:
    written = engine.translate([Unit(id, text) for id, text in enumerate(units)], source, target, engine.attempts[0])
    return [one.text for one in written]


def taught(source: str, target: str) -> dict[str, str]:
    """Return what was taught of a way, Chinese by text."""
    return {
        text: chinese
        for (language, text, letters), chinese in (TAUGHT | TAUGHT_HANT).items()
        if (language, letters) == (source, target)
    }


class TestFamilies:
    @pytest.mark.parametrize("name", FAMILY_OF)
    def test_words_come_out_with_their_ids_in_their_order(self, models, name):
        """The same word means another thing in German: the model is told of which language it is."""
        engine = models(non_commercial=True).translator(name).engines[0]
        assert engine.references[-1][1] == f"{MODELS[name].reference}@{MODELS[name].revision}"
        ways = [(source, "zh-Hans") for source in ("en", "fa", "de") if source in MODELS[name].languages]
        for source, target in ways:
            known = taught(source, target)
            units = [Unit(7 - place, text) for place, text in enumerate(known)]
            written = engine.translate(units, source, target, engine.attempts[0])
            assert [(one.id, one.text) for one in written] == [(unit.id, known[unit.text]) for unit in units]
            assert all(-0.5 < one.score < 0 for one in written)
        assert len(ways) == (1 if name == "opus-mt-en-zh" else 3)
        assert not engine.supports("xx", "zh-Hans")

    @pytest.mark.parametrize("name", ["nllb-200-distilled-600m", "opus-mt-en-zh"])
    def test_traditional_letters_are_asked_for(self, models, name):
        engine = models(non_commercial=True).translator(name).engines[0]
        known = taught("en", "zh-Hant")
        assert texts(engine, "en", "zh-Hant", *known) == list(known.values())

    @pytest.mark.parametrize("name", FAMILY_OF)
    def test_translator_writes_the_letters_that_are_wanted(self, models, name):
        translator = models(non_commercial=True).translator(name)
        for target, expected in (("zh-Hans", "我爱音乐。"), ("zh-Hant", "我愛音樂。")):
            (found,) = translator.translate([Sentence(0, "I love music.")], "en", target)
            assert (found.translation, found.engine) == (expected, name)

    def test_text_that_names_a_piece_which_only_pytorch_knows_is_text(self, models):
        """CTranslate2 leaves out what fills up in Marian's vocabulary."""
        engine = models().translator("opus-mt-en-zh").engines[0]
        assert len(texts(engine, "en", "zh-Hans", "gift <pad>")) == 1

    def test_second_translator_of_a_model_loads_nothing(self, hub, models):
        found = models()
        first = found.translator("m2m100_418m").engines[0]
        texts(first, "en", "zh-Hans", "gift")
        hub.requests.clear()
        second = found.translator("m2m100_418m").engines[0]
        assert texts(second, "en", "zh-Hans", "gift") == ["礼物"]
        assert hub.requests == []

    def test_tokenizer_that_transformers_5_saved_is_converted(self, models, copy):
        """It no longer lists M2M100's languages."""
        folder = copy("m2m100")
        change_json(folder / "tokenizer_config.json", additional_special_tokens=None)
        (folder / "special_tokens_map.json").unlink()
        engine = models(translator=str(folder)).translator("own").engines[0]
        assert texts(engine, "fa", "zh-Hans", "رادیو را خاموش کن.") == ["关掉收音机。"]

    def test_weights_of_the_conversion_bot_translate(self, hub, models, copy, monkeypatch):
        """As the published M2M100 lies on the Hub: a pickle at the pinned commit, safetensors in a pull request."""
        folder = copy("m2m100")
        weights = (folder / "model.safetensors").rename(folder.parent / "model.safetensors")
        (folder / "pytorch_model.bin").write_bytes(b"pickled")
        commit = publish(hub, folder, "facebook/pickled")
        row = replace(MODELS["m2m100_418m"], reference="facebook/pickled", revision=commit)
        monkeypatch.setitem(MODELS, row.name, row)
        bot = hub.api(hub.site.accounts.token_for("SFconvertbot", "write"))
        opened = bot.create_commit(
            row.reference, [CommitOperationAdd("model.safetensors", weights)], commit_message="Adds", create_pr=True
        )
        engine = models().translator(row.name).engines[0]
        assert engine.references[-1][1] == f"facebook/pickled@{opened.oid}" != f"facebook/pickled@{commit}"
        assert texts(engine, "de", "zh-Hans", "gift") == ["毒药"]

    def test_chat_model_ends_where_its_settings_say(self, hub, models, copy, repository, monkeypatch):
        folder = copy("chat")
        settings = read_json(folder / "generation_config.json")
        (full_stop,) = load_tokenizer(folder)("。").input_ids
        change_json(folder / "generation_config.json", eos_token_id=[*settings["eos_token_id"], full_stop])
        row = replace(MODELS["lmt-60-0.6b"], reference=repository, revision=publish(hub, folder, repository))
        monkeypatch.setitem(MODELS, row.name, row)
        assert texts(models().translator(row.name).engines[0], "en", "zh-Hans", "I love music.") == ["我爱音乐"]

    def test_source_without_end_is_cut_and_no_error(self, models, with_embedded):
        engine = models().translator("embedded").engines[0]
        assert len(texts(engine, "en", "zh-Hans", "music " * 1000)) == 1

    def test_pivot_goes_through_english_of_speech(self, models):
        translator = models(translator=MODELS["opus-mt-en-zh"].reference).translator("pivot")
        speech = np.zeros(16000, np.float32)
        (found,) = translator.translate([Sentence(0, "음악을 좋아해요")], "ko", "zh-Hans", lambda sentence: speech)
        assert (found.translation, found.english, found.engine) == ("我爱音乐。", "I love music.", "pivot")
        (_, hearing), (_, writing) = translator.references([found])
        assert hearing == SPEECH_MODEL and writing.startswith("Helsinki-NLP/opus-mt-en-zh@")


class TestModelsThatAreNone:
    @pytest.mark.parametrize("family", ["m2m100", "nllb", "marian", "chat"])
    def test_without_tokenizer(self, copy, refusal, family):
        """transformers makes some of them up: without words, or with the languages alone."""
        folder = copy(family)
        for name in TOKENIZERS:
            (folder / name).unlink(missing_ok=True)
        assert "has no" in refusal(folder, family)

    def test_without_chat_template(self, copy, refusal):
        folder = copy("chat")
        (folder / "chat_template.jinja").unlink()
        assert "it has no chat template" in refusal(folder, "chat")

    @pytest.mark.parametrize("family", ["m2m100", "nllb", "marian", "chat"])
    def test_without_one_of_its_weights(self, copy, refusal, family):
        folder = copy(family)
        weights = load_file(folder / "model.safetensors")
        gone = next(name for name in weights if "layers.0.self_attn.q_proj.weight" in name)
        del weights[gone]
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        assert f"it lacks {gone}" in refusal(folder, family)

    def test_with_damaged_weights(self, copy, refusal):
        folder = copy("marian")
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
        assert "cannot be" in refusal(folder, "marian")

    def test_that_do_not_translate(self, copy, refusal):
        folder = copy("marian")
        change_json(folder / "config.json", model_type="bert")
        assert "is no translator that is known here: it is a 'bert'" in refusal(folder, "marian")

    def test_chat_model_that_nobody_knows_how_to_ask(self, hub, models, small_translator, repository):
        publish(hub, small_translator("chat"), repository)
        with pytest.raises(ModelError, match="chat model whose prompt is not known here"):
            models(translator=repository).translator("own")


class TestAuto:
    def test_takes_the_best_and_what_comes_with_the_app(self, models, with_embedded):
        found = models()
        assert [row.name for row in found.default] == ["lmt-60-0.6b", "embedded"]
        assert found.stepped_down == []
        translator = found.translator()
        assert [engine.name for engine in translator.engines] == ["lmt-60-0.6b", "embedded", "pivot", "m2m100_418m"]
        (sentence,) = translator.translate([Sentence(0, "رادیو را خاموش کن.")], "fa", "zh-Hans")
        assert (sentence.translation, sentence.engine) == ("关掉收音机。", "lmt-60-0.6b")

    def test_steps_down_to_m2m100_and_to_what_comes_with_the_app(self, models, with_embedded, monkeypatch):
        gone = replace(MODELS["lmt-60-0.6b"], reference="NiuTrans/gone")
        monkeypatch.setitem(MODELS, gone.name, gone)
        found = models()
        assert [row.name for row in found.default] == ["m2m100_418m", "embedded"]
        (reason,) = found.stepped_down
        assert "NiuTrans/gone" in reason and "no such repository" in reason
        monkeypatch.setitem(MODELS, "m2m100_418m", replace(MODELS["m2m100_418m"], revision="0" * 40))
        found = models()
        assert [row.name for row in found.default] == ["embedded"]
        first, second = found.stepped_down
        assert "NiuTrans/gone" in first and "facebook/m2m100_418M has no revision" in second
        (sentence,) = found.translator().translate([Sentence(0, "Turn the radio off.")], "en", "zh-Hans")
        assert (sentence.translation, sentence.engine) == ("关掉收音机。", "embedded")
        assert found.translator().references([sentence]) == [("embedded", "embedded:translator")]

    def test_without_hub_it_is_what_comes_with_the_app(self, models, with_embedded, monkeypatch):
        for name in ("lmt-60-0.6b", "m2m100_418m"):
            monkeypatch.setitem(MODELS, name, replace(MODELS[name], revision="1" * 40))
        found = models(Hub(offline=True))
        assert [row.name for row in found.default] == ["embedded"] and found.is_settled
        assert len(found.stepped_down) == 2 and all("NAJVA_MODELS=offline" in line for line in found.stepped_down)

    def test_with_nothing_at_all_it_says_why(self, models, monkeypatch):
        for name in ("lmt-60-0.6b", "m2m100_418m"):
            monkeypatch.setitem(MODELS, name, replace(MODELS[name], revision="1" * 40))
        with pytest.raises(ModelError, match="No translator can be had") as refused:
            models(Hub(offline=True)).translator()
        assert "LMT-60-0.6B" in str(refused.value) and "m2m100_418M" in str(refused.value)
        assert "embedded" not in str(refused.value)

    def test_memory_decides(self, models, with_embedded, monkeypatch, tmp_path):
        needed = {name: MODELS[name].preparing_bytes for name in ("lmt-60-0.6b", "m2m100_418m")}
        assert needed["m2m100_418m"] < needed["lmt-60-0.6b"]
        monkeypatch.setattr(translation_models, "available_bytes", lambda: needed["m2m100_418m"])
        found = models(cache=tmp_path)
        assert [row.name for row in found.default] == ["m2m100_418m", "embedded"]
        assert found.stepped_down == [
            "The translator NiuTrans/LMT-60-0.6B needs 3.3 GB of memory, and 2.7 GB are free."
        ]
        monkeypatch.setattr(translation_models, "available_bytes", lambda: 10**8)
        assert [row.name for row in models(cache=tmp_path).default] == ["embedded"]
        monkeypatch.setattr(translation_models, "available_bytes", lambda: 1)
        with pytest.raises(ModelError, match=r"embedded:translator needs 0\.0 GB of memory"):
            models(cache=tmp_path).translator()

    def test_what_was_prepared_needs_less(self, models, with_embedded, monkeypatch, tmp_path):
        row = MODELS["lmt-60-0.6b"]
        monkeypatch.setattr(translation_models, "available_bytes", lambda: row.memory_bytes)
        found = models(cache=tmp_path)
        assert [one.name for one in found.default] == ["embedded"]
        translator_folder("hub", row.revision, tmp_path).mkdir(parents=True)
        assert models(cache=tmp_path).default[0].name == row.name

    def test_where_nothing_can_be_loaded_later_all_is_loaded_at_once(self, models, with_embedded, monkeypatch):
        """As on a ZeroGPU Space: what is offered is there, and whoever asks waits for no download."""
        loaded, load = [], translation_models.load_translator

        def notes(checkpoint, *arguments):
            loaded.append(checkpoint.reference.partition("@")[0])
            if "LMT" in checkpoint.reference:
                raise ModelError("It cannot be read.")
            return load(checkpoint, *arguments)

        monkeypatch.setattr(translation_models, "load_translator", notes)
        found = models(fixed=True)
        found.load_default()
        assert loaded == ["NiuTrans/LMT-60-0.6B", "facebook/m2m100_418M", "embedded:translator"]
        assert found.names == ["auto", "m2m100_418m", "embedded", "pivot", "forced"]
        assert [engine.name for engine in found.translator().engines] == ["m2m100_418m", "embedded", "pivot"]
        with pytest.raises(UnknownEngine, match="there are auto, m2m100_418m, embedded, pivot, forced"):
            found.translator("opus-mt-en-zh")
        # A minute later the better one is looked for again elsewhere, not here.
        found._broken.clear()
        for there, best in ((models(), "lmt-60-0.6b"), (found, "m2m100_418m")):
            there._default, there.stepped_down, there._found_at = (
                found._default,
                ["It could not be had."],
                float("-inf"),
            )
            assert there.default[0].name == best
        sentence = [Sentence(0, next(text for source, text, _ in TAUGHT if source == "en"))]
        assert found.translator().translate(sentence, "en", "zh-Hans")[0].engine == "m2m100_418m"
        assert len(loaded) == 3

    def test_what_cannot_be_loaded_is_not_tried_by_everybody(self, models, with_embedded, monkeypatch):
        asked, load = [], translation_models.load_translator

        def fails(checkpoint, *arguments):
            asked.append(checkpoint.reference)
            if "LMT" in checkpoint.reference:
                raise ModelError("It cannot be read.")
            return load(checkpoint, *arguments)

        monkeypatch.setattr(translation_models, "load_translator", fails)
        found = models()
        sentence = [Sentence(0, next(text for source, text, _ in TAUGHT if source == "en"))]
        # Who meets the failure is helped by the next best one; who comes later does not wait for it.
        (first,) = found.translator().translate(sentence, "en", "zh-Hans")
        assert [row.name for row in found.default] == ["m2m100_418m", "embedded"]
        assert found.stepped_down == ["It cannot be read."]
        (later,) = found.translator().translate(sentence, "en", "zh-Hans")
        assert first.translation and later.engine == "m2m100_418m"
        assert sum("LMT" in name for name in asked) == 1

    def test_free_memory_is_below_what_the_machine_has(self):
        free = translation_models.available_bytes()
        total = Path("/proc/meminfo")
        if not total.exists():
            assert free is None
        else:
            assert 0 <= free < int(total.read_text().split()[1]) * 1024


class TestOwn:
    def test_name_of_the_registry_is_its_row(self, models, with_embedded):
        row = MODELS["m2m100_418m"]
        found = models(translator=row.reference)
        assert [one.name for one in found.default] == [row.name, "embedded"]
        assert found.why(found.default[0]) == "NAJVA_TRANSLATOR names it"
        assert found.translator().engines[0].references[-1][1] == f"{row.reference}@{row.revision}"

    def test_revision_is_another_model_than_the_rows(self, hub, models, copy):
        """What is asked for by the row's name is still the row's commit."""
        row, folder = MODELS["m2m100_418m"], copy("m2m100")
        (folder / "README.md").write_text("Another.", encoding="utf-8")
        other = publish(hub, folder, row.reference)
        found = models(translator=f"{row.reference}@{other}")
        own, pinned = found.translator().engines[0], found.translator(row.name).engines[0]
        assert own.references == [("own", f"{row.reference}@{other}")]
        assert pinned.references == [(row.name, f"{row.reference}@{row.revision}")]
        assert texts(own, "de", "zh-Hans", "gift") == texts(pinned, "de", "zh-Hans", "gift") == ["毒药"]

    @pytest.mark.parametrize(("family", "source"), [("m2m100", "fa"), ("nllb", "fa"), ("marian", "en")])
    def test_model_that_no_row_knows_is_asked_as_its_family(
        self, hub, models, small_translator, repository, family, source
    ):
        commit = publish(hub, small_translator(family), repository)
        engine = models(translator=repository, non_commercial=True).translator("own").engines[0]
        assert engine.references[-1][1] == f"{repository}@{commit}"
        known = taught(source, "zh-Hans")
        assert texts(engine, source, "zh-Hans", *known) == list(known.values())
        assert not engine.supports("de" if family == "marian" else "xx", "zh-Hans")

    @pytest.mark.parametrize(
        ("stated", "languages"),
        [
            ({"source_lang": "deu", "target_lang": "zho"}, {"de"}),
            ({"source_lang": "fas", "target_lang": "cmn"}, {"fa"}),
            ({"source_lang": "de", "target_lang": "en"}, None),
            ({"source_lang": "mul", "target_lang": "zh"}, None),
            ({"source_lang": None, "target_lang": "zh"}, None),
        ],
    )
    def test_marian_reads_what_it_states_and_no_more(self, models, copy, stated, languages):
        folder = copy("marian")
        change_json(folder / "tokenizer_config.json", **stated)
        found = models(Hub(offline=True), translator=str(folder))
        if languages is None:
            with pytest.raises(ModelError, match="from one language that Whisper knows into Chinese: `source_lang`"):
                found.translator("own")
        else:
            engine = found.translator("own").engines[0]
            assert [code for code in LARGE_V3_LANGUAGES if engine.supports(code, "zh-Hans")] == sorted(languages)

    def test_own_models_read_english_and_persian(self, models, small_translator):
        engine = models(Hub(offline=True), translator=str(small_translator("own"))).translator("own").engines[0]
        assert {code for code in LARGE_V3_LANGUAGES if engine.supports(code, "zh-Hant")} == {"en", "fa"}

    def test_folder(self, models, small_translator, with_embedded):
        folder = str(small_translator("m2m100"))
        found = models(Hub(offline=True), translator=folder)
        assert [(row.name, row.reference) for row in found.default] == [
            ("own", folder),
            ("embedded", "embedded:translator"),
        ]
        engine = found.translator("own").engines[0]
        assert engine.references[-1][1] == folder and texts(engine, "en", "zh-Hans", "gift") == ["礼物"]

    def test_is_looked_up_once(self, hub, models, small_translator, repository):
        publish(hub, small_translator("m2m100"), repository)
        found = models(translator=repository)
        found.translator("own")
        hub.requests.clear()
        assert texts(found.translator("own").engines[0], "en", "zh-Hans", "gift") == ["礼物"]
        assert hub.requests == []

    def test_that_cannot_be_had_is_told_and_the_others_serve(self, models):
        found = models(translator="najva-tester/nothing")
        assert [row.name for row in found.default] == ["lmt-60-0.6b"]
        (reason,) = found.stepped_down
        assert "najva-tester/nothing" in reason
        with pytest.raises(ModelError, match="najva-tester/nothing"):
            found.translator("own")


class TestNames:
    def test_unknown_one_is_told_the_known(self, models, with_embedded):
        known = ["auto", "own", *MODELS]
        found = models(translator="najva-tester/nothing")
        assert found.names == known
        with pytest.raises(UnknownEngine, match=f"no engine 'best'; there are {', '.join(known)}"):
            found.translator("best")

    def test_only_what_is_there_is_named(self, models):
        found = models()
        assert not {"own", "embedded"} & set(found.names)
        for name in ("own", "embedded", ""):
            with pytest.raises(UnknownEngine, match=f"no engine '{name}'; there are auto, lmt"):
                found.translator(name)

    @pytest.mark.parametrize("reference", ["facebook/nllb-200-distilled-600M", ""])
    def test_non_commercial_model_needs_leave(self, hub, models, small_translator, repository, reference):
        """Also where the operator named it: by its row or, of a model that has none, by its card."""
        publish(hub, small_translator("nllb"), repository)
        reference = reference or repository
        named = models(translator=reference)
        for found, name in ((models(), "nllb-200-distilled-600m"), (named, "nllb-200-distilled-600m"), (named, "own")):
            with pytest.raises(
                UnknownEngine, match=r"non-commercial use only \(cc-by-nc-4.0\).*NAJVA_NON_COMMERCIAL=1"
            ):
                found.translator(name)
        assert named.default[0].name == "lmt-60-0.6b" and "NAJVA_NON_COMMERCIAL=1" in named.stepped_down[0]
        allowed = models(translator=reference, non_commercial=True)
        assert allowed.default[0].licence == "cc-by-nc-4.0" and allowed.stepped_down == []
        assert texts(allowed.translator().engines[0], "en", "zh-Hans", "gift") == ["礼物"]
