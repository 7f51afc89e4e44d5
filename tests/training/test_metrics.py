"""Error rates: by hand, against jiwer, and against published figures of real Whisper hypotheses."""

import jiwer
import numpy as np
import pandas as pd
import pytest

from metrics import (
    EditCounts,
    bootstrap_ratios,
    character_counts,
    corpus_cer,
    corpus_wer,
    mean_clip_wer,
    percentile_interval,
    pool,
    word_confusions,
    word_counts,
)


@pytest.fixture
def published(test_data):
    return pd.read_csv(test_data / "persian_clips" / "whisper_hypotheses.csv", keep_default_na=False)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("a b c d", "a x c d", EditCounts(1, 0, 0, 4)),
        ("a b c d", "a b d", EditCounts(0, 1, 0, 4)),
        ("a b", "a z b z", EditCounts(0, 0, 2, 2)),
        ("a b c", "", EditCounts(0, 3, 0, 3)),
        ("", "a b", EditCounts(0, 0, 2, 0)),
        ("", "", EditCounts(0, 0, 0, 0)),
        ("a\tb\nc", "a b  c ", EditCounts(0, 0, 0, 3)),
    ],
)
def test_word_counts(reference, hypothesis, expected):
    assert word_counts([reference], [hypothesis], normalizer="as-given") == [expected]


def test_counts_keep_the_order_of_the_clips():
    counts = word_counts(["a", "", "b c"], ["x", "y", "b"], normalizer="raw")
    assert counts == [EditCounts(1, 0, 0, 1), EditCounts(0, 0, 1, 0), EditCounts(0, 1, 0, 2)]


def test_empty_reference_rates_agree_with_jiwer():
    for hypothesis in ("", "a", "a b c"):
        (counts,) = word_counts([""], [hypothesis], normalizer="raw")
        assert counts.rate == jiwer.wer("", hypothesis)


def test_insertions_into_silence_reach_the_corpus_rate():
    assert corpus_wer(["a b c d", ""], ["a b c d", "x y"], normalizer="raw") == 0.5


def test_the_two_means_differ_as_they_should():
    references, hypotheses = ["a b c d", "e"], ["a b c d", "x y z"]
    assert corpus_wer(references, hypotheses, normalizer="raw") == pytest.approx(0.6)
    assert mean_clip_wer(references, hypotheses, normalizer="raw") == pytest.approx(1.5)


def test_the_non_joiner_convention_decides_the_rate():
    reference, hypothesis = ["می\u200cروم خانه"], ["می روم خانه"]
    assert corpus_wer(reference, hypothesis) == 0
    assert corpus_wer(reference, hypothesis, normalizer="fa-joined") == 1.0
    assert corpus_cer(reference, hypothesis, normalizer="fa-joined") == 0


def test_chinese_is_compared_as_characters_without_spaces():
    reference, hypothesis = ["广州市房地产中介协会分析。"], ["广州 市房地产 中介协会分解"]
    assert character_counts(reference, hypothesis, normalizer="basic") == [EditCounts(1, 0, 0, 12)]
    assert corpus_cer(reference, hypothesis, normalizer="basic") == pytest.approx(1 / 12)


def test_spaces_count_as_characters_on_request():
    assert corpus_cer(["ab cd"], ["abcd"], normalizer="raw") == 0
    assert corpus_cer(["ab cd"], ["abcd"], normalizer="raw", keep_spaces=True) == pytest.approx(0.2)


def test_confusions_name_both_words():
    confusions = word_confusions(["یک دو سه", "یک دو", "یک دو"], ["یک ده سه", "دو", "یک دو دو"], normalizer="raw")
    assert confusions == {("دو", "ده"): 1, ("یک", ""): 1, ("", "دو"): 1}


def test_words_that_differ_by_spaces_are_one_confusion():
    confusions = word_confusions(["او می‌رود به کتابخانه", "می‌رود"], ["او میرود به کتاب خانه", "میرود"])
    assert confusions == {("می رود", "میرود"): 2, ("کتابخانه", "کتاب خانه"): 1}


def test_confusions_of_real_hypotheses_add_up_to_their_errors(published):
    texts = list(published["ref_text"]), list(published["pred_text"])
    confusions = word_confusions(*texts)
    one_word = {pair: times for pair, times in confusions.items() if " " not in pair[0] + pair[1]}
    joined = sum(times for pair, times in confusions.items() if pair not in one_word)
    errors = pool(word_counts(*texts)).errors
    assert joined > 0
    # Two words in place of one are two or more edits.
    assert sum(one_word.values()) + 2 * joined <= errors < sum(one_word.values()) + 4 * joined
    assert all(said != written for said, written in confusions)


@pytest.mark.parametrize(("references", "hypotheses"), [([], []), (["a"], []), (["a"], ["a", "b"])])
def test_unpaired_or_absent_clips_are_refused(references, hypotheses):
    with pytest.raises(ValueError):
        corpus_wer(references, hypotheses)
    with pytest.raises(ValueError):
        corpus_cer(references, hypotheses)


def test_every_published_word_error_rate(published):
    counts = word_counts(list(published["ref_norm"]), list(published["pred_norm"]), normalizer="as-given")
    assert len(counts) == 504
    np.testing.assert_allclose([clip.rate for clip in counts], published["WER"], rtol=0, atol=1e-12)


def test_every_published_character_error_rate(published):
    counts = character_counts(
        list(published["ref_norm"]), list(published["pred_norm"]), normalizer="as-given", keep_spaces=True
    )
    np.testing.assert_allclose([clip.rate for clip in counts], published["CER"], rtol=0, atol=1e-12)


def test_corpus_rate_is_jiwers_on_real_hypotheses(published):
    references, hypotheses = list(published["ref_text"]), list(published["pred_text"])
    assert corpus_wer(references, hypotheses, normalizer="as-given") == pytest.approx(jiwer.wer(references, hypotheses))


def test_larger_whisper_models_score_better(published):
    rates = [
        corpus_wer(list(rows["ref_text"]), list(rows["pred_text"]))
        for size in ("tiny", "base", "small", "medium", "large-v3")
        if len(rows := published[published["model_id"] == f"openai/whisper-{size}"])
    ]
    assert len(rates) == 5
    assert rates == sorted(rates, reverse=True)


def test_pool_adds_every_field():
    assert pool([EditCounts(1, 2, 3, 4), EditCounts(10, 20, 30, 40)]) == EditCounts(11, 22, 33, 44)


def paired_interval(errors_a, errors_b, lengths, **options):
    """The interval of the corpus rate's difference, as a comparison of two ledgers draws it."""
    difference, lengths = np.subtract(errors_b, errors_a), np.asarray(lengths)
    drawn = bootstrap_ratios(difference[:, None], lengths[:, None], **options)
    return percentile_interval(difference.sum() / lengths.sum(), drawn[:, 0])


def test_bootstrap_estimate_is_the_corpus_difference():
    interval = paired_interval([2, 0, 1], [1, 0, 0], [4, 4, 2], replicates=100)
    assert interval.estimate == pytest.approx(-0.2)
    assert interval.low <= interval.estimate <= interval.high


def test_bootstrap_matches_the_normal_approximation():
    """With equal lengths the replicates' mean is normal: half-width 1.96 standard errors."""
    generator = np.random.default_rng(5)
    lengths = np.full(400, 20)
    errors_a, errors_b = generator.binomial(20, 0.5, 400), generator.binomial(20, 0.3, 400)
    interval = paired_interval(errors_a, errors_b, lengths)
    standard_error = np.std((errors_b - errors_a) / 20) / np.sqrt(400)
    assert interval.high - interval.estimate == pytest.approx(1.96 * standard_error, rel=0.05)
    assert interval.estimate - interval.low == pytest.approx(1.96 * standard_error, rel=0.05)
    assert interval.high < 0


def test_bootstrap_is_paired():
    """Two systems that fail on the same clips differ by a constant, however hard the clips."""
    hard = np.arange(50) % 10
    interval = paired_interval(hard + 1, hard, np.full(50, 10))
    assert (interval.low, interval.high) == pytest.approx((-0.1, -0.1))


def test_bootstrap_is_seeded():
    arguments = [3, 0, 5, 1, 2], [1, 1, 1, 1, 1], [9, 5, 7, 8, 6]
    assert paired_interval(*arguments, seed=1) == paired_interval(*arguments, seed=1)
    assert paired_interval(*arguments, seed=1) != paired_interval(*arguments, seed=2)


def test_clusters_of_copies_widen_as_many_fewer_clips_would():
    """Four copies of each clip carry no more information than one: the interval must not shrink by half."""
    generator = np.random.default_rng(3)
    errors_a, errors_b = generator.integers(0, 10, 60), generator.integers(0, 10, 60)
    single = paired_interval(errors_a, errors_b, np.full(60, 10))
    copied = [np.repeat(values, 4) for values in (errors_a, errors_b, np.full(60, 10))]
    clustered = paired_interval(*copied, clusters=np.repeat([f"speaker {n:02}" for n in range(60)], 4))
    naive = paired_interval(*copied)
    assert (clustered.low, clustered.high) == pytest.approx((single.low, single.high))
    assert naive.high - naive.low == pytest.approx((single.high - single.low) / 2, rel=0.1)


def test_the_interval_does_not_depend_on_how_memory_is_bounded(monkeypatch):
    arguments = np.arange(30) % 7, np.arange(30) % 5, np.full(30, 9)
    whole = paired_interval(*arguments)
    monkeypatch.setattr("metrics._INDICES_PER_BLOCK", 1000)
    in_blocks = paired_interval(*arguments)
    assert (in_blocks.low, in_blocks.high) == pytest.approx((whole.low, whole.high))


def test_draws_do_not_depend_on_what_else_is_drawn():
    """So a figure has one interval, alone or in a table of others."""
    figures = np.arange(60.0).reshape(20, 3) % 7
    together = bootstrap_ratios(figures, np.ones_like(figures), replicates=300, seed=4)
    alone = bootstrap_ratios(figures[:, 1:2], np.ones((20, 1)), replicates=300, seed=4)
    np.testing.assert_allclose(together[:, 1:2], alone, rtol=0, atol=1e-12)


def test_draws_are_those_of_one_table_of_indices(monkeypatch):
    monkeypatch.setattr("metrics._INDICES_PER_BLOCK", 77)
    errors, words = np.arange(25) % 4, 5 + np.arange(25) % 3
    drawn = np.random.default_rng(9).integers(0, 25, size=(200, 25))
    ratios = bootstrap_ratios(errors[:, None], words[:, None], replicates=200, seed=9)
    np.testing.assert_allclose(ratios[:, 0], errors[drawn].sum(1) / words[drawn].sum(1), rtol=0, atol=1e-12)


def test_labels_of_clusters_are_told_apart_to_the_last_character():
    """numpy's text arrays drop a NUL at the end."""
    with pytest.raises(ValueError, match="there is 1"):
        bootstrap_ratios(np.ones((2, 1)), np.ones((2, 1)), clusters=["a", "a"])
    assert bootstrap_ratios(np.ones((2, 1)), np.ones((2, 1)), clusters=["a", "a\0"], replicates=3).shape == (3, 1)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5])
def test_a_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile_interval(0.5, [0.4, 0.6], confidence)


def test_no_replicates_are_refused():
    with pytest.raises(ValueError, match="at least one replicate"):
        bootstrap_ratios(np.ones((2, 1)), np.ones((2, 1)), replicates=0)


def test_bootstrap_skips_replicates_without_a_reference():
    interval = paired_interval([0, 1], [0, 3], [0, 10], replicates=200)
    assert (interval.estimate, interval.low, interval.high) == pytest.approx((0.2, 0.2, 0.2))


@pytest.mark.parametrize(
    ("arguments", "clusters", "message"),
    [
        (([1], [2], [3]), None, "at least two"),
        (([1, 1], [2, 2], [3, 3]), ["same", "same"], "at least two"),
        (([1, 1], [2, 2], [3, 3, 3]), None, "per clip"),
        (([1, 1], [2, 2], [3, 3]), ["a"], "per clip"),
    ],
)
def test_bootstrap_refuses_what_it_cannot_resample(arguments, clusters, message):
    with pytest.raises(ValueError, match=message):
        paired_interval(*arguments, clusters=clusters)


def test_medium_beats_tiny_beyond_doubt_on_real_clips(published):
    """Both models heard the same 36 clips of the same two speakers."""
    half = published[published["precision"] == "fp16"].sort_values(["model_id", "audio_id"])
    tiny, medium = (half[half["model_id"] == f"openai/whisper-{size}"] for size in ("tiny", "medium"))
    assert list(tiny["audio_id"]) == list(medium["audio_id"])
    first, second = (word_counts(list(rows["ref_text"]), list(rows["pred_text"])) for rows in (tiny, medium))
    interval = paired_interval(
        [clip.errors for clip in first],
        [clip.errors for clip in second],
        [clip.reference_length for clip in first],
    )
    assert interval.estimate == pytest.approx(pool(second).rate - pool(first).rate)
    assert interval.high < 0
