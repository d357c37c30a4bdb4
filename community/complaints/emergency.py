"""Words that mean: do not fill in a form, phone first.

Someone in danger must not be sent through a form. The words are looked for
before it opens; what is found never keeps anybody from filing all the same.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """A number to call."""

    number: str
    name: str


FIRE = EmergencyNumber("119", "火警")
POLICE = EmergencyNumber("110", "报警")
AMBULANCE = EmergencyNumber("120", "急救")

SIGNS: tuple[tuple[re.Pattern[str], EmergencyNumber], ...] = (
    (
        re.compile(
            r"着火|起火|失火|火灾|冒浓烟|烧起来|煤气泄漏|燃气泄漏|漏煤气|漏燃气|闻到煤气|闻到燃气|爆炸|困在电梯|电梯困人|被困(?!扰)"
        ),
        FIRE,
    ),
    (
        re.compile(
            r"打人|打架|持刀|拿刀|砍人|抢劫|被抢|绑架|入室|家暴|强奸|猥亵|跟踪我|失踪|走失|杀人|威胁要|正在诈骗|被骗了钱"
        ),
        POLICE,
    ),
    (
        re.compile(
            r"昏倒|晕倒|昏迷|没有呼吸|没呼吸|心脏病|大出血|流很多血|中毒|触电|溺水|坠楼|跳楼|自杀|轻生|不想活|割腕|喝了农药|受伤|骨折"
        ),
        AMBULANCE,
    ),
    (re.compile(r"跳楼|自杀|轻生|不想活|割腕"), POLICE),
)
PAST = re.compile(r"(上次|去年|上个月|以前|曾经|怕|防止|预防|避免|容易|隐患)[^，。！？,.!?]{0,12}$")
"""Said just before a sign, it speaks of what was or might be, not of now."""


def numbers_to_call(text: str) -> tuple[EmergencyNumber, ...]:
    """List the numbers to call at once for what is written, the most fitting first; usually none."""
    found: list[EmergencyNumber] = []
    for pattern, number in SIGNS:
        if number not in found and any(not PAST.search(text[: match.start()]) for match in pattern.finditer(text)):
            found.append(number)
    return tuple(found)
