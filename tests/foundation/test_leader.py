"""One worker at a time does the upkeep; when it fails, another does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from foundation import leader
from foundation.database import query
from foundation.ground import Ground
from foundation.leader import LOCK, stand_for_leader
from foundation.parts import Part, Schedule, Sweep
from foundation.tasks import spawn, stop
from foundation.wiring import forget_old_answers
from tests.jobs import Worker
from tests.live import eventually

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MutableMapping[str, Any]]]:
    """Beat quickly, and keep what is logged."""
    monkeypatch.setattr(leader, "BEAT_SECONDS", 0.03)
    with capture_logs() as logs:
        yield logs


class Candidate:
    """A worker that stands for election; its sweeps are counted."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.sweeps = 0

    async def sweep(self, _: Ground) -> None:
        self.sweeps += 1

    async def fail(self, _: Ground) -> None:
        raise ZeroDivisionError

    @asynccontextmanager
    async def standing(self, *, schedules: tuple[Schedule, ...] = ()) -> AsyncIterator["Candidate"]:
        part = Part(name="toy", sweeps=(Sweep("fail", self.fail), Sweep("count", self.sweep)), schedules=schedules)
        task = spawn(stand_for_leader(self.ground, (part,), self.ground.settings.database_url or ""), name="candidate")
        try:
            yield self
        finally:
            await stop(task)


async def holders() -> list[int]:
    """List who holds the lock."""
    rows = await query("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s", LOCK)
    return [row["pid"] for row in rows]


def more_than(candidate: Candidate, count: int) -> Callable[[], bool]:
    return lambda: candidate.sweeps > count


async def test_one_of_two_leads_and_the_other_takes_over_when_it_stops(ground: Ground) -> None:
    first, second = Candidate(ground), Candidate(ground)
    async with second.standing():
        await eventually(more_than(second, 3))
        async with first.standing():
            await eventually(more_than(second, second.sweeps + 5))
            assert first.sweeps == 0
            assert len(await holders()) == 1
    async with first.standing():
        await eventually(more_than(first, 3))
        assert len(await holders()) == 1


async def test_a_leader_whose_connection_dies_stops_and_another_leads(
    ground: Ground, logs: list[MutableMapping[str, Any]]
) -> None:
    first, second = Candidate(ground), Candidate(ground)
    async with first.standing():
        await eventually(more_than(first, 2))
        async with second.standing():
            for pid in await holders():
                await query("SELECT pg_terminate_backend(%s)", pid)
            began = first.sweeps + second.sweeps
            await eventually(lambda: first.sweeps + second.sweeps > began + 5)

            assert "leader_in_doubt" in [each["event"] for each in logs]
            assert len(await holders()) == 1
            before = first.sweeps, second.sweeps
            await eventually(lambda: first.sweeps + second.sweeps > sum(before) + 5)
            assert before[0] == first.sweeps or before[1] == second.sweeps  # one of them alone


async def test_a_sweep_that_fails_keeps_no_other_from_being_done(
    ground: Ground, logs: list[MutableMapping[str, Any]]
) -> None:
    candidate = Candidate(ground)
    async with candidate.standing():
        await eventually(more_than(candidate, 3))

    assert {each["sweep"] for each in logs if each["event"] == "sweep_failed"} == {"fail"}


async def test_upkeep_is_stored_once_however_often_it_is_due(ground: Ground, worker: Worker) -> None:
    due = Schedule(forget_old_answers, lambda _: timedelta(seconds=0.05))
    candidate = Candidate(ground)
    async with candidate.standing(schedules=(due,)):
        async with asyncio.timeout(10):
            while forget_old_answers.name not in await worker.waiting():
                await asyncio.sleep(0.01)
        await eventually(more_than(candidate, candidate.sweeps + 10))

        assert await worker.waiting() == [forget_old_answers.name]


async def test_what_runs_once_a_day_runs_soon_after_each_election(
    ground: Ground, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(minutes=5) >= leader.FIRST_RUN_AFTER
    monkeypatch.setattr(leader, "FIRST_RUN_AFTER", timedelta(seconds=0.05))
    daily = Schedule(forget_old_answers, lambda _: timedelta(days=1))

    for _ in range(2):
        async with Candidate(ground).standing(schedules=(daily,)), asyncio.timeout(10):
            while forget_old_answers.name not in await worker.waiting():
                await asyncio.sleep(0.01)
        await worker.run_jobs()


async def test_the_leader_revives_the_jobs_of_the_dead(ground: Ground) -> None:
    await query(
        "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id)"
        " INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
        " SELECT 'default', %s, '{}', 'doing', dead.id FROM dead RETURNING id",
        forget_old_answers.name,
    )
    candidate = Candidate(ground)

    async def revived() -> bool:
        return bool((await query("SELECT status FROM procrastinate_jobs"))[0]["status"] == "todo")

    async with candidate.standing(), asyncio.timeout(10):
        while not await revived():
            await asyncio.sleep(0.01)
