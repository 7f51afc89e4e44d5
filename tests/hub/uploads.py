"""Routes that take files in: the question how to send each, the LFS batch, and the commit."""

from __future__ import annotations

import base64
import codecs
import json
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .access import Call, route
from .commits import Delete, Put
from .errors import HubError
from .objects import StoredFile

REGULAR_BYTES = 10 << 20
# A part of the list the Hub writes into the `.gitattributes` of a new repository.
_LFS_ENDINGS = (
    "7z arrow bin bz2 ckpt ftz gz h5 joblib mlmodel model msgpack npy npz onnx ot parquet pb pickle pkl pt pth rar "
    "safetensors tar tflite tgz wasm xz zip zst flac mp3 ogg opus wav webm jpg png webp xlsx"
)
LFS_SUFFIXES = tuple(f".{ending}" for ending in _LFS_ENDINGS.split())


async def preupload(call: Call) -> Response:
    """Says for every file whether it goes by LFS, and what the repository holds under its name now."""
    repository = call.repository_to_commit_to()
    present = call.commit(repository).files
    answers = []
    for wish in (await call.json())["files"]:
        answer = {"path": wish["path"], "uploadMode": _mode(wish), "shouldIgnore": False}
        if wish["path"] in present:
            # The client leaves a file out of the commit when this is the hash it has itself.
            answer["oid"] = present[wish["path"]].etag
        answers.append(answer)
    return JSONResponse({"files": answers})


async def lfs_batch(call: Call) -> Response:
    """Says where to put each LFS file, if it is not here already.

    Whoever may write anywhere is told: only the commit says whether it is for a pull request.
    """
    repository = call.repository()
    call.check_token()
    wish = await call.json()
    if wish.get("operation") != "upload":
        raise HubError("LFS files are downloaded by the resolve address.")
    multipart = "multipart" in wish.get("transfers", [])
    verify = f"{call.origin}{repository.page_path}.git/info/lfs/objects/verify"
    objects = []
    for wanted in wish["objects"]:
        answer = {"oid": wanted["oid"], "size": wanted["size"]}
        if not call.site.store.objects.has_large(wanted["oid"]):
            answer["actions"] = {"upload": _destination(call, wanted, multipart), "verify": {"href": verify}}
        objects.append(answer)
    return JSONResponse({"transfer": "multipart" if multipart else "basic", "objects": objects})


async def lfs_verify(call: Call) -> Response:
    """Confirms that an LFS file has arrived whole."""
    call.repository()
    call.check_token()
    wish = await call.json()
    file = call.site.store.objects.large_file(wish["oid"])
    if file.size != wish["size"]:
        raise HubError(f"LFS file {wish['oid']} has {file.size} bytes, not {wish['size']}.")
    return JSONResponse({})


async def commit(call: Call) -> Response:
    """Makes a commit from one JSON object per line."""
    repository = call.repository_to_commit_to()
    header: dict[str, Any] = {}
    changes: list[Put | Delete] = []
    for line in (await call.request.body()).splitlines():
        item = json.loads(line)
        if item["key"] == "header":
            header = item["value"]
        else:
            changes.append(_change(call, item["key"], item["value"]))
    words = {
        "author": call.user,
        "title": header.get("summary", ""),
        "message": header.get("description", ""),
        "parent": header.get("parentCommit"),
    }
    page = call.origin + repository.page_path
    answer = {"success": True, "hookOutput": ""}
    if call.flag("create_pr"):
        opened = repository.open_pull_request(changes, **words)
        answer |= {"commitOid": repository.refs[opened.ref], "pullRequestUrl": f"{page}/discussions/{opened.number}"}
    else:
        answer["commitOid"] = repository.add_commit(call.part("revision"), changes, **words).id
    return JSONResponse({**answer, "commitUrl": f"{page}/commit/{answer['commitOid']}"})


async def put_large(call: Call) -> Response:
    """Takes the content of an LFS file in one piece."""
    await call.site.store.objects.receive_large(call.part("sha256"), call.request.stream())
    return Response()


async def put_part(call: Call) -> Response:
    """Takes one part of an LFS file."""
    number = int(call.part("number"))
    tag = call.site.store.objects.add_part(call.part("sha256"), number, await call.request.body())
    return Response(headers={"ETag": f'"{tag}"'})


async def join_parts(call: Call) -> Response:
    """Makes an LFS file of its parts."""
    parts = [(part["partNumber"], part["etag"].strip('"')) for part in (await call.json())["parts"]]
    await call.site.store.objects.join_parts(call.part("sha256"), parts)
    return JSONResponse({})


def routes() -> list[Route]:
    """Returns the routes of this module."""
    repository = "/api/{kind}/{owner}/{name}"
    lfs = [
        route("POST", f"{prefix}/{{owner}}/{{name}}.git/info/lfs/objects/{verb}", handler)
        for prefix in ("/{kind}", "")
        for verb, handler in (("batch", lfs_batch), ("verify", lfs_verify))
    ]
    return [
        *lfs,
        route("POST", repository + "/preupload/{revision}", preupload),
        route("POST", repository + "/commit/{revision}", commit),
        route("PUT", "/storage/{sha256}", put_large),
        route("PUT", "/storage/{sha256}/{number}", put_part),
        route("POST", "/storage/{sha256}", join_parts),
    ]


def _mode(wish: dict[str, Any]) -> str:
    sample = base64.b64decode(wish["sample"])
    try:
        # The sample of a longer file may end in the middle of a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=len(sample) == wish["size"])
        is_text = b"\0" not in sample
    except UnicodeDecodeError:
        is_text = False
    is_large = wish["size"] > REGULAR_BYTES or wish["path"].endswith(LFS_SUFFIXES)
    return "lfs" if is_large or not is_text else "regular"


def _destination(call: Call, wanted: dict[str, Any], multipart: bool) -> dict[str, Any]:
    address = f"{call.storage_origin}/storage/{wanted['oid']}"
    part_bytes = call.site.multipart_bytes
    if not multipart or wanted["size"] <= part_bytes:
        return {"href": address}
    count = -(-wanted["size"] // part_bytes)
    parts = {f"{number:05d}": f"{address}/{number}" for number in range(1, count + 1)}
    return {"href": address, "header": {"chunk_size": str(part_bytes), **parts}}


def _change(call: Call, key: str, value: dict[str, Any]) -> Put | Delete:
    if key == "file":
        return Put(value["path"], _regular(call, value))
    if key == "lfsFile":
        return Put(value["path"], call.site.store.objects.large_file(value["oid"]))
    if key in ("deletedFile", "deletedFolder"):
        return Delete(value["path"], is_folder=key == "deletedFolder")
    raise HubError(f"A commit cannot hold {key!r}.")


def _regular(call: Call, value: dict[str, Any]) -> StoredFile:
    content = value["content"].encode()
    if value.get("encoding") == "base64":
        content = base64.b64decode(content)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HubError(f"{value['path']} is binary and must be sent by LFS.") from error
    if len(content) > REGULAR_BYTES:
        raise HubError(f"{value['path']} has {len(content)} bytes and must be sent by LFS.")
    return call.site.store.objects.add_regular(content)
