"""Routes for pull requests: the list of them, and how they end. They are opened by a commit, see `uploads`."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .access import Call, route
from .errors import EntryMissing, HubError
from .store import KINDS, PullRequest, Repository, hub_time


async def list_discussions(call: Call) -> Response:
    """Lists pull requests, the newest first, in pages by their number; there are no other discussions here."""
    repository, query = call.repository(), call.request.query_params
    found = [
        known
        for known in reversed(repository.pull_requests)
        if query.get("author", known.author) == known.author
        and query.get("type", "all") in ("all", "pull_request")
        # What is merged is closed, too.
        and query.get("status", "all") in ("all", "open" if known.status == "open" else "closed")
    ]
    start = int(query.get("p", 0)) * call.site.page_entries
    listing = [_describe(repository, known) for known in found[start : start + call.site.page_entries]]
    closed = sum(known.status != "open" for known in repository.pull_requests)
    body = {"discussions": listing, "count": len(found), "start": start, "numClosedDiscussions": closed}
    return JSONResponse(body)


async def change_status(call: Call) -> Response:
    """Closes a pull request or opens it again, for its author or the repository's owner."""
    repository = call.repository()
    pull_request = _find(call, repository)
    if call.user != pull_request.author:
        call.check_writer(repository.owner)
    call.check_token()
    wish = await call.json()
    if wish["status"] not in ("open", "closed") or pull_request.status == "merged":
        raise HubError(f"Pull request {pull_request.number} is {pull_request.status} and cannot be {wish['status']}.")
    pull_request.status = wish["status"]
    repository.save()
    event = {"id": f"{pull_request.number}", "type": "status-change", "createdAt": hub_time(), **_author(call.user)}
    return JSONResponse({"newStatus": {**event, "data": {"status": pull_request.status}}})


async def merge(call: Call) -> Response:
    """Merges a pull request, for the repository's owner."""
    repository = call.repository(write=True)
    repository.merge(_find(call, repository))
    return JSONResponse({})


def routes() -> list[Route]:
    """Returns the routes of this module."""
    discussions = "/api/{kind}/{owner}/{name}/discussions"
    return [
        route("GET", discussions, list_discussions),
        route("POST", discussions + "/{number}/status", change_status),
        route("POST", discussions + "/{number}/merge", merge),
    ]


def _find(call: Call, repository: Repository) -> PullRequest:
    for known in repository.pull_requests:
        if str(known.number) == call.part("number"):
            return known
    raise EntryMissing(f"{repository.id} has no discussion {call.part('number')}.")


def _describe(repository: Repository, pull_request: PullRequest) -> dict[str, Any]:
    return {
        "num": pull_request.number,
        **_author(pull_request.author),
        "repo": {"name": repository.id, "type": KINDS[repository.kind]},
        "title": pull_request.title,
        "status": pull_request.status,
        "createdAt": pull_request.created,
        "isPullRequest": True,
        "numComments": 1,
        "topReactions": [],
        "numReactionUsers": 0,
        "pinned": False,
    }


def _author(user: str) -> dict[str, Any]:
    return {"author": {"name": user, "fullname": user, "type": "user"}}
