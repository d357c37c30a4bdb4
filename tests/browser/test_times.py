"""Times in the reader's words, by the server's clock, whatever the phone thinks."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from foundation.clock import FrozenClock
from tests.browser.resident import Resident
from tests.browser.screen import Screen

MORNING = datetime(2026, 11, 19, 1, 30, tzinfo=UTC)  # a Thursday, 9:30 in Shenzhen
WRONG = """(() => {
  const told = Date;
  const now = told.now.bind(told);
  window.wrongBy = %d * 3600000;
  window.Date = class extends told {
    constructor(...given) {
      if (given.length) super(...given);
      else super(now() + window.wrongBy);
    }
    static now() {
      return now() + window.wrongBy;
    }
  };
})()"""


async def wrong_phone(resident: Resident, path: str, hours: int) -> Screen:
    """Open a page on a phone whose clock is wrong."""
    screen = await resident.screens.add()
    await screen.page.add_init_script(WRONG % hours)
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]
    await screen.open(path, ticket=ticket)
    return screen


def first_minutes_left(told: str) -> int:
    hours, minutes, _ = (int(part) for part in told.split(":"))
    return hours * 60 + minutes


@pytest.mark.parametrize("hours", [-7, 5])
async def test_a_phone_whose_clock_is_wrong_by_hours_counts_down_rightly(resident: Resident, hours: int) -> None:
    complaint = await resident.passed_on()
    await resident.hears(complaint, "assigned")

    screen = await wrong_phone(resident, f"progress.html?id={complaint['id']}", hours)

    await expect(screen.page.locator("#now")).to_contain_text("今晚\u00a021:36")
    await expect(screen.page.locator("#log time").first).to_have_text("刚刚")
    told = await screen.page.locator("[data-kind=accept] .clock__time").inner_text()
    assert first_minutes_left(told) in (28, 29, 30)


async def test_a_clock_that_is_set_while_one_looks_is_noticed(resident: Resident) -> None:
    complaint = await resident.passed_on()
    await resident.hears(complaint, "assigned")
    screen = await wrong_phone(resident, f"progress.html?id={complaint['id']}", 0)

    async with screen.page.expect_response(lambda answer: answer.url.endswith(f"/complaints/{complaint['id']}")):
        await screen.page.evaluate("window.wrongBy = 3 * 3600000")

    await expect(screen.page.locator("[data-kind=accept]")).to_have_attribute("data-tone", "run")
    await expect(screen.page.locator("#log time").first).to_have_text("刚刚")


@pytest.mark.parametrize(
    ("language", "ago", "due"),
    [
        ("zh-Hans", "10 分钟前", "明天上午\u00a09:30"),
        ("zh-Hant", "10 分鐘前", "明天上午\u00a09:30"),
        ("en", "10 minutes ago", "9:30\u00a0tomorrow morning"),
    ],
)
async def test_what_was_and_what_is_promised_are_told_as_one_would_tell_a_neighbour(
    resident: Resident, clock: FrozenClock, language: str, ago: str, due: str
) -> None:
    clock.set(MORNING)
    complaint = await resident.passed_on()
    await resident.hears(complaint, "assigned")
    clock.advance(minutes=10)
    await resident.hears(complaint, "accepted")

    screen = await resident.opens_case(complaint, language)

    times = screen.page.locator("#log time")
    await expect(times.first).to_have_text(screen.say("when.now"))
    await expect(times.last).to_have_text(ago)
    await expect(screen.page.locator("#now")).to_contain_text(due)


async def test_after_an_hour_the_time_itself_is_told_and_after_a_night_the_day(
    resident: Resident, clock: FrozenClock
) -> None:
    complaint = await resident.passed_on()
    last = "#log li:last-child time"

    clock.advance(hours=1)
    screen = await resident.opens_case(complaint)
    await expect(screen.page.locator(last)).to_have_text("今晚\u00a021:06")
    clock.advance(hours=11)
    await screen.page.reload()
    await expect(screen.page.locator(last)).to_have_text("昨晚\u00a021:06")
    clock.advance(hours=48)
    await screen.page.reload()

    await expect(screen.page.locator(last)).to_have_text("11 月 20 日 21:06")


async def test_times_grow_older_while_the_page_is_open(resident: Resident, clock: FrozenClock) -> None:
    complaint = await resident.passed_on()
    await resident.hears(complaint, "assigned")
    screen = await resident.screens.add()
    await screen.page.clock.install()
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]
    await screen.open(f"progress.html?id={complaint['id']}", ticket=ticket)
    await expect(screen.page.locator("#log time").first).to_have_text("刚刚")
    await expect(screen.page.locator("#live")).to_contain_text(screen.say("live.live"))
    await screen.page.wait_for_load_state("networkidle")  # half of what a question takes is taken for its way

    clock.advance(minutes=41)  # the page may ask again what time it is
    await screen.page.clock.fast_forward("41:00")

    await expect(screen.page.locator("#log time").first).to_have_text("41 分钟前")
    await expect(screen.page.locator("[data-kind=accept]")).to_contain_text("已经晚了 11 分钟")
    await expect(screen.page.locator("#now")).to_contain_text("晚了\u00a011 分钟")
