"""What people agree to, take back, and what then really stops."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from tortoise import connections

from community.people.consent_texts import all_texts, current_texts
from community.people.models import Consent, Home, Purpose
from community.people.sealed import SEALED
from foundation.clock import FrozenClock
from foundation.ground import Ground
from foundation.keys import read_key
from foundation.parts import load_parts
from foundation.process import open_ground_on_pool
from foundation.settings import ConsentSettings, Settings, VaultSettings
from foundation.vault import Vault, rotate
from foundation.web.app import create_app
from tests.conftest import Server
from tests.foundation.media.files import amr
from tests.miniprogram_api.complaint_fixtures import upload
from tests.phone import Answer, Phone
from tests.town import Town

PIN = {"lng": 114.0212345, "lat": 22.6523456, "datum": "gcj02"}
GUARDIAN = {"name": "孩子妈妈", "phone": "13700001111"}


async def say(phone: Phone, purpose: str, *, given: bool, version: int = 1, **more: Any) -> Answer:
    body = {"items": [{"purpose": purpose, "version": version, "given": given}], **more}
    return await phone.call("PUT", "/me/consents", json=body)


async def state_of(phone: Phone, purpose: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = (await phone.get("/me/consents")).body["items"]
    return next(item for item in items if item["purpose"] == purpose)


async def file(phone: Phone, **fields: Any) -> Answer:
    return await phone.post("/complaints", {"text": "井盖松了，请来看看", **fields}, key=uuid4().hex)


async def send_voice(phone: Phone) -> Answer:
    form = FormData()
    form.add_field("file", amr(), filename="a.amr", content_type="audio/amr")
    return await phone.call("POST", "/media", data=form)


def refused(answer: Answer) -> tuple[int, str, str, str]:
    (fault,) = answer.body["errors"]
    return answer.status, answer.body["type"], fault["pointer"], fault["code"]


@pytest.fixture
async def asking_phone(phone: Phone, town: Town, settings: Settings, clock: FrozenClock) -> AsyncIterator[Phone]:
    """Give the same phone at doors that ask before sensitive uses, as production does."""
    asking = settings.model_copy(update={"consents": ConsentSettings(ask_first=True)})
    async with (
        open_ground_on_pool(asking, load_parts(), clock=clock) as ground,
        TestClient(Server(create_app(ground, load_parts()))) as client,
    ):
        yield Phone(client, phone.token, phone.resident_id)


async def test_every_purpose_is_shown_with_its_text_and_nothing_is_assumed(phone: Phone) -> None:
    told = (await phone.get("/me/consents")).body

    assert [item["purpose"] for item in told["items"]] == [purpose.value for purpose in Purpose]
    assert {item["state"] for item in told["items"]} == {"not_asked"}
    assert all(item["title"] and item["text"] for item in told["items"])
    assert told["under_14_until"] is None


async def test_texts_are_in_the_readers_language(phone: Phone) -> None:
    english = {"headers": {"Accept-Language": "en"}}

    items = (await phone.get("/me/consents", **english)).body["items"]

    assert items[2]["title"] == "Your voice"


def test_versions_are_named_once_and_count_up() -> None:
    known = [(text.purpose, text.version) for text in all_texts()]

    assert len(known) == len(set(known))
    for purpose, text in current_texts().items():
        assert sorted(version for each, version in known if each is purpose) == list(range(1, text.version + 1))


PUBLISHED = {
    (Purpose.BASIC_SERVICE, 1): "0493804c8c2f82ec",
    (Purpose.EXACT_LOCATION, 1): "523136b6d47e28f4",
    (Purpose.VOICE, 1): "3e13851aba212438",
    (Purpose.SMS, 1): "251c405ac21b0740",
    (Purpose.SENSITIVE_DATA, 1): "54802b8e2a95940a",
    (Purpose.GUARDIAN, 1): "adf5704f9e4cd424",
}
"""What was published, by the hash of its Chinese text: a changed text is a new version."""


def test_a_published_text_is_never_changed() -> None:
    assert {(text.purpose, text.version): text.hash("zh-Hans").hex()[:16] for text in all_texts()} == PUBLISHED


async def test_each_word_is_a_line_and_the_same_again_is_none(phone: Phone) -> None:
    for given in (True, True, False, True):
        assert (await say(phone, "voice", given=given)).status == 200

    lines = await Consent.all().order_by("id")
    shown = await state_of(phone, "voice")
    assert [line.given for line in lines] == [True, False, True]
    assert {bytes(line.text_hash) for line in lines} == {current_texts()[Purpose.VOICE].hash("zh-Hans")}
    assert (shown["state"], shown["given_version"], shown["given_by"]) == ("given", 1, "self")


@pytest.mark.parametrize(
    ("body", "pointer", "fault"),
    [
        ({"items": [{"purpose": "voice", "version": 9, "given": True}]}, "/items/0/version", "consent_text_changed"),
        ({"items": [{"purpose": "fun", "version": 1, "given": True}]}, "/items/0/purpose", "not_allowed"),
        ({"items": [{"purpose": "voice", "version": 1, "given": True}] * 2}, "", "repeated"),
        ({"items": [{"purpose": "guardian", "version": 1, "given": True}]}, "/items/0/purpose", "not_a_child"),
        (
            {"items": [], "guardian": {"name": "妈妈", "phone": "123456"}},
            "/guardian/phone",
            "unusable_phone",
        ),
    ],
)
async def test_what_cannot_be_agreed_to_is_refused_at_its_field(
    phone: Phone, body: dict[str, Any], pointer: str, fault: str
) -> None:
    answer = await phone.call("PUT", "/me/consents", json=body)

    assert answer.status == 422
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [(pointer, fault)]
    assert await Consent.all().count() == 0


async def test_a_pin_is_taken_until_it_is_taken_back_and_again_when_it_is_given(phone: Phone) -> None:
    answers = [await file(phone, location=PIN)]
    for given in (False, True):
        await say(phone, "exact_location", given=given)
        answers.append(await file(phone, location=PIN))

    assert [answer.status for answer in answers] == [201, 409, 201]
    assert refused(answers[1]) == (409, "/problems/consent-required", "/location", "exact_location")
    assert (await file(phone)).status == 201  # a chosen place is enough, always


async def test_voice_stops_with_its_consent_and_photos_go_on(phone: Phone, ground: Ground) -> None:
    folder = ground.settings.var.absolute() / "media"
    before = sorted(folder.rglob("*.amr"))
    await say(phone, "voice", given=False)

    answer = await send_voice(phone)

    assert refused(answer) == (409, "/problems/consent-required", "/file", "voice")
    assert sorted(folder.rglob("*.amr")) == before
    assert await upload(phone)


async def test_without_the_basic_service_one_reads_and_files_nothing(phone: Phone) -> None:
    filed = await phone.file()
    await say(phone, "basic_service", given=False)

    assert refused(await file(phone))[3] == "basic_service"
    assert refused(await phone.call("PUT", "/me/phone", json={"code": "x"}))[3] == "basic_service"
    assert (await phone.show(filed))["id"] == filed["id"]
    assert (await phone.get("/me/export")).status == 200
    await say(phone, "basic_service", given=True)
    assert (await file(phone)).status == 201


async def test_a_door_number_goes_when_its_consent_does(phone: Phone, town: Town) -> None:
    home = {"place_id": str(town.building.id), "room": "1701"}

    await say(phone, "sensitive_data", given=False)

    assert [each.room_sealed for each in await Home.all()] == [None]
    assert refused(await phone.call("PUT", "/me/home", json=home))[2:] == ("/room", "sensitive_data")
    bare = await phone.call("PUT", "/me/home", json={"place_id": home["place_id"]})
    assert (bare.status, bare.body["home"]["room"]) == (200, "")


async def test_where_one_is_asked_first_each_sensitive_use_waits_for_its_own_yes(
    asking_phone: Phone, town: Town
) -> None:
    home = {"place_id": str(town.building.id), "room": "1701"}

    async def use(purpose: str) -> Answer:
        if purpose == "voice":
            return await send_voice(asking_phone)
        if purpose == "exact_location":
            return await file(asking_phone, location=PIN)
        return await asking_phone.call("PUT", "/me/home", json=home)

    for purpose in ("exact_location", "voice", "sensitive_data"):
        assert refused(await use(purpose))[3] == purpose
        assert (await state_of(asking_phone, purpose))["asked_before_use"] is True

        assert (await say(asking_phone, purpose, given=True)).status == 200

        assert (await use(purpose)).status < 300, purpose
    assert (await file(asking_phone)).status == 201  # what the service itself needs is told, not asked


async def test_for_a_child_a_guardian_speaks(phone: Phone, clock: FrozenClock, ground: Ground) -> None:
    until = (clock.now() + timedelta(days=400)).date().isoformat()

    alone = await say(phone, "basic_service", given=True, under_14_until=until)
    told = await phone.call("PUT", "/me/consents", json={"under_14_until": until})
    waiting = await file(phone)
    spoken = await phone.call(
        "PUT",
        "/me/consents",
        json={
            "items": [{"purpose": each, "version": 1, "given": True} for each in ("guardian", "basic_service")],
            "guardian": GUARDIAN,
        },
    )

    assert (alone.status, alone.body["type"]) == (422, "/problems/guardian-required")
    assert (told.status, told.body["under_14_until"]) == (200, until)
    assert refused(waiting)[3] == "guardian"
    assert (spoken.status, (await file(phone)).status) == (200, 201)
    line = await Consent.filter(purpose=Purpose.GUARDIAN, given=True).get()
    assert "孩子妈妈" in ground.vault.open(bytes(line.guardian_sealed or b""), context="consent.guardian")
    await say(phone, "guardian", given=False)
    assert refused(await file(phone))[3] == "guardian"


async def test_who_has_turned_14_speaks_alone(phone: Phone, clock: FrozenClock) -> None:
    until = (clock.now() + timedelta(days=10)).date().isoformat()
    await phone.call("PUT", "/me/consents", json={"under_14_until": until})
    assert (await file(phone)).status == 409

    clock.advance(days=11)

    assert (await file(phone)).status == 201
    assert (await say(phone, "voice", given=True)).status == 200


async def test_the_guardians_seal_can_be_renewed_and_nothing_else_of_a_line(phone: Phone, clock: FrozenClock) -> None:
    until = (clock.now() + timedelta(days=400)).date().isoformat()
    await say(phone, "guardian", given=True, under_14_until=until, guardian=GUARDIAN)
    old = VaultSettings().keys["sandbox-1"].get_secret_value()
    renewed = Vault({"sandbox-1": read_key(old), "new": b"n" * 32}, "new", b"sandbox-index-key")

    done = await rotate(connections.get("default"), renewed, [each for each in SEALED if each.table == "consent"])

    line = await Consent.get(purpose=Purpose.GUARDIAN)
    assert [each.resealed for each in done] == [1]
    assert "孩子妈妈" in renewed.open(bytes(line.guardian_sealed or b""), context="consent.guardian")
