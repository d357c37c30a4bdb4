"""The same request sent twice is done once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from foundation.clock import real_now
from foundation.database import query
from foundation.ground import Ground
from foundation.idempotency import (
    KEPT_FOR,
    LENT_FOR,
    Answer,
    IdempotencyKey,
    forget_answers,
    once,
    sweep_idempotency_keys,
)
from foundation.web.app import create_app
from tests.foundation.web.conftest import Api
from tests.foundation.web.sample import PART, FullBoardError, Gate

Headers = Callable[..., dict[str, str]]
NOTE = {"text": "楼道的灯坏了"}


@pytest.fixture
async def limited(notes: Api, sample_ground: Ground, pages: Path) -> AsyncIterator[Api]:
    """Give a client of doors at which everybody may write twice within an hour."""
    limits = sample_ground.settings.limits.model_copy(update={"writing": "2/3600s"})
    ground = replace(sample_ground, settings=sample_ground.settings.model_copy(update={"limits": limits}))
    async with TestClient(TestServer(create_app(ground, [PART], pages=pages))) as client:
        yield client


async def stored_notes() -> int:
    return int((await query("SELECT count(*) AS n FROM sample_note"))[0]["n"])


async def test_the_second_try_gets_the_first_answer(notes: Api, signed_in: Headers, sample_ground: Ground) -> None:
    headers = signed_in(Idempotency_Key="first try")

    first = await notes.post("/api/v1/notes", json=NOTE, headers=headers)
    second = await notes.post("/api/v1/notes", json=NOTE, headers=headers)

    assert (first.status, second.status) == (201, 201)
    assert await first.read() == await second.read()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert (await stored_notes(), sample_ground.get(Gate).runs) == (1, 1)


async def test_without_a_key_the_same_body_is_two_requests(notes: Api, resident: dict[str, str]) -> None:
    for _ in range(2):
        await notes.post("/api/v1/notes", json=NOTE, headers=resident)

    assert await stored_notes() == 2


async def test_the_same_key_with_another_body_is_a_conflict(notes: Api, signed_in: Headers) -> None:
    headers = signed_in(Idempotency_Key="k")

    await notes.post("/api/v1/notes", json=NOTE, headers=headers)
    other = await notes.post("/api/v1/notes", json={"text": "电梯坏了三天了"}, headers=headers)

    assert other.status == 409
    assert (await other.json(content_type=None))["type"] == "/problems/idempotency-key-used"
    assert await stored_notes() == 1


async def test_the_same_key_at_another_address_is_a_conflict(notes: Api, signed_in: Headers) -> None:
    headers = signed_in(Idempotency_Key="k")

    await notes.post("/api/v1/notes", json=NOTE, headers=headers)
    other = await notes.post("/api/v1/notes/1/pictures", data=picture(), headers=headers)

    assert other.status == 409


async def test_two_people_may_choose_the_same_key(notes: Api, signed_in: Headers) -> None:
    for number in (1, 2):
        await notes.post("/api/v1/notes", json=NOTE, headers=signed_in(number=number, Idempotency_Key="k"))

    assert await stored_notes() == 2


async def test_twins_at_the_same_moment_are_done_once(notes: Api, signed_in: Headers, sample_ground: Ground) -> None:
    headers = signed_in(Idempotency_Key="twins")
    gate = sample_ground.get(Gate)
    body = {"text": "please wait for the others"}
    twins = [asyncio.ensure_future(notes.post("/api/v1/notes", json=body, headers=headers)) for _ in range(6)]
    await until_waiting(len(twins) - 1)

    gate.open.set()
    answers = await asyncio.gather(*twins)

    assert [answer.status for answer in answers] == [201] * 6
    assert len({await answer.read() for answer in answers}) == 1
    assert sorted("Idempotent-Replayed" in answer.headers for answer in answers) == [False] + [True] * 5
    assert (await stored_notes(), gate.runs) == (1, 1)


async def until_waiting(number: int) -> None:
    """Wait until so many backends wait for another's commit."""
    async with asyncio.timeout(30):
        while True:
            rows = await query(
                "SELECT count(*) AS n FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if rows[0]["n"] == number:
                return
            await asyncio.sleep(0.01)


async def test_a_repeat_gets_its_first_answer_also_from_somebody_who_reached_the_limit(
    limited: Api, signed_in: Headers, sample_ground: Ground
) -> None:
    note, pinned = signed_in(Idempotency_Key="note"), signed_in(Idempotency_Key="pinned")
    first = await limited.post("/api/v1/notes", json=NOTE, headers=note)
    first_picture = await limited.post("/api/v1/notes/1/pictures", data=picture(), headers=pinned)

    new = await limited.post("/api/v1/notes", json=NOTE, headers=signed_in(Idempotency_Key="new"))
    again = [await limited.post("/api/v1/notes", json=NOTE, headers=note) for _ in range(3)]
    picture_again = await limited.post("/api/v1/notes/1/pictures", data=picture(), headers=pinned)
    other = await limited.post("/api/v1/notes", json={"text": "电梯坏了三天了"}, headers=note)

    assert (first.status, first_picture.status, new.status, other.status) == (201, 201, 429, 429)
    assert [answer.status for answer in again] == [201] * 3
    assert {await answer.read() for answer in again} == {await first.read()}
    assert {answer.headers["Idempotent-Replayed"] for answer in (*again, picture_again)} == {"true"}
    assert await picture_again.read() == await first_picture.read()
    assert sample_ground.get(Gate).runs == 2


async def test_a_repeat_uses_nothing_of_the_limit_up(limited: Api, signed_in: Headers) -> None:
    repeated = [
        await limited.post("/api/v1/notes", json=NOTE, headers=signed_in(Idempotency_Key="k")) for _ in range(5)
    ]
    new = [await limited.post("/api/v1/notes", json=NOTE, headers=signed_in(Idempotency_Key=key)) for key in ("l", "m")]

    assert [answer.status for answer in repeated] == [201] * 5
    assert [answer.status for answer in new] == [201, 429]


async def test_a_refused_request_gives_its_key_back(notes: Api, signed_in: Headers, sample_ground: Ground) -> None:
    headers = signed_in(Idempotency_Key="k")
    body = {"text": "the board is full"}

    first = await notes.post("/api/v1/notes", json=body, headers=headers)
    second = await notes.post("/api/v1/notes", json=body, headers=headers)

    assert (first.status, second.status) == (409, 409)
    assert (await second.json(content_type=None))["type"] == "/problems/full-board"
    assert sample_ground.get(Gate).runs == 2
    assert await stored_notes() == 0
    assert await IdempotencyKey.all().count() == 0


async def test_a_wrong_request_does_not_use_the_key_up(notes: Api, signed_in: Headers) -> None:
    headers = signed_in(Idempotency_Key="k")

    wrong = await notes.post("/api/v1/notes", json={"text": ""}, headers=headers)
    right = await notes.post("/api/v1/notes", json=NOTE, headers=headers)

    assert (wrong.status, right.status) == (422, 201)


@pytest.mark.parametrize("key", ["", "x" * 65, "灯", "tab\there"])
async def test_a_key_that_is_none_is_refused(notes: Api, signed_in: Headers, key: str) -> None:
    answer = await notes.post("/api/v1/notes", json=NOTE, headers=signed_in(Idempotency_Key=key))

    assert answer.status == 422
    assert (await answer.json(content_type=None))["errors"][0]["pointer"] == "/Idempotency-Key"


async def test_a_key_of_64_printable_characters_is_one(notes: Api, signed_in: Headers) -> None:
    answer = await notes.post("/api/v1/notes", json=NOTE, headers=signed_in(Idempotency_Key="~!" * 32))

    assert answer.status == 201


def picture(content: bytes = b"picture") -> FormData:
    form = FormData()
    form.add_field("file", BytesIO(content), filename="a.jpg", content_type="image/jpeg")
    return form


async def test_a_file_sent_again_is_the_same_though_its_boundary_is_not(
    notes: Api, signed_in: Headers, sample_ground: Ground
) -> None:
    headers = signed_in(Idempotency_Key="k")

    answers = [
        await notes.post("/api/v1/notes/1/pictures", data=picture(content), headers=headers)
        for content in (b"picture", b"picture", b"another")
    ]

    assert [answer.status for answer in answers] == [201, 201, 409]
    assert sample_ground.get(Gate).runs == 1


async def test_a_file_s_twin_is_told_to_come_again_and_then_gets_the_first_answer(
    notes: Api, signed_in: Headers, sample_ground: Ground
) -> None:
    headers, gate = signed_in(Idempotency_Key="k"), sample_ground.get(Gate)
    first = asyncio.ensure_future(notes.post("/api/v1/notes/1/pictures", data=picture(b"wait"), headers=headers))
    async with asyncio.timeout(30):
        await gate.entered.wait()

    twin = await notes.post("/api/v1/notes/1/pictures", data=picture(b"wait"), headers=headers)
    other = await notes.post("/api/v1/notes/1/pictures", data=picture(b"other"), headers=headers)
    gate.open.set()
    answer = await first
    again = await notes.post("/api/v1/notes/1/pictures", data=picture(b"wait"), headers=headers)

    assert (twin.status, other.status, answer.status, again.status) == (503, 409, 201, 201)
    assert "Retry-After" in twin.headers
    assert await again.read() == await answer.read()
    assert gate.runs == 1


async def test_a_refused_file_gives_its_key_back(notes: Api, signed_in: Headers, sample_ground: Ground) -> None:
    for _ in range(2):
        answer = await notes.post(
            "/api/v1/notes/1/pictures", data=picture(b"refuse"), headers=signed_in(Idempotency_Key="k")
        )
        assert answer.status == 409

    assert sample_ground.get(Gate).runs == 2
    assert await IdempotencyKey.all().count() == 0


async def test_after_a_crash_in_the_middle_of_a_file_its_key_is_free_again_in_a_while(
    notes: Api, signed_in: Headers
) -> None:
    headers = signed_in(Idempotency_Key="k")
    await notes.post("/api/v1/notes/1/pictures", data=picture(), headers=headers)
    await IdempotencyKey.all().update(status=None, body=None)
    early = await notes.post("/api/v1/notes/1/pictures", data=picture(), headers=headers)
    await IdempotencyKey.all().update(created_at=real_now() - LENT_FOR - timedelta(seconds=1))

    late = await notes.post("/api/v1/notes/1/pictures", data=picture(), headers=headers)

    assert (early.status, late.status) == (503, 201)


async def test_keys_are_forgotten_after_a_week_and_with_their_person(notes: Api, signed_in: Headers) -> None:
    for number, key in ((1, "old"), (1, "young"), (2, "other")):
        await notes.post("/api/v1/notes", json=NOTE, headers=signed_in(number=number, Idempotency_Key=key))
    await IdempotencyKey.filter(key="old").update(created_at=real_now() - KEPT_FOR - timedelta(minutes=1))

    assert await sweep_idempotency_keys(real_now() - KEPT_FOR) == 1
    assert await forget_answers("resident:1") == 1
    assert [kept.key for kept in await IdempotencyKey.all()] == ["other"]


@pytest.mark.usefixtures("database")
async def test_what_would_be_refused_today_before_anything_is_asked_gets_its_first_answer() -> None:
    async def allowed() -> Answer:
        return Answer(201, "{}")

    async def refused() -> Answer:
        raise FullBoardError

    first = await once("resident:1", "k", b"hash", allowed)
    again = await once("resident:1", "k", b"hash", refused)

    assert (again.status, again.body, again.replayed) == (first.status, first.body, True)
    with pytest.raises(FullBoardError):
        await once("resident:1", "another", b"hash", refused)
    assert await once("resident:1", "another", b"hash", allowed) == Answer(201, "{}")
