"""Who does not write: a complaint by voice alone or by photo alone, with the sentence the page writes for them."""

import pytest
from playwright.async_api import FilePayload, Route, expect

from tests.browser.resident import Resident
from tests.browser.screen import Screen
from tests.browser.test_filing import arrived, filed, photo
from tests.browser.words import LANGUAGES

ONLY_WEBM = """() => {
  const knows = MediaRecorder.isTypeSupported;
  MediaRecorder.isTypeSupported = kind => kind.startsWith("audio/webm") && knows(kind);
}"""
"""What older phones can record."""
PLAYS = """async address => {
  const bytes = await (await fetch(address)).arrayBuffer();
  const ears = new OfflineAudioContext(1, 48000, 48000);
  const sound = await ears.decodeAudioData(bytes);
  return { seconds: sound.duration, loud: Math.max(...sound.getChannelData(0)) };
}"""
AMR: FilePayload = {"name": "1.amr", "mimeType": "audio/amr", "buffer": b"#!AMR\n" + (b"\x3c" + bytes(31)) * 100}
"""Two seconds of silence, as a phone's own recorder writes them."""


async def opens(resident: Resident, language: str = "zh-Hans") -> Screen:
    return await resident.opens("file.html", language, permissions=["microphone"])


async def speak(screen: Screen) -> None:
    """Press, speak for a second, press."""
    await screen.press("voice.speak")
    await screen.says("voice.listening")
    await screen.listened()
    await screen.press("voice.end")
    await expect(screen.page.locator("#field-voice [data-state=done]")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_complaint_is_filed_by_voice_alone(resident: Resident, language: str) -> None:
    screen = await opens(resident, language)

    await speak(screen)
    await screen.says("wordless.told", sentence=screen.say("wordless.voice"))
    await screen.press("file.send")
    await arrived(screen)

    [complaint] = await filed(resident)
    assert complaint["text"] == screen.say("wordless.voice")
    assert [medium["kind"] for medium in complaint["media"]] == ["voice"]
    await screen.reads(screen.say("wordless.voice"))
    await screen.press("voice.listen")
    await expect(screen.page.get_by_role("button", name=screen.say("voice.stop"), exact=True)).to_be_visible()
    await expect(screen.page.get_by_role("button", name=screen.say("voice.listen"), exact=True)).to_be_visible()


async def test_a_complaint_is_filed_by_a_photo_alone(resident: Resident) -> None:
    screen = await opens(resident)

    await screen.page.locator("#field-photos input[type=file]").set_input_files([photo()])
    await screen.says("wordless.told", sentence=screen.say("wordless.photo"))
    await screen.press("file.send")
    await arrived(screen)

    [complaint] = await filed(resident)
    assert (complaint["text"], len(complaint["media"])) == ("我拍了照片，请看照片。", 1)


async def test_a_word_or_two_stay_in_front_of_the_sentence(resident: Resident) -> None:
    screen = await opens(resident)

    await screen.page.locator("#text").fill("太吵")
    await screen.page.locator("#field-photos input[type=file]").set_input_files([photo()])
    await screen.press("file.send")
    await arrived(screen)

    assert [complaint["text"] for complaint in await filed(resident)] == ["太吵 我拍了照片，请看照片。"]


async def test_handing_in_ends_the_listening_and_takes_what_was_said(resident: Resident) -> None:
    screen = await opens(resident)

    await screen.press("voice.speak")
    await screen.listened()
    await screen.press("file.send")
    await arrived(screen)

    [complaint] = await filed(resident)
    assert [medium["kind"] for medium in complaint["media"]] == ["voice"]


@pytest.mark.parametrize("recorder", ["what this browser writes", "only WebM"])
async def test_what_was_recorded_can_be_heard_after_it_was_kept(resident: Resident, recorder: str) -> None:
    screen = await opens(resident)
    if recorder == "only WebM":
        await screen.page.evaluate(ONLY_WEBM)

    await speak(screen)
    await screen.press("file.send")
    await arrived(screen)

    [complaint] = await filed(resident)
    heard = await screen.page.evaluate(PLAYS, complaint["media"][0]["url"])
    assert 0.7 < heard["seconds"] < 10
    assert heard["loud"] > 0.01


async def test_after_a_minute_it_ends_by_itself(resident: Resident) -> None:
    screen = await opens(resident)
    await screen.page.clock.install()
    await screen.page.reload()
    await screen.settled()

    await screen.press("voice.speak")
    await screen.listened()
    await screen.page.clock.fast_forward(60_000)

    await screen.says("voice.listen.for", span=screen.say("span.seconds.other", n=60))
    await expect(screen.page.locator("#field-voice [data-state=done]")).to_be_visible()


async def without_a_microphone(route: Route) -> None:
    """Forbid the page to listen."""
    answer = await route.fetch()
    await route.fulfill(response=answer, headers={**answer.headers, "Permissions-Policy": "microphone=()"})


async def test_a_page_that_may_not_listen_offers_the_phones_own_recorder(resident: Resident) -> None:
    screen = await resident.opens("home.html")
    await screen.page.route("**/file.html", without_a_microphone)
    screen.expect_console("microphone is not allowed")
    await screen.open("file.html")

    await screen.press("voice.speak")
    await screen.says("voice.denied")
    await screen.page.locator("#field-voice input[type=file]").set_input_files([AMR])
    await expect(screen.page.locator("#field-voice [data-state=done]")).to_be_visible()
    await screen.press("file.send")
    await arrived(screen)

    [complaint] = await filed(resident)
    assert [medium["kind"] for medium in complaint["media"]] == ["voice"]


async def test_a_voice_message_that_is_not_up_outlives_a_reload(resident: Resident) -> None:
    screen = await opens(resident)
    screen.expect_console("Failed to load resource")
    await screen.page.route("**/api/v1/media", lambda route: route.abort(), times=2)
    await screen.press("voice.speak")
    await screen.listened()
    await screen.press("voice.end")
    await expect(screen.page.locator("#field-voice [data-state=bad]")).to_be_visible()

    await screen.open("home.html")
    await screen.press("home.draft.go")
    await screen.settled()

    await expect(screen.page.locator("#field-voice [data-state=done]")).to_be_visible()
    await expect(screen.page.get_by_role("button", name="听一听")).to_be_visible()


async def test_what_was_said_can_be_taken_out_and_said_again(resident: Resident) -> None:
    screen = await opens(resident)
    await speak(screen)

    await screen.press("voice.remove")
    await expect(screen.page.get_by_role("button", name=screen.say("voice.speak"))).to_be_focused()
    await screen.press("file.send")

    await screen.says("file.text.short", n=5)


async def test_something_is_added_to_a_case_by_voice_alone(resident: Resident) -> None:
    complaint = await resident.passed_on()
    screen = await resident.opens_case(complaint, permissions=["microphone"])

    await screen.press("more.open")
    await screen.press("voice.speak")
    await screen.listened()
    await screen.press("voice.end")
    await expect(screen.page.locator("#more [data-state=done]")).to_be_visible()
    await screen.press("more.send")

    await expect(screen.page.locator("#log")).to_contain_text(screen.say("wordless.voice"))
    await expect(screen.page.locator("#log").get_by_role("button", name=screen.say("voice.listen"))).to_be_visible()
