"""Pull requests on the loopback Hub: opened by a commit, listed, committed to, merged and closed."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import CommitInfo, CommitOperationAdd, HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

from . import LoopbackHub
from .conftest import MODEL

pytestmark = pytest.mark.hub


def propose(api: HfApi, name: str, content: bytes, title: str = "More", **options: object) -> CommitInfo:
    """Returns what the client tells of a commit with one file that opens a pull request."""
    change = CommitOperationAdd(path_in_repo=name, path_or_fileobj=content)
    return api.create_commit(MODEL, [change], commit_message=title, create_pr=True, **options)


def test_anyone_may_propose_a_change_and_main_stays(hub: LoopbackHub, pushed: str) -> None:
    """Text and large files are found at the pull request's reference and commit, and nowhere else."""
    stranger = hub.api(hub.stranger_token)
    for number, name in enumerate(("note.txt", "other.safetensors"), 1):
        opened = propose(stranger, name, b"new", title=f"Adds {name}")
        assert (opened.pr_num, opened.pr_revision) == (number, f"refs/pr/{number}")
        for revision in (opened.pr_revision, opened.oid):
            assert Path(hf_hub_download(MODEL, name, revision=revision)).read_bytes() == b"new"
            names = {file.rfilename for file in stranger.model_info(MODEL, revision=revision).siblings}
            assert {name, "config.json"} <= names
        history = [commit.commit_id for commit in stranger.list_repo_commits(MODEL, revision=opened.pr_revision)]
        assert history[:2] == [opened.oid, pushed]
    assert hub.api().model_info(MODEL).sha == pushed
    refs = hub.api().list_repo_refs(MODEL, include_pull_requests=True)
    assert [(found.name, found.ref) for found in refs.pull_requests] == [("1", "refs/pr/1"), ("2", "refs/pr/2")]
    assert [found.name for found in refs.branches] == ["main"] and not refs.tags
    assert hub.api().list_repo_refs(MODEL).pull_requests is None


def test_pull_request_starts_where_it_is_told_to(hub: LoopbackHub, pushed: str) -> None:
    """A parent that the main branch has left behind is no conflict."""
    hub.api().upload_file(path_or_fileobj=b"later", path_in_repo="later.txt", repo_id=MODEL)
    opened = propose(hub.api(hub.stranger_token), "note.txt", b"new", parent_commit=pushed)
    assert not hub.api().file_exists(MODEL, "later.txt", revision=opened.pr_revision)
    with pytest.raises(HfHubHTTPError, match="cannot be merged"):
        hub.api().merge_pull_request(MODEL, opened.pr_num)


def test_only_a_writing_token_proposes_and_only_author_and_owner_go_on(hub: LoopbackHub, pushed: str) -> None:
    """A pull request of somebody else's is as closed as the main branch."""
    with pytest.raises(HfHubHTTPError, match="you must use a write token"):
        propose(hub.api(hub.read_token), "note.txt", b"new")
    opened = propose(hub.api(hub.stranger_token), "note.txt", b"new")
    other = hub.api(hub.site.accounts.token_for("other", "write"))
    for name in ("more.txt", "more.bin"):
        change = {"path_or_fileobj": b"more", "path_in_repo": name, "repo_id": MODEL, "revision": opened.pr_revision}
        with pytest.raises(HfHubHTTPError, match="pass `create_pr=1`"):
            other.upload_file(**change)
        for api in (hub.api(hub.stranger_token), hub.api()):
            made = api.upload_file(**change | {"path_or_fileobj": api.token.encode()})
            assert hub.api().model_info(MODEL, revision=opened.pr_revision).sha == made.oid
    with pytest.raises(HfHubHTTPError, match="403"):
        other.change_discussion_status(MODEL, opened.pr_num, "closed")
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api(hub.stranger_token).merge_pull_request(MODEL, opened.pr_num)


def test_listing_filters_and_comes_in_pages(hub: LoopbackHub, pushed: str) -> None:
    """The newest is first; what is merged or closed is not open."""
    hub.site.page_entries = 2
    for number in range(5):
        token = hub.token if number == 1 else hub.stranger_token
        propose(hub.api(token), f"note_{number}.txt", b"new", title=f"Note {number}")
    api = hub.api()
    api.merge_pull_request(MODEL, 1)
    hub.api(hub.stranger_token).change_discussion_status(MODEL, 3, "closed")
    api.change_discussion_status(MODEL, 4, "closed")
    assert api.change_discussion_status(MODEL, 4, "open").new_status == "open"
    found = list(api.get_repo_discussions(MODEL))
    assert [one.num for one in found] == [5, 4, 3, 2, 1]
    assert [one.status for one in found] == ["open", "open", "closed", "open", "merged"]
    first = found[-1]
    assert (first.author, first.title, first.repo_id, first.git_reference) == ("stranger", "Note 0", MODEL, "refs/pr/1")

    def numbers(**wish: str) -> list[int]:
        return [one.num for one in api.get_repo_discussions(MODEL, **wish)]

    assert numbers(author="najva-tester") == [2] and numbers(author="nobody") == []
    assert numbers(discussion_status="open") == [5, 4, 2] and numbers(discussion_status="closed") == [3, 1]
    assert numbers(discussion_type="pull_request") == [5, 4, 3, 2, 1] and numbers(discussion_type="discussion") == []
    with pytest.raises(HfHubHTTPError, match="404"):
        list(api.get_repo_discussions("najva-tester/nothing"))


def test_merged_pull_request_is_the_main_branch_and_stays_what_it_is(hub: LoopbackHub, pushed: str) -> None:
    """Its reference outlives the merge, and nothing more can be done with it."""
    opened = propose(hub.api(hub.stranger_token), "note.txt", b"new")
    hub.api().merge_pull_request(MODEL, opened.pr_num)
    assert hub.api().model_info(MODEL).sha == opened.oid
    assert hub.api().model_info(MODEL, revision=opened.pr_revision).sha == opened.oid
    with pytest.raises(HfHubHTTPError, match="cannot be merged"):
        hub.api().merge_pull_request(MODEL, opened.pr_num)
    with pytest.raises(HfHubHTTPError, match="is merged and cannot be closed"):
        hub.api().change_discussion_status(MODEL, opened.pr_num, "closed")
    with pytest.raises(HfHubHTTPError, match="404"):
        hub.api().merge_pull_request(MODEL, 2)
