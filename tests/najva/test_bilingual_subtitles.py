"""Subtitles of translations, read back by pysubs2, which shares no code with the writer."""

import itertools
import json
import random
import unicodedata

import pysubs2
import pytest

from najva.bilingual_subtitles import FORMATS, LAYOUTS, split_cues, to_srt, to_txt, to_vtt

ENGLISH = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
AMERICANS = "所以，我的美国同胞们，不要问你的国家能为你做些什么，而要问你能为你的国家做些什么。"
PERSIAN = "به نام خدا، آموزش نرم\u200cافزار لتک هست و در واقع کار کردن با لتک و ایجاد مستندات"
COURSE = "以真主的名义，这是LaTeX软件的课程，讲的是如何用LaTeX来制作文档。"
MARKS = ("（？）", "（未译）", "（未譯）")


def translation(*segments, target="zh-Hans"):
    segments = [
        {"start": start, "end": end, "source": source, "translation": chinese, "flags": list(flags)}
        for start, end, source, chinese, *flags in segments
    ]
    return {
        "source_text": " ".join(segment["source"] for segment in segments),
        "language": "fa",
        "translation": "".join(segment["translation"] for segment in segments),
        "target": target,
        "segments": segments,
        "engine": "najva",
        "route": ["fa", "zh"],
    }


def read(text, name):
    """Start and end in milliseconds and the lines of each cue of a file."""
    return [
        (event.start, event.end, event.plaintext.split("\n"))
        for event in pysubs2.SSAFile.from_string(text, format_=name)
    ]


def written(whole, layout, name="srt"):
    return read(FORMATS[name](whole, layout), name)


def is_source(line):
    """Sources of these tests are Persian or lower-case English, and Latin names in their Chinese are upper-case."""
    return any("a" <= char <= "z" or "\u0600" <= char <= "\u06ff" for char in line)


def columns(line, wide="WF"):
    visible = [char for char in line if unicodedata.category(char) not in ("Mn", "Cf")]
    return sum(2 if unicodedata.east_asian_width(char) in wide else 1 for char in visible)


def chinese_columns(line):
    return columns(line, "WFA")


def plain(text):
    """Without spaces and marks."""
    for mark in MARKS:
        text = text.replace(mark, "")
    return "".join(text.split())


def split_lines(lines):
    return [line for line in lines if not is_source(line)], [line for line in lines if is_source(line)]


def reading_seconds(lines):
    chinese, source = split_lines(lines)
    if any(line in MARKS for line in chinese):
        chinese = []
    return max(5 / 6, sum(map(chinese_columns, chinese)) / 18, sum(map(columns, source)) / 17)


@pytest.mark.parametrize("name", ["srt", "vtt"])
@pytest.mark.parametrize(
    ("layout", "first", "second"),
    [
        ("zh", ["大家好。"], ["我们开始吧！"]),
        ("zh-source", ["大家好。", "سلام به همه"], ["我们开始吧！", "می\u200cرویم سر درس"]),
        ("source-zh", ["سلام به همه", "大家好。"], ["می\u200cرویم سر درس", "我们开始吧！"]),
    ],
)
def test_short_sentences_are_a_line_in_each_language(name, layout, first, second):
    whole = translation(
        (1.25, 3.0, " سلام به\n همه ", "大家好。"), (3661.5, 3663.0, "می\u200cرویم سر درس", "我们开始吧！")
    )
    assert written(whole, layout, name) == [(1250, 3000, first), (3661500, 3663000, second)]


def test_files_to_the_letter():
    whole = translation((1.5, 3.0, "R&D --> b", "研发 <i>"))
    assert to_srt(whole, "source-zh") == "1\n00:00:01,500 --> 00:00:03,000\nR&D → b\n研发 <i>\n"
    assert to_vtt(whole, "zh-source") == ("WEBVTT\n\n00:00:01.500 --> 00:00:03.000\n研发 &lt;i&gt;\nR&amp;D --&gt; b\n")


def test_a_sentence_with_commas_in_both_languages_is_cut_at_them():
    cues = written(translation((0.0, 7.0, ENGLISH, AMERICANS)), "zh-source")
    assert [lines for _, _, lines in cues] == [
        ["所以，我的美国同胞们，", "And so, my fellow Americans,"],
        ["不要问你的国家能为你做些什么，", "ask not what your country can do for you,"],
        ["而要问你能为你的国家做些什么。", "ask what you can do for your country."],
    ]
    # Each comes when it is said.
    shares = [0, ENGLISH.index("ask not") / len(ENGLISH), ENGLISH.index("ask what") / len(ENGLISH), 1]
    assert [start for start, _, _ in cues] == pytest.approx([7000 * share for share in shares[:3]], abs=30)
    assert [end for _, end, _ in cues] == pytest.approx([7000 * share for share in shares[1:]], abs=30)


def test_without_commas_a_second_line_is_better_than_halves_that_do_not_match():
    source = "we went to the doctor's house yesterday evening and then we slept there"
    ((start, end, lines),) = written(translation((2.0, 8.0, source, "昨天晚上我们去医生家里过夜")), "zh-source")
    assert (start, end) == (2000, 8000)
    assert lines[0] == "昨天晚上我们去医生家里过夜" and " ".join(lines[1:]) == source


def test_chinese_alone_fills_two_lines_before_it_takes_another_cue():
    ((_, _, lines),) = written(translation((0.0, 6.0, PERSIAN, "以真主的名义，这是这门软件的课程，请大家听好。")), "zh")
    assert lines == ["以真主的名义，", "这是这门软件的课程，请大家听好。"]


@pytest.mark.parametrize("shift", range(16))
@pytest.mark.parametrize("closing", "，。、；：！？）”,.!?)%")
def test_no_line_begins_with_a_closing_sign(shift, closing):
    chinese = "我" * shift + f"们好大家来{closing}" * 12
    lines = [line for _, _, lines in written(translation((0.0, 20.0, "x", chinese)), "zh") for line in lines]
    assert len(lines) > 2 and plain("".join(lines)) == chinese
    assert not any(line[0] == closing for line in lines)


@pytest.mark.parametrize("shift", range(4))
def test_a_variation_selector_stays_with_its_letter(shift):
    chinese = "我" * shift + "葛\U000e0100" * 40
    lines = [line for _, _, lines in written(translation((0.0, 9.0, "x", chinese)), "zh") for line in lines]
    assert len(lines) > 2 and "".join(lines) == chinese
    assert not any(line[0] == "\U000e0100" for line in lines)


def test_lines_break_after_punctuation_rather_than_evenly():
    chinese = "他们昨天晚上说，我们明天早上必须离开这里"
    ((_, _, lines),) = written(translation((0.0, 5.0, "x", chinese)), "zh")
    assert lines == ["他们昨天晚上说，", "我们明天早上必须离开这里"]


def test_quotation_marks_take_a_full_place_among_chinese():
    chinese = "“一”“二”“三”“四”“五”六"
    ((_, _, lines),) = written(translation((0.0, 5.0, "x", chinese)), "zh")
    assert [chinese_columns(line) for line in lines] == [32]
    ((_, _, lines),) = written(translation((0.0, 5.0, "x", chinese + "七")), "zh")
    assert len(lines) == 2


def test_an_abbreviation_s_point_is_no_place_to_cut():
    source = "Yesterday evening all of us went to the house of Dr. Karimi by the river where we slept till noon"
    chinese = "昨天晚上我们去了卡里米医生家，在河边他的家里一直睡到了中午"
    for point in (".", "!"):
        cues = written(translation((0.0, 7.0, source.replace(".", point), chinese)), "source-zh")
        assert any(line.endswith("Dr" + point) for _, _, lines in cues for line in lines) == (point == "!")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_fast_cue_stays_into_the_silence_as_long_as_it_takes_to_read(layout):
    (first, second) = written(
        translation((1.0, 1.5, "a b c d e f g h i", "一二三四五六七八九十一二"), (9.0, 9.1, "yes", "对")), layout
    )
    assert first[:2] == (1000, 2334)  # 12 characters at 9 a second
    assert second[:2] == (9000, 9834)  # the least duration
    slow_source = translation((1.0, 1.5, "letters " * 5 + "end", "好。"))
    ((_, end, _),) = written(slow_source, layout)
    assert end == (1834 if layout == "zh" else 1000 + 2530)  # 43 characters at 17 a second


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_fast_cue_ends_where_the_next_sentence_begins(layout):
    cues = written(translation((1.0, 1.3, "one two", "一二三四五六七八九"), (1.6, 5.0, "three", "三")), layout)
    assert [(start, end) for start, end, _ in cues] == [(1000, 1600), (1600, 5000)]


def test_the_cues_of_a_fast_sentence_share_the_silence_after_it():
    cues = written(translation((1.0, 3.0, ENGLISH, AMERICANS), (60.0, 61.0, "end", "完")), "zh-source")[:-1]
    assert len(cues) > 1
    assert all(end - start >= 1000 * reading_seconds(lines) for start, end, lines in cues)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(cues))


def test_the_cues_of_a_sentence_without_time_are_equally_fast():
    # Half of the source, but more of the Chinese, is in the first.
    source = "many of the old words, some of the new letters"
    whole = translation(
        (1.0, 2.8, source, "天地人大小多少天地人大小多少天，天地人大小多少天地人"), (2.8, 4.0, "end", "完")
    )
    first, second, _ = written(whole, "zh-source")
    assert (first[0], first[1], second[1]) == (1000, second[0], 2800)
    speeds = [reading_seconds(lines) / (end - start) for start, end, lines in (first, second)]
    assert speeds[0] == pytest.approx(speeds[1], rel=0.01)


def test_a_fast_sentence_is_not_cut_into_flashes():
    whole = translation((1.0, 2.4, ENGLISH[12:70], AMERICANS[3:26]), (2.4, 4.0, "end", "完"))
    assert len(written(whole, "zh-source")) == 2


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("seconds", "count"), [(10.0, 2), (13.9, 2), (20.0, 3)])
def test_a_slow_sentence_is_cut_so_that_no_cue_lasts_longer_than_seven_seconds(layout, seconds, count):
    source, chinese = "one two three four five six seven eight", "一二三四五六七八九十一二三四五"
    cues = written(translation((0.0, seconds, source, chinese)), layout)
    assert len(cues) == count
    assert (cues[0][0], cues[-1][1]) == (0, 1000 * seconds)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(cues))
    assert all(end - start <= 7000 for start, end, _ in cues)


def test_a_word_that_took_long_is_not_cut_but_goes_after_seven_seconds():
    for seconds in (12.0, 30.0):
        whole = translation((0.0, seconds, "thanks", "谢谢你们。"))
        assert written(whole, "zh") == [(0, 7000, ["谢谢你们。"])]
        assert written(whole, "source-zh") == [(0, 7000, ["thanks", "谢谢你们。"])]


@pytest.mark.parametrize("name", ["srt", "vtt"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_cue_of_an_unreliable_sentence_says_so(layout, name):
    whole = translation((0.0, 9.0, ENGLISH, AMERICANS, "digits", "length"), (9.0, 11.0, "yes", "对"))
    *cues, sure = written(whole, layout, name)
    assert len(cues) > 1
    for _, _, lines in cues:
        chinese, source = split_lines(lines)
        assert chinese[0].startswith("（？）") and "（？）" not in "".join(chinese[1:] + source)
        assert all(chinese_columns(line) <= 32 for line in chinese)
    assert "（？）" not in "".join(sure[2])


@pytest.mark.parametrize("name", ["srt", "vtt"])
@pytest.mark.parametrize(
    ("layout", "lines"),
    [
        ("zh", ["（未译）", "و در واقع"]),
        ("zh-source", ["（未译）", "و در واقع"]),
        ("source-zh", ["و در واقع", "（未译）"]),
    ],
)
def test_a_sentence_without_chinese_shows_its_source(layout, lines, name):
    whole = translation((0.0, 2.0, "و در واقع", " ", "empty"), (2.0, 3.0, "بله", "对"))
    cues = written(whole, layout, name)
    assert cues[0] == (0, 2000, lines)
    assert "（未译）" not in cues[1][2]


def test_a_long_sentence_without_chinese_is_marked_in_every_cue():
    for layout in LAYOUTS:
        cues = written(translation((0.0, 12.0, ENGLISH, "")), layout)
        assert len(cues) > 1 and all(lines.count("（未译）") == 1 for _, _, lines in cues)
        assert plain("".join("".join(lines) for _, _, lines in cues)) == plain(ENGLISH)
        assert all(len(lines) <= (2 if layout == "zh" else 3) for _, _, lines in cues)


def test_the_mark_is_in_the_letters_of_the_target():
    whole = translation((0.0, 2.0, "yes", "", "empty"), target="zh-Hant")
    assert written(whole, "zh") == [(0, 2000, ["（未譯）", "yes"])]
    assert to_txt(whole) == "yes\n（未譯）\n"


def test_chinese_without_a_source_is_shown_alone():
    assert written(translation((0.0, 2.0, "", "对")), "source-zh") == [(0, 2000, ["对"])]


@pytest.mark.parametrize("layout", LAYOUTS[1:])
def test_right_to_left_sources_stay_as_they_are(layout):
    file = to_srt(translation((0.0, 12.0, PERSIAN, COURSE)), layout)
    assert {char for char in file if unicodedata.category(char) == "Cf"} == {"\u200c"}
    source = [line for _, _, lines in read(file, "srt") for line in lines if "\u0600" <= line[0] <= "\u06ff"]
    assert " ".join(source) == PERSIAN


def test_a_japanese_source_has_lines_of_full_width_letters():
    japanese = "今日はとても良い天気なので、友達と一緒に公園まで散歩に行って、ラーメンを食べました。"
    cues = written(translation((0.0, 9.0, japanese, "今天天气很好，所以和朋友一起散步到公园，吃了拉面。")), "source-zh")
    kana = [line for _, _, lines in cues for line in lines if any("\u3041" <= char <= "\u30ff" for char in line)]
    assert "".join(kana) == japanese and all(columns(line) <= 32 for line in kana)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("source", "chinese"),
    [
        ("word " * 60, "好。"),
        ("yes", "好的" * 100),
        ("https://example.org/" + "a" * 150, "请看网页" * 9),
        ("\u200d".join("x" * 50) + " \u200d", "\u200d" + "\u200d".join("A" * 50)),
        ("ฉันชอบอ่านหนังสือที่ห้องสมุดใกล้บ้านของฉันทุกวันเสาร์และวันอาทิตย์ในตอนเช้า", "！？" * 40),
        ("\u200d", "\u200d"),
        ("\u200d".join("x" * 100) + " \u200d" * 3, "好的"),
    ],
    ids=["long source", "long Chinese", "url", "joined", "odd", "invisible", "joined and invisible"],
)
def test_sides_of_any_length_lose_nothing(source, chinese, layout):
    cues = split_cues(translation((0.0, 5.0, source, chinese)), layout)
    shown = plain("".join("".join(cue.lines) for cue in cues))
    expected = plain(chinese) if layout == "zh" else plain(source) + plain(chinese)
    assert sorted(shown) == sorted(expected)
    assert all(1 <= len(cue.lines) <= 4 for cue in cues)


def random_translation(generator, spread):
    """Sentences of any length, times and flags; `spread` are seconds of silence between them."""
    names, clauses = ["GPU", "LATEX", "2023", "3.5", "“", "”", "（", "）", "·"], "，。、；：！？,"
    segments, start = [], generator.uniform(0, 2)
    for _ in range(generator.randint(1, 12)):
        chinese = "".join(
            generator.choices(
                ["天地人大小多少的了"[generator.randrange(9)], generator.choice(names), generator.choice(clauses)],
                [20, 1, 3],
            )[0]
            for _ in range(generator.choice([0, 3, 12, 30, 90]))
        ).lstrip(clauses + "”）")
        words = generator.choice([["واژه", "می\u200cشود", "از،", "کتاب"], ["word", "of", "sentence,", "translation"]])
        source = " ".join(generator.choices(words, k=generator.choice([0, 1, 5, 12, 40])))
        end = start + generator.choice([0.2, 2.0, 6.0, 15.0]) * generator.uniform(0.5, 1)
        segments.append((start, end, source, chinese, *generator.choice([[], [], ["length"]])))
        start = max(0.0, end + generator.uniform(*spread))
    return translation(*segments)


@pytest.mark.parametrize("name", ["srt", "vtt"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("spread", [(0.0, 3.0), (-2.0, 0.5), (20.0, 40.0)], ids=["talk", "overlaps", "silence"])
def test_any_translation_gives_readable_cues(layout, name, spread):
    generator = random.Random(11)
    for _ in range(12):
        whole = random_translation(generator, spread)
        segments = sorted(whole["segments"], key=lambda segment: segment["start"])
        cues = written(whole, layout, name)

        assert all(0 <= start < end <= start + 7000 for start, end, _ in cues)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(cues))

        sides = [split_lines(lines) for _, _, lines in cues]
        assert plain("".join("".join(chinese) for chinese, _ in sides)) == plain(
            "".join(segment["translation"] for segment in segments)
        )
        shown = [segment for segment in segments if layout != "zh" or not segment["translation"]]
        assert plain("".join("".join(source) for _, source in sides)) == plain(
            "".join(segment["source"] for segment in shown)
        )

        for (start, end, lines), (chinese, source) in zip(cues, sides, strict=True):
            assert lines == (source + chinese if layout == "source-zh" else chinese + source)
            assert len(chinese) <= 2 and len(source) <= 2 and (layout != "zh" or len(lines) <= 2)
            assert all(chinese_columns(line) <= 32 for line in chinese)
            assert all(columns(line) <= 42 for line in source)
            assert not any(line[0] in "，。、；：！？" for line in chinese)
            # Too fast only where the next cue follows at once.
            if end - start < 1000 * reading_seconds(lines):
                assert spread[0] < 20 and any(end == other for other, _, _ in cues)


def test_cuts_of_both_languages_are_at_about_the_same_share():
    generator = random.Random(5)
    apart = []
    for _ in range(40):
        chinese = "".join(generator.choices("天地人大小多少天地人，", k=generator.randint(20, 80)))
        source = " ".join(generator.choices(["word", "of", "sentence,", "translation"], k=len(chinese) // 2))
        done = [0, 0]
        for _, _, lines in written(translation((0.0, 15.0, source, chinese.strip("，"))), "zh-source")[:-1]:
            for side, shown in enumerate(split_lines(lines)):
                assert shown
                done[side] += len(plain("".join(shown)))
            apart.append(abs(done[0] / len(plain(chinese.strip("，"))) - done[1] / len(plain(source))))
    assert len(apart) > 40
    assert max(apart) < 0.2 and sum(apart) / len(apart) < 0.05


def test_a_name_as_wide_as_a_line_leaves_room_for_the_mark():
    cues = written(translation((0.0, 9.0, "x", "A" * 90, "script")), "zh")
    assert all(chinese_columns(line) <= 32 for _, _, lines in cues for line in lines)
    assert plain("".join("".join(lines) for _, _, lines in cues)) == "A" * 90


def test_sentences_that_begin_together_do_not_overlap():
    cues = split_cues(translation((3.0, 9.0, ENGLISH, AMERICANS), (3.0, 9.0, ENGLISH, AMERICANS)), "zh")
    assert len(cues) >= 4 and all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(before.end_ms <= after.start_ms for before, after in itertools.pairwise(cues))


def test_sentences_are_put_in_order_of_time():
    whole = translation((5.0, 6.0, "later", "后"), (1.0, 2.0, "sooner", "先"))
    assert [lines for _, _, lines in written(whole, "zh-source")] == [["先", "sooner"], ["后", "later"]]


@pytest.mark.parametrize("segments", [[], [(0.0, 1.0, "  ", "")]])
def test_silence_gives_valid_empty_files(segments):
    silence = translation(*segments)
    for layout in LAYOUTS:
        assert to_srt(silence, layout) == ""
        assert to_vtt(silence, layout) == "WEBVTT\n"
    assert to_txt(silence) == ""


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_what_makes_no_subtitles_is_refused(name):
    spoken = translation((0.0, 1.0, "yes", "对"))
    with pytest.raises(ValueError, match="layout"):
        FORMATS[name](spoken, "both")
    with pytest.raises(ValueError, match="times"):
        FORMATS[name](translation((None, None, "yes", "对")), "zh")
    with pytest.raises(ValueError, match="times"):
        FORMATS[name](spoken | {"segments": []}, "zh")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_txt_is_each_source_over_its_chinese(layout):
    whole = translation(
        (0, 1, " سلام\n دنیا ", "你好，世界。"), (1, 2, "", ""), (2, 3, "2 + 2", "5", "digits"), (None, None, "hm", "")
    )
    assert FORMATS["txt"](whole, layout) == "سلام دنیا\n你好，世界。\n\n2 + 2\n（？）5\n\nhm\n（未译）\n"
    assert FORMATS["txt"](whole | {"segments": [], "source_text": "a", "translation": "甲"}, layout) == "a\n甲\n"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_json_is_the_translation_in_readable_letters(layout):
    whole = translation((0.25, 1.0, "سلام", "你好", "digits"))
    file = FORMATS["json"](whole, layout)
    assert json.loads(file) == whole
    assert "سلام" in file and "你好" in file


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_last_cue_stays_no_longer_than_the_recording(layout):
    whole = translation((8.0, 9.0, ENGLISH, AMERICANS))
    assert written(whole, layout)[-1][1] > 10_000
    ended = written(whole | {"audio_seconds": 9.5}, layout)
    assert ended[-1][1] == 9500
    # A sentence may end where the file does, or a trifle after it by its words' times.
    assert written(whole | {"audio_seconds": 8.9}, layout)[-1][1] == 9000
