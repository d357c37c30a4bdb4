"""Putting single places into the tree, and giving posts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from community.places.actions import Holder, appoint, relieve, rename_place
from community.places.coordinates import Datum, Point
from community.places.errors import (
    OutsideDistrictError,
    PlaceExistsError,
    PostTakenError,
    WrongParentError,
)
from community.places.finding import Filter, search_places
from community.places.models import PlaceKind, Post, Responsibility
from community.places.queries import responsible_for
from tests.community.places.planting import SmallDistrict, put

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


async def test_a_location_stays_as_given_and_is_also_kept_in_wgs84(small: SmallDistrict) -> None:
    point = Point(114.0352, 22.6541, Datum.GCJ02)

    place = await put(PlaceKind.BUILDING, "3栋", small.grid, point=point)

    assert place.point == point
    there = point.to(Datum.WGS84)
    assert (place.wgs84_lng, place.wgs84_lat) == (there.lng, there.lat)


async def test_a_location_outside_the_district_is_refused_by_name(small: SmallDistrict) -> None:
    with pytest.raises(OutsideDistrictError) as refused:
        await put(PlaceKind.BUILDING, "3栋", small.grid, point=Point(113.3, 23.1, Datum.WGS84))

    assert refused.value.status == 422
    assert refused.value.sentence("zh-Hans") == "这个位置不在龙华区范围内"


async def test_a_second_place_of_the_same_name_is_refused(small: SmallDistrict) -> None:
    with pytest.raises(PlaceExistsError):
        await put(PlaceKind.COMMUNITY, "月牙社区", small.street)


async def test_a_place_in_the_wrong_place_is_refused(small: SmallDistrict) -> None:
    with pytest.raises(WrongParentError):
        await put(PlaceKind.GRID, "第9网格", small.street)


async def test_a_renamed_place_is_found_by_both_names(small: SmallDistrict) -> None:
    await rename_place(small.village.id, name="星汀雅居", aliases=["梨湾老围"])

    for typed in ("星汀", "梨湾"):
        found = await search_places(typed, Filter())
        assert [each.place.id for each in found] == [small.village.id]


async def test_an_appointment_relieves_whoever_was_there(small: SmallDistrict) -> None:
    await appoint(small.community, Post.SECRETARY, Holder("李书记"), from_at=AT)
    await appoint(small.community, Post.SECRETARY, Holder("周书记", "0755-0000 0001"), from_at=AT + 5 * DAY)

    for at, name in ((AT, "李书记"), (AT + 5 * DAY - timedelta(microseconds=1), "李书记"), (AT + 5 * DAY, "周书记")):
        held = await responsible_for(small.community.id, Post.SECRETARY, at=at)
        assert held is not None
        assert held.holder_name == name
        assert held.holds_at(at)


async def test_nobody_is_appointed_before_or_with_somebody_else(small: SmallDistrict) -> None:
    await appoint(small.community, Post.SECRETARY, Holder("李书记"), from_at=AT)

    for from_at in (AT, AT - DAY):
        with pytest.raises(PostTakenError):
            await appoint(small.community, Post.SECRETARY, Holder("周书记"), from_at=from_at)


async def test_of_two_appointments_at_once_one_is_refused(small: SmallDistrict) -> None:
    results = await asyncio.gather(
        *(appoint(small.community, Post.SECRETARY, Holder(name), from_at=AT) for name in ("李书记", "周书记")),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["PostTakenError", "Responsibility"]
    assert await Responsibility.all().count() == 1


async def test_a_relieved_post_is_held_by_nobody(small: SmallDistrict) -> None:
    await appoint(small.community, Post.SECRETARY, Holder("李书记"), from_at=AT)

    assert await relieve(small.community, Post.SECRETARY, at=AT + DAY) == 1
    assert await relieve(small.community, Post.SECRETARY, at=AT + DAY) == 0

    assert await responsible_for(small.community.id, Post.SECRETARY, at=AT + DAY) is None


async def test_a_term_with_an_end_relieves_nobody_and_fits_where_nobody_is(small: SmallDistrict) -> None:
    await appoint(small.community, Post.SECRETARY, Holder("李书记"), from_at=AT)
    await appoint(small.community, Post.SECRETARY, Holder("周书记"), from_at=AT - 9 * DAY, to_at=AT)

    with pytest.raises(PostTakenError):
        await appoint(small.community, Post.SECRETARY, Holder("吴书记"), from_at=AT + DAY, to_at=AT + 2 * DAY)

    for at, name in ((AT - DAY, "周书记"), (AT + DAY, "李书记")):
        held = await responsible_for(small.community.id, Post.SECRETARY, at=at)
        assert held is not None
        assert held.holder_name == name


async def test_a_planned_end_may_come_earlier(small: SmallDistrict) -> None:
    await appoint(small.community, Post.SECRETARY, Holder("李书记"), from_at=AT, to_at=AT + 9 * DAY)

    assert await relieve(small.community, Post.SECRETARY, at=AT + DAY) == 1

    assert await responsible_for(small.community.id, Post.SECRETARY, at=AT + DAY) is None
