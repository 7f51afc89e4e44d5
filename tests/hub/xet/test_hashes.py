"""Our hashes against the reference's."""

from __future__ import annotations

import pytest

from ..errors import HubError
from . import hashes

NAMES = [
    "cfc5d07f6f03c29bbf424132963fe08d19a37d5757aaf520bf08119f05cd56d6",
    "c3e67584b5c4fc2a89837ec39e40f2c8a6bb0b2987ac94cd4b31e5fbdd210a72",
    "0d2beb91b9196929a5ddec9f6e306924ddf4a24268e3e59fd8464738d525af37",
    "adf8773496a9b7319b2e50dc98093f344053b17d8ad37100b9c07d9805988784",
]


@pytest.mark.parametrize(
    ("order", "xorb", "file"),
    [
        ((), "0000000000000000", "0000000000000000"),
        ((0,), "cfc5d07f6f03c29b", "8e16257caa3fe079"),
        ((0, 1, 2), "71ec1275fca07472", "54e55dccc6653c61"),
        ((0, 0, 0, 0), "89f2ada89ff8c967", "2cdba690d0e09563"),
        ((0, 1, 0, 1, 2, 3), "52c826f99507aa05", "91d21684db364c88"),
    ],
)
def test_names_of_xorbs_and_files(order: tuple[int, ...], xorb: str, file: str) -> None:
    """Expected beginnings from the tests of `merklehash/aggregated_hashes.rs` in huggingface/xet-core."""
    chunks = [(hashes.from_text(NAMES[index]), 100 * (index + 1)) for index in order]
    assert hashes.as_text(hashes.xorb_hash(chunks))[:16] == xorb
    assert hashes.as_text(hashes.file_hash(chunks))[:16] == file


def test_text_swaps_bytes_by_eights() -> None:
    """The example of https://huggingface.co/docs/xet/api."""
    text = "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
    assert hashes.as_text(bytes(range(32))) == text
    assert hashes.from_text(text) == bytes(range(32))
    for nonsense in ("", text[1:], text.upper(), text[:-1] + "g"):
        with pytest.raises(HubError):
            hashes.from_text(nonsense)
