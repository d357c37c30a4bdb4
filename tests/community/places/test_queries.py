"""Where a place lies, who answers for it when, and what lies near a point."""

from datetime import UTC, datetime, timedelta

import pytest

from community.places.actions import Holder, PlaceDraft, add_place, appoint, rename_place
from community.places.coordinates import Datum, Point
from community.places.errors import NoDistrictError, OutsideDistrictError, PlaceNotFoundError, UnknownPlaceError
from community.places.models import Origin, Place, PlaceKind, PlaceStanding, Post
from community.places.official import import_district
from community.places.queries import (
    ancestors,
    describe_place,
    district_contains,
    lies_under,
    paths_of,
    place_at,
    places_near,
    responsible_for,
    responsible_for_posts,
    settled_place,
    units_of,
)
from tests.community.places.planting import SmallDistrict, put

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HERE = Point(114.0301, 22.6569, Datum.WGS84)


async def test_a_place_is_described_with_its_way_down_and_its_area_before_it(small: SmallDistrict) -> None:
    told = await describe_place(small.building.id)

    assert [step.name for step in told.path] == [
        "山海区", "青桐街道", "月牙社区", "第1网格", "梨湾老围", "12栋",
    ]  # fmt: skip
    assert told.label == "青桐街道月牙社区梨湾老围12栋"
    step = told.above(PlaceKind.COMMUNITY)
    assert step is not None
    assert step.id == small.community.id
    assert [each.name for each in await ancestors(small.grid.id)] == ["山海区", "青桐街道", "月牙社区"]


async def test_unknown_places_are_left_out_of_many_and_refused_alone(small: SmallDistrict) -> None:
    told = await paths_of([small.street.id, small.building.id, 10**15])

    assert set(told) == {small.street.id, small.building.id}
    assert await paths_of([]) == {}
    with pytest.raises(PlaceNotFoundError):
        await describe_place(10**15)


async def test_the_nearest_holder_above_answers(small: SmallDistrict) -> None:
    await appoint(small.street, Post.SECRETARY, Holder("街道的书记"), from_at=AT)
    assert await holder(small.building, Post.SECRETARY, AT) == "街道的书记"

    await appoint(small.community, Post.SECRETARY, Holder("社区的书记"), from_at=AT + DAY)

    assert await holder(small.building, Post.SECRETARY, AT) == "街道的书记"
    assert await holder(small.building, Post.SECRETARY, AT + DAY) == "社区的书记"
    assert await holder(small.other_community, Post.SECRETARY, AT + DAY) == "街道的书记"
    assert await holder(small.building, Post.SECRETARY, AT - DAY) is None


async def holder(place: Place, post: Post, at: datetime) -> str | None:
    held = await responsible_for(place.id, post, at=at)
    return held.holder_name if held else None


async def test_after_a_move_old_dates_still_answer_by_the_interval(small: SmallDistrict) -> None:
    await appoint(small.community, Post.SECRETARY, Holder("前任"), from_at=AT)
    await appoint(small.community, Post.SECRETARY, Holder("继任"), from_at=AT + 30 * DAY)

    assert await holder(small.building, Post.SECRETARY, AT + 29 * DAY) == "前任"
    assert await holder(small.building, Post.SECRETARY, AT + 30 * DAY) == "继任"


async def test_a_post_of_the_area_counts_for_its_buildings(small: SmallDistrict) -> None:
    await appoint(small.village, Post.BUILDING_LEADER, Holder("村里的楼长"), from_at=AT)

    held = await responsible_for_posts(small.building.id, (Post.BUILDING_LEADER, Post.DEPUTY), at=AT)

    assert {post: each.holder_name for post, each in held.items()} == {Post.BUILDING_LEADER: "村里的楼长"}


async def test_units_are_listed_from_the_nearest_level_up(small: SmallDistrict) -> None:
    await appoint(small.street, Post.UNIT, Holder("住建办"), from_at=AT, subject="住建")
    await appoint(small.street, Post.UNIT, Holder("城管队"), from_at=AT, subject="城管")
    await appoint(small.community, Post.UNIT, Holder("工作站"), from_at=AT, subject="站")

    assert [each.holder_name for each in await units_of(small.building.id, at=AT)] == ["工作站", "住建办", "城管队"]


async def test_a_building_lies_under_everything_above_and_its_area(small: SmallDistrict) -> None:
    for above in (small.district, small.street, small.community, small.grid, small.village, small.building):
        assert await lies_under(small.building.id, above.id)
    assert not await lies_under(small.building.id, small.other_community.id)
    assert not await lies_under(small.community.id, small.building.id)


async def test_a_home_or_a_case_is_not_put_at_a_candidate_or_at_what_is_gone(small: SmallDistrict) -> None:
    candidate = await add_place(
        PlaceDraft(PlaceKind.ESTATE, "栗光苑", Origin.IMPORTED, standing=PlaceStanding.CANDIDATE), parent=small.district
    )
    gone = await add_place(
        PlaceDraft(PlaceKind.COMMUNITY, "旧名社区", Origin.OFFICIAL, current=False), parent=small.street
    )

    assert (await settled_place(small.building.id)).id == small.building.id
    for place in (candidate, gone):
        with pytest.raises(UnknownPlaceError) as refused:
            await settled_place(place.id, pointer="/home/place_id")
        assert refused.value.fields[0].pointer == "/home/place_id"


async def test_near_places_come_nearest_first_with_their_distance(small: SmallDistrict) -> None:
    for name, north in (("远", 0.02), ("近", 0.001), ("中", 0.01)):
        await put(PlaceKind.BUILDING, name, small.grid, point=Point(HERE.lng, HERE.lat + north, Datum.WGS84))
    unplaced = await rename_place(small.building.id, name="没有位置")

    near = await places_near(HERE.to(Datum.GCJ02), limit=3)

    assert [each.place.name for each in near] == ["近", "中", "远"]
    assert [each.distance_m for each in near] == [111, 1112, 2224]
    assert unplaced.id not in {each.place.id for each in near}


async def test_settled_places_come_before_estates_that_nobody_has_placed_however_near_these_are(
    small: SmallDistrict,
) -> None:
    for number in range(6):
        there = Point(HERE.lng, HERE.lat + number * 0.0001, Datum.WGS84)
        draft = PlaceDraft(
            PlaceKind.ESTATE, f"候{number}苑", Origin.IMPORTED, standing=PlaceStanding.CANDIDATE, point=there
        )
        await add_place(draft, parent=small.district)
    for name, north in (("远", 0.02), ("近", 0.01)):
        await put(PlaceKind.BUILDING, name, small.grid, point=Point(HERE.lng, HERE.lat + north, Datum.WGS84))

    assert [each.place.name for each in await places_near(HERE, limit=1)] == ["近"]
    assert [each.place.name for each in await places_near(HERE, limit=3)] == ["近", "远", "候0苑"]


async def test_the_same_building_is_found_from_a_pin_in_any_system(small: SmallDistrict) -> None:
    await put(PlaceKind.BUILDING, "此处", small.grid, point=HERE.to(Datum.BD09))

    for datum in Datum:
        (found,) = await places_near(HERE.to(datum))
        assert found.distance_m == 0


async def test_a_pin_surely_lies_only_in_the_district(database: None) -> None:
    with pytest.raises(NoDistrictError):
        await place_at(HERE)
    await import_district()

    assert (await place_at(HERE)).name == "龙华区"
    with pytest.raises(OutsideDistrictError) as refused:
        await place_at(Point(116.4, 39.9, Datum.GCJ02), pointer="/where")
    assert refused.value.fields[0].pointer == "/where"
    with pytest.raises(OutsideDistrictError):
        await places_near(Point(116.4, 39.9, Datum.GCJ02))


def test_the_districts_edge_is_judged_in_wgs84() -> None:
    western_edge = 113.9605

    assert district_contains(western_edge, 22.7)
    assert not district_contains(western_edge, 22.7, Datum.GCJ02)
    assert not district_contains(0.0, 0.0)
