"""Two things at one instant: the complaint's lock decides, and only one of them is true."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from community.complaints.jobs import close_what_nobody_rated, mark_late
from community.complaints.models import Deadline
from foundation.clock import FrozenClock
from foundation.database import query
from foundation.ground import Ground
from foundation.tasks import spawn
from tests.community.complaints.line import Line, Unit, update
from tests.conftest import STARTED_AT, Client
from tests.jobs import Worker
from tests.phone import Phone
from tests.processes.programs import until
from tests.town import Town

GOOD = {"solved": True, "speed": 5, "result": 5, "service": 5, "answer": 5}
MINUTE = timedelta(minutes=1)
SOAK = bool(os.environ.get("LINLI_TEST_SOAK"))


@pytest.fixture
def unit(api: Client, worker: Worker, clock: FrozenClock) -> Unit:
    return Unit(Line(api), worker, clock)


def accept_of(shown: dict[str, Any]) -> str:
    return str(next(each["state"] for each in shown["deadlines"] if each["kind"] == "accept"))


KEPT_BY = {
    "accept": (("assigned",), "accepted", STARTED_AT + 30 * MINUTE),
    "feedback": (("assigned", "accepted"), "feedback", STARTED_AT + timedelta(hours=24)),
    "result": (
        ("assigned", "accepted", "feedback"),
        "answered",
        datetime(2026, 12, 4, 13, 6, tzinfo=UTC),
    ),
}
"""Each promise: what came before, what keeps it, and its instant for a complaint of Friday evening."""
BOTH = ("sweep, then word", "word, then sweep", "word while the sweep waits", "sweep while the word waits")
SECOND = 1_000_000
Act = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def locked(ground: Ground, complaint: dict[str, Any]) -> AsyncIterator[None]:
    """Hold a complaint's row, so that whoever wants it queues up behind."""
    async with await psycopg.AsyncConnection.connect(ground.settings.database_url or "") as other:
        await other.execute("SELECT 1 FROM complaint WHERE id = %s FOR UPDATE", [complaint["id"]])
        yield


async def waiting(count: int) -> bool:
    rows = await query("SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                       " AND datname = current_database()")  # fmt: skip
    return bool(rows[0]["n"] == count)


async def in_this_order(ground: Ground, complaint: dict[str, Any], first: Act, second: Act, *, at_once: bool) -> None:
    """Do one and then the other, or let both stand at the lock in that order before either may go on."""
    if not at_once:
        await first()
        await second()
        return
    async with locked(ground, complaint):
        tasks = []
        for count, act in enumerate((first, second), start=1):
            tasks.append(asyncio.ensure_future(act()))
            await until(partial(waiting, count), what=f"{count} stand at the lock")
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("order", BOTH)
@pytest.mark.parametrize("kind", KEPT_BY)
@example(off=-SECOND)
@example(off=-1)
@example(off=0)
@example(off=1)
@example(off=SECOND)
@given(off=st.integers(-2 * SECOND, 2 * SECOND))
@profile(
    max_examples=50, deadline=None, database=None, phases=[Phase.explicit, *([Phase.generate] if SOAK else [])],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
async def test_a_promise_kept_around_its_instant_while_the_sweep_passes_is_met_or_late_and_never_both(
    *, api: Client, town: Town, unit: Unit, clock: FrozenClock, ground: Ground, kind: str, order: str, off: int
) -> None:
    before, keeps, due_at = KEPT_BY[kind]
    clock.set(STARTED_AT)
    phone = await town.resident(api, "陈")
    complaint = await phone.file()
    await unit.does(complaint, *before)
    clock.set(due_at + timedelta(seconds=3))
    kept_at = due_at + timedelta(microseconds=off)
    await unit.line.tell(update(complaint, keeps, kept_at))

    async def sweep() -> None:
        await mark_late(ground)

    acts: tuple[Act, Act] = (sweep, unit.worker.clear_desks)
    first, second = acts if order.startswith("sweep,") or order.endswith("sweep waits") else acts[::-1]
    await in_this_order(ground, complaint, first, second, at_once="while" in order)
    await mark_late(ground)

    written = await Deadline.filter(complaint_id=complaint["id"], kind=kind)
    assert [(row.due_at, row.met_at, row.state) for row in written] == [
        (due_at, kept_at, "met" if off <= 0 else "late")
    ]


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
