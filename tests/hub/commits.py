"""Commits: a revision's files, and the changes that lead from one to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import EntryMissing, HubError
from .objects import StoredFile


@dataclass(frozen=True)
class Put:
    """The wish to add or replace a file."""

    path: str
    file: StoredFile


@dataclass(frozen=True)
class Delete:
    """The wish to delete a file, or a folder with everything below it."""

    path: str
    is_folder: bool = False


@dataclass(frozen=True)
class Commit:
    """One revision: all files, and how they came about.

    Attributes:
        id: 40 hexadecimal digits.
        parent: id of the commit before, None for the first.
        files: every file by its path.
    """

    id: str
    parent: str | None
    author: str
    date: str
    title: str
    message: str
    files: dict[str, StoredFile]

    def below(self, folder: str) -> dict[str, StoredFile]:
        """Returns the files below a folder; all files for the empty name."""
        prefix = f"{folder}/" if folder else ""
        return {path: file for path, file in self.files.items() if path.startswith(prefix)}

    def folder_id(self, folder: str) -> str:
        """Returns a hash that changes when anything below the folder does."""
        listing = sorted((path, file.sha1) for path, file in self.below(folder).items())
        return hashlib.sha1(repr(listing).encode()).hexdigest()


def changed(files: dict[str, StoredFile], changes: Sequence[Put | Delete]) -> dict[str, StoredFile]:
    """Returns the files of the next commit.

    Args:
        files: those of the commit before.
        changes: applied in this order.

    Raises:
        EntryMissing: a file or folder to delete is not there.
        HubError: a path is not allowed.
    """
    files = dict(files)
    for change in changes:
        path = change.path.rstrip("/")
        if not path or any(part in ("", ".", "..", ".git") for part in path.split("/")):
            raise HubError(f"Path {change.path!r} is not allowed.")
        if isinstance(change, Put):
            files[path] = change.file
            continue
        doomed = [known for known in files if known == path or (change.is_folder and known.startswith(f"{path}/"))]
        if not doomed:
            # The client looks for these words to add its own advice.
            raise EntryMissing(f"A file with this name doesn't exist: {path}")
        for known in doomed:
            del files[known]
    return files
