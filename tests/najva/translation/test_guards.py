"""What is wrong with a translation, told without the right one."""

import pytest

from najva.translation.guards import find_flags
from najva.translation.numerals import numbers_of_chinese, written_numbers


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("That's why I'm here.", "反正我是因为这个才来的。"),
        ("Hi.", "嗨。"),
        ("The telephone number is 010-62165588.", "电话是010-62165588。"),
        ("ساعت ۹ و ۳۰ دقیقه", "九点三十分"),
        ("It costs 12,000 yuan.", "价格是1.2万元。"),
        ("In 2019 we had 320 guests.", "二〇一九年我们有三百二十位客人。"),
        ("Ha ha ha ha ha ha!", "哈哈哈哈哈哈哈哈哈！"),
        ("Open Firefox.", "打开 Firefox。"),
        ("School begins at 8:30.", "学校八点半开始上课。"),
        ("۳ میلیون نفر آمدند", "来了300万人。"),
        ("About 3 million people live here.", "这里大约住着300万人。"),
        ("Es kostet 3,5 Euro.", "价格是3.5欧元。"),
        ("In 1.234 Fällen war es so.", "有1234个案例是这样的。"),
        ("The music of the 1990s is back.", "九十年代的音乐回来了。"),
        ("The lesson begins at 15:00.", "课下午三点开始。"),
        ("We leave at 7:15.", "我们七点一刻走。"),
        ("1.000.000 Menschen waren da.", "有一百万人。"),
        ("OK.", "OK."),
        ("3.14", "3.14"),
        ("π is 3.14.", "π是3.14。"),
        ("Okay, hold on.", "好的，稍等。"),
        ("Of course, this is good.", "当然，这很好。"),
        ("😀", "😀"),
        ("", ""),
    ],
)
def test_good_translations_have_no_flag(source: str, translation: str) -> None:
    assert find_flags(source, translation) == []


@pytest.mark.parametrize(
    ("source", "translation", "flag"),
    [
        ("I have 3 cats and 15 dogs.", "我有三只猫和五只狗。", "digits"),
        ("۲۵ نفر آمدند", "来了35个人", "digits"),
        ("We met at 5.", "我们在1500年5点见面。", "digits"),
        ("This is a long sentence about the weather in the north of the country.", "天。", "length"),
        (
            "Good morning, how are you?",
            "早上好" * 2 + "你今天过得怎么样我的朋友我很高兴见到你因为我一直在等你来这里看我们大家的新房子还有花园和狗",
            "length",
        ),
        ("I don't know what to say to him.", "我不知道我不知道我不知道我不知道我不知道", "repetition"),
        ("Ask not what your country can do.", "让我让你让我让你让我让你让我让我让你让我", "repetition"),
        ("من به خانه می‌روم", "我去 خانه", "script"),
        ("Good morning, my friend.", "早上好，สวัสดี。", "script"),
        ("Good morning, my friend.", "早上好，καλημέρα。", "script"),
        ("Hello.", "Hello.", "script"),
        ("It begins at 15:00.", "四点开始。", "digits"),
        ("I am going home now.", "I am going home now.", "script"),
        ("I will meet you at the station tomorrow", "I will meet you at the station 明天", "script"),
        ("hello 5 there", "一" * 310, "repetition"),
        ("hello 5 there", "九" * 4400, "repetition"),
        ("Where are you?", "", "empty"),
        ("Where are you?", "翻译：你在哪里？", "rough"),
    ],
)
def test_bad_ones_are_flagged(source: str, translation: str, flag: str) -> None:
    assert flag in find_flags(source, translation)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("三百二十", 320), ("十二", 12), ("两万五", 25_000), ("一亿零三百", 100_000_300), ("二〇一九", 2019)),
        *(("3.5亿", 350_000_000), ("4500 万", 45_000_000), ("一千零一", 1001), ("一百一", 110), ("一百零五", 105)),
        *(("零", 0), ("12万", 120_000), ("三十", 30), ("１２", 12), ("五", 5), ("2千万", 20_000_000)),
    ],
)
def test_chinese_numbers_are_read(text: str, number: float) -> None:
    assert numbers_of_chinese(f"共{text}个")[number] >= 1


def test_digits_of_every_script_are_numbers() -> None:
    assert written_numbers("۱٬۲۳۴٫۵ و ٧ and 1,234.5") == {1234.5: 2, 7: 1}
