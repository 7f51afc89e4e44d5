"""Visitors' files: each is deleted when nobody needs it any more."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

import gradio as gr


class Uploads:
    """Keeps count of the uploads of a page, so that every file can be deleted at the right moment.

    Gradio stores an upload under a hash of its content. Two visitors who send the same file therefore share one path,
    and the first to finish must not delete it under the second.

    Args:
        page: the page whose uploads are counted.
    """

    def __init__(self, page: gr.Blocks) -> None:
        self._lock = Lock()
        self._waiting: Counter[str] = Counter()
        self._of_visitor: defaultdict[str, set[str]] = defaultdict(set)
        # Gradio adds each upload to this set as it arrives; files of this set are also what `delete_cache` clears
        # after an hour, so it stays a set.
        page.upload_file_set = _CountedSet(self._arrived)
        page.temp_file_sets[0] = page.upload_file_set
        page.unload(self._visitor_left)

    def release(self, path: str | None) -> None:
        """Delete a file unless another visitor uploaded the same; other files than uploads are left alone."""
        if path is None:
            return
        path = str(path)
        with self._lock:
            if path not in self._waiting:
                return
            self._waiting[path] -= 1
            if self._waiting[path] > 0:
                return
            del self._waiting[path]
        Path(path).unlink(missing_ok=True)
        try:
            Path(path).parent.rmdir()
        except OSError:
            pass  # another file of the same content, or already gone

    def belongs_to(self, path: str | None, visitor: str | None) -> None:
        """Remember that a file lies on a visitor's page until it is cleared or the visitor leaves."""
        if path and visitor:
            with self._lock:
                self._of_visitor[visitor].add(str(path))

    def clear(self, visitor: str | None) -> None:
        """Delete what lies on a visitor's page."""
        with self._lock:
            paths = self._of_visitor.pop(visitor or "", set())
        for path in paths:
            self.release(path)

    def _visitor_left(self, request: gr.Request) -> None:
        self.clear(request.session_hash)

    def _arrived(self, paths: Iterable[str]) -> None:
        with self._lock:
            self._waiting.update(str(path) for path in paths)


class _CountedSet(set):
    """A set that reports what is added, also when it is there already."""

    def __init__(self, arrived) -> None:
        super().__init__()
        self._arrived = arrived

    def update(self, *others: Iterable[str]) -> None:
        for paths in others:
            paths = list(paths)
            self._arrived(paths)
            super().update(paths)
