"""Plain web pages for a person: the list of repositories, and a repository's card and files."""

from __future__ import annotations

from html import escape
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from .access import Call, route
from .store import KINDS

_STYLE = "body{max-width:60rem;margin:2rem auto;font-family:sans-serif}pre{white-space:pre-wrap;unicode-bidi:plaintext}"


async def home(call: Call) -> Response:
    """Shows the repositories the caller may see."""
    sections = []
    for kind in KINDS:
        visible = [repository for repository in call.site.store.all(kind) if call.can_see(repository)]
        links = [f"<li>{_link(call, known.page_path, known.id)}</li>" for known in visible]
        sections.append(f"<h2>{kind.capitalize()}</h2><ul>{''.join(links) or '<li>none</li>'}</ul>")
    return _page("Loopback Hub", "".join(sections))


async def show(call: Call) -> Response:
    """Shows a repository's card, its files and its last commit."""
    repository = call.repository()
    commit = repository.commit_at("main")
    rows = []
    for path, file in commit.files.items():
        target = f"{repository.page_path}/resolve/main/{quote(path)}"
        rows.append(f"<tr><td>{_link(call, target, path)}</td><td>{file.size:,} bytes</td></tr>")
    readme = "(no README.md)"
    if "README.md" in commit.files:
        readme = call.site.store.objects.content_path(commit.files["README.md"]).read_text("utf-8", "replace")
    state = f"{KINDS[repository.kind]}, {'private' if repository.private else 'public'}, commit {commit.id}"
    last = f"“{commit.title}” by {commit.author}, {commit.date}"
    body = f"<p>{escape(state)}<br>{escape(last)}</p><h2>README.md</h2><pre>{escape(readme)}</pre>"
    return _page(repository.id, f"{body}<h2>Files</h2><table>{''.join(rows)}</table>")


def routes() -> list[Route]:
    """Returns the routes of this module; those of other modules must come first."""
    return [
        route("GET", "/", home),
        route("GET", "/{kind}/{owner}/{name}", show),
        route("GET", "/{owner}/{name}", show),
    ]


def _link(call: Call, path: str, words: str) -> str:
    token = call.request.query_params.get("token")
    query = f"?{urlencode({'token': token})}" if token else ""
    return f'<a href="{escape(path + query)}">{escape(words)}</a>'


def _page(title: str, body: str) -> Response:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    # Links carry the token; no other site may learn it from the Referer header.
    return HTMLResponse(
        f"<!doctype html>{head}<h1>{escape(title)}</h1>{body}", headers={"Referrer-Policy": "no-referrer"}
    )
