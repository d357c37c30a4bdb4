"""PostgreSQL: the pool, and `transaction()`, the only way to change anything.

    async with transaction() as tx:
        row = await Complaint.select_for_update().get(id=complaint_id)
        ...
        tx.emit(ComplaintProgressed(...))          # one durable job per reaction
        tx.defer(remind.call(complaint_id=1))      # one durable job
        tx.after_commit(lambda: live.publish(...)) # told when it is true

Jobs are stored in one batch just before the commit, so they exist exactly when
the rows do. Nothing inside may wait for the network.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

from foundation.events import Event, calls_for
from foundation.jobs import JobCall, app
from foundation.settings import DatabaseSettings

log = structlog.get_logger(__name__)
AFTER_COMMIT_SECONDS = 0.5
Rows = list[dict[str, Any]]


class Transaction:
    """What one transaction will do besides its rows; made by `transaction()` only."""

    def __init__(self, connection: BaseDBAsyncClient) -> None:
        self.connection = connection
        self._calls: list[JobCall] = []
        self._after: list[Callable[[], Awaitable[object]]] = []
        self.spoiled = False

    def emit(self, event: Event) -> None:
        """Tell what happened: each reaction becomes a job of this transaction."""
        self._calls.extend(calls_for(event))

    def defer(self, call: JobCall) -> None:
        """Store a job in this transaction."""
        self._calls.append(call)

    def after_commit(self, tell: Callable[[], Awaitable[object]]) -> None:
        """Run `tell` once it is true. It may be lost in a crash: only for what heals by itself."""
        self._after.append(tell)

    async def query(self, sql: str, *values: Any) -> Rows:
        """Run one statement with `%s` placeholders and give its rows."""
        return await self.connection.execute_query_dict(sql, list(values))

    async def store_jobs(self) -> None:
        """Send the collected jobs in one batch, on this transaction's connection."""
        if self._calls:
            raw = self.connection._connection  # noqa: SLF001 - procrastinate needs psycopg's own
            jobs = [call.job for call in self._calls]
            await app.job_manager.batch_defer_jobs_async(jobs, connection=raw)

    async def tell(self) -> None:
        """Run what waits for the commit; a failure is logged, never raised: the rows are stored."""
        for tell in self._after:
            try:
                async with asyncio.timeout(AFTER_COMMIT_SECONDS):
                    await tell()
            except Exception:
                log.warning("after_commit_failed", exc_info=True)


_current: contextvars.ContextVar[Transaction | None] = contextvars.ContextVar("transaction", default=None)


def inside_transaction() -> bool:
    """Whether the caller is inside `transaction()`."""
    return _current.get() is not None


@asynccontextmanager
async def transaction() -> AsyncIterator[Transaction]:
    """Open a transaction, or join the one the caller is in.

    A joined block that fails spoils the whole: the outer one then cannot commit,
    even if it caught the exception, so nothing half-done is ever stored.

    Raises:
        SpoiledTransactionError: an inner block failed and its error was swallowed.

    """
    outer = _current.get()
    if outer is not None:
        try:
            yield outer
        except BaseException:
            outer.spoiled = True
            raise
        return
    async with _begin() as connection:
        tx = Transaction(connection)
        token = _current.set(tx)
        try:
            yield tx
            if tx.spoiled:
                raise SpoiledTransactionError
            await tx.store_jobs()
        finally:
            _current.reset(token)
    await tx.tell()


class SpoiledTransactionError(Exception):
    """An inner `transaction()` failed and the outer one tried to commit all the same."""


@asynccontextmanager
async def _begin() -> AsyncIterator[BaseDBAsyncClient]:
    """Begin on a pooled connection, which is given back whatever happens.

    Tortoise loses the connection for ever when the task is cancelled while
    BEGIN is on its way; hence the guard over its private parts.
    """
    context = in_transaction()
    try:
        connection = await context.__aenter__()
    except BaseException:
        await _give_back(context)
        raise
    try:
        yield connection
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    else:
        await context.__aexit__(None, None, None)


async def _give_back(context: Any) -> None:
    if hasattr(context, "token"):
        get_connections().reset(context.token)
    raw = getattr(context.client, "_connection", None)
    pool = getattr(context.client._parent, "_pool", None)  # noqa: SLF001
    if raw is not None and pool is not None and isinstance(context, TransactionContextPooled):
        try:
            await raw.close()
        finally:
            await pool.putconn(raw)  # the pool replaces a closed one


async def query(sql: str, *values: Any) -> Rows:
    """Run one reading statement with `%s` placeholders, inside the caller's transaction if there is one."""
    return await get_connections().get("default").execute_query_dict(sql, list(values))


async def _leave_as_it_is(_: psycopg.AsyncConnection[Any]) -> None:
    """Do nothing with a connection that comes back.

    That there is something to do makes the pool's own workers take it back.
    Otherwise the caller does, and loses it for ever when cancelled just then.
    """


def tortoise_config(
    url: str, apps: dict[str, dict[str, Any]], settings: DatabaseSettings, *, name: str
) -> dict[str, Any]:
    """Make Tortoise's configuration from one libpq address.

    Tortoise's psycopg client hands what it does not know to the pool, where
    `conninfo` wins over its own host and port: so every libpq key works.
    """
    known = conninfo_to_dict(url)
    options = " ".join(
        f"-c {setting}={int(seconds * 1000)}"
        for setting, seconds in (
            ("statement_timeout", settings.statement_seconds),
            ("lock_timeout", settings.lock_seconds),
            ("idle_in_transaction_session_timeout", settings.statement_seconds * 4),
        )
    )
    credentials = {
        "host": "",
        "port": 5432,
        "user": known.get("user"),
        "password": None,
        "database": known.get("dbname"),
        "conninfo": make_conninfo(url, application_name=name, options=options),
        "minsize": settings.pool,
        "maxsize": settings.pool,
        "timeout": settings.wait_seconds,
        "reset": _leave_as_it_is,
    }
    return {
        "connections": {"default": {"engine": "tortoise.backends.psycopg", "credentials": credentials}},
        "apps": apps,
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def connected(config: dict[str, Any]) -> AsyncIterator[None]:
    """Open the pool for this process's event loop, and close it."""
    await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        await get_connections().get("default").create_connection(with_db=True)  # all at once, not at the first request
        yield
    finally:
        await Tortoise.close_connections()
