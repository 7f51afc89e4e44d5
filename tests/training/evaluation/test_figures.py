"""Pictures: they are written, they show what they should, and Persian in them is joined and runs from right to left."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread

from evaluation import figures
from evaluation.clip_counts import Bootstrap
from evaluation.ledgers import Row
from evaluation.scoring import score

SAID = "یک دو سه چهار"


def scored(*hypotheses: str):
    rows = [Row(str(n), SAID, hypothesis) for n, hypothesis in enumerate(hypotheses)]
    return score(rows, normalizer="raw", bootstrap=Bootstrap(replicates=50))


def ink(path, color: str) -> int:
    """Pixels of just that colour."""
    return int((np.abs(imread(path)[..., :3] - to_rgb(color)).max(-1) < 0.01).sum())


def drawn_text(text: str) -> np.ndarray:
    """The text's ink as a table of truth values, cut to its edges."""
    figure = Figure(figsize=(3, 1))
    figure.text(0.5, 0.4, text, fontsize=30, family="DejaVu Sans")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    dark = np.asarray(canvas.buffer_rgba())[..., 0] < 128
    rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def test_the_installed_matplotlib_joins_persian_letters():
    """Lam and alef are one ligature, which Unicode also has as a character of its own."""
    np.testing.assert_array_equal(drawn_text("لا"), drawn_text("\ufefb"))


def test_the_installed_matplotlib_writes_persian_from_right_to_left():
    """«اب»: the upright alef stands at the right end, the flat beh left of it."""
    ink_of_word = drawn_text("اب")
    height, width = ink_of_word.shape
    assert ink_of_word[:, -width // 6 :].any(1).mean() > 0.6
    assert ink_of_word[: height // 3, : width // 2].sum() == 0


def test_one_ledger_sorted(tmp_path):
    plain = figures.draw_wer_by_clip(tmp_path / "plain.png", ["base"], [scored(SAID, "یک", "یک دو")])
    assert ink(plain, figures._BLUE) > 1000
    assert ink(plain, figures._ORANGE) == 0
    loops = figures.draw_wer_by_clip(tmp_path / "loops.png", ["base"], [scored(SAID, "یک", "یک " * 500)])
    assert ink(loops, figures._ORANGE) > 1000


def test_one_against_another(tmp_path):
    pair = [scored("یک", "", "یک دو"), scored(SAID, SAID, "یک " * 500)]
    path = figures.draw_wer_by_clip(tmp_path / "new" / "pair.png", ["base", "tuned"], pair)
    assert imread(path).shape[0] > 900
    assert [found.name for found in path.parent.iterdir()] == ["pair.png"]


def test_confusions_have_the_colour_of_their_kind(tmp_path):
    every = figures.draw_confusions(tmp_path / "a.png", "base", scored("یک ده سه چهار", "یک دو سه", SAID + " پنج"))
    left_out = figures.draw_confusions(tmp_path / "b.png", "base", scored("یک دو سه", "یک دو سه"))
    counts = {kind: (ink(every, color), ink(left_out, color)) for kind, color in figures._KINDS.items()}
    assert all(first > 5000 for first, _ in counts.values())
    # The legend alone has a little of the others.
    assert counts["written as another"][1] < 2000 < counts["left out"][1]


@pytest.mark.parametrize("hypothesis", [SAID, "$x^{2$ $\\frac$", "ب" * 300, "你好 नमस्ते ไทย \0", ""])
def test_odd_words_and_no_confusions_at_all_can_be_drawn(tmp_path, recwarn, hypothesis):
    result = scored(hypothesis, SAID)
    figures.draw_confusions(tmp_path / "a.png", "base $^{$", result)
    figures.draw_wer_by_clip(tmp_path / "b.png", ["base"], [result])
    assert imread(tmp_path / "a.png").shape[0] > 100
    assert not [warning for warning in recwarn if issubclass(warning.category, UserWarning)]
