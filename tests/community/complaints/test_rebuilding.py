"""Projections are nothing but their events: spoiled, they are made anew exactly."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from community.complaints import rebuilding
from community.complaints.models import Complaint, Deadline, ResponsibilityInterval
from community.complaints.rebuilding import rebuild, values_of
from foundation.clock import FrozenClock
from foundation.database import query
from foundation.ground import Ground
from tests.community.complaints.line import Line, update
from tests.conftest import STARTED_AT, Client
from tests.jobs import Worker
from tests.phone import Phone

MINUTE = timedelta(minutes=1)
HISTORY = (
    ("assigned", 1, "环卫所"),
    ("returned", 20, None),
    ("assigned", 30, "城管队"),
    ("accepted", 50, "城管队"),
    ("co_handler_added", 60, "水务所"),
    ("waiting_for_resident", 70, None),
)
SPOILED = {
    "state": "UPDATE complaint SET status = 'closed', round = 7, unit = '谁', duty_phone = '1', answered_at = now(),"
    " rate_by = now(), last_seq = 99 WHERE id = %s",
    "promises lost": "DELETE FROM complaint_deadline WHERE complaint_id = %s",
    "promises moved": "UPDATE complaint_deadline SET due_at = due_at + interval '1 day', state = 'met', met_at = now()"
    " WHERE complaint_id = %s",
    "a promise too many": "INSERT INTO complaint_deadline (complaint_id, position, kind, round, started_at, due_at, state)"
    " VALUES (%s, 40, 'accept', 3, now(), now(), 'running')",
    "units lost": "DELETE FROM complaint_responsibility WHERE complaint_id = %s",
    "a unit renamed": "UPDATE complaint_responsibility SET unit = '谁', to_at = now() WHERE complaint_id = %s",
}


async def with_history(phone: Phone, api: Client, worker: Worker, clock: FrozenClock) -> dict[str, Any]:
    clock.set(STARTED_AT)
    complaint = await phone.file()
    clock.set(STARTED_AT + 80 * MINUTE)
    for event, minutes, unit in HISTORY:
        await Line(api).tell(update(complaint, event, STARTED_AT + minutes * MINUTE, agency_responsible=unit))
    await worker.clear_desks()
    await phone.post(f"/complaints/{complaint['id']}/supplements", {"text": "补充"})
    return complaint


async def projected(complaint: dict[str, Any]) -> list[Any]:
    """Everything that is a projection."""
    row = await Complaint.get(id=complaint["id"])
    rows: list[Any] = [values_of(row)]
    for model in (Deadline, ResponsibilityInterval):
        rows += [values_of(each) for each in await model.filter(complaint_id=row.id).order_by("position")]
    return rows


async def test_what_was_spoiled_is_restored_exactly_and_counted(
    phone: Phone, api: Client, worker: Worker, clock: FrozenClock, ground: Ground
) -> None:
    complaints = [await with_history(phone, api, worker, clock) for _ in range(3)]
    before = [await projected(each) for each in complaints]
    for how, spoil in SPOILED.items():
        await query(f"{spoil} RETURNING 1 AS one", complaints[1]["id"])
        assert [await projected(each) for each in complaints] != before, how

        assert await rebuild(ground) == (3, 1), how

        assert [await projected(each) for each in complaints] == before, how
        assert await rebuild(ground) == (3, 0)


async def test_page_by_page_each_is_made_anew_once(
    phone: Phone, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "PAGE", 2)
    for _ in range(4):
        await phone.file()

    assert await rebuild(ground) == (4, 0)


async def test_nothing_to_make_anew_is_no_trouble(ground: Ground) -> None:
    assert await rebuild(ground) == (0, 0)


async def test_people_go_on_meanwhile(
    phone: Phone, api: Client, worker: Worker, clock: FrozenClock, ground: Ground
) -> None:
    complaint = await with_history(phone, api, worker, clock)
    path, told = f"/complaints/{complaint['id']}/supplements", len(HISTORY) + 2

    *_, counted = await asyncio.gather(
        *(phone.post(path, {"text": f"补充{n}"}) for n in range(5)), *(rebuild(ground) for _ in range(3))
    )

    assert counted == (1, 0)
    assert len(await phone.timeline(complaint)) == told + 5


async def test_what_a_complaint_went_through_cannot_be_changed_or_removed(phone: Phone) -> None:
    complaint = await phone.file()
    for change in (
        "UPDATE complaint_event SET text = 'x' WHERE complaint_id = %s RETURNING 1 AS one",
        "DELETE FROM complaint_event WHERE complaint_id = %s RETURNING 1 AS one",
        """INSERT INTO complaint_event
               (complaint_id, seq, type, source, round, occurred_at, received_at, media, detail)
           VALUES (%s, 3, 'note', 'core', 1, now(), now(), '[]', '{}') RETURNING 1 AS one""",
    ):
        with pytest.raises(Exception, match=r"append-only|leaves a gap"):
            await query(change, complaint["id"])
    assert [event["type"] for event in await phone.timeline(complaint)] == ["submitted"]
