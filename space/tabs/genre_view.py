"""A genre answer as the page shows it: status, the likeliest genres, the song over time and its picture."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from najva.genre_models import AUTO, accuracies, short_name
from najva.pretrained import Checkpoint
from tabs import look
from tabs.look import clock, escape

if TYPE_CHECKING:
    # With it comes PyTorch, which takes seconds.
    from najva.genre_classifier import GenreAnswer

EMPTY_STATUS = (
    '<div class="najva-status" role="status">'
    "Bring a song, or record a piece of one, then press <b>Which genre?</b></div>"
)
_TOP = 3
_MOST_PIECES = 240  # on the page, and one more for each gap; the endpoint has them all
_GAP_SECONDS = 0.1
_TOLD = 30  # to a screen reader
_DECISIONS = {
    "unsure": "Not sure: no genre stands out enough. These are the likeliest.",
    "no_music": "No music here: less than half of this recording sounds like music.",
}
# Of which songs an accuracy is, by the protocol that it was measured under.
_SONGS = {
    "artist": "songs of artists it never heard",
    "pooled": "songs drawn at random",
    "fault-filtered": "published lists",
}
# From dark to bright at the same steps of lightness; it reads on white and on black pages alike.
_COLOURS = np.array([[12, 20, 33], [17, 66, 82], [20, 118, 110], [94, 173, 108], [216, 214, 121], [255, 246, 214]])


def choices(found: list[Checkpoint]) -> list[tuple[str, str]]:
    """Return the networks as a visitor chooses among them, the default one first, with what each was measured to do."""
    names = [(f"The default, {short_name(found[0])}" if found else "The default", AUTO)]
    for one in found:
        told = [
            f"{100 * row['value']:.0f} % of {_SONGS.get(row.get('protocol'), row['set'])}" for row in accuracies(one)
        ]
        names.append((f"{short_name(one)}{': right on ' if told else ''}{', '.join(told)}", one.reference))
    return names


class Shown(NamedTuple):
    """What the outputs of a genre show, in their order."""

    status: str
    likeliest: str = ""
    over_time: str = ""


def results(answer: GenreAnswer, seconds: float | None, picture: np.ndarray, *, stopped: bool) -> Shown:
    """Return what the outputs show.

    Args:
        answer: the whole or a part.
        seconds: length of the recording, where known.
        picture: see `MelPicture`.
        stopped: whether the visitor ended it early.
    """
    return Shown(_status(answer, seconds, stopped=stopped), _likeliest(answer), _over_time(answer, picture))


def _status(answer: GenreAnswer, seconds: float | None, *, stopped: bool) -> str:
    if not (answer.finished or stopped):
        return look.working("Listening", answer.seconds, seconds)
    heard = clock(answer.seconds)
    told = _DECISIONS.get(answer.decision, "")
    warning = f'<ul><li class="najva-warning">{told}</li></ul>' if told else ""
    end = f"Stopped at {heard}" if stopped else heard
    line = f"{end} of sound, heard by <code>{escape(answer.model)}</code>."
    return f'<div class="najva-status" role="status">{line}{warning}</div>'


def _likeliest(answer: GenreAnswer) -> str:
    if answer.decision == "no_music":
        return ""
    rows = "".join(
        f'<li><span>{escape(genre)}</span><span class="najva-bar" style="--share:{score:.3f}"></span>'
        f"<b>{100 * score:.0f} %</b></li>"
        for genre, score in list(answer.scores.items())[:_TOP]
    )
    first = next(iter(answer.scores))
    title = escape(first[:1].upper() + first[1:])
    badge = "" if answer.decision == "genre" else ' <span class="najva-badge">unsure</span>'
    return f'<div class="najva-languages najva-genres"><h2>{title}{badge}</h2><ol>{rows}</ol></div>'


def _over_time(answer: GenreAnswer, picture: np.ndarray) -> str:
    """Return the picture of the sound and, below it on the same axis, each piece's likeliest genre."""
    if not answer.seconds:
        return ""
    labels = sorted(answer.labels)
    shown, blocks, told = set(), [], []
    for start, end, genre, score in _joined(answer):
        shown.add(genre)
        told.append(f"{clock(start)} {genre}")
        place = f"left:{100 * start / answer.seconds:.2f}%;width:{100 * (end - start) / answer.seconds:.2f}%"
        blocks.append(
            f'<span style="{place};--genre:{labels.index(genre)}" '
            f'title="{clock(start)}–{clock(end)}: {escape(genre)} {100 * score:.0f} %"></span>'
        )
    legend = "".join(
        f'<li style="--genre:{labels.index(genre)}">{escape(genre)}</li>' for genre in labels if genre in shown
    )
    spoken = ", ".join(told[:_TOLD]) + (" …" if len(told) > _TOLD else "") or "no music"
    return (
        '<div class="najva-timeline"><h2>Over time</h2>'
        f'<img alt="How loud each pitch is over time, low pitches below" src="{_png(picture)}">'
        f'<div class="najva-pieces" role="img" aria-label="From when which genre: {escape(spoken)}">'
        f"{''.join(blocks)}</div>"
        f"<p><span>0:00</span><span>{clock(answer.seconds)}</span></p><ul>{legend}</ul></div>"
    )


def _joined(answer: GenreAnswer) -> list[tuple[float, float, str, float]]:
    """Return start, end, likeliest genre and its score, of pieces joined until few enough are left to draw."""
    together = -(-len(answer.pieces) // _MOST_PIECES) or 1
    groups: list[list] = []
    for piece in answer.pieces:
        # A gap, where there was no music, stays one.
        if not groups or len(groups[-1]) == together or piece.start > groups[-1][-1].end + _GAP_SECONDS:
            groups.append([])
        groups[-1].append(piece)
    joined = []
    for pieces in groups:
        means = {label: sum(piece.scores[label] for piece in pieces) / len(pieces) for label in answer.labels}
        genre = max(means, key=means.get)
        joined.append((pieces[0].start, pieces[-1].end, genre, means[genre]))
    return joined


def _png(picture: np.ndarray) -> str:
    """Return a picture from 0 to 1 as a link that holds it, high pitches on top."""
    image = Image.fromarray(_palette()[np.round(255 * picture[::-1]).astype(np.uint8)])
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


@lru_cache
def _palette() -> np.ndarray:
    """Return 256 colours, uint8 (256, 3)."""
    places, wanted = np.linspace(0, 1, len(_COLOURS)), np.linspace(0, 1, 256)
    return np.stack([np.interp(wanted, places, channel) for channel in _COLOURS.T], 1).round().astype(np.uint8)
