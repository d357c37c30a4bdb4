"""Every page in every way it may be looked at: small, large, dark, in three languages, by keyboard, with axe's eyes."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.looks import faults_in, looks_for
from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.browser.words import LANGUAGES

PAGES = (
    "home.html",
    "file.html",
    "complaints.html",
    "me.html",
    "come-in.html",
    "progress.html?id={running}",
    "progress.html?id={answered}",
)
LOOKS = ("", "theme=dark", "text=large", "text=care&theme=dark")
MOST_TABS = 60


async def lived_in(resident: Resident) -> dict[str, str]:
    """Have one complaint under way and one answered; give their ids by name."""
    running = await resident.passed_on(text="每天晚上占道经营到凌晨两三点，油烟、噪音很大，多次打电话都没有解决")
    for event in ("assigned", "urging_letter", "accepted"):
        await resident.hears(running, event, public_text="请马上签收，并说明原因。")
    answered: dict[str, Any] = await resident.answered(text="楼道灯坏了")
    return {"running": running["id"], "answered": answered["id"]}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_holds_in_every_look_on_a_small_phone(resident: Resident, language: str) -> None:
    ids = await lived_in(resident)
    screen = await resident.opens("home.html", language, width=320)
    faults = []
    for page in PAGES:
        await screen.open(page.format(**ids))
        faults += [f"{page} {one}" for one in await faults_in(screen, looks_for(language, LOOKS))]
    assert not faults, "\n".join(faults)


async def tab_to(screen: Screen, found: Callable[[], Awaitable[bool]]) -> None:
    """Press Tab until it is found; a page nobody can walk through ends the test."""
    for _ in range(MOST_TABS):
        await screen.page.keyboard.press("Tab")
        if await found():
            return
    raise AssertionError("not reached by keyboard")


async def test_a_complaint_is_filed_by_keyboard_alone(resident: Resident) -> None:
    screen = await resident.opens("home.html")
    keyboard = screen.page.keyboard

    def focus_on(selector: str) -> Callable[[], Awaitable[bool]]:
        async def there() -> bool:
            return bool(await screen.page.evaluate("css => document.activeElement.matches(css)", selector))

        return there

    await keyboard.press("Tab")
    assert await focus_on(".skip")()
    await tab_to(screen, focus_on("a.door--main"))
    await keyboard.press("Enter")
    await screen.page.wait_for_url("**/file.html")
    await screen.settled()
    await tab_to(screen, focus_on("#text"))
    await keyboard.type("楼道灯坏了三天，没人修")
    await tab_to(screen, focus_on("input[name=who]"))
    await keyboard.press("ArrowDown")
    await tab_to(screen, focus_on("#send button"))
    await keyboard.press("Enter")
    await screen.page.wait_for_url("**/progress.html?id=*")

    assert (await resident.newest())["confidential"] is True


async def test_large_text_is_one_press_away_and_stays(resident: Resident) -> None:
    screen = await resident.opens("home.html")

    await screen.press("look.large")
    await expect(screen.page.locator("html")).to_have_attribute("data-text", "large")
    await expect(screen.page.get_by_role("button", name=screen.say("look.normal"))).not_to_have_attribute(
        "aria-disabled", "true"
    )
    other = await resident.opens("me.html")

    await expect(other.page.locator("html")).to_have_attribute("data-text", "large")
    await expect(other.page.locator("#large")).to_be_checked()


async def test_the_language_is_chosen_once_and_speaks_everywhere(resident: Resident) -> None:
    screen = await resident.opens("me.html")

    async with screen.page.expect_navigation():
        await screen.page.get_by_label("English").check()
    other = await resident.opens("home.html", "zh-Hans")

    other.language = "en"
    await other.says("home.file.line")
    assert await other.page.locator("html").get_attribute("lang") == "en"


async def test_the_time_on_a_clock_is_not_read_out_every_second(resident: Resident) -> None:
    screen = await resident.opens_case(await resident.answered())

    await expect(screen.page.locator(".clock__time[aria-hidden=true]")).to_have_count(3)


async def test_a_phone_without_a_voice_has_no_button_that_reads(resident: Resident) -> None:
    complaint = await resident.passed_on()
    silent = await resident.screens.add()
    await silent.page.add_init_script("delete window.SpeechSynthesisUtterance")
    ticket = (await resident.phone.post("/page-tickets")).body["ticket"]

    await silent.open(f"progress.html?id={complaint['id']}", ticket=ticket)
    speaking = await resident.opens_case(complaint)

    await expect(silent.page.get_by_role("button", name=silent.say("read.aloud"))).to_have_count(0)
    await expect(speaking.page.get_by_role("button", name=speaking.say("read.aloud"))).to_be_visible()
