"""What this project changes on the Hub, and the only place where it does.

A push makes a repository hold exactly what a folder holds, in one commit: contents are uploaded first and belong to
nobody until the commit names them, so whatever breaks off in between, the repository is what it was. New repositories
are private until their commit is made; only then, and only when asked, does the world see them. The same push again
sends nothing that has arrived, and makes no second commit.

`upload_folder` would not do: with Xet it makes several commits of a large folder. `create_commit` makes one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import huggingface_hub
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceHardware, errors
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._http import default_client_factory

from publishing.hub_errors import in_one_sentence
from publishing.hub_target import Kind, Present, check_name, check_token, look

_CONNECT_SECONDS = 10.0
# A commit of thousands of files takes the Hub a minute or two.
_SILENCE_SECONDS = 300.0
# What the Hub answers to a free account that asks for a processor for a Gradio Space.
_PAYMENT_REQUIRED = 402


@dataclass(frozen=True)
class Staged:
    """A folder that is to become the content of a repository.

    Attributes:
        folder: holds every file of the repository, and no other.
        repository: `OWNER/NAME`.
        kind: `model`, `dataset` or `space`.
        message: first line of the commit.
        variables: of a Space, by name.
        hardware: of a Space, as the Hub calls it; empty for the Hub's own choice.
    """

    folder: Path
    repository: str
    kind: Kind
    message: str
    variables: Mapping[str, str] = field(default_factory=dict)
    hardware: str = ""

    def files(self) -> dict[str, Path]:
        """Return every file by its name in the repository, sorted."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in paths}


@dataclass(frozen=True)
class FoundModel:
    """A model of the Hub at one commit.

    Attributes:
        commit: the whole hash.
        card: metadata of its card.
        is_private: whether only a token sees it.
        files: their names.
    """

    commit: str
    card: Mapping[str, Any]
    is_private: bool
    files: tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """What a push came to.

    Attributes:
        repository: `OWNER/NAME`.
        kind: `model`, `dataset` or `space`.
        revision: commit that holds the content.
        url: of the repository's page.
        files: number of files.
        bytes: their size.
        changed: False if the repository held all of it before.
        public: whether everybody sees it.
    """

    repository: str
    kind: Kind
    revision: str
    url: str
    files: int
    bytes: int
    changed: bool
    public: bool


def check_target(repository: str, kind: Kind = "model", *, public: bool = False, replace: bool = False) -> None:
    """See, before hours of work, whether a push could succeed: name, token, and what the repository holds now.

    Raises:
        HubError: it could not, in one sentence that says what to do.
    """
    check_name(repository)
    with _bounded_client():
        check_token(HfApi(), repository)
        look(HfApi(), repository, kind, public=public, replace=replace)


def publish(
    staged: Sequence[Staged],
    *,
    public: bool = False,
    replace: bool = False,
    say: Callable[[str], None] = print,
) -> list[Published]:
    """Push folders, each in one commit; all are checked before the first is pushed.

    Args:
        staged: what to push, in this order.
        public: show them to everybody, once all of them are there.
        replace: put them in the place of whatever a repository holds.
        say: takes one line on what was done.

    Raises:
        HubError: something could not be done; the sentence says what, what it means for the repository, and what to do.
    """
    for item in staged:
        check_name(item.repository)
    with _bounded_client():
        api = HfApi()
        check_token(api, *(item.repository for item in staged))
        present = [look(api, item.repository, item.kind, public=public, replace=replace) for item in staged]
        done = []
        for item, before in zip(staged, present, strict=True):
            done.append(_push(api, item, before, public, say))
            what = "pushed in one commit" if done[-1].changed else "held all of it already"
            say(f"{done[-1].url}: {what}, revision {done[-1].revision}.")
        if public:
            for item, before in zip(staged, present, strict=True):
                if before is None or before.private:
                    _open(api, item)
        return done


def find_revision(repository: str, revision: str = "") -> FoundModel:
    """Return a model at a revision, the newest one by default.

    Raises:
        HubError: there is no such model or revision, or the token may not read it.
    """
    check_name(repository)
    with _bounded_client():
        try:
            found = HfApi().model_info(repository, revision=revision or None)
        except Exception as error:
            at = f" at revision '{revision}'" if revision else ""
            raise in_one_sentence(error, f"The model {repository}{at} could not be looked up", repository) from error
    card = found.card_data.to_dict() if found.card_data else {}
    return FoundModel(found.sha, card, bool(found.private), tuple(one.rfilename for one in found.siblings or ()))


def _push(api: HfApi, item: Staged, before: Present | None, public: bool, say: Callable[[str], None]) -> Published:
    files = item.files()
    head = before.head if before else None
    try:
        if before is None:
            # Empty and private: nothing is published until the commit, and nothing is seen until it is whole.
            _create(api, item, say)
            head = api.repo_info(item.repository, repo_type=item.kind).sha
        gone = sorted((before.files if before else frozenset()) - files.keys() - {".gitattributes"})
        made = api.create_commit(
            item.repository,
            [
                *(CommitOperationAdd(name, path) for name, path in files.items()),
                *(CommitOperationDelete(name, is_folder=False) for name in gone),
            ],
            commit_message=item.message,
            repo_type=item.kind,
            parent_commit=head,
        )
        revision = made.oid
    except Exception as error:
        revision = _commit_of_lost_answer(api, item, files, error, is_new=before is None)
    if item.kind == "space":
        _set_variables(api, item)
        if before is not None and item.hardware:
            _set_hardware(api, item)
    prefix = "" if item.kind == "model" else f"{item.kind}s/"
    return Published(
        repository=item.repository,
        kind=item.kind,
        revision=revision,
        url=f"{api.endpoint}/{prefix}{item.repository}",
        files=len(files),
        bytes=sum(path.stat().st_size for path in files.values()),
        changed=revision != head,
        public=public,
    )


def _create(api: HfApi, item: Staged, say: Callable[[str], None]) -> None:
    if item.kind != "space":
        api.create_repo(item.repository, repo_type=item.kind, private=True, exist_ok=True)
        return
    # Variables alone: a secret is for its owner to type into the Space's settings, and no push carries one.
    variables = [{"key": name, "value": value} for name, value in item.variables.items()]
    make = partial(
        api.create_repo,
        item.repository,
        repo_type="space",
        private=True,
        exist_ok=True,
        space_sdk="gradio",
        space_variables=variables,
    )
    try:
        make(space_hardware=item.hardware or None)
    except errors.HfHubHTTPError as error:
        if item.hardware or error.response.status_code != _PAYMENT_REQUIRED:
            raise
        say(f"A processor for {item.repository} wants a paid plan, so it is asked for on ZeroGPU, which is free.")
        make(space_hardware=SpaceHardware.ZERO_A10G)


def _commit_of_lost_answer(
    api: HfApi, item: Staged, files: Mapping[str, Path], error: Exception, *, is_new: bool
) -> str:
    """Return the commit if it was made after all and only the Hub's answer was lost.

    Raises:
        HubError: it was not.
    """
    as_before = "is empty and private" if is_new else "is what it was before"
    after = f"{item.repository} {as_before}; the same command goes on from what has arrived."
    try:
        head = api.repo_info(item.repository, repo_type=item.kind).sha
        if _holds(api, item, head, files):
            return head
    except errors.RepositoryNotFoundError:
        after = f"{item.repository} was not made."
    except Exception:
        after = f"Whether {item.repository} has the commit could not be asked; the same command finds out."
    what = f"Nothing was pushed to {item.repository}"
    raise in_one_sentence(error, what, item.repository, after=after) from error


def _holds(api: HfApi, item: Staged, revision: str, files: Mapping[str, Path]) -> bool:
    """Whether a revision holds exactly these files; the Hub states git's hash of a small file, SHA-256 of a large."""
    entries = api.list_repo_tree(item.repository, recursive=True, revision=revision, repo_type=item.kind)
    held = {
        entry.path: entry.lfs.sha256 if entry.lfs else entry.blob_id
        for entry in entries
        if isinstance(entry, RepoFile) and entry.path != ".gitattributes"
    }
    return held.keys() == files.keys() and all(held[name] in _hashes(path) for name, path in files.items())


def _hashes(path: Path) -> tuple[str, str]:
    git, sha256 = hashlib.sha1(f"blob {path.stat().st_size}\0".encode()), hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            git.update(block)
            sha256.update(block)
    return git.hexdigest(), sha256.hexdigest()


def _set_variables(api: HfApi, item: Staged) -> None:
    try:
        now = {name: variable.value for name, variable in api.get_space_variables(item.repository).items()}
        for name, value in item.variables.items():
            if now.get(name) != value:
                api.add_space_variable(item.repository, name, value)
    except Exception as error:
        what = f"The Space {item.repository} was pushed, but its variables {', '.join(item.variables)} were not set"
        raise in_one_sentence(error, what, item.repository, after="The same command sets them.") from error


def _set_hardware(api: HfApi, item: Staged) -> None:
    try:
        if api.get_space_runtime(item.repository).requested_hardware != item.hardware:
            api.request_space_hardware(item.repository, item.hardware)
    except Exception as error:
        what = f"The Space {item.repository} was pushed, but does not run on {item.hardware}"
        raise in_one_sentence(error, what, item.repository, after="Its settings on the Hub say what it may.") from error


def _open(api: HfApi, item: Staged) -> None:
    try:
        api.update_repo_settings(item.repository, private=False, repo_type=item.kind)
    except Exception as error:
        what = f"{item.repository} was pushed, but is still private"
        raise in_one_sentence(error, what, item.repository, after="The same command shows it to everybody.") from error


@contextmanager
def _bounded_client() -> Iterator[None]:
    """The Hub library made to give up on a Hub that falls silent; by itself it would wait for ever."""

    def bounded() -> httpx2.Client:
        client = default_client_factory()
        client.timeout = httpx2.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS)
        return client

    huggingface_hub.set_client_factory(bounded)
    try:
        yield
    finally:
        huggingface_hub.set_client_factory(default_client_factory)
