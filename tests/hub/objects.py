"""File contents, addressed by their hashes: small text by git's SHA-1, large or binary files by SHA-256."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import EntryMissing, HubError


def git_blob_sha1(content: bytes) -> str:
    """Returns the object name git gives to a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that a reader, or a restart after a crash, never finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    draft.write_bytes(content)
    draft.replace(path)


@dataclass(frozen=True)
class StoredFile:
    """One file of a commit.

    Attributes:
        size: bytes of the content.
        sha1: git's object name: of the content, or for a large file of the pointer that git would hold.
        sha256: hash of the content of a large (LFS) file; None for a regular file.
    """

    size: int
    sha1: str
    sha256: str | None = None

    @property
    def etag(self) -> str:
        """The hash that the client uses as the cached file's name."""
        return self.sha256 or self.sha1

    @property
    def pointer_size(self) -> int:
        """Bytes of the LFS pointer file; 0 for a regular file."""
        return len(lfs_pointer(self.sha256, self.size)) if self.sha256 else 0


def lfs_pointer(sha256: str, size: int) -> bytes:
    """Returns the pointer file of the Git LFS specification, version 1."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


class ObjectStore:
    """The contents of all repositories of one Hub, in one folder."""

    def __init__(self, folder: Path):
        """Uses a folder, which is made on the first write.

        Args:
            folder: holds `regular/`, `large/` and `parts/`.
        """
        self._regular = folder / "regular"
        self._large = folder / "large"
        self._parts = folder / "parts"

    def add_regular(self, content: bytes) -> StoredFile:
        """Stores a small file."""
        sha1 = git_blob_sha1(content)
        path = self._regular / sha1[:2] / sha1
        if not path.exists():
            write_atomically(path, content)
        return StoredFile(len(content), sha1)

    def large_file(self, sha256: str) -> StoredFile:
        """Returns the record of a large file whose content has been uploaded.

        Raises:
            HubError: the content is not here.
        """
        path = self.large_path(sha256)
        if not path.exists():
            raise HubError(f"The content of LFS file {sha256} has not been uploaded.")
        size = path.stat().st_size
        return StoredFile(size, git_blob_sha1(lfs_pointer(sha256, size)), sha256)

    def has_large(self, sha256: str) -> bool:
        """Tells whether the content of a large file is here."""
        return self.large_path(sha256).exists()

    def large_path(self, sha256: str) -> Path:
        """Returns where the content of a large file lies, or would lie.

        Raises:
            HubError: this is not a SHA-256.
        """
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise HubError("An LFS object is named by 64 hexadecimal digits.")
        return self._large / sha256[:2] / sha256

    def content_path(self, file: StoredFile) -> Path:
        """Returns where the content of a file lies."""
        return self.large_path(file.sha256) if file.sha256 else self._regular / file.sha1[:2] / file.sha1

    async def receive_large(self, sha256: str, chunks: AsyncIterable[bytes]) -> None:
        """Stores a large file as it arrives.

        Args:
            sha256: the hash the content must have.
            chunks: the content.

        Raises:
            HubError: the content has another hash; nothing is kept.
        """
        target = self.large_path(sha256)
        draft = self._large / f".{uuid.uuid4().hex}"
        draft.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        try:
            with draft.open("wb") as out:
                async for chunk in chunks:
                    digest.update(chunk)
                    out.write(chunk)
            if digest.hexdigest() != sha256:
                raise HubError(f"The uploaded content hashes to {digest.hexdigest()}, not to {sha256}.")
            target.parent.mkdir(exist_ok=True)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def add_part(self, sha256: str, number: int, content: bytes) -> str:
        """Stores one part of a multipart upload and returns its tag.

        Args:
            sha256: hash of the whole file.
            number: position of the part, from 1.
            content: bytes of the part.
        """
        write_atomically(self._parts / self.large_path(sha256).name / str(number), content)
        return hashlib.md5(content, usedforsecurity=False).hexdigest()

    async def join_parts(self, sha256: str, tags: Iterable[tuple[int, str]]) -> None:
        """Makes the large file out of its parts.

        Args:
            sha256: hash of the whole file.
            tags: number and tag of every part.

        Raises:
            EntryMissing: a part was never uploaded.
            HubError: a part's tag or the hash of the whole is wrong.
        """
        folder = self._parts / self.large_path(sha256).name
        numbered = sorted(tags)
        for number, _ in numbered:
            if not (folder / str(number)).is_file():
                raise EntryMissing(f"Part {number} has not been uploaded.")

        async def content() -> AsyncIterable[bytes]:
            for number, tag in numbered:
                part = (folder / str(number)).read_bytes()
                if hashlib.md5(part, usedforsecurity=False).hexdigest() != tag:
                    raise HubError(f"Part {number} has another tag.")
                yield part

        await self.receive_large(sha256, content())
        for part in folder.iterdir():
            part.unlink()
        folder.rmdir()
