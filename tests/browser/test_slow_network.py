"""A slow, broken or vanished network: something stands there at once, nothing typed is lost, nothing is sent twice."""

import asyncio
from pathlib import Path

from PIL import Image
from playwright.async_api import Route, expect

from foundation.media.models import Media
from tests.browser.recording import Sent
from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.browser.test_filing import TEXT, arrived, filed, photo

SLOW = {"offline": False, "latency": 300, "downloadThroughput": 50_000, "uploadThroughput": 20_000}
"""A phone at the edge of a lift: 300 ms to and fro, 400 kbit/s down, 160 up."""


async def slow_down(screen: Screen) -> None:
    """Let the browser behave as on a poor network."""
    wire = await screen.context.new_cdp_session(screen.page)
    await wire.send("Network.enable")
    await wire.send("Network.emulateNetworkConditions", SLOW)


async def test_outlines_stand_there_before_the_product_has_answered(resident: Resident) -> None:
    screen = await resident.opens("home.html")
    answer = asyncio.Event()

    async def late(route: Route) -> None:
        await answer.wait()
        await route.continue_()

    await screen.page.clock.install()
    await screen.page.route("**/api/v1/page-sessions/current", late)
    await slow_down(screen)

    await screen.page.goto(f"{screen.base}/web/resident/home.html", wait_until="commit")
    await expect(screen.page.get_by_text(screen.say("page.opening"))).to_be_visible()
    outlines = await screen.page.evaluate("getComputedStyle(document.querySelector('.main'), '::before').height")
    await screen.page.clock.fast_forward(6000)
    await expect(screen.page.get_by_text(screen.say("page.slow"))).to_be_visible()
    answer.set()
    await screen.settled()

    assert outlines == "96px"
    await expect(screen.page.locator(".plate")).to_contain_text("12栋")
    await expect(screen.page.locator(".opening")).to_have_count(0)


async def test_the_first_page_can_be_used_before_its_list_has_come(resident: Resident) -> None:
    screen = await resident.opens("home.html")
    screen.expect_console("Failed to load resource")
    answer = asyncio.Event()

    async def late(route: Route) -> None:
        await answer.wait()
        await route.abort()

    await screen.page.route("**/api/v1/complaints?**", late, times=1)
    await screen.page.goto(f"{screen.base}/web/resident/home.html")
    await expect(screen.page.locator("a.door--main")).to_be_visible()
    answer.set()
    await screen.says("trouble.unreachable")
    await screen.press("try.again")

    await screen.says("mine.empty")


async def test_a_page_whose_modules_did_not_arrive_says_so_and_can_be_opened_again(resident: Resident) -> None:
    screen = await resident.opens("home.html")
    screen.expect_console("Failed to load resource")
    await screen.page.route("**/web/common/net.js", lambda route: route.abort(), times=1)

    await screen.page.goto(f"{screen.base}/web/resident/home.html")
    await screen.reads("这一页没有打开全")
    await screen.page.get_by_role("button", name="再试一次").click()

    await expect(screen.page.locator(".plate")).to_contain_text("12栋")


async def test_on_a_slow_network_a_complaint_with_a_photo_arrives_once(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    await slow_down(screen)
    sent = Sent.by(screen.page, "/api/v1/complaints")

    await screen.page.locator("#text").fill(TEXT)
    await screen.page.locator("input[type=file]").set_input_files([photo()])
    await screen.page.get_by_role("button", name=screen.say("file.send")).dblclick()
    await arrived(screen)

    assert len(sent.keys) == 1
    assert [len(complaint["media"]) for complaint in await filed(resident)] == [1]


async def test_a_lost_answer_is_asked_for_with_the_same_key(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("Failed to load resource")
    sent = Sent.by(screen.page, "/api/v1/complaints")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await screen.page.route("**/api/v1/complaints", lose, times=1)
    await screen.page.locator("#text").fill(TEXT)
    await screen.page.get_by_role("button", name=screen.say("file.send")).dblclick()
    await arrived(screen)

    assert len(sent.keys) == 2
    assert len(set(sent.keys)) == 1
    assert sent.keys[0]
    assert len(await filed(resident)) == 1


async def test_a_photo_the_network_lost_goes_a_second_time_by_itself(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("Failed to load resource")
    sent = Sent.by(screen.page, "/api/v1/media")
    await screen.page.route("**/api/v1/media", lambda route: route.abort(), times=1)

    await screen.page.locator("input[type=file]").set_input_files([photo()])
    await expect(screen.page.locator(".photo[data-state=again]")).to_contain_text(screen.say("photo.again"))
    await expect(screen.page.locator(".photo[data-state=done]")).to_have_count(1)

    assert len(sent.keys) == 2
    assert len(set(sent.keys)) == 1


async def test_a_photo_whose_answer_was_lost_is_stored_once_though_the_page_was_reloaded(
    resident: Resident, tmp_path: Path
) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("Failed to load resource")
    sent = Sent.by(screen.page, "/api/v1/media")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await screen.page.route("**/api/v1/media", lose, times=1)
    await screen.page.locator("input[type=file]").set_input_files([large_photo(tmp_path)])
    await expect(screen.page.locator(".photo[data-state=again]")).to_have_count(1)
    await screen.page.reload()
    await screen.settled()
    await expect(screen.page.locator(".photo[data-state=done]")).to_have_count(1)

    assert len(set(sent.keys)) == 1
    assert len(sent.keys) >= 2
    assert await Media.all().count() == 1


def large_photo(folder: Path) -> Path:
    """Make one that the page makes smaller before it sends it; a file, as the browser reads that by itself."""
    kept = folder / "large.jpg"
    Image.effect_noise((2800, 2000), 120).convert("RGB").save(kept, "JPEG", quality=95)
    assert kept.stat().st_size > 2.5 * 1024 * 1024
    return kept


async def test_while_handing_in_a_photo_is_sent_until_it_is_up(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("Failed to load resource")
    await screen.page.route("**/api/v1/media", lambda route: route.abort(), times=2)

    await screen.page.locator("#text").fill(TEXT)
    await screen.page.locator("input[type=file]").set_input_files([photo()])
    await expect(screen.page.locator(".photo[data-state=bad]")).to_have_count(1)
    await screen.press("file.send")
    await arrived(screen)

    assert [len(complaint["media"]) for complaint in await filed(resident)] == [1]


async def test_words_place_and_a_photo_that_is_not_up_outlive_a_reload(resident: Resident) -> None:
    screen = await resident.opens("file.html")
    screen.expect_console("Failed to load resource")
    await screen.page.route("**/api/v1/media", lambda route: route.abort())
    await screen.page.locator("#text").fill(TEXT)
    await screen.press("place.other")
    await screen.page.get_by_label(screen.say("place.search")).fill("北苑社区")
    await screen.page.locator("#field-place .option").filter(has_text="北苑社区").first.click()
    await screen.page.locator("input[type=file]").set_input_files([photo()])
    await expect(screen.page.locator(".photo[data-state=again]")).to_have_count(1)
    await screen.page.unroute("**/api/v1/media")

    await screen.page.reload()
    await screen.settled()

    await expect(screen.page.locator("#text")).to_have_value(TEXT)
    await expect(screen.page.locator("#field-place .plate")).to_have_text("民治街道 北苑社区")
    await expect(screen.page.locator(".photo[data-state=done]")).to_have_count(1)
    await screen.press("file.send")
    await arrived(screen)
    [complaint] = await filed(resident)
    assert (complaint["text"], complaint["place"]["name"], len(complaint["media"])) == (TEXT, "北苑社区", 1)


async def test_offline_the_banner_says_what_becomes_of_the_words(resident: Resident) -> None:
    screen = await resident.opens("file.html")

    await screen.context.set_offline(offline=True)
    await expect(screen.page.locator(".offline")).to_have_text(screen.say("offline.writing"))
    await screen.context.set_offline(offline=False)

    await expect(screen.page.locator(".offline")).to_be_hidden()
