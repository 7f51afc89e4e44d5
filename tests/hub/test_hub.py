"""Files go to the loopback Hub and come back, by the unmodified `huggingface_hub` client over HTTP."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from . import LoopbackHub

pytestmark = pytest.mark.hub

MODEL = "najva-tester/model"


def test_folder_comes_back_as_it_was(hub: LoopbackHub, pushed: str, folder: Path) -> None:
    """Text goes by commit, the large file by LFS; both come back byte for byte."""
    copy = Path(snapshot_download(MODEL))
    for path in (path.relative_to(folder) for path in folder.rglob("*") if path.is_file()):
        assert (copy / path).read_bytes() == (folder / path).read_bytes()
    files = {file.rfilename: file for file in hub.api().model_info(MODEL, files_metadata=True).siblings}
    assert {name for name, file in files.items() if file.lfs} == {"model.safetensors"}
    assert files["model.safetensors"].size == (folder / "model.safetensors").stat().st_size
    assert sum(request.startswith("PUT /storage/") for request in hub.requests) == 1


def test_unchanged_folder_makes_no_commit(hub: LoopbackHub, pushed: str, folder: Path) -> None:
    """A second upload sends nothing; one changed file makes a commit of that file alone."""
    api = hub.api()
    before = len(hub.requests)
    assert api.upload_folder(repo_id=MODEL, folder_path=folder).oid == pushed
    assert not [request for request in hub.requests[before:] if "/commit/" in request or "PUT" in request]
    (folder / "config.json").write_text('{"a": 1}')
    changed = api.upload_folder(repo_id=MODEL, folder_path=folder).oid
    tree = api.list_repo_tree(MODEL, recursive=True, expand=True)
    assert {entry.path for entry in tree if entry.last_commit.oid == changed} == {"config.json"}


@pytest.mark.parametrize("way", ["lfs"], indirect=True)
def test_large_file_goes_in_parts(hub: LoopbackHub, folder: Path) -> None:
    """Above the size of a part the LFS upload is split, and joined again."""
    hub.site.multipart_bytes = 4 << 20
    hub.api().create_repo(MODEL)
    hub.api().upload_folder(repo_id=MODEL, folder_path=folder)
    assert sum(bool(re.fullmatch(r"PUT /storage/\w+/\d+", request)) for request in hub.requests) == 3
    copy = hf_hub_download(MODEL, "model.safetensors")
    assert Path(copy).read_bytes() == (folder / "model.safetensors").read_bytes()


def test_lfs_content_must_match_its_name(hub: LoopbackHub) -> None:
    """What does not hash to its name is refused, and so is a commit that names it."""
    put = urllib.request.Request(f"{hub.endpoint}/storage/{'0' * 64}", b"other", method="PUT")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(put, timeout=10)
    hub.api().create_repo(MODEL)
    value = {"path": "a.bin", "algo": "sha256", "oid": "0" * 64, "size": 5}
    lines = [{"key": "header", "value": {"summary": "x"}}, {"key": "lfsFile", "value": value}]
    body = "\n".join(map(json.dumps, lines)).encode()
    url = f"{hub.endpoint}/api/models/{MODEL}/commit/main"
    commit = urllib.request.Request(url, body, {"Authorization": f"Bearer {hub.token}"}, method="POST")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(commit, timeout=10)


def test_lfs_is_chosen_by_name_size_and_content(hub: LoopbackHub) -> None:
    """Weights by their ending, long text and binary data go by LFS; text of any script does not."""
    content = {
        "short.safetensors": b"text",
        "long.csv": b"a,b\n" * (3 << 20),
        "binary.dat": b"\0\1\2",
        "latin.txt": "é".encode("latin-1"),
        "persian.txt": ("x" + "س" * 600).encode(),
    }
    hub.api().create_repo(MODEL)
    additions = [CommitOperationAdd(path, data) for path, data in content.items()]
    hub.api().create_commit(MODEL, additions, commit_message="All")
    siblings = hub.api().model_info(MODEL, files_metadata=True).siblings
    assert {file.rfilename for file in siblings if not file.lfs} == {".gitattributes", "persian.txt"}


def test_resolve_redirects_as_the_real_hub_does(hub: LoopbackHub, pushed: str, way: str) -> None:
    """An LFS file lies on another origin, a regular one on the same; the redirect itself carries the facts."""
    start = f"{hub.endpoint}/{MODEL}/resolve/main"
    large = httpx2.head(f"{start}/model.safetensors")
    linked = large.headers["x-linked-etag"].strip('"')
    assert (large.status_code, large.headers["x-repo-commit"]) == (302, pushed)
    assert large.headers["location"] == f"{hub.endpoint.replace('127.0.0.1', 'localhost')}/storage/{linked}"
    assert large.headers["x-linked-size"] == str(11 << 20)
    token = f"{hub.endpoint}/api/models/{MODEL}/xet-read-token/{pushed}"
    assert ("x-xet-hash" in large.headers) == (way == "xet")
    assert large.links.get("xet-auth", {}).get("url") == (token if way == "xet" else None)
    small = httpx2.head(f"{start}/config.json")
    assert (small.status_code, small.headers["x-repo-commit"]) == (307, pushed)
    final = httpx2.head(hub.endpoint + small.headers["location"])
    assert final.headers["etag"] == small.headers["etag"] and final.headers["content-length"] == "2"


def test_storage_never_gets_the_token(hub: LoopbackHub, pushed: str) -> None:
    """LFS files lie on another origin, where the client must not send its token; there it would be refused."""
    sha256 = hub.api().model_info(MODEL, files_metadata=True).siblings[-2].lfs.sha256
    url = f"{hub.endpoint.replace('127.0.0.1', 'localhost')}/storage/{sha256}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError, match="400"):
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {hub.token}"})
        urllib.request.urlopen(request, timeout=10)


def test_snapshot_at_pinned_revision_with_patterns(hub: LoopbackHub, pushed: str) -> None:
    """A commit id, a tag and a branch with a slash name old states after the main branch has moved on."""
    api = hub.api()
    api.create_tag(MODEL, tag="v1.0", revision=pushed)
    api.create_branch(MODEL, branch="try/one", revision="v1.0")
    api.upload_file(path_or_fileobj=b"[]", path_in_repo="config.json", repo_id=MODEL)
    api.upload_file(path_or_fileobj=b"[1]", path_in_repo="config.json", repo_id=MODEL, revision="try/one")
    content = {}
    for revision in (pushed, "v1.0", "main", "try/one", "refs/heads/main"):
        copy = Path(snapshot_download(MODEL, revision=revision, allow_patterns=["*.json"]))
        assert {path.name for path in copy.iterdir()} == {"config.json"}
        content[revision] = (copy / "config.json").read_text()
    assert content == {pushed: "{}", "v1.0": "{}", "main": "[]", "try/one": "[1]", "refs/heads/main": "[]"}
    assert not [request for request in hub.requests if request.startswith("GET /storage/")]
    refs = api.list_repo_refs(MODEL)
    assert [tag.name for tag in refs.tags] == ["v1.0"]
    assert {branch.name for branch in refs.branches} == {"main", "try/one"}


def test_commit_deletes_and_guards_its_parent(hub: LoopbackHub, pushed: str) -> None:
    """Files and folders are deleted; a stale parent and a missing file are refused, and change nothing."""
    api = hub.api()
    api.create_commit(
        MODEL,
        [CommitOperationDelete("پوشه/"), CommitOperationDelete("empty.txt"), CommitOperationAdd("new.txt", b"new")],
        commit_message="Tidy",
        commit_description="Why not",
        parent_commit=pushed,
    )
    present = {".gitattributes", "README.md", "config.json", "model.safetensors", "new.txt"}
    assert set(api.list_repo_files(MODEL)) == present
    with pytest.raises(HfHubHTTPError, match="412"):
        api.create_commit(MODEL, [CommitOperationDelete("new.txt")], commit_message="Late", parent_commit=pushed)
    with pytest.raises(EntryNotFoundError, match="doesn't exist"):
        api.delete_file("absent.txt", MODEL)
    assert set(api.list_repo_files(MODEL)) == present
    history = api.list_repo_commits(MODEL)
    assert [commit.title for commit in history] == ["Tidy", "First", "initial commit"]
    assert history[0].message == "Why not"


def test_tree_is_paged_and_paths_are_described(hub: LoopbackHub, pushed: str) -> None:
    """Pages of two entries give the whole tree; single paths and folders can be asked for."""
    api = hub.api()
    whole = {entry.path for entry in api.list_repo_tree(MODEL, recursive=True)}
    hub.site.page_entries = 2
    assert {entry.path for entry in api.list_repo_tree(MODEL, recursive=True)} == whole
    assert [entry.path for entry in api.list_repo_tree(MODEL, "پوشه")] == ["پوشه/متن ۱.txt"]
    assert len(api.list_repo_commits(MODEL)) == 2
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(MODEL, "absent"))
    known = {entry.path: entry for entry in api.get_paths_info(MODEL, ["model.safetensors", "پوشه", "absent"])}
    assert set(known) == {"model.safetensors", "پوشه"}
    assert known["model.safetensors"].lfs.size == 11 << 20
    assert api.file_exists(MODEL, "config.json") and not api.file_exists(MODEL, "absent")


def test_what_is_missing_raises_its_own_error(hub: LoopbackHub, pushed: str) -> None:
    """Repository, revision and file each have their error class."""
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download("najva-tester/absent", "config.json")
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download("no-owner", "config.json")
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download(MODEL, "config.json", revision="absent")
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(MODEL, "absent.json")
    with pytest.raises(RepositoryNotFoundError):
        hub.api().model_info("najva-tester/absent")
    with pytest.raises(RevisionNotFoundError):
        hub.api().model_info(MODEL, revision="0" * 40)
