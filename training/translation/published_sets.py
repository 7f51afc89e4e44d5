"""Sets of sentences that the Hub publishes, and FLORES+ among them (text).

FLORES+ (`openlanguagedata/flores_plus`, CC BY-SA 4.0, gated) has a file a language and split; a row has `id` and
`text`, and a sentence the same id in every language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2
import huggingface_hub
from huggingface_hub import constants, errors

from najva.translation.language_codes import nllb_code
from translation.parallel_text import TextError
from translation.translation_sets import Item, SentenceSet

FLORES = "openlanguagedata/flores_plus"
DEVTEST = "devtest"
_CHINESE = {"zh-Hans": ("cmn_Hans", "zho_Hans"), "zh-Hant": ("cmn_Hant", "zho_Hant")}


class DataSet:
    """A data set of the Hub at one commit; its files are read into the Hub's own cache.

    Args:
        name: `OWNER/NAME`.

    Raises:
        TextError: it cannot be had, in one sentence.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        information = self._asked(lambda: huggingface_hub.HfApi().dataset_info(name, timeout=30))
        self.revision = information.sha
        self.files = [sibling.rfilename for sibling in information.siblings or ()]

    def file(self, path: str) -> Path:
        """Return a file, downloaded unless the cache has it.

        Raises:
            TextError: it cannot be had.
        """
        if path not in self.files:
            raise TextError(f"The data set {self.name} has no {path}.")
        options = {"repo_type": "dataset", "revision": self.revision}
        return Path(self._asked(lambda: huggingface_hub.hf_hub_download(self.name, path, **options)))

    def _asked(self, ask):
        try:
            return ask()
        except errors.GatedRepoError as error:
            address = f"{constants.ENDPOINT}/datasets/{self.name}"
            raise TextError(
                f"The data set {self.name} is gated: accept its terms on {address} and set HF_TOKEN."
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise TextError(
                f"There is no file {self.name} and no such data set on the Hub, or HF_TOKEN may not read it."
            ) from error
        except (errors.HfHubHTTPError, httpx2.HTTPError, OSError) as error:
            reason = " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
            raise TextError(
                f"The data set {self.name} cannot be read from the Hub ({constants.ENDPOINT}): {reason}."
            ) from error


def read_flores(reference: str, language: str, target: str, split: str = DEVTEST) -> SentenceSet:
    """Read the sentences of a language with their Chinese.

    Args:
        reference: `OWNER/NAME`, or `OWNER/NAME:CODE` where the source has another code there than in FLORES-200.
        language: of the source, as Whisper writes it.
        target: `zh-Hans` or `zh-Hant`.
        split: `devtest` or `dev`.

    Raises:
        TextError: it cannot be had.
    """
    name, _, code = reference.partition(":")
    if not language:
        raise TextError(f"{name} has many languages: name that of the sources by --source.")
    code = code or nllb_code(language) or language
    data = DataSet(name)
    sources, chinese = _flores_texts(data, split, (code,)), _flores_texts(data, split, _CHINESE[target])
    items = joined_texts(sources, chinese)
    if not items:
        raise TextError(f"No sentence of {name} has the same id in {code} and in Chinese.")
    origin = {"data_set": name, "revision": data.revision, "split": split, "source": code}
    return SentenceSet(f"{name.partition('/')[2]} {code} {split}", language, tuple(items), origin=origin)


def joined_texts(sources: Mapping[str, str], chinese: Mapping[str, str]) -> list[Item]:
    """Return the sentences that both sides have, in the order of the sources."""
    return [Item(number, text, chinese[number]) for number, text in sources.items() if number in chinese]


def _flores_texts(data: DataSet, split: str, codes: Sequence[str]) -> dict[str, str]:
    """Return the sentences of the first code that there is a file of, by id."""
    for code in codes:
        for ending, read in _READERS.items():
            path = f"{split}/{code}.{ending}"
            if path in data.files:
                return {str(row["id"]): row["text"].strip() for row in read(data.file(path))}
    raise TextError(
        f"The data set {data.name} has no {split}/{codes[0]}; {data.name}:CODE names the source's own code."
    )


def _parquet_rows(path: Path) -> list[dict]:
    from pyarrow import parquet

    return parquet.read_table(path, columns=["id", "text"]).to_pylist()


def _json_rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


# It was published as JSON Lines first, as Parquet since.
_READERS = {"parquet": _parquet_rows, "jsonl": _json_rows}
