"""Scores: sacrebleu's own figures, what is done to a text before, intervals over groups, and verdicts."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import sentencepiece
from sacrebleu.metrics import BLEU, CHRF

from tests.training.made_translations import CHINESE, close_download
from translation.translation_scores import REPLICATES, Draws, Metrics, comparable, gains, score

REFERENCES = [*CHINESE, "会议改到星期五上午九点。", "这座城市有三百万人口。"]
HYPOTHESES = [
    "我喜欢音乐。",
    "请关掉收音机。",
    "今天火车晚了两小时。",
    "图书馆在哪里？",
    "",
    "会议在星期五上午9点。",
    "This city",
]


@pytest.fixture
def metrics(monkeypatch, tmp_path) -> Metrics:
    close_download(monkeypatch, tmp_path)
    return Metrics()


def made(texts: list[str], times: int) -> list[str]:
    return [text for number in range(times) for text in (f"{one}{number}" for one in texts)]


def test_the_figures_are_those_of_sacrebleus_own_command(metrics, tmp_path):
    for name, texts in (("hypotheses", HYPOTHESES), ("references", REFERENCES)):
        lines = [comparable(text, "zh-Hans") for text in texts]
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = (
        "-m sacrebleu references -i hypotheses -m chrf bleu --tokenize zh --chrf-word-order 0 --width 8 --format json"
    )
    run = subprocess.run([sys.executable, *command.split()], cwd=tmp_path, capture_output=True, text=True, check=True)
    told = {one["name"]: one for one in json.loads(run.stdout)}
    found = score(metrics, HYPOTHESES, REFERENCES, "zh-Hans", Draws(list("abcdefg")))
    assert found.figures["chrf"].estimate == pytest.approx(told["chrF2"]["score"], abs=1e-6)
    assert found.figures["bleu"].estimate == pytest.approx(told["BLEU"]["score"], abs=1e-6)
    assert 5 < found.figures["chrf"].estimate < 90
    # The command says the same of how it was done.
    assert metrics.signatures["chrf"] == told["chrF2"]["signature"]
    assert metrics.signatures["bleu"] == told["BLEU"]["signature"]
    assert "nw:0" in metrics.signatures["chrf"] and "tok:zh" in metrics.signatures["bleu"]


def test_the_counts_add_up_to_the_public_corpus_score(metrics):
    counts = metrics.counts(HYPOTHESES, REFERENCES)
    for name, metric in (("chrf", CHRF(word_order=0)), ("bleu", BLEU(tokenize="zh"))):
        whole = metric.corpus_score(HYPOTHESES, [REFERENCES]).score
        assert metrics.value(name, counts[name].sum(0)) == pytest.approx(whole)


def test_without_the_pieces_of_flores_there_is_no_spbleu_and_a_reason(metrics):
    assert "There is no spBLEU" in metrics.missing and "refused" in metrics.missing
    found = score(metrics, HYPOTHESES, REFERENCES, "zh-Hans", Draws(list("abcdefg")))
    assert set(found.figures) == {"chrf", "bleu"}
    assert metrics.signatures["spbleu"] is None


def test_with_the_pieces_spbleu_is_sacrebleus(monkeypatch, tmp_path):
    close_download(monkeypatch, tmp_path)
    folder = tmp_path / "sacrebleu" / "models"
    folder.mkdir(parents=True)
    options = {"vocab_size": 100, "hard_vocab_limit": False, "minloglevel": 2}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(REFERENCES * 5), model_prefix=str(folder / "made"), **options
    )
    (folder / "made.model").rename(folder / "flores200sacrebleuspm")
    metrics = Metrics()
    found = score(metrics, HYPOTHESES, REFERENCES, "zh-Hans", Draws(list("abcdefg")))
    sides = [[comparable(text, "zh-Hans") for text in texts] for texts in (HYPOTHESES, REFERENCES)]
    assert metrics.missing == ""
    told = BLEU(tokenize="flores200").corpus_score(sides[0], [sides[1]]).score
    assert found.figures["spbleu"].estimate == pytest.approx(told)
    assert "tok:flores200" in metrics.signatures["spbleu"]


def test_a_broken_download_is_no_score_either(monkeypatch, tmp_path):
    close_download(monkeypatch, tmp_path)
    (tmp_path / "sacrebleu" / "models").mkdir(parents=True)
    (tmp_path / "sacrebleu" / "models" / "flores200sacrebleuspm").write_bytes(b"half a file")
    assert "There is no spBLEU" in Metrics().missing


@pytest.mark.parametrize(
    ("one", "other", "target"),
    [
        ("你好，世界！", "你好,世界!", "zh-Hans"),
        ("“书”有１２页。", '"书"有12页.', "zh-Hans"),
        ("「書」有12頁。", "“书”有12页。", "zh-Hans"),
        ("有 4 个人 在 这里", "有4个人在这里", "zh-Hans"),
        ("用鼠标。", "用滑鼠。", "zh-Hant"),
    ],
)
def test_width_marks_script_and_spaces_are_no_difference(one, other, target):
    assert comparable(one, target) == comparable(other, target)


def test_what_is_said_stays_a_difference():
    assert comparable("我爱你。", "zh-Hans") == "我爱你."
    assert comparable("New York 很大", "zh-Hans") == "New York很大"
    assert comparable("他来了？", "zh-Hans") != comparable("他来了。", "zh-Hans")


def test_intervals_hold_the_figure_and_are_the_same_every_time(metrics):
    hypotheses, references = made(HYPOTHESES, 12), made(REFERENCES, 12)
    units = [str(number) for number in range(len(hypotheses))]
    first, second = (score(metrics, hypotheses, references, "zh-Hans", Draws(units)) for _ in range(2))
    for name, figure in first.figures.items():
        assert figure.low < figure.estimate < figure.high
        assert len(first.drawn[name]) == REPLICATES
        assert figure == second.figures[name]


def test_groups_widen_an_interval(metrics):
    # Seven sentences by twelve speakers each are seven sentences.
    hypotheses, references = HYPOTHESES * 12, REFERENCES * 12
    alone = Draws([str(number) for number in range(len(hypotheses))])
    grouped = Draws([str(number % 7) for number in range(len(hypotheses))])
    widths = []
    for draws in (alone, grouped):
        figure = score(metrics, hypotheses, references, "zh-Hans", draws).figures["chrf"]
        widths.append(figure.high - figure.low)
    assert grouped.units == 7 and widths[1] > 2 * widths[0]


def test_draws_are_sums_of_whole_units():
    counts = np.array([[1.0], [10.0], [100.0]])
    sums = Draws(["a", "a", "b"]).sums(counts)
    assert {value for (value,) in sums.tolist()} == {22.0, 111.0, 200.0}


def test_one_unit_has_no_interval(metrics):
    figure = score(metrics, HYPOTHESES[:1], REFERENCES[:1], "zh-Hans", Draws(["a"])).figures["chrf"]
    assert figure.estimate > 0 and math.isnan(figure.low) and math.isnan(figure.high)


def test_verdicts(metrics):
    references = made(REFERENCES, 6)
    draws = Draws([str(number) for number in range(len(references))])
    poor, good = (score(metrics, texts, references, "zh-Hans", draws) for texts in (made(HYPOTHESES, 6), references))
    better = gains(poor, good)
    assert better["chrf"].verdict == better["bleu"].verdict == "better"
    assert better["chrf"].estimate == pytest.approx(100 - poor.figures["chrf"].estimate)
    assert 0 < better["chrf"].low < better["chrf"].estimate < better["chrf"].high
    assert gains(good, poor)["chrf"].verdict == "worse"
    same = gains(poor, poor)["chrf"]
    assert (same.verdict, same.estimate, same.low, same.high) == ("no clear difference", 0, 0, 0)


def test_an_uneven_difference_is_not_clear(metrics):
    references = made(REFERENCES, 6)
    draws = Draws([str(number) for number in range(len(references))])
    half = len(references) // 2
    wrong = [text[::-1] for text in references]
    one = score(metrics, references[:half] + wrong[half:], references, "zh-Hans", draws)
    other = score(metrics, wrong[:half] + references[half:], references, "zh-Hans", draws)
    assert gains(one, other)["chrf"].verdict == "no clear difference"


def test_from_few_sentences_nothing_is_concluded(metrics):
    draws = Draws(list("abcdefg"))
    poor, good = (score(metrics, texts, REFERENCES, "zh-Hans", draws) for texts in (HYPOTHESES, REFERENCES))
    gain = gains(poor, good)["chrf"]
    assert gain.low > 0 and gain.verdict == "no clear difference"
