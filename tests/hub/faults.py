"""Faults that a test can order: a Hub that does not answer, one that breaks off or falls silent, one that refuses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import BadToken

_POLL_SECONDS = 0.02
_ADDRESS_OF_UPLOADS = ("/info/lfs/objects/", "/xet-write-token/")
_ADDRESS_OF_COMMITS = "/commit/"


@dataclass
class _Fault:
    only: str | tuple[str, ...]
    times: int | None = None
    value: int = 0

    def take(self, path: str) -> bool:
        """Tells whether the fault strikes a request, and counts it."""
        parts = (self.only,) if isinstance(self.only, str) else self.only
        if self.times == 0 or not any(part in path for part in parts):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults that are switched on; each call below replaces the fault of the same name.

    `only` is a part of the request's path, such as `/resolve/`, `/commit/` or `/storage/`, or several of which one will
    do; the empty text means every request. `times` is how often the fault strikes, None for until `clear`.

    With Xet, contents lie in `/storage/xorbs/`, behind questions to `/cas/`; without it in `/storage/`.
    """

    def __init__(self) -> None:
        """Starts without faults."""
        self.clear()

    def clear(self) -> None:
        """Ends all faults. Requests that hang are dropped: what their caller has given up on is never done."""
        self._hang: _Fault | None = None
        self._cut: _Fault | None = None
        self._stall: _Fault | None = None
        self._refuse: _Fault | None = None
        self._expire: _Fault | None = None
        self._lose: _Fault | None = None

    def hang(self, *, only: str | tuple[str, ...] = "", times: int | None = None) -> None:
        """Accepts connections and then answers nothing at all."""
        self._hang = _Fault(only, times)

    def cut_downloads(self, after_bytes: int, *, only: str | tuple[str, ...] = "", times: int | None = 1) -> None:
        """Breaks off the connection when the first `after_bytes` bytes of a file have been sent.

        The bytes are counted from the file's beginning, with Xet from the xorb's, also where a client resumes: with
        `times=None` no client ever gets past them, with `times=1` the second attempt succeeds. Shorter files are not
        affected.
        """
        self._cut = _Fault(only, times, after_bytes)

    def stall_downloads(self, after_bytes: int, *, only: str | tuple[str, ...] = "", times: int | None = None) -> None:
        """Falls silent when the first `after_bytes` bytes of a file have been sent, and keeps the connection open.

        The bytes are counted as `cut_downloads` counts them.
        """
        self._stall = _Fault(only, times, after_bytes)

    def refuse(self, status: int, *, only: str | tuple[str, ...] = "", times: int | None = None) -> None:
        """Answers with an HTTP status such as 503."""
        self._refuse = _Fault(only, times, status)

    def expire_token(self, *, only: str | tuple[str, ...] = "", times: int | None = None) -> None:
        """Answers requests that carry a Hub token as if it had never existed, as the Hub does when one has expired.

        The words are those of https://github.com/sillsdev/silnlp/issues/791.
        """
        self._expire = _Fault(only, times)

    def lose_answers(self, *, only: str | tuple[str, ...] = "", times: int | None = None) -> None:
        """Does what is asked, and then breaks off the connection instead of saying so."""
        self._lose = _Fault(only, times)

    def fail_push(self, at: str, *, times: int | None = None) -> None:
        """Fails in the middle of a push, with Xet and without it.

        Args:
            at: `upload` before the contents are there, `commit` when they are but the commit is not, `answer` when the
                commit is made and only the answer is missing.
            times: how often.
        """
        if at == "upload":
            self.refuse(503, only=_ADDRESS_OF_UPLOADS, times=times)
        elif at == "commit":
            self.refuse(503, only=_ADDRESS_OF_COMMITS, times=times)
        else:
            self.lose_answers(only=_ADDRESS_OF_COMMITS, times=times)

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, with the faults that strike it."""
        path = scope["path"]
        hang, refuse, expire = self._hang, self._refuse, self._expire
        if hang and hang.take(path):
            while self._hang is hang:
                await asyncio.sleep(_POLL_SECONDS)
            await _break_off(send)
            return
        if refuse and refuse.take(path):
            await JSONResponse({"error": "A fault ordered by the test."}, refuse.value)(scope, receive, send)
            return
        if expire and _has_hub_token(scope) and expire.take(path):
            await BadToken().response()(scope, receive, send)
            return
        if self._lose and self._lose.take(path):
            await app(scope, receive, _unheard)
            await _break_off(send)
            return
        if scope["method"] == "GET" and path.startswith(("/storage/", "/api/resolve-cache/")):
            for fault in (self._cut, self._stall):
                send = self._interrupting(fault, path, send) if fault else send
        await app(scope, receive, send)

    def _interrupting(self, fault: _Fault, path: str, send: Send) -> Send:
        left = fault.value
        is_over = False

        async def send_up_to_the_fault(message: Message) -> None:
            nonlocal left, is_over
            body = message.get("body", b"")
            if message["type"] == "http.response.start":
                left -= _range_start(message)
            if len(body) > max(left, 0) and not is_over and fault.take(path):
                is_over = True
                await send({**message, "body": body[: max(left, 0)], "more_body": True})
                while self._stall is fault:
                    await asyncio.sleep(_POLL_SECONDS)
            elif not is_over:
                left -= len(body)
                await send(message)

        # Without its last message the answer breaks off.
        return send_up_to_the_fault


def _has_hub_token(scope: Scope) -> bool:
    value = dict(scope["headers"]).get(b"authorization", b"")
    return bool(value) and not value.startswith(b"Bearer xet_")


async def _break_off(send: Send) -> None:
    """Makes the server close the connection, as it does where the body that was announced never comes."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


async def _unheard(message: Message) -> None:
    pass


def _range_start(start: Message) -> int:
    content_range = dict(start["headers"]).get(b"content-range", b"bytes 0-")
    return int(content_range.removeprefix(b"bytes ").partition(b"-")[0])
