"""The genre networks of one app: each found and loaded on first use, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import RLock

from safetensors import SafetensorError

from najva.pretrained import Checkpoint, Hub, ModelError
from najva.pretrained.checkpoint import EMBEDDED_FOLDER, find_genre_network
from najva.settings import Settings

AUTO = "auto"
_EMBEDDED = "genre"


class UnknownGenreModel(ValueError):
    """A name that is none of the networks'; the message lists them."""


class GenreModels:
    """Genre networks by reference; once they were looked for, `are_named` says whether the settings name them.

    Args:
        settings: `genre_models` names them; else they are those of `space/embedded/genre`.
        hub: where Hub names are looked up.
        say: takes one line on a network that cannot be had.
        lock: held while a network is loaded; the one of whatever else loads, since PyTorch and transformers do not bear
            to be imported by two threads at once.
        device: returns `cpu` or `cuda`.
    """

    def __init__(
        self,
        settings: Settings,
        hub: Hub,
        say: Callable[[str], None],
        lock: RLock | None = None,
        device: Callable[[], str] = lambda: "cpu",
    ) -> None:
        self._settings, self._hub, self._say = settings, hub, say
        self._lock, self._device = lock or RLock(), device
        self._found: list[Checkpoint] | None = None
        self._loaded: dict[str, object] = {}
        self.problem = ""
        self.are_named = False

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The networks that can be had, the default one first; one that cannot is told in `problem`."""
        with self._lock:
            if self._found is None:
                named = self._named()
                self.are_named = bool(named)
                self._found = named or self._embedded()
            return self._found

    def find(self, name: str = AUTO) -> Checkpoint:
        """Return a network.

        Args:
            name: `auto` for the default one, a reference, or the last part of one, such as `lstm`.

        Raises:
            UnknownGenreModel: there is none of that name.
            ModelError: there is none at all.
        """
        if not self.checkpoints:
            raise ModelError(self.problem or "No genre network comes with this app: NAJVA_GENRE_MODELS names one.")
        if name == AUTO:
            return self.checkpoints[0]
        for found in self.checkpoints:
            if name in (found.reference, short_name(found)):
                return found
        names = ", ".join([AUTO, *map(short_name, self.checkpoints)])
        raise UnknownGenreModel(f"There is no genre network '{name}'; there are {names}.")

    def classifier(self, name: str = AUTO):
        """Return a loaded `GenreClassifier`; see `find`.

        Raises:
            UnknownGenreModel, ModelError: it cannot be had.
        """
        found = self.find(name)
        with self._lock:
            if found.reference not in self._loaded:
                self._loaded[found.reference] = _load(found, self._device())
            return self._loaded[found.reference]

    def _named(self) -> list[Checkpoint]:
        return self._had(filter(None, map(str.strip, self._settings.genre_models.split(","))))

    def _embedded(self) -> list[Checkpoint]:
        folders = sorted((EMBEDDED_FOLDER / _EMBEDDED).glob("[!.]*/config.json"))
        found = self._had(f"embedded:{_EMBEDDED}/{path.parent.name}" for path in folders)
        return sorted(found, key=mean_accuracy, reverse=True)

    def _had(self, references: Iterable[str]) -> list[Checkpoint]:
        """Return those that can be had; of the others `problem` tells."""
        found = []
        for reference in references:
            try:
                found.append(find_genre_network(reference, self._hub, self._settings.cache))
            except ModelError as error:
                self.problem = f"{self.problem} {error}".strip()
                self._say(str(error))
        return found


def accuracies(found: Checkpoint) -> list[dict]:
    """Return the accuracies that a network was measured to have, by protocol, the one of its card first."""
    return [row for row in found.measured.get("figures", ()) if row["metric"] == "accuracy"]


def mean_accuracy(found: Checkpoint) -> float:
    """Return the mean of these; what was not measured comes last.

    Artists kept apart tell how it does with new ones, songs drawn by file with more of the same; visitors bring both.
    """
    measured = [row["value"] for row in accuracies(found)]
    return sum(measured) / len(measured) if measured else -1.0


def short_name(found: Checkpoint) -> str:
    """Return what a network is called where its reference is long, such as `lstm`."""
    return Path(found.reference.partition("@")[0]).name


def _load(found: Checkpoint, device: str):
    # PyTorch takes seconds to import, and the page stands before it is there.
    from najva.genre_classifier import GenreClassifier
    from najva.genre_networks import GenreNetwork

    try:
        network = GenreNetwork.from_pretrained(found.folder, local_files_only=True)
        return GenreClassifier(network.to(device), found.reference)
    except (SafetensorError, RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
        raise ModelError(f"The genre network {found.reference} cannot be loaded: {error}.") from error
