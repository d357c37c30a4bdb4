"""What the live feed reads of many complaints at once is what it reads of each."""

from community.complaints.access import Viewer
from community.complaints.live_topic import history, history_many, last_numbers, watch, watch_many
from foundation.access import Actor
from foundation.clock import FrozenClock
from foundation.errors import NotFoundError
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


async def test_many_rights_are_those_of_each_in_the_order_they_were_asked_for(
    ground: Ground, phone: Phone, neighbour: Phone
) -> None:
    own, other = await phone.file("楼道灯坏了"), await neighbour.file("电梯又停了两天")
    assert (await neighbour.call("PUT", f"/complaints/{own['id']}/follow")).status < 300
    owner, follower = (Actor("resident", each.resident_id, language="en") for each in (phone, neighbour))
    asked = [
        (follower, own["id"]),
        (owner, other["id"]),
        (owner, own["id"].upper()),
        (owner, "} or not"),
        (owner, ""),
        (Actor("staff", phone.resident_id), own["id"]),
        (owner, "018f0000-0000-7000-8000-000000000000"),
        (owner, own["id"]),
        (follower, own["id"]),
    ]

    together = await watch_many(ground, asked)

    supporter = (Viewer.SUPPORTER, "en")
    assert together == [supporter, None, None, None, None, None, None, (Viewer.OWNER, "en"), supporter]
    assert together == [await view_of(ground, *each) for each in asked]
    assert await watch_many(ground, []) == []


async def view_of(ground: Ground, actor: Actor, key: str) -> object:
    try:
        return await watch(ground, actor, key)
    except NotFoundError:
        return None


async def test_last_numbers_are_given_of_those_that_exist(ground: Ground, phone: Phone, unit: Unit) -> None:
    first, second = await phone.file("楼道灯坏了"), await phone.file("电梯又停了两天")
    await unit.does(second, "assigned", "accepted")
    nothing = "018f0000-0000-7000-8000-000000000000"

    assert await last_numbers(ground, [second["id"], nothing, first["id"]]) == {second["id"]: 3, first["id"]: 1}
    assert await last_numbers(ground, []) == {}
