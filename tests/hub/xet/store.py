"""Xorbs and what files are made of them, on disk. Knows nothing of HTTP.

Layout below the store's folder::

    xorbs/HASH, xorbs/HASH.json         a xorb, and its chunks: hash, size, first and last byte
    files/HASH.json                     SHA-256 and terms of a file
    names/SHA256                        hash of the file with that content
    drafts/GRANT                        a xorb that has been uploaded but not yet checked
    id                                  of this storage
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import EntryMissing, HubError
from ..objects import ObjectStore, write_atomically
from . import hashes
from .shards import ShardFile, Term, read_shard
from .xorbs import Chunk, contents, read_chunks


@dataclass(frozen=True)
class Plan:
    """How a part of a file is put together.

    Attributes:
        skip: bytes of the first term that come before the part.
        terms: the chunks to unpack, in order.
    """

    skip: int
    terms: list[Term]


class XetStore:
    """The xorbs of all repositories of one Hub.

    Attributes:
        id: part of the storage's address.
    """

    def __init__(self, folder: Path, objects: ObjectStore):
        """Opens a folder, new or left by an earlier Hub.

        Args:
            folder: as the module's description lays it out.
            objects: gets every file whole as well, for clients without Xet.
        """
        self._folder = folder
        self._objects = objects
        # A client remembers by address which xorbs a storage has; a new storage must not be taken for an old one.
        if not (folder / "id").exists():
            write_atomically(folder / "id", uuid.uuid4().hex.encode())
        self.id = (folder / "id").read_text()
        self._chunks: dict[bytes, list[Chunk]] = {}
        self._xorb_of_chunk: dict[bytes, bytes] = {}
        for index in (folder / "xorbs").glob("*.json"):
            rows = json.loads(index.read_bytes())
            chunks = [Chunk(hashes.from_text(name), *numbers) for name, *numbers in rows]
            self._remember(hashes.from_text(index.stem), chunks)

    def has_xorb(self, xorb: bytes) -> bool:
        """Tells whether a xorb is here."""
        return xorb in self._chunks

    def xorb_path(self, xorb: bytes) -> Path:
        """Returns where a xorb lies, or would lie."""
        return self._folder / "xorbs" / hashes.as_text(xorb)

    def add_xorb(self, xorb: bytes, content: bytes) -> None:
        """Stores a xorb.

        Args:
            xorb: its name.
            content: as uploaded.

        Raises:
            HubError: it is damaged, or its chunks do not make up its name.
        """
        chunks = read_chunks(content)
        if hashes.xorb_hash([(chunk.hash, chunk.size) for chunk in chunks]) != xorb:
            raise HubError("The chunks of the xorb make up another hash than its name.")
        write_atomically(self.xorb_path(xorb), content)
        rows = [[hashes.as_text(chunk.hash), chunk.size, chunk.start, chunk.end] for chunk in chunks]
        write_atomically(self.xorb_path(xorb).with_suffix(".json"), json.dumps(rows).encode())
        self._remember(xorb, chunks)

    def put_draft(self, grant: str, content: bytes) -> None:
        """Keeps an uploaded xorb that nobody has checked.

        Args:
            grant: 32 hexadecimal digits, by which `take_draft` finds it.
            content: as uploaded.
        """
        write_atomically(self._draft(grant), content)

    def take_draft(self, grant: str) -> bytes:
        """Returns what was uploaded under a grant, and forgets it.

        Raises:
            EntryMissing: nothing was.
        """
        draft = self._draft(grant)
        if not draft.exists():
            raise EntryMissing("Nothing has been uploaded for this grant.")
        content = draft.read_bytes()
        draft.unlink()
        return content

    def chunks(self, xorb: bytes) -> list[Chunk]:
        """Returns the chunks of a xorb.

        Raises:
            EntryMissing: it is not here.
        """
        if not self.has_xorb(xorb):
            raise EntryMissing(f"There is no xorb {hashes.as_text(xorb)}.")
        return self._chunks[xorb]

    def xorb_with(self, chunk: bytes) -> bytes | None:
        """Returns a xorb that holds a chunk, or None."""
        return self._xorb_of_chunk.get(chunk)

    def name_of(self, sha256: str) -> str | None:
        """Returns the Xet hash of a content that was uploaded by Xet, as text; None for any other."""
        name = self._folder / "names" / sha256
        return name.read_text() if name.exists() else None

    async def add_shard(self, shard: bytes) -> None:
        """Takes in the files of a shard, each checked and rebuilt.

        Args:
            shard: as uploaded.

        Raises:
            EntryMissing: a xorb has not been uploaded.
            HubError: something in it is untrue; the files before it are kept, which no commit names yet.
        """
        files, listed = read_shard(shard)
        for xorb, chunk_hashes in listed.items():
            if [chunk.hash for chunk in self.chunks(xorb)] != chunk_hashes:
                raise HubError(f"The shard lists other chunks of xorb {hashes.as_text(xorb)} than it has.")
        for file in files:
            self._check(file)
            await self._objects.receive_large(file.sha256, self._rebuilt(file.terms))
            terms = [[hashes.as_text(term.xorb), term.size, term.start, term.end] for term in file.terms]
            record = json.dumps({"sha256": file.sha256, "terms": terms}).encode()
            name = hashes.as_text(file.hash)
            write_atomically(self._folder / "files" / f"{name}.json", record)
            write_atomically(self._folder / "names" / file.sha256, name.encode())

    def plan(self, name: bytes, start: int, end: int | None) -> Plan:
        """Returns how to put together a part of a file.

        Args:
            name: the file's hash.
            start: first byte.
            end: the byte behind the last one; None or too large for the end of the file.

        Returns:
            Terms cut to whole chunks; none at all if the file ends before `start`.

        Raises:
            EntryMissing: no such file was uploaded.
        """
        record = self._folder / "files" / f"{hashes.as_text(name)}.json"
        if not record.exists():
            raise EntryMissing(f"There is no file {hashes.as_text(name)}.")
        skip, terms, position = 0, [], 0
        for xorb, _, *span in json.loads(record.read_bytes())["terms"]:
            wanted = []
            chunks = self.chunks(hashes.from_text(xorb))
            for index in range(*span):
                size = chunks[index].size
                if position + size > start and (end is None or position < end):
                    skip = start - position if not (terms or wanted) else skip
                    wanted.append(index)
                position += size
            if wanted:
                size = sum(chunks[index].size for index in wanted)
                terms.append(Term(hashes.from_text(xorb), size, wanted[0], wanted[-1] + 1))
        return Plan(skip, terms)

    def _check(self, file: ShardFile) -> None:
        """Raises HubError where a file's terms do not make up its name."""
        whole = []
        for term, proof in zip(file.terms, file.range_hashes, strict=True):
            chunks = self.chunks(term.xorb)[term.start : term.end]
            if not chunks or term.end - term.start != len(chunks) or sum(chunk.size for chunk in chunks) != term.size:
                raise HubError(f"A term names chunks that xorb {hashes.as_text(term.xorb)} does not have.")
            if hashes.range_hash(chunk.hash for chunk in chunks) != proof:
                raise HubError("The range hash of a term does not fit its chunks.")
            whole += [(chunk.hash, chunk.size) for chunk in chunks]
        if hashes.file_hash(whole) != file.hash:
            raise HubError(f"The terms of file {hashes.as_text(file.hash)} make up another hash.")

    async def _rebuilt(self, terms: Iterable[Term]) -> AsyncIterator[bytes]:
        for term in terms:
            chunks = self.chunks(term.xorb)
            with self.xorb_path(term.xorb).open("rb") as xorb:
                xorb.seek(chunks[term.start].start)
                packed = xorb.read(chunks[term.end - 1].end - chunks[term.start].start)
            for content in contents(packed):
                yield content

    def _draft(self, grant: str) -> Path:
        if not re.fullmatch("[0-9a-f]{32}", grant):
            raise HubError("This is no grant of this Hub.")
        return self._folder / "drafts" / grant

    def _remember(self, xorb: bytes, chunks: list[Chunk]) -> None:
        self._chunks[xorb] = chunks
        self._xorb_of_chunk.update((chunk.hash, xorb) for chunk in chunks)
