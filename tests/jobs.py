"""Later work in tests: run by hand, until nothing is left that can be done now."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from procrastinate import PsycopgConnector

from foundation import jobs
from foundation.database import query
from foundation.ground import Ground
from foundation.parts import load_parts

IDLE_WITHIN = 30.0
"""Seconds; jobs that are to fail some times are tried again within milliseconds, as often as it takes."""


@dataclass
class Worker:
    """The worker process as a test object."""

    ground: Ground

    @classmethod
    @asynccontextmanager
    async def opened(cls, ground: Ground) -> AsyncIterator["Worker"]:
        """Open procrastinate on the test's database."""
        connector = PsycopgConnector(conninfo=ground.settings.database_url or "", min_size=1, max_size=6)
        with jobs.app.replace_connector(connector):
            async with jobs.app.open_async():
                yield cls(ground)

    async def run_jobs(self) -> None:
        """Run every job that is due, and those they cause."""
        await jobs.app.run_worker_async(
            wait=False,
            install_signal_handlers=False,
            listen_notify=False,
            concurrency=4,
            delete_jobs="successful",
            additional_context={jobs.GROUND: self.ground},
        )

    async def sweep(self) -> None:
        """Sweep due rows once, as the elected worker does every second."""
        for part in load_parts():
            for sweep in part.sweeps:
                await sweep.run(self.ground)

    async def run_until_idle(self) -> None:
        """Do what waits: claimed rows, jobs and sweeps, until nothing moves."""
        deadline = time.monotonic() + IDLE_WITHIN
        while time.monotonic() < deadline:
            await self.clear_desks()
            await self.run_jobs()
            await self.sweep()
            if not await self.waiting():
                return
        raise AssertionError(await self.waiting())

    async def clear_desks(self) -> None:
        """Work through the claimed tables once."""
        for part in load_parts():
            for desk in part.desks:
                await desk.clear(self.ground)

    async def waiting(self) -> list[str]:
        """List the jobs that could run now."""
        rows = await query(
            "SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'"
            " AND (scheduled_at IS NULL OR scheduled_at <= now())"
        )
        return [row["task_name"] for row in rows]


async def deferred() -> list[str]:
    """List the stored jobs by name."""
    return [row["task_name"] for row in await query("SELECT task_name FROM procrastinate_jobs ORDER BY task_name")]
