"""Several statements in one round trip: libpq's pipeline mode, without a cursor for each of them.

psycopg's own pipeline gives every statement a cursor, looks at the socket before each and writes each by itself;
with the dozen statements of a transaction that cost more than all else. Here all leave in one write. What psycopg
knows stays psycopg's: how values are written and read, how `%s` becomes `$1`, what is prepared and when, and how a
wait is cut off. Start at `exchange`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import abc, adapt, generators
from psycopg._preparing import Prepare
from psycopg._queries import PostgresQuery
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, PipelineStatus
from psycopg.pq.abc import PGresult

Rows = list[dict[str, Any]]
Connection = psycopg.AsyncConnection[Any]


class Statement:
    """One statement; what came of it is there when it was run, and read when somebody wants to know."""

    def __init__(self, sql: Any, values: Any = None, *, otherwise: Exception | None = None) -> None:
        self.sql, self.values = sql, values
        self.otherwise = otherwise
        """What is raised when it was run and gave no row."""
        self._result: PGresult | None = None
        self._transformer: abc.Transformer | None = None
        self._rows: Rows | None = None

    def note(self, result: PGresult, transformer: abc.Transformer) -> None:
        """Note what came of it, and what reads the values."""
        self._result, self._transformer = result, transformer

    @property
    def was_run(self) -> bool:
        """Whether it was."""
        return self._result is not None

    @property
    def status(self) -> str:
        """What the server called it afterwards."""
        return ((self._result and self._result.command_status) or b"").decode()

    @property
    def count(self) -> int:
        """How many rows it gave or changed."""
        return (self._result and self._result.command_tuples) or 0

    @property
    def rows(self) -> Rows:
        """Its rows, by the names of their columns."""
        if self._rows is None and self._result and self._transformer:
            self._rows = _rows_of(self._result, self._transformer)
        return self._rows or []


async def exchange(connection: Connection, statements: Sequence[Statement]) -> None:
    """Send statements in one round trip, and give each its rows.

    Raises:
        psycopg.Error: one failed; those after it were not run.

    """
    async with connection.lock:
        try:
            await connection.wait(_exchanging(connection, statements))
        finally:
            if connection.pgconn.pipeline_status != PipelineStatus.OFF:
                await connection.close()  # cut off in the middle: nobody can use it again


class _Sent(NamedTuple):
    """What was made of a statement, for psycopg's book of prepared ones."""

    statement: Statement
    prepare: Prepare
    name: bytes
    key: Any
    """None if the book knew the statement."""


def _exchanging(connection: Connection, statements: Sequence[Statement]) -> abc.PQGen[None]:
    prepared, pgconn = connection._prepared, connection.pgconn  # noqa: SLF001 - as psycopg's cursors do
    transformer = adapt.Transformer(connection)
    query = PostgresQuery(transformer)
    pgconn.enter_pipeline_mode()
    sent = [_put(connection, query, each) for each in statements]
    pgconn.pipeline_sync()
    yield from generators.send(pgconn)
    results = yield from _results(connection, sum(2 if each.prepare is Prepare.SHOULD else 1 for each in sent) + 1)
    pgconn.exit_pipeline_mode()
    left = iter(results)
    for each in sent:
        result = next(left)
        if each.prepare is Prepare.SHOULD and result.status == ExecStatus.COMMAND_OK:
            result = next(left)
        if result.status == ExecStatus.FATAL_ERROR:
            prepared.clear()  # what was to be prepared after it was not; the server is told when it listens again
            raise error_from_result(result, encoding=connection.info.encoding)
        each.statement.note(result, transformer)
        if each.key is not None:
            prepared.validate(each.key, each.prepare, each.name, [result])
    yield from prepared.maintain_gen(connection)


def _put(connection: Connection, query: PostgresQuery, statement: Statement) -> _Sent:
    """Put a statement into the pipeline, which keeps it until the end."""
    prepared, pgconn = connection._prepared, connection.pgconn  # noqa: SLF001
    query.convert(statement.sql, statement.values)
    prepare, name = prepared.get(query)
    if prepare is Prepare.NO:
        pgconn.send_query_params(query.query, query.params, param_types=query.types, param_formats=query.formats)
    else:
        if prepare is Prepare.SHOULD:
            pgconn.send_prepare(name, query.query, param_types=query.types)
        pgconn.send_query_prepared(name, query.params, param_formats=query.formats)
    return _Sent(statement, prepare, name, prepared.maybe_add_to_cache(query, prepare, name))


def _results(connection: Connection, count: int) -> abc.PQGen[list[PGresult]]:
    """Collect the answers, one to each thing sent; a server that says why it hangs up is heard."""
    results: list[PGresult] = []
    try:
        for _ in range(count):
            results.extend((yield from generators.fetch_many(connection.pgconn)))
    except psycopg.OperationalError:
        if not any(each.status == ExecStatus.FATAL_ERROR for each in results):
            raise
    return results


def _rows_of(result: PGresult, transformer: abc.Transformer) -> Rows:
    if result.status != ExecStatus.TUPLES_OK or not result.ntuples:
        return []
    transformer.set_pgresult(result)
    names = [(result.fname(each) or b"").decode() for each in range(result.nfields)]
    return transformer.load_rows(0, result.ntuples, lambda values: dict(zip(names, values, strict=True)))
