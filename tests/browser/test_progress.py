"""The live page: it moves by itself, once and in order, and says honestly whether it can."""

from datetime import timedelta

import pytest
from playwright.async_api import WebSocketRoute, expect

from foundation.clock import FrozenClock
from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.browser.words import LANGUAGES
from tests.conftest import STARTED_AT
from tests.phone import Phone

MINUTE = timedelta(minutes=1)


async def is_live(screen: Screen) -> None:
    await expect(screen.page.locator("#live")).to_contain_text(screen.say("live.live"))


async def numbers(screen: Screen) -> list[int]:
    """Give the numbers of the log's lines, top to bottom."""
    lines = await screen.page.locator("#log li").evaluate_all("lines => lines.map(line => Number(line.dataset.seq))")
    return [int(number) for number in lines]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_complaint_is_filed_watched_and_rated_on_the_pages(
    resident: Resident, language: str, clock: FrozenClock
) -> None:
    screen = await resident.opens("file.html", language)
    assert await screen.page.locator("html").get_attribute("lang") == language
    await screen.page.locator("#text").fill("楼道的灯坏了三天，老人下楼看不见")
    await screen.press("file.send")
    await screen.page.wait_for_url("**/progress.html?id=*")
    complaint = await resident.newest()
    await is_live(screen)

    await resident.worker.run_until_idle()
    for event, minutes in (("assigned", 1), ("accepted", 10), ("feedback", 60), ("in_progress", 90)):
        clock.set(STARTED_AT + minutes * MINUTE)
        await resident.hears(complaint, event, public_text="来看过了")
    await screen.reads("来看过了")
    await expect(screen.page.locator(".steps [aria-current=step]")).to_have_text(screen.say("step.work"))
    await expect(screen.page.locator("[data-kind=accept]")).to_have_attribute("data-tone", "met")
    await expect(screen.page.locator("a[href='tel:075500000413']")).to_be_visible()
    await resident.hears(complaint, "answered", public_text="三层的灯都换好了")
    await expect(screen.page.locator("#result")).to_contain_text("三层的灯都换好了")

    await screen.page.get_by_role("radio", name=screen.say("rate.solved.yes"), exact=True).check()
    for name in ("speed", "result", "service", "answer"):
        await screen.page.locator(f"#rate-{name} input[value='4']").check(force=True)
    await screen.press("rate.send")

    await screen.says("rate.given")
    await expect(screen.page.locator("#now")).to_have_text(screen.say("now.closed.solved"))
    assert (await resident.phone.show(complaint))["status"] == "closed"
    assert await numbers(screen) == sorted(await numbers(screen), reverse=True)


async def test_an_event_appears_without_anybody_touching_the_page(resident: Resident) -> None:
    complaint = await resident.passed_on()
    screen = await resident.opens_case(complaint)
    await is_live(screen)

    await resident.hears(complaint, "assigned")

    await screen.reads("民治街道城管执法队")
    await expect(screen.page.locator("#news")).not_to_be_empty()


async def test_after_a_cut_the_page_catches_up_from_its_last_number(resident: Resident) -> None:
    complaint = await resident.passed_on()
    screen = await resident.screens.add()
    sockets: list[WebSocketRoute] = []

    def pass_through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    await screen.page.route_web_socket("**/api/v1/live?**", pass_through)
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]
    await screen.open(f"progress.html?id={complaint['id']}", ticket=ticket)
    await is_live(screen)

    await sockets[-1].close(code=4408)
    for event in ("assigned", "accepted", "feedback"):
        await resident.hears(complaint, event)
    await expect(screen.page.locator("#log li")).to_have_count(5)
    await is_live(screen)

    assert await numbers(screen) == [5, 4, 3, 2, 1]
    assert len(sockets) > 1


async def test_where_no_socket_can_be_had_the_page_asks_and_waits(resident: Resident) -> None:
    complaint = await resident.passed_on()
    screen = await resident.screens.add()
    screen.expect_console("Failed to load resource")

    await screen.page.route_web_socket("**/api/v1/live?**", lambda socket: socket.close())
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]
    await screen.open(f"progress.html?id={complaint['id']}", ticket=ticket)
    await is_live(screen)
    await resident.hears(complaint, "assigned")

    await screen.reads("民治街道城管执法队")
    assert await numbers(screen) == [3, 2, 1]


async def test_a_lost_socket_is_told_with_the_age_of_what_is_shown(resident: Resident) -> None:
    complaint = await resident.passed_on()
    screen = await resident.screens.add()
    screen.expect_console("Failed to load resource")
    sockets: list[WebSocketRoute] = []

    def pass_through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    await screen.page.clock.install()
    await screen.page.route_web_socket("**/api/v1/live?**", pass_through)
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]
    await screen.open(f"progress.html?id={complaint['id']}", ticket=ticket)
    await is_live(screen)

    await screen.page.route("**/api/v1/live-tickets", lambda route: route.abort())
    await sockets[-1].close(code=1011)
    live = screen.page.locator("#live")
    await expect(live).to_contain_text(f"{screen.say('live.again')} · 看到的是刚刚的样子")
    await screen.page.clock.fast_forward("03:00")
    await expect(live).to_contain_text("看到的是 3 分钟前的样子")
    await resident.hears(complaint, "assigned")
    await screen.page.unroute("**/api/v1/live-tickets")
    await screen.page.clock.fast_forward("01:00")

    await is_live(screen)
    await screen.reads("民治街道城管执法队")
    assert await numbers(screen) == [3, 2, 1]


async def test_without_a_network_the_page_says_so_and_comes_back(resident: Resident) -> None:
    complaint = await resident.passed_on()
    screen = await resident.opens_case(complaint)
    screen.expect_console("ERR_INTERNET_DISCONNECTED")
    await is_live(screen)

    await screen.context.set_offline(offline=True)
    await expect(screen.page.locator("#live")).to_contain_text(screen.say("live.offline"))
    await resident.hears(complaint, "assigned")
    await screen.context.set_offline(offline=False)

    await is_live(screen)
    await screen.reads("民治街道城管执法队")


async def test_a_promise_that_was_broken_is_drawn_past_its_mark(resident: Resident, clock: FrozenClock) -> None:
    complaint = await resident.passed_on()
    await resident.hears(complaint, "assigned")
    clock.advance(minutes=41)
    await resident.hears(complaint, "accepted")

    screen = await resident.opens_case(complaint)

    clock_face = screen.page.locator("[data-kind=accept]")
    await expect(clock_face).to_have_attribute("data-tone", "late")
    await expect(clock_face).to_contain_text("晚了 11 分钟")


async def test_a_pressing_letter_looks_like_a_letter(resident: Resident) -> None:
    complaint = await resident.passed_on()
    await resident.hears(complaint, "assigned")
    await resident.hears(complaint, "urging_letter", public_text="请马上签收")

    screen = await resident.opens_case(complaint)

    await expect(screen.page.locator("#log .letter")).to_contain_text(screen.say("letter.urging_letter"))
    await expect(screen.page.locator("#log .letter")).to_contain_text("请马上签收")


async def test_what_waits_to_be_passed_on_says_so(resident: Resident) -> None:
    complaint = await resident.phone.file()

    screen = await resident.opens_case(complaint)

    await expect(screen.page.locator("#now")).to_contain_text("收到了")
    await screen.says("next.submitted")


async def test_an_addition_appears_in_the_log(resident: Resident) -> None:
    screen = await resident.opens_case(await resident.passed_on())

    await screen.press("more.open")
    await screen.page.locator("#more-text").fill("昨晚又来了")
    await screen.press("more.send")

    await expect(screen.page.locator("#log")).to_contain_text("昨晚又来了")
    await expect(screen.page.locator("#more-text")).to_have_count(0)


async def test_urging_is_possible_once_and_then_says_when_again(resident: Resident) -> None:
    complaint = await resident.passed_on()
    await resident.hears(complaint, "assigned")
    screen = await resident.opens_case(complaint)

    await screen.press("urge.open")
    await screen.press("urge.yes")

    later = screen.page.get_by_role("button", name="后再催")
    await expect(later).to_have_attribute("aria-disabled", "true")


async def test_withdrawing_asks_first(resident: Resident) -> None:
    complaint = await resident.passed_on()
    screen = await resident.opens_case(complaint)

    await screen.press("withdraw.open")
    await screen.press("sheet.leave")
    assert (await resident.phone.show(complaint))["status"] == "pushed"
    await screen.press("withdraw.open")
    await screen.page.get_by_role("button", name=screen.say("withdraw.yes"), exact=True).click()

    await expect(screen.page.locator("#now")).to_have_text(screen.say("now.withdrawn"))


async def test_not_solved_sends_it_back_once(resident: Resident) -> None:
    complaint = await resident.answered()
    screen = await resident.opens_case(complaint)

    await screen.page.get_by_role("radio", name=screen.say("rate.solved.no"), exact=True).check()
    for name in ("speed", "result", "service", "answer"):
        await screen.page.locator(f"#rate-{name} input[value='2']").check(force=True)
    await screen.press("rate.send")

    await screen.says("progress.round", n=2)


async def test_a_rating_without_an_answer_says_what_is_missing(resident: Resident) -> None:
    screen = await resident.opens_case(await resident.answered())

    await screen.press("rate.send")

    await screen.says("rate.solved.missing")
    await screen.says("rate.missing")


async def test_a_complaint_that_is_not_mine_to_see_looks_like_none(resident: Resident, neighbour: Phone) -> None:
    complaint = await neighbour.file()
    screen = await resident.screens.add()
    screen.expect_console("404")
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]

    await screen.open(f"progress.html?id={complaint['id']}", ticket=ticket)

    await screen.says("trouble.missing")
