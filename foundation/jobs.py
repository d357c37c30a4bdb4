"""Later work: durable jobs in PostgreSQL, by procrastinate.

`@job(name)` makes an async function of the ground a job; `f.call(...)` is one
call of it, which `tx.defer` stores in the caller's transaction. Every job is
retried, so every job must be safe to repeat. Jobs with the same lock run in
the order they were stored, also while an earlier one waits for its retry.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import procrastinate
import psycopg
import structlog
from procrastinate import JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as StoredJob
from procrastinate.retry import BaseRetryStrategy
from psycopg_pool import PoolTimeout

from foundation.clock import real_now

if TYPE_CHECKING:
    from foundation.ground import Ground

log = structlog.get_logger(__name__)

app = procrastinate.App(connector=PsycopgConnector())
"""Holds every job of the product. Never opened in web processes: they defer on their own connection."""

GROUND = "ground"


SAID_AGAIN_AFTER = (0.1, 0.5, 2.0)
"""Seconds before a word to the database is said again, whose connection was cut."""


class PatientConnector(PsycopgConnector):
    """Says again what was cut off: else a job whose end could not be stored would be under way for ever.

    Nobody would take it up, as its worker lives; and all that stands behind it in its line would wait with it.
    Everything that is said here without asking for rows may be said twice.
    """

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """Run a statement; after a cut, up to three times more."""
        for pause in SAID_AGAIN_AFTER:
            try:
                await super().execute_query_async(query, **arguments)
            except ConnectorException as error:
                cause = error.__cause__
                if not isinstance(cause, psycopg.OperationalError) or isinstance(cause, PoolTimeout):
                    raise  # not cut off: refused, or waited for long enough
                log.warning("job_store_cut_off", error=type(cause).__name__)
                await asyncio.sleep(pause)
            else:
                return
        await super().execute_query_async(query, **arguments)


class TryAgainError(Exception):
    """The job failed for now and knows itself when to try again."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"try again at {at.isoformat(timespec='seconds')}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from `first` to `longest` seconds, each shortened by up to a half at random."""

    first: float = 5.0
    longest: float = 1800.0

    def wait(self, attempts: int) -> timedelta:
        """Give the wait after so many failures before this one (0 for the first)."""
        full = min(self.longest, self.first * 2.0 ** min(attempts, 30))
        return timedelta(seconds=full * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing


_backoff = Backoff()


def retry_wait(attempts: int) -> timedelta:
    """Give the process's wait after so many failures, for a job that names its next try itself."""
    return _backoff.wait(attempts)


def set_backoff(backoff: Backoff) -> None:
    """Set the process's pace of retries; called once from the settings."""
    global _backoff  # noqa: PLW0603 - a strategy object has no other way to the settings
    _backoff = backoff


class RetryByBackoff(BaseRetryStrategy):
    """Try again by the process's backoff until `attempts` failures; `None` never gives up."""

    def __init__(self, attempts: int | None) -> None:
        self.attempts = attempts

    def get_retry_decision(self, *, exception: BaseException, job: StoredJob) -> RetryDecision | None:
        """Decide about one failure; a job that named an instant itself is always tried again."""
        if isinstance(exception, TryAgainError):
            return RetryDecision(retry_at=exception.at)
        if self.attempts is not None and job.attempts + 1 >= self.attempts:
            log.error("job_gave_up", job=job.task_name, attempts=job.attempts + 1)
            return None
        return RetryDecision(retry_at=real_now() + _backoff.wait(job.attempts))


@dataclass(frozen=True, slots=True)
class JobCall:
    """One call of a job, ready to be stored."""

    job: StoredJob


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of later work."""

    name: str
    run: Callable[..., Awaitable[None]]
    priority: int

    def call(self, *, lock: str | None = None, at: datetime | None = None, **arguments: Any) -> JobCall:
        """Make one call of it: arguments as JSON values, `at` a real instant before which it stays."""
        return JobCall(
            StoredJob(
                id=None,
                queue="default",
                lock=lock,
                queueing_lock=None,
                task_name=self.name,
                task_kwargs=arguments,
                scheduled_at=at,
                priority=self.priority,
            )
        )


def job(name: str, *, attempts: int | None = 25, priority: int = 0) -> Callable[[Callable[..., Awaitable[None]]], Job]:
    """Make `async def f(ground, *, …)` a job with the wire name `name`.

    It is run at least once. After `attempts` failures it stays as failed and is
    shown by `linli parked`; `None` tries for ever. Higher priority runs first.
    """

    def decorate(run: Callable[..., Awaitable[None]]) -> Job:
        async def perform(context: JobContext, /, **arguments: Any) -> None:
            ground: Ground = context.additional_context[GROUND]
            with structlog.contextvars.bound_contextvars(job=name, job_id=context.job.id):
                await run(ground, **arguments)

        app.task(name=name, retry=RetryByBackoff(attempts), pass_context=True)(perform)
        return Job(name=name, run=run, priority=priority)

    return decorate


@app.periodic(cron="0 0 1 1 *")
@app.task(name="foundation.keep_watch", retry=RetryByBackoff(1), pass_context=False)
async def keep_watch(timestamp: int) -> None:
    """Do nothing, once a year.

    A worker without any periodic task does not notice that its listener or its
    heartbeat has died; with one it stops, and is started again.
    """
