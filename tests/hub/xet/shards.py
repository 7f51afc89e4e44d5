"""Reads and writes shards: records of 48 bytes in two lists. https://huggingface.co/docs/xet/shard."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import HubError
from . import hashes
from .xorbs import Chunk

_TAG = b"HFRepoMetaData\0UigEj{\x81W\x83\xa5\xbd\xd9\\\xcd\xd1J\xa9"
_VERSION = 2
_HEADER = struct.Struct("<32s2Q")
_RECORD = struct.Struct("<32s4I")
_FOOTER = struct.Struct("<9Q32s12Q")
_FOOTER_VERSION = 1
_END_MARK = b"\xff" * 32
_END = _RECORD.pack(_END_MARK, 0, 0, 0, 0)
_WITH_RANGE_HASHES, _WITH_SHA256 = 1 << 31, 1 << 30
_VALID_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Term:
    """Chunks `start` to `end` (exclusive) of a xorb, which together have `size` bytes."""

    xorb: bytes
    size: int
    start: int
    end: int


@dataclass(frozen=True)
class ShardFile:
    """What a shard says of a file.

    Attributes:
        hash: the file's name in the Xet protocol.
        terms: what it is made of, in order.
        range_hashes: one per term.
        sha256: hash of its content, hexadecimal, by which commits name it.
    """

    hash: bytes
    terms: tuple[Term, ...]
    range_hashes: tuple[bytes, ...]
    sha256: str


def read_shard(shard: bytes) -> tuple[list[ShardFile], dict[bytes, list[bytes]]]:
    """Returns the files of an uploaded shard, and the chunk hashes of each new xorb it lists.

    Raises:
        HubError: it is damaged, or says less than an upload has to.
    """
    if len(shard) < _HEADER.size or _HEADER.unpack_from(shard)[:2] != (_TAG, _VERSION):
        raise HubError("This is no shard of version 2.")
    body = memoryview(shard)[_HEADER.size :]
    records = _RECORD.iter_unpack(body[: len(body) // _RECORD.size * _RECORD.size])
    return list(_files(records)), dict(_xorbs(records))


def write_answer(xorb: bytes, chunks: Sequence[Chunk], key: bytes) -> bytes:
    """Returns the shard that answers the question whether a chunk is known: the xorb it is in.

    Args:
        xorb: name of the xorb.
        chunks: all its chunks.
        key: hides the chunk hashes from those who do not know them anyway.
    """
    stored = chunks[-1].end
    lines = [_RECORD.pack(xorb, 0, len(chunks), sum(chunk.size for chunk in chunks), stored)]
    position = 0
    for chunk in chunks:
        lines.append(_RECORD.pack(hashes.keyed(chunk.hash, key), position, chunk.size, 0, 0))
        position += chunk.size
    header = _HEADER.pack(_TAG, _VERSION, _FOOTER.size)
    xorbs_at = len(header) + len(_END)
    body = header + _END + b"".join(lines) + _END
    now = int(time.time())
    tables = (len(body), 0) * 3  # three tables for searching, which may be empty
    rest = (0,) * 6 + (stored, 0, position, len(body))
    return body + _FOOTER.pack(_FOOTER_VERSION, len(header), xorbs_at, *tables, key, now, now + _VALID_SECONDS, *rest)


def _files(records: Iterator[tuple]) -> Iterator[ShardFile]:
    while (head := _next(records))[0] != _END_MARK:
        name, flags, count = head[:3]
        if not flags & _WITH_RANGE_HASHES or not flags & _WITH_SHA256:
            raise HubError("Every file of an uploaded shard needs range hashes and its SHA-256.")
        lines = [_next(records) for _ in range(count)]
        terms = tuple(Term(xorb, size, start, end) for xorb, _, size, start, end in lines)
        ranges = tuple(_next(records)[0] for _ in range(count))
        # The SHA-256 is kept in the same order of bytes as the protocol's own hashes.
        yield ShardFile(name, terms, ranges, hashes.as_text(_next(records)[0]))


def _xorbs(records: Iterator[tuple]) -> Iterator[tuple[bytes, list[bytes]]]:
    while (head := _next(records))[0] != _END_MARK:
        yield head[0], [_next(records)[0] for _ in range(head[2])]


def _next(records: Iterator[tuple]) -> tuple:
    record = next(records, None)
    if record is None:
        raise HubError("The shard ends too early.")
    return record
