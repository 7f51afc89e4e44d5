"""Folders and Hub repositories become checked local folders, or one sentence."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, constants
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from najva.pretrained import Hub, ModelError, find_checkpoint
from najva.pretrained import hub as hub_module
from tests.hub import LoopbackHub
from tests.hub.client import leave_out_pauses
from tests.najva.pretrained import tiny_models
from tests.najva.pretrained.tiny_models import change_json, push

MODEL = "najva-tester/tiny"
BERT = BertConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16)


@pytest.fixture(params=["xet", "lfs"])
def hub(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A Hub whose models were pushed in either way."""
    leave_out_pauses(monkeypatch)
    with tiny_models.running_hub(tmp_path, xet=request.param == "xet") as hub:
        yield hub


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """The time limit, shortened from the real one, which nobody should have to wait for."""
    assert hub_module._SILENCE_SECONDS < 10
    monkeypatch.setattr(hub_module, "_SILENCE_SECONDS", 1.0)
    return 1.0


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "copy"))


def refusal(reference: str, hub: Hub | None = None) -> str:
    """Return the one sentence with which a reference is refused."""
    with pytest.raises(ModelError) as refused:
        find_checkpoint(reference, hub or Hub(offline=True), Path("unused"))
    message = str(refused.value)
    assert message.endswith(".") and "\n" not in message and "Traceback" not in message
    return message


class TestFolder:
    def test_is_taken_as_it_is(self, tiny):
        found = find_checkpoint(str(tiny), Hub(offline=True), Path("unused"))
        assert (found.reference, found.source, found.folder) == (str(tiny), "folder", tiny)
        assert not found.is_adapter and found.converted is None and found.measured == {}

    def test_revision_follows_its_files(self, copy):
        def revision() -> str:
            return find_checkpoint(str(copy), Hub(offline=True), Path("unused")).revision

        before = revision()
        assert before == revision()
        (copy / "model.safetensors").touch()
        assert revision() != before

    def test_revision_does_not_follow_what_is_said_of_it(self, copy):
        """Measuring a model, or publishing it with a card, does not make it another model."""
        before = find_checkpoint(str(copy), Hub(offline=True), Path("unused")).revision
        for name in ("README.md", "measured.json", "run.json"):
            (copy / name).write_text("{}", encoding="utf-8")
        assert find_checkpoint(str(copy), Hub(offline=True), Path("unused")).revision == before

    def test_measured_figures_come_with_it(self, copy):
        (copy / "measured.json").write_text('{"wer": 0.25}')
        assert find_checkpoint(str(copy), Hub(offline=True), Path("unused")).measured == {"wer": 0.25}

    def test_that_is_absent_is_named(self):
        assert "'./no/such/folder' does not exist" in refusal("./no/such/folder")

    def test_without_safetensors_is_refused(self, copy):
        (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
        assert "no safetensors" in refusal(str(copy)) and "save_pretrained" in refusal(str(copy))

    def test_with_other_safetensors_than_the_weights_is_refused(self, copy):
        """Else the loader would take the pickle beside them."""
        (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
        (copy / "optimizer.safetensors").touch()
        assert "no safetensors" in refusal(str(copy))

    def test_of_another_model_is_refused(self, tmp_path):
        BertModel(BERT).save_pretrained(tmp_path / "bert")
        assert "is not a Whisper: it is a 'bert'" in refusal(str(tmp_path / "bert"))

    def test_without_configuration_is_refused(self, copy):
        (copy / "config.json").unlink()
        assert "is not a Whisper: it has no config.json" in refusal(str(copy))

    @pytest.mark.parametrize("content", [b'{"model_type": "whi', b"\xff\xfe{}"])
    def test_with_damaged_configuration_is_named(self, copy, content):
        (copy / "config.json").write_bytes(content)
        assert "config.json is damaged, as it is not JSON" in refusal(str(copy))

    @pytest.mark.parametrize(
        ("card", "licence"),
        [("---\nlicense: cc-by-4.0\n---\n", "cc-by-4.0"), ("No front matter.", ""), ("---\nlicense: [\n---\n", "")],
    )
    def test_licence_is_what_its_card_states(self, copy, cache, card, licence):
        (copy / "README.md").write_text(card, encoding="utf-8")
        assert find_checkpoint(str(copy), Hub(offline=True), cache).licence == licence
        (copy / "README.md").unlink()
        assert find_checkpoint(str(copy), Hub(offline=True), cache).licence == ""

    def test_outside_the_embedded_ones_is_never_an_embedded_one(self):
        for name in ("nothing", "..", "../najva", "/"):
            assert f"no embedded model '{name}'" in refusal(f"embedded:{name}")


@pytest.mark.hub
class TestHub:
    def test_main_branch_and_pinned_commit(self, hub, copy, cache):
        first = push(hub.api(), copy, MODEL)
        found = find_checkpoint(MODEL, Hub(), cache)
        assert (found.source, found.revision, found.licence) == ("hub", first, "apache-2.0")
        assert load_file(found.folder / "model.safetensors").keys() == load_file(copy / "model.safetensors").keys()
        change_json(copy / "config.json", note="second")
        second = push(hub.api(), copy, MODEL)
        assert find_checkpoint(MODEL, Hub(), cache).revision == second != first
        pinned = find_checkpoint(f"{MODEL}@{first}", Hub(), cache)
        assert pinned.revision == first and "note" not in (pinned.folder / "config.json").read_text()
        assert find_checkpoint(f"hub:{MODEL}@main", Hub(), cache).revision == second

    def test_pickles_are_never_downloaded(self, hub, copy, cache):
        for name in ("pytorch_model.bin", "optimizer.pt", "code.py"):
            (copy / name).write_bytes(b"no")
        push(hub.api(), copy, MODEL)
        names = {path.name for path in find_checkpoint(MODEL, Hub(), cache).folder.rglob("*")}
        assert "model.safetensors" in names and not {"pytorch_model.bin", "optimizer.pt", "code.py"} & names

    def test_private_repository_needs_its_token(self, hub, tiny, cache, monkeypatch):
        commit = push(hub.api(), tiny, MODEL, private=True)
        for token in ("", hub.stranger_token):
            monkeypatch.setenv("HF_TOKEN", token)
            message = refusal(MODEL, Hub())
            assert MODEL in message and "private" in message and "HF_TOKEN" in message
        monkeypatch.setenv("HF_TOKEN", hub.read_token)
        assert find_checkpoint(MODEL, Hub(), cache).revision == commit

    def test_wrong_token_is_said(self, hub, tiny, monkeypatch):
        push(hub.api(), tiny, MODEL)
        monkeypatch.setenv("HF_TOKEN", "hf_wrong")
        message = refusal(MODEL, Hub())
        assert MODEL in message and "HF_TOKEN" in message

    def test_missing_repository_names_both_folder_and_hub(self, hub):
        message = refusal("najva-tester/nothing", Hub())
        assert "najva-tester/nothing" in message and "no such repository" in message and "no folder" in message

    @pytest.mark.parametrize("revision", ["nothing", "0" * 40])
    def test_missing_revision_is_named(self, hub, tiny, revision):
        push(hub.api(), tiny, MODEL)
        message = refusal(f"{MODEL}@{revision}", Hub())
        assert f"{MODEL} has no revision '{revision}'" in message

    def test_without_safetensors_is_refused_before_the_download(self, hub, copy):
        (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
        push(hub.api(), copy, MODEL)
        hub.requests.clear()
        assert "no safetensors" in refusal(MODEL, Hub())
        assert not [request for request in hub.requests if "/resolve/" in request or "/storage/" in request]

    def test_of_another_model_is_refused(self, hub, tmp_path):
        BertModel(BERT).save_pretrained(tmp_path / "bert")
        push(hub.api(), tmp_path / "bert", MODEL)
        assert f"{MODEL} is not a Whisper: it is a 'bert'" in refusal(MODEL, Hub())

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_server_error_is_said_unless_the_cache_has_the_model(self, hub, tiny, cache, status):
        commit = push(hub.api(), tiny, MODEL)
        hub.faults.refuse(status, only="/api/models/")
        message = refusal(MODEL, Hub())
        assert MODEL in message and f"HTTP {status}" in message and "try again" in message
        hub.faults.clear()
        find_checkpoint(MODEL, Hub(), cache)
        hub.faults.refuse(status, only="/api/models/")
        assert find_checkpoint(MODEL, Hub(), cache).revision == commit


@pytest.mark.hub
class TestHubThatIsAway:
    def test_offline_never_asks(self, hub, tiny, cache):
        commit = push(hub.api(), tiny, MODEL)
        hub.requests.clear()
        message = refusal(MODEL, Hub(offline=True))
        assert MODEL in message and "NAJVA_MODELS=offline" in message and "folder" in message
        assert hub.requests == []
        find_checkpoint(MODEL, Hub(), cache)
        hub.requests.clear()
        found = find_checkpoint(MODEL, Hub(offline=True), cache)
        assert (found.source, found.revision, found.licence) == ("hub", commit, "apache-2.0")
        assert hub.requests == []

    def test_cached_model_works_without_its_hub(self, hub, tiny, cache):
        commit = push(hub.api(), tiny, MODEL)
        find_checkpoint(MODEL, Hub(), cache)
        hub.stop()
        assert find_checkpoint(MODEL, Hub(), cache).revision == commit
        assert find_checkpoint(f"{MODEL}@{commit}", Hub(), cache).revision == commit
        message = refusal("najva-tester/other", Hub())
        assert "najva-tester/other" in message and "does not answer" in message and hub.endpoint[7:] in message

    def test_openais_base_is_the_packaged_one(self, hub, packaged, cache):
        """The weights are the same, so an adapter of it works on a machine that has never seen the Hub."""
        hub.requests.clear()
        found = find_checkpoint("openai/whisper-base", Hub(offline=True), cache)
        assert (found.source, found.folder) == ("packaged", packaged / "transformers") and hub.requests == []
        # This Hub answers, and has none; a commit of it is another matter.
        assert find_checkpoint("openai/whisper-base", Hub(), cache).source == "packaged"
        assert "openai/whisper-base@main" in refusal("openai/whisper-base@main", Hub())

    @pytest.mark.parametrize("address", ["", "/resolve/", "/storage/"])
    @pytest.mark.slow
    def test_silent_hub_costs_seconds(self, hub, tiny, address, impatient):
        push(hub.api(), tiny, MODEL)
        hub.faults.hang(only=address)
        start = time.monotonic()
        message = refusal(MODEL, Hub())
        assert impatient < time.monotonic() - start < 10
        assert MODEL in message and hub.endpoint[7:] in message

    @pytest.mark.parametrize("sent_bytes", [0, 1_000_000])
    def test_hub_that_falls_silent_within_the_weights_costs_seconds(self, hub, tiny, cache, sent_bytes, impatient):
        commit = push(hub.api(), tiny, MODEL)
        hub.faults.stall_downloads(sent_bytes, only="/storage/")
        start = time.monotonic()
        message = refusal(MODEL, Hub())
        assert impatient < time.monotonic() - start < 10
        assert MODEL in message and "went away" in message and hub.endpoint[7:] in message
        assert sum(request.startswith("GET /storage/") for request in hub.requests) == 1
        hub.faults.clear()
        assert find_checkpoint(MODEL, Hub(), cache).revision == commit

    def test_a_push_from_the_same_process_is_not_hurried(self, hub, tiny, cache, impatient):
        """Before and after a model is fetched, also in vain, the client is the library's own, with Xet if it was."""
        xet = constants.HF_HUB_DISABLE_XET
        push(hub.api(), tiny, MODEL)
        find_checkpoint(MODEL, Hub(), cache)
        refusal("najva-tester/nothing", Hub())
        assert xet == constants.HF_HUB_DISABLE_XET
        hub.faults.hang(only="/commit/")
        threading.Timer(2 * impatient, hub.faults.clear).start()
        with pytest.raises(httpx2.RemoteProtocolError):  # the test's Hub drops what hangs; a limit would come first
            hub.api().create_commit(MODEL, [CommitOperationAdd("more.txt", b"more")], commit_message="Slow")

    def test_limits_hold_until_the_last_of_two_fetches_is_over(self, hub):
        xet = constants.HF_HUB_DISABLE_XET
        with hub_module._impatience:
            with hub_module._impatience:
                pass
            assert constants.HF_HUB_DISABLE_XET
        assert xet == constants.HF_HUB_DISABLE_XET

    def test_download_that_breaks_off_is_one_sentence_and_is_taken_up_again(self, hub, tiny, cache):
        commit = push(hub.api(), tiny, MODEL)
        hub.faults.cut_downloads(1_000_000, times=None)
        message = refusal(MODEL, Hub())
        assert MODEL in message and "went away" in message and "again" in message
        # Half a model in the cache is not taken for a model.
        assert MODEL in refusal(MODEL, Hub(offline=True))
        hub.faults.clear()
        found = find_checkpoint(MODEL, Hub(), cache)
        assert found.revision == commit
        assert (found.folder / "model.safetensors").read_bytes() == (tiny / "model.safetensors").read_bytes()

    def test_full_disk_is_not_blamed_on_the_hub(self, hub, tiny, monkeypatch):
        push(hub.api(), tiny, MODEL)

        def no_room(*arguments, **options):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("huggingface_hub.snapshot_download", no_room)
        message = refusal(MODEL, Hub())
        assert MODEL in message and "No space left on device" in message and "went away" not in message
