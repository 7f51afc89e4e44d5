"""Files that are there whole or not at all."""

import csv
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a name beside `path` to write to; the file takes its own name when the block ends without an error.

    Whatever goes wrong, a full disk or a kill, `path` is what it was before.

    Args:
        path: The file that is wanted; its folder is made if need be.

    Yields:
        The name to write to, with another ending.

    Raises:
        OSError: If the file cannot be written; what was written is removed then.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished-{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_json(path: str | os.PathLike, content: Any) -> None:
    """Writes JSON values as people can read them, Persian as Persian, whole or not at all.

    Args:
        path: The file that is wanted.
        content: What `json` can write.

    Raises:
        OSError: If the file cannot be written.
    """
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_rows(path: str | os.PathLike, rows: Iterable[Mapping[str, Any]], columns: Collection[str] = ()) -> None:
    """Writes a table as CSV with a header, whole or not at all.

    Args:
        path: The file that is wanted.
        rows: Values by column.
        columns: The header; of the first row where none are named.

    Raises:
        OSError: If the file cannot be written.
    """
    rows = list(rows)
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
