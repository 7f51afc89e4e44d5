"""Model references: one string says where weights come from."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from najva.pretrained.errors import ModelError

Kind = Literal["folder", "hub", "packaged", "embedded"]
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(?:@[\w./-]+)?")
_FORMS = (
    "a folder, a Hub name (owner/name or owner/name@revision, with hub: in front of it always the Hub), "
    "packaged:whisper-base or embedded:NAME"
)


@dataclass(frozen=True)
class ModelReference:
    """A parsed reference.

    Attributes:
        text: as it was written.
        kind: where to look.
        name: a path, `owner/name`, or the name after the colon.
        revision: branch, tag or commit of a Hub model; empty means its main branch.
    """

    text: str
    kind: Kind
    name: str
    revision: str = ""


def parse_reference(text: str) -> ModelReference:
    """Read a reference.

    An existing folder wins over a Hub name; `./…`, `../…`, `~…` and absolute paths are always folders.

    Raises:
        ModelError: the text has no form of a reference.
    """
    text = text.strip()
    prefix, colon, rest = text.partition(":")
    if colon and prefix in ("packaged", "embedded") and rest:
        return ModelReference(text, prefix, rest)
    if colon and prefix == "hub" and _is_hub_name(rest):
        return _hub_reference(text, rest)
    path = Path(text).expanduser()
    if text and (text.startswith((".", "~")) or path.is_absolute() or path.is_dir()):
        return ModelReference(text, "folder", str(path))
    if _is_hub_name(text):
        return _hub_reference(text, text)
    raise ModelError(f"'{text}' names no model: there is no such folder, and it is not {_FORMS}.")


def _is_hub_name(text: str) -> bool:
    """Whether the client library takes the name too; it has further rules, such as no `--` and no `.git` at the end."""
    if not _HUB_NAME.fullmatch(text):
        return False
    try:
        validate_repo_id(text.partition("@")[0])
    except HFValidationError:
        return False
    return True


def _hub_reference(text: str, name: str) -> ModelReference:
    repository, _, revision = name.partition("@")
    return ModelReference(text, "hub", repository, revision)
