"""What may stand in the way of a push, looked at before anything is changed: name, token, and what is there now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from huggingface_hub import HfApi, constants, errors
from huggingface_hub.utils import validate_repo_id

from najva.pretrained import Hub
from publishing.hub_errors import HubError, in_one_sentence

Kind = Literal["model", "dataset", "space"]
# A file that every push of that kind holds: by it a repository is known to be one of these.
MARKS = {"model": "run.json", "dataset": "split.json", "space": "najva/__init__.py"}
# What the Hub itself, or its page for new repositories, puts into one.
_OF_THE_HUB = {".gitattributes", "README.md"}


@dataclass(frozen=True)
class Present:
    """A repository as it is now.

    Attributes:
        head: commit of its main branch.
        files: names of its files.
        private: whether only its owner sees it.
    """

    head: str
    files: frozenset[str]
    private: bool


def check_name(repository: str) -> None:
    """See whether a repository may have this name; nothing is asked.

    Raises:
        HubError: it may not.
    """
    try:
        validate_repo_id(repository)
    except errors.HFValidationError as error:
        raise HubError(f"'{repository}' is no name for a repository: {str(error).rstrip('.')}.") from error
    if repository.count("/") != 1:
        raise HubError(f"'{repository}' does not say whose repository it is: write OWNER/NAME.")


def check_token(api: HfApi, *repositories: str) -> None:
    """See whether the Hub answers, and whether the token in use may write these repositories.

    Raises:
        HubError: it does not, or the token is missing, expired, too weak, or somebody else's.
    """
    hub = Hub()
    if not hub.answers:
        raise HubError(f"Nothing was pushed: the Hub ({hub.endpoint}) does not answer. Try again when it does.")
    try:
        account = api.whoami()
    except Exception as error:
        raise in_one_sentence(error, "Nothing was pushed", repositories[0]) from error
    role = account.get("auth", {}).get("accessToken", {}).get("role", "")
    known = {account["name"], *(group["name"] for group in account.get("orgs", ()))}
    for repository in repositories:
        owner = repository.partition("/")[0]
        if role == "read":
            raise HubError.of_scope(
                f"Nothing was pushed: the token of {account['name']} may only read", owner, constants.ENDPOINT
            )
        # A fine-grained token need not be told which organisations its owner belongs to.
        if role == "write" and owner not in known:
            raise HubError(
                f"Nothing was pushed: the token belongs to {account['name']}, who is neither {owner} nor a member of "
                f"an organisation of that name; push to {account['name']}/{repository.partition('/')[2]} instead."
            )


def look(api: HfApi, repository: str, kind: Kind, *, public: bool, replace: bool) -> Present | None:
    """Return what a repository holds, None if there is none.

    Args:
        api: client of the Hub.
        repository: `OWNER/NAME`.
        kind: of repository; the three kinds have namespaces of their own.
        public: whether everybody may see what is to be pushed.
        replace: whether it may take the place of something else.

    Raises:
        HubError: a push would put an end to something else, or give away what is to stay private.
    """
    try:
        found = api.repo_info(repository, repo_type=kind)
    except errors.RepositoryNotFoundError:
        return None
    except Exception as error:
        raise in_one_sentence(error, "Nothing was pushed", repository) from error
    files = frozenset(sibling.rfilename for sibling in found.siblings or ())
    foreign = sorted(files - _OF_THE_HUB)
    if foreign and MARKS[kind] not in files and not replace:
        raise HubError(
            f"Nothing was pushed: the {kind} repository {repository} exists already and holds something else "
            f"({', '.join(foreign[:3])}{', …' if len(foreign) > 3 else ''}); take another name, or add --replace to "
            "put this in its place (its history keeps what it holds)."
        )
    if kind == "space" and getattr(found, "sdk", None) not in (None, "gradio") and not replace:
        raise HubError(
            f"Nothing was pushed: {repository} is a Space of another kind ({found.sdk}); take another name, or add "
            "--replace."
        )
    if not found.private and not public:
        raise HubError(
            f"Nothing was pushed: everybody sees {repository}; add --public if everybody may see this too, or take "
            "another name."
        )
    return Present(found.sha, files, bool(found.private))
