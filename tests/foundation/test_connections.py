"""What needs no answer is not waited for, and yet means the same: order, failures, dead connections, cancellations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, TransactionManagementError
from uuid_utils.compat import uuid7

from foundation.clock import real_now
from foundation.database import Transaction, query, read, transaction
from foundation.idempotency import IdempotencyKey
from foundation.settings import Settings
from foundation.tasks import spawn
from foundation.wiring import forget_old_answers
from tests.jobs import deferred

pytestmark = pytest.mark.usefixtures("database")
INSERT = "INSERT INTO idempotency_key (actor_key, key, request_hash, created_at) VALUES ('test', %s, '', now())"


def row(word: str) -> IdempotencyKey:
    return IdempotencyKey(actor_key="test", key=word, request_hash=b"x", created_at=real_now())


async def noted() -> list[str]:
    return [each["key"] for each in await query("SELECT key FROM idempotency_key ORDER BY id")]


async def test_what_was_stored_and_ordered_is_seen_by_the_next_question_in_its_order() -> None:
    async with transaction() as tx:
        tx.store(row("a"))
        tx.order(INSERT, "b")
        first = tx.ask("SELECT count(*) AS n FROM idempotency_key")
        tx.store(row("c"))
        second = tx.ask("SELECT count(*) AS n FROM idempotency_key")
        third = await tx.query("SELECT count(*) AS n FROM idempotency_key")

        assert [(await each.rows())[0]["n"] for each in (first, second)] == [2, 3]
        assert third[0]["n"] == 3
        assert await IdempotencyKey.all().count() == 3

    assert await noted() == ["a", "b", "c"]


async def test_a_row_is_stored_and_changed_as_the_model_says() -> None:
    async with transaction() as tx:
        kept = row("a")
        kept.status, kept.body = 201, "{}"
        tx.store(kept)
        (found,) = await tx.ask("SELECT * FROM idempotency_key").rows_as(IdempotencyKey)
        assert (found.status, found.body, bytes(found.request_hash)) == (201, "{}", b"x")
        found.status, found.body = 409, "never written"
        tx.change(found, "status")

    (stored,) = await IdempotencyKey.all()
    assert (stored.status, stored.body, stored.key) == (409, "{}", "a")


async def test_a_row_without_an_object_is_stored_as_the_model_says() -> None:
    async with transaction() as tx:
        tx.insert(IdempotencyKey, actor_key="test", key="a", request_hash=b"\x00\xff", created_at=real_now())

    (stored,) = await IdempotencyKey.all()
    assert (stored.key, bytes(stored.request_hash)) == ("a", b"\x00\xff")
    assert (await query("SELECT status, body FROM idempotency_key")) == [{"status": None, "body": None}]


async def test_what_cannot_be_stored_takes_all_with_it_at_the_commit() -> None:
    async def fail() -> None:
        async with transaction() as tx:
            tx.store(row("a"))
            tx.store(row("a"))
            tx.store(row("b"))
            tx.defer(forget_old_answers.call())

    with pytest.raises(IntegrityError):
        await fail()

    assert (await noted(), await deferred()) == ([], [])


async def test_a_failure_that_was_swallowed_is_told_at_the_end_and_nothing_is_stored() -> None:
    async def swallow() -> None:
        async with transaction() as tx:
            tx.store(row("a"))
            with suppress(psycopg.errors.UndefinedColumn):
                await tx.query("SELECT no_such_column")

    with pytest.raises(TransactionManagementError):
        await swallow()

    assert await noted() == []


async def test_a_transaction_that_does_nothing_yet_has_not_begun() -> None:
    async with transaction() as tx:
        tx.store(row("a"))
        status = tx.connection._connection.info.transaction_status  # noqa: SLF001
        assert status is psycopg.pq.TransactionStatus.IDLE
        await tx.query("SELECT 1 AS one")
        assert tx.connection._connection.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS  # noqa: SLF001


class NotThereError(Exception):
    """There was no such row."""


MINE = INSERT + " ON CONFLICT DO NOTHING RETURNING id"


async def claim_and(work: str, *values: object) -> None:
    async with transaction() as tx:
        tx.insist(MINE, "a", otherwise=NotThereError())
        await tx.query(work, *values)
        tx.store(row("c"))


@pytest.mark.parametrize(("work", "values"), [("SELECT 1 AS one", ()), (INSERT, ("a",)), ("SELECT no_such_column", ())])
async def test_what_was_insisted_on_is_told_by_the_next_question_whatever_becomes_of_that(
    work: str, values: tuple[object, ...]
) -> None:
    await query(INSERT, "a")

    with pytest.raises(NotThereError):
        await claim_and(work, *values)

    assert await noted() == ["a"]


async def test_what_was_insisted_on_keeps_the_commit_from_happening() -> None:
    async def claim_and_store() -> None:
        async with transaction() as tx:
            tx.insist(MINE, "a", otherwise=NotThereError())
            tx.store(row("b"))

    await claim_and_store()
    with pytest.raises(NotThereError):
        await claim_and_store()

    assert await noted() == ["a", "b"]


async def test_a_question_is_settled_without_what_was_stored_after_it() -> None:
    async with transaction() as tx:
        tx.store(row("a"))
        asked = tx.ask("SELECT count(*) AS n FROM idempotency_key")
        tx.store(row("a"))
        await asked.settle()
        assert (await asked.rows())[0]["n"] == 1

    assert await noted() == ["a"]


async def test_statements_are_prepared_in_the_middle_of_others_and_after_a_failure() -> None:
    async def fail() -> None:
        async with transaction() as tx:
            tx.ask("SELECT 1 AS one")
            await tx.query("SELECT no_such_column")

    for number in range(8):
        async with transaction() as tx:
            first = tx.ask("SELECT %s::int AS n", number)
            tx.store(row(str(number)))
            second = await tx.query("SELECT count(*) AS n FROM idempotency_key WHERE key = %s", str(number))
            assert ((await first.rows())[0]["n"], second[0]["n"]) == (number, 1)
        with pytest.raises(psycopg.errors.UndefinedColumn):
            await fail()


async def test_values_come_back_as_they_were_given() -> None:
    at, key = real_now(), uuid7()
    (found,) = await query(
        "SELECT %s::uuid AS key, %s::timestamptz AS at, %s AS text, %s::jsonb AS body, %s::bytea AS raw, %s AS nothing,"
        " %s::text[] AS words",
        *(key, at, "\U00020000 %s %%", Jsonb({"a": [1, None]}), b"\x00\xff", None, ["", "b,'\""]),
    )

    assert found == {
        "key": key,
        "at": at,
        "text": "\U00020000 %s %%",
        "body": {"a": [1, None]},
        "raw": b"\x00\xff",
        "nothing": None,
        "words": ["", "b,'\""],
    }


@pytest.fixture
async def healed() -> AsyncIterator[Any]:
    """Give the pool, and let it find its dead before the next test."""
    pool: Any = get_connections().get("default")._pool  # noqa: SLF001
    yield pool
    await pool.check()
    async with asyncio.timeout(20):
        while pool.get_stats()["pool_available"] < pool.max_size:
            await asyncio.sleep(0.02)


async def cut(settings: Settings, pid: int) -> None:
    """Let the server hang up on one connection."""
    async with await psycopg.AsyncConnection.connect(settings.database_url or "", autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


async def cut_all(settings: Settings) -> None:
    """Let the server hang up on every connection of the pool, as when it is restarted."""
    url = settings.database_url or ""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def ask_and_store(tx: Transaction) -> None:
    await tx.query("SELECT 1 AS one")
    tx.store(row("a"))


async def only_store(tx: Transaction) -> None:
    tx.store(row("a"))


@pytest.mark.parametrize("work", [ask_and_store, only_store])
async def test_a_connection_that_died_in_the_pool_is_noticed_by_nobody(
    work: Any, settings: Settings, healed: Any
) -> None:
    await cut_all(settings)

    async with transaction() as tx:
        await work(tx)

    await healed.check()
    assert await noted() == ["a"]


async def test_reading_is_asked_again_of_another_connection(settings: Settings, healed: Any) -> None:
    dead = healed._pool[0].info.backend_pid  # noqa: SLF001 - the one that is lent next
    await cut(settings, dead)

    assert (await read("SELECT 1 AS one"))[0]["one"] == 1
    with pytest.raises(psycopg.errors.UndefinedColumn):
        await read("SELECT no_such_column")


async def test_a_connection_that_dies_in_the_middle_is_told_and_nothing_is_stored(
    settings: Settings, healed: Any
) -> None:
    async def die() -> None:
        async with transaction() as tx:
            tx.store(row("a"))
            await tx.query("SELECT 1 AS one")
            await cut_all(settings)
            tx.store(row("b"))

    with pytest.raises(psycopg.OperationalError):
        await die()

    await healed.check()
    assert await noted() == []


async def test_cancelled_in_the_middle_connections_are_not_lost(settings: Settings) -> None:
    async def hang() -> None:
        async with transaction() as tx:
            tx.store(row("never"))
            await tx.query("SELECT pg_sleep(20)")

    pool: Any = get_connections().get("default")._pool  # noqa: SLF001
    for _ in range(settings.database.pool + 2):
        task = spawn(hang())
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    assert await noted() == []
    async with asyncio.timeout(10):
        while pool.get_stats()["pool_available"] < settings.database.pool:
            await asyncio.sleep(0.02)


async def test_workers_are_woken_after_the_commit_and_once_for_many(settings: Settings) -> None:
    url = settings.database_url or ""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as worker:
        await worker.execute("LISTEN procrastinate_any_queue_v1")
        for _ in range(10):
            async with transaction() as tx:
                tx.defer(forget_old_answers.call())

        heard = [each async for each in worker.notifies(timeout=1)]

    assert 1 <= len(heard) < 10
    assert len(await deferred()) == 10
