"""Saying where on the page, when an estate is known and its community is not: it is asked, never guessed."""

import pytest
from playwright.async_api import expect

from community.places.actions import PlaceDraft, add_place
from community.places.coordinates import Datum, Point
from community.places.models import Origin, Place, PlaceKind, PlaceStanding
from tests.browser.looks import faults_in, looks_for
from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.browser.words import LANGUAGES
from tests.town import Town

ESTATE = "栗光苑"
HERE = Point(114.0301, 22.6569, Datum.WGS84)
TEXT = "楼道灯坏了三天，没人修"
LOOKS = ("", "text=large", "text=care&theme=dark")


async def waiting_estate(town: Town, *, point: Point | None = None, name: str = ESTATE) -> Place:
    """Put in an estate as a list without communities does."""
    draft = PlaceDraft(PlaceKind.ESTATE, name, Origin.IMPORTED, standing=PlaceStanding.CANDIDATE, point=point)
    return await add_place(draft, parent=town.district)


async def building_at(town: Town, point: Point) -> Place:
    """Put in a building whose position is known."""
    return await add_place(PlaceDraft(PlaceKind.BUILDING, "7栋", Origin.GENERATED, point=point), parent=town.grid)


async def types(screen: Screen, words: str, *, into: str = "place.search", **places: object) -> None:
    """Write into the box of a question about the place."""
    await screen.page.get_by_label(screen.say(into, **places)).fill(words)


async def taps(screen: Screen, words: str) -> None:
    """Tap what is offered."""
    await screen.page.locator(".option").filter(has_text=words).first.click()


async def test_an_estate_without_a_community_is_offered_and_its_community_asked_and_used(
    resident: Resident, town: Town
) -> None:
    await waiting_estate(town, point=HERE.to(Datum.BD09))
    await building_at(town, HERE)
    screen = await resident.opens("file.html")

    await screen.press("place.other")
    await types(screen, "栗光")
    await screen.says("place.unplaced")
    await taps(screen, ESTATE)
    await screen.says("place.belongs", name=ESTATE)
    await screen.says("place.belongs.likely")
    await taps(screen, "北苑社区")
    await screen.says("place.estate.told", name=ESTATE)
    await screen.page.locator("#text").fill(TEXT)
    await screen.press("file.send")
    await screen.page.wait_for_url("**/progress.html?id=*")

    filed = await resident.newest()
    assert filed["place"]["id"] == str(town.community.id)
    assert filed["text"] == f"{TEXT}\n小区：{ESTATE}"


async def finds_its_community_by_name(screen: Screen) -> None:
    """Choose the estate, and the community it belongs to, where none is likely."""
    await types(screen, ESTATE)
    await taps(screen, ESTATE)
    await expect(screen.page.get_by_label(screen.say("place.belongs", name=ESTATE))).to_be_focused()
    await types(screen, "北苑", into="place.belongs", name=ESTATE)
    await taps(screen, "北苑社区")


async def test_the_estate_alone_chooses_nothing_and_its_community_is_searched_by_name(
    resident: Resident, town: Town
) -> None:
    await waiting_estate(town)
    screen = await resident.opens("file.html")
    plate = screen.page.locator("#field-place .plate")

    await screen.press("place.other")
    await types(screen, ESTATE)
    await taps(screen, ESTATE)
    await screen.press("place.again")
    await screen.press("place.keep")
    await expect(plate).to_contain_text("12栋")
    await screen.press("place.other")
    await finds_its_community_by_name(screen)

    await expect(plate).to_contain_text("北苑社区")


async def test_who_wrote_the_estates_name_does_not_read_it_twice(resident: Resident, town: Town) -> None:
    await waiting_estate(town)
    screen = await resident.opens("file.html")

    await screen.press("place.other")
    await finds_its_community_by_name(screen)
    await screen.page.locator("#text").fill(f"{ESTATE}{TEXT}")
    await screen.press("file.send")
    await screen.page.wait_for_url("**/progress.html?id=*")

    assert (await resident.newest())["text"] == f"{ESTATE}{TEXT}"


async def test_a_home_in_such_an_estate_is_a_building_of_its_community(resident: Resident, town: Town) -> None:
    await waiting_estate(town)
    there = await building_at(town, HERE)
    screen = await resident.opens("me.html")

    await screen.press("me.home.change")
    await screen.press("place.other")
    await finds_its_community_by_name(screen)
    await screen.says("place.inside.some")
    await taps(screen, "7栋")
    await screen.press("me.home.save")
    await screen.says("me.home.claimed")

    assert (await resident.phone.get("/me")).body["home"]["place"]["id"] == str(there.id)


async def test_near_the_phone_a_settled_place_is_offered_among_many_estates(resident: Resident, town: Town) -> None:
    for number in range(8):
        await waiting_estate(town, point=HERE, name=f"候{number}苑")
    await building_at(town, Point(HERE.lng, HERE.lat + 0.002, Datum.WGS84))
    here = {"longitude": HERE.lng, "latitude": HERE.lat, "accuracy": 30}
    screen = await resident.opens("file.html", geolocation=here, permissions=["geolocation"])

    await screen.press("place.other")
    await screen.press("place.locate")
    await screen.says("place.near")

    await expect(screen.page.locator(".option").first).to_contain_text("7栋")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_question_for_the_community_holds_in_every_look(
    resident: Resident, town: Town, language: str
) -> None:
    await waiting_estate(town, point=HERE, name="栗光苑名庭花园（南区）")
    await building_at(town, HERE)
    looks = looks_for(language, LOOKS)
    screen = await resident.opens("file.html", language, width=320)

    await screen.press("place.other")
    await types(screen, "栗光苑名庭花园")
    await screen.says("place.unplaced")
    faults = await faults_in(screen, looks)
    await taps(screen, "栗光苑名庭花园")
    await screen.says("place.belongs.likely")
    faults += await faults_in(screen, looks)
    await taps(screen, "北苑社区")
    faults += await faults_in(screen, looks)

    assert not faults, "\n".join(faults)
