"""The script of the answer is a promise."""

import pytest

from najva.translation.scripts import UnknownTarget, into_script, script_share


@pytest.mark.parametrize(
    ("text", "hans", "hant"),
    [
        ("软件里的鼠标和内存", "软件里的鼠标和内存", "軟體裡的滑鼠和記憶體"),
        ("這裡的頭髮", "这里的头发", "這裡的頭髮"),
        ("皇后在后面，发展中的头发", "皇后在后面，发展中的头发", "皇后在後面，發展中的頭髮"),
        ("Hello 123", "Hello 123", "Hello 123"),
        # The surname 范 and the example 範, 干 and 乾 and 幹: what is Traditional already keeps what it chose.
        (
            "范先生在後面用鼠標，干預乾淨的幹部",
            "范先生在后面用鼠标，干预干净的干部",
            "范先生在後面用滑鼠，干預乾淨的幹部",
        ),
    ],
)
def test_each_target_has_its_letters(text: str, hans: str, hant: str) -> None:
    assert into_script(text, "zh-Hans") == hans
    assert into_script(text, "zh-Hant") == hant
    assert (
        into_script(hant, "zh-Hans").replace("软体", "软件").replace("滑鼠", "鼠标").replace("记忆体", "内存") == hans
    )


def test_a_mixture_is_told() -> None:
    assert script_share("这里的头发", "zh-Hans") == script_share("這裡的頭髮", "zh-Hant") == 1
    assert script_share("这裡", "zh-Hans") == script_share("这裡", "zh-Hant") == 0.5
    assert script_share("中文", "zh-Hans") == script_share("", "zh-Hant") == 1


def test_another_target_is_refused() -> None:
    with pytest.raises(UnknownTarget, match="there are zh-Hans, zh-Hant"):
        into_script("中文", "zh-TW")
