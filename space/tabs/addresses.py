"""A recording given by address: fetched within the app's limits, or refused in one sentence.

Gradio 6.31 fetches addresses by itself, from the public internet only, and there is no setting for the rest: it takes
whatever comes into memory, however large; it tells the caller of a refusal nothing, and the log a traceback with the
address in it; and it refuses the app's own addresses, which are what `gradio upload-mcp` gives to a client of an app
on the same machine. So its one function for this is replaced by the one built here.
"""

import asyncio
import ipaddress
import shutil
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import gradio as gr
import httpx
from gradio import processing_utils
from gradio_client.utils import strip_invalid_filename_characters

from tabs.callers import DISK_FULL, is_disk_full, refusal

Resolve = Callable[[str], Awaitable[str]]

_FETCH_SECONDS = 300.0
_MAX_REDIRECTS = 5
_GIVEN_OUT = ipaddress.ip_network("2000::/3")
_OF_AN_UPLOAD = "/gradio_api/file="


def fetch_within_limits(page: gr.Blocks, max_bytes: int) -> None:
    """Make every component fetch addresses this way.

    Args:
        page: the page whose own uploads need no fetching.
        max_bytes: size of the largest file taken.
    """
    fetch = build_fetch(page.upload_file_set, max_bytes, resolve_public)
    # Not on a component: Gradio makes a visitor's component anew when it is updated.
    processing_utils.async_ssrf_protected_download = fetch


def build_fetch(uploads: set[str], max_bytes: int, resolve: Resolve) -> Callable[[str, str], Awaitable[str]]:
    """Return the function that Gradio calls with an address and its folder of files.

    Args:
        uploads: paths of the files that were uploaded to this app.
        max_bytes: size of the largest file taken.
        resolve: gives the IP address to connect to for a host's name, or refuses it.

    Returns:
        A function that returns the path of the file, which is alone in its folder or an upload.
    """

    async def fetch(url: str, cache_dir: str) -> str:
        with _failures_in_words(url):
            address = httpx.URL(url)
            _, mark, upload = unquote(address.path).partition(_OF_AN_UPLOAD)
            # An upload's path holds the hash of its content: who knows it has the recording, whatever the host is.
            if mark and upload in uploads:
                return upload
            Path(cache_dir).mkdir(parents=True, exist_ok=True)
            # A folder for each call, so that two calls of one address share no file.
            folder = Path(tempfile.mkdtemp(dir=cache_dir))
            path = folder / strip_invalid_filename_characters(Path(unquote(address.path)).name or "recording")
            try:
                async with asyncio.timeout(_FETCH_SECONDS):
                    await _download(address, path, max_bytes, resolve)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            return str(path)

    return fetch


@contextmanager
def _failures_in_words(url: str) -> Iterator[None]:
    name = url.split("?")[0][:100]
    try:
        yield
    except TimeoutError as error:
        limit = f"{_FETCH_SECONDS / 60:g} minutes"
        raise refusal(f"“{name}” did not arrive within {limit}: upload the file itself.") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        if is_disk_full(error):
            raise refusal(DISK_FULL) from error
        raise refusal(f"“{name}” could not be fetched: upload the file itself.") from error


async def resolve_public(host: str) -> str:
    """Return an IP address of a host that is on the public internet.

    Without this, anybody could read through the app what only its own network may read.

    Raises:
        gr.Error: the host has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    for *_, (address, *_) in found:
        if _is_public(ipaddress.ip_address(address)):
            return address
    # A Space sees the Hub's files under addresses of the cloud's own network.
    if host.lower().endswith((".hf.co", ".huggingface.co")) or host.lower() in ("hf.co", "huggingface.co"):
        return found[0][4][0]
    raise refusal(f"“{host}” is not on the public internet, and nothing else is fetched: upload the file itself.")


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is of a host on the public internet, and not another name for one of the house.

    Of version 6 only the unicast addresses that are given out count: others, and 6to4's among them, hold one of version
    4 that a gateway may lead to, such as 64:ff9b::7f00:1 to 127.0.0.1 (RFC 4291, 6052, 3056).
    """
    if isinstance(ip, ipaddress.IPv6Address) and (ip not in _GIVEN_OUT or ip.sixtofour or ip.teredo):
        return False
    return ip.is_global and not ip.is_multicast


async def _download(address: httpx.URL, path: Path, max_bytes: int, resolve: Resolve) -> None:
    # A transport of its own keeps the proxies of the environment out, which would resolve the name again.
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport()) as client:
        for _ in range(_MAX_REDIRECTS + 1):
            # The connection goes to the address that was checked, whatever the name resolves to a moment later.
            checked = address.copy_with(host=await resolve(address.host))
            headers, extensions = {"Host": address.netloc.decode("ascii")}, {"sni_hostname": address.host}
            async with client.stream("GET", checked, headers=headers, extensions=extensions) as answer:
                if answer.has_redirect_location:
                    address = address.join(answer.headers["Location"])
                    continue
                if answer.status_code != httpx.codes.OK:
                    raise refusal(f"“{address.host}” does not give this recording (it answers {answer.status_code}).")
                await _save(answer, path, max_bytes)
                return
    raise refusal(f"“{address.host}” leads from address to address: give the recording's own.")


async def _save(answer: httpx.Response, path: Path, max_bytes: int) -> None:
    limit = f"{max_bytes / 1_000_000:g} MB"
    too_large = refusal(f"“{path.name}” is too large; the limit is {limit}. Cut it into parts, or save it as MP3.")
    declared = answer.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise too_large
    size = 0
    with path.open("wb") as file:
        async for chunk in answer.aiter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise too_large
            file.write(chunk)
