"""The translator that comes with the app: what it can do, and that it knows where it cannot."""

from __future__ import annotations

import pytest

from najva.services import Services
from najva.settings import Settings
from najva.translation.scripts import script_share
from tests import clips

# Sentences of the kind that it was trained on, though none of them, each with words that its Chinese must have one of.
EVERYDAY = {
    "I love you.": "爱",
    "Thank you very much.": "谢",
    "Where are you going?": "哪 去",
    "What do you want?": "想 要",
    "I don't know what to do.": "不知道",
    "He is my father.": "父亲 爸",
    "Do you have any money?": "钱",
    "I want to go home.": "回家 家",
    "She is a good girl.": "女孩 姑娘",
    "Come in, please.": "进",
    "I am sorry.": "抱歉 对不起",
    "Good morning.": "早",
    "What is your name?": "名字 叫",
    "We have to go now.": "走 去",
    "I think he is dead.": "死",
    "Call the police!": "警",
    "You are my best friend.": "朋友",
    "How old are you?": "多大 几岁 岁",
    "I will see you tomorrow.": "明天",
    "Don't worry about it.": "担心",
}
EVERYDAY_PERSIAN = {
    "دوستت دارم.": "爱 喜欢",
    "خیلی ممنونم.": "谢",
    "امشب کجا می‌روید؟": "哪 去",
    "اسم برادرت چیست؟": "名字 叫",
    "من خیلی خسته‌ام.": "累",
    "او پدر من است.": "父亲 爸",
    "کتاب من کجاست؟": "书",
    "می‌خواهم به خانه بروم.": "家",
    "هر صبح چای می‌خورم.": "茶",
    "امروز هوا خوب است.": "天气 今天",
    "ساعت چند برمی‌گردی؟": "几点 时候 时间",
    "دارم فارسی یاد می‌گیرم.": "波斯 学",
    "او بهترین دوست من است.": "朋友",
    "ببخشید که دیر کردم.": "对不起 抱歉 迟",
    "فردا می‌بینمت.": "明天",
    "کمی آب می‌خواهم.": "水",
    "نمی‌دانم او کجاست.": "不知道",
    "این سیب قرمز است.": "苹果 红",
    "ما در تهران زندگی می‌کنیم.": "德黑兰 住",
    "مادرم معلم است.": "老师 母亲 妈 教师",
    "گربه روی میز است.": "猫 桌",
    "لطفا به من کمک کن.": "帮",
    "او هر روز کار می‌کند.": "工作 每天",
    "پول ندارم.": "钱",
    "خواهرت چند سال دارد؟": "多大 几岁 岁",
    "پنجره را ببند.": "窗 关",
    "برای من نگران نباش.": "担心",
    "باید برویم.": "走 去",
    "به پلیس زنگ بزن!": "警",
    "خیلی دوستش داشتم.": "爱 喜欢",
    "آن فیلم را دیدی؟": "电影",
    "این خانه بزرگ است.": "房 屋 大",
    "دیروز باران می‌آمد.": "雨 昨天",
    "من خیلی گرسنه‌ام.": "饿",
}
NONSENSE = (
    "Xqzv blorp wfnt grzk.",
    "asdf jkl; asdf jkl; qwer uiop",
    "Hjkwq zzvbn plmqw.",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
    "fgh fgh dsa lkj poi uyt rew",
    "Brillig slithy toves gyre gimble wabe.",
    "Ngxta mbweko lutandi.",
    "0x7fff5694dc58 SIGSEGV sysctl mmap",
    "Wqrtp mnbvc lkjhg fdsaz.",
    "Zork! Fnord? Blivet, quux, xyzzy.",
    "Phnglui mglwnafh wgahnagl fhtagn.",
    "tgbnhy ujmik olp edcrfv.",
    "Krztx vlmpq hjdfk.",
    "qqqq wwww eeee rrrr tttt",
    "Uryyb jbeyq guvf vf ebg guvegrra.",
    "Skjdfh ksjdfh kjsdhf.",
    "Bzzt grmbl frtz knrps.",
    "aeiou ouiea ieuoa",
    "Mxyzptlk vs. Bzrmpf.",
    "Gobbledygook wibble wobble snorkack.",
)


@pytest.fixture(scope="module")
def services() -> Services:
    """The app as it is without a Hub."""
    return Services(Settings(models="offline"))


def translated(services: Services, texts: tuple[str, ...], source: str) -> list:
    *_, found = services.translate_text("\n".join(texts), source)
    assert found.as_dict()["models"] == {"embedded": "embedded:translator"}
    return list(found.sentences)


def test_everyday_sentences_come_out_with_their_key_words(services: Services) -> None:
    found = translated(services, tuple(EVERYDAY), "en")
    missed = [
        (one.source, one.translation)
        for one, words in zip(found, EVERYDAY.values(), strict=True)
        if not any(word in one.translation for word in words.split())
    ]
    assert len(missed) <= 4, missed
    assert all(script_share(one.translation, "zh-Hans") == 1 for one in found)


def test_it_tells_everyday_sentences_from_nonsense(services: Services) -> None:
    everyday, nonsense = (translated(services, tuple(texts), "en") for texts in (EVERYDAY, NONSENSE))
    assert sum(bool(one.flags) for one in everyday) <= 4, [one.source for one in everyday if one.flags]
    # A point may begin another sentence: the texts are counted, not their sentences.
    believed = {one.source for one in nonsense if not one.flags}
    assert len(believed) <= 2, believed


def test_persian_comes_out_with_its_key_words_or_is_called_rough(services: Services) -> None:
    """It has learned little Persian, and knows it: nearly all that it does not call rough is right."""
    found = translated(services, tuple(EVERYDAY_PERSIAN), "fa")
    right = [
        any(word in one.translation for word in words.split())
        for one, words in zip(found, EVERYDAY_PERSIAN.values(), strict=True)
    ]
    assert sum(right) >= 17
    believed = [is_right for one, is_right in zip(found, right, strict=True) if not one.flags]
    assert len(believed) >= 10 and sum(believed) >= 0.8 * len(believed)


def test_a_real_recording_is_translated_with_its_key_words(services: Services, test_data) -> None:
    *_, found = services.translate(clips.other_speech("en")[0].path)
    answer = found.as_dict()
    assert (answer["engine"], answer["route"]) == ("embedded", "cascade")
    # "ask not what your country can do for you"
    assert "国家" in answer["translation"]
