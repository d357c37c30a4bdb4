"""Lists of places, and the search on a real database."""

import json
from typing import Any

import pytest

from community.places.actions import PlaceDraft, add_place
from community.places.finding import Filter, FoundPlace, list_places, search_places
from community.places.models import Origin, Place, PlaceKind, PlaceStanding
from community.places.official import import_communities, import_district
from community.places.search import name_grams, read
from foundation.database import query, transaction
from tests.community.places.planting import SmallDistrict, put


@pytest.fixture
async def longhua(database: None) -> None:
    """Give the real streets and communities, and one invented village of the same name in two of them."""
    await import_district()
    await import_communities()
    for name in ("红山社区", "同胜社区"):
        community = await Place.get(name=name)
        village = await put(PlaceKind.URBAN_VILLAGE, "东栗一村", community)
        grid = await put(PlaceKind.GRID, "第1网格", community)
        for number in range(1, 13):
            await put(PlaceKind.BUILDING, f"{number}栋", grid, area=village)


async def labels(typed: str, narrowed: Filter | None = None) -> list[str]:
    return [each.description.label for each in await search_places(typed, narrowed or Filter())]


async def first(typed: str) -> str:
    return (await labels(typed))[0]


@pytest.mark.usefixtures("longhua")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("民治", "民治街道"),
        ("民治社区", "民治街道民治社区"),
        ("龙华区", "龙华区"),
        ("龙华街道景龙", "龙华街道景龙社区"),
        ("景隆", "龙华街道景龙社区"),
        ("民冶街道红山", "民治街道红山社区"),
        ("觀瀾牛湖", "观澜街道牛湖社区"),
        ("福城茜坑", "福城街道茜坑社区"),
        ("白右龙", "民治街道白石龙社区"),
        ("樟坑径", "观湖街道樟坑径社区"),
        ("红山12栋", "民治街道红山社区东栗一村12栋"),
        ("12栋红山", "民治街道红山社区东栗一村12栋"),
        ("红山１２栋", "民治街道红山社区东栗一村12栋"),
        ("红山十二号楼", "民治街道红山社区东栗一村12栋"),
        ("红山 12", "民治街道红山社区东栗一村12栋"),
        ("大浪同胜7幢503", "大浪街道同胜社区东栗一村7栋"),
        ("同胜东栗1村", "大浪街道同胜社区东栗一村"),
        ("大浪 东栗", "大浪街道同胜社区东栗一村"),
        ("红山第一网格", "民治街道红山社区第1网格"),
    ],
)
async def test_what_people_type_finds_what_they_mean_first(typed: str, meant: str) -> None:
    assert await first(typed) == meant


@pytest.mark.usefixtures("longhua")
async def test_a_name_that_is_there_twice_is_offered_twice() -> None:
    both = {"民治街道红山社区东栗一村", "大浪街道同胜社区东栗一村"}

    assert set((await labels("东栗一村"))[:2]) == both
    assert both <= set(await labels("民治 东栗"))


@pytest.mark.usefixtures("longhua")
async def test_a_parent_and_a_kind_narrow_the_search() -> None:
    dalang = await Place.get(name="大浪街道")

    assert await labels("东栗一村", Filter(parent=dalang)) == ["大浪街道同胜社区东栗一村"]
    assert await labels("12栋", Filter(parent=dalang)) == ["大浪街道同胜社区东栗一村12栋"]
    buildings = await search_places("红山", Filter(kind=PlaceKind.BUILDING))
    assert [each.place.name for each in buildings] == [f"{number}栋" for number in range(1, 13)]


@pytest.mark.usefixtures("longhua")
async def test_only_a_kinds_name_lists_that_kind() -> None:
    assert len(await labels("街道")) == 6
    assert len(await labels("社区", Filter(parent=await Place.get(name="民治街道")))) == 14


@pytest.mark.usefixtures("longhua")
@pytest.mark.parametrize("typed", ["!!!", "   ", "zzzz", "魑魅魍魉", "'; DROP TABLE place; --", "%_\\", "🏠"])
async def test_nonsense_finds_nothing_and_hurts_nobody(typed: str) -> None:
    assert await labels(typed) == []


@pytest.mark.usefixtures("longhua")
async def test_a_community_of_the_old_list_is_not_offered() -> None:
    gone = await Place.get(name="黎光社区")

    assert not gone.current
    assert "观澜街道黎光社区" not in await labels("黎光")


async def test_candidates_are_found_by_name_but_not_listed_unasked(small: SmallDistrict) -> None:
    draft = PlaceDraft(PlaceKind.ESTATE, "栗光苑", Origin.IMPORTED, standing=PlaceStanding.CANDIDATE)
    await add_place(draft, parent=small.district)

    assert await labels("栗光") == ["栗光苑"]
    assert [each.place.name for each in await all_of(Filter(small.district))] == ["青桐街道"]
    assert [each.place.name for each in await all_of(Filter(small.district, PlaceKind.ESTATE))] == ["栗光苑"]


async def all_of(narrowed: Filter, limit: int = 100) -> list[FoundPlace]:
    return await list_places(narrowed, after=None, limit=limit)


async def test_a_list_shows_children_or_an_areas_buildings_or_all_of_a_kind_below(small: SmallDistrict) -> None:
    assert [each.place.id for each in await all_of(Filter(small.community))] == [small.village.id, small.grid.id]
    assert [each.place.id for each in await all_of(Filter(small.village))] == [small.building.id]
    assert [each.place.id for each in await all_of(Filter(small.street, PlaceKind.BUILDING))] == [small.building.id]
    assert [each.place.id for each in await all_of(Filter(small.building))] == []


async def test_pages_follow_one_another_without_gaps_in_the_order_people_count(small: SmallDistrict) -> None:
    for number in (10, 2, 1, 3, 11):
        await put(PlaceKind.BUILDING, f"{number}栋", small.grid)

    seen: list[str] = []
    after = None
    while page := await list_places(Filter(small.grid), after=after, limit=2):
        seen += [each.place.name for each in page]
        after = page[-1].position

    assert seen == ["1栋", "2栋", "3栋", "10栋", "11栋", "12栋"]


async def test_the_search_goes_through_the_indexes_however_many_buildings_there_are(small: SmallDistrict) -> None:
    await query(
        "INSERT INTO place (kind, name, parent_id, path, depth, aliases, grams, sort_name, origin, standing, current)"
        " SELECT 'building', 'x' || n, %s, '', 0, '{}', ARRAY[(n %% 50)::text || '栋', n::text], 'x', 'generated',"
        " 'settled', true FROM generate_series(100, 12000) n",
        small.grid.id,
    )
    await query("VACUUM ANALYZE place")  # as it does by itself in time: sorts in what the index has not taken yet
    named = "SELECT id FROM place WHERE grams && %s::text[] AND current AND path ~>=~ %s AND path ~<~ %s"
    numbered = (
        "SELECT p.id FROM unnest(%s::text[], %s::text[]) AS inside(low, high) JOIN place p"
        " ON p.grams @> ARRAY[%s]::text[] AND p.path ~>=~ inside.low AND p.path ~<~ inside.high"
    )

    assert "place_grams" in await plan_of(named, name_grams(read("月牙社区")), "/", "0")
    below = small.other_community.path
    assert "Seq Scan on place" not in await plan_of(numbered, [below], [below[:-1] + "0"], "12栋")
    assert await first("月牙12栋") == "青桐街道月牙社区梨湾老围12栋"


async def plan_of(sql: str, *values: Any) -> str:
    async with transaction() as tx:
        return json.dumps(await tx.query("EXPLAIN " + sql, *values), ensure_ascii=False)
