"""One's own data on the page: what one agreed to, taking it along, and leaving for good."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.browser.words import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_one_agreed_to_is_listed_and_turned_by_one_press(resident: Resident, language: str) -> None:
    screen = await resident.opens("me.html", language)
    voice = screen.page.locator('[data-purpose="voice"]')
    await expect(voice).to_contain_text(screen.say("consent.state.not_asked"))

    for press, state in (("consent.yes", "given"), ("consent.withdraw", "withdrawn")):
        await voice.get_by_role("button").filter(has_text=screen.say(press)).click()
        await expect(voice).to_contain_text(screen.say(f"consent.state.{state}"))

    shown = (await resident.phone.get("/me/consents")).body["items"]
    assert [each["state"] for each in shown if each["purpose"] == "voice"] == ["withdrawn"]


async def test_a_use_that_waits_for_a_yes_asks_for_it_and_goes_on(resident: Resident) -> None:
    screen = await _writes_a_room_without_a_yes(resident)
    screen.expect_console("409")

    await screen.press("me.home.save")
    sheet = screen.page.get_by_role("dialog")
    await expect(sheet).to_be_visible()
    await sheet.get_by_role("button", name=screen.say("consent.no"), exact=True).click()
    await expect(sheet).to_be_hidden()
    assert (await _home_room(resident)) != "1203"

    await screen.press("me.home.save")
    await sheet.get_by_role("button", name=screen.say("consent.yes"), exact=True).click()
    await expect(screen.page.get_by_role("status")).to_have_text(screen.say("me.home.saved"))
    assert (await _home_room(resident)) == "1203"
    given = screen.page.locator('[data-purpose="sensitive_data"]')
    await expect(given).to_contain_text(screen.say("consent.state.given"))


async def test_a_page_that_was_open_for_long_asks_for_the_yes_it_lacks_too(resident: Resident) -> None:
    screen = await _writes_a_room_without_a_yes(resident)
    screen.expect_console("401|409")
    await screen.page.evaluate("sessionStorage.setItem('linli.csrf', JSON.stringify('worn'))")

    await screen.press("me.home.save")
    await screen.page.get_by_role("dialog").get_by_role("button", name=screen.say("consent.yes"), exact=True).click()

    await expect(screen.page.get_by_role("status")).to_have_text(screen.say("me.home.saved"))
    assert (await _home_room(resident)) == "1203"


async def test_everything_can_be_taken_along_as_one_file(resident: Resident, tmp_path: Path) -> None:
    await resident.phone.file("楼道灯坏了，晚上看不见")
    screen = await resident.opens("me.html")

    async with screen.page.expect_download() as going:
        await screen.press("me.export")
    await (await going.value).save_as(tmp_path / "mine.json")

    held = json.loads((tmp_path / "mine.json").read_text())["held"]
    assert "楼道灯坏了，晚上看不见" in json.dumps(held["complaints"], ensure_ascii=False)


async def test_leaving_for_good_asks_once_and_leaves_nobody_signed_in(resident: Resident) -> None:
    screen = await resident.opens("me.html")
    await screen.press("me.erase")
    sheet = screen.page.get_by_role("dialog")
    await expect(sheet).to_contain_text(screen.say("me.erase.never"))

    await sheet.get_by_role("button", name=screen.say("me.erase.yes"), exact=True).click()
    await screen.page.wait_for_url("**/come-in.html")

    assert (await resident.phone.get("/me")).status == 401


async def test_what_cannot_be_done_is_told_on_the_sheet_that_asked(resident: Resident) -> None:
    screen = await resident.opens("me.html")
    screen.expect_console("Failed to load resource")
    await screen.page.route("**/api/v1/me", lambda route: route.abort())
    await screen.press("me.erase")
    sheet = screen.page.get_by_role("dialog")

    await sheet.get_by_role("button", name=screen.say("me.erase.yes"), exact=True).click()

    await expect(sheet.get_by_role("alert")).to_have_text(screen.say("trouble.unreachable"))
    assert (await resident.phone.get("/me")).status == 200


async def _writes_a_room_without_a_yes(resident: Resident) -> Screen:
    """Open the page about oneself and write a room there that may not be kept."""
    await _withdraw(resident, "sensitive_data")
    screen = await resident.opens("me.html")
    await screen.press("me.home.change")
    await screen.page.locator("#room").fill("1203")
    return screen


async def _withdraw(resident: Resident, purpose: str) -> None:
    shown = (await resident.phone.get("/me/consents")).body["items"]
    version = next(each["version"] for each in shown if each["purpose"] == purpose)
    for given in (True, False):
        item = {"purpose": purpose, "version": version, "given": given}
        answer = await resident.phone.call("PUT", "/me/consents", json={"items": [item]})
        assert answer.status == 200, answer.body


async def _home_room(resident: Resident) -> str | None:
    home = (await resident.phone.get("/me")).body["home"]
    return home["room"] if home else None
