"""Places over HTTP: lists, search, one place, and what lies near a pin."""

from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from community.places.actions import Holder, PlaceDraft, add_place, appoint
from community.places.coordinates import Datum, Point
from community.places.models import Origin, Place, PlaceKind, PlaceStanding, Post
from foundation.web import cursor_at
from tests.community.places.planting import SmallDistrict, plant_small_district, put
from tests.conftest import STARTED_AT
from tests.miniprogram_api.signing_in import (  # noqa: F401 - fixtures
    API,
    Person,
    problem_code,
    resident_named,
    settings,
    wechat,
)

Api = TestClient[Any, Any]
pytestmark = pytest.mark.usefixtures("wechat")
PIN = Point(114.0301, 22.6569, Datum.WGS84)


@pytest.fixture
async def small(api: Api) -> SmallDistrict:
    """Give an invented district; after `api`, so that it is gone before the database is."""
    return await plant_small_district()


@pytest.fixture
async def hua(api: Api) -> Person:
    """Give a resident who asks."""
    return await resident_named(api, "hua")


async def names(person: Person, path: str) -> list[str]:
    return [item["name"] for item in (await person.told("GET", path))["items"]]


async def test_a_place_is_shown_with_its_way_and_who_answers_for_it(hua: Person, small: SmallDistrict) -> None:
    since = STARTED_AT - timedelta(days=1)
    await appoint(small.community, Post.SECRETARY, Holder("李书记", "0755-0000 0001"), from_at=since)
    await appoint(small.building, Post.BUILDING_LEADER, Holder("王楼长"), from_at=since)
    lane = (small.district, small.street, small.community, small.grid, small.village, small.building)

    assert await hua.told("GET", f"/places/{small.building.id}") == {
        "id": str(small.building.id),
        "kind": "building",
        "name": "12栋",
        "path": [{"id": str(place.id), "name": place.name} for place in lane],
        "standing": "settled",
        "generated": True,
        "secretary": {"name": "李书记", "post": "月牙社区书记", "office_phone": "0755-0000 0001"},
        "building_leader": {"name": "王楼长", "post": "12栋楼栋长", "office_phone": None},
        "group": None,
    }


async def test_a_place_nobody_answers_for_yet_says_so(hua: Person, small: SmallDistrict) -> None:
    await appoint(small.community, Post.SECRETARY, Holder("李书记"), from_at=STARTED_AT + timedelta(days=1))

    told = await hua.told("GET", f"/places/{small.community.id}")

    assert (told["secretary"], told["building_leader"], told["group"]) == (None, None, None)


@pytest.mark.parametrize("place_id", ["999999999", "0", "-1", "x", "1.5", "9" * 30, "%00"])
async def test_a_place_that_is_not_there_is_not_found(hua: Person, place_id: str) -> None:
    answer = await hua.ask("GET", f"/places/{place_id}")

    assert answer.status == 404
    assert answer.content_type == "application/problem+json"


async def test_children_are_listed_with_their_way(hua: Person, small: SmallDistrict) -> None:
    told = await hua.told("GET", f"/places?parent_id={small.street.id}")

    assert [item["name"] for item in told["items"]] == ["月牙社区", "石桥社区"]
    assert [step["name"] for step in told["items"][0]["path"]] == ["山海区", "青桐街道", "月牙社区"]
    assert told["next_cursor"] is None


async def test_a_kind_is_listed_from_below(hua: Person, small: SmallDistrict) -> None:
    assert await names(hua, f"/places?parent_id={small.street.id}&kind=building") == ["12栋"]
    assert await names(hua, "/places?kind=community") == ["月牙社区", "石桥社区"]
    assert (await names(hua, "/places"))[0] == "山海区"


async def test_pages_are_followed_to_the_end(hua: Person, small: SmallDistrict) -> None:
    for number in range(1, 8):
        await put(PlaceKind.BUILDING, f"{number}栋", small.grid)

    for filters, count in ((f"parent_id={small.grid.id}", 8), (f"q=栋&kind=building&parent_id={small.grid.id}", 0)):
        assert len(await everything(hua, filters)) == count
    assert len(await everything(hua, "q=月牙&kind=building")) == 8


async def everything(person: Person, filters: str) -> list[str]:
    seen: list[str] = []
    cursor = ""
    while True:
        told = await person.told("GET", f"/places?limit=3&{filters}{cursor}")
        seen += [item["id"] for item in told["items"]]
        assert len(set(seen)) == len(seen)
        if told["next_cursor"] is None:
            return seen
        cursor = f"&cursor={told['next_cursor']}"


async def test_what_somebody_types_is_found_best_first_with_its_way(hua: Person, small: SmallDistrict) -> None:
    told = await hua.told("GET", "/places?q=月牙十二号楼")

    assert [step["name"] for step in told["items"][0]["path"]][-2:] == ["梨湾老围", "12栋"]


async def test_a_candidate_says_that_it_is_one(hua: Person, small: SmallDistrict) -> None:
    draft = PlaceDraft(PlaceKind.ESTATE, "栗光苑", Origin.IMPORTED, standing=PlaceStanding.CANDIDATE)
    await add_place(draft, parent=small.district)

    (found,) = (await hua.told("GET", "/places?q=栗光"))["items"]

    assert (found["standing"], found["generated"]) == ("candidate", False)


async def candidate(small: SmallDistrict, point: Point | None = None) -> Place:
    draft = PlaceDraft(PlaceKind.ESTATE, "栗光苑", Origin.IMPORTED, standing=PlaceStanding.CANDIDATE, point=point)
    return await add_place(draft, parent=small.district)


async def test_of_two_estates_of_a_name_the_one_with_a_community_comes_first(hua: Person, small: SmallDistrict) -> None:
    await candidate(small)
    await put(PlaceKind.ESTATE, "栗光苑", small.other_community)

    found = (await hua.told("GET", "/places?q=栗光苑"))["items"]

    assert [item["standing"] for item in found] == ["settled", "candidate"]


async def test_a_candidate_may_lie_in_the_communities_of_what_stands_around_it(
    hua: Person, small: SmallDistrict
) -> None:
    estate = await candidate(small, PIN.to(Datum.BD09))
    far, near = (Point(PIN.lng, PIN.lat + north, Datum.WGS84) for north in (0.015, 0.002))
    await put(PlaceKind.BUILDING, "1栋", small.other_community, point=far)
    await put(PlaceKind.BUILDING, "2栋", small.grid, point=near)
    await put(PlaceKind.BUILDING, "3栋", small.grid, point=near)

    assert await names(hua, f"/places/{estate.id}/communities") == ["月牙社区", "石桥社区"]


async def test_for_a_candidate_far_from_everything_or_without_a_point_nothing_is_guessed(
    hua: Person, small: SmallDistrict
) -> None:
    estate = await candidate(small)
    await put(PlaceKind.BUILDING, "2栋", small.grid, point=PIN)
    lonely = PlaceDraft(
        PlaceKind.ESTATE, "榆舟苑", Origin.IMPORTED, standing=PlaceStanding.CANDIDATE,
        point=Point(PIN.lng, PIN.lat + 0.04, Datum.WGS84),
    )  # fmt: skip

    assert await names(hua, f"/places/{estate.id}/communities") == []
    assert await names(hua, f"/places/{(await add_place(lonely, parent=small.district)).id}/communities") == []


async def test_a_settled_place_lies_in_its_own_community(hua: Person, small: SmallDistrict) -> None:
    assert await names(hua, f"/places/{small.building.id}/communities") == ["月牙社区"]
    assert await names(hua, f"/places/{small.street.id}/communities") == []
    assert (await hua.ask("GET", "/places/999999999/communities")).status == 404


@pytest.mark.parametrize(
    ("filters", "pointer"),
    [
        ("q=" + "字" * 101, "/q"),
        ("q=%07", "/q"),
        ("kind=castle", "/kind"),
        ("parent_id=abc", "/parent_id"),
        ("parent_id=999999999", "/parent_id"),
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("cursor=nonsense", "/cursor"),
        ("q=x&cursor=WyJhIl0", "/cursor"),
        ("cursor=" + cursor_at(0, "\0", 1), "/cursor"),
        ("colour=red", "/colour"),
    ],
)
async def test_a_wrong_filter_is_named(hua: Person, filters: str, pointer: str) -> None:
    answer = await hua.ask("GET", f"/places?{filters}")

    assert answer.status == 422
    assert [each["pointer"] for each in (await answer.json())["errors"]] == [pointer]


async def test_a_text_of_a_hundred_characters_is_still_searched(hua: Person, small: SmallDistrict) -> None:
    assert await names(hua, "/places?q=" + "月牙" * 50) == ["月牙社区"]


async def test_near_a_pin_come_candidates_with_their_distance(hua: Person, small: SmallDistrict) -> None:
    await put(PlaceKind.BUILDING, "近", small.grid, point=PIN)
    await put(PlaceKind.BUILDING, "远", small.grid, point=Point(PIN.lng, PIN.lat + 0.01, Datum.WGS84))
    phone = PIN.to(Datum.GCJ02)

    told = await hua.told("GET", f"/places/near?lng={phone.lng}&lat={phone.lat}&datum=gcj02")

    assert [(item["name"], item["distance_m"]) for item in told["items"]] == [("近", 0), ("远", 1112)]
    assert told["items"][0]["path"][-1]["name"] == "近"


async def test_a_pin_outside_the_district_is_refused(hua: Person) -> None:
    answer = await hua.ask("GET", "/places/near?lng=116.4&lat=39.9&datum=wgs84", **{"Accept-Language": "en"})

    assert (answer.status, await problem_code(answer)) == (422, "location-outside-district")


@pytest.mark.parametrize("filters", ["lng=114&lat=22.6", "lng=nan&lat=22.6&datum=wgs84", "lng=181&lat=22&datum=wgs84"])
async def test_a_pin_without_its_datum_or_on_no_earth_is_refused(hua: Person, filters: str) -> None:
    assert (await hua.ask("GET", f"/places/near?{filters}")).status == 422


async def test_whoever_is_not_signed_in_is_asked_to(api: Api, small: SmallDistrict) -> None:
    for path in ("/places", f"/places/{small.street.id}", "/places/near?lng=114.03&lat=22.65&datum=wgs84"):
        assert (await api.get(f"{API}{path}")).status == 401


async def test_households_are_listed_under_their_building_but_not_searched(hua: Person, small: SmallDistrict) -> None:
    await Place.create(kind=PlaceKind.HOUSEHOLD, name="1203", parent=small.building, origin=Origin.GENERATED)

    assert await names(hua, f"/places?parent_id={small.building.id}") == ["1203"]
    assert await names(hua, "/places?q=1203") == []
