"""What a measurement of translations found, in words for a reader and in plain values for a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from translation.translation_ledgers import HeardRow
from translation.translation_results import (
    Pairing,
    Recognition,
    Result,
    in_brackets,
    pair_conditions,
    pair_engines,
    recognition_of,
)
from translation.translation_scores import CONFIDENCE, FEW_UNITS, LEADING
from translation.translation_sets import SentenceSet

_HEADER = ("engine", "set", "n", f"chrF [{CONFIDENCE:.0%}]", "BLEU", "spBLEU", "script", "flags %", "empty %")


@dataclass(frozen=True)
class Findings:
    """Everything that was found.

    Attributes:
        results: of every engine, set and condition, in the order of the tables.
        heard: transcripts by set and id.
    """

    results: Sequence[Result]
    heard: Mapping[str, Mapping[str, HeardRow]]

    @property
    def sets(self) -> list[SentenceSet]:
        """Those that were measured on."""
        return list({one.of.name: one.of for one in self.results}.values())

    @cached_property
    def recognitions(self) -> list[Recognition]:
        """Of every set of recordings."""
        return [recognition_of(one, self.heard[one.name]) for one in self.sets if one.speech]

    @cached_property
    def losses(self) -> list[Pairing]:
        """See `pair_conditions`."""
        return pair_conditions(self.results)

    @cached_property
    def comparisons(self) -> list[Pairing]:
        """See `pair_engines`."""
        return pair_engines(self.results)

    def as_dict(self) -> dict:
        """Return them as JSON."""
        return {
            "figures": [one.as_dict() for one in self.results],
            "recognition": [one.as_dict() for one in self.recognitions],
            "recognition_losses": [one.as_dict() for one in self.losses],
            "comparisons": [one.as_dict() for one in self.comparisons],
        }

    def in_words(self, *notes: str) -> str:
        """Return them as a table and sentences.

        Args:
            notes: further sentences; empty ones are left out.
        """
        said = [*warnings_of(self.sets), *filter(None, notes)]
        parts = [[table(self.results)], [f"Note: {note}" for note in said]]
        parts += [[one.in_words() for one in found] for found in (self.recognitions, self.losses, self.comparisons)]
        return "\n" + "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def table(results: Sequence[Result]) -> str:
    """Return the figures of every engine on every set as a table."""
    spoken = any(one.of.speech for one in results)
    header = [*_HEADER, "s/sentence", *(["s/s of audio"] if spoken else [])]
    lines = [header, ["---", "---", *["---:"] * (len(header) - 2)]]
    for one in results:
        figures = one.score.figures
        cells = [one.engine, one.title, f"{len(one.rows):,}"]
        cells.append(f"{figures[LEADING].estimate:.2f}{in_brackets(figures[LEADING], '.2f')}")
        cells += [f"{figures[name].estimate:.2f}" if name in figures else "–" for name in ("bleu", "spbleu")]
        cells += ["–" if one.script is None else f"{one.script:.1%}", _flags(one), f"{100 * one.empty:.1f}"]
        cells.append(_seconds(one.seconds))
        if spoken:
            cells.append(_seconds(one.seconds_per_audio_second))
        lines.append(cells)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def warnings_of(sets: Sequence[SentenceSet]) -> list[str]:
    """Return what a reader must know of the intervals, a sentence each."""
    found = []
    for one in sets:
        units = len(set(one.units))
        if units < 2:
            found.append(f"{one.title} has nothing to draw an interval from: it is one sentence, or one group.")
        elif units < FEW_UNITS:
            found.append(f"The intervals of {one.title} rest on {units} sentences or groups: too few for a verdict.")
    return found


def _flags(one: Result) -> str:
    each = ", ".join(f"{flag} {100 * share:.1f}" for flag, share in one.flags.items())
    return f"{100 * one.flagged:.1f}" + (f" ({each})" if each else "")


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
