"""Pushes to the loopback Hub by the unmodified client, Xet on and off: all or nothing, a sentence for every fault."""

import json
import os
from pathlib import Path

import pytest
from huggingface_hub import constants

from publishing import hub as hub_module
from publishing.hub import Staged, check_target, find_revision, publish
from publishing.hub_errors import HubError
from publishing.hub_target import MARKS, Present, check_name
from tests.hub import LoopbackHub
from tests.hub.client import leave_out_pauses

pytestmark = pytest.mark.hub

NAME = "najva-tester/model"
SCOPE = "it needs the scope 'write'"


def stage(folder: Path, repository: str = NAME, kind: str = "model", **files: bytes) -> Staged:
    """A staged folder: weights, a card, the mark of its kind, and what is given."""
    content = {
        "README.md": b"---\nlicense: mit\nsdk: gradio\n---\n# A card\n",
        MARKS[kind]: b"{}",
        "figures/a.png": b"\x89PNG\0" + os.urandom(2000),
        **{name.replace("__", "."): value for name, value in files.items()},
    }
    content.setdefault("model.safetensors", bytes(range(256)) * 3000)
    for name, value in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(value)
    return Staged(folder, repository, kind, "A push")


def held(hub: LoopbackHub, repository: str = NAME, kind: str = "model") -> set[str]:
    """The files of a repository, without the Hub's own."""
    return set(hub.api().list_repo_files(repository, repo_type=kind)) - {".gitattributes"}


def commits(hub: LoopbackHub, repository: str = NAME, kind: str = "model") -> int:
    """Commits after the one that the Hub makes with every repository."""
    return len(hub.api().list_repo_commits(repository, repo_type=kind)) - 1


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_push_is_one_commit_of_a_private_repository(hub: LoopbackHub, tmp_path: Path, kind: str) -> None:
    item = stage(tmp_path / "one", kind=kind)
    said: list[str] = []
    (done,) = publish([item], say=said.append)
    information = hub.api().repo_info(NAME, repo_type=kind)
    assert information.private and done.revision == information.sha and done.changed and not done.public
    assert held(hub, kind=kind) == set(item.files()) and commits(hub, kind=kind) == 1
    assert done.files == 4 and done.bytes == sum(path.stat().st_size for path in item.files().values())
    assert done.url.endswith(NAME) and done.revision in said[-1]
    (again,) = publish([item], say=said.append)
    assert again.revision == done.revision and not again.changed and commits(hub, kind=kind) == 1


def test_a_repository_holds_what_was_staged_and_nothing_else(hub: LoopbackHub, tmp_path: Path) -> None:
    """What an earlier push had and this one has not goes in the same commit."""
    publish([stage(tmp_path / "one", adapter_config__json=b"{}")])
    second = stage(tmp_path / "two", config__json=b"{}")
    publish([second])
    assert held(hub) == set(second.files()) and commits(hub) == 2


def test_nobody_sees_a_public_repository_before_it_is_whole(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_out_pauses(monkeypatch)
    items = [stage(tmp_path / "one"), stage(tmp_path / "two", f"{NAME}-merged")]
    hub.faults.fail_push("commit")
    with pytest.raises(HubError):
        publish(items, public=True)
    hub.faults.clear()
    assert hub.api().model_info(NAME).private and not held(hub)
    assert not hub.api().repo_exists(f"{NAME}-merged")
    done = publish(items, public=True)
    for item, one in zip(items, done, strict=True):
        assert one.public and not hub.api().model_info(item.repository).private


@pytest.mark.parametrize("at", ["upload", "commit", "answer"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "known"])
def test_a_push_that_fails_in_the_middle_publishes_nothing(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, is_new: bool
) -> None:
    """If only the Hub's answer is lost, all is published, and the push knows it."""
    leave_out_pauses(monkeypatch)
    if not is_new:
        publish([stage(tmp_path / "old")])
    before = held(hub) if not is_new else set()
    count = commits(hub) if not is_new else 0
    item = stage(tmp_path / "new", weights__bin=os.urandom(300_000))
    hub.faults.fail_push(at)
    if at == "answer":
        (done,) = publish([item])
        assert done.changed and held(hub) == set(item.files())
    else:
        with pytest.raises(HubError, match="Nothing was pushed to najva-tester/model") as refused:
            publish([item])
        assert ("empty and private" if is_new else "what it was before") in str(refused.value)
        assert "the same command goes on" in str(refused.value) and "\n" not in str(refused.value)
        assert held(hub) == before and commits(hub) == count
    hub.faults.clear()
    (done,) = publish([item])
    assert held(hub) == set(item.files()) and commits(hub) == count + 1
    assert done.revision == hub.api().model_info(NAME).sha


def test_a_token_that_expires_before_the_commit(hub: LoopbackHub, tmp_path: Path) -> None:
    item = stage(tmp_path / "one")
    hub.faults.expire_token(only="/commit/")
    with pytest.raises(HubError, match="has expired") as refused:
        publish([item])
    assert SCOPE in str(refused.value)
    hub.faults.clear()
    assert not held(hub)
    publish([item])
    assert held(hub) == set(item.files())


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("missing", ["there is no token", SCOPE, "/settings/tokens", "HF_TOKEN"]),
        ("unknown", ["has expired, was revoked or is mistyped", SCOPE]),
        ("expired", ["has expired, was revoked or is mistyped", SCOPE]),
        ("read", ["may only read", SCOPE, "all repos under najva-tester"]),
        ("stranger", ["the token belongs to stranger", "push to stranger/model instead"]),
        ("offline", ["HF_HUB_OFFLINE"]),
        ("stopped", ["does not answer"]),
    ],
)
def test_who_may_not_push_is_told_so_before_anything_is_made(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str, words: list[str]
) -> None:
    tokens = {"unknown": "hf_nobody", "read": hub.read_token, "stranger": hub.stranger_token}
    if trouble in tokens:
        monkeypatch.setenv("HF_TOKEN", tokens[trouble])
    elif trouble == "missing":
        monkeypatch.delenv("HF_TOKEN")
    elif trouble == "expired":
        hub.faults.expire_token()
    elif trouble == "offline":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    else:
        hub.stop()
    for attempt in (lambda: publish([stage(tmp_path / "one")]), lambda: check_target(NAME)):
        with pytest.raises(HubError) as refused:
            attempt()
        assert all(word in str(refused.value) for word in words) and "\n" not in str(refused.value)
    if trouble == "stopped":
        hub.start()
    hub.faults.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert not hub.api().repo_exists(NAME)


@pytest.mark.parametrize("name", ["model", "a/b/c", "owner/na me", "owner/-x", "owner/x--y", "owner/x.git", "", "/x"])
def test_names_that_the_hub_does_not_take(name: str) -> None:
    with pytest.raises(HubError, match=r"^'"):
        check_name(name)


def test_what_somebody_else_made_is_left_alone(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.api().create_repo(NAME, private=True)
    hub.api().upload_file(path_or_fileobj=b"{}", path_in_repo="thesis.tex", repo_id=NAME)
    item = stage(tmp_path / "one")
    for attempt in (lambda: publish([item]), lambda: check_target(NAME)):
        with pytest.raises(HubError, match=r"holds something else \(thesis\.tex\).*--replace"):
            attempt()
    assert held(hub) == {"thesis.tex"}
    publish([item], replace=True)
    assert held(hub) == set(item.files())


def test_an_empty_repository_and_one_with_a_card_are_taken(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.api().create_repo(NAME, private=True)
    hub.api().upload_file(path_or_fileobj=b"# To come", path_in_repo="README.md", repo_id=NAME)
    item = stage(tmp_path / "one")
    publish([item])
    assert held(hub) == set(item.files())


def test_other_kinds_have_names_of_their_own(hub: LoopbackHub, tmp_path: Path) -> None:
    publish([stage(tmp_path / "one", kind="dataset")])
    publish([stage(tmp_path / "two")])
    assert held(hub) == set(stage(tmp_path / "two").files())


def test_a_public_repository_is_not_pushed_to_by_accident(hub: LoopbackHub, tmp_path: Path) -> None:
    item = stage(tmp_path / "one")
    publish([item], public=True)
    changed = stage(tmp_path / "two")
    with pytest.raises(HubError, match="everybody sees najva-tester/model; add --public"):
        publish([changed])
    assert commits(hub) == 1
    publish([changed], public=True)
    assert commits(hub) == 2


def test_all_are_checked_before_the_first_is_pushed(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.api().create_repo(f"{NAME}-merged")
    hub.api().upload_file(path_or_fileobj=b"{}", path_in_repo="other.json", repo_id=f"{NAME}-merged")
    with pytest.raises(HubError, match=r"other\.json"):
        publish([stage(tmp_path / "one"), stage(tmp_path / "two", f"{NAME}-merged")])
    assert not hub.api().repo_exists(NAME)


def test_what_others_changed_meanwhile_is_not_overwritten(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish([stage(tmp_path / "one")])
    seen = hub.api().model_info(NAME)
    hub.api().upload_file(path_or_fileobj=b"{}", path_in_repo="note.txt", repo_id=NAME)
    files = frozenset(sibling.rfilename for sibling in seen.siblings)
    monkeypatch.setattr(hub_module, "look", lambda *_, **__: Present(seen.sha, files, private=True))
    with pytest.raises(HubError, match="somebody else changed najva-tester/model meanwhile"):
        publish([stage(tmp_path / "two")])
    assert "note.txt" in held(hub) and commits(hub) == 2


def test_a_card_that_the_hub_refuses_is_no_push(hub: LoopbackHub, tmp_path: Path) -> None:
    item = stage(tmp_path / "one")
    (item.folder / "README.md").write_text("---\npipeline_tag: [1]\n---\n", "utf-8")
    with pytest.raises(HubError, match=r"Nothing was pushed.*pipeline_tag"):
        publish([item])
    assert not held(hub)


def test_a_hub_that_falls_silent_is_not_waited_for_for_ever(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "_SILENCE_SECONDS", 0.5)
    item = stage(tmp_path / "one")
    hub.faults.hang(only="/commit/")
    with pytest.raises(HubError, match="fell silent"):
        publish([item])
    hub.faults.clear()
    assert not held(hub)
    publish([item])
    assert held(hub) == set(item.files())


def test_variables_of_a_space_are_set_with_it_and_changed_with_it(hub: LoopbackHub, tmp_path: Path) -> None:
    name = "najva-tester/page"
    for number, value in enumerate(("a/b@1", "a/b@2")):
        item = stage(tmp_path / str(number), name, "space")
        publish([Staged(item.folder, name, "space", "A push", {"NAJVA_ASR_PERSIAN": value})])
        variables = {key: found.value for key, found in hub.api().get_space_variables(name).items()}
        assert variables == {"NAJVA_ASR_PERSIAN": value}
    hub.requests.clear()
    publish([Staged(item.folder, name, "space", "A push", {"NAJVA_ASR_PERSIAN": "a/b@2"})])
    assert not [request for request in hub.requests if request.startswith("POST") and "/variables" in request]


def test_a_space_gets_the_hardware_that_was_asked_for(hub: LoopbackHub, tmp_path: Path) -> None:
    name, api = "najva-tester/page", hub.api()
    item = stage(tmp_path / "one", name, "space")
    publish([Staged(item.folder, name, "space", "A push", hardware="cpu-upgrade")])
    assert api.get_space_runtime(name).requested_hardware == "cpu-upgrade"
    publish([Staged(item.folder, name, "space", "A push")])
    assert api.get_space_runtime(name).requested_hardware == "cpu-upgrade", "nobody asked for another one"
    publish([Staged(item.folder, name, "space", "A push", hardware="zero-a10g")])
    assert api.get_space_runtime(name).requested_hardware == "zero-a10g"
    hub.requests.clear()
    publish([Staged(item.folder, name, "space", "A push", hardware="zero-a10g")])
    assert not [request for request in hub.requests if "/hardware" in request]
    with pytest.raises(HubError, match=r"was pushed, but does not run on abacus.*There is no hardware 'abacus'"):
        publish([Staged(item.folder, name, "space", "A push", hardware="abacus")])


def test_a_free_account_gets_zero_gpu(hub: LoopbackHub, tmp_path: Path) -> None:
    """The Hub wants money for the processor of a new Gradio Space, and lends a GPU for nothing."""
    name, said = "najva-tester/page", []
    item = stage(tmp_path / "one", name, "space")
    hub.faults.refuse(402, only="/api/repos/create", times=1)
    publish([item], say=said.append)
    assert hub.api().get_space_runtime(name).requested_hardware == "zero-a10g"
    assert "is asked for on ZeroGPU" in said[0]
    # Who names hardware gets that or nothing.
    hub.faults.refuse(402, only="/api/repos/create", times=1)
    with pytest.raises(HubError, match="HTTP 402"):
        publish([Staged(item.folder, f"{name}-2", "space", "A push", hardware="cpu-basic")])


def test_variables_that_cannot_be_set_are_named(hub: LoopbackHub, tmp_path: Path) -> None:
    name = "najva-tester/page"
    item = stage(tmp_path / "one", name, "space")
    publish([item])
    hub.faults.refuse(503, only="/variables")
    with pytest.raises(HubError, match=r"was pushed, but its variables A were not set.*same command sets them"):
        publish([Staged(item.folder, name, "space", "A push", {"A": "1"})])


def test_a_space_of_another_kind_is_left_alone(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.api().create_repo("najva-tester/page", repo_type="space", space_sdk="docker", private=True)
    item = stage(tmp_path / "one", "najva-tester/page", "space")
    with pytest.raises(HubError, match=r"a Space of another kind \(docker\)"):
        publish([item])
    publish([item], replace=True)
    assert held(hub, "najva-tester/page", "space") == set(item.files())


def test_a_revision_is_found_and_pinned(hub: LoopbackHub, tmp_path: Path) -> None:
    (done,) = publish([stage(tmp_path / "one")])
    assert find_revision(NAME).commit == find_revision(NAME, "main").commit == done.revision
    found = find_revision(NAME)
    assert found.card["license"] == "mit" and found.is_private and "README.md" in found.files
    with pytest.raises(HubError, match="at revision 'v9' could not be looked up: there is no such revision"):
        find_revision(NAME, "v9")
    with pytest.raises(HubError, match="the Hub has no najva-tester/absent"):
        find_revision("najva-tester/absent")


def test_large_files_go_the_way_that_is_on(hub: LoopbackHub, tmp_path: Path, way: str) -> None:
    publish([stage(tmp_path / "one")])
    puts = [request for request in hub.requests if request.startswith("PUT /storage/")]
    assert puts and all(request.startswith("PUT /storage/xorbs/") == (way == "xet") for request in puts)
    assert json.loads(Path(hub.api().hf_hub_download(NAME, "run.json")).read_text("utf-8")) == {}
