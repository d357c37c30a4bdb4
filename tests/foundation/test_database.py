"""One transaction: rows, jobs and what is told of them are stored together or not at all."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest
from psycopg_pool import PoolTimeout
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from community.complaints.events import ComplaintAddedTo, ComplaintFiled
from foundation.clock import real_now
from foundation.database import SpoiledTransactionError, Transaction, inside_transaction, query, transaction
from foundation.ground import Ground
from foundation.settings import Settings
from foundation.tasks import spawn
from foundation.wiring import forget_old_answers
from tests.jobs import deferred

pytestmark = pytest.mark.usefixtures("database")
NOTE = (
    "INSERT INTO idempotency_key (actor_key, key, request_hash, created_at) VALUES ('test', %s, '', now()) RETURNING id"
)


class OurError(Exception):
    """Something went wrong."""


async def note(tx: Transaction, word: str) -> None:
    await tx.query(NOTE, word)


async def noted() -> list[str]:
    return [row["key"] for row in await query("SELECT key FROM idempotency_key ORDER BY key")]


Told = list[asyncio.Task[str]]


def tell(told: Told, word: str) -> Callable[[], None]:
    """Give what a transaction calls after its commit: it looks at what is there from then on."""

    async def see() -> str:
        return f"{word} {await noted()}"

    def telling() -> None:
        assert not inside_transaction()
        told.append(spawn(see()))

    return telling


async def test_rows_jobs_and_telling_happen_together() -> None:
    told: Told = []
    async with transaction() as tx:
        await note(tx, "a")
        tx.defer(forget_old_answers.call())
        tx.after_commit(tell(told, "done"))
        assert await spawn(noted()) == []
        assert told == []

    assert [await each for each in told] == ["done ['a']"]
    assert (await noted(), await deferred()) == (["a"], [forget_old_answers.name])


async def test_what_fails_leaves_neither_row_nor_job_nor_word() -> None:
    told: Told = []

    async def fail() -> None:
        async with transaction() as tx:
            await note(tx, "a")
            tx.defer(forget_old_answers.call())
            tx.after_commit(tell(told, "done"))
            raise OurError

    with pytest.raises(OurError):
        await fail()

    assert (await noted(), await deferred(), told) == ([], [], [])
    assert not inside_transaction()


async def test_an_inner_block_belongs_to_the_outer_one() -> None:
    told: Told = []
    async with transaction() as outer:
        async with transaction() as inner:
            assert inner is outer
            await note(inner, "inner")
            inner.defer(forget_old_answers.call())
            inner.after_commit(tell(told, "inner"))
        assert told == []
        await note(outer, "outer")

    assert await deferred() == [forget_old_answers.name]
    assert [await each for each in told] == ["inner ['inner', 'outer']"]


async def test_an_inner_failure_spoils_the_outer_one_though_it_was_swallowed() -> None:
    told: Told = []

    async def swallow() -> None:
        async with transaction() as tx:
            await note(tx, "outer")
            tx.defer(forget_old_answers.call())
            tx.after_commit(tell(told, "outer"))
            try:
                async with transaction() as inner:
                    await note(inner, "half")
                    raise OurError
            except OurError:
                pass

    with pytest.raises(SpoiledTransactionError):
        await swallow()

    assert (await noted(), await deferred(), told) == ([], [], [])


async def test_a_job_that_cannot_be_stored_takes_its_rows_with_it() -> None:
    async def fail() -> None:
        async with transaction() as tx:
            await note(tx, "a")
            tx.defer(forget_old_answers.call(unwritable=object()))

    with pytest.raises(TypeError):
        await fail()

    assert await noted() == []


async def test_a_failing_word_keeps_no_other_from_being_told_and_undoes_nothing() -> None:
    told: Told = []

    def fail() -> None:
        raise OurError

    with capture_logs() as logs:
        async with transaction() as tx:
            await note(tx, "a")
            tx.after_commit(fail)
            tx.after_commit(tell(told, "second"))

    assert [await each for each in told] == ["second ['a']"]
    assert [each["event"] for each in logs] == ["after_commit_failed"]


async def test_reactions_are_stored_in_one_batch_at_the_end(ground: Ground) -> None:
    ids = [uuid7() for _ in range(3)]
    async with transaction() as tx:
        for each in ids:
            tx.emit(ComplaintFiled(occurred_at=real_now(), complaint_id=each))
            tx.emit(ComplaintAddedTo(occurred_at=real_now(), complaint_id=each, seq=2))
        assert await tx.query("SELECT 1 FROM procrastinate_jobs") == []

    rows = await query("SELECT task_name, lock, cmin::text AS command FROM procrastinate_jobs ORDER BY id")
    assert [(row["task_name"], row["lock"]) for row in rows] == [
        (name, f"complaint:{each}")
        for each in ids
        for name in ("complaints.push_to_dispatch", "complaints.tell_dispatch")
    ]
    assert len({row["command"] for row in rows}) == 1


async def test_a_task_started_inside_stands_outside() -> None:
    async def write() -> bool:
        await query(NOTE, "stray")
        return inside_transaction()

    async def fail() -> bool:
        async with transaction() as tx:
            await note(tx, "own")
            inside = await spawn(write())
            assert not inside
            raise OurError

    with pytest.raises(OurError):
        await fail()
    assert await noted() == ["stray"]


async def brief(chance: Random) -> None:
    async with transaction() as tx:
        await note(tx, f"{chance.random()}")
        tx.defer(forget_old_answers.call())


async def all_connections_serve(count: int) -> None:
    """See that as many transactions as there are connections can be open at once."""
    everybody = asyncio.Barrier(count)

    async def hold() -> None:
        async with transaction() as tx:
            await tx.query("SELECT 1")
            await everybody.wait()

    async with asyncio.timeout(10):
        await asyncio.gather(*(hold() for _ in range(count)))


# Cancelled once more while its pipeline ends, psycopg's own generator is left behind, and when it is collected looks once
# more for the connection that we have closed: nothing is lost by it.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <generator object BasePipeline._exit_gen:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("times", [1, 4], ids=["cancelled once", "cancelled again while it ends"])
async def test_a_storm_of_cancellations_loses_no_connection(settings: Settings, times: int) -> None:
    chance = Random(10)  # noqa: S311 - spreads the cuts, guards nothing
    loop = asyncio.get_running_loop()
    tasks = [spawn(brief(chance)) for _ in range(600)]
    for task in tasks[::2]:
        at = chance.random() * 0.3
        for again in range(times):
            loop.call_later(at + chance.random() * 0.006 * again, task.cancel)

    ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert [each for each in ended if each and not isinstance(each, asyncio.CancelledError | PoolTimeout)] == []
    await all_connections_serve(settings.database.pool)
    assert len(await noted()) == len(await deferred())  # a row always with its job
    assert not inside_transaction()
