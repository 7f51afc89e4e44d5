"""Refusals and failures of the Hub, each as one sentence that says what to do."""

from __future__ import annotations

import httpx2
from huggingface_hub import constants, errors

_TOO_MANY_REQUESTS = 429
_LONGEST = 300


class HubError(ValueError):
    """The Hub did not do what was asked; the message says why, what became of it, and what to do."""

    @classmethod
    def of_scope(cls, what: str, owner: str, endpoint: str) -> HubError:
        """Return the error of a token that may too little.

        Args:
            what: what was not done and why, without a full stop.
            owner: whose repositories it must be able to write.
            endpoint: address of the Hub.
        """
        return cls(
            f"{what}; it needs the scope 'write', or, if it is fine-grained, 'Write access to contents/settings of all "
            f"repos under {owner}'. Make one at {endpoint}/settings/tokens and put it into HF_TOKEN."
        )


def in_one_sentence(error: Exception, what: str, repository: str, *, after: str = "") -> HubError:
    """Say what a failure of the client library means.

    Args:
        error: what the library raised.
        what: what was not done, without a full stop.
        repository: `OWNER/NAME`.
        after: a sentence on how things stand now and what to do; left out where the cause says what to do.
    """
    owner = repository.partition("/")[0]
    if isinstance(error, errors.LocalTokenNotFoundError):
        return HubError.of_scope(f"{what}: there is no token", owner, constants.ENDPOINT)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubError(f"{what}: HF_HUB_OFFLINE forbids to ask the Hub. Unset it.")
    if isinstance(error, errors.HfHubHTTPError):
        return _of_status(error, what, repository, after)
    if isinstance(error, httpx2.TimeoutException):
        return HubError(_joined(f"{what}: the Hub ({constants.ENDPOINT}) fell silent.", after))
    if isinstance(error, httpx2.HTTPError):
        return HubError(_joined(f"{what}: the Hub ({constants.ENDPOINT}) went away ({_line(error)}).", after))
    return HubError(_joined(f"{what}: {_line(error)}.", after))


def _of_status(error: errors.HfHubHTTPError, what: str, repository: str, after: str) -> HubError:
    status, owner = error.response.status_code, repository.partition("/")[0]
    said = (error.server_message or "").strip().splitlines()
    said = f" (“{said[0].rstrip('.')}”)" if said else ""
    if status == 401 and not isinstance(error, errors.RepositoryNotFoundError):
        expired = f"{what}: the Hub does not know the token in use, so it has expired, was revoked or is mistyped"
        return HubError.of_scope(expired, owner, constants.ENDPOINT)
    if status == 403:
        return HubError.of_scope(f"{what}: the token may not do that{said}", owner, constants.ENDPOINT)
    if isinstance(error, errors.RepositoryNotFoundError):
        return HubError(
            f"{what}: the Hub has no {repository}, or it is private and the token in HF_TOKEN may not read it."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return HubError(f"{what}: there is no such revision.")
    if status == 412:
        return HubError(
            f"{what}: somebody else changed {repository} meanwhile. Look at it, then run the command again."
        )
    if status == _TOO_MANY_REQUESTS:
        return HubError(_joined(f"{what}: the Hub asks to wait, as there were too many requests.", after))
    if status >= 500:
        return HubError(_joined(f"{what}: the Hub failed (HTTP {status}).", after))
    return HubError(_joined(f"{what}: the Hub refused it (HTTP {status}){said}.", after))


def _joined(sentence: str, after: str) -> str:
    return f"{sentence} {after}" if after else sentence


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…").rstrip(".:")
