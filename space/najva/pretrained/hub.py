"""Snapshots of Hub models: safetensors only, pinned to a commit, from the local cache when the Hub is away."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from urllib.parse import quote, urlsplit

import httpx2
import huggingface_hub
import yaml
from huggingface_hub import constants, errors
from huggingface_hub.utils._http import default_client_factory

from najva.pretrained.errors import ModelError

# No pickles: weights come as safetensors or not at all. *.spm and *.model are SentencePiece's vocabularies.
WANTED = ("*.json", "*.safetensors", "*.txt", "*.spm", "*.model", "*.jinja", "README.md")
# Opens pull requests that add safetensors to repositories without (https://huggingface.co/spaces/safetensors/convert).
_CONVERTER = "SFconvertbot"
# Of the local cache's references: the commit that came in place of the revision whose name goes on after it.
_CONVERTED = "converted"
_PROBE_SECONDS = 3.0
_SILENCE_SECONDS = 8.0
_REMEMBER_SECONDS = 60.0
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Snapshot:
    """A downloaded repository: its folder, its commit and its licence (empty if it states none).

    The commit is not the one that was asked for where that has no safetensors; see `Hub.snapshot`.
    """

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

        Of a revision without safetensors it is the pull request in which the Hub's own bot added them. Its commit is
        the one that is told: it holds what is used, and by its name anyone finds the same files again.

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
        api = huggingface_hub.HfApi(endpoint=self.endpoint)
        information = api.model_info(repository, revision=revision or None, timeout=10)
        if _has_safetensors(information):
            # By branch rather than by its commit: only then does the cache know, without the Hub, which commit was
            # meant.
            folder = self._fetch(repository, revision, etag_timeout=10)
        else:
            information = _find_conversion(api, repository, information.sha)
            if information is None:
                raise ModelError(
                    f"The model {name} has no safetensors, not in a pull request of the Hub's {_CONVERTER} either, and "
                    "other formats can carry code: convert it and upload model.safetensors."
                )
            folder = self._fetch(repository, information.sha, etag_timeout=10)
            # Once all is there, so that half a model is not taken for one; the library reads it like its own.
            reference = folder.parents[1] / "refs" / _converted(revision)
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(information.sha, encoding="ascii")
        card = information.card_data
        return Snapshot(folder, folder.name, str((card and card.get("license")) or ""))

    def _cached(self, repository: str, revision: str, name: str) -> Snapshot:
        is_known = False
        for known_as in (revision, _converted(revision)):
            try:
                folder = self._fetch(repository, known_as, local_files_only=True)
            except (errors.LocalEntryNotFoundError, OSError):
                continue
            if any(folder.glob("*.safetensors")):
                return Snapshot(folder, folder.name, stated_licence(folder))
            is_known = True
        if is_known:
            raise ModelError(f"The model {name} is only partly in the local cache, and the Hub cannot be asked.")
        reason = "NAJVA_MODELS=offline" if self.offline else f"{urlsplit(self.endpoint).netloc} does not answer"
        raise ModelError(
            f"The model {name} is neither a folder nor in the local cache, and the Hub cannot be asked ({reason})."
        )

    def _fetch(self, repository: str, revision: str, **options: object) -> Path:
        return Path(
            huggingface_hub.snapshot_download(
                repository, revision=revision or None, endpoint=self.endpoint, allow_patterns=WANTED, **options
            )
        )


def _find_conversion(api: huggingface_hub.HfApi, repository: str, commit: str) -> huggingface_hub.ModelInfo | None:
    """Return the pull request in which the bot added safetensors to what a commit holds; None where there is none.

    Anyone may open a pull request, with whatever weights, so that nobody else's is looked at. The bot's adds nothing
    but the safetensors to what the main branch held then; whether it was made of this commit's weights shows in the
    old files, which it leaves in place.
    """
    weights = _pickles(api.model_info(repository, revision=commit, files_metadata=True, timeout=10))
    if not weights:
        return None
    try:
        for proposal in api.get_repo_discussions(repository, author=_CONVERTER, discussion_type="pull_request"):
            if proposal.author != _CONVERTER or proposal.status not in ("open", "merged"):
                continue
            found = api.model_info(repository, revision=proposal.git_reference, files_metadata=True, timeout=10)
            if _has_safetensors(found) and _pickles(found) == weights:
                return found
    except errors.HfHubHTTPError as error:
        # Owners may turn discussions off, and a mirror of the Hub may have none.
        if error.response.status_code >= 500 or error.response.status_code == _TOO_MANY_REQUESTS:
            raise
    return None


def _has_safetensors(information: huggingface_hub.ModelInfo) -> bool:
    return any(sibling.rfilename.endswith(".safetensors") for sibling in information.siblings or ())


def _pickles(information: huggingface_hub.ModelInfo) -> dict[str, str | None]:
    """Return the hash of every file that PyTorch's own format may have, by name."""
    siblings = information.siblings or ()
    return {sibling.rfilename: sibling.blob_id for sibling in siblings if sibling.rfilename.endswith(".bin")}


def _converted(revision: str) -> str:
    """Return under which name the local cache keeps what came in place of a revision."""
    return f"{_CONVERTED}/{quote(revision or 'main', safe='')}"


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
