"""What stands before every request: how large it may be, which doors stay shut, what the browser may do with an answer.

Gradio 6.31 limits each uploaded file, but neither a whole upload nor any other body; it serves doors that this page
does not need, one of which fetches any public address for anybody; and it leaves the piece of a file behind that a
visitor or a full disk broke off.
"""

import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from fastapi.exceptions import RequestValidationError
from gradio import route_utils
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tabs.callers import DISK_FULL, OTHER_FORM, is_disk_full

_log = logging.getLogger(__name__)
# The Hub shows a Space in a frame of its own pages. Everything else comes from the page's own host: Gradio's scripts
# stand in the page or are made by it (`js_on_load`, the microphone's worklet), sounds and downloads are blobs and data.
_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self' https://huggingface.co https://*.huggingface.co https://*.hf.space",
    )
)
HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), display-capture=()",
}
# Gradio's doors that nothing here uses: other hosts' files and Spaces, a page's state and screen recordings as files,
# its code editor, its monitor.
_SHUT = (
    "/gradio_api/file=http:",
    "/gradio_api/file=https:",
    "/gradio_api/file/http",
    "/gradio_api/proxy=",
    "/gradio_api/deep_link",
    "/gradio_api/process_recording",
    "/gradio_api/stream/",
    "/gradio_api/vibe-",
    "/gradio_api/undo-vibe-",
    "/monitoring",
)
# A minute of a live session's sound in base64, and a little more.
_LARGEST_MESSAGE = 4_000_000
_MARGIN = 1_000_000
# Files of the request that is answered now which Gradio has begun to write.
_begun: ContextVar[list[str] | None] = ContextVar("begun", default=None)


class _TooLarge(Exception):
    pass


@dataclass
class _Answer:
    """What is sent, with the headers that belong to it."""

    send: Send
    begun: bool = field(default=False)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await self.send(message)

    async def refuse(self, status: int, sentence: str) -> None:
        """Answer with a sentence, in the form in which Gradio's own refusals come."""
        body = json.dumps({"detail": sentence}).encode("utf-8")
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode("ascii"))]
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


class Guard:
    """Middleware around the whole app.

    Args:
        app: what it stands before.
        max_bytes: size of the largest file taken.
        max_upload_bytes: of several files together; Gradio itself limits each of them.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, max_upload_bytes: int) -> None:
        self._app, self._max_bytes, self._max_upload_bytes = app, max_bytes, max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer, path = _Answer(send), scope["path"]
        if path.startswith(_SHUT):
            await answer.refuse(404, "There is nothing here.")
            return
        limit = self._limit(path)
        # Not waited for: whoever says so much at the beginning would send it first.
        declared = Headers(scope=scope).get("content-length", "")
        megabytes = self._max_bytes / 1_000_000
        too_large = f"This is too large; the limit of a file is {megabytes:g} MB."
        if "/upload" in path:
            together = self._max_upload_bytes / 1_000_000
            too_large = f"This is too large; the limit is {megabytes:g} MB, and {together:g} MB together."
        if declared.isdecimal() and int(declared) > limit:
            await answer.refuse(413, too_large)
            return
        mine: list[str] = []
        mark = _begun.set(mine)
        try:
            await self._app(scope, _counted(receive, limit), answer)
        except _TooLarge:
            await self._told(answer, 413, too_large)
        except Exception as error:
            # The log gets no more than this: an error may quote what a visitor sent.
            _log.error("A request failed: %s", type(error).__name__)
            await self._told(answer, *_reason(error))
        finally:
            _begun.reset(mark)
            # What became an upload has another name by now.
            for name in mine:
                with suppress(OSError):
                    Path(name).unlink()

    @staticmethod
    async def _told(answer: _Answer, status: int, sentence: str) -> None:
        if not answer.begun:
            with suppress(OSError, RuntimeError):
                await answer.refuse(status, sentence)

    def _limit(self, path: str) -> int:
        if "/component_server" in path:
            return _LARGEST_MESSAGE
        # Recordings come as they are, several at once, or as base64 inside a call.
        return (self._max_upload_bytes if "/upload" in path else self._max_bytes * 4 / 3) + _MARGIN


def _reason(error: Exception) -> tuple[int, str]:
    if is_disk_full(error):
        return 507, DISK_FULL
    # Gradio's doors only read what comes, what computes has its own way of failing: so what came was odd.
    if isinstance(error, LookupError | TypeError | ValueError | AttributeError | RecursionError):
        return 400, OTHER_FORM
    return 500, "This failed inside the app, which is its fault and not yours: try again."


async def refuse_other_form(_: Request, error: RequestValidationError) -> JSONResponse:
    """Answer in a sentence where FastAPI would send a list of what it misses."""
    return JSONResponse({"detail": OTHER_FORM}, 422)


def _counted(receive: Receive, limit: float) -> Receive:
    size = 0

    async def receive_counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise _TooLarge
        return message

    return receive_counted


def note_begun_files() -> None:
    """Note the files that Gradio opens for an upload, so that none is left behind when the upload fails."""
    make: Callable = route_utils.NamedTemporaryFile

    def make_and_note(*arguments: object, **named: object) -> object:
        file = make(*arguments, **named)
        mine = _begun.get()
        if mine is not None:
            mine.append(os.fspath(file.name))
        return file

    route_utils.NamedTemporaryFile = make_and_note
