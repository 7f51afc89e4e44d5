"""The refusals of the Hub, each with the status and the header code the client turns into an exception class."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse


class HubError(Exception):
    """A request the Hub refuses.

    Attributes:
        status: HTTP status of the answer.
        code: value of `X-Error-Code`, from which `huggingface_hub` picks its exception class; empty for none.
        headers: further headers of the answer.
        details: further members of the JSON body.
    """

    status = 400
    code = ""

    def __init__(self, message: str, *, headers: dict[str, str] | None = None, **details: Any):
        """Keeps the message for the person who reads it, and the details for the client.

        Args:
            message: one sentence.
            headers: further headers of the answer.
            **details: further members of the JSON body.
        """
        super().__init__(message)
        self.headers = headers or {}
        self.details = details

    def response(self) -> JSONResponse:
        """Returns the refusal as an HTTP answer."""
        message = str(self)
        # HTTP headers hold latin-1 on one line; the JSON body keeps the message whole.
        one_line = " ".join(message.split()).encode("ascii", "replace").decode("ascii")
        headers = {"X-Error-Message": one_line, **self.headers}
        if self.code:
            headers["X-Error-Code"] = self.code
        return JSONResponse({"error": message, **self.details}, self.status, headers)


class BadToken(HubError):
    """The token is not one of this Hub, or has expired, which the Hub does not tell apart."""

    status = 401

    def __init__(self, message: str = "Invalid credentials in Authorization header"):
        """Words the refusal as the Hub does; the client looks for these words.

        Args:
            message: other words, where no token was sent at all.
        """
        super().__init__(message)


class Forbidden(HubError):
    """The token is known but may not do this. The client puts its own words around the message, and a full stop."""

    status = 403


class NotServed(HubError):
    """The real Hub may know this address, the loopback Hub does not."""

    status = 404


class RepositoryMissing(HubError):
    """No such repository, or one this caller must not know of."""

    status = 404
    code = "RepoNotFound"

    def __init__(self, repository_id: str, *, anonymous: bool):
        """Words the refusal alike for missing and for hidden repositories.

        Args:
            repository_id: `owner/name`.
            anonymous: whether the caller sent no token; the Hub then answers 401 in place of 404.
        """
        super().__init__(f"Repository {repository_id} not found.")
        if anonymous:
            self.status = 401


class RevisionMissing(HubError):
    """The repository has no such branch, tag or commit."""

    status = 404
    code = "RevisionNotFound"


class EntryMissing(HubError):
    """The revision has no such file or folder."""

    status = 404
    code = "EntryNotFound"


class Conflict(HubError):
    """The thing to be made is there already."""

    status = 409


class StaleParent(HubError):
    """The branch has moved on since the commit was prepared."""

    status = 412


class RangeMissing(HubError):
    """The content ends before the range that is asked for."""

    status = 416
