"""What the music tab shows of an answer."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from najva.genre_classifier import GenreAnswer, Piece
from najva.pretrained import Checkpoint
from tabs import genre_view as view

LABELS = ("blues", "jazz", "metal", "pop")


def answer(pieces: int = 4, **more: object) -> GenreAnswer:
    scores = [{"blues": 0.1, "jazz": 0.7 - 0.01 * n, "metal": 0.1 + 0.01 * n, "pop": 0.1} for n in range(pieces)]
    cut = tuple(Piece(3.0 * n, 3.0 * n + 3, one) for n, one in enumerate(scores))
    means = {"jazz": 0.7, "metal": 0.1, "blues": 0.1, "pop": 0.1}
    given = {"pieces": cut, "decision": "genre", "seconds": 3.0 * pieces, "finished": True}
    return GenreAnswer(LABELS, "embedded:genre/cnn", means, **given | more)


def shown(found: GenreAnswer, seconds: float | None = None, *, stopped: bool = False) -> tuple[str, str, str]:
    return view.results(found, seconds, np.linspace(0, 1, 640).reshape(64, 10), stopped=stopped)


def test_a_network_is_chosen_by_what_it_was_measured_to_do() -> None:
    def network(name: str, *figures: tuple[str | None, float]) -> Checkpoint:
        rows = [{"metric": "accuracy", "set": "9 songs", "protocol": one, "value": share} for one, share in figures]
        return Checkpoint(f"me/{name}@abc", "hub", "abc", "other", Path(), measured={"figures": rows})

    found = [network("good", ("artist", 0.49), ("pooled", 0.9)), network("odd", (None, 0.3)), network("new")]
    assert view.choices(found) == [
        ("The default, good", "auto"),
        ("good: right on 49 % of songs of artists it never heard, 90 % of songs drawn at random", "me/good@abc"),
        ("odd: right on 30 % of 9 songs", "me/odd@abc"),
        ("new", "me/new@abc"),
    ]
    assert view.choices([]) == [("The default", "auto")]


def test_the_likeliest_three_stand_with_their_shares() -> None:
    status, likeliest, _ = shown(answer())
    assert "0:12 of sound, heard by <code>embedded:genre/cnn</code>" in status and "warning" not in status
    assert "<h2>Jazz</h2>" in likeliest and likeliest.count("<li>") == 3
    assert "70 %" in likeliest and "pop" not in likeliest


@pytest.mark.parametrize(("decision", "told"), [("unsure", "Not sure"), ("no_music", "No music here")])
def test_not_knowing_is_an_answer(decision: str, told: str) -> None:
    status, likeliest, _ = shown(answer(decision=decision))
    assert told in status
    assert ('<span class="najva-badge">unsure</span>' in likeliest) == (decision == "unsure")
    assert (likeliest == "") == (decision == "no_music")


def test_progress_is_that_of_the_song() -> None:
    status, *_ = shown(answer(finished=False), 48.0)
    assert "0:12 of 0:48" in status and 'value="0.250"' in status
    assert "<progress></progress>" in shown(answer(finished=False))[0]
    assert "Stopped at 0:12" in shown(answer(finished=False), 48.0, stopped=True)[0]


def test_pieces_lie_where_they_sound_and_a_gap_stays_one() -> None:
    with_gap = answer()
    with_gap = replace(with_gap, pieces=(with_gap.pieces[0], with_gap.pieces[3]))
    over_time = shown(with_gap)[2]
    assert re.findall(r"left:([\d.]+)%;width:([\d.]+)%", over_time) == [("0.00", "25.00"), ("75.00", "25.00")]
    assert "0:09–0:12: jazz 67 %" in over_time and over_time.count("<li ") == 1
    assert 'aria-label="From when which genre: 0:00 jazz, 0:09 jazz"' in over_time


def test_the_picture_has_high_pitches_on_top() -> None:
    picture = np.zeros((64, 10), np.float32)
    picture[0] = 1  # the lowest pitch
    over_time = view.results(answer(), None, picture, stopped=False)[2]
    png = base64.b64decode(re.search(r"base64,([^\"]+)", over_time).group(1))
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    assert pixels.shape == (64, 10, 3)
    assert pixels[-1].sum() > 10 * 700 > pixels[0].sum()


def test_three_hours_are_a_page_too() -> None:
    over_time = shown(answer(pieces=3600))[2]
    assert 100 < over_time.count("left:") <= 240


def test_a_gap_stays_one_where_pieces_are_joined_too() -> None:
    long = answer(pieces=1000)
    broken = replace(long, pieces=(*long.pieces[:301], *long.pieces[900:]))
    places = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", shown(broken)[2])
    ends = [float(left) + float(width) for left, width in places]
    assert all(end <= 30.2 or float(left) >= 89.9 for (left, _), end in zip(places, ends, strict=True))


def test_a_label_is_text() -> None:
    """Neither a network's labels nor its name get into the page's code, wherever they stand."""
    label = '<i>"x'
    odd = GenreAnswer((label, "y"), label, {label: 1.0, "y": 0.0}, (Piece(0, 3, {label: 1.0, "y": 0.0}),), "genre", 3.0)
    parts = shown(replace(odd, finished=True))
    assert not any("<i>" in part or '"x' in part for part in parts)
    assert [part.count("&lt;i&gt;&quot;x") for part in parts] == [1, 2, 3]
