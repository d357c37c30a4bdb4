"""Who answers for a complaint, on the live page, when a second unit helps."""

from playwright.async_api import expect

from tests.browser.resident import UNIT, Resident


async def test_the_card_names_the_host_and_beside_it_who_helps(resident: Resident) -> None:
    complaint = await resident.passed_on()
    await resident.hears(complaint, "assigned")
    await resident.core.play(complaint, "co_handler_added", at=resident.worker.ground.clock.now())
    await resident.worker.run_until_idle()
    helper = (await resident.phone.timeline(complaint))[-1]["unit"]

    screen = await resident.opens_case(complaint)

    await expect(screen.page.locator("#who .strong")).to_have_text(UNIT["agency_responsible"])
    await expect(screen.page.locator("#who")).to_contain_text(screen.say("who.helping", units=helper))
