"""Subtitle files, read back by pysubs2, which shares no code with the writer."""

import itertools
import json
import random
import re
import unicodedata

import pysubs2
import pytest

from najva.subtitles import FORMATS, LINE_COLUMNS, LINE_COLUMNS_FULL_WIDTH, split_cues, to_srt, to_txt, to_vtt

PERSIAN = (
    "به نام خدا درسی رو که در خدمت شما خواهیم بود آموزش نرم\u200cافزار لتک هست "
    "و در واقع کار کردن با لتک و ایجاد مستندات"
)
CHINESE = (
    "希望你以后能够做得比我还好哟，“广州市房地产中介协会”分析（第一季度）说：今年的房价没有明显变化，成交量也很平稳。"
)


def transcript(*segments, text=None):
    segments = [dict(zip(("start", "end", "text", "words"), segment, strict=False)) for segment in segments]
    return {
        "text": " ".join(segment["text"] for segment in segments) if text is None else text,
        "language": "fa",
        "language_probabilities": {"fa": 0.99, "ar": 0.01},
        "segments": segments,
        "flags": [],
        "model": "packaged:whisper-base",
        "audio_seconds": 60.0,
        "compute_seconds": 1.5,
    }


def read(text, name):
    return [(event.start, event.end, event.plaintext) for event in pysubs2.SSAFile.from_string(text, format_=name)]


def columns(line):
    visible = [char for char in line if unicodedata.category(char) not in ("Mn", "Cf")]
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in visible)


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_times_and_text_survive(name):
    file = FORMATS[name](
        transcript((0.0, 2.5, " سلام دنیا"), (2.5, 3661.0625, "می\u200cروم "), (3661.5, 3662.0, "1984"))
    )
    assert read(file, name) == [(0, 2500, "سلام دنیا"), (2500, 3661062, "می\u200cروم"), (3661500, 3662000, "1984")]


def test_srt_to_the_letter():
    file = to_srt(transcript((1.5, 2.0, "one"), (36000, 36001.001, "two")))
    assert file == "1\n00:00:01,500 --> 00:00:02,000\none\n\n2\n10:00:00,000 --> 10:00:01,001\ntwo\n"


def test_vtt_to_the_letter():
    file = to_vtt(transcript((1.5, 2.0, "R&D <i>a</i> --> 'b'")))
    assert file == ("WEBVTT\n\n00:00:01.500 --> 00:00:02.000\nR&amp;D &lt;i&gt;a&lt;/i&gt; --&gt; 'b'\n")


def test_an_arrow_in_the_text_makes_no_cue_of_srt():
    file = to_srt(transcript((0, 1, "a --> b"), (1, 2, "next")))
    assert file.count("-->") == 2
    assert read(file, "srt") == [(0, 1000, "a → b"), (1000, 2000, "next")]


@pytest.mark.parametrize("segments", [[], [(0.0, 1.0, "  ")]])
def test_silence_gives_valid_empty_files(segments):
    silence = transcript(*segments)
    assert to_txt(silence) == to_srt(silence) == ""
    assert to_vtt(silence) == "WEBVTT\n"
    assert read(to_srt(silence), "srt") == read(to_vtt(silence), "vtt") == []
    assert json.loads(FORMATS["json"](silence)) == silence


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_text_without_times_is_refused(name):
    with pytest.raises(ValueError, match="timestamps"):
        FORMATS[name](transcript(text="سلام"))


def test_txt_has_a_line_per_segment_or_the_text():
    assert to_txt(transcript((0, 1, " سلام\n دنیا "), (1, 2, ""), (2, 3, "خوبی؟"))) == "سلام دنیا\nخوبی؟\n"
    assert to_txt(transcript(text=" سلام ")) == "سلام\n"


def test_json_is_the_transcript_in_readable_letters():
    whole = transcript((0.25, 1.0, "سلام", [{"start": 0.25, "end": 1.0, "text": "سلام", "probability": 0.5}]))
    file = FORMATS["json"](whole)
    assert json.loads(file) == whole
    assert "سلام" in file
    with pytest.raises(ValueError):
        FORMATS["json"](whole | {"compute_seconds": float("nan")})


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (PERSIAN, LINE_COLUMNS),
        ("And so, my fellow Americans, ask not what your country can do for you, ask what you can do", LINE_COLUMNS),
        (CHINESE, LINE_COLUMNS_FULL_WIDTH),
        (
            "今日はとても良い天気なので、友達と一緒に公園まで散歩に行って、ラーメンを食べました。",
            LINE_COLUMNS_FULL_WIDTH,
        ),
        ("안녕하세요 오늘은 날씨가 아주 좋아서 친구와 함께 공원까지 산책을 가려고 합니다", LINE_COLUMNS_FULL_WIDTH),
        ("ฉันชอบอ่านหนังสือที่ห้องสมุดใกล้บ้านของฉันทุกวันเสาร์และวันอาทิตย์ในตอนเช้า", LINE_COLUMNS),
        ("https://example.org/" + "a" * 150, LINE_COLUMNS),
    ],
    ids=["fa", "en", "zh", "ja", "ko", "th", "url"],
)
def test_long_segments_become_cues_of_two_short_lines(text, limit):
    cues = split_cues(transcript((10.0, 20.0, text)))
    lines = [line for cue in cues for line in cue.lines]
    assert len(lines) > 1
    assert all(1 <= len(cue.lines) <= 2 for cue in cues)
    assert all(columns(line) <= limit for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert (cues[0].start_ms, cues[-1].end_ms) == (10_000, 20_000)
    assert not any(unicodedata.category(line[0]) in ("Mn", "Cf") for line in lines)


@pytest.mark.parametrize("text", [PERSIAN, "ask not what your country can do for you ask what you can do for it"])
def test_words_are_never_cut(text):
    lines = [line for cue in split_cues(transcript((0, 9, text))) for line in cue.lines]
    assert " ".join(lines).split() == text.split()


@pytest.mark.parametrize("shift", range(16))
def test_chinese_lines_keep_punctuation_on_its_side(shift):
    lines = [line for cue in split_cues(transcript((0, 9, "我" * shift + CHINESE))) for line in cue.lines]
    assert not any(line[0] in "，。：”）" or line[-1] in "“（" for line in lines)


@pytest.mark.parametrize("syllable", ["กี่", "கொ", "ကျွန်ုပ်", "م\u200cن"], ids=["th", "ta", "my", "fa"])
@pytest.mark.parametrize("shift", range(4))
def test_a_cut_inside_a_long_word_leaves_marks_and_joiners_with_their_letter(syllable, shift):
    lines = [line for cue in split_cues(transcript((0, 9, "a" * shift + syllable * 60))) for line in cue.lines]
    assert len(lines) > 1
    assert not any(unicodedata.category(line[0])[0] == "M" for line in lines)
    assert not any("Cf" in (unicodedata.category(line[0]), unicodedata.category(line[-1])) for line in lines)


def test_a_word_that_may_be_cut_nowhere_stays_whole():
    text = "\u200d".join("x" * (LINE_COLUMNS + 8))
    (cue,) = split_cues(transcript((0, 9, text)))
    assert cue.lines == (text,)


def test_marks_and_joiners_take_no_room_on_a_line():
    text = " ".join(["كَتَبَ", "می\u200cشد"] * 4)
    assert columns(text) < LINE_COLUMNS < len(text)
    (cue,) = split_cues(transcript((0, 4, text)))
    assert cue.lines == (text,)


@pytest.mark.parametrize(
    ("text", "slack"), [("seven words that just miss the limit of one line", 6), ("ひらがな" * 7 + "カナ" * 5, 2)]
)
def test_lines_are_even_rather_than_full(text, slack):
    widths = [columns(line) for cue in split_cues(transcript((0, 4, text))) for line in cue.lines]
    assert len(widths) > 1
    assert max(widths) - min(widths) <= slack


def test_right_to_left_text_gets_no_marks():
    file = to_srt(transcript((0, 9, PERSIAN)))
    assert {char for char in file if unicodedata.category(char) == "Cf"} == {"\u200c"}
    assert re.sub(r"\s+", " ", " ".join(text for _, _, text in read(file, "srt"))) == PERSIAN


def test_without_words_time_is_shared_by_characters():
    text = " ".join(["aaaa"] * 24)
    first, second = split_cues(transcript((0.0, 12.0, text)))
    before = len(" ".join(first.lines))
    assert 0 < before < len(text)
    assert (first.end_ms, second.start_ms) == (
        pytest.approx(12_000 * before / len(text), abs=1),
        pytest.approx(12_000 * (before + 1) / len(text), abs=1),
    )


def test_word_times_decide_where_a_segment_is_cut():
    spoken = PERSIAN.split()
    words = [{"start": 5 + n, "end": 5.5 + n, "text": f" {word}"} for n, word in enumerate(spoken)]
    cues = split_cues(transcript((5.0, 40.0, " " + PERSIAN, words)))
    assert len(cues) == 2
    heard = 0
    for cue in cues:
        assert cue.start_ms == 5000 + 1000 * heard
        heard += len(" ".join(cue.lines).split())
        assert cue.end_ms == 4500 + 1000 * heard
    assert heard == len(spoken)


def test_a_chinese_word_across_a_cut_shares_its_time():
    text = "我" * 31 + "学习" + "我" * 31
    units = ["我"] * 31 + ["学习"] + ["我"] * 31
    words = [{"start": float(n), "end": n + 1.0, "text": unit} for n, unit in enumerate(units)]
    first, second = split_cues(transcript((0.0, 63.0, text, words)))
    assert (len("".join(first.lines)), first.end_ms, second.start_ms) == (32, 31_500, 31_500)


@pytest.mark.parametrize(
    "words",
    [
        [{"start": 1.0, "end": 2.0, "text": "other"}],
        [{"start": 1.0, "end": 2.0, "text": "سلام"}],
        [{"start": 3.0, "end": 4.0, "text": "دنیا"}],
        [{"start": None, "end": None, "text": "سلام"}, {"start": 3.0, "end": 4.0, "text": "دنیا"}],
    ],
    ids=["other text", "no last word", "no first word", "no time"],
)
def test_words_that_do_not_spell_the_text_are_not_trusted(words):
    (cue,) = split_cues(transcript((0.5, 5.0, "سلام دنیا", words)))
    assert (cue.start_ms, cue.end_ms) == (500, 5000)


def test_an_overlapping_cue_is_trimmed_to_the_next():
    cues = split_cues(transcript((0.0, 3.0, "one"), (2.0, 4.0, "two")))
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(0, 2000), (2000, 4000)]


def test_segments_are_put_in_order_of_time():
    cues = split_cues(transcript((5.0, 6.0, "later"), (1.0, 2.0, "sooner")))
    assert [cue.lines for cue in cues] == [("sooner",), ("later",)]


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_any_times_give_ordered_cues_that_last(name):
    """Recognisers do write backward, negative, equal and overlapping times."""
    generator = random.Random(7)
    for _ in range(50):
        segments = []
        for _ in range(generator.randint(1, 12)):
            start = generator.choice([generator.uniform(-1, 20), 3.0, 3.0004])
            text = " ".join("واژه" for _ in range(generator.randint(1, 60)))
            words = [
                {"start": generator.uniform(-1, 20), "end": generator.uniform(-1, 20), "text": w} for w in text.split()
            ]
            segments.append((start, start + generator.uniform(-2, 5), text, generator.choice([[], words])))
        times = read(FORMATS[name](transcript(*segments)), name)
        assert all(0 <= start < end for start, end, _ in times)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(times))
        assert sum(len(text.split()) for _, _, text in times) == sum(len(text.split()) for _, _, text, _ in segments)
