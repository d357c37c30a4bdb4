"""Coming in: by a ticket from the mini-program, and not without one."""

from playwright.async_api import expect

from tests.browser.resident import Resident
from tests.browser.screen import Screens
from tests.phone import Phone


async def test_a_tab_without_a_ticket_is_told_how_to_come_in(screens: Screens) -> None:
    screen = await screens.add()
    screen.expect_console("401")

    await screen.page.goto(f"{screen.base}/web/resident/home.html")

    await screen.page.wait_for_url("**/come-in.html")
    await screen.says("comein.title")


async def test_a_ticket_opens_the_page_and_leaves_the_address(resident: Resident) -> None:
    screen = await resident.opens("home.html")

    assert "ticket" not in screen.page.url
    await expect(screen.page.locator(".plate")).to_contain_text("12栋")


async def test_a_page_opened_again_needs_no_new_ticket(resident: Resident) -> None:
    screen = await resident.opens("home.html")

    await screen.page.reload()
    await screen.settled()

    await expect(screen.page.locator(".plate")).to_contain_text("12栋")


async def test_a_used_ticket_opens_nothing_for_a_stranger(resident: Resident) -> None:
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]
    first, second = await resident.screens.add(), await resident.screens.add()
    second.expect_console("4(01|22)")

    await first.open("home.html", ticket=ticket)
    await second.page.goto(f"{second.base}/web/resident/home.html#ticket={ticket}")

    await second.page.wait_for_url("**/come-in.html")


async def test_a_page_goes_on_working_after_another_was_opened_in_the_same_browser(resident: Resident) -> None:
    screen = await resident.opens("me.html")
    screen.expect_console("401")
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]
    other = await screen.context.new_page()
    await other.goto(f"{screen.base}/web/resident/home.html#ticket={ticket}")
    await other.wait_for_selector("body:not([data-waiting])")

    async with screen.page.expect_response(lambda answer: answer.url.endswith("/me") and answer.ok):
        await screen.page.locator("#large").check()

    assert (await resident.phone.get("/me")).body["large_text"] is True


async def test_a_page_that_cannot_reach_the_product_offers_to_try_again(resident: Resident) -> None:
    screen = await resident.opens("home.html")
    screen.expect_console("Failed to load resource")
    await screen.page.route("**/api/v1/page-sessions/current", lambda route: route.abort(), times=1)

    await screen.open("home.html")
    await screen.says("trouble.unreachable")
    await screen.press("try.again")

    await expect(screen.page.locator(".plate")).to_contain_text("12栋")


async def test_leaving_ends_the_page(resident: Resident) -> None:
    screen = await resident.opens("me.html")
    screen.expect_console("401")

    await screen.press("me.leave")
    await screen.page.wait_for_url("**/come-in.html")
    await screen.page.goto(f"{screen.base}/web/resident/home.html")

    await screen.page.wait_for_url("**/come-in.html")


async def test_the_home_is_changed_on_the_page_about_me(resident: Resident) -> None:
    screen = await resident.opens("me.html")

    await screen.press("me.home.change")
    await screen.page.locator("#room").fill("1203")
    await screen.press("me.home.save")

    await screen.says("me.room.is", room="1203")


async def test_who_follows_no_longer_is_led_back_to_the_list(resident: Resident, neighbour: Phone) -> None:
    complaint = await neighbour.file("门口积水很深")
    assert (await resident.phone.call("PUT", f"/complaints/{complaint['id']}/follow")).status < 300
    screen = await resident.opens_case(complaint)
    await expect(screen.page.locator("#log")).not_to_contain_text("门口积水很深")

    await screen.press("follow.stop")

    await screen.page.wait_for_url("**/complaints.html?scope=followed")
    await screen.says("followed.empty")


async def test_what_one_follows_is_listed_apart_from_what_one_filed(resident: Resident, neighbour: Phone) -> None:
    own, other = await resident.phone.file("楼道灯坏了三天"), await neighbour.file("门口积水很深")
    assert (await resident.phone.call("PUT", f"/complaints/{other['id']}/follow")).status < 300
    screen = await resident.opens("complaints.html")

    await expect(screen.page.locator(".cases a.card")).to_have_count(1)
    await expect(screen.page.locator(".cases a.card")).to_have_attribute("href", f"progress.html?id={own['id']}")
    await screen.press("complaints.followed")
    await screen.settled()

    await expect(screen.page.locator(".cases a.card")).to_have_attribute("href", f"progress.html?id={other['id']}")
    assert await screen.faults() == []
