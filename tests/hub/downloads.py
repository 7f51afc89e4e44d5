"""Routes that give files out, redirected as the real Hub does it."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import FileResponse, Response
from starlette.routing import Route

from .access import Call, route
from .commits import Commit
from .errors import EntryMissing, HubError
from .objects import StoredFile
from .store import Repository
from .xet.routes import storage_address


async def resolve(call: Call) -> Response:
    """Sends the caller to the content: LFS files lie on another origin, which must not get the token."""
    repository = call.repository()
    commit = call.commit(repository)
    file = call.file(commit)
    headers = _headers(commit, file)
    if file.sha256:
        headers["Location"] = f"{call.storage_origin}/storage/{file.sha256}"
        headers |= _xet_headers(call, repository, commit, file.sha256)
        return Response(status_code=302, headers=headers)
    path = quote(call.part("path"))
    headers["Location"] = f"/api/resolve-cache/{repository.kind}/{repository.id}/{commit.id}/{path}"
    if "token" in call.request.query_params:
        headers["Location"] += f"?{call.request.url.query}"
    return Response(status_code=307, headers=headers)


async def resolve_cache(call: Call) -> Response:
    """Gives out a regular file."""
    commit = call.commit(call.repository())
    file = call.file(commit)
    # Text of others is never shown as a web page.
    return FileResponse(
        call.site.store.objects.content_path(file), headers=_headers(commit, file), media_type="text/plain"
    )


async def storage(call: Call) -> Response:
    """Gives out the content of an LFS file, whole or the range that is asked for."""
    if "authorization" in call.request.headers:
        raise HubError("File storage must never see the Hub's token.")
    sha256 = call.part("sha256")
    path = call.site.store.objects.large_path(sha256)
    if not path.exists():
        raise EntryMissing(f"There is no content {sha256}.")
    return FileResponse(path, headers={"ETag": f'"{sha256}"'}, media_type="application/octet-stream")


def routes() -> list[Route]:
    """Returns the routes of this module."""
    return [
        route("GET", "/storage/{sha256}", storage),
        route("GET", "/api/resolve-cache/{kind}/{owner}/{name}/{revision}/{path:path}", resolve_cache),
        route("GET", "/{kind}/{owner}/{name}/resolve/{revision}/{path:path}", resolve),
        route("GET", "/{owner}/{name}/resolve/{revision}/{path:path}", resolve),
    ]


def _headers(commit: Commit, file: StoredFile) -> dict[str, str]:
    # For an LFS file this is the pointer's, and only the linked hash names the content.
    headers = {"X-Repo-Commit": commit.id, "ETag": f'"{file.sha1}"'}
    if file.sha256:
        headers |= {"X-Linked-ETag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
    return headers


def _xet_headers(call: Call, repository: Repository, commit: Commit, sha256: str) -> dict[str, str]:
    """Tells clients with Xet how to fetch the file by it; others follow the redirect."""
    name = call.site.store.xet.name_of(sha256)
    if name is None:
        return {}
    token = f"{call.origin}/api/{repository.kind}/{repository.id}/xet-read-token/{commit.id}"
    plan = f"{storage_address(call)}/v2/reconstructions/{name}"
    return {"X-Xet-Hash": name, "Link": f'<{token}>; rel="xet-auth", <{plan}>; rel="xet-reconstruction-info"'}
