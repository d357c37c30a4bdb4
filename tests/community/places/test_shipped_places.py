"""The real names that come with the program, and the invented places of the demo."""

import re
from datetime import UTC, datetime

from community.places.actions import Holder, appoint
from community.places.demo import plant_demo
from community.places.finding import Filter, search_places
from community.places.models import Origin, Place, PlaceKind, Post, Responsibility
from community.places.official import import_communities, import_district
from community.places.queries import responsible_for_posts
from foundation.database import query

NOW = datetime(2026, 11, 20, tzinfo=UTC)


async def test_the_district_has_six_streets_and_fifty_eight_communities(database: None) -> None:
    await import_district()
    report = await import_communities()

    assert (report.added, report.refused) == (63, [])
    assert await Place.filter(kind=PlaceKind.STREET, current=True).count() == 6
    assert await Place.filter(kind=PlaceKind.COMMUNITY, current=True).count() == 58
    assert await Place.filter(origin=Origin.OFFICIAL).count() == 70


async def test_the_two_systems_of_codes_are_not_mixed(database: None) -> None:
    await import_district()
    await import_communities()

    assert {place.code for place in await Place.filter(kind=PlaceKind.STREET)} == {
        f"44030900{number}" for number in range(1, 7)
    }
    for place in await Place.filter(kind=PlaceKind.COMMUNITY):
        assert place.code is None
        assert place.unified_code is None or place.unified_code.startswith("440306")


async def test_importing_again_changes_nothing(database: None) -> None:
    await import_district()
    await import_communities()
    before = await query("SELECT * FROM place ORDER BY id")

    reports = (await import_district(), await import_communities())

    assert [(each.added, each.changed, each.unchanged) for each in reports] == [(0, 0, 7), (0, 0, 63)]
    assert await query("SELECT * FROM place ORDER BY id") == before


async def everything() -> list[tuple[object, ...]]:
    places = await query("SELECT kind, name, lng, lat FROM place ORDER BY depth, id")
    posts = await query("SELECT post, subject, holder_name, office_phone FROM responsibility ORDER BY id")
    return [tuple(row.values()) for row in (*places, *posts)]


async def plant(seed: int = 1) -> None:
    await import_district()
    await import_communities()
    await plant_demo(seed=seed)


async def test_the_same_seed_gives_the_same_district(database: None) -> None:
    from tests.conftest import empty_database  # noqa: PLC0415 - only this test plants twice

    await plant()
    first = await everything()
    await empty_database()
    await plant()
    again = await everything()
    await empty_database()
    await plant(seed=2)

    assert again == first
    assert await everything() != first


async def test_planting_twice_changes_nothing(database: None) -> None:
    await plant()
    before = await everything()

    report = await plant_demo(seed=1)

    assert (report.added, report.changed) == (0, 0)
    assert await everything() == before


async def test_every_building_of_the_demo_has_everybody_who_answers_for_it(database: None) -> None:
    await plant()
    (found, *_) = await search_places("红山12栋", Filter())

    held = await responsible_for_posts(found.place.id, tuple(Post), at=NOW)

    assert found.description.label.startswith("民治街道红山社区")
    assert {post: each.place.kind for post, each in held.items()} == {
        Post.SECRETARY: PlaceKind.COMMUNITY, Post.DEPUTY: PlaceKind.COMMUNITY, Post.GRID_CHIEF: PlaceKind.GRID,
        Post.BUILDING_LEADER: PlaceKind.BUILDING,
    }  # fmt: skip
    assert found.place.area_id is not None


async def test_what_is_invented_says_so_and_reaches_nobody(database: None) -> None:
    await plant()

    assert await Place.filter(kind=PlaceKind.BUILDING).count() == 58 * 12
    assert await Place.filter(depth__gt=2).exclude(origin=Origin.GENERATED).count() == 0
    for held in await Responsibility.all():
        assert held.origin is Origin.GENERATED
        assert held.office_phone is None or re.fullmatch(r"0755-0000 \d{4}", held.office_phone)
        assert held.post is not Post.BUILDING_LEADER or held.office_phone is None


async def test_a_post_somebody_holds_is_left_alone(database: None) -> None:
    await import_district()
    await import_communities()
    community = await Place.get(name="红山社区")
    await appoint(community, Post.SECRETARY, Holder("真的书记"), from_at=NOW)

    await plant_demo(seed=1)

    (held,) = await Responsibility.filter(place_id=community.id, post=Post.SECRETARY)
    assert held.holder_name == "真的书记"
