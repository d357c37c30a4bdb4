"""Long polls: they end with the event, or with the time."""

import asyncio

import pytest

from tests.live import Door, MortalRedis, Notebook, worker_feed


async def test_waiting_ends_with_the_event(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door:
        waiting = asyncio.ensure_future(door.feed.wait("page:1", 1, 60))
        await asyncio.sleep(0.05)
        assert not waiting.done()

        door.feed.publish("page:1", notebook.write("1"))

        await asyncio.wait_for(waiting, 20)


async def test_waiting_for_what_is_there_already_ends_at_once(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1")  # committed between the reader's look and its waiting, and never told
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, asyncio.timeout(20):
        await door.feed.wait("page:1", 0, 60)


async def test_waiting_survives_a_lost_message(door: Door) -> None:
    door.notebook.write("1")
    waiting = asyncio.ensure_future(door.feed.wait("page:1", 1, 60))
    await asyncio.sleep(0.05)

    door.notebook.write("1")

    await asyncio.wait_for(waiting, 20)


@pytest.mark.parametrize("topic", ["page:1", "nothing:1", "nonsense"])
async def test_waiting_ends_with_the_time(door: Door, topic: str) -> None:
    began = asyncio.get_running_loop().time()

    await door.feed.wait(topic, 0, 0.3)

    assert 0.25 < asyncio.get_running_loop().time() - began < 10


async def test_waiting_does_without_the_database_and_without_running(own_redis: MortalRedis, door: Door) -> None:
    door.notebook.broken = True
    await door.feed.wait("page:1", 0, 0.2)

    async with worker_feed(own_redis.url) as worker:
        await worker.wait("page:1", 0, 0.1)
