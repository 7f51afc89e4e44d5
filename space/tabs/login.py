"""The login that `NAJVA_AUTH` asks for, at every door.

Gradio 6.31 has the page of the login and asks for it at most doors, but not at those of the MCP tools; and its own
caller behind those knows no password, so that no tool would work. Here every door but the login's own asks, and a
program may give name and password with each request (HTTP Basic), which MCP clients can be told to.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie

import gradio as gr
from anyio.to_thread import run_sync
from gradio.routes import App
from gradio_client import Client
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tabs.theme import TYPEFACE_ROUTE

# What the login's own page is made of, and what says nothing of anybody.
_OPEN = ("/assets/", "/static/", "/svelte/", "/favicon.ico", "/theme.css", "/gradio_api/theme.css", "/robots.txt")
_OPEN_EXACTLY = (
    TYPEFACE_ROUTE.path,
    "/",
    "/login",
    "/login/",
    "/logout",
    "/manifest.json",
    "/gradio_api/startup-events",
)
_MCP = "/gradio_api/mcp"


class Login:
    """Middleware that lets in who has logged in, or says name and password with the request.

    Args:
        app: what it stands before.
        accounts: names and passwords; none of them lets everybody in.
        page: whose MCP tools call its endpoints.
    """

    def __init__(self, app: ASGIApp, accounts: Sequence[tuple[str, str]], page: gr.Blocks) -> None:
        self._app, self._page = app, page
        self._passwords = dict(accounts)
        # What Gradio knows somebody by; one for each name, so that it does not grow with the requests.
        self._tokens = {name: secrets.token_urlsafe() for name in self._passwords}
        self._of_tools = secrets.token_urlsafe()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        if not self._passwords or scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        gradio: App = scope["app"]
        cookie = f"access-token-{gradio.cookie_id}"
        if name := self._named(Headers(scope=scope)):
            gradio.tokens[self._tokens[name]] = name
            others = [header for header in scope["headers"] if header[0] != b"cookie"]
            scope["headers"] = [*others, (b"cookie", f"{cookie}={self._tokens[name]}".encode("ascii"))]
        elif not self._is_open(path) and not self._has_logged_in(scope, gradio, cookie):
            refused = JSONResponse({"detail": "Log in first: this app asks for a name and a password."}, 401)
            await refused(scope, receive, send)
            return
        if path.startswith(_MCP):
            gradio.tokens[self._of_tools] = "mcp"
            await run_sync(self._connect_tools, f"{cookie}={self._of_tools}")
        await self._app(scope, receive, send)

    @staticmethod
    def _is_open(path: str) -> bool:
        return path in _OPEN_EXACTLY or path.startswith(_OPEN)

    def _named(self, headers: Headers) -> str:
        """Return whose name and password come with a request."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return ""
        try:
            name, _, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        known = self._passwords.get(name, secrets.token_urlsafe())
        return name if hmac.compare_digest(known.encode("utf-8"), password.encode("utf-8")) else ""

    @staticmethod
    def _has_logged_in(scope: Scope, gradio: App, cookie: str) -> bool:
        try:
            cookies = SimpleCookie(Headers(scope=scope).get("cookie", ""))
        except CookieError:
            return False
        names = (cookie, cookie.replace("access-token-", "access-token-unsecure-"))
        return any(cookies[name].value in gradio.tokens for name in names if name in cookies)

    def _connect_tools(self, cookie: str) -> None:
        """Give the tools a caller of the endpoints that is let in; Gradio would make one that is not."""
        tools = self._page.mcp_server_obj
        if tools and tools._client_instance is None:
            tools._client_instance = Client(
                tools.local_url or self._page.local_url,
                download_files=False,
                verbose=False,
                analytics_enabled=False,
                _skip_components=False,
                headers={"x-gradio-user": "mcp", "cookie": cookie},
            )
