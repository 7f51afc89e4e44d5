"""Visitors' files: each is deleted when nobody needs it any more."""

import filecmp
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock

import gradio as gr
from gradio import processing_utils
from gradio.block_function import BlockFunction
from gradio.context import LocalContext
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event

# So long after its upload a file has been taken by the page that sent it, or never will.
_ON_ITS_WAY_SECONDS = 60.0


class Uploads:
    """Keeps count of the files of visitors and callers, so that every one can be deleted at the right moment.

    Gradio stores a file under a hash of its content. Two visitors who send the same file therefore share one path,
    and the first to finish must not delete it under the second.

    Args:
        page: the page whose uploads are counted.
        own: files of the page itself, its examples; Gradio's copy of one lies where a visitor's of the same name would.
    """

    def __init__(self, page: gr.Blocks, own: Iterable[Path] = ()) -> None:
        self._page, self._lock = page, Lock()
        self._own = {path.name: path for path in own}
        self._uploaded: Counter[str] = Counter()
        self._called: Counter[str] = Counter()
        # Calls whose function has seen to it, by Gradio's name for them, until they end.
        self._answered: set[str] = set()
        # By visitor and by tab: the same file may lie in two of them.
        self._of_visitor: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        # When each file was brought, and when who left: what was brought in the last moment is heard of afterwards.
        self._brought_at: dict[str, float] = {}
        self._left: deque[tuple[str, float]] = deque(maxlen=1000)
        page.upload_file_set = self._counted(page.upload_file_set, self._uploaded)
        page.unload(self._visitor_left)

    def count_calls(self, recording: gr.Audio) -> None:
        """Count the files of an endpoint's calls too: what comes as an address or as base64 is never uploaded."""
        recording.temp_files = self._counted(recording.temp_files, self._called)

    def answered(self, path: str | None) -> None:
        """Delete the file of a call, which is one upload or none, unless somebody else sent the same.

        To be called in an endpoint's function, at its end.
        """
        if call := LocalContext.event_id.get(None):
            self._answered.add(call)
        self._release(path, self._uploaded, self._called)

    def forget_unanswered(self) -> None:
        """Delete the files of calls that never come to their function, too; to be called when the page has its queue.

        Their callers leave while they wait, are refused by a full queue, or say something else that cannot be read.
        """
        queue = self._page._queue
        queue.event_ids_to_events = _Calls(self._call_ended)
        push = queue.push

        async def push_or_forget(body: PredictBodyInternal, *arguments: object, **named: object) -> tuple:
            answer = await push(body, *arguments, **named)
            if not answer[0] and body.fn_index in self._page.fns:
                self._forget(self._page.fns[body.fn_index], body.data)
            return answer

        queue.push = push_or_forget

    def _call_ended(self, call: Event) -> None:
        if call._id in self._answered:
            self._answered.discard(call._id)
        elif call.data:
            self._forget(call.fn, call.data.data)

    def _forget(self, function: BlockFunction, data: list) -> None:
        # What lies on a page belongs to its visitor's tab.
        if function.api_visibility == "public":
            for each in data:
                if isinstance(each, dict) and isinstance(each.get("path"), str):
                    self._release(each["path"], self._uploaded, self._called)

    def take_in(self, path: Path, visitor: str | None, tab: str, begun: float) -> str:
        """Make an upload of a file that was fetched for a visitor: it is moved to where Gradio has one of its content.

        Args:
            path: alone in its folder, or an upload of somebody's.
            visitor: who asked for it, and may have left.
            tab: where it is to lie.
            begun: when it was asked for, by `time.monotonic`.

        Returns:
            Where it lies now.
        """
        files, target = self._page.upload_file_set, path
        if str(path) not in files:
            target = path.parent.parent / processing_utils.hash_file(path) / path.name
        with self._lock:
            held = str(target) in self._of_visitor.get(visitor or "", {}).get(tab, ())
            # Noted without being counted as one more upload, which it is not if it lies in the tab already.
            set.add(files, str(target))
            self._uploaded[str(target)] += not held
            self._brought_at[str(target)] = begun
            if target != path:
                target.parent.mkdir(exist_ok=True)
                path.replace(target)
                with suppress(OSError):
                    path.parent.rmdir()
        self.belongs_to(str(target), visitor, tab)
        return str(target)

    def belongs_to(self, path: str | None, visitor: str | None, tab: str) -> None:
        """Remember that a file lies in a visitor's tab until it is cleared or the visitor leaves, maybe has left."""
        if not (path and visitor):
            return
        path = str(path)
        with self._lock:
            # Whoever comes back, after a sleep of the computer for one, has the same name and may bring a new file.
            late = path in self._brought_at and self._brought_at[path] < dict(self._left).get(visitor, 0.0)
            if not late:
                self._of_visitor[visitor][tab].add(path)
        if late:
            self._release(path, self._uploaded)

    def keep(self, paths: Iterable[str], visitor: str | None, tab: str) -> None:
        """Remember which files lie in a visitor's tab, and delete what lay there before and does no longer."""
        kept = {str(path) for path in paths}
        with self._lock:
            before = self._of_visitor.get(visitor or "", {}).get(tab, set())
            gone = before - kept
            before -= gone
        for path in gone:
            self._leaves_tab(path)
        for path in kept:
            self.belongs_to(path, visitor, tab)

    def clear(self, visitor: str | None, tab: str) -> None:
        """Delete what lies in a visitor's tab."""
        with self._lock:
            paths = self._of_visitor.get(visitor or "", {}).pop(tab, set())
        for path in paths:
            self._leaves_tab(path)

    def left(self, visitor: str | None) -> None:
        """Delete what lies on the page of a visitor who leaves."""
        with self._lock:
            self._left.append((visitor or "", time.monotonic()))
            tabs = [*self._of_visitor.get(visitor or "", {})]
        for tab in tabs:
            self.clear(visitor, tab)
        with self._lock:
            self._of_visitor.pop(visitor or "", None)

    def _visitor_left(self, request: gr.Request) -> None:
        self.left(request.session_hash)

    def _leaves_tab(self, path: str) -> None:
        """Delete a file that lies in a tab no more, unless it lies in another or is on its way there."""
        with self._lock:
            holders = sum(path in files for tabs in self._of_visitor.values() for files in tabs.values())
            # Who brings the same file again makes one more upload of it, and still has it once.
            if time.monotonic() - self._brought_at.get(path, 0.0) > _ON_ITS_WAY_SECONDS:
                self._uploaded[path] = min(self._uploaded[path], holders + 1)
        self._release(path, self._uploaded)

    def _release(self, path: str | None, *counts: Counter[str]) -> None:
        path = str(path)
        with self._lock:
            # An example of the page, for one: never counted, never deleted.
            if not self._uploaded[path] + self._called[path]:
                return
            for count in counts:
                count[path] = max(0, count[path] - 1)
            if self._uploaded[path] + self._called[path]:
                return
            del self._uploaded[path], self._called[path]
            self._brought_at.pop(path, None)
            if self._is_own(Path(path)):
                return
            for file in (*self._unnoted_copies(Path(path)), Path(path)):
                file.unlink(missing_ok=True)
                # Fails where another name of the same content is in use, which is as well.
                with suppress(OSError):
                    file.parent.rmdir()

    def _is_own(self, path: Path) -> bool:
        own = self._own.get(path.name)
        return own is not None and path.exists() and filecmp.cmp(path, own, shallow=False)

    def _unnoted_copies(self, path: Path) -> list[Path]:
        """Return copies that Gradio forgets: it writes the base64 of an MCP client into a `file.*` and uploads that."""
        if path.stem != "file" or not path.exists():
            return []
        noted = set().union(*self._page.temp_file_sets)
        others = [other for other in path.parent.parent.glob(f"*/{path.name}") if str(other) not in noted]
        return [other for other in others if filecmp.cmp(path, other, shallow=False)]

    def _counted(self, files: set[str], count: Counter[str]) -> set[str]:
        """Put a counting set in the place of one in which Gradio notes files.

        Gradio deletes what is noted in these sets after an hour (`delete_cache`), so they stay sets.
        """

        def arrived(paths: Iterable[str]) -> None:
            paths = [str(path) for path in paths]
            with self._lock:
                count.update(paths)
                self._brought_at.update(dict.fromkeys(paths, time.monotonic()))

        counted = _CountedSet(arrived)
        self._page.temp_file_sets[:] = [counted if known is files else known for known in self._page.temp_file_sets]
        return counted


class _CountedSet(set):
    """A set that reports what is added, also when it is there already."""

    def __init__(self, arrived: Callable[[Iterable[str]], None]) -> None:
        super().__init__()
        self._arrived = arrived

    def add(self, path: str) -> None:
        self.update([path])

    def update(self, *others: Iterable[str]) -> None:
        for paths in others:
            paths = list(paths)
            self._arrived(paths)
            super().update(paths)


class _Calls(dict):
    """A dictionary of calls that wait or are worked on, which reports those that end, whichever way."""

    def __init__(self, ended: Callable[[Event], None]) -> None:
        super().__init__()
        self._ended = ended

    def pop(self, name: str, *otherwise: object) -> object:
        call = super().pop(name, *otherwise)
        if isinstance(call, Event):
            self._ended(call)
        return call
