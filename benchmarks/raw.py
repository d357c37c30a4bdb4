"""The raw limit: one statement, and nothing else, through the same driver, the same kind of pool, the same server.

Run as an agent (`agent.py`) on the core on which Linli's process runs in its turn.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg_pool
from tortoise.connection import get_connections
from uuid_utils.compat import uuid7

from benchmarks.agent import obey
from benchmarks.load import closed, open_loop
from benchmarks.stage import POOL
from foundation.clock import real_now
from foundation.database import connected, tortoise_config
from foundation.parts import apps_of, load_parts
from foundation.settings import DatabaseSettings

TEXT = "三号楼二单元的楼道灯坏了，晚上看不见路，老人上下楼很不方便，请尽快来人看一看"
TABLE = """
CREATE TABLE IF NOT EXISTS raw_row (
    id uuid PRIMARY KEY, resident_id bigint NOT NULL, text text NOT NULL, filed_at timestamptz NOT NULL
)"""
INSERT = "INSERT INTO raw_row (id, resident_id, text, filed_at) VALUES (%s, %s, %s, %s)"
READ = "SELECT id, resident_id, text, filed_at FROM raw_row WHERE id = %s"
Pool = psycopg_pool.AsyncConnectionPool[Any]
_opened: list[Pool] = []
_contexts: list[Any] = []


@asynccontextmanager
async def open_pool(url: str) -> AsyncIterator[Pool]:
    """Open the pool that the product opens, with its settings."""
    async with connected(tortoise_config(url, apps_of(load_parts()), DatabaseSettings(pool=POOL), name="raw")):
        client: Any = get_connections().get("default")
        yield client._pool  # noqa: SLF001 - it is the pool itself that is to be the same


async def _pool() -> Pool:
    if not _opened:
        context = open_pool(os.environ["BENCH_DATABASE_URL"])
        _contexts.append(context)
        _opened.append(await context.__aenter__())
        async with _opened[0].connection() as connection:
            await connection.execute(TABLE)
    return _opened[0]


async def insert(*, at_once: int, seconds: float, a_second: float = 0) -> Mapping[str, float]:
    """Insert one row at a time, each durable before the next of its lane."""
    pool = await _pool()

    async def once(lane: int) -> None:
        async with pool.connection() as connection:
            await connection.execute(INSERT, (uuid7(), lane, TEXT, real_now()))

    if a_second:
        return await open_loop(once, a_second=a_second, seconds=seconds, lanes=at_once)
    return await closed(once, at_once=at_once, seconds=seconds)


async def read(*, at_once: int, seconds: float, rows: int = 500) -> Mapping[str, float]:
    """Read one row at a time by its key."""
    pool = await _pool()
    ids = [uuid7() for _ in range(rows)]
    async with pool.connection() as connection, connection.cursor() as cursor:
        await cursor.executemany(INSERT, [(each, 1, TEXT, real_now()) for each in ids])
    turns = iter(range(10**9))

    async def once(_: int) -> None:
        async with pool.connection() as connection:
            cursor = await connection.execute(READ, (ids[next(turns) % rows],))
            if await cursor.fetchone() is None:
                raise LookupError

    return await closed(once, at_once=at_once, seconds=seconds)


if __name__ == "__main__":
    obey({"insert": insert, "read": read})
