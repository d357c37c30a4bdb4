"""Rows that are work: claimed in batches with a lease, by as many workers as there are.

For domain tables whose rows come by the hundred thousand. Such a table has
`id`, `state` ('waiting' is ours to take), `not_before`, `claimed_until` and
`attempts`. A worker that dies loses its lease, and others take the rows.
"""

import asyncio
from collections import deque
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
AT_ONCE = 8
"""Rows under way together where one batch is worked through and nothing is served beside it."""
FRESH = 4
"""A row whose turn comes within this part of its lease is begun as it was claimed; later its lease begins anew."""
Row = dict[str, Any]
Work = Callable[[Row], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Claims:
    """How the rows of one table are taken."""

    table: str
    lease_seconds: float = 60.0
    batch: int = 50
    line: Callable[[Row], Hashable] = itemgetter("id")
    """What stands in one line is worked through one after another, as it came."""

    async def take(self, most: int | None = None) -> list[Row]:
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
            self.batch if most is None else most,
            self.lease_seconds,
        )

    async def renew(self, row: Row) -> bool:
        """Begin the lease of a claimed row anew; tell whether it was still ours."""
        # Each claim counts an attempt, so the count tells whether somebody else has taken it since.
        return bool(
            await query(
                f"""UPDATE {self.table} SET claimed_until = now() + %s * interval '1 second'
                    WHERE id = %s AND state = 'waiting' AND attempts = %s RETURNING id""",  # noqa: S608 - as above
                self.lease_seconds,
                row["id"],
                row["attempts"],
            )
        )


async def wake(redis: Redis, table: str) -> None:
    """Tell the workers of a table that rows wait; if it is lost they find them by polling."""
    try:
        await redis.publish(f"linli:wake:{table}", "1")
    except (RedisError, OSError):
        log.debug("wake_not_told", table=table)


async def serve(ground: Ground, claims: Claims, work: Work) -> None:
    """Work through the table until cancelled; `work` must mark its row itself, in its own transaction.

    A row whose work fails stays claimed and is taken again when its lease ends. One that takes long keeps no
    other from being claimed.
    """
    bell = asyncio.Event()
    ear = spawn(_listen(ground.settings.redis_url or "", claims.table, bell), name=f"ear:{claims.table}")
    hand = Hand(claims, work, at_once=_most(ground.settings.database.pool))
    try:
        while True:
            room = await hand.room()
            if await hand.take(room) < room:
                await _wait(bell)
    finally:
        await hand.drop()
        await stop(ear)


def _most(pool: int) -> int:
    """Say how many rows a worker has under way, so that a flood leaves a quarter of its connections for others."""
    return max(1, pool * 3 // 4)


async def clear(claims: Claims, work: Work) -> int:
    """Claim one batch and work through it; give how many rows there were."""
    hand = Hand(claims, work, at_once=AT_ONCE)
    try:
        taken = await hand.take(claims.batch)
        await hand.emptied()
    finally:
        await hand.drop()
    return taken


class Hand:
    """What one worker has claimed and not yet done: lines that go on side by side, each in its order."""

    def __init__(self, claims: Claims, work: Work, *, at_once: int) -> None:
        self._claims = claims
        self._work = work
        self._turn = asyncio.Semaphore(at_once)
        self._lines: dict[Hashable, deque[tuple[Row, float]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._held = 0
        self._put_down = asyncio.Event()

    async def room(self) -> int:
        """Wait until there is room for half a batch at least, and give for how many rows."""
        while self._held > self._claims.batch // 2:
            self._put_down.clear()
            await self._put_down.wait()
        return self._claims.batch - self._held

    async def take(self, most: int) -> int:
        """Claim rows and begin with them; give how many there were."""
        rows = sorted(await self._claims.take(most), key=itemgetter("id"))
        stale_at = asyncio.get_running_loop().time() + self._claims.lease_seconds / FRESH
        for row in rows:
            self._queue(row, stale_at)
        return len(rows)

    def _queue(self, row: Row, stale_at: float) -> None:
        key = self._claims.line(row)
        self._held += 1
        if key in self._lines:
            self._lines[key].append((row, stale_at))
            return
        self._lines[key] = deque([(row, stale_at)])
        task = spawn(self._work_through(key), name=f"line:{self._claims.table}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def emptied(self) -> None:
        """Wait until all is done."""
        await asyncio.gather(*self._tasks)

    async def drop(self) -> None:
        """Let go of what is not done: others take it when its lease ends."""
        await asyncio.gather(*map(stop, list(self._tasks)))

    async def _work_through(self, key: Hashable) -> None:
        line = self._lines[key]
        async with self._turn:
            while line:
                await self._begin(*line.popleft())
                self._held -= 1
                self._put_down.set()
            del self._lines[key]

    async def _begin(self, row: Row, stale_at: float) -> None:
        """Do one row's work; what has waited long for its turn must still be ours."""
        try:
            if asyncio.get_running_loop().time() < stale_at or await self._claims.renew(row):
                await self._work(row)
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
