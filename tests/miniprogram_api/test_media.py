"""Photos and voice at the door: the same one sent twice is one, and a player may ask for parts of it."""

import asyncio
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import FormData

from foundation.clock import real_now
from foundation.ground import Ground
from foundation.idempotency import LENT_FOR, IdempotencyKey
from foundation.media.models import Media
from tests.conftest import Client
from tests.foundation.media.files import amr, jpeg, quarters
from tests.miniprogram_api.complaint_fixtures import code
from tests.phone import Answer, Phone

PHOTO = jpeg()
"""Made once: its colour profile holds the second it was made in."""


async def send(phone: Phone, content: bytes = PHOTO, *, key: str | None, name: str = "photo.jpg") -> Answer:
    form = FormData()
    form.add_field("file", BytesIO(content), filename=name, content_type="image/jpeg")
    return await phone.call("POST", "/media", key=key, data=form)


def kept_files(ground: Ground) -> int:
    return sum(path.is_file() for path in (ground.settings.var.absolute() / "media").rglob("*"))


async def test_a_photo_sent_again_after_a_lost_answer_is_the_same_one(phone: Phone, ground: Ground) -> None:
    before, key = kept_files(ground), uuid4().hex
    first = await send(phone, key=key)

    again = await send(phone, key=key, name="renamed.jpg")

    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert (await Media.all().count(), kept_files(ground)) == (1, before + 2)
    filed = await phone.file(media_ids=[again.body["id"]])
    assert [each["id"] for each in filed["media"]] == [first.body["id"]]


async def test_another_photo_under_the_same_key_is_a_conflict(phone: Phone) -> None:
    key = uuid4().hex
    await send(phone, key=key)

    other = await send(phone, jpeg(quarters(90, 60)), key=key)

    assert code(other) == (409, "idempotency-key-used")
    assert await Media.all().count() == 1


async def test_another_persons_key_of_the_same_name_is_another(phone: Phone, neighbour: Phone) -> None:
    key = uuid4().hex

    first, second = await send(phone, key=key), await send(neighbour, key=key)

    assert (first.status, second.status) == (201, 201)
    assert first.body["id"] != second.body["id"]


async def test_a_photo_sent_twice_at_once_is_one(phone: Phone) -> None:
    key = uuid4().hex

    at_once = await asyncio.gather(*(send(phone, key=key) for _ in range(5)))
    later = await send(phone, key=key)

    assert {answer.status for answer in at_once} <= {201, 503}
    assert all("Retry-After" in answer.headers for answer in at_once if answer.status == 503)
    assert {answer.body["id"] for answer in (*at_once, later) if answer.status == 201} == {later.body["id"]}
    assert await Media.all().count() == 1


async def test_without_a_key_each_is_another(phone: Phone) -> None:
    for _ in range(2):
        await send(phone, key=None)

    assert await Media.all().count() == 2


async def test_a_refused_file_gives_its_key_back(phone: Phone) -> None:
    key = uuid4().hex

    broken = await send(phone, b"these are only words", key=key)
    whole = await send(phone, key=key)

    assert (code(broken), whole.status) == ((415, "unsupported-media"), 201)


async def test_voice_that_was_refused_for_want_of_consent_is_taken_with_the_same_key_afterwards(phone: Phone) -> None:
    key = uuid4().hex
    word: dict[str, Any] = {"purpose": "voice", "version": 1}

    async def say(*, given: bool) -> None:
        await phone.call("PUT", "/me/consents", json={"items": [word | {"given": given}]})

    await say(given=False)
    refused = await send(phone, amr(), key=key)
    await say(given=True)
    taken = await send(phone, amr(), key=key)

    assert (code(refused), taken.status) == ((409, "consent-required"), 201)


async def test_after_a_crash_its_key_is_free_again_in_a_while_and_the_photo_is_taken(phone: Phone) -> None:
    key = uuid4().hex
    await send(phone, key=key)
    await IdempotencyKey.all().update(status=None, body=None)  # as if the process had died before it could answer

    early = await send(phone, key=key)
    await IdempotencyKey.all().update(created_at=real_now() - LENT_FOR - timedelta(seconds=1))
    late = await send(phone, key=key)

    assert (early.status, late.status) == (503, 201)


async def test_a_file_that_is_too_large_is_told_the_measure(phone: Phone) -> None:
    answer = await send(phone, b"\xff\xd8\xff".ljust(10 * 1024 * 1024 + 1, b"\0"), key=uuid4().hex)

    assert code(answer) == (413, "media-too-large")
    assert answer.body["title"] == "文件太大，不能超过10MB"


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=20-39"])
async def test_a_player_gets_the_part_of_a_voice_message_it_asks_for(phone: Phone, api: Client, asked: str) -> None:
    voice = (await send(phone, amr(), key=None)).body
    first, last = (int(place) for place in asked.removeprefix("bytes=").split("-"))

    async with api.get(voice["url"], headers={"Range": asked}) as response:
        assert (response.status, await response.read()) == (206, amr()[first : last + 1])

    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{len(amr())}"
    assert response.headers["Accept-Ranges"] == "bytes"


async def test_a_part_behind_the_end_is_a_problem_that_tells_the_size(phone: Phone, api: Client) -> None:
    voice = (await send(phone, amr(), key=None)).body

    async with api.get(voice["url"], headers={"Range": "bytes=900000-"}) as response:
        told = await response.json(content_type="application/problem+json")

    assert (response.status, told["type"]) == (416, "/problems/range-not-satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{len(amr())}"
