"""What is told of a measurement: figures beside each other, both halves' losses, warnings, pictures."""

import math

import pytest
from matplotlib import image

from tests.training.made_translations import CHINESE, close_download
from translation.translation_ledgers import SPEECH, TEXT, HeardRow, Row
from translation.translation_pictures import draw_scores
from translation.translation_report import Findings
from translation.translation_results import Result, recognition_of
from translation.translation_scores import Draws, Metrics, score
from translation.translation_sets import SYNTHETIC, Item, SentenceSet

SOURCES = [f"sentence number {number}" for number in range(20)]
REFERENCES = [f"{CHINESE[number % 5]}{number}" for number in range(20)]


@pytest.fixture
def metrics(monkeypatch, tmp_path) -> Metrics:
    close_download(monkeypatch, tmp_path)
    return Metrics()


def made_set(name: str = "talks", language: str = "en", speech: str = "", sources: list[str] = SOURCES) -> SentenceSet:
    items = tuple(Item(str(n), source, REFERENCES[n]) for n, source in enumerate(sources))
    return SentenceSet(name, language, items, speech)


def result(
    metrics: Metrics, one: SentenceSet, engine: str, hypotheses: list[str], condition: str = TEXT, **row
) -> Result:
    rows = [
        Row(one.name, condition, item.id, item.source, item.reference, text, **row)
        for item, text in zip(one.items, hypotheses, strict=True)
    ]
    scored = score(metrics, hypotheses, [item.reference for item in one.items], "zh-Hans", Draws(one.units))
    return Result(engine, one, condition, rows, scored, "zh-Hans")


def test_engines_are_compared_on_the_same_sentences(metrics):
    one, other = made_set("one"), made_set("other")
    poor = [text[:2] for text in REFERENCES]
    results = [result(metrics, one, "poor", poor), result(metrics, one, "good", REFERENCES)]
    results += [result(metrics, one, "twin", REFERENCES), result(metrics, other, "good", REFERENCES)]
    comparisons = {(each["other"], each["this"]): each for each in Findings(results, {}).as_dict()["comparisons"]}
    assert {key: each["verdict"] for key, each in comparisons.items()} == {
        ("good", "poor"): "better",
        ("twin", "poor"): "better",
        ("twin", "good"): "no clear difference",
    }
    better = comparisons["good", "poor"]
    assert 0 < better["chrf_difference_low"] < better["chrf_difference"] < better["chrf_difference_high"]
    assert better["spbleu_difference"] is None
    assert comparisons["twin", "good"]["chrf_difference_low"] == 0
    words = Findings(results, {}).in_words()
    assert "good against poor on one: better, chrF +" in words
    assert len([line for line in words.splitlines() if line.startswith("| good |")]) == 2


def test_the_losses_of_both_halves_are_apart(metrics):
    one = made_set(speech=SYNTHETIC)
    recognised = [text if number % 2 else "" for number, text in enumerate(REFERENCES)]
    results = [result(metrics, one, "own", REFERENCES)]
    results.append(result(metrics, one, "own", recognised, SPEECH, seconds=2.0, audio_seconds=4.0))
    results.append(result(metrics, one, "forced", recognised, SPEECH))
    heard = {item.id: HeardRow(one.name, item.id, item.source, item.source.replace("number", "")) for item in one.items}
    findings = Findings(results, {one.name: heard})
    (loss,) = findings.as_dict()["recognition_losses"]
    assert (loss["other"], loss["verdict"]) == ("own on recognised text", "worse")
    assert loss["chrf_difference"] == pytest.approx(results[1].score.figures["chrf"].estimate - 100)
    (recognition,) = findings.as_dict()["recognition"]
    assert (recognition["unit"], recognition["rate"]) == ("WER", pytest.approx(1 / 3))
    # Gold text is compared with gold text only.
    assert [(each["this"], each["other"]) for each in findings.as_dict()["comparisons"]] == [("own", "forced")]
    table = findings.in_words().split("\n\n")[0]
    assert "talks (synthetic speech), gold text" in table and "talks (synthetic speech), recognised" in table
    assert table.splitlines()[-2].endswith("| 50.0 | 2 | 0.5 |")
    for line in findings.in_words().splitlines():
        assert "talks" not in line or "synthetic" in line
    assert "Transcripts of talks (synthetic speech): WER 33.3 %" in findings.in_words()


def test_unspaced_languages_are_counted_in_letters():
    one = made_set(language="ja", sources=["今日は雨です。", "駅はどこですか。"])
    heard = {"0": HeardRow("talks", "0", "", "今日は 雨です"), "1": HeardRow("talks", "1", "", "駅はどこです")}
    found = recognition_of(one, heard)
    assert (found.unit, found.rate.estimate) == ("CER", pytest.approx(1 / 13))
    assert 0 <= found.rate.low <= found.rate.estimate <= found.rate.high


def test_figures_beside_the_scores(metrics):
    hypotheses = ["", "我愛音樂", "我爱音乐", *REFERENCES[3:]]
    one = result(metrics, made_set(), "own", hypotheses, flags=("digits",), seconds=0.25)
    assert one.empty == 1 / 20 and one.seconds == 0.25 and one.seconds_per_audio_second is None
    assert (one.flags, one.flagged) == ({"digits": 1.0}, 1.0)
    # What was served in the wrong letters counts, though it is scored in the right ones.
    assert 0.5 < one.script < 1
    assert one.as_dict()["script"] == one.script
    # Latin letters are in no script of Chinese.
    assert result(metrics, made_set(), "copy", SOURCES).script is None


def test_one_sentence_has_no_interval_and_few_are_warned_of(metrics):
    single = Findings([result(metrics, made_set(sources=SOURCES[:1]), "own", REFERENCES[:1])], {})
    figures = single.as_dict()["figures"][0]
    assert (figures["chrf"], figures["chrf_low"]) == (pytest.approx(100), None)
    assert "nothing to draw an interval from" in single.in_words() and "nan" not in single.in_words()
    few = Findings([result(metrics, made_set(sources=SOURCES[:9]), "own", REFERENCES[:9])], {})
    assert "rest on 9 sentences" in few.in_words()
    many = Findings([result(metrics, made_set(), "own", REFERENCES)], {}).in_words("A further note.", "")
    assert "rest on" not in many and many.count("Note: ") == many.count("Note: A further note.") == 1


def test_the_picture_shows_both_conditions(metrics, tmp_path):
    one, other = made_set(speech=SYNTHETIC), made_set("other", sources=SOURCES[:1])
    poor = [text[:2] for text in REFERENCES]
    results = [result(metrics, one, "own", REFERENCES), result(metrics, one, "own", poor, SPEECH)]
    results.append(result(metrics, other, "own", REFERENCES[:1]))
    pixels = image.imread(draw_scores(tmp_path / "chrf.png", results))
    blue, orange = (
        (abs(pixels[..., :3] - colour).max(-1) < 0.02).sum()
        for colour in ((0.165, 0.435, 0.592), (0.878, 0.478, 0.122))
    )
    assert pixels.shape[0] > 100 and blue > 100 and orange > 100
    assert math.isnan(results[2].score.figures["chrf"].low)
