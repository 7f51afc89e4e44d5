"""Reads xorbs: chunks, each behind a header of eight bytes. https://huggingface.co/docs/xet/xorb."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..errors import HubError
from . import hashes

_HEADER_BYTES = 8
_CHUNK_BYTES = 128 << 10
_FOOTER_MARK = b"XETBLOB"  # older clients append a table of contents, which says nothing new
_PLAIN, _LZ4, _GROUPED_LZ4 = 0, 1, 2


@dataclass(frozen=True)
class Chunk:
    """One chunk of a xorb.

    Attributes:
        hash: its name.
        size: bytes of its content.
        start: position of its header in the xorb.
        end: position behind its stored form.
    """

    hash: bytes
    size: int
    start: int
    end: int


def read_chunks(xorb: bytes) -> list[Chunk]:
    """Returns the chunks of a xorb, each unpacked and named anew.

    Args:
        xorb: as uploaded.

    Raises:
        HubError: it is damaged.
    """
    chunks, start = [], 0
    while start < len(xorb) and not xorb.startswith(_FOOTER_MARK, start):
        end, content = _unpack(xorb, start)
        chunks.append(Chunk(hashes.chunk_hash(content), len(content), start, end))
        start = end
    return chunks


def contents(packed: bytes) -> Iterator[bytes]:
    """Yields the contents of a series of stored chunks.

    Args:
        packed: from the first one's header to the end of the last.

    Raises:
        HubError: it is damaged.
    """
    start = 0
    while start < len(packed):
        start, content = _unpack(packed, start)
        yield content


def _unpack(xorb: bytes, start: int) -> tuple[int, bytes]:
    """Returns where a chunk ends, and its content."""
    header = xorb[start : start + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES or header[0] != 0:
        raise HubError("The xorb holds something that is no chunk.")
    packed_size, scheme = int.from_bytes(header[1:4], "little"), header[4]
    size = int.from_bytes(header[5:8], "little")
    end = start + _HEADER_BYTES + packed_size
    packed = xorb[start + _HEADER_BYTES : end]
    if len(packed) != packed_size or not 0 < size <= _CHUNK_BYTES or scheme > _GROUPED_LZ4:
        raise HubError("The xorb ends within a chunk, or a chunk is of a size or a kind that does not exist.")
    content = packed if scheme == _PLAIN else _decompress(packed, size)
    if len(content) != size:
        raise HubError("A chunk of the xorb has another size than its header says.")
    return end, _ungroup(content) if scheme == _GROUPED_LZ4 else content


def _decompress(packed: bytes, size: int) -> bytes:
    try:
        return pa.Codec("lz4").decompress(packed, decompressed_size=size, asbytes=True)
    except (OSError, pa.ArrowException) as error:
        raise HubError(f"A chunk of the xorb cannot be unpacked: {error}.") from error


def _ungroup(grouped: bytes) -> bytes:
    """Returns bytes in their order again that were grouped by their position within each four."""
    content = np.empty(len(grouped), np.uint8)
    start = 0
    for position in range(4):
        wanted = content[position::4]
        wanted[:] = np.frombuffer(grouped, np.uint8, len(wanted), start)
        start += len(wanted)
    return content.tobytes()
