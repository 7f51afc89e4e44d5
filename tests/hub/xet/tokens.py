"""Tokens for the storage: short-lived, and valid for reading or for writing. https://huggingface.co/docs/xet/auth."""

from __future__ import annotations

import hmac
import secrets
import time
from pathlib import Path

from ..errors import BadToken
from ..objects import write_atomically


class XetTokens:
    """Gives out tokens that need not be remembered, as they carry their own proof."""

    def __init__(self, key_file: Path):
        """Reads the key, so that tokens outlive a restart of the Hub.

        Args:
            key_file: written if it does not exist.
        """
        if not key_file.exists():
            write_atomically(key_file, secrets.token_bytes(32))
        self._key = key_file.read_bytes()

    def issue(self, scope: str, valid_seconds: int) -> tuple[str, int]:
        """Returns a token and when it expires, in seconds since 1970.

        Args:
            scope: `read` or `write`.
            valid_seconds: from now.
        """
        expiry = int(time.time()) + valid_seconds
        return f"xet_{scope}_{expiry}_{self._proof(scope, expiry)}", expiry

    def scope_of(self, token: str) -> str:
        """Returns what a token is for.

        Raises:
            BadToken: it is not one of this Hub, or has expired.
        """
        parts = token.split("_")
        if len(parts) != 4 or parts[0] != "xet" or not parts[2].isdecimal():
            raise BadToken("A Xet token is needed.")
        _, scope, expiry, proof = parts
        if not hmac.compare_digest(proof, self._proof(scope, int(expiry))):
            raise BadToken("This Xet token is none of this Hub.")
        if int(expiry) < time.time():
            raise BadToken("This Xet token has expired.")
        return scope

    def _proof(self, scope: str, expiry: int) -> str:
        return hmac.new(self._key, f"{scope} {expiry}".encode(), "sha256").hexdigest()
