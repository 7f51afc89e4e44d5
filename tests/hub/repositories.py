"""Routes for accounts, repositories, their settings, branches, tags and history."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .access import Call, route
from .cards import HARDWARE, check_card
from .commits import Put
from .description import describe, space_runtime
from .errors import BadToken, Conflict, HubError, NotServed
from .paging import paged
from .store import KINDS, Repository
from .uploads import LFS_SUFFIXES

_KIND_OF_TYPE = {single: plural for plural, single in KINDS.items()}


async def whoami(call: Call) -> Response:
    """Tells the caller's name and what the token may do."""
    if call.account is None:
        raise BadToken("A token is needed.")
    token = {"displayName": "loopback", "role": call.account.role}
    return JSONResponse(
        {"type": "user", "name": call.account.user, "orgs": [], "auth": {"type": "access_token", "accessToken": token}}
    )


async def create(call: Call) -> Response:
    """Makes a repository.

    The refusal of one that exists is quoted in https://github.com/huggingface/sentence-transformers/issues/2972; the
    client needs the address in it.
    """
    wish = await call.json()
    kind, owner = _kind_and_owner(call, wish)
    call.check_creator(KINDS[kind], owner)
    known = call.site.store.find(kind, owner, wish["name"])
    if known:
        raise Conflict(f"You already created this {KINDS[kind]} repo", url=call.origin + known.page_path)
    attributes = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LFS_SUFFIXES)
    repository = call.site.store.create(
        kind,
        owner,
        wish["name"],
        private=_wants_private(wish),
        sdk=wish.get("sdk"),
        first=[Put(".gitattributes", call.site.store.objects.add_regular(attributes.encode()))],
    )
    if "secrets" in wish:
        raise NotServed("The loopback Hub keeps no secrets.")
    repository.variables = {variable["key"]: variable["value"] for variable in wish.get("variables", ())}
    repository.hardware = _known_hardware(wish.get("hardware"))
    repository.save()
    return JSONResponse({"url": call.origin + repository.page_path, "name": repository.id, "id": repository.id})


async def delete(call: Call) -> Response:
    """Deletes a repository."""
    wish = await call.json()
    kind, owner = _kind_and_owner(call, wish)
    call.site.store.delete(call.find_repository(kind, owner, wish["name"], write=True))
    return Response("OK")


async def change_settings(call: Call) -> Response:
    """Makes a repository private or public."""
    repository = call.repository(write=True)
    wish = await call.json()
    if not set(wish) <= {"private", "visibility"}:
        raise HubError(f"The loopback Hub only sets the visibility, not {', '.join(wish)}.")
    repository.private = _wants_private(wish)
    repository.save()
    return JSONResponse({"private": repository.private})


async def list_variables(call: Call) -> Response:
    """Lists the variables of a Space to its owner."""
    return JSONResponse(_variables(call.repository(write=True)))


async def set_variable(call: Call) -> Response:
    """Sets a variable of a Space."""
    repository = call.repository(write=True)
    wish = await call.json()
    repository.variables[wish["key"]] = wish["value"]
    repository.save()
    return JSONResponse(_variables(repository))


async def tell_runtime(call: Call) -> Response:
    """Tells on what a Space runs."""
    return JSONResponse(space_runtime(call.repository()))


async def request_hardware(call: Call) -> Response:
    """Asks for other hardware for a Space."""
    repository = call.repository(write=True)
    repository.hardware = _known_hardware((await call.json())["flavor"])
    repository.save()
    return JSONResponse(space_runtime(repository))


async def info(call: Call) -> Response:
    """Describes a repository at a revision."""
    repository = call.repository()
    return JSONResponse(describe(call, repository, call.commit(repository), call.flag("blobs")))


async def list_all(call: Call) -> Response:
    """Lists the repositories of a kind that the caller may see, the last changed first."""
    if call.part("kind") not in KINDS:
        return await refuse(call)
    query = call.request.query_params
    found = []
    for repository in call.site.store.all(call.part("kind")):
        wanted = query.get("author", repository.owner) == repository.owner
        if wanted and query.get("search", "").lower() in repository.id.lower() and call.can_see(repository):
            found.append(describe(call, repository, repository.commit_at("main"), blobs=False))
    found = [item for item in found if set(query.getlist("filter")) <= set(item["tags"])]
    found.sort(key=lambda item: item["lastModified"], reverse=True)
    if not call.flag("full"):
        for item in found:
            del item["siblings"]
    return JSONResponse(found[: int(query.get("limit", len(found)))])


async def list_refs(call: Call) -> Response:
    """Lists branches and tags, and pull requests where they are asked for."""
    groups = {"heads": "branches", "tags": "tags", "pr": "pullRequests"}
    listing: dict[str, list] = {"branches": [], "tags": [], "converts": [], "pullRequests": []}
    for ref, commit_id in call.repository().refs.items():
        _, group, name = ref.split("/", 2)
        listing[groups[group]].append({"name": name, "ref": ref, "targetCommit": commit_id})
    if not call.flag("include_prs"):
        del listing["pullRequests"]
    return JSONResponse(listing)


async def list_commits(call: Call) -> Response:
    """Lists the history of a revision, newest first."""
    repository = call.repository()
    history = [
        {
            "id": commit.id,
            "title": commit.title,
            "message": commit.message,
            "date": commit.date,
            "authors": [{"user": commit.author}],
        }
        for commit in repository.history(call.commit(repository))
    ]
    return paged(call, history)


async def add_branch(call: Call) -> Response:
    """Makes a branch."""
    start = (await call.json()).get("startingPoint") or "main"
    call.repository(write=True).add_ref(f"refs/heads/{call.part('ref')}", start)
    return Response("Created", 201)


async def remove_branch(call: Call) -> Response:
    """Deletes a branch."""
    call.repository(write=True).remove_ref(f"refs/heads/{call.part('ref')}")
    return Response("OK")


async def add_tag(call: Call) -> Response:
    """Makes a tag; its message is not kept."""
    name = (await call.json())["tag"]
    call.repository(write=True).add_ref(f"refs/tags/{name}", call.part("ref"))
    return Response("Created", 201)


async def remove_tag(call: Call) -> Response:
    """Deletes a tag."""
    call.repository(write=True).remove_ref(f"refs/tags/{call.part('ref')}")
    return Response("OK")


async def validate_yaml(call: Call) -> Response:
    """Checks the front matter of a card before it is committed."""
    wish = await call.json()
    errors, warnings = check_card(wish["content"], wish.get("repoType") or "model")
    body = {"errors": [{"message": text} for text in errors], "warnings": [{"message": text} for text in warnings]}
    return JSONResponse(body, 400 if errors else 200)


async def list_harnesses(call: Call) -> Response:
    """Answers a question the client puts once a day: which programs of others run it. None are known here."""
    return JSONResponse({})


async def refuse(call: Call) -> Response:
    """Answers what no other route serves, with the error a missing repository gives where that is the cause."""
    if "name" in call.request.path_params:
        call.repository()
    raise NotServed(f"The loopback Hub does not serve {call.request.method} {call.request.url.path}.")


def routes() -> list[Route]:
    """Returns the routes of this module."""
    repository = "/api/{kind}/{owner}/{name}"
    return [
        route("GET", "/api/whoami-v2", whoami),
        route("GET", "/api/agent-harnesses", list_harnesses),
        route("POST", "/api/validate-yaml", validate_yaml),
        route("POST", "/api/repos/create", create),
        route("DELETE", "/api/repos/delete", delete),
        route("GET", "/api/{kind}", list_all),
        route("GET", repository, info),
        route("GET", repository + "/revision/{revision}", info),
        route("PUT", repository + "/settings", change_settings),
        route("GET", repository + "/refs", list_refs),
        route("GET", repository + "/commits/{revision}", list_commits),
        route("POST", repository + "/branch/{ref}", add_branch),
        route("DELETE", repository + "/branch/{ref}", remove_branch),
        route("POST", repository + "/tag/{ref}", add_tag),
        route("DELETE", repository + "/tag/{ref}", remove_tag),
        route("GET", repository + "/variables", list_variables),
        route("POST", repository + "/variables", set_variable),
        route("GET", repository + "/runtime", tell_runtime),
        route("POST", repository + "/hardware", request_hardware),
    ]


def _variables(repository: Repository) -> dict[str, Any]:
    if repository.kind != "spaces":
        raise NotServed(f"{repository.id} is no Space, and only Spaces have variables.")
    return {name: {"key": name, "value": value} for name, value in repository.variables.items()}


def _known_hardware(name: str | None) -> str | None:
    if name and name not in HARDWARE:
        raise HubError(f"There is no hardware '{name}'.")
    return name


def _kind_and_owner(call: Call, wish: dict[str, Any]) -> tuple[str, str]:
    kind = _KIND_OF_TYPE.get(wish.get("type") or "model")
    if kind is None:
        raise HubError(f"There are no repositories of type {wish['type']!r} here.")
    return kind, wish.get("organization") or call.user


def _wants_private(wish: dict[str, Any]) -> bool:
    return wish["visibility"] != "public" if "visibility" in wish else bool(wish.get("private"))
