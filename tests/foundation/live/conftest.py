"""A Redis that may die, and a live door over a notebook."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.live import Door, MortalRedis, Notebook, Screen, screens


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[MortalRedis]:
    server = MortalRedis(tmp_path)
    await server.start()
    yield server
    server.stop()


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
async def door(own_redis: MortalRedis, notebook: Notebook) -> AsyncIterator[Door]:
    async with Door.opened(own_redis.url, notebook) as opened:
        yield opened


@pytest.fixture
async def screen(door: Door) -> AsyncIterator[Screen]:
    async with screens(door.url, 1) as (only,):
        yield only
