"""Who calls and what they may see and change: accounts, tokens, and the request as the route handlers get it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .commits import Commit
from .errors import BadToken, EntryMissing, Forbidden, HubError, RepositoryMissing
from .objects import StoredFile, write_atomically
from .store import Repository, Store
from .xet.tokens import XetTokens


@dataclass(frozen=True)
class Account:
    """What a token stands for.

    Attributes:
        user: user name, the owner part of the repositories it may write.
        role: `write` or `read`.
    """

    user: str
    role: str


class Accounts:
    """The tokens of one Hub, kept in a file so that they outlive a restart."""

    def __init__(self, file: Path):
        """Reads the tokens an earlier Hub left.

        Args:
            file: JSON file, written on the first change.
        """
        self._file = file
        known = json.loads(file.read_bytes()) if file.exists() else {}
        self._by_token = {token: Account(**account) for token, account in known.items()}

    def token_for(self, user: str, role: str, wanted: str | None = None) -> str:
        """Returns a token of a user, the same at every call and after a restart.

        Args:
            user: user name.
            role: `write` or `read`.
            wanted: the token to use; None for the one that exists or a new random one.
        """
        account = Account(user, role)
        known = next((token for token, other in self._by_token.items() if other == account), None)
        token = wanted or known or f"hf_{secrets.token_hex(17)}"
        if self._by_token.get(token) != account:
            self._by_token[token] = account
            record = {known: asdict(other) for known, other in self._by_token.items()}
            write_atomically(self._file, json.dumps(record, indent=1).encode())
        return token

    def find(self, token: str) -> Account:
        """Returns the account of a token.

        Raises:
            BadToken: there is none.
        """
        if token not in self._by_token:
            raise BadToken
        return self._by_token[token]


@dataclass
class Site:
    """What every route handler works on.

    Attributes:
        multipart_bytes: size of a part; a larger LFS file is uploaded in parts.
        page_entries: most entries of one page of a listing.
        xet_token_seconds: how long a token for the Xet storage is valid.
    """

    store: Store
    accounts: Accounts
    xet_tokens: XetTokens
    multipart_bytes: int = 64 << 20
    page_entries: int = 1000
    xet_token_seconds: int = 900


class Call:
    """One request to the Hub, with its caller's rights applied."""

    def __init__(self, request: Request):
        """Finds out who calls.

        Args:
            request: its path parameters are still percent-encoded, see `server.KeepEscapes`.

        Raises:
            BadToken: a token was sent that is not one of this Hub.
        """
        self.request = request
        self.site: Site = request.app.state.site
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        # A browser cannot send the header, so the pages take the token from the address.
        token = token if scheme == "Bearer" else request.query_params.get("token", "")
        self.account = self._identify(token)

    def _identify(self, token: str) -> Account | None:
        return self.site.accounts.find(token) if token else None

    def part(self, name: str, default: str = "") -> str:
        """Returns a decoded parameter of the path."""
        return unquote(self.request.path_params.get(name, default))

    def flag(self, name: str) -> bool:
        """Tells whether a query parameter is true, in one of the client's spellings."""
        return self.request.query_params.get(name, "").lower() in ("true", "1")

    @property
    def origin(self) -> str:
        """Scheme and host by which the caller reached the Hub."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    @property
    def storage_origin(self) -> str:
        """A second name for this server, so that file storage is another origin, as it is on the real Hub."""
        url = self.request.url
        host = "127.0.0.1" if url.hostname == "localhost" else "localhost"
        return str(url.replace(hostname=host, path="", query="", fragment=""))

    async def json(self) -> Any:
        """Returns the request's JSON body.

        Raises:
            HubError: it is none.
        """
        try:
            return await self.request.json()
        except ValueError as error:
            raise HubError("The request's body is not JSON.") from error

    @property
    def user(self) -> str:
        """Name of the caller; empty for nobody."""
        return self.account.user if self.account else ""

    def can_see(self, repository: Repository) -> bool:
        """Tells whether the caller may know of the repository."""
        return not repository.private or (self.account is not None and self.account.user == repository.owner)

    def check_creator(self, kind: str, owner: str) -> None:
        """Lets only those pass who may make a repository; in the Hub's words, as quoted in
        https://github.com/huggingface/deep-rl-class/issues/508.

        Args:
            kind: `model`, `dataset` or `space`.
            owner: whose it is to be.

        Raises:
            BadToken: no token was sent.
            Forbidden: the token may not write there.
        """
        if self.account is None:
            raise BadToken("A token is needed to write.")
        if self.account != Account(owner, "write"):
            raise Forbidden(f'You don\'t have the rights to create a {kind} under the namespace "{owner}"')

    def check_token(self) -> None:
        """Lets only those pass whose token may write, be it into a repository of theirs or into a pull request.

        Raises:
            BadToken: no token was sent.
            Forbidden: the token may only read; in the Hub's words, as its users quote them.
        """
        if self.account is None:
            raise BadToken("A token is needed to write.")
        if self.account.role != "write":
            raise Forbidden("you must use a write token to upload to a repository")

    def check_writer(self, owner: str) -> None:
        """Lets only the owner pass, with a token that may write.

        Raises:
            BadToken: no token was sent.
            Forbidden: the token may not write there; in the Hub's words, as its users quote them.
        """
        self.check_token()
        if self.user != owner:
            raise Forbidden("Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request")

    def find_repository(self, kind: str, owner: str, name: str, *, write: bool = False) -> Repository:
        """Returns a repository.

        Raises:
            RepositoryMissing: it does not exist, or the caller may not know of it.
            BadToken: it is to be written and no token was sent.
            Forbidden: it is to be written and the token may not.
        """
        repository = self.site.store.find(kind, owner, name)
        if repository is None or not self.can_see(repository):
            raise RepositoryMissing(f"{owner}/{name}".lstrip("/"), anonymous=self.account is None)
        if write:
            self.check_writer(repository.owner)
        return repository

    def repository(self, *, write: bool = False) -> Repository:
        """Returns the repository of the request's path; raises as `find_repository`."""
        return self.find_repository(self.part("kind", "models"), self.part("owner"), self.part("name"), write=write)

    def repository_to_commit_to(self) -> Repository:
        """Returns the repository of the request's path, where the caller may make the commit that is asked for.

        Whoever sees a repository may open a pull request, and commit to it later on.

        Raises:
            RepositoryMissing, BadToken, Forbidden: see `find_repository`.
        """
        repository = self.repository()
        authors = {known.ref: known.author for known in repository.pull_requests}
        if self.flag("create_pr") or authors.get(self.part("revision")) == self.user != "":
            self.check_token()
        else:
            self.check_writer(repository.owner)
        return repository

    def commit(self, repository: Repository) -> Commit:
        """Returns the commit of the request's path.

        Raises:
            RevisionMissing: there is no such revision.
        """
        return repository.commit_at(self.part("revision", "main"))

    def file(self, commit: Commit) -> StoredFile:
        """Returns the file of the request's path.

        Raises:
            EntryMissing: the commit does not hold it.
        """
        path = self.part("path")
        if path not in commit.files:
            # With the commit named, the client remembers that the file is absent and does not ask again.
            raise EntryMissing(f"{path} does not exist at {commit.id}.", headers={"X-Repo-Commit": commit.id})
        return commit.files[path]


Handler = Callable[[Call], Awaitable[Response]]


def route(method: str, path: str, handler: Handler, call: type[Call] = Call) -> Route:
    """Binds a handler to an address and turns its refusals into answers.

    Args:
        method: HTTP method; GET serves HEAD, too.
        path: Starlette pattern.
        handler: gets the request as a `Call`.
        call: the class of `Call` that it gets.
    """

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(call(request))
        except HubError as refusal:
            return refusal.response()

    return Route(path, endpoint, methods=[method])
