"""The live page: it moves by itself, once and in order, and says honestly whether it can."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import WebSocketRoute, expect

from foundation.clock import FrozenClock
from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.browser.words import LANGUAGES
from tests.conftest import STARTED_AT
from tests.miniprogram_api.complaint_fixtures import BAD, GOOD
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
    await expect(screen.page.locator(".toast")).to_have_text(screen.say("file.sent", number=complaint["number"]))
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
    await expect(screen.page.locator("#now")).to_have_text(screen.say("now.closed.rated_solved"))
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


async def rated(resident: Resident, complaint: dict[str, Any], *ratings: dict[str, Any]) -> None:
    """Rate one round after the other; between them the unit does it again."""
    for round_, rating in enumerate(ratings, start=1):
        if round_ > 1:
            await resident.hears(complaint, "answered", round=round_)
        answer = await resident.phone.post(f"/complaints/{complaint['id']}/rating", rating)
        assert answer.status == 201, answer.body
        await resident.worker.run_until_idle()


@pytest.mark.parametrize(
    ("ratings", "because"),
    [([GOOD], "rated_solved"), ([BAD, BAD], "supervised"), ([BAD, GOOD | {"result": 2}], "supervised")],
)
async def test_why_it_ended_is_told_as_it_was_and_a_follower_is_told_that_it_ended(
    resident: Resident, neighbour: Phone, ratings: list[dict[str, Any]], because: str
) -> None:
    complaint = await resident.answered()
    await neighbour.call("PUT", f"/complaints/{complaint['id']}/follow")
    await rated(resident, complaint, *ratings)

    own, other = await resident.opens_case(complaint), await shows_case(resident, neighbour, complaint)

    await expect(own.page.locator("#now")).to_have_text(own.say(f"now.closed.{because}"))
    await expect(other.page.locator("#now")).to_have_text(other.say("now.closed.other"))


async def test_a_redo_nobody_rated_is_not_called_supervised(resident: Resident, clock: FrozenClock) -> None:
    complaint = await resident.answered()
    await rated(resident, complaint, BAD)
    await resident.hears(complaint, "answered", round=2)
    clock.advance(days=8)
    await resident.worker.sweep()

    screen = await resident.opens_case(complaint)

    await expect(screen.page.locator("#now")).to_have_text(screen.say("now.closed.not_rated"))
    await screen.open("complaints.html")
    await expect(screen.page.locator(".tag").first).to_have_text(screen.say("tag.closed"))


async def shows_case(resident: Resident, phone: Phone, complaint: dict[str, Any], language: str = "zh-Hans") -> Screen:
    """Open the live page on somebody else's phone."""
    return await replace(resident, phone=phone).opens_case(complaint, language)


async def test_a_follower_is_not_asked_to_rate_and_not_spoken_to_as_the_owner(
    resident: Resident, neighbour: Phone
) -> None:
    complaint = await resident.answered()
    await neighbour.call("PUT", f"/complaints/{complaint['id']}/follow")

    screen = await shows_case(resident, neighbour, complaint)

    await expect(screen.page.locator("#now")).to_have_text(screen.say("now.answered.other"))
    await expect(screen.page.locator("#main")).not_to_contain_text("您")
    await screen.open("complaints.html?scope=followed")
    await expect(screen.page.locator(".tag").first).to_have_text(screen.say("tag.answered.other"))
    await screen.says("card.answered.other")


async def test_since_when_and_what_last_go_by_the_time_of_what_happened(resident: Resident, clock: FrozenClock) -> None:
    complaint = await resident.passed_on()
    clock.advance(hours=2)
    for event, hours, unit in (("answered", 2, "城管队"), ("transferred", 1, "城管队"), ("assigned", 0, "环卫所")):
        at = STARTED_AT + timedelta(hours=hours)
        await resident.hears(complaint, event, at=at, agency_responsible=unit, sequence=None)

    screen = await resident.opens_case(complaint)

    await expect(screen.page.locator("#who")).to_contain_text("今晚\u00a022:06 起负责")
    await expect(screen.page.locator("#next")).to_have_text("今晚\u00a023:06 办结 · 请在 11 月 27 日周五 23:06 前评价")
