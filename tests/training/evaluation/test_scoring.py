"""Scores and comparisons: by hand, against published figures, an independent bootstrap, and NIST's sclite."""

import random
import re
import subprocess
from dataclasses import replace
from itertools import product

import jiwer
import numpy as np
import pandas as pd
import pytest

from evaluation.clip_counts import FIGURES, Bootstrap
from evaluation.ledgers import LedgerError, Row
from evaluation.scoring import compare, score
from najva.persian import normalize

QUICK = Bootstrap(replicates=500)


@pytest.fixture
def published(test_data):
    return pd.read_csv(test_data / "persian_clips" / "whisper_hypotheses.csv", keep_default_na=False)


def ledger(published: pd.DataFrame, size: str) -> list[Row]:
    """The 36 clips as one size of Whisper heard them."""
    rows = published[(published["precision"] == "fp16") & (published["model_id"] == f"openai/whisper-{size}")]
    columns = zip(rows["audio_id"], rows["ref_text"], rows["pred_text"], rows["speaker"], strict=True)
    return [Row(name, said, written, group=speaker) for name, said, written, speaker in columns]


def ungrouped(rows: list[Row]) -> list[Row]:
    return [replace(row, group=None) for row in rows]


def rows_of(*pairs: tuple[str, str]) -> list[Row]:
    return [Row(str(n), reference, hypothesis) for n, (reference, hypothesis) in enumerate(pairs)]


def test_every_published_rate_of_five_real_whispers(published):
    rows = rows_of(*zip(published["ref_norm"], published["pred_norm"], strict=True))
    result = score(rows, normalizer="as-given", bootstrap=QUICK)
    assert result.clips == 504
    np.testing.assert_allclose(result.clip_wers, published["WER"], rtol=0, atol=1e-12)
    assert result.figures["mean_clip_wer"].estimate == pytest.approx(published["WER"].mean(), abs=1e-12)
    lengths = published["ref_norm"].map(len)
    assert result.figures["cer"].estimate == pytest.approx((published["CER"] * lengths).sum() / lengths.sum(), abs=1e-9)
    # Their rule leaves Persian punctuation and foreign letters where fa-v1 folds them.
    assert (np.abs(score(rows, bootstrap=QUICK).clip_wers - published["WER"]) > 1e-12).sum() == 83


def test_the_same_errors_as_sclite(published, program, tmp_path):
    """NIST's scorer weighs a substitution 4 to 3, so its choice among edits differs, but here not their number."""
    sctk = program("sctk")
    texts = {name: [normalize(text) for text in published[name]] for name in ("ref_text", "pred_text")}
    for name, lines in texts.items():
        content = "".join(f"{line} (all-{n:05d})\n" for n, line in enumerate(lines))
        (tmp_path / name).write_text(content, encoding="utf-8")
    command = [sctk, "sclite", "-r", "ref_text", "trn", "-h", "pred_text", "trn", "-i", "rm", "-e", "utf-8"]
    run = subprocess.run(
        [*command, "-o", "pralign", "stdout"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found = re.findall(
        r"id: \(all-(\d+)\)\n(?:Labels.*\n|File.*\n)*Scores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)", run.stdout
    )
    assert [int(number) for number, *_ in found] == list(range(504))
    correct, *errors = np.array([[int(value) for value in values] for _, *values in found]).T
    result = score(rows_of(*zip(published["ref_text"], published["pred_text"], strict=True)), bootstrap=QUICK)
    words = correct + errors[0] + errors[1]
    np.testing.assert_allclose(result.clip_wers, sum(errors) / words, rtol=0, atol=1e-12)
    assert result.figures["wer"].estimate == pytest.approx(sum(errors).sum() / words.sum(), abs=1e-12)


def test_intervals_of_the_published_definition_to_the_last_digit(published):
    """PESTE-Benchmark's: percentiles of 10,000 corpora, drawn in one table of numpy's default generator."""
    base, small = (ungrouped(ledger(published, size)) for size in ("base", "small"))
    seed, clips = 20250731, len(base)
    drawn = np.random.default_rng(seed).integers(0, clips, size=(10_000, clips))
    errors, words = [], np.array([len(normalize(row.reference).split()) for row in base])
    for rows in (base, small):
        measured = [jiwer.process_words(normalize(row.reference), normalize(row.hypothesis)) for row in rows]
        errors.append(np.array([one.substitutions + one.deletions + one.insertions for one in measured]))
    comparison = compare(base, small, bootstrap=Bootstrap(seed=seed))
    for result, count in zip((comparison.this, comparison.other), errors, strict=True):
        expected = np.quantile(count[drawn].sum(1) / words[drawn].sum(1), [0.025, 0.975])
        wer = result.figures["wer"]
        assert (wer.estimate, wer.low, wer.high) == pytest.approx((count.sum() / words.sum(), *expected), abs=1e-12)
        expected = np.quantile((count / words)[drawn].mean(1), [0.025, 0.975])
        mean = result.figures["mean_clip_wer"]
        assert (mean.estimate, mean.low, mean.high) == pytest.approx(((count / words).mean(), *expected), abs=1e-12)
    change = errors[1] - errors[0]
    difference = comparison.differences["wer"]
    expected = np.quantile(change[drawn].sum(1) / words[drawn].sum(1), [0.025, 0.975])
    assert difference.estimate == pytest.approx(change.sum() / words.sum(), abs=1e-12)
    assert (difference.low, difference.high) == pytest.approx(tuple(expected), abs=1e-12)
    assert difference.probability_of_improvement == np.mean(change[drawn].sum(1) < 0)


def test_the_interval_is_that_of_corpora_scored_anew(published):
    """Another random generator, and jiwer scoring every drawn corpus from its texts."""
    rows = ungrouped(ledger(published, "medium"))
    generator = random.Random(1)
    texts = [(normalize(row.reference), normalize(row.hypothesis)) for row in rows]
    rates = [jiwer.wer(*map(list, zip(*generator.choices(texts, k=len(texts)), strict=True))) for _ in range(1500)]
    low, high = np.quantile(rates, [0.025, 0.975])
    wer = score(rows).figures["wer"]
    assert (wer.low, wer.high) == pytest.approx((low, high), abs=0.008)


def test_groups_are_drawn_whole(published):
    """Two speakers: every resampled corpus is one of four, so the bounds are the speakers' own rates."""
    rows = ledger(published, "small")
    result = score(rows, bootstrap=QUICK)
    alone = [score([row for row in rows if row.group == name], bootstrap=QUICK) for name in ("Ardalan", "Shayan")]
    low, high = sorted(one.figures["wer"].estimate for one in alone)
    wer = result.figures["wer"]
    assert result.groups == 2
    assert (wer.low, wer.high) == pytest.approx((low, high), abs=1e-12)
    assert any("2 groups" in warning for warning in result.warnings)


def test_both_means_and_both_cers_by_hand():
    result = score(rows_of(("یک دو سه چهار", "یک دو سه چهار"), ("پنج", "شش هفت هشت")), bootstrap=QUICK)
    rates = {name: rate.estimate for name, rate in result.figures.items()}
    assert rates["mean_clip_wer"] == pytest.approx(1.5)
    assert rates["wer"] == pytest.approx(3 / 5)
    # «پنج» to «شش هفت هشت»: no letter in common, so as many edits as the longer has characters.
    assert rates["cer"] == pytest.approx(10 / 16)
    assert rates["cer_no_spaces"] == pytest.approx(8 / 13)
    assert (result.words.substitutions, result.words.deletions, result.words.insertions) == (1, 0, 2)
    assert result.clips_over_100_percent == 1
    assert list(result.figures) == list(FIGURES)


def test_every_convention_has_both_cers():
    """The half-space: a space, nothing, or a character of its own."""
    by_rule = score(rows_of(("می\u200cرود", "می رود"))).conventions
    cers = {rule: [figures[name].estimate for name in ("cer", "cer_no_spaces")] for rule, figures in by_rule.items()}
    assert cers == {"fa-v1": [0, 0], "fa-joined": [1 / 5, 0], "raw": [1 / 6, 1 / 6]}


def test_loops_with_and_without():
    rows = rows_of(("یک دو", "یک دو"), ("سه چهار", "سه پنج"), ("شش هفت", "شش " + "هفت " * 99))
    result = score(rows, bootstrap=QUICK)
    assert list(result.loops) == [False, False, True]
    assert result.figures["wer"].estimate == pytest.approx(99 / 6)
    assert result.figures["wer_without_loops"].estimate == pytest.approx(1 / 4)
    assert result.figures["mean_clip_wer_without_loops"].estimate == pytest.approx(1 / 4)
    assert ("", "هفت") not in result.confusions


def test_a_comparison_without_loops_leaves_the_same_clips_out_of_both():
    said = [("یک دو",), ("سه چهار",), ("شش هفت",)]
    base = rows_of(*zip(*zip(*said, strict=True), ["یک", "سه چهار", "هفت " * 100], strict=True))
    tuned = rows_of(*zip(*zip(*said, strict=True), ["یک دو", "چهار " * 100, "شش"], strict=True))
    comparison = compare(base, tuned, bootstrap=QUICK)
    assert comparison.this.figures["wer_without_loops"].estimate == pytest.approx(1 / 2)
    assert comparison.other.figures["wer_without_loops"].estimate == 0
    assert comparison.differences["wer_without_loops"].estimate == pytest.approx(-1 / 2)
    assert (comparison.this.loops.sum(), comparison.other.loops.sum()) == (1, 1)


def test_when_every_clip_loops_there_is_no_figure_without():
    result = score(rows_of(("یک", "یک " * 50), ("دو", "دو " * 50)), bootstrap=QUICK)
    assert "wer_without_loops" not in result.figures
    assert not result.confusions


def test_larger_whispers_are_better_and_smaller_worse(published):
    tiny, medium = (ungrouped(ledger(published, size)) for size in ("tiny", "medium"))
    there, back = compare(tiny, medium), compare(medium, tiny)
    assert (there.verdict, back.verdict) == ("better", "worse")
    for figure in FIGURES:
        a, b = there.differences[figure], back.differences[figure]
        assert (a.estimate, a.low, a.high) == pytest.approx((-b.estimate, -b.high, -b.low), abs=1e-9)
    assert there.differences["wer"].probability_of_improvement == 1
    assert back.differences["wer"].probability_of_improvement == 0


def test_no_clear_difference_between_two_precisions_of_one_model(published):
    halves = []
    for backend in ("transformers_whisper", "faster_whisper"):
        rows = published[(published["backend"] == backend) & (published["model_id"] == "openai/whisper-large-v3")]
        rows = rows[rows["precision"].isin(["fp16", "float16"])]
        halves.append(
            [Row(*cells) for cells in zip(rows["audio_id"], rows["ref_text"], rows["pred_text"], strict=True)]
        )
    comparison = compare(*halves)
    difference = comparison.differences["wer"]
    assert difference.low < 0 < difference.high
    assert comparison.verdict == "no clear difference"
    assert 0 < difference.probability_of_improvement < 1


def test_a_system_against_itself_is_no_different(published):
    rows = ledger(published, "base")
    comparison = compare(rows, list(reversed(rows)), bootstrap=QUICK)
    for difference in comparison.differences.values():
        assert (difference.estimate, difference.low, difference.high) == (0, 0, 0)
        assert difference.probability_of_improvement == 0
        assert difference.verdict == "no clear difference"
    assert not comparison.disputed_means


def test_rounding_is_no_improvement():
    """One and two tenths better, three tenths worse: as floats they sum to a little below zero, and yet tie."""
    words = ["یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده"]
    said = [" ".join(words)] * 3
    heard = [[" ".join(words[missing:]) for missing in side] for side in ((1, 2, 0), (0, 0, 3))]
    base, tuned = (rows_of(*zip(said, side, strict=True)) for side in heard)
    mean = compare(base, tuned).differences["mean_clip_wer"]
    draws = list(product((-1, -2, 3), repeat=3))
    assert mean.probability_of_improvement == pytest.approx(sum(sum(draw) < 0 for draw in draws) / 27, abs=0.02)


def test_conventions_that_disagree_are_told():
    """One system joins «می», the other parts it: who is right depends on what becomes of the half-space."""
    said = ["من می‌روم خانه", "تو می‌خوانی کتاب", "او می‌بیند آسمان", "ما می‌دانیم همه"] * 5
    joined = rows_of(*((text, text.replace("\u200c", "")) for text in said))
    parted = rows_of(*((text, text.replace("\u200c", " ")) for text in said))
    comparison = compare(joined, parted, bootstrap=QUICK)
    assert comparison.disputed_means == ["mean_clip_wer", "wer"]
    assert comparison.verdict == "better"
    assert comparison.conventions["fa-joined"]["wer"].verdict == "worse"
    (first, second) = comparison.warnings
    assert "disagree on which is better by mean per-clip WER" in first
    assert "disagree on which is better by corpus WER" in second
    assert "+66.67 under fa-joined" in second
    agreed = compare(rows_of(*((text, "") for text in said)), parted, bootstrap=QUICK)
    assert not agreed.disputed_means
    assert not agreed.warnings


def test_the_two_means_may_say_different_things():
    base = rows_of(
        *[("یک", "دو")] * 20,
        *[("یک دو سه چهار پنج شش هفت هشت نه ده " * 5, "یک دو سه چهار پنج شش هفت هشت نه ده " * 5)] * 20,
    )
    tuned = rows_of(
        *[("یک", "یک")] * 20, *[("یک دو سه چهار پنج شش هفت هشت نه ده " * 5, "یک دو سه چهار پنج شش هفت هشت نه ")] * 20
    )
    comparison = compare(base, tuned)
    assert comparison.verdict == comparison.differences["wer"].verdict == "worse"
    assert comparison.differences["mean_clip_wer"].verdict != "worse"
    assert any("two means do not say the same" in warning for warning in comparison.warnings)


def test_other_clips_are_refused_by_name():
    this = rows_of(*[("یک", "یک")] * 9)
    sentence = "a and b hold different clips; only in a: '0', '1', '2', '3', '4' and 3 more; only in b: 'x'."
    with pytest.raises(LedgerError, match=re.escape(sentence)):
        compare(this, [Row("8", "یک", "یک"), Row("x", "یک", "یک")], names=("a", "b"))
    with pytest.raises(LedgerError, match="only in b: '8'"):
        compare(this[:8], this, names=("a", "b"))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"reference": "دو"}, "references"),
        ({"sha256": "other"}, r"audio \(sha256\)"),
        ({"group": "h"}, "groups"),
    ],
)
def test_another_reference_audio_or_group_is_refused(change, what):
    this = [Row("1", "یک", "یک", "g", "hash"), Row("2", "یک", "یک", "g", "hash")]
    with pytest.raises(LedgerError, match=f"different {what} for '2'"):
        compare(this, [this[0], replace(this[1], **change)])


def test_a_group_of_one_ledger_holds_for_both():
    this = [Row(str(n), "یک دو", "یک", group=str(n % 5)) for n in range(20)]
    other = [Row(str(n), " یک  دو ", "یک دو") for n in reversed(range(20))]
    assert compare(this, other, bootstrap=QUICK).other.groups == 5
    assert compare(other, this, bootstrap=QUICK).this.groups == 5


def test_one_clip_has_figures_but_no_interval():
    comparison = compare(rows_of(("یک دو", "یک")), rows_of(("یک دو", "یک دو")))
    assert comparison.this.figures["wer"].estimate == 0.5
    assert np.isnan(comparison.this.figures["wer"].low)
    assert comparison.verdict == "no clear difference"
    assert "There is one clip only" in comparison.warnings[0]


def test_odd_texts_are_scored_like_any():
    """What a decoder may write: nothing, blanks, control characters, a loop of ten thousand words."""
    said = "سلام دنیای خوب من"
    odd = ["", "   ", "\t\n", "سلام\tدنیای\nخوب من", "سلام\0دنیای\0خوب\0من", said + " خوب" * 10_000, "\u200c"]
    result = score(rows_of(*((said, text) for text in odd), ("", "سلام"), ("؟", "")), bootstrap=QUICK)
    assert list(result.clip_wers) == [1, 1, 1, 0, 0, 2500, 1, 1, 0]
    assert (result.empty_hypotheses, result.empty_references) == (5, 2)
    assert list(np.flatnonzero(result.loops)) == [5]
    assert any("nothing is said" in warning for warning in result.warnings)


def test_silence_alone_has_a_rate():
    result = score(rows_of(("", ""), ("", "سلام دنیا")), bootstrap=QUICK)
    assert result.figures["mean_clip_wer"].estimate == 1
    assert result.figures["wer"].estimate == 2
    assert np.isnan(result.figures["wer"].high)


def test_another_language_is_compared_by_its_own_rules():
    result = score(rows_of(("Don't stop.", "dont STOP"), ("Now!", "now")), normalizer="basic", bootstrap=QUICK)
    assert list(result.conventions) == ["basic", "raw"]
    assert result.figures["wer"].estimate == 0
    assert result.conventions["raw"]["wer"].estimate == 1
