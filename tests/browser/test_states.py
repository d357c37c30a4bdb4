"""Every page in the states nobody hopes for: empty, wrong, offline, half done; measured and seen with axe's eyes."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import FilePayload, expect

from foundation.clock import FrozenClock
from tests.browser.looks import SOAK, faults_in
from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.browser.words import LANGUAGES

LOOKS = ("", "theme=dark", "text=large") if not SOAK else ("", "theme=dark", "text=large", "text=large&theme=dark")
SPOKEN = LANGUAGES if SOAK else LANGUAGES[:1]
PICTURES = os.environ.get("LINLI_TEST_PICTURES")
"""A folder to put a picture of each state into, for looking at."""
WIDTH = 375 if PICTURES else 320
NO_PHOTO: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"these are only words"}


async def nothing_yet(screen: Screen) -> None:
    """Open the first page of somebody who never filed anything."""
    await screen.open("home.html")


async def no_complaint(screen: Screen) -> None:
    """Open an empty list."""
    await screen.open("complaints.html?scope=followed")


async def everything_wrong(screen: Screen) -> None:
    """Hand in a form in which everything is missing or wrong."""
    await screen.open("file.html")
    await screen.page.locator("#text").fill("吵")
    await screen.page.locator("#behalf").check()
    await screen.page.locator("#behalf-phone").fill("138")
    await screen.page.locator("input[type=file]").set_input_files([NO_PHOTO])
    await expect(screen.page.locator(".photo[data-state=bad]")).to_have_count(1)
    await screen.press("place.other")
    await screen.page.get_by_label(screen.say("place.search")).fill("社区")
    await expect(screen.page.locator(".option").first).to_be_visible()
    await screen.press("category.choose")
    await screen.page.locator("#category-0").select_option(index=1)
    await screen.press("file.send")
    await expect(screen.page.locator("#field-behalf-phone .error")).to_be_visible()


async def danger(screen: Screen) -> None:
    """Write of a fire, with a similar case nearby."""
    await screen.open("file.html")
    await screen.page.locator("#text").fill("楼道灯坏了，电动车着火了")
    await screen.says("emergency.now")


async def listening(screen: Screen) -> None:
    """Let the page listen."""
    await screen.open("file.html")
    await screen.page.locator("#text").fill("")
    await screen.press("voice.speak")
    await screen.says("voice.listening")


async def spoken(screen: Screen) -> None:
    """Have said it."""
    await listening(screen)
    await screen.listened()
    await screen.press("voice.end")
    await expect(screen.page.locator("#field-voice [data-state=done]")).to_be_visible()


async def waiting_for_a_network(screen: Screen) -> None:
    """Hand in without a network."""
    await screen.open("file.html")
    await screen.context.set_offline(offline=True)
    await screen.page.locator("#text").fill("楼道灯坏了三天，没人修")
    await screen.press("file.send")
    await expect(screen.page.get_by_role("button", name=screen.say("file.change"))).to_be_visible()


async def network_gone(screen: Screen, case: str) -> None:
    """Lose the network on the live page."""
    await screen.open(case)
    await expect(screen.page.locator("#live")).to_contain_text(screen.say("live.live"))
    await screen.context.set_offline(offline=True)
    await expect(screen.page.locator("#live")).to_contain_text(screen.say("live.offline"))


async def moving_house(screen: Screen) -> None:
    """Change the home, with a room no house has."""
    await screen.open("me.html")
    await screen.press("me.home.change")
    await screen.page.locator("#room").fill("1" * 20)
    await screen.press("place.other")


async def unreachable(screen: Screen) -> None:
    """Find the product away."""
    await screen.page.route("**/api/v1/page-sessions/current", lambda route: route.abort(), times=1)
    await screen.open("complaints.html")
    await screen.says("trouble.unreachable")


async def missing(screen: Screen) -> None:
    """Ask for a case that does not exist."""
    await screen.open("progress.html?id=0")
    await screen.says("trouble.missing")


async def unrated(screen: Screen, case: str) -> None:
    """Rate without saying anything."""
    await screen.open(case)
    await screen.press("rate.send")
    await screen.says("rate.missing")


async def adding(screen: Screen, case: str) -> None:
    """Begin to add something."""
    await screen.open(case)
    await screen.press("more.open")
    await screen.press("more.send")
    await screen.says("more.missing")


async def asked(screen: Screen, case: str) -> None:
    """Be asked whether one means it."""
    await screen.open(case)
    await screen.press("withdraw.open")
    await expect(screen.page.locator("dialog")).to_be_visible()


Scene = Callable[[Screen], Awaitable[None]]


async def lived_in(resident: Resident, clock: FrozenClock) -> dict[str, str]:
    """Have one late complaint, one answered, one that waits for the resident and one that is not the district's."""
    late = await resident.passed_on(text="每天晚上占道经营到凌晨两三点，油烟、噪音很大")
    await resident.hears(late, "assigned")
    clock.advance(minutes=41)
    for event in ("urging_letter", "accepted"):
        await resident.hears(late, event, public_text="请马上签收，并说明原因。")
    answered = await resident.answered(text="楼道灯坏了")
    paused = await resident.passed_on(text="小区门口的路面塌了一块")
    for event in ("assigned", "accepted", "waiting_for_resident"):
        await resident.hears(paused, event, public_text="请补一张照片")
    refused = await resident.passed_on(text="邻居欠我两千块钱不还")
    await resident.hears(refused, "not_accepted", public_text="这是欠款纠纷，请找人民调解委员会")
    cases: dict[str, dict[str, Any]] = {"late": late, "answered": answered, "paused": paused, "refused": refused}
    return {name: f"progress.html?id={case['id']}" for name, case in cases.items()}


def scenes_of(cases: dict[str, str]) -> dict[str, Scene]:
    """List the states that need somebody who has lived here for a while."""
    return {
        "everything-wrong": everything_wrong,
        "danger": danger,
        "listening": listening,
        "spoken": spoken,
        "waiting": waiting_for_a_network,
        "moving-house": moving_house,
        "unreachable": unreachable,
        "missing": missing,
        "late": lambda screen: screen.open(cases["late"]),
        "paused": lambda screen: screen.open(cases["paused"]),
        "refused": lambda screen: screen.open(cases["refused"]),
        "unrated": lambda screen: unrated(screen, cases["answered"]),
        "adding": lambda screen: adding(screen, cases["late"]),
        "asked": lambda screen: asked(screen, cases["late"]),
        "network-gone": lambda screen: network_gone(screen, cases["late"]),
    }


async def faults_of(screen: Screen, name: str) -> list[str]:
    """List what is wrong with the page as it stands, in every look."""
    for look in LOOKS if PICTURES else ():
        await screen.wear(look)
        picture = Path(PICTURES or "") / f"{name}-{screen.language}-{look or 'light'}.png"
        await screen.page.screenshot(path=picture, full_page=True)
    return [f"{name} {one}" for one in await faults_in(screen, LOOKS)]


@pytest.mark.parametrize("language", SPOKEN)
async def test_pages_with_nothing_in_them_hold(resident: Resident, language: str) -> None:
    screen = await resident.opens("home.html", language, width=WIDTH)
    faults = []
    for scene in (nothing_yet, no_complaint):
        await scene(screen)
        faults += await faults_of(screen, scene.__name__)
    assert not faults, "\n".join(faults)


@pytest.mark.timeout(900 if SOAK else 300)
@pytest.mark.parametrize("language", SPOKEN)
async def test_pages_in_trouble_hold(resident: Resident, language: str, clock: FrozenClock) -> None:
    cases = await lived_in(resident, clock)
    screen = await resident.opens("home.html", language, width=WIDTH, permissions=["microphone"])
    screen.expect_console("Failed to load resource|ERR_INTERNET_DISCONNECTED")
    faults = []
    for name, scene in scenes_of(cases).items():
        await scene(screen)
        faults += await faults_of(screen, name)
        await screen.page.evaluate("localStorage.clear()")
        await screen.page.goto("about:blank")  # or it would hand in what waits for a network, and go there
        await screen.context.set_offline(offline=False)
    assert not faults, "\n".join(faults)
