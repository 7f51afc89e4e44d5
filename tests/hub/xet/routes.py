"""Routes of the Xet protocol: tokens from the Hub, and the storage, which is another origin and knows no Hub token."""

from __future__ import annotations

import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from ..access import Call, route
from ..errors import EntryMissing, Forbidden, HubError, NotServed, RangeMissing
from . import hashes
from .shards import Term, write_answer
from .store import XetStore

_KEY_BYTES = 32


class StorageCall(Call):
    """A request to the storage: its token is a Xet token."""

    def _identify(self, token: str) -> None:
        self.scope = self.site.xet_tokens.scope_of(token)

    @property
    def store(self) -> XetStore:
        """The Hub's xorbs."""
        return self.site.store.xet

    @property
    def hash(self) -> bytes:
        """The hash that the request's path names."""
        return hashes.from_text(self.part("hash"))

    def check_writer(self, owner: str = "") -> None:
        """Lets only tokens pass that may write."""
        if self.scope != "write":
            raise Forbidden("A Xet token of scope `write` is needed.")


def storage_address(call: Call) -> str:
    """Returns the address below which `StorageCall`s are answered."""
    return f"{call.storage_origin}/cas/{call.site.store.xet.id}"


async def give_token(call: Call) -> Response:
    """Gives a token for the storage to who may read, or write, this revision."""
    scope = call.part("scope")
    if scope not in ("read", "write"):
        raise NotServed(f"There are no Xet tokens for {scope}.")
    repository = call.repository_to_commit_to() if scope == "write" else call.repository()
    # For a pull request that is yet to be opened the client names the revision `None`.
    if not call.flag("create_pr"):
        call.commit(repository)
    token, expiry = call.site.xet_tokens.issue(scope, call.site.xet_token_seconds)
    address = storage_address(call)
    headers = {"X-Xet-Cas-Url": address, "X-Xet-Access-Token": token, "X-Xet-Token-Expiration": str(expiry)}
    return JSONResponse({"casUrl": address, "accessToken": token, "exp": expiry}, headers=headers)


async def find_chunk(call: StorageCall) -> Response:
    """Answers the question for a chunk with the xorb that it is in, so that it need not be uploaded again."""
    xorb = call.store.xorb_with(call.hash)
    if xorb is None:
        raise EntryMissing("No xorb holds this chunk.")
    answer = write_answer(xorb, call.store.chunks(xorb), secrets.token_bytes(_KEY_BYTES))
    return Response(answer, media_type="application/octet-stream")


async def grant_upload(call: StorageCall) -> Response:
    """Says where to put a xorb, if it is not here already. The checksum that is announced is not looked at."""
    call.check_writer()
    if call.store.has_xorb(call.hash):
        return JSONResponse({})
    grant = secrets.token_hex(16)
    address = f"{call.storage_origin}/storage/xorbs/{grant}"
    return JSONResponse({"id": grant, "method": "PUT", "url": address, "headers": {}}, 201)


async def put_xorb(call: Call) -> Response:
    """Takes the content of a xorb, which counts for nothing yet."""
    if "authorization" in call.request.headers:
        raise HubError("File storage must never see a token.")
    call.site.store.xet.put_draft(call.part("grant"), await call.request.body())
    return Response()


async def take_xorb(call: StorageCall) -> Response:
    """Checks a xorb that has been put, and keeps it."""
    call.check_writer()
    call.store.add_xorb(call.hash, call.store.take_draft(call.part("grant")))
    return JSONResponse({"was_inserted": True})


async def get_xorb(call: Call) -> Response:
    """Gives out a range of a xorb."""
    if "authorization" in call.request.headers:
        raise HubError("File storage must never see a token.")
    name = hashes.from_text(call.part("hash"))
    call.site.store.xet.chunks(name)
    return FileResponse(call.site.store.xet.xorb_path(name), media_type="application/octet-stream")


async def take_xorb_directly(call: StorageCall) -> Response:
    """Takes a xorb without a grant, the older way, to which the client turns when the granted one fails."""
    call.check_writer()
    is_new = not call.store.has_xorb(call.hash)
    if is_new:
        call.store.add_xorb(call.hash, await call.request.body())
    return JSONResponse({"was_inserted": is_new})


async def put_shard(call: StorageCall) -> Response:
    """Takes in the files of a shard. Progress and errors are lines of the answer, whose status is 200 by then."""
    call.check_writer()
    try:
        await call.store.add_shard(await call.request.body())
        frames: list[dict[str, Any]] = [{"type": "committing", "stage": "syncing"}, {"type": "result"}]
    except HubError as refusal:
        frames = [{"type": "error", "message": str(refusal), "retryable": False}]
    body = "".join(json.dumps(frame) + "\n" for frame in frames)
    return Response(body, media_type="application/x-ndjson")


async def reconstruct(call: StorageCall) -> Response:
    """Says of which chunks a file, or the range of it that is asked for, is made, and where they are."""
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", call.request.headers.get("range", "bytes=0-"))
    if not wanted:
        raise RangeMissing("Only one range of bytes can be asked for.")
    plan = call.store.plan(call.hash, int(wanted[1]), int(wanted[2]) + 1 if wanted[2] else None)
    if not plan.terms:
        raise RangeMissing("The file ends before this range.")
    terms = [
        {"hash": hashes.as_text(term.xorb), "unpacked_length": term.size, "range": _span(term.start, term.end)}
        for term in plan.terms
    ]
    return JSONResponse({"offset_into_first_range": plan.skip, "terms": terms, "xorbs": _addresses(call, plan.terms)})


async def refuse(call: StorageCall) -> Response:
    """Answers what this storage does not know; the client then asks in an older way, or does without."""
    raise NotServed(f"The storage does not serve {call.request.method} {call.request.url.path}.")


def routes() -> list[Route]:
    """Returns the routes of this module; they come before those of other modules."""
    storage = [
        ("GET", "/v1/chunks/{prefix}/{hash}", find_chunk),
        ("POST", "/v1/xorb-grants/{prefix}/{hash}", grant_upload),
        ("POST", "/v1/xorb-commits/{prefix}/{hash}/grant/{grant}", take_xorb),
        ("POST", "/v1/xorbs/{prefix}/{hash}", take_xorb_directly),
        ("POST", "/v2/shards", put_shard),
        ("GET", "/v2/reconstructions/{hash}", reconstruct),
        *((method, "/{path:path}", refuse) for method in ("GET", "POST", "PUT", "DELETE")),
    ]
    return [
        route("GET", "/api/{kind}/{owner}/{name}/xet-{scope}-token/{revision}", give_token),
        route("GET", "/storage/xorbs/{hash}", get_xorb),
        route("PUT", "/storage/xorbs/{grant}", put_xorb),
        *(route(method, f"/cas/{{storage}}{path}", handler, StorageCall) for method, path, handler in storage),
    ]


def _span(start: int, end: int) -> dict[str, int]:
    return {"start": start, "end": end}


def _addresses(call: StorageCall, terms: Iterable[Term]) -> dict[str, list[dict[str, Any]]]:
    """Returns for every xorb where to fetch which chunks: ranges that hold every term whole."""
    spans: dict[bytes, list[list[int]]] = defaultdict(list)
    for term in sorted(terms, key=lambda term: (term.xorb, term.start)):
        known = spans[term.xorb]
        if known and term.start <= known[-1][1]:
            known[-1][1] = max(known[-1][1], term.end)
        else:
            known.append([term.start, term.end])
    found = {}
    for xorb, pairs in spans.items():
        chunks = call.store.chunks(xorb)
        ranges = [
            # The last byte is included, as in a Range header.
            {"chunks": _span(start, end), "bytes": _span(chunks[start].start, chunks[end - 1].end - 1)}
            for start, end in pairs
        ]
        name = hashes.as_text(xorb)
        found[name] = [{"url": f"{call.storage_origin}/storage/xorbs/{name}", "ranges": ranges}]
    return found
