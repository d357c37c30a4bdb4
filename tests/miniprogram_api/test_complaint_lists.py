"""Lists of complaints: page by page without repeat or loss, and only what each may see."""

import base64
import json
from typing import Any

import pytest

from foundation.clock import FrozenClock
from foundation.database import query
from tests.community.complaints.line import Unit
from tests.conftest import Client
from tests.miniprogram_api.complaint_fixtures import code, of, unit
from tests.phone import Phone
from tests.town import Town

__all__ = ["unit"]
PUBLIC = {"id", "status", "category", "place", "followers", "created_at"}


async def page_by_page(phone: Phone, scope: str, limit: int) -> list[list[str]]:
    """Read a list to its end."""
    pages, cursor = [], ""
    while True:
        answer = (await phone.get(f"/complaints?scope={scope}&limit={limit}{cursor}")).body
        pages.append([each["id"] for each in answer["items"]])
        if answer["next_cursor"] is None:
            return pages
        cursor = f"&cursor={answer['next_cursor']}"


async def seven(phone: Phone, clock: FrozenClock, **fields: Any) -> list[str]:
    """File seven complaints, most of them at one instant; newest first."""
    filed = []
    for number in range(7):
        if number in (2, 6):
            clock.advance(minutes=1)
        filed.append((await phone.file(f"第{number}件事情", **fields))["id"])
    return filed[::-1]


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
async def test_ones_own_are_listed_newest_first_each_once(phone: Phone, clock: FrozenClock, limit: int) -> None:
    ids = await seven(phone, clock)

    pages = await page_by_page(phone, "mine", limit)

    assert [each for page in pages for each in page] == ids
    assert all(pages)  # the last page is not an empty one


async def test_what_is_filed_or_changed_while_somebody_reads_disturbs_no_page(
    phone: Phone, clock: FrozenClock, unit: Unit
) -> None:
    ids = await seven(phone, clock)
    first = (await phone.get("/complaints?limit=3")).body
    clock.advance(minutes=1)
    await phone.file("后来的一件事")
    await unit.brings({"id": ids[4]}, "answered")

    rest = (await phone.get(f"/complaints?limit=100&cursor={first['next_cursor']}")).body

    assert [each["id"] for each in first["items"] + rest["items"]] == ids
    assert rest["next_cursor"] is None


async def test_followed_ones_are_listed_alike_and_disappear_when_unfollowed(
    phone: Phone, neighbour: Phone, clock: FrozenClock
) -> None:
    ids = await seven(phone, clock)
    for each in ids:
        for _ in range(2):  # a second time changes nothing
            assert (await neighbour.call("PUT", f"/complaints/{each}/follow")).status == 204

    assert sum(await page_by_page(neighbour, "followed", 3), []) == ids  # noqa: RUF017 - short lists
    assert {each["followers"] for each in (await phone.get("/complaints")).body["items"]} == {1}
    for _ in range(2):
        assert (await neighbour.call("DELETE", f"/complaints/{ids[0]}/follow")).status == 204
    assert sum(await page_by_page(neighbour, "followed", 3), []) == ids[1:]  # noqa: RUF017
    assert (await neighbour.get(f"/complaints/{ids[0]}")).status == 404


async def test_a_list_can_be_narrowed_to_a_status(phone: Phone, unit: Unit) -> None:
    waiting, done = await phone.file(), await phone.file()
    await unit.brings(done, "answered")

    for status, expected in (("answered", [done["id"]]), ("submitted", [waiting["id"]]), ("closed", [])):
        listed = (await phone.get(f"/complaints?status={status}")).body["items"]
        assert [each["id"] for each in listed] == expected
    assert (await phone.get("/complaints?status=gone")).body["errors"][0]["pointer"] == "/status"


def forged(*places: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(places).encode()).decode().rstrip("=")


FORGED = (
    "x",
    "%00",
    forged("a", "b"),
    forged("2026-11-20T13:06:00Z", "b"),
    forged("2026-11-20T13:06:00Z"),
    forged(1, 2),
    forged("0001-01-01T00:00:00+14:00", "018f0000-0000-7000-8000-000000000000"),
    forged("\ud800", "\x00"),
    "A" * 401,
)


@pytest.mark.parametrize("scope", ["mine", "nearby"])
async def test_a_forged_cursor_is_refused_by_name(phone: Phone, scope: str) -> None:
    for cursor in FORGED:
        answer = await phone.get("/complaints", params={"cursor": cursor, "scope": scope})
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/cursor"), cursor


async def test_near_are_other_peoples_open_ones_with_nothing_but_kind_community_and_step(
    phone: Phone, neighbour: Phone, unit: Unit
) -> None:
    await phone.file("我自己的一件事")
    seen = await neighbour.file("302室张三家漏水，电话13800000413", category="130")
    await neighbour.file("不想让人知道的事", confidential=True)
    for status in ("closed", "not_accepted", "merged"):
        await unit.brings(await neighbour.file(), status)

    listed = (await phone.get("/complaints?scope=nearby")).body["items"]

    assert [each["id"] for each in listed] == [seen["id"]]
    assert set(listed[0]) == PUBLIC
    assert listed[0]["place"]["name"] == "北苑社区"
    assert [step["name"] for step in listed[0]["place"]["path"]] == ["龙华区", "民治街道", "北苑社区"]
    assert "302室" not in json.dumps(listed, ensure_ascii=False)


async def test_near_is_page_by_page_too(phone: Phone, neighbour: Phone, clock: FrozenClock) -> None:
    ids = await seven(neighbour, clock)

    assert await page_by_page(phone, "nearby", 3) == [ids[:3], ids[3:6], ids[6:]]


async def test_who_has_no_home_has_nothing_near(api: Client, town: Town, neighbour: Phone) -> None:
    await neighbour.file()
    newcomer = await town.resident(api, "新来的")
    await query("DELETE FROM home WHERE resident_id = %s RETURNING id", newcomer.resident_id)

    assert (await newcomer.get("/complaints?scope=nearby")).body == {"items": [], "next_cursor": None}


async def test_ones_own_and_confidential_ones_cannot_be_followed(phone: Phone, neighbour: Phone) -> None:
    complaint, secret = await phone.file(), await phone.file(confidential=True)

    assert code(await phone.call("PUT", of(complaint, "follow"))) == (409, "own-complaint")
    assert code(await neighbour.call("PUT", of(secret, "follow"))) == (404, "not-found")
    assert code(await neighbour.call("PUT", "/complaints/018f0000-0000-7000-8000-000000000000/follow")) == (
        404,
        "not-found",
    )
