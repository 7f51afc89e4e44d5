"""Repositories, commits, branches and tags on disk. Knows nothing of HTTP; one thread uses it at a time.

A commit is one JSON file that lists every file of the revision with its hashes, so a revision is read without
walking a tree. Layout below the store's folder::

    objects/regular, objects/large                              file contents, shared by all repositories
    xet/                                                        see `xet.store`
    repositories/{models,datasets,spaces}/OWNER/NAME/
        repository.json                                         visibility, the commit each branch and tag is at,
                                                                and pull requests
        commits/COMMIT.json
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .commits import Commit, Delete, Put, changed
from .errors import Conflict, HubError, RevisionMissing, StaleParent
from .objects import ObjectStore, StoredFile, write_atomically
from .xet.store import XetStore

KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}
MAIN = "refs/heads/main"
PULL_REQUESTS = "refs/pr/"
_NAME = re.compile(r"(?!.*(\.\.|--))[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(?<![.-])(?<!\.git)")


def hub_time() -> str:
    """Returns the present as the client expects it: UTC, milliseconds, a closing Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class PullRequest:
    """A proposal to change the main branch. Its commits lie on a reference of its own.

    Attributes:
        number: counted from 1 in each repository.
        author: user name.
        created: when it was opened, as `hub_time` has it.
        status: `open`, `closed` or `merged`.
    """

    number: int
    title: str
    author: str
    created: str
    status: str = "open"

    @property
    def ref(self) -> str:
        """Full name of its reference."""
        return f"{PULL_REQUESTS}{self.number}"


@dataclass
class Repository:
    """One repository of the Hub.

    Attributes:
        kind: `models`, `datasets` or `spaces`.
        folder: where it lies on disk.
        refs: commit id by full reference name, such as `refs/heads/main`.
        sdk: of a Space, such as `gradio`.
        variables: of a Space, by name.
        hardware: that was asked for a Space.
        pull_requests: in the order in which they were opened.
    """

    kind: str
    owner: str
    name: str
    folder: Path
    created: str
    private: bool = False
    sdk: str | None = None
    refs: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    hardware: str | None = None
    pull_requests: list[PullRequest] = field(default_factory=list)

    @property
    def id(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def page_path(self) -> str:
        """Path of the repository in the Hub's addresses: models have no prefix."""
        return f"/{self.id}" if self.kind == "models" else f"/{self.kind}/{self.id}"

    def save(self) -> None:
        """Writes all but the commits to disk."""
        record = {key: value for key, value in asdict(self).items() if key != "folder"}
        write_atomically(self.folder / "repository.json", json.dumps(record, indent=1).encode())

    def commit_at(self, revision: str) -> Commit:
        """Returns the commit a branch, tag, full reference or commit id stands for.

        Raises:
            RevisionMissing: there is none.
        """
        for ref in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
            if ref in self.refs:
                return self._read(self.refs[ref])
        if re.fullmatch("[0-9a-f]{40}", revision) and self._commit_file(revision).exists():
            return self._read(revision)
        raise RevisionMissing(f"Revision {revision} does not exist in {self.id}.")

    def history(self, commit: Commit) -> Iterator[Commit]:
        """Yields the commit and those before it, newest first."""
        yield commit
        while commit.parent:
            commit = self._read(commit.parent)
            yield commit

    def last_change(self, commit: Commit, path: str) -> Commit:
        """Returns the commit that gave a file or folder its present content."""

        def content(at: Commit) -> StoredFile | str:
            return at.files.get(path) or at.folder_id(path)

        newest = commit
        for older in self.history(commit):
            if content(older) != content(commit):
                break
            newest = older
        return newest

    def add_commit(
        self, branch: str, changes: Sequence[Put | Delete], *, author: str, title: str, message: str, parent: str | None
    ) -> Commit:
        """Makes a commit on a branch or a pull request.

        Args:
            branch: short or full name of an existing branch, or a pull request's reference.
            changes: applied in this order.
            author: user name.
            title: first line of the description.
            message: the rest of it.
            parent: id the branch must be at; None to accept any.

        Raises:
            RevisionMissing: no such branch.
            StaleParent: the branch is at another commit than `parent`.
            EntryMissing: a file or folder to delete is not there.
            HubError: a path is not allowed.
        """
        ref = branch if branch.startswith(("refs/heads/", PULL_REQUESTS)) else f"refs/heads/{branch}"
        if ref not in self.refs:
            raise RevisionMissing(f"{self.id} has no branch {branch} to commit to.")
        head = self._read(self.refs[ref])
        if parent not in (None, head.id):
            raise StaleParent(f"{branch} is at {head.id}, no longer at {parent}.")
        files = changed(head.files, changes)
        return self._write_commit(ref, head.id, files, author=author, title=title, message=message)

    def start(self, changes: Sequence[Put], author: str) -> None:
        """Makes the first commit, which the Hub makes with every new repository."""
        self._write_commit(MAIN, None, changed({}, changes), author=author, title="initial commit", message="")

    def open_pull_request(
        self, changes: Sequence[Put | Delete], *, author: str, title: str, message: str, parent: str | None
    ) -> PullRequest:
        """Opens a pull request with a first commit.

        Args:
            changes: see `add_commit`.
            author: user name.
            title: of the pull request and of the commit.
            message: of the commit.
            parent: commit to start from; None for the main branch's.

        Raises:
            RevisionMissing: there is no such commit.
            EntryMissing: a file or folder to delete is not there.
            HubError: a path is not allowed.
        """
        start = self.commit_at(parent or MAIN)
        files = changed(start.files, changes)
        opened = PullRequest(len(self.pull_requests) + 1, title, author, hub_time())
        self.pull_requests.append(opened)
        self._write_commit(opened.ref, start.id, files, author=author, title=title, message=message)
        return opened

    def merge(self, pull_request: PullRequest) -> None:
        """Moves the main branch on to a pull request's last commit.

        Raises:
            Conflict: it is not open, or the main branch has moved on without it: nothing is woven together here.
        """
        head = self._read(self.refs[pull_request.ref])
        if pull_request.status != "open" or self.refs[MAIN] not in [commit.id for commit in self.history(head)]:
            raise Conflict(f"Pull request {pull_request.number} of {self.id} cannot be merged.")
        self.refs[MAIN], pull_request.status = head.id, "merged"
        self.save()

    def add_ref(self, ref: str, revision: str) -> None:
        """Makes a branch or tag.

        Args:
            ref: full name, `refs/heads/…` or `refs/tags/…`.
            revision: what it starts from.

        Raises:
            Conflict: it exists.
            RevisionMissing: `revision` does not.
        """
        if ref in self.refs:
            raise Conflict(f"{ref} exists already.")
        self.refs[ref] = self.commit_at(revision).id
        self.save()

    def remove_ref(self, ref: str) -> None:
        """Removes a branch or tag.

        Raises:
            HubError: it is the main branch.
            RevisionMissing: it does not exist.
        """
        if ref == MAIN:
            raise HubError("The main branch cannot be deleted.")
        if self.refs.pop(ref, None) is None:
            raise RevisionMissing(f"{ref} does not exist.")
        self.save()

    def _write_commit(self, ref: str, parent: str | None, files: dict[str, StoredFile], **words: str) -> Commit:
        record = {"parent": parent, "date": hub_time(), **words}
        listing = {path: asdict(files[path]) for path in sorted(files)}
        text = json.dumps({**record, "files": listing}, ensure_ascii=False, indent=1).encode()
        commit = Commit(id=hashlib.sha1(text).hexdigest(), files=files, **record)
        write_atomically(self._commit_file(commit.id), text)
        self.refs[ref] = commit.id
        self.save()
        return commit

    def _read(self, commit_id: str) -> Commit:
        record = json.loads(self._commit_file(commit_id).read_bytes())
        files = {path: StoredFile(**file) for path, file in record.pop("files").items()}
        return Commit(id=commit_id, files=files, **record)

    def _commit_file(self, commit_id: str) -> Path:
        return self.folder / "commits" / f"{commit_id}.json"


class Store:
    """All repositories of one Hub."""

    def __init__(self, folder: Path):
        """Opens a folder, new or left by an earlier Hub.

        Args:
            folder: as the module's description lays it out.
        """
        self.objects = ObjectStore(folder / "objects")
        self.xet = XetStore(folder / "xet", self.objects)
        self._repositories = folder / "repositories"

    def find(self, kind: str, owner: str, name: str) -> Repository | None:
        """Returns a repository, or None if it does not exist."""
        if kind not in KINDS or not (_NAME.fullmatch(owner) and _NAME.fullmatch(name)):
            return None
        folder = self._folder(kind, owner, name)
        if not (folder / "repository.json").exists():
            return None
        record = json.loads((folder / "repository.json").read_bytes())
        pull_requests = [PullRequest(**known) for known in record.pop("pull_requests", ())]
        return Repository(folder=folder, pull_requests=pull_requests, **record)

    def all(self, kind: str) -> list[Repository]:
        """Returns every repository of a kind, in the order of their names."""
        folders = sorted(path.parent for path in (self._repositories / kind).glob("*/*/repository.json"))
        return [repository for folder in folders if (repository := self.find(kind, folder.parent.name, folder.name))]

    def create(
        self, kind: str, owner: str, name: str, *, private: bool, sdk: str | None, first: list[Put]
    ) -> Repository:
        """Makes a repository with its first commit.

        Args:
            kind: `models`, `datasets` or `spaces`.
            owner: user name.
            name: name within the owner's repositories.
            private: whether others may not see it.
            sdk: of a Space.
            first: files of the first commit.

        Raises:
            HubError: the kind or the name is not allowed.
        """
        if kind not in KINDS or not _NAME.fullmatch(name):
            raise HubError(f"A repository of kind {kind!r} cannot be named {name!r}.")
        repository = Repository(kind, owner, name, self._folder(kind, owner, name), hub_time(), private, sdk)
        repository.start(first, author=owner)
        return repository

    def delete(self, repository: Repository) -> None:
        """Removes a repository with its history; contents shared with others stay."""
        shutil.rmtree(repository.folder)

    def _folder(self, kind: str, owner: str, name: str) -> Path:
        return self._repositories / kind / owner / name
