"""What leaves the product for the core is what the contract says, byte for byte."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import SecretStr

from community.complaints.dispatch.client import DispatchClient
from foundation.breaker import Breaker
from foundation.ground import Ground
from foundation.settings import DispatchSettings
from tests.contracts.recorder import Call, Recorder
from tests.jobs import Worker
from tests.phone import Phone

KEY = "key for the core"
WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
FORM = "application/x-www-form-urlencoded; charset=utf-8"
REQUEST_FIELDS = {
    "api_key", "jurisdiction_id", "service_code", "lat", "long", "address_string", "address_id", "email", "device_id",
    "account_id", "first_name", "last_name", "phone", "description", "media_url", "requested_datetime",
}  # fmt: skip
UPDATE_FIELDS = {
    "api_key", "jurisdiction_id", "service_request_id", "update_id", "updated_datetime", "status", "description",
    "media_url", "external_id", "event", "round", "sent_datetime",
}  # fmt: skip
STATUSES = {
    "OPEN", "CLOSED", "FIXED", "IN_PROGRESS", "PLANNED", "ACTION_SCHEDULED", "INVESTIGATING", "DUPLICATE",
    "NOT_COUNCILS_RESPONSIBILITY", "NO_FURTHER_ACTION", "INTERNAL_REFERRAL", "CANCELLED", "REOPEN", "FOR_TRIAGE",
    "UNCHANGED",
}  # fmt: skip
HARD_TEXT = "三号楼二单元的“楼道灯”坏了 \U0001f4a1𠮷 100% a+b&c=d;\n第二行\t完"


@pytest.fixture(scope="session")
async def recorder() -> AsyncIterator[Recorder]:
    """Listen for a session; each test forgets what came before."""
    async with Recorder().listening() as listening:
        yield listening


@pytest.fixture
async def client(recorder: Recorder) -> AsyncIterator[DispatchClient]:
    """Give our client, told of a jurisdiction."""
    recorder.calls.clear()
    settings = DispatchSettings(base_url=recorder.url, api_key=SecretStr(KEY), jurisdiction="longhua.sz")
    async with ClientSession() as session:
        yield DispatchClient(session, settings, Breaker(5, 30), Breaker(5, 30))


def check_form(call: Call, known: set[str]) -> dict[str, str]:
    """See that a call is a form of the contract; give its fields."""
    fields = dict(call.fields)
    unknown = {name for name in fields if name not in known and not re.fullmatch(r"attribute\[\w+\](\[\])?", name)}
    assert call.headers["Content-Type"] == FORM
    assert call.body.isascii()
    assert not call.body.lstrip().startswith((b"{", b"["))
    assert unknown == set()
    assert call.query == []  # nothing, and no key, in an address that proxies write down
    assert all(WITH_ZONE.fullmatch(value) for name, value in fields.items() if name.endswith("_datetime"))
    return fields


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@profile(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, answer=TEXTS)
async def test_any_text_arrives_as_it_left(client: DispatchClient, recorder: Recorder, text: str, answer: str) -> None:
    recorder.calls.clear()
    sent = [
        ("service_code", "井盖"),
        ("description", text),
        ("attribute[pole]", answer),
        ("media_url", "https://a/?b=1&c=2"),
    ]

    assert await client.create_request(sent) == "R-1"

    (call,) = recorder.calls
    assert call.fields == [("jurisdiction_id", "longhua.sz"), ("api_key", KEY), *sent]
    assert call.headers["Content-Type"] == FORM


async def test_questions_carry_the_jurisdiction_and_times_with_their_zone(
    client: DispatchClient, recorder: Recorder
) -> None:
    since, until = datetime(2026, 11, 20, 13, tzinfo=UTC), datetime(2026, 11, 21, 13, tzinfo=UTC)

    assert [update async for update in client.updates_between(since, until)] == []
    assert await client.find_request("a&b") is None

    updates, found = (dict(call.query) for call in recorder.calls)
    assert updates["jurisdiction_id"] == found["jurisdiction_id"] == "longhua.sz"
    assert updates["start_date"] == "2026-11-20T13:00:00+00:00"
    assert found["external_id"] == "a&b"
    assert all(call.body == b"" for call in recorder.calls)


async def test_what_a_resident_does_reaches_the_core_as_forms(
    phone: Phone, worker: Worker, ground: Ground, recorder: Recorder
) -> None:
    recorder.calls.clear()
    settings = DispatchSettings(base_url=recorder.url, api_key=SecretStr(KEY))
    async with ClientSession() as session:
        ground.opened[DispatchClient] = DispatchClient(session, settings, Breaker(5, 30), Breaker(5, 30))
        complaint = await phone.file(HARD_TEXT, category="130")
        await worker.run_until_idle()
        for act, body in (
            ("supplements", {"text": f"又坏了 {HARD_TEXT}"}),
            ("withdrawal", {"reason": "不用了\U0001f44c"}),
        ):
            await do(phone, complaint, act, body)
        await worker.run_until_idle()

    (filed,) = [check_form(call, REQUEST_FIELDS) for call in recorder.posted("requests")]
    added, withdrawn = [check_form(call, UPDATE_FIELDS) for call in recorder.posted("servicerequestupdates")]
    assert filed["description"] == HARD_TEXT
    assert filed["attribute[external_id]"] == complaint["id"]
    assert {"lat", "long"} <= set(filed) or filed["address_string"]
    assert filed["phone"].startswith("+86")
    assert added["description"] == f"又坏了 {HARD_TEXT}"
    assert (added["status"], withdrawn["status"]) == ("UNCHANGED", "CANCELLED")
    assert {added["status"], withdrawn["status"]} <= STATUSES
    assert added["service_request_id"] == withdrawn["service_request_id"] == "R-1"
    assert len({added["update_id"], withdrawn["update_id"]}) == 2


async def do(phone: Phone, complaint: dict[str, Any], act: str, body: dict[str, str]) -> None:
    answer = await phone.post(f"/complaints/{complaint['id']}/{act}", body, key=uuid4().hex)
    assert answer.status == 201, answer.body


async def test_a_confidential_complaint_tells_nothing_of_the_person(
    phone: Phone, worker: Worker, ground: Ground, recorder: Recorder
) -> None:
    recorder.calls.clear()
    settings = DispatchSettings(base_url=recorder.url, api_key=SecretStr(KEY))
    async with ClientSession() as session:
        ground.opened[DispatchClient] = DispatchClient(session, settings, Breaker(5, 30), Breaker(5, 30))
        await phone.file("楼上有人聚众，我怕他知道是我说的", confidential=True)
        await worker.run_until_idle()

    (filed,) = [check_form(call, REQUEST_FIELDS) for call in recorder.posted("requests")]
    assert filed["attribute[confidential]"] == "true"
    assert {"account_id", "first_name", "last_name", "phone", "email", "device_id"} & set(filed) == set()
