"""What the database itself keeps true of places and posts."""

from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError

from community.places.models import Origin, Place, PlaceKind, Post, Responsibility
from foundation.database import query
from tests.community.places.planting import SmallDistrict, put

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


async def path_of(place: Place) -> str:
    await place.refresh_from_db()
    return place.path


async def hold(place: Place, post: Post, from_at: datetime, to_at: datetime | None, subject: str = "") -> None:
    await Responsibility.create(place=place, post=post, subject=subject, from_at=from_at, to_at=to_at)


async def test_a_path_is_the_ids_from_the_district_down_to_itself(small: SmallDistrict) -> None:
    lane = (small.district, small.street, small.community, small.grid, small.building)

    assert small.building.path == "/" + "/".join(str(place.id) for place in lane) + "/"
    assert [place.depth for place in lane] == [0, 1, 2, 3, 4]


async def test_what_lies_below_moves_along(small: SmallDistrict) -> None:
    other_street = await put(PlaceKind.STREET, "白鹭街道", small.district)

    small.community.parent_id = other_street.id
    await small.community.save(update_fields=["parent_id"])

    above = f"/{small.district.id}/{other_street.id}/{small.community.id}/"
    assert await path_of(small.building) == f"{above}{small.grid.id}/{small.building.id}/"
    assert await path_of(small.village) == f"{above}{small.village.id}/"


async def test_a_stale_path_cannot_be_written(small: SmallDistrict) -> None:
    right = small.building.path
    small.building.path, small.building.depth = "/nonsense/", 99

    await small.building.save()

    assert await path_of(small.building) == right
    assert small.building.depth == 4


@pytest.mark.parametrize(
    ("kind", "under"),
    [
        (PlaceKind.DISTRICT, "street"),
        (PlaceKind.STREET, "community"),
        (PlaceKind.COMMUNITY, "district"),
        (PlaceKind.GRID, "street"),
        (PlaceKind.BUILDING, "street"),
        (PlaceKind.BUILDING, "village"),
        (PlaceKind.HOUSEHOLD, "grid"),
        (PlaceKind.ESTATE, "grid"),
    ],
)
async def test_a_kind_lies_only_where_it_belongs(small: SmallDistrict, kind: PlaceKind, under: str) -> None:
    with pytest.raises(IntegrityError):
        await Place.create(kind=kind, name="甲", parent=getattr(small, under), origin=Origin.GENERATED)


async def test_only_a_district_has_nothing_above_it(small: SmallDistrict) -> None:
    with pytest.raises(IntegrityError):
        await Place.create(kind=PlaceKind.STREET, name="甲", origin=Origin.GENERATED)


async def test_a_building_lies_only_in_an_area_of_its_own_community(small: SmallDistrict) -> None:
    far_village = await put(PlaceKind.URBAN_VILLAGE, "远村", small.other_community)

    for area in (far_village, small.grid):
        with pytest.raises(IntegrityError):
            await Place.create(
                kind=PlaceKind.BUILDING, name="1栋", parent=small.grid, area=area, origin=Origin.GENERATED
            )


async def test_two_areas_may_each_have_a_building_1_but_one_area_has_only_one(small: SmallDistrict) -> None:
    other_village = await put(PlaceKind.URBAN_VILLAGE, "新围", small.community)
    await put(PlaceKind.BUILDING, "1栋", small.grid, area=small.village)
    await put(PlaceKind.BUILDING, "1栋", small.grid, area=other_village)

    with pytest.raises(IntegrityError):
        await Place.create(
            kind=PlaceKind.BUILDING, name="1栋", parent=small.grid, area=other_village, origin=Origin.GENERATED
        )


async def test_half_a_location_or_one_without_its_datum_is_refused(small: SmallDistrict) -> None:
    for columns in ({"lng": 114.0}, {"lng": 114.0, "lat": 22.6}, {"lng": 114.0, "lat": 22.6, "datum": "bd09"}):
        with pytest.raises(IntegrityError):
            await Place.create(kind=PlaceKind.GRID, name="甲", parent=small.community, origin="generated", **columns)


async def test_one_post_has_one_holder_at_a_time(small: SmallDistrict) -> None:
    await hold(small.community, Post.SECRETARY, AT, AT + 10 * DAY)
    await hold(small.community, Post.SECRETARY, AT + 10 * DAY, None)

    for from_at, to_at in (
        (AT - DAY, AT + DAY), (AT + 2 * DAY, AT + 3 * DAY), (AT + 9 * DAY, None), (AT + 20 * DAY, AT + 21 * DAY),
    ):  # fmt: skip
        with pytest.raises(IntegrityError):
            await hold(small.community, Post.SECRETARY, from_at, to_at)


async def test_other_posts_subjects_and_places_do_not_get_in_the_way(small: SmallDistrict) -> None:
    await hold(small.community, Post.SECRETARY, AT, None)

    await hold(small.community, Post.DEPUTY, AT, None)
    await hold(small.other_community, Post.SECRETARY, AT, None)
    await hold(small.street, Post.UNIT, AT, None, subject="城管")
    await hold(small.street, Post.UNIT, AT, None, subject="住建")

    assert await Responsibility.all().count() == 5


async def test_a_post_ends_after_it_begins(small: SmallDistrict) -> None:
    with pytest.raises(IntegrityError):
        await hold(small.community, Post.SECRETARY, AT, AT)


async def test_the_rules_that_were_written_are_in_the_database(database: None) -> None:
    rows = await query("SELECT conname AS name FROM pg_constraint UNION SELECT indexname FROM pg_indexes")
    names = {row["name"] for row in rows}

    assert names >= {
        "place_name_not_blank", "place_location_whole", "place_location_on_earth", "place_path", "place_grams",
        "place_near", "place_one_of_a_name", "responsibility_one_holder_at_a_time",
        "responsibility_ends_after_it_begins",
    }  # fmt: skip
