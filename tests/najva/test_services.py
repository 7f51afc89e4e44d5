"""Which model serves whom, and what happens when one cannot be had."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import file_download

from najva.pretrained import ModelError
from najva.pretrained.packaged_whisper import packaged_whisper
from najva.services import Services
from najva.settings import Settings
from najva.transcriber import Transcript
from tests import clips
from tests.hub import LoopbackHub
from tests.najva.pretrained import tiny_models
from tests.najva.pretrained.tiny_models import give_back_client, push, save_adapter, save_tiny_whisper

KEYS = {"role", "serves", "why", "reference", "revision", "source", "licence", "base", "measured"}
PACKAGED = "packaged:whisper-base"
SMALL = "openai/whisper-small"


@pytest.fixture(scope="module", autouse=True)
def nothing_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No model comes with the app, and the Hub library's client is as it was when the tests end."""
    with pytest.MonkeyPatch.context() as patch:
        embed(patch, tmp_path_factory.mktemp("embedded"))
        yield
    give_back_client()


def embed(patch: pytest.MonkeyPatch, folder: Path) -> None:
    for module in (
        "najva.services",
        "najva.genre_models",
        "najva.translation_models",
        "najva.pretrained.checkpoint",
    ):
        patch.setattr(f"{module}.EMBEDDED_FOLDER", folder)


@pytest.fixture(scope="module")
def packaged(cache: Path) -> Path:
    """The packaged model, Hub-style."""
    return packaged_whisper(cache) / "transformers"


@pytest.fixture(scope="module")
def tiny(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_whisper(tmp_path_factory.mktemp("models") / "tiny", packaged)


@pytest.fixture(scope="module")
def adapter(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of the packaged model that nobody trained: it spoils what its base writes."""
    return save_adapter(tmp_path_factory.mktemp("adapters") / "fa", packaged, PACKAGED)


@pytest.fixture(scope="module")
def with_adapter(adapter: Path, cache: Path) -> tuple[Services, list[str]]:
    """Services with that adapter, and what they had to say."""
    lines: list[str] = []
    return services(cache, lines, asr_persian=str(adapter)), lines


@pytest.fixture(scope="module")
def without_adapter(cache: Path) -> Services:
    return services(cache)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A Hub on which OpenAI may publish."""
    wait = time.sleep
    # The client's pauses between attempts are left out.
    monkeypatch.setattr(file_download.time, "sleep", lambda seconds: wait(min(seconds, 0.01)))
    with tiny_models.running_hub(tmp_path, user="openai") as hub:
        yield hub


def services(cache: Path, lines: list[str] | None = None, **settings: str) -> Services:
    chosen = {"models": "offline", "device": "cpu"} | settings
    return Services(Settings(cache=cache, **chosen), (lines if lines is not None else []).append)


def write(speech: Services, clip: clips.Clip, model: str = "auto") -> Transcript:
    *_, transcript = speech.transcribe(clip.path, clip.language, model=model)
    return transcript


def roles(speech: Services) -> dict[str, dict]:
    return {model["role"]: model for model in speech.models()}


class TestModels:
    def test_each_states_everything(self, without_adapter):
        answer = without_adapter.models()
        assert [model["role"] for model in answer] == ["speech", "voice-activity"]
        assert all(set(model) == KEYS for model in answer)
        assert all(model[key] for model in answer for key in KEYS - {"base", "measured"})
        speech = roles(without_adapter)["speech"]
        assert (speech["reference"], speech["source"], speech["licence"]) == (PACKAGED, "packaged", "MIT")
        assert speech["why"] == "NAJVA_MODELS=offline asks for no Hub"

    def test_adapter_states_its_base(self, with_adapter, adapter):
        persian = roles(with_adapter[0])["persian"]
        assert set(persian) == KEYS
        assert (persian["reference"], persian["source"], persian["base"]) == (str(adapter), "folder", PACKAGED)
        assert persian["why"] == "NAJVA_ASR_PERSIAN names it" and persian["revision"]

    def test_embedded_adapter_serves_unless_another_is_named(self, adapter, tiny, cache, tmp_path, monkeypatch):
        embed(monkeypatch, tmp_path)
        assert "persian" not in roles(services(cache))
        shutil.copytree(adapter, tmp_path / "persian-adapter")
        (tmp_path / "persian-adapter" / "measured.json").write_text('{"wer": 0.5}')
        persian = roles(services(cache))["persian"]
        assert (persian["source"], persian["measured"]) == ("embedded", {"wer": 0.5})
        assert persian["why"] == "it comes with the app"
        assert roles(services(cache, asr_persian=str(tiny)))["persian"]["reference"] == str(tiny)
        # One that is there and broken is not passed over in silence.
        (tmp_path / "persian-adapter" / "adapter_model.safetensors").unlink()
        broken = services(cache)
        assert "persian" not in roles(broken) and "embedded:persian-adapter has no safetensors" in broken.problem

    def test_named_model_that_cannot_be_had_is_said_and_asked_for_again(self, cache, tiny, tmp_path):
        lines: list[str] = []
        speech = services(cache, lines, asr_model=str(tmp_path / "late"))
        speech.warm_up()
        assert len(lines) == 1 and str(tmp_path / "late") in lines[0]
        with pytest.raises(ModelError, match="late' does not exist"):
            speech.models()
        shutil.copytree(tiny, tmp_path / "late")
        assert roles(speech)["speech"]["why"] == "NAJVA_ASR_MODEL names it"

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    def test_gpu_that_is_not_there_is_said(self, cache):
        lines: list[str] = []
        services(cache, lines, device="cuda").warm_up()
        assert lines == ["NAJVA_DEVICE=cuda asks for a GPU and PyTorch sees none: set it to auto or cpu."]


@pytest.mark.slow
class TestPersianAdapter:
    def test_is_merged_and_converted_once(self, with_adapter, adapter, cache):
        speech, lines = with_adapter
        speech.warm_up()
        assert len(lines) == 1 and str(adapter) in lines[0] and "once" in lines[0]
        again: list[str] = []
        services(cache, again, asr_persian=str(adapter)).warm_up()
        assert again == []

    def test_writes_persian_and_nothing_else(self, with_adapter, without_adapter, adapter, test_data):
        speech, _ = with_adapter
        persian, (english, *_) = clips.persian("read")[0], clips.other_speech("en")
        tuned, base = write(speech, persian), write(without_adapter, persian)
        assert (tuned.model, base.model) == (str(adapter), PACKAGED)
        assert tuned.text != base.text
        same = write(speech, persian, model="base")
        assert (same.model, same.text) == (PACKAGED, base.text)
        mine, plain = write(speech, english), write(without_adapter, english)
        assert mine.model == plain.model == PACKAGED
        assert mine.segments == plain.segments and "ask not what your country" in mine.text

    def test_its_base_is_plain_whisper_unless_that_is_another_model(self, packaged, adapter, tiny, cache, tmp_path):
        # The Hub's name of the packaged weights.
        named = save_adapter(tmp_path / "named", packaged, "openai/whisper-base")
        for beside in (adapter, named):
            assert services(cache, asr_persian=str(beside)).other_base(str(beside)) == ""
        other = services(cache, asr_persian=str(named), asr_model=str(tiny))
        assert other.other_base(str(named)) == "openai/whisper-base"
        assert other.other_base(str(tiny)) == ""

    def test_a_named_one_leaves_the_language_to_whisper(self, with_adapter, without_adapter, test_data):
        path = clips.persian("read")[0].path
        found, plain = with_adapter[0].detect_language(path), without_adapter.detect_language(path)
        assert found == plain and len(found.probabilities) == 99
        assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-3)

    @pytest.mark.hub
    def test_may_come_from_a_private_repository(self, hub, adapter, cache, test_data, monkeypatch):
        commit = push(hub.api(), adapter, "openai/fa", private=True)
        speech = services(cache, models="auto", asr_model=PACKAGED, asr_persian="openai/fa")
        assert roles(speech)["persian"]["revision"] == commit
        assert write(speech, clips.persian("read")[0]).model == "openai/fa"
        monkeypatch.setenv("HF_TOKEN", hub.stranger_token)
        stranger = services(cache, models="auto", asr_model=PACKAGED, asr_persian="openai/fa")
        assert "persian" not in roles(stranger) and "HF_TOKEN" in stranger.problem


class TestPersianModelThatCannotBeUsed:
    def problem(self, cache: Path, folder: Path | str) -> tuple[Services, str]:
        """Return services that do without it, and what they say."""
        lines: list[str] = []
        speech = services(cache, lines, asr_persian=str(folder))
        speech.warm_up()
        assert list(roles(speech)) == ["speech", "voice-activity"]
        assert lines[-1] == speech.problem
        assert speech.problem.startswith("The Persian model cannot be used, so Persian is written by the base model. ")
        assert str(folder) in speech.problem and "\n" not in speech.problem and speech.problem.endswith(".")
        return speech, speech.problem

    @pytest.mark.slow
    def test_base_of_another_shape(self, tiny, cache, tmp_path, test_data):
        speech, problem = self.problem(cache, save_adapter(tmp_path / "adapter", tiny, PACKAGED))
        assert "does not fit its base packaged:whisper-base" in problem
        assert write(speech, clips.persian("read")[0]).model == PACKAGED
        assert "ask not what your country" in write(speech, clips.other_speech("en")[0]).text

    def test_base_without_a_name(self, tiny, cache, tmp_path):
        _, problem = self.problem(cache, save_adapter(tmp_path / "adapter", tiny, ""))
        assert "base_model_name_or_path" in problem

    @pytest.mark.parametrize("base", ["packaged:whisper-large", "./no/such/folder", "nobody/nothing"])
    def test_base_that_does_not_exist(self, tiny, cache, tmp_path, base):
        _, problem = self.problem(cache, save_adapter(tmp_path / "adapter", tiny, base))
        assert base.split(":")[-1] in problem

    def test_folder_that_does_not_exist(self, cache, tmp_path):
        _, problem = self.problem(cache, tmp_path / "nothing")
        assert "does not exist" in problem

    def test_name_that_is_none(self, cache):
        _, problem = self.problem(cache, "some model")
        assert "owner/name" in problem


@pytest.mark.hub
class TestBaseModel:
    def test_is_the_hubs_where_it_answers(self, hub, tiny, cache):
        commit = push(hub.api(), tiny, SMALL)
        for models, why in (("auto", "the Hub answers"), ("hub", "NAJVA_MODELS=hub asks for the Hub's")):
            speech = roles(services(cache, models=models))["speech"]
            assert (speech["reference"], speech["revision"], speech["source"]) == (SMALL, commit, "hub")
            assert (speech["why"], speech["licence"]) == (why, "apache-2.0")

    def test_offline_never_asks_the_hub(self, hub, tiny, cache):
        push(hub.api(), tiny, SMALL)
        hub.requests.clear()
        offline = services(cache)
        offline.warm_up()
        assert roles(offline)["speech"]["reference"] == PACKAGED
        with pytest.raises(ModelError, match=rf"{SMALL} .*NAJVA_MODELS=offline"):
            services(cache, asr_model=SMALL).models()
        assert hub.requests == []

    def test_download_that_breaks_off_costs_the_hubs_model_only_this_time(self, hub, tiny, cache):
        commit = push(hub.api(), tiny, SMALL)
        hub.faults.cut_downloads(1_000_000, times=None)
        lines: list[str] = []
        speech = services(cache, lines, models="auto")
        speech.warm_up()
        base = roles(speech)["speech"]
        assert base["reference"] == PACKAGED and "went away" in base["why"] and SMALL in base["why"]
        assert len(lines) == 1 and "went away" in lines[0]
        with pytest.raises(ModelError, match="went away"):
            services(cache, models="hub").models()
        hub.faults.clear()
        assert roles(services(cache, models="auto"))["speech"]["revision"] == commit

    def test_hub_without_the_model_is_done_without(self, hub, cache):
        base = roles(services(cache, models="auto"))["speech"]
        assert base["reference"] == PACKAGED and SMALL in base["why"]

    @pytest.mark.parametrize("fault", [pytest.param("silent", marks=pytest.mark.slow), "stopped"])
    def test_hub_that_is_away_costs_seconds(self, hub, cache, fault):
        hub.faults.hang() if fault == "silent" else hub.stop()
        start = time.monotonic()
        base = roles(services(cache, models="auto"))["speech"]
        assert time.monotonic() - start < 15
        assert (base["reference"], base["why"]) == (PACKAGED, "the Hub does not answer")
        with pytest.raises(ModelError, match=f"{SMALL} .*does not answer"):
            services(cache, models="hub").models()
