"""Long listings in pages, by the `Link` header the client follows."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from .access import Call
from .errors import HubError


def paged(call: Call, items: list[Any]) -> Response:
    """Answers with one page of a listing.

    Args:
        call: its query parameter `cursor` says where the page begins.
        items: the whole listing, JSON-ready.

    Raises:
        HubError: the cursor is not one of this Hub.
    """
    cursor = call.request.query_params.get("cursor", "0")
    if not cursor.isdecimal():
        raise HubError(f"{cursor!r} is no cursor of this listing.")
    end = int(cursor) + call.site.page_entries
    headers = {}
    if end < len(items):
        headers["Link"] = f'<{call.request.url.include_query_params(cursor=end)}>; rel="next"'
    return JSONResponse(items[int(cursor) : end], headers=headers)
