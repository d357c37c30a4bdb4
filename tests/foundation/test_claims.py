"""Rows that are work: each is held by one worker at a time, and never lost with one."""

import asyncio
from collections import Counter

import pytest
from psycopg import OperationalError
from structlog.testing import capture_logs

from foundation import claims
from foundation.claims import Claims, Row, clear, serve, wake
from foundation.database import query
from foundation.ground import Ground
from foundation.tasks import spawn, stop

pytestmark = pytest.mark.usefixtures("database")
TABLE = "dispatch_update"
LONG = 3600.0


async def write(count: int, *, later: bool = False) -> None:
    """Store so many rows of work."""
    await query(
        """INSERT INTO dispatch_update
               (update_id, body_hash, body, came_by, state, received_at, domain_at, not_before, attempts)
           SELECT gen_random_uuid()::text, '', jsonb_build_object('line', n %% 3), 'callback', 'waiting', now(), now(),
                  now() + %s * interval '1 hour', 0
           FROM generate_series(1, %s) n RETURNING id""",
        int(later),
        count,
    )


async def finish(row: Row) -> None:
    await query("UPDATE dispatch_update SET state = 'done', claimed_until = NULL WHERE id = %s RETURNING id", row["id"])


async def waiting() -> int:
    return int((await query("SELECT count(*) AS n FROM dispatch_update WHERE state = 'waiting'"))[0]["n"])


async def test_two_workers_never_take_the_same_row() -> None:
    await write(200)
    table = Claims(TABLE, lease_seconds=LONG, batch=7)

    async def take_all() -> list[int]:
        taken = []
        while rows := await table.take():
            taken += [row["id"] for row in rows]
        return taken

    shares = await asyncio.gather(*(take_all() for _ in range(8)))

    assert Counter(Counter(each for share in shares for each in share).values()) == {1: 200}
    assert await table.take() == []


async def test_the_oldest_come_first_and_what_is_for_later_waits() -> None:
    await write(3, later=True)
    await write(5)
    table = Claims(TABLE, lease_seconds=LONG, batch=3)

    ids = [sorted(row["id"] for row in await table.take()) for _ in range(3)]

    everything = [row["id"] for row in await query("SELECT id FROM dispatch_update ORDER BY id")]
    assert ids == [everything[3:6], everything[6:], []]


async def test_what_a_dead_worker_held_is_taken_again_when_its_lease_has_run_out() -> None:
    await write(2)
    table = Claims(TABLE, lease_seconds=LONG)
    assert len(await table.take()) == 2  # and that worker is never heard of again
    assert await table.take() == []

    await query(
        "UPDATE dispatch_update SET claimed_until = claimed_until - %s * interval '1 second' RETURNING id", LONG
    )

    assert [row["attempts"] for row in await table.take()] == [2, 2]


async def test_a_row_whose_work_fails_keeps_no_other_from_being_done() -> None:
    await write(5)
    seen: list[int] = []

    async def work(row: Row) -> None:
        seen.append(row["id"])
        if len(seen) == 2:
            raise ZeroDivisionError
        await finish(row)

    with capture_logs() as logs:
        assert await clear(Claims(TABLE, lease_seconds=LONG), work) == 5

    assert await waiting() == 1
    assert [(each["event"], each["attempts"]) for each in logs] == [("claimed_row_failed", 1)]


async def test_a_database_that_is_away_is_no_alarm_of_a_row() -> None:
    await write(1)

    async def work(row: Row) -> None:
        raise OperationalError

    with capture_logs() as logs:
        await clear(Claims(TABLE, lease_seconds=LONG), work)

    assert await waiting() == 1
    assert [(each["event"], each["log_level"]) for each in logs] == [("claimed_row_put_off", "warning")]


async def test_what_stands_in_one_line_is_done_one_after_another_as_it_came() -> None:
    await write(30)
    under_way: set[int] = set()
    done: dict[int, list[int]] = {0: [], 1: [], 2: []}

    async def work(row: Row) -> None:
        line = row["body"]["line"]
        assert line not in under_way
        under_way.add(line)
        await finish(row)
        done[line].append(row["id"])
        under_way.remove(line)

    with capture_logs() as logs:
        await clear(Claims(TABLE, line=lambda row: row["body"]["line"]), work)

    assert logs == []
    assert all(ids == sorted(ids) and len(ids) == 10 for ids in done.values())


async def test_lines_do_not_wait_for_one_another() -> None:
    await write(3)
    everybody = asyncio.Barrier(3)

    async def work(row: Row) -> None:
        async with asyncio.timeout(30):
            await everybody.wait()
        await finish(row)

    assert await clear(Claims(TABLE), work) == 3
    assert await waiting() == 0


async def test_a_row_that_takes_long_keeps_no_other_from_being_claimed(ground: Ground) -> None:
    await write(1)
    others_done = asyncio.Event()
    slow_began = asyncio.Event()

    async def work(row: Row) -> None:
        if not slow_began.is_set():
            slow_began.set()
            await others_done.wait()
        await finish(row)

    serving = spawn(serve(ground, Claims(TABLE, batch=4), work), name="desk")
    async with asyncio.timeout(10):
        await slow_began.wait()
        await write(20)
        while await waiting() > 1:
            await asyncio.sleep(0.01)
        others_done.set()
        while await waiting():
            await asyncio.sleep(0.01)
    await stop(serving)


async def test_what_another_took_while_it_waited_for_its_turn_is_left_to_them() -> None:
    await write(2)
    ours, theirs = Claims(TABLE, lease_seconds=0.0, line=lambda _: "one"), Claims(TABLE, lease_seconds=LONG)
    done: list[int] = []
    taken: list[Row] = []

    async def work(row: Row) -> None:
        done.append(row["id"])
        await finish(row)
        taken.extend(await theirs.take())

    await clear(ours, work)

    assert len(done) == 1
    assert [(row["id"] > done[0], row["attempts"]) for row in taken] == [(True, 2)]


async def test_what_waited_long_and_is_still_ours_has_its_whole_lease_when_it_begins() -> None:
    await write(1)
    table = Claims(TABLE, lease_seconds=LONG)
    [row] = await table.take()
    await query("UPDATE dispatch_update SET claimed_until = now() RETURNING id")

    assert await table.renew(row)

    assert await table.take() == []
    assert await waiting() == 1


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
async def test_who_serves_finds_new_rows_when_told_and_also_when_not(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    monkeypatch.setattr(claims, "POLL_SECONDS", LONG if told else 0.02)
    serving = spawn(serve(ground, Claims(TABLE), finish), name="desk")
    async with asyncio.timeout(10):
        while not (await ground.redis.pubsub_numsub(f"linli:wake:{TABLE}"))[0][1]:
            await asyncio.sleep(0.01)

        await write(120)
        while await waiting():
            if told:
                await wake(ground.redis, TABLE)
            await asyncio.sleep(0.01)
    await stop(serving)
