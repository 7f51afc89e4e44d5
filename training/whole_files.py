"""Files that are there whole or not at all."""

import json
import os
from collections.abc import Iterator
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
