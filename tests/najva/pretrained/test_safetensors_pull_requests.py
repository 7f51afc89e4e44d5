"""A repository without safetensors: those of the Hub's conversion bot are taken, and nobody else's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import CommitInfo, CommitOperationAdd
from safetensors.torch import load_file
from transformers import MarianConfig

from najva.pretrained import Checkpoint, Hub, ModelError
from najva.pretrained.checkpoint import find_translator
from tests.hub import LoopbackHub
from tests.hub.client import leave_out_pauses
from tests.najva.pretrained import tiny_models
from tests.najva.pretrained.tiny_models import give_back_client, push

pytestmark = pytest.mark.hub

MODEL = "najva-tester/pickled"
BOT = "SFconvertbot"
# As the bot writes it; it also leaves the pickle where it is.
TITLE = "Adding `safetensors` variant of this model"
WEIGHTS = b"\x08\0\0\0\0\0\0\0{}      "


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    leave_out_pauses(monkeypatch)
    with tiny_models.running_hub(tmp_path) as hub:
        yield hub
    give_back_client()


@pytest.fixture
def pickled(hub: LoopbackHub, tmp_path: Path) -> str:
    """The commit of a repository whose only weights are a pickle."""
    MarianConfig(vocab_size=8, pad_token_id=7).save_pretrained(tmp_path / "pickled")
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"old weights")
    (tmp_path / "pickled" / "README.md").write_text("---\nlicense: apache-2.0\n---\n", encoding="utf-8")
    return push(hub.api(), tmp_path / "pickled", MODEL)


def propose(hub: LoopbackHub, user: str, weights: bytes = WEIGHTS, name: str = "model.safetensors") -> CommitInfo:
    """Have a user open a pull request with weights."""
    api = hub.api(hub.site.accounts.token_for(user, "write"))
    return api.create_commit(MODEL, [CommitOperationAdd(name, weights)], commit_message=TITLE, create_pr=True)


def find(reference: str = MODEL, hub: Hub | None = None) -> Checkpoint:
    return find_translator(reference, hub or Hub(), Path("unused"))


def refusal(reference: str = MODEL) -> str:
    """Return the one sentence with which a reference is refused."""
    with pytest.raises(ModelError) as refused:
        find(reference)
    message = str(refused.value)
    assert MODEL in message and message.endswith(".") and "\n" not in message
    return message


def test_bots_safetensors_are_taken_with_their_own_commit(hub: LoopbackHub, pickled: str) -> None:
    opened = propose(hub, BOT)
    for reference in (MODEL, f"{MODEL}@{pickled}", f"{MODEL}@main", f"{MODEL}@{opened.oid}"):
        found = find(reference)
        assert (found.source, found.revision, found.licence) == ("hub", opened.oid, "apache-2.0")
        assert load_file(found.folder / "model.safetensors") == {}
        assert {path.name for path in found.folder.iterdir()} == {"README.md", "config.json", "model.safetensors"}


def test_main_branch_with_safetensors_of_its_own_asks_for_no_pull_request(hub: LoopbackHub, pickled: str) -> None:
    opened = propose(hub, BOT)
    own = hub.api().upload_file(repo_id=MODEL, path_in_repo="model.safetensors", path_or_fileobj=WEIGHTS)
    hub.requests.clear()
    assert find().revision == own.oid
    assert not [request for request in hub.requests if "/discussions" in request]
    assert find(f"{MODEL}@{pickled}").revision == opened.oid


def test_merged_pull_request_serves_the_commit_before_it(hub: LoopbackHub, pickled: str) -> None:
    opened = propose(hub, BOT)
    hub.api().merge_pull_request(MODEL, opened.pr_num)
    assert find(f"{MODEL}@{pickled}").revision == find().revision == opened.oid


def test_nobody_elses_pull_request_is_taken(hub: LoopbackHub, pickled: str) -> None:
    """Whoever owns the repository could as well have committed; a stranger could not."""
    hub.site.page_entries = 1
    for user in ("stranger", hub.user, "SFconvertbot2"):
        propose(hub, user)
    message = refusal()
    assert "no safetensors" in message and BOT in message and "upload model.safetensors" in message
    opened = propose(hub, BOT)
    propose(hub, "stranger")
    assert find().revision == opened.oid


def test_closed_pull_request_is_not_taken(hub: LoopbackHub, pickled: str) -> None:
    opened = propose(hub, BOT)
    hub.api().change_discussion_status(MODEL, opened.pr_num, "closed")
    assert "no safetensors" in refusal()


def test_pull_request_must_be_made_of_the_same_weights(hub: LoopbackHub, pickled: str) -> None:
    """An old conversion would bring back weights that the main branch has replaced."""
    first = propose(hub, BOT)
    hub.api().upload_file(repo_id=MODEL, path_in_repo="pytorch_model.bin", path_or_fileobj=b"new weights")
    assert "no safetensors" in refusal()
    second = propose(hub, BOT)
    assert find().revision == second.oid
    assert find(f"{MODEL}@{pickled}").revision == first.oid


def test_pull_request_without_safetensors_is_not_taken(hub: LoopbackHub, pickled: str) -> None:
    propose(hub, BOT, b"more", "pytorch_model-2.bin")
    propose(hub, BOT, b"{}", "note.json")
    assert "no safetensors" in refusal()


def test_commit_that_came_is_remembered_without_the_hub(hub: LoopbackHub, pickled: str) -> None:
    opened = propose(hub, BOT)
    references = [MODEL, f"{MODEL}@{pickled}"]
    for reference in references:
        find(reference)
    hub.requests.clear()
    for reference in references:
        found = find(reference, Hub(offline=True))
        assert (found.revision, found.licence) == (opened.oid, "apache-2.0")
    assert hub.requests == []
    hub.stop()
    assert [find(reference).revision for reference in references] == [opened.oid] * 2
    with pytest.raises(ModelError, match="neither a folder nor in the local cache"):
        find(f"{MODEL}@{opened.pr_revision}")


def test_broken_download_is_not_taken_for_a_model(hub: LoopbackHub, pickled: str) -> None:
    opened = propose(hub, BOT)
    hub.faults.cut_downloads(4, times=None)
    assert "went away" in refusal()
    with pytest.raises(ModelError, match="the Hub cannot be asked"):
        find(hub=Hub(offline=True))
    hub.faults.clear()
    assert find().revision == opened.oid


@pytest.mark.parametrize("status", [403, 404])
def test_hub_without_discussions_has_no_pull_requests(hub: LoopbackHub, pickled: str, status: int) -> None:
    """Owners may turn them off, and a mirror may not know them."""
    propose(hub, BOT)
    hub.faults.refuse(status, only="/discussions")
    assert "no safetensors" in refusal()


@pytest.mark.parametrize("status", [429, 500])
def test_hub_that_fails_at_the_list_is_said_unless_the_cache_has_the_model(
    hub: LoopbackHub, pickled: str, status: int
) -> None:
    opened = propose(hub, BOT)
    hub.faults.refuse(status, only="/discussions")
    message = refusal()
    assert f"HTTP {status}" in message and "try again" in message
    hub.faults.clear()
    find()
    hub.faults.refuse(status, only="/discussions")
    assert find().revision == opened.oid
