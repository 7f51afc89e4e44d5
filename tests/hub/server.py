"""The Hub as a whole: it runs in a thread of the test's own process."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from types import TracebackType

import uvicorn
from huggingface_hub import HfApi
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from . import discussions, downloads, listing, page, repositories, uploads
from .access import Accounts, Site, route
from .faults import Faults
from .store import Store
from .xet import routes as xet
from .xet.tokens import XetTokens

_START_SECONDS = 20
_STOP_SECONDS = 3


class KeepEscapes:
    """Hands the path to the router as it was sent.

    A revision such as `refs/heads/main` comes as one segment, `refs%2Fheads%2Fmain`. ASGI servers decode the path
    before routing, after which nothing tells where the revision ends and the file's path begins.
    """

    def __init__(self, app: ASGIApp):
        """Wraps an application, whose handlers decode the parts of the path themselves."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        await self._app(scope, receive, send)


def hub_application(site: Site) -> Starlette:
    """Returns the Hub's routes as an ASGI application, to be wrapped in `KeepEscapes`.

    Args:
        site: what the handlers work on.
    """
    anything = [
        route(method, pattern, repositories.refuse)
        for pattern in ("/api/{kind}/{owner}/{name}/{rest:path}", "/{name}/resolve/{rest:path}", "/{path:path}")
        for method in ("GET", "POST", "PUT", "DELETE")
    ]
    parts = (xet, repositories, uploads, discussions, listing, downloads, page)
    application = Starlette(routes=[known for part in parts for known in part.routes()] + anything)
    application.router.redirect_slashes = False
    application.state.site = site
    return application


class LoopbackHub:
    """A Hugging Face Hub on this machine, for the unmodified client over real HTTP.

    Use it as a context manager, or call `start` and `stop`; a stopped Hub may be started again, at the same address.

    Attributes:
        user: owner of the repositories that `token` may write.
        token: may read and write.
        read_token: of the same user, may only read.
        stranger_token: of another user.
        site: the store, and the sizes of parts and pages.
        faults: order faults here.
        requests: `METHOD path` of every request since the start, in order.
        ranges: `path bytes=…` of every request for a part of a file.
    """

    def __init__(self, folder: Path | str, *, port: int = 0, user: str = "najva-tester", token: str | None = None):
        """Prepares a Hub.

        Args:
            folder: where everything is kept; a later Hub on the same folder finds it all.
            port: TCP port on 127.0.0.1; 0 for a free one.
            user: name of the Hub's user.
            token: the writing token; None for a random one, kept in the folder.
        """
        folder = Path(folder)
        accounts = Accounts(folder / "accounts.json")
        self.site = Site(Store(folder), accounts, XetTokens(folder / "xet" / "key"))
        self.user = user
        self.token = accounts.token_for(user, "write", token)
        self.read_token = accounts.token_for(user, "read")
        self.stranger_token = accounts.token_for("stranger", "write")
        self.faults = Faults()
        self.requests: list[str] = []
        self.ranges: list[str] = []
        self._application = KeepEscapes(hub_application(self.site))
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """Address of the Hub, known once it has been started."""
        return f"http://127.0.0.1:{self._port}"

    def api(self, token: str | None = None) -> HfApi:
        """Returns a client of this Hub.

        Args:
            token: None for the writing token; see also `read_token` and `stranger_token`.
        """
        return HfApi(endpoint=self.endpoint, token=token or self.token)

    def environment(self, home: Path | str, *, xet: bool = True) -> dict[str, str]:
        """Returns this process's environment, changed so that a subprocess uses this Hub and nothing else.

        Args:
            home: folder for the subprocess's own caches.
            xet: whether the client uses Xet, as it does by default.
        """
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGINGFACE_"))},
            "HF_ENDPOINT": self.endpoint,
            "HF_TOKEN": self.token,
            "HF_HOME": str(home),
            **({} if xet else {"HF_HUB_DISABLE_XET": "1"}),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def start(self) -> LoopbackHub:
        """Starts the Hub and returns when it answers.

        Raises:
            OSError: the port is taken.
            RuntimeError: it does not come up.
        """
        # Only where the protocol is named does asyncio send small answers at once; otherwise each costs 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            proxy_headers=False,
            log_config=None,
            log_level=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        waiting = threading.Event()
        for _ in range(_START_SECONDS * 100):
            if self._server.started:
                return self
            waiting.wait(0.01)
        raise RuntimeError(f"The Hub did not start within {_START_SECONDS} s.")

    def stop(self) -> None:
        """Stops the Hub; connections to it are refused from now on."""
        self.faults.clear()
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(2 * _STOP_SECONDS)
            self._server = self._thread = None

    def __enter__(self) -> LoopbackHub:
        """Starts the Hub."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the Hub."""
        self.stop()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append(f"{scope['method']} {scope['path']}")
        wanted = dict(scope["headers"]).get(b"range")
        if wanted:
            self.ranges.append(f"{scope['path']} {wanted.decode('ascii')}")
        await self.faults.serve(self._application, scope, receive, send)
