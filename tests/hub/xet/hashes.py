"""The hashes of the Xet protocol, all 32 bytes of keyed BLAKE3. https://huggingface.co/docs/xet/hashing."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence

from blake3 import blake3

from ..errors import HubError

_DATA_KEY = bytes.fromhex("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229")
_NODE_KEY = bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f")
_RANGE_KEY = bytes.fromhex("7f1857d6ce56ed66127ff913e7a5c3f3a4cd26d5b5db49e64124987f28fb94c3")
_NO_KEY = bytes(32)
# Of a node of the tree; see `next_merge_cut` in `merklehash/aggregated_hashes.rs` of xet-core.
_MEAN_CHILDREN = 4
_MOST_CHILDREN = 2 * _MEAN_CHILDREN + 1


def as_text(digest: bytes) -> str:
    """Returns a hash as the protocol writes it: four little-endian numbers, hexadecimal."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", digest))


def from_text(text: str) -> bytes:
    """Returns the hash that was written as text.

    Raises:
        HubError: it is none.
    """
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise HubError("A Xet object is named by 64 hexadecimal digits.")
    return struct.pack("<4Q", *(int(text[start : start + 16], 16) for start in range(0, 64, 16)))


def keyed(digest: bytes, key: bytes) -> bytes:
    """Returns a hash of a hash, for a shard that must not give chunk hashes away."""
    return blake3(digest, key=key).digest()


def chunk_hash(content: bytes) -> bytes:
    """Returns the name of a chunk."""
    return blake3(content, key=_DATA_KEY).digest()


def xorb_hash(chunks: Sequence[tuple[bytes, int]]) -> bytes:
    """Returns the name of a xorb: the root of a tree over its chunks.

    Args:
        chunks: hash and uncompressed bytes of each, in order.
    """
    nodes = list(chunks)
    while len(nodes) > 1:
        parents = []
        while nodes:
            end = _node_end(nodes)
            lines = "".join(f"{as_text(digest)} : {size}\n" for digest, size in nodes[:end])
            parents.append((blake3(lines.encode(), key=_NODE_KEY).digest(), sum(size for _, size in nodes[:end])))
            nodes = nodes[end:]
        nodes = parents
    return nodes[0][0] if nodes else _NO_KEY


def file_hash(chunks: Sequence[tuple[bytes, int]]) -> bytes:
    """Returns the name of a file that is made of these chunks; see `xorb_hash`."""
    return keyed(xorb_hash(chunks), _NO_KEY) if chunks else _NO_KEY


def range_hash(chunk_hashes: Iterable[bytes]) -> bytes:
    """Returns the proof that an uploader knows the chunks of a term."""
    return blake3(b"".join(chunk_hashes), key=_RANGE_KEY).digest()


def _node_end(nodes: Sequence[tuple[bytes, int]]) -> int:
    """How many of the nodes, from the first, have one parent: at least two, ended by a hash that divides by four."""
    end = min(_MOST_CHILDREN, len(nodes))
    for index in range(2, end):
        if int.from_bytes(nodes[index][0][24:], "little") % _MEAN_CHILDREN == 0:
            return index + 1
    return end
