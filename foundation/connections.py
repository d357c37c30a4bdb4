"""Tortoise's client for psycopg, whose transactions do not wait where nobody waits for an answer.

BEGIN, rows that are only to be stored, and COMMIT go to the server together with the next statement whose answer
is needed, in one round trip (libpq's pipeline mode). The order stays, and so does the meaning: a statement that
fails keeps all after it from being run, COMMIT too. `foundation/database.py` is how the rest of the house uses it.

A connection is looked at before it is lent only where a dead one would not be noticed in time: a transaction
notices at its first statement, before anything can have been done, and takes another.
"""

import contextvars
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
import structlog
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool
from pydantic_core import from_json
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext, TransactionContextPooled
from tortoise.backends.base_postgres.client import translate_exceptions
from tortoise.backends.psycopg.client import PsycopgClient, TransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, TransactionManagementError

from foundation.grouping import Later
from foundation.pipeline import Connection, Rows, Statement, exchange

log = structlog.get_logger(__name__)
set_json_loads(from_json)  # reads the same, many times faster, down to 200 levels; what doors take has 32 at most

BETWEEN_WAKES = 0.05
JOB_INSERTED = json.dumps({"type": "job_inserted", "job_id": 0})
"""What procrastinate's workers listen for; they only look whether there is work."""

_notices: contextvars.ContextVar[bool] = contextvars.ContextVar("notices", default=False)
"""Whether who borrows a connection will notice by itself that it is dead."""


@contextmanager
def noticing() -> Iterator[None]:
    """Borrow connections unseen: the caller notices a dead one before anything can have been done, and asks again."""
    token = _notices.set(True)
    try:
        yield
    finally:
        _notices.reset(token)


async def look_at(connection: Connection) -> None:
    """Ask a connection whether it lives, before the pool lends it, unless the borrower notices by itself."""
    if not _notices.get():
        await AsyncConnectionPool.check_connection(connection)


BEGIN, COMMIT = "BEGIN", "COMMIT"


class _WithoutCursors:
    """Answers Tortoise's questions by `exchange`; how is `_run`, which each kind of client has in its own way."""

    async def _run(self, statement: Statement) -> None:
        raise NotImplementedError

    @translate_exceptions
    async def execute_query(
        self,
        query: str,
        values: list[Any] | None = None,
        row_factory: Any = None,  # noqa: ARG002 - rows are dicts
    ) -> tuple[int, Rows]:
        """Run one statement; give how many rows it gave or changed, and its rows."""
        statement = Statement(query, values)
        await self._run(statement)
        return statement.count, statement.rows


class Pipelined(_WithoutCursors, TransactionWrapper):
    """A transaction on one connection, and what was not sent yet."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._unsent: list[Statement] = []
        self._begun = False
        """Whether the server knows of this transaction."""

    def later(self, statement: Statement) -> None:
        """Send a statement with the next one whose answer is needed, or with the end."""
        self._unsent.append(statement)

    def wake_workers(self) -> None:
        """Tell the workers that this transaction stored jobs."""
        cast("Client", self._parent).wake_workers()

    async def settle(self, statement: Statement) -> None:
        """Send what waits as far as this statement, and forget what waits behind it, as the work is given up."""
        if statement in self._unsent:
            del self._unsent[self._unsent.index(statement) + 1 :]
            await self.flush()

    @translate_exceptions
    async def flush(self) -> None:
        """Send what was not sent yet."""
        async with self._lock:
            await self._send()

    async def _run(self, statement: Statement) -> None:
        """Run one statement, together with all that waits."""
        async with self._lock:
            await self._send(statement)

    @translate_exceptions
    async def execute_many(self, query: str, values: list[Any]) -> None:
        """Run one statement for many rows, after all that waits."""
        await self.flush()
        await super().execute_many(query, values)

    async def execute_script(self, query: str) -> None:
        """Run a script, after all that waits."""
        await self.flush()
        await super().execute_script(query)

    async def begin(self) -> None:
        """Begin, with the first statement."""
        self._unsent.append(Statement(BEGIN))

    @translate_exceptions
    async def commit(self) -> None:
        """Send what waits, and the end with it.

        Raises:
            TransactionManagementError: something had failed before, and nothing was stored.

        """
        if self._finalized:
            raise TransactionManagementError("Transaction already finalised")
        if not self._begun and len(self._unsent) == 1:  # only BEGIN: nothing was done
            self._unsent.clear()
            self._finalized = True
            return
        end = Statement(COMMIT)
        try:
            async with self._lock:
                if any(each.otherwise for each in self._unsent):  # it decides whether there is anything to commit
                    await self._send()
                await self._send(end)
        except BaseException:
            await self.rollback()
            raise
        self._finalized = True
        if end.status != COMMIT:
            raise TransactionManagementError("a statement had failed: nothing was stored")

    async def rollback(self) -> None:
        """Undo everything; what was not sent never will be."""
        self._unsent.clear()
        self._finalized = True
        if not self._begun or self._connection.closed:
            return
        try:
            async with self._lock:
                await self._connection.rollback()
        except psycopg.Error as error:
            log.warning("rollback_failed", error=type(error).__name__)

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(_Savepoint(self))

    async def _send(self, *more: Statement) -> None:
        statements, self._unsent = [*self._unsent, *more], []
        if not statements:
            return
        first, self._begun = not self._begun, True
        try:
            await self._exchange(statements, first=first)
        except psycopg.Error:
            _insist(statements)
            raise
        _insist(statements)

    async def _exchange(self, statements: list[Statement], *, first: bool) -> None:
        ends = any(each.sql is COMMIT for each in statements)
        if first and ends:  # were it noticed only now, nobody could tell whether it was stored
            await self._alive(lambda: AsyncConnectionPool.check_connection(self._connection))
        if first and not ends:
            await self._alive(lambda: exchange(self._connection, statements))
        else:
            await exchange(self._connection, statements)

    async def _alive(self, begin: Callable[[], Awaitable[object]]) -> None:
        """Begin on a connection that lives: all that lie in the pool may have died with the server's last life."""
        pool = self._parent._pool  # noqa: SLF001 - Tortoise's own way to it
        for left in range(pool.max_size, -1, -1):
            try:
                await begin()
            except psycopg.OperationalError:
                if not self._connection.closed or not left:
                    raise
            else:
                return
            await pool.release(self._connection)
            with noticing():
                self._connection = await pool.acquire()


def _insist(statements: Sequence[Statement]) -> None:
    """Raise what the first of those that were run, and should have given a row, says for that case."""
    for each in statements:
        if each.otherwise and each.was_run and not each.rows:
            raise each.otherwise


class _Savepoint(TransactionWrapper):
    """A transaction inside of one."""

    def __init__(self, outer: Pipelined) -> None:
        super().__init__(outer)
        self._outer = outer

    async def savepoint(self) -> None:
        await self._outer.flush()
        await super().savepoint()


class _Context(TransactionContextPooled):
    """Borrows the connection of a transaction, and gives it back."""

    def __init__(self, transaction: Pipelined, pool_init_lock: Any) -> None:
        super().__init__(transaction, pool_init_lock)
        self._transaction = transaction

    async def __aenter__(self) -> Pipelined:
        await self.ensure_connection()
        client = self._transaction
        with noticing():
            client._connection = await client._parent._pool.acquire()  # noqa: SLF001
        # From here to the block nothing is waited for, so no cancellation can lose the connection.
        self.token: Any = get_connections().set(self.connection_name, client)
        await client.begin()
        return client


class Client(_WithoutCursors, PsycopgClient):
    """A pool of connections whose transactions are `Pipelined`."""

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self._waking: Later[None] = Later(self._wake, pause=BETWEEN_WAKES)

    async def _run(self, statement: Statement) -> None:
        """Run one statement by itself."""
        async with self.acquire_connection() as connection:
            await exchange(connection, [statement])

    def wake_workers(self) -> None:
        """Tell the workers, in a moment and once for many, that jobs are there; if it is lost they look by themselves.

        Not inside of the transactions that store the jobs: with a NOTIFY in them their commits, each with its
        write to the disk, wait for one another.
        """
        self._waking.put(None)

    async def _wake(self, _: list[None]) -> None:
        try:
            await self.execute_query("SELECT pg_notify('procrastinate_any_queue_v1', %s)", [JOB_INSERTED])
        except (psycopg.Error, DBConnectionError, OSError) as error:
            log.debug("workers_not_woken", error=type(error).__name__)

    async def _close(self) -> None:
        await self._waking.drop()
        await super()._close()

    def _in_transaction(self) -> TransactionContext:
        return _Context(Pipelined(self), self._pool_init_lock)


client_class = Client
"""What Tortoise looks for in the module that a configuration names as its engine."""
