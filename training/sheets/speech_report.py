"""The report of `prepare_transcripts.py`, in Markdown: what came of the sheet, what is wrong, how it was split."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sheets.clip_groups import neighbours_in_train
from sheets.faults import KINDS, Fault, count_kinds, fatal_rows, in_order
from sheets.speech_data import Clip, split_sha256
from sheets.splits import PARTS, Split
from sheets.text_checks import letters

# Of each kind of fault; a sheet may have thousands of stray spaces and three broken files.
_LISTED_FAULTS = 8
_DURATION_STEPS = (0, 1, 2, 5, 10, 15, 20, 30)
_PERCENTILES = {"shortest": 0, "5 %": 5, "half": 50, "95 %": 95, "longest": 100}
# Two real sets have 0.75 (46 clips) and 0.97 (1,401); with the texts moved down by one row 0.17 and -0.01.
_LOW_CORRELATION = 0.3
_ALIGNED_RIGHT = ("row", "rows", "clips", "length", "share", "recordings", "speakers", *_PERCENTILES)


@dataclass(frozen=True)
class Preparation:
    """All that the report tells of.

    Attributes:
        source: Content of ``source.json``.
        rows: Number of rows that hold anything.
        faults: Of all rows.
        clips: The usable clips.
        split: None if the job stopped before.
        notes: Sentences on how the split came about.
    """

    source: dict[str, Any]
    rows: int
    faults: Sequence[Fault]
    clips: Sequence[Clip]
    split: Split | None = None
    notes: Sequence[str] = ()


def write_report(preparation: Preparation) -> str:
    """Returns the whole report as Markdown."""
    parts = [_opening(preparation), _faults(preparation.faults)]
    if preparation.clips:
        parts.append(_clips(preparation.clips))
    if preparation.split:
        parts.append(_split(preparation.split, preparation.clips, preparation.notes))
    return "\n\n".join(parts) + "\n"


def summarize(preparation: Preparation) -> dict[str, Any]:
    """Returns the figures of the report for a program, as JSON values."""
    clips, split = preparation.clips, preparation.split
    summary = {
        "rows": preparation.rows,
        "left_out": len(fatal_rows(preparation.faults)),
        "clips": len(clips),
        "hours": round(sum(clip.seconds for clip in clips) / 3600, 4),
        "sample_rates_hz": dict(sorted(Counter(clip.sample_rate_hz for clip in clips).items())),
        "faults": count_kinds(preparation.faults),
        "speech": preparation.source["speech"],
        "prepared": split is not None,
    }
    if split:
        summary |= {part: len(getattr(split, part)) for part in reversed(PARTS)}
        summary |= {"group_by": split.group_by, "test_clips_with_neighbour_in_train": neighbours_in_train(split)}
        summary |= {"split_sha256": split_sha256(split, clips)}
    return summary


def _opening(preparation: Preparation) -> str:
    source, rows, faults = preparation.source, preparation.rows, preparation.faults
    origin = source.get("workbook") or source.get("dataset")
    sheet = f", sheet “{source['sheet']}”" if source.get("sheet") else ""
    left_out = fatal_rows(faults)
    remarks = len({fault.row for fault in faults} - left_out)
    lines = [
        f"# Speech data: {source['name']}\n",
        f"From {origin}{sheet}, speech {source['speech']}: {rows:,} rows, {len(preparation.clips):,} clips usable, "
        f"{len(left_out):,} left out ({_percent(len(left_out), rows)}), {remarks:,} kept with a remark.",
    ]
    if source.get("passed_over"):
        lines.append(f"Splits of the data set that were passed over: {', '.join(source['passed_over'])}.")
    return "\n".join(lines)


def _faults(faults: Sequence[Fault]) -> str:
    if not faults:
        return "## Faults\n\nNone."
    counts = count_kinds(faults)
    kinds = [(kind, count, KINDS[kind].verdict, KINDS[kind].meaning) for kind, count in counts.items()]
    listed = defaultdict(list)
    for fault in in_order(faults):
        listed[fault.kind].append(fault)
    rows: list[tuple] = []
    for kind in counts:
        rows += [(kind, fault.row, fault.column, fault.detail) for fault in listed[kind][:_LISTED_FAULTS]]
        if (more := len(listed[kind]) - _LISTED_FAULTS) > 0:
            rows.append((kind, "…", "", f"{more:,} more, see faults.csv"))
    first = _table(("fault", "rows", "verdict", "meaning"), kinds)
    return f"## Faults\n\n{first}\n\n{_table(('fault', 'row', 'column', 'detail'), rows)}"


def _clips(clips: Sequence[Clip]) -> str:
    seconds = np.array([clip.seconds for clip in clips])
    rates = defaultdict(list)
    for clip in clips:
        rates[clip.sample_rate_hz].append(clip.seconds)
    by_rate = [(f"{rate:,} Hz", len(lengths), _length(lengths)) for rate, lengths in sorted(rates.items())]
    counts, _ = np.histogram(seconds, _DURATION_STEPS)
    steps = [
        (f"{low} to {high} s", int(count), "█" * round(30 * count / counts.max()))
        for low, high, count in zip(_DURATION_STEPS, _DURATION_STEPS[1:], counts, strict=False)
        if count
    ]
    measured = {"seconds": seconds, "letters a second": np.array([letters(clip.text) for clip in clips]) / seconds}
    spread = [
        (name, *(f"{value:.1f}" for value in np.percentile(values, list(_PERCENTILES.values()))))
        for name, values in measured.items()
    ]
    tables = (
        _table(("stored rate", "clips", "length"), by_rate),
        _table(("duration", "clips", ""), steps),
        _table(("", *_PERCENTILES), spread),
    )
    return "\n\n".join(("## Clips", f"{_length(seconds)} in all.", *tables, _belonging(clips)))


def _belonging(clips: Sequence[Clip]) -> str:
    """Long texts should have long clips: a sheet of which one column was sorted by itself has lost that."""
    seconds, counts = np.array([(clip.seconds, letters(clip.text)) for clip in clips]).T
    short, long = np.percentile(seconds, (10, 90))
    if len(clips) < 10 or long < 1.2 * short or not counts.std():
        return "The clips are too few or too alike in length to tell by it whether each has its own text."
    correlation = float(np.corrcoef(seconds, counts)[0, 1])
    verdict = "they belong together."
    if correlation < _LOW_CORRELATION:
        verdict = "**they hardly belong together; was one column of the sheet sorted or moved by itself?**"
    return f"Lengths of texts against lengths of clips, correlation {correlation:.2f}: {verdict}"


def _split(split: Split, clips: Sequence[Clip], notes: Sequence[str]) -> str:
    by_id = {clip.id: clip for clip in clips}
    rows = []
    for part in reversed(PARTS):
        own = [by_id[name] for name in getattr(split, part)]
        groups = [len({getattr(clip, name) for clip in own} - {""}) or "–" for name in ("recording", "speaker")]
        share = _percent(len(own), len(clips))
        rows.append((part, len(own), share, _length(clip.seconds for clip in own), *groups))
    drawn = f"Whole {split.group_by}s on one side" if split.group_by else "Clip by clip"
    lines = [" ".join([f"{drawn}, seed {split.seed}.", *notes] if split.train else notes)]
    if split.train and split.group_by != "recording":
        lines.append(_neighbours(split))
    paragraphs = "\n\n".join(lines)
    table = _table(("part", "clips", "share", "length", "recordings", "speakers"), rows)
    return f"## Split\n\n{table}\n\n{paragraphs}\n\nSplit sha256: `{split_sha256(split, clips)}`"


def _neighbours(split: Split) -> str:
    near = neighbours_in_train(split)
    if not near:
        return "No test clip has a neighbour in train, a clip numbered one more or one less."
    return (
        f"{near:,} of {len(split.test):,} test clips ({_percent(near, len(split.test))}) have a neighbour in train, a "
        "clip numbered one more or one less: most likely the same voice in the same room. `--group-by recording` gives "
        "the stricter second figure."
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [header, ["---:" if name in _ALIGNED_RIGHT else "---" for name in header]]
    # Row numbers are names, to be found in Excel as they are.
    plain = [name == "row" for name in header]
    for row in rows:
        cells = zip(row, plain, strict=True)
        lines.append([f"{cell:,}" if isinstance(cell, int) and not as_it_is else str(cell) for cell, as_it_is in cells])
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _percent(count: int, total: int) -> str:
    return f"{100 * count / max(total, 1):.1f} %"


def _length(seconds: Iterable[float]) -> str:
    total = float(sum(seconds))
    return f"{total / 3600:.2f} h" if total >= 3600 else f"{total / 60:.1f} min"
