"""Words that ask for a telephone rather than a form."""

import pytest

from community.complaints.emergency import AMBULANCE, FIRE, POLICE, EmergencyNumber, numbers_to_call


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("楼上着火了，浓烟很大", (FIRE,)),
        ("我闻到煤气，怎么办", (FIRE,)),
        ("电梯坏了，有人被困", (FIRE,)),
        ("楼下有人打架，拿刀", (POLICE,)),
        ("老人晕倒了没有呼吸", (AMBULANCE,)),
        ("隔壁家暴，她受伤了", (POLICE, AMBULANCE)),
        ("有人要跳楼", (AMBULANCE, POLICE)),
        ("上次着火的地方又冒烟，现在又着火了", (FIRE,)),
        ("防止着火，也请来看看：有人触电", (AMBULANCE,)),
    ],
)
def test_danger_now_names_whom_to_call(text: str, numbers: tuple[EmergencyNumber, ...]) -> None:
    assert set(numbers_to_call(text)) == set(numbers)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "路灯坏了三天",
        "去年这里着火过",
        "电线乱拉，怕起火",
        "消防通道堵住，容易引起火灾",
        "噪音太大，我们很被困扰",
        "建议宣传预防煤气中毒",
    ],
)
def test_what_was_or_might_be_is_no_emergency(text: str) -> None:
    assert numbers_to_call(text) == ()


def test_each_number_is_named_once() -> None:
    assert numbers_to_call("着火，起火，爆炸，着火") == (FIRE,)
