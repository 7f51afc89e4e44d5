"""A repository's state as the JSON object that the client knows as repository info."""

from __future__ import annotations

from typing import Any

from .access import Call
from .cards import read_metadata
from .commits import Commit
from .store import Repository


def describe(call: Call, repository: Repository, commit: Commit, blobs: bool) -> dict[str, Any]:
    """Returns what the client makes its `ModelInfo`, `DatasetInfo` or `SpaceInfo` of.

    Args:
        call: the request that asks.
        repository: described as it is now.
        commit: the revision whose files and card are described.
        blobs: whether sizes and hashes of the files are wanted.
    """
    siblings = []
    for path, file in commit.files.items():
        entry: dict[str, Any] = {"rfilename": path}
        if blobs:
            entry |= {"size": file.size, "blobId": file.sha1}
        if blobs and file.sha256:
            entry["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": file.pointer_size}
        siblings.append(entry)
    card = _card(call, commit)
    description = {
        "id": repository.id,
        "author": repository.owner,
        "sha": commit.id,
        "createdAt": repository.created,
        "lastModified": commit.date,
        "private": repository.private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": _tags(card),
        "siblings": siblings,
    }
    if card:
        description["cardData"] = card
    if repository.kind == "models":
        description |= {key: card[key] for key in ("library_name", "pipeline_tag") if key in card}
    if repository.kind == "spaces":
        description |= {"sdk": card.get("sdk", repository.sdk), "runtime": space_runtime(repository)}
    return description


def space_runtime(repository: Repository) -> dict[str, Any]:
    """Tells on what a Space runs: nothing does here, whatever was asked for."""
    return {"stage": "STOPPED", "hardware": {"current": None, "requested": repository.hardware}}


def _card(call: Call, commit: Commit) -> dict[str, Any]:
    readme = commit.files.get("README.md")
    if readme is None:
        return {}
    try:
        return read_metadata(call.site.store.objects.content_path(readme).read_text("utf-8", "replace"))
    except ValueError:
        return {}


def _tags(card: dict[str, Any]) -> list[str]:
    def values(key: str) -> list[str]:
        value = card.get(key) or []
        return [str(item) for item in (value if isinstance(value, list) else [value])]

    tags = values("library_name") + values("pipeline_tag") + values("tags") + values("language")
    for key in ("license", "datasets", "base_model"):
        tags += [f"{key.removesuffix('s')}:{value}" for value in values(key)]
    return list(dict.fromkeys(tags))
