"""What the live feed reads of many complaints at once is what it reads of each."""

from community.complaints.access import Viewer
from community.complaints.live_topic import history, history_many
from foundation.clock import FrozenClock
from foundation.ground import Ground
from tests.community.complaints.line import Unit
from tests.miniprogram_api.complaint_fixtures import unit
from tests.phone import Phone

__all__ = ["unit"]


async def test_many_histories_are_those_of_each_in_the_order_they_were_asked_for(
    ground: Ground, phone: Phone, unit: Unit, clock: FrozenClock
) -> None:
    first, second = await phone.file("楼道灯坏了"), await phone.file("我家302室漏水三天了")
    await unit.does(first, "assigned", "accepted", "note")
    await unit.does(second, "assigned")
    asked = [
        (second["id"], 0, (Viewer.SUPPORTER, "zh-Hans")),
        (first["id"], 2, (Viewer.OWNER, "en")),
        (first["id"], 99, (Viewer.OWNER, "en")),
        (second["id"], 0, (Viewer.OWNER, "zh-Hans")),
        (first["id"], 0, (Viewer.OWNER, "zh-Hant")),
    ]

    together = await history_many(ground, asked)

    assert together == [await history(ground, *each) for each in asked]
    assert [[seq for seq, _ in each] for each in together] == [[1, 2], [3, 4], [], [1, 2], [1, 2, 3, 4]]
    assert "302室" not in str(together[0])
    assert "302室" in str(together[3])
