"""The dispatch core's signed callbacks: who is believed, what is stored, and that each counts once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from pydantic import SecretStr

from community.complaints.dispatch_models import DispatchConflict, DispatchUpdate
from community.complaints.parked import parked_things
from foundation.clock import FrozenClock
from foundation.ground import Ground
from foundation.parts import load_parts
from foundation.web.openapi import describe
from tests.community.complaints.line import KEY, PATH, SECRET, Line, update
from tests.conftest import STARTED_AT, Client
from tests.jobs import Worker
from tests.phone import Answer, Phone

MINUTE = timedelta(minutes=1)
NOWHERE = {"id": "018f0000-0000-7000-8000-000000000000"}
STALE = 301


@pytest.fixture
def line(api: Client) -> Line:
    return Line(api)


def code(answer: Answer) -> str:
    return str(answer.body["type"]).removeprefix("/problems/")


async def stored() -> int:
    return await DispatchUpdate.all().count()


async def told(phone: Phone, complaint: dict[str, Any]) -> list[str]:
    return [event["type"] for event in await phone.timeline(complaint)]


async def test_an_update_is_stored_before_it_is_answered_and_applied_a_moment_later(
    phone: Phone, line: Line, worker: Worker
) -> None:
    complaint = await phone.file()
    body = update(complaint, "assigned", STARTED_AT, agency_responsible="环卫所")

    answer = await line.tell(body)

    assert (answer.status, answer.body) == (200, {"update_id": body["update_id"]})
    assert await stored() == 1
    await worker.clear_desks()
    assert (await phone.show(complaint))["status"] == "assigned"


FORGED: list[dict[str, Any]] = [
    {"key": "nobody"},
    {"key": ""},
    {"secret": "guessed"},
    {"signed_path": "/api/v1/callbacks/other"},
    {"signed_path": PATH + "?x=1"},
    {"sent": b'{"update_id": "other"}'},
    {"sent": b""},
    {"headers": {"X-Linli-Timestamp": "1700000000"}},
    {"headers": {"X-Linli-Nonce": "other"}},
    {"headers": {"X-Linli-Signature": ""}},
    {"headers": {"X-Linli-Signature": "v1=\udcff"}},
    {"headers": {"X-Linli-Nonce": "\udcff"}},
    {"headers": {"X-Linli-Key-Id": "\udcff"}},
]


async def test_whoever_cannot_sign_is_not_believed(line: Line) -> None:
    for wrong in FORGED:
        answer = await line.tell(update(NOWHERE, "assigned", STARTED_AT), **wrong)
        assert (answer.status, code(answer)) == (401, "bad-signature"), wrong
    assert await stored() == 0


async def test_without_any_signature_nothing_is_told_apart(api: Client) -> None:
    async with api.post(PATH, json=update(NOWHERE, "assigned", STARTED_AT)) as answer:
        assert answer.status == 401
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["type"] == "/problems/bad-signature"


async def test_two_keys_are_good_at_once(line: Line, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ground.settings.dispatch.callback_keys, "next", SecretStr("secret of next year"))

    old = await line.tell(update(NOWHERE, "note", STARTED_AT), key=KEY, secret=SECRET)
    new = await line.tell(update(NOWHERE, "note", STARTED_AT), key="next", secret="secret of next year")  # noqa: S106
    crossed = await line.tell(update(NOWHERE, "note", STARTED_AT), key="next", secret=SECRET)

    assert (old.status, new.status, crossed.status) == (200, 200, 401)


@pytest.mark.parametrize("age", [STALE, -STALE - 2])
async def test_an_old_call_with_something_new_is_a_replay(line: Line, age: int) -> None:
    answer = await line.tell(update(NOWHERE, "assigned", STARTED_AT), age=age)

    assert (answer.status, code(answer)) == (401, "stale-signature")
    assert await stored() == 0


async def test_an_old_call_with_something_known_is_answered_like_the_first_time(line: Line) -> None:
    body = update(NOWHERE, "assigned", STARTED_AT)
    first = await line.tell(body)

    late = await line.tell(body, age=86400)

    assert (late.status, late.body) == (200, first.body)
    assert await stored() == 1


async def test_redis_is_no_guard_against_replay_so_nothing_opens_when_it_is_flushed(line: Line, ground: Ground) -> None:
    body = update(NOWHERE, "assigned", STARTED_AT)
    first = await line.tell(body)

    await ground.redis.flushall()
    known = await line.tell(body, age=86400)
    new = await line.tell(update(NOWHERE, "assigned", STARTED_AT), age=86400)

    assert (known.status, known.body) == (200, first.body)
    assert (new.status, code(new)) == (401, "stale-signature")
    assert await stored() == 1


async def test_the_domain_clock_does_not_decide_what_is_stale(line: Line, clock: FrozenClock) -> None:
    clock.advance(days=400)

    assert (await line.tell(update(NOWHERE, "note", clock.now()))).status == 200


@pytest.mark.parametrize("age", [0, STALE])
async def test_a_known_id_with_another_body_is_kept_for_a_person_and_never_applied(
    phone: Phone, line: Line, worker: Worker, age: int
) -> None:
    complaint = await phone.file()
    body = update(complaint, "assigned", STARTED_AT, agency_responsible="环卫所")
    await line.tell(body)

    answers = [await line.tell(body | {"event": "closed"}, age=age) for _ in range(2)]

    assert {(answer.status, code(answer)) for answer in answers} == {(409, "conflicting-update")}
    await worker.run_until_idle()
    assert (await phone.show(complaint))["status"] == "assigned"
    assert [(each.kind, each.name) for each in await parked_things()] == [("conflict", body["update_id"])]
    assert (await DispatchConflict.get()).body["event"] == "closed"


async def test_the_same_meaning_in_another_spelling_is_the_same_body(line: Line) -> None:
    one = b'{"update_id": "U1", "updated_datetime": "2026-11-20T21:06:00", "event": "note", "description": "\\u5df2"}'
    other = b'{"description":"\xe5\xb7\xb2","event":"note","updated_datetime":"2026-11-20T21:06:00","update_id":"U1"}'

    assert [(await line.tell(each)).status for each in (one, other)] == [200, 200]


async def test_fifty_copies_at_once_are_one_row_and_one_event(phone: Phone, line: Line, worker: Worker) -> None:
    complaint = await phone.file()
    body = update(complaint, "assigned", STARTED_AT, agency_responsible="环卫所")

    answers = await asyncio.gather(*(line.tell(body) for _ in range(50)))

    assert {answer.status for answer in answers} == {200}
    assert await stored() == 1
    await asyncio.gather(*(worker.clear_desks() for _ in range(4)))
    assert await told(phone, complaint) == ["submitted", "assigned"]


async def test_of_fifty_bodies_under_one_id_one_is_applied_and_the_others_are_kept_apart(
    phone: Phone, line: Line, worker: Worker
) -> None:
    complaint = await phone.file()
    body = update(complaint, "note", STARTED_AT)

    answers = await asyncio.gather(*(line.tell(body | {"description": f"{n}"}) for n in range(50)))

    assert sorted(answer.status for answer in answers) == [200] + [409] * 49
    await worker.clear_desks()
    accepted = next(n for n, answer in enumerate(answers) if answer.status == 200)
    assert (await phone.timeline(complaint))[-1]["text"] == f"{accepted}"
    assert len(await parked_things()) == 49


async def test_what_is_no_json_object_is_unreadable(line: Line) -> None:
    for garbage in (
        b"",
        b"{",
        b"\xff\xfe\xff",
        b"[]",
        b"null",
        b'"text"',
        b"[" * 5000,
        b'{"a":' * 600 + b"1" + b"}" * 600,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"1" * 5000,
        b'{"update_id": "U1", "updated_datetime": "2026-11-20T21:06:00", "update_id": "U2"}',
        '{"update_id": "U1"}'.encode("utf-16"),
    ):
        answer = await line.tell(garbage)
        assert (answer.status, code(answer)) == (400, "unreadable-request"), garbage[:20]


WRONG: list[tuple[dict[str, Any], set[str]]] = [
    ({"update_id": None}, {"/update_id"}),
    ({"update_id": "x" * 129}, {"/update_id"}),
    ({"update_id": "\x00"}, {"/update_id"}),
    ({"updated_datetime": "soon"}, {"/updated_datetime"}),
    ({"updated_datetime": "9999-12-31T23:59:59Z"}, {"/updated_datetime"}),
    ({"due_datetime": "0001-01-01T00:00:00+14:00"}, {"/due_datetime"}),
    ({"sequence": "x", "round": 0}, {"/sequence", "/round"}),
    ({"media_url": ["https://x/1.jpg", 2]}, {"/media_url/1"}),
    ({"status": {}, "event": []}, {"/status", "/event"}),
]


async def test_wrong_fields_are_named(line: Line) -> None:
    for wrong, pointers in WRONG:
        answer = await line.tell(update(NOWHERE, "assigned", STARTED_AT) | wrong)
        assert (answer.status, code(answer)) == (422, "invalid-fields")
        assert {error["pointer"] for error in answer.body["errors"]} == pointers
    assert await stored() == 0


async def test_missing_fields_are_named(line: Line) -> None:
    answer = await line.tell({})

    assert [(error["pointer"], error["code"]) for error in answer.body["errors"]] == [
        ("/update_id", "missing"),
        ("/updated_datetime", "missing"),
    ]


async def test_a_body_of_more_than_a_quarter_megabyte_is_too_large(line: Line) -> None:
    answer = await line.tell(update(NOWHERE, "note", STARTED_AT, description="长" * 90_000))

    assert (answer.status, code(answer)) == (413, "too-large")


async def test_characters_no_database_keeps_cost_neither_the_update_nor_its_neighbours(
    phone: Phone, line: Line, worker: Worker
) -> None:
    complaint = await phone.file()
    strange = update(
        complaint,
        "feedback",
        STARTED_AT,
        description="已\x00\x0b看过\x1f",
        extra={"\x00": ["\x00", float("inf")]},
        half="\ud800",
    )
    plain = update(complaint, "assigned", STARTED_AT, agency_responsible="环卫所\x00")
    as_ascii = {name: value for name, value in strange.items() if name != "half"} | {"half": "x"}

    answers = await asyncio.gather(line.tell(_json(strange)), line.tell(plain), line.tell(as_ascii))

    assert [answer.status for answer in answers][:2] == [200, 200]
    await worker.run_until_idle()
    shown = await phone.timeline(complaint)
    assert {event["text"] for event in shown if event["type"] == "feedback"} == {"已看过"}
    assert (await phone.show(complaint))["responsible"]["unit"] == "环卫所"


def _json(body: dict[str, Any]) -> bytes:
    import json  # noqa: PLC0415 - only here halves of characters are written

    return json.dumps(body, ensure_ascii=True).encode()


def test_the_description_says_what_the_core_must_send() -> None:
    endpoints = [endpoint for part in load_parts() for endpoint in part.endpoints]
    document = describe(endpoints)
    operation = document["paths"][PATH]["post"]
    shape = operation["requestBody"]["content"]["application/json"]["schema"]
    fits = Draft202012Validator({**shape, "components": document["components"]}).is_valid
    sent = update(NOWHERE, "assigned", STARTED_AT, agency_responsible="环卫所", our_own_field=1)

    assert operation["security"] == [{"signature": []}]
    assert [(each["name"], each["in"], each["required"]) for each in operation["parameters"]] == [
        ("X-Linli-Key-Id", "header", True),
        ("X-Linli-Timestamp", "header", True),
        ("X-Linli-Nonce", "header", True),
    ]
    assert fits(sent)
    assert not fits({name: value for name, value in sent.items() if name != "update_id"})
    assert not {"not_signed_in", "not_found"} & set(operation["responses"]["401"]["$ref"].rpartition("/")[2].split("-"))
    assert "404" not in operation["responses"]
