"""Routes that list the files of a revision: the tree, and chosen paths."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .access import Call, route
from .commits import Commit
from .errors import EntryMissing
from .paging import paged
from .store import Repository


async def tree(call: Call) -> Response:
    """Lists a folder: files and folders in it, and with `recursive` those below, too."""
    repository = call.repository()
    commit = call.commit(repository)
    folder = call.part("path").strip("/")
    inside = commit.below(folder)
    if folder and not inside:
        raise EntryMissing(f"{folder} is no folder at {commit.id}.", headers={"X-Repo-Commit": commit.id})
    skipped = len(folder) + 1 if folder else 0
    paths = set()
    for path in inside:
        steps = path[skipped:].split("/")
        deepest = len(steps) if call.flag("recursive") else 1
        paths |= {path[:skipped] + "/".join(steps[:depth]) for depth in range(1, deepest + 1)}
    return paged(call, [_entry(call, repository, commit, path, call.flag("expand")) for path in sorted(paths)])


async def paths_info(call: Call) -> Response:
    """Describes the files and folders that are asked for; those that do not exist are left out."""
    repository = call.repository()
    commit = call.commit(repository)
    if call.request.headers.get("content-type", "").startswith("application/json"):
        wish = await call.json()
        paths, expand = wish["paths"], bool(wish.get("expand"))
    else:
        form = parse_qs((await call.request.body()).decode())
        paths, expand = form.get("paths", []), form.get("expand", [""])[0].lower() == "true"
    known = [path for path in paths if path in commit.files or commit.below(path)]
    return JSONResponse([_entry(call, repository, commit, path, expand) for path in known])


def routes() -> list[Route]:
    """Returns the routes of this module."""
    repository = "/api/{kind}/{owner}/{name}"
    return [
        route("GET", repository + "/tree/{revision}", tree),
        route("GET", repository + "/tree/{revision}/{path:path}", tree),
        route("POST", repository + "/paths-info/{revision}", paths_info),
    ]


def _entry(call: Call, repository: Repository, commit: Commit, path: str, expand: bool) -> dict[str, Any]:
    file = commit.files.get(path)
    if file is None:
        entry = {"type": "directory", "path": path, "oid": commit.folder_id(path), "size": 0}
    else:
        entry = {"type": "file", "path": path, "oid": file.sha1, "size": file.size}
        if file.sha256:
            entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": file.pointer_size}
            if name := call.site.store.xet.name_of(file.sha256):
                entry["xetHash"] = name
    if expand:
        last = repository.last_change(commit, path)
        entry["lastCommit"] = {"id": last.id, "title": last.title, "date": last.date}
    return entry
