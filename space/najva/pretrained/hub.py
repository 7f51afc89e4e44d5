"""Snapshots of Hub models: safetensors only, pinned to a commit, from the local cache when the Hub is away."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import httpx2
import huggingface_hub
import yaml
from huggingface_hub import constants, errors
from huggingface_hub.utils._http import default_client_factory

from najva.pretrained.errors import ModelError

# No pickles: weights come as safetensors or not at all. *.spm and *.model are SentencePiece's vocabularies.
_WANTED = ("*.json", "*.safetensors", "*.txt", "*.spm", "*.model", "*.jinja", "README.md")
_PROBE_SECONDS = 3.0
_SILENCE_SECONDS = 8.0
_REMEMBER_SECONDS = 60.0
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Snapshot:
    """A downloaded repository: its folder, its commit and its licence (empty if it states none)."""

    folder: Path
    commit: str
    licence: str


class Hub:
    """The Hub at the standard `HF_ENDPOINT`, and whether it may be asked.

    Args:
        offline: never send a request; only what is in the local cache exists.
    """

    def __init__(self, *, offline: bool = False) -> None:
        self.offline = offline
        # Read when needed, since the client library itself fixes it at its first import.
        self.endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or constants.ENDPOINT
        self._lock = Lock()
        self._probed_at, self._answered = float("-inf"), False

    @property
    def answers(self) -> bool:
        """Whether the Hub answers within three seconds; asked anew after a minute."""
        if self.offline:
            return False
        with self._lock:
            if time.monotonic() - self._probed_at > _REMEMBER_SECONDS:
                self._answered, self._probed_at = self._probe(), time.monotonic()
            return self._answered

    def _probe(self) -> bool:
        try:
            # Any answer will do, an error included; only silence and refusal count as away.
            httpx2.get(f"{self.endpoint}/api/models?limit=1", timeout=_PROBE_SECONDS)
        except httpx2.HTTPError:
            return False
        return True

    def snapshot(self, repository: str, revision: str = "") -> Snapshot:
        """Return a repository's files, downloaded unless the cache has them.

        Args:
            repository: `owner/name`.
            revision: branch, tag or commit; empty is the main branch.

        Raises:
            ModelError: the repository or revision does not exist or may not be read, it holds no safetensors, or
                the Hub is away and the cache does not have it.
        """
        name = f"{repository}@{revision}" if revision else repository
        if not self.answers:
            return self._cached(repository, revision, name)
        try:
            with _impatience:
                return self._download(repository, revision, name)
        except errors.GatedRepoError as error:
            raise ModelError(
                f"The model {name} is gated: accept its terms on {self.endpoint}/{repository} and set HF_TOKEN."
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise ModelError(
                f"There is no model {name}: the Hub has no such repository, or it is private and HF_TOKEN may not read "
                f"it; and there is no folder of that name."
            ) from error
        except errors.RevisionNotFoundError as error:
            raise ModelError(f"The model {repository} has no revision '{revision}'.") from error
        except errors.HfHubHTTPError as error:
            status = error.response.status_code
            if status < 500 and status != _TOO_MANY_REQUESTS:
                raise ModelError(
                    f"The Hub refused to hand out the model {name} (HTTP {status}): see whether HF_TOKEN is valid."
                ) from error
            return self._cached_instead(repository, revision, name, f"answered with HTTP {status}", error)
        except (httpx2.HTTPError, HubSilenceError, errors.LocalEntryNotFoundError) as error:
            return self._cached_instead(repository, revision, name, "went away", error)
        except OSError as error:
            raise ModelError(f"The model {name} cannot be stored in the local cache: {error}.") from error

    def _cached_instead(self, repository: str, revision: str, name: str, did: str, cause: Exception) -> Snapshot:
        """Do without the Hub for a minute, with the commit that the cache has."""
        with self._lock:
            self._answered, self._probed_at = False, time.monotonic()
        try:
            return self._cached(repository, revision, name)
        except ModelError:
            raise ModelError(
                f"The Hub ({urlsplit(self.endpoint).netloc}) {did} while the model {name} was being downloaded; files "
                "that arrived whole are kept, so try again when it is back."
            ) from cause

    def _download(self, repository: str, revision: str, name: str) -> Snapshot:
        information = huggingface_hub.HfApi(endpoint=self.endpoint).model_info(
            repository, revision=revision or None, timeout=10
        )
        if not any(sibling.rfilename.endswith(".safetensors") for sibling in information.siblings or ()):
            raise ModelError(
                f"The model {name} has no safetensors, and other formats can carry code: convert it and upload "
                "model.safetensors."
            )
        # By branch rather than by its commit: only then does the cache know, without the Hub, which commit was meant.
        folder = Path(
            huggingface_hub.snapshot_download(
                repository, revision=revision or None, endpoint=self.endpoint, allow_patterns=_WANTED, etag_timeout=10
            )
        )
        card = information.card_data
        return Snapshot(folder, folder.name, str((card and card.get("license")) or ""))

    def _cached(self, repository: str, revision: str, name: str) -> Snapshot:
        try:
            folder = Path(
                huggingface_hub.snapshot_download(
                    repository,
                    revision=revision or None,
                    endpoint=self.endpoint,
                    allow_patterns=_WANTED,
                    local_files_only=True,
                )
            )
        except (errors.LocalEntryNotFoundError, OSError) as error:
            reason = "NAJVA_MODELS=offline" if self.offline else f"{urlsplit(self.endpoint).netloc} does not answer"
            raise ModelError(
                f"The model {name} is neither a folder nor in the local cache, and the Hub cannot be asked ({reason})."
            ) from error
        if not any(folder.glob("*.safetensors")):
            raise ModelError(f"The model {name} is only partly in the local cache, and the Hub cannot be asked.")
        return Snapshot(folder, folder.name, stated_licence(folder))


def stated_licence(folder: Path) -> str:
    """Return the licence that a model folder's own card states, or nothing."""
    if not (folder / "README.md").is_file():
        return ""
    try:
        return str(huggingface_hub.ModelCard.load(folder / "README.md").data.get("license") or "")
    except (ValueError, yaml.YAMLError):
        # A card that cannot be read is no reason not to serve the model.
        return ""


class HubSilenceError(OSError):
    """The Hub took a request and did not answer in time, or fell silent within its answer."""


class _Impatience:
    """The Hub library made to give up, for as long as a model is fetched.

    By itself it waits for ever, or asks six times with pauses. Here silence ends the download at once: the caller has
    something to fall back on. A push from the same process, before or after, waits as long as the library likes.

    Files come by plain HTTP, not by Xet: `hf_xet` waits 300 seconds and asks six times, its limits
    (`HF_XET_CLIENT_READ_TIMEOUT` and others) are fixed for the whole process and hold for uploads too, in which minutes
    of silence are usual, and it raises RuntimeError for everything.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._xet_was_off = False

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._xet_was_off, constants.HF_HUB_DISABLE_XET = constants.HF_HUB_DISABLE_XET, True
                huggingface_hub.set_client_factory(_bounded_client)
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                constants.HF_HUB_DISABLE_XET = self._xet_was_off
                huggingface_hub.set_client_factory(default_client_factory)


_impatience = _Impatience()


class _Body(httpx2.SyncByteStream):
    """The body of an answer; silence within it is no error that the library would try to mend."""

    def __init__(self, stream: httpx2.SyncByteStream, host: str) -> None:
        self._stream, self._host = stream, host

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except httpx2.TimeoutException as error:
            raise HubSilenceError(f"{self._host} fell silent") from error

    def close(self) -> None:
        self._stream.close()


def _bounded_client() -> httpx2.Client:
    """Return the Hub library's own client, which gives up at the first silence."""
    client = default_client_factory()
    limits = httpx2.Timeout(_SILENCE_SECONDS).as_dict()
    send = client.send

    def send_once(request: httpx2.Request, **options) -> httpx2.Response:
        # The library asks for its own, longer limits.
        request.extensions["timeout"] = limits
        try:
            response = send(request, **options)
        except (httpx2.TimeoutException, httpx2.NetworkError) as error:
            raise HubSilenceError(f"{request.url.host} does not answer") from error
        if options.get("stream"):
            response.stream = _Body(response.stream, request.url.host)
        return response

    client.send = send_once
    return client
