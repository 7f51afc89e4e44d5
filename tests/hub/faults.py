"""Faults that a test can order: a Hub that does not answer, one that breaks off, one that refuses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLL_SECONDS = 0.02


@dataclass
class _Fault:
    only: str
    times: int | None = None
    value: int = 0

    def take(self, path: str) -> bool:
        """Tells whether the fault strikes a request, and counts it."""
        if self.only not in path or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults that are switched on; each call below replaces the fault of the same name.

    `only` is a part of the request's path, such as `/resolve/`, `/commit/` or `/storage/`; the empty text means every
    request. `times` is how often the fault strikes, None for until `clear`.
    """

    def __init__(self) -> None:
        """Starts without faults."""
        self.clear()

    def clear(self) -> None:
        """Ends all faults. Requests that hang are dropped: what their caller has given up on is never done."""
        self._hang: _Fault | None = None
        self._cut: _Fault | None = None
        self._refuse: _Fault | None = None

    def hang(self, *, only: str = "", times: int | None = None) -> None:
        """Accepts connections and then answers nothing at all."""
        self._hang = _Fault(only, times)

    def cut_downloads(self, after_bytes: int, *, only: str = "", times: int | None = 1) -> None:
        """Breaks off the connection when the first `after_bytes` bytes of a file have been sent.

        The bytes are counted from the file's beginning, also where a client resumes: with `times=None` no client ever
        gets past them, with `times=1` the second attempt succeeds. Shorter files are not affected.
        """
        self._cut = _Fault(only, times, after_bytes)

    def refuse(self, status: int, *, only: str = "", times: int | None = None) -> None:
        """Answers with an HTTP status such as 503."""
        self._refuse = _Fault(only, times, status)

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, with the faults that strike it."""
        path = scope["path"]
        hang, refuse = self._hang, self._refuse
        if hang and hang.take(path):
            while self._hang is hang:
                await asyncio.sleep(_POLL_SECONDS)
            return
        if refuse and refuse.take(path):
            await JSONResponse({"error": "A fault ordered by the test."}, refuse.value)(scope, receive, send)
            return
        is_download = scope["method"] == "GET" and path.startswith(("/storage/", "/api/resolve-cache/"))
        await app(scope, receive, self._cutting(self._cut, path, send) if self._cut and is_download else send)

    def _cutting(self, fault: _Fault, path: str, send: Send) -> Send:
        left = fault.value
        is_cut = False

        async def send_up_to_the_cut(message: Message) -> None:
            nonlocal left, is_cut
            body = message.get("body", b"")
            if message["type"] == "http.response.start":
                left -= _range_start(message)
            if len(body) > max(left, 0) and not is_cut and fault.take(path):
                is_cut = True
                await send({**message, "body": body[: max(left, 0)], "more_body": True})
            elif not is_cut:
                left -= len(body)
                await send(message)

        # The server closes the connection of an answer whose last message never comes.
        return send_up_to_the_cut


def _range_start(start: Message) -> int:
    content_range = dict(start["headers"]).get(b"content-range", b"bytes 0-")
    return int(content_range.removeprefix(b"bytes ").partition(b"-")[0])
