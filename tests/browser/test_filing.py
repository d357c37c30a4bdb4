"""Filing a complaint on the page: nothing typed is lost, and however it is sent it is one complaint."""

import io
from typing import Any

from PIL import Image
from playwright.async_api import FilePayload, Route, expect

from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.core import DispatchCore
from tests.phone import Phone

TEXT = "楼下烧烤店每晚占道经营，油烟很大"


def photo(colour: str = "green") -> FilePayload:
    """Make a photo as a phone's file picker hands it over."""
    kept = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(kept, "JPEG")
    return {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": kept.getvalue()}


async def arrived(screen: Screen) -> None:
    """Wait until the live page of the new complaint shows itself."""
    await screen.page.wait_for_url("**/progress.html?id=*")
    await screen.settled()


async def filed(resident: Resident) -> list[dict[str, Any]]:
    """List what the resident has filed."""
    listed = (await resident.phone.get("/complaints")).body
    complaints: list[dict[str, Any]] = listed["items"]
    return complaints


async def test_what_is_missing_is_said_at_its_field_and_the_cursor_stands_there(resident: Resident) -> None:
    screen = await resident.opens("file.html")

    await screen.page.locator("#text").fill("很吵")
    await screen.press("file.send")

    await screen.says("file.text.short", n=5)
    await expect(screen.page.locator("#text")).to_be_focused()
    await expect(screen.page.locator("#text")).to_have_attribute("aria-invalid", "true")
    await expect(screen.page.locator("#text")).to_have_value("很吵")


async def test_the_home_is_chosen_beforehand_and_shown_as_a_plate(resident: Resident) -> None:
    screen = await resident.opens("file.html")

    await expect(screen.page.locator("#field-place .plate")).to_contain_text("12栋")


async def test_another_place_is_searched_by_words_and_confirmed_by_a_press(resident: Resident) -> None:
    screen = await resident.opens("file.html")

    await screen.press("place.other")
    await screen.page.get_by_label(screen.say("place.search")).fill("北苑社区")
    option = screen.page.locator("#field-place .option").filter(has_text="北苑社区").first
    await option.click()
    await screen.page.locator("#text").fill(TEXT)
    await screen.press("file.send")
    await arrived(screen)

    assert "北苑社区" in str((await filed(resident))[0]["place"])


async def test_where_the_phone_is_becomes_a_place_only_by_a_press(resident: Resident) -> None:
    here = {"longitude": 114.03, "latitude": 22.65, "accuracy": 30}
    screen = await resident.opens("file.html", geolocation=here, permissions=["geolocation"])

    await screen.press("place.other")
    await screen.press("place.locate")
    await screen.says("place.near")
    await screen.page.locator(".option").filter(has_text=screen.say("place.here")).click()

    await expect(screen.page.locator("#field-place .plate")).to_contain_text(screen.say("place.here"))


async def test_a_phone_that_does_not_tell_where_it_is_leaves_the_search(resident: Resident) -> None:
    screen = await resident.opens("file.html", permissions=[])

    await screen.press("place.other")
    await screen.press("place.locate")

    await screen.says("place.nofix")


async def test_photos_go_up_one_by_one_and_travel_with_the_complaint(resident: Resident) -> None:
    screen = await resident.opens("file.html")

    await screen.page.locator("input[type=file]").set_input_files([photo("green"), photo("red")])
    await expect(screen.page.locator(".photo[data-state=done]")).to_have_count(2)
    await screen.page.locator("#text").fill(TEXT)
    await screen.press("file.send")
    await arrived(screen)

    assert len((await filed(resident))[0]["media"]) == 2
    await expect(screen.page.locator("#log img")).to_have_count(2)


async def test_a_photo_that_twice_did_not_go_up_is_tried_again_by_a_press(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("Failed to load resource")
    await screen.page.route("**/api/v1/media", lambda route: route.abort(), times=2)

    await screen.page.locator("input[type=file]").set_input_files([photo()])
    await expect(screen.page.locator(".photo[data-state=bad]")).to_have_count(1)
    await screen.page.locator(".photo__again").click()

    await expect(screen.page.locator(".photo[data-state=done]")).to_have_count(1)


async def test_what_is_no_photo_is_refused_with_the_reason(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("415")

    broken: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"these are only words"}
    await screen.page.locator("input[type=file]").set_input_files([broken])
    await expect(screen.page.locator(".photo[data-state=bad]")).to_have_count(1)
    await screen.reads("不支持这种文件")
    await screen.page.locator("#text").fill(TEXT)
    await screen.press("file.send")

    await screen.says("photos.notyet")


async def test_words_of_danger_bring_the_number_to_call_before_anything_is_sent(resident: Resident) -> None:
    screen = await resident.opens("file.html")

    await screen.page.locator("#text").fill("楼下电动车着火了，烟很大")
    await screen.says("emergency.now")
    await expect(screen.page.locator("#hurry a[href='tel:119']")).to_be_visible()
    await screen.press("file.send")
    await expect(screen.page.locator("#hurry strong")).to_be_focused()
    await screen.press("emergency.goon")
    await screen.press("file.send")

    await arrived(screen)


async def test_a_double_tap_makes_one_complaint(resident: Resident) -> None:
    screen = await resident.opens("file.html")

    await screen.page.locator("#text").fill(TEXT)
    await screen.page.get_by_role("button", name=screen.say("file.send")).dblclick()
    await arrived(screen)

    assert len(await filed(resident)) == 1


async def test_words_changed_after_a_lost_answer_become_an_addition_to_the_one_complaint(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("Failed to load resource")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await screen.page.route("**/api/v1/complaints", lose, times=1)
    await screen.page.locator("#text").fill(TEXT)
    await screen.press("file.send")
    await screen.page.get_by_role("button", name=screen.say("file.change")).click()
    await screen.page.locator("#text").fill(f"{TEXT}，孩子一直咳嗽")
    await screen.press("file.send")
    await arrived(screen)

    await expect(screen.page.locator("#more-text")).to_have_value(f"{TEXT}，孩子一直咳嗽")
    assert [complaint["text"] for complaint in await filed(resident)] == [TEXT]


async def test_what_was_written_without_a_network_goes_by_itself_once_there_is_one(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("ERR_INTERNET_DISCONNECTED")

    await screen.context.set_offline(offline=True)
    await screen.page.locator("#text").fill(TEXT)
    await screen.page.locator("input[type=file]").set_input_files([photo()])
    await screen.press("file.send")
    await expect(screen.page.locator(".offline")).to_contain_text(screen.say("offline.queued"))
    assert await filed(resident) == []
    await screen.context.set_offline(offline=False)
    await arrived(screen)

    assert [len(complaint["media"]) for complaint in await filed(resident)] == [1]


async def test_a_draft_is_still_there_when_the_page_is_opened_again(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    await screen.page.locator("#text").fill(TEXT)
    await screen.page.get_by_label(screen.say("who.hidden")).check()
    await screen.page.locator("input[type=file]").set_input_files([photo()])
    await expect(screen.page.locator(".photo[data-state=done]")).to_have_count(1)

    await screen.open("home.html")
    await screen.press("home.draft.go")
    await screen.settled()

    await expect(screen.page.locator("#text")).to_have_value(TEXT)
    await expect(screen.page.get_by_label(screen.say("who.hidden"))).to_be_checked()
    await expect(screen.page.locator(".photo[data-state=done]")).to_have_count(1)


async def test_who_may_see_the_name_reaches_the_product(resident: Resident) -> None:
    screen = await resident.opens("file.html")

    await screen.page.locator("#text").fill(TEXT)
    await screen.page.get_by_label(screen.say("who.nobody")).check()
    await screen.press("file.send")
    await arrived(screen)

    [complaint] = await filed(resident)
    assert (complaint["confidential"], complaint["anonymous"]) == (True, True)


async def test_a_problem_of_the_product_is_shown_at_the_field_it_names(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("422")

    await screen.page.locator("#text").fill(TEXT)
    await screen.page.get_by_label(screen.say("behalf.on")).check()
    await screen.page.locator("#behalf-name").fill("陈" * 40)
    await screen.page.locator("#behalf-phone").fill("13800000413")
    await screen.press("file.send")

    await expect(screen.page.locator("#field-behalf-name .error")).to_be_visible()
    await expect(screen.page.locator("#behalf-name")).to_be_focused()


async def test_a_neighbour_follows_a_similar_case_instead_of_filing_a_second(
    resident: Resident, neighbour: Phone, core: DispatchCore
) -> None:
    complaint = await neighbour.file("楼下烧烤店每天晚上占道经营，油烟很大", category="130")
    screen = await resident.opens("file.html")

    await screen.page.locator("#text").fill(TEXT)
    await screen.press("similar.follow")
    await arrived(screen)

    followed = (await resident.phone.get("/complaints", params={"scope": "followed"})).body["items"]
    assert [each["id"] for each in followed] == [complaint["id"]]
    assert await filed(resident) == []
