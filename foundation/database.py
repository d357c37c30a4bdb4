"""PostgreSQL: the pool, and `transaction()`, the only way to change anything.

    async with transaction() as tx:
        row = await Complaint.select_for_update().get(id=complaint_id)
        ...
        tx.store(ComplaintEvent(...))              # sent with the next question, or with the commit
        tx.emit(ComplaintProgressed(...))          # one durable job per reaction
        tx.defer(remind.call(complaint_id=1))      # one durable job
        tx.after_commit(lambda: live.publish(...)) # told when it is true

Jobs are stored in one batch with the commit, so they exist exactly when the
rows do. What needs no answer is not waited for: `connections.py`. Nothing
inside may wait for the network.
"""

import contextvars
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar, cast

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import Jsonb
from tortoise import Model, Tortoise
from tortoise.context import require_context

from foundation.connections import Client, Pipelined, look_at, noticing
from foundation.events import Event, calls_for
from foundation.jobs import JobCall
from foundation.pipeline import Rows, Statement
from foundation.settings import DatabaseSettings
from foundation.statements import changing, inserting, rows_as, storing

log = structlog.get_logger(__name__)
DEFER = """
SELECT procrastinate_defer_jobs_v1(
    ARRAY(SELECT job FROM jsonb_populate_recordset(NULL::procrastinate_job_to_defer_v1, %s) AS job))
"""
"""procrastinate's own function; its own query for it has the rows written by Python, value by value."""
M = TypeVar("M", bound=Model)
CUT_OFF = (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown)
"""How a server says that it hangs up; mostly it says nothing."""


class Transaction:
    """What one transaction will do besides its rows; made by `transaction()` only."""

    def __init__(self, connection: Pipelined) -> None:
        self.connection = connection
        self._calls: list[JobCall] = []
        self._after: list[Callable[[], None]] = []
        self.spoiled = False

    def emit(self, event: Event) -> None:
        """Tell what happened: each reaction becomes a job of this transaction."""
        self._calls.extend(calls_for(event))

    def defer(self, call: JobCall) -> None:
        """Store a job in this transaction."""
        self._calls.append(call)

    def after_commit(self, tell: Callable[[], None]) -> None:
        """Call `tell` once it is true. It may be lost in a crash: only for what heals by itself."""
        self._after.append(tell)

    async def query(self, sql: str, *values: Any) -> Rows:
        """Run one statement with `%s` placeholders and give its rows."""
        return await self.connection.execute_query_dict(sql, list(values))

    def store(self, *rows: Model) -> None:
        """Insert rows of one table whose generated ids nobody needs.

        What forbids it is raised by a later statement or the commit.
        """
        if rows:
            self.connection.later(storing(*rows))

    def insert(self, model: type[Model], **values: Any) -> None:
        """Do the same for a row of which nobody needs an object."""
        self.connection.later(inserting(model, values))

    def change(self, row: Model, *names: str) -> None:
        """Write some fields of a stored row, all if none is named; sent like `store`."""
        self.connection.later(changing(row, *names))

    def order(self, sql: str, *values: Any) -> None:
        """Run one statement whose rows nobody needs; sent like `store`."""
        self.connection.later(Statement(sql, list(values)))

    def insist(self, sql: str, *values: Any, otherwise: Exception) -> "Asked":
        """Ask in the same way, and let whoever goes and gets the answer be told `otherwise` if it has no row.

        At the latest it is the commit, which then does not happen.
        """
        statement = Statement(sql, list(values), otherwise=otherwise)
        self.connection.later(statement)
        return Asked(self.connection, statement)

    def ask(self, sql: str, *values: Any) -> "Asked":
        """Ask together with whatever is asked next; the answer is waited for where it is needed."""
        statement = Statement(sql, list(values))
        self.connection.later(statement)
        return Asked(self.connection, statement)

    def store_jobs(self) -> None:
        """Let the collected jobs be stored in one batch, with the commit."""
        if self._calls:
            self.order(DEFER, Jsonb([_job_row(call) for call in self._calls]))

    def tell(self) -> None:
        """Call what waits for the commit; a failure is logged, never raised: the rows are stored."""
        if self._calls:
            self.connection.wake_workers()
        for tell in self._after:
            try:
                tell()
            except Exception:
                log.warning("after_commit_failed", exc_info=True)


def _job_row(call: JobCall) -> dict[str, Any]:
    """Give a job as procrastinate's type has it."""
    job = call.job
    return {
        "queue_name": job.queue,
        "task_name": job.task_name,
        "priority": job.priority,
        "lock": job.lock,
        "queueing_lock": job.queueing_lock,
        "args": job.task_kwargs,
        "scheduled_at": job.scheduled_at.isoformat() if job.scheduled_at else None,
    }


class Asked:
    """A question that is under way, or will be."""

    def __init__(self, connection: Pipelined, statement: Statement) -> None:
        self._connection, self._statement = connection, statement

    async def rows(self) -> Rows:
        """Give the answer; if nothing else has been asked since, go and get it."""
        if not self._statement.was_run:
            await self._connection.flush()
        return self._statement.rows

    async def settle(self) -> None:
        """Get the answer if it is still to be got, and nothing that was stored or asked after it."""
        await self._connection.settle(self._statement)

    async def rows_as(self, model: type[M]) -> list[M]:
        """Give the answer as objects of a table that was asked for whole rows."""
        return rows_as(model, await self.rows())


_current: contextvars.ContextVar[Transaction | None] = contextvars.ContextVar("transaction", default=None)


def inside_transaction() -> bool:
    """Whether the caller is inside `transaction()`."""
    return _current.get() is not None


def transaction() -> AbstractAsyncContextManager[Transaction]:
    """Open a transaction, or join the one the caller is in.

    A joined block that fails spoils the whole: the outer one then cannot commit,
    even if it caught the exception, so nothing half-done is ever stored.

    Raises:
        SpoiledTransactionError: an inner block failed and its error was swallowed.

    """
    outer = _current.get()
    return _Joined(outer) if outer else _opened()


class _Joined(AbstractAsyncContextManager[Transaction]):
    """A block inside of a transaction."""

    def __init__(self, outer: Transaction) -> None:
        self._outer = outer

    async def __aenter__(self) -> Transaction:
        return self._outer

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._outer.spoiled = True


@asynccontextmanager
async def _opened() -> AsyncIterator[Transaction]:
    async with _client()._in_transaction() as connection:  # noqa: SLF001 - what Tortoise's `in_transaction` does
        tx = Transaction(cast("Pipelined", connection))
        token = _current.set(tx)
        try:
            yield tx
            if tx.spoiled:
                raise SpoiledTransactionError
            tx.store_jobs()
        finally:
            _current.reset(token)
    tx.tell()


class SpoiledTransactionError(Exception):
    """An inner `transaction()` failed and the outer one tried to commit all the same."""


def _client() -> Client:
    """Give the pool, or the caller's transaction; `get_connections` imports anew at each call."""
    return cast("Client", require_context().connections.get("default"))


async def query(sql: str, *values: Any) -> Rows:
    """Run one reading statement with `%s` placeholders, inside the caller's transaction if there is one."""
    return await _client().execute_query_dict(sql, list(values))


async def read(sql: str, *values: Any) -> Rows:
    """Run one statement that changes nothing, and so may be asked again of another connection if the first is dead."""
    if _current.get() is not None:
        return await query(sql, *values)
    client = _client()
    for _ in range(2):
        try:
            with noticing():
                return await client.execute_query_dict(sql, list(values))
        except psycopg.OperationalError as error:
            if error.sqlstate is not None and not isinstance(error, CUT_OFF):
                raise  # refused
    return await client.execute_query_dict(sql, list(values))


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
        "check": look_at,
    }
    return {
        "connections": {"default": {"engine": "foundation.connections", "credentials": credentials}},
        "apps": apps,
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def connected(config: dict[str, Any]) -> AsyncIterator[None]:
    """Open the pool for this process's event loop, and close it."""
    await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        await _client().create_connection(with_db=True)  # all at once, not at the first request
        yield
    finally:
        await Tortoise.close_connections()
