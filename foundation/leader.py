"""One worker at a time decides when upkeep runs.

The leader holds an advisory lock on a connection of its own. It asks that
connection every second; on any doubt it stops its schedule before the next
beat and stands again. Everything it defers is safe to repeat, so even two
leaders for a moment do no harm.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from procrastinate.exceptions import AlreadyEnqueued

from foundation.clock import real_now
from foundation.ground import Ground
from foundation.jobs import Job, app
from foundation.live.ear import is_cancelled
from foundation.parts import Part, Schedule, Sweep

log = structlog.get_logger(__name__)
LOCK = 4_193_110_002
BEAT_SECONDS = 1.0
FIRST_RUN_AFTER = timedelta(minutes=2)
"""When upkeep first runs after an election, however seldom it runs from then on."""


async def stand_for_leader(ground: Ground, parts: tuple[Part, ...], url: str) -> None:
    """Wait to be elected, lead until in doubt, and stand again; ends only by cancellation."""
    while not is_cancelled():
        try:
            async with _elected(url) as connection, _schedule(ground, parts):
                log.info("leader_elected")
                await _lead(ground, parts, connection)
        except Exception as error:  # noqa: BLE001
            # Whatever went wrong, the lock is gone with the connection: somebody else may lead, or we again.
            log.warning("leader_in_doubt", error=type(error).__name__)
        await asyncio.sleep(BEAT_SECONDS)


@asynccontextmanager
async def _elected(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
        while True:
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if (row := await cursor.fetchone()) and row[0]:
                break
            await asyncio.sleep(BEAT_SECONDS)
        yield connection


@asynccontextmanager
async def _schedule(ground: Ground, parts: tuple[Part, ...]) -> AsyncIterator[None]:
    scheduler = AsyncIOScheduler(timezone="UTC")
    for each in (schedule for part in parts for schedule in part.schedules):
        _add(scheduler, ground, each)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


def _add(scheduler: AsyncIOScheduler, ground: Ground, schedule: Schedule) -> None:
    """Run it soon, and then every so often.

    A schedule is forgotten with its leader: where every process is restarted once a day, what runs once a day
    would otherwise never run.
    """
    every = schedule.every(ground.settings)
    scheduler.add_job(
        defer_once,
        "interval",
        [schedule.job],
        seconds=every.total_seconds(),
        next_run_time=real_now() + min(every, FIRST_RUN_AFTER),
        id=schedule.job.name,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=max(60, int(every.total_seconds())),
    )


async def defer_once(job: Job) -> None:
    """Store one call of an upkeep job, unless one already waits."""
    try:
        await app.configure_task(job.name, queueing_lock=job.name, lock=job.name).defer_async()
    except AlreadyEnqueued:
        log.debug("upkeep_still_waiting", job=job.name)


async def _lead(ground: Ground, parts: tuple[Part, ...], connection: psycopg.AsyncConnection) -> None:
    """Sweep due rows every real second, take up the jobs of dead workers, and watch the lock."""
    sweeps = [sweep for part in parts for sweep in part.sweeps]
    dead_after = ground.settings.jobs.dead_after_seconds
    often = max(1, round(dead_after / 3 / BEAT_SECONDS))
    beat = 0
    while True:
        async with asyncio.timeout(5):
            await connection.execute("SELECT 1")
        await asyncio.gather(*(_sweep(ground, sweep) for sweep in sweeps))
        if beat % often == 0:
            await revive_stalled_jobs(dead_after)
        beat += 1
        await asyncio.sleep(BEAT_SECONDS)


async def _sweep(ground: Ground, sweep: Sweep) -> None:
    try:
        await sweep.run(ground)
    except Exception:
        # The rows stay due and the next beat finds them; one bad sweep must not stop the others.
        log.exception("sweep_failed", sweep=sweep.name)


async def revive_stalled_jobs(dead_after: float) -> None:
    """Put back the jobs of workers that died without a word."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=dead_after):
        log.warning("stalled_job_revived", job=job.task_name, job_id=job.id)
        await app.job_manager.retry_job(job)
