"""Two things at one instant: the complaint's lock decides, and only one of them is true."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from community.complaints.jobs import close_what_nobody_rated, mark_late
from foundation.clock import FrozenClock
from foundation.ground import Ground
from foundation.tasks import spawn
from tests.community.complaints.line import Line, Unit, update
from tests.conftest import STARTED_AT, Client
from tests.jobs import Worker
from tests.phone import Phone

GOOD = {"solved": True, "speed": 5, "result": 5, "service": 5, "answer": 5}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def unit(api: Client, worker: Worker, clock: FrozenClock) -> Unit:
    return Unit(Line(api), worker, clock)


def accept_of(shown: dict[str, Any]) -> str:
    return str(next(each["state"] for each in shown["deadlines"] if each["kind"] == "accept"))


@pytest.mark.parametrize(
    ("signed_after", "state"),
    [
        (timedelta(minutes=29, seconds=59), "met"),
        (30 * MINUTE, "met"),
        (timedelta(minutes=30, seconds=1), "late"),
    ],
)
async def test_signing_and_the_sweep_at_one_instant_agree_on_one_state(
    *, phone: Phone, unit: Unit, clock: FrozenClock, ground: Ground, signed_after: timedelta, state: str
) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "assigned")
    clock.set(STARTED_AT + 30 * MINUTE + timedelta(seconds=2))
    await unit.line.tell(update(complaint, "accepted", STARTED_AT + signed_after))

    await asyncio.gather(mark_late(ground), unit.worker.clear_desks(), mark_late(ground))

    assert accept_of(await phone.show(complaint)) == state
    await mark_late(ground)
    assert accept_of(await phone.show(complaint)) == state


async def test_proof_of_a_signature_in_time_that_comes_late_is_believed(
    phone: Phone, unit: Unit, clock: FrozenClock, ground: Ground
) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "assigned")
    clock.advance(hours=2)
    await mark_late(ground)
    assert accept_of(await phone.show(complaint)) == "late"

    await unit.line.tell(update(complaint, "accepted", STARTED_AT + 20 * MINUTE))
    await unit.worker.clear_desks()

    assert accept_of(await phone.show(complaint)) == "met"


async def test_a_sweep_touches_a_late_promise_once(
    phone: Phone, unit: Unit, clock: FrozenClock, ground: Ground
) -> None:
    for _ in range(3):
        await unit.does(await phone.file(), "assigned")
    clock.advance(minutes=31)

    assert [await mark_late(ground), await mark_late(ground)] == [3, 0]


async def test_a_rating_in_the_last_second_and_the_closing_sweep_end_it_once(
    phone: Phone, unit: Unit, clock: FrozenClock, ground: Ground
) -> None:
    for _ in range(3):
        complaint = await phone.file()
        await unit.does(complaint, "assigned", "answered")
        clock.advance(days=7, seconds=1)

        sweeps = [spawn(close_what_nobody_rated(ground)) for _ in range(3)]
        rated = await phone.post(f"/complaints/{complaint['id']}/rating", GOOD)
        await asyncio.gather(*sweeps)

        types = [event["type"] for event in await phone.timeline(complaint)]
        assert types.count("closed") == 1
        assert types.count("rated") == (rated.status == 201)
        assert rated.status in (201, 409)


async def test_many_hands_on_one_complaint_leave_a_list_without_gaps_and_every_word_in_it(
    phone: Phone, unit: Unit, clock: FrozenClock, ground: Ground
) -> None:
    complaint = await phone.file()
    clock.advance(minutes=40)
    updates = [update(complaint, "note", clock.now(), public_text=f"{n}") for n in range(8)]

    await asyncio.gather(
        unit.does(complaint, "assigned", "accepted", "feedback"),
        *(unit.line.tell(each) for each in updates),
        *(phone.post(f"/complaints/{complaint['id']}/supplements", {"text": f"补充{n}"}) for n in range(8)),
        mark_late(ground),
        phone.post(f"/complaints/{complaint['id']}/urgings"),
    )
    await unit.worker.clear_desks()

    events = await phone.timeline(complaint)  # which sees that the numbers have no gap
    assert len(events) == 1 + 3 + 8 + 8 + 1
    assert {event["text"] for event in events} >= {f"{n}" for n in range(8)} | {f"补充{n}" for n in range(8)}
    assert (await phone.show(complaint))["status"] == "in_progress"
