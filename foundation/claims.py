"""Rows that are work: claimed in batches with a lease, by as many workers as there are.

For domain tables whose rows come by the hundred thousand. Such a table has
`id`, `state` ('waiting' is ours to take), `not_before`, `claimed_until` and
`attempts`. A worker that dies loses its lease, and others take the rows.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import structlog
from psycopg import OperationalError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tortoise.exceptions import DBConnectionError

from foundation.database import query
from foundation.ground import Ground
from foundation.redis import open_listener
from foundation.tasks import spawn, stop

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.2
AT_ONCE = 6
"""Rows of one worker under way together, so that a flood leaves connections for others."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claims:
    """How the rows of one table are taken."""

    table: str
    lease_seconds: float = 60.0
    batch: int = 50
    line: Callable[[Row], Hashable] = itemgetter("id")
    """What stands in one line is worked through one after another, as it came."""

    async def take(self) -> list[Row]:
        """Claim up to a batch of waiting rows, oldest first, that nobody else holds."""
        # The rows are chosen once, before any is changed: a subquery may be asked again for every row it is
        # compared with, passes over what was just taken, and then takes more than a batch.
        return await query(
            f"""WITH chosen AS MATERIALIZED (
                    SELECT id FROM {self.table}
                    WHERE state = 'waiting' AND not_before <= now()
                      AND (claimed_until IS NULL OR claimed_until < now())
                    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
                UPDATE {self.table} AS taken
                SET claimed_until = now() + %s * interval '1 second', attempts = attempts + 1
                FROM chosen WHERE taken.id = chosen.id
                RETURNING taken.*""",  # noqa: S608 - the table's name is ours
            self.batch,
            self.lease_seconds,
        )


async def wake(redis: Redis, table: str) -> None:
    """Tell the workers of a table that rows wait; if it is lost they find them by polling."""
    try:
        await redis.publish(f"linli:wake:{table}", "1")
    except (RedisError, OSError):
        log.debug("wake_not_told", table=table)


async def serve(ground: Ground, claims: Claims, work: Callable[[Row], Awaitable[None]]) -> None:
    """Work through the table until cancelled; `work` must mark its row itself, in its own transaction.

    A row whose work fails stays claimed and is taken again when its lease ends.
    """
    bell = asyncio.Event()
    ear = spawn(_listen(ground.settings.redis_url or "", claims.table, bell), name=f"ear:{claims.table}")
    try:
        while True:
            if await clear(claims, work) < claims.batch:
                await _wait(bell)
    finally:
        await stop(ear)


async def clear(claims: Claims, work: Callable[[Row], Awaitable[None]]) -> int:
    """Claim one batch and work through it; give how many rows there were."""
    rows = sorted(await claims.take(), key=itemgetter("id"))
    lines: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        lines[claims.line(row)].append(row)
    turn = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(_work_through(work, line, turn) for line in lines.values()))
    return len(rows)


async def _work_through(work: Callable[[Row], Awaitable[None]], line: list[Row], turn: asyncio.Semaphore) -> None:
    async with turn:
        for row in line:
            await _work(work, row)


async def _work(work: Callable[[Row], Awaitable[None]], row: Row) -> None:
    try:
        await work(row)
    except (OperationalError, DBConnectionError) as error:
        # The database's trouble, not the row's: nobody need be alarmed of it.
        log.warning("claimed_row_put_off", row=row["id"], error=type(error).__name__)
    except Exception:
        log.exception("claimed_row_failed", row=row["id"], attempts=row["attempts"])


async def _wait(bell: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_SECONDS):
            await bell.wait()
    except TimeoutError:
        return
    bell.clear()


async def _listen(url: str, table: str, bell: asyncio.Event) -> None:
    """Ring for each word that rows wait; without Redis the poll alone finds them."""
    while True:
        try:
            async with open_listener(url) as redis, redis.pubsub() as channel:
                await channel.subscribe(f"linli:wake:{table}")
                while True:
                    if await channel.get_message(timeout=5.0):
                        bell.set()
        except (RedisError, OSError):
            await asyncio.sleep(POLL_SECONDS)
