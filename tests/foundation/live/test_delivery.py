"""Every event once and in order, over real Redis and real sockets, whatever dies on the way."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from foundation.live import LiveFeed
from foundation.redis import open_redis
from tests.live import Door, MortalRedis, Notebook, Screen, eventually, flaws, screens, worker_feed


@asynccontextmanager
async def watched_page(own_redis: MortalRedis, notebook: Notebook) -> AsyncIterator[tuple[Door, LiveFeed, Screen]]:
    """Give a screen that has read a page of one line, beside another process; no heartbeat comes to their help."""
    notebook.write("1")
    async with (
        Door.opened(own_redis.url, notebook, heartbeat=60) as door,
        worker_feed(own_redis.url) as worker,
        screens(door.url, 1) as (screen,),
    ):
        await screen.come("page:1")
        await eventually(lambda: screen.caught_up)
        yield door, worker, screen


async def test_a_watcher_gets_history_then_caught_up_then_what_is_new(door: Door, screen: Screen) -> None:
    for _ in range(3):
        door.notebook.write("1")

    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)
    assert screen.caught_up == {"page:1": 3}
    door.feed.publish("page:1", door.notebook.write("1"))

    await eventually(lambda: screen.position("page:1") == 4)
    assert screen.numbers["page:1"] == [1, 2, 3, 4]


async def test_another_process_is_heard_through_redis(own_redis: MortalRedis, notebook: Notebook) -> None:
    async with watched_page(own_redis, notebook) as (door, worker, screen):
        heals = door.feed.figures.heals

        worker.publish("page:1", notebook.write("1"))
        await eventually(lambda: screen.numbers["page:1"] == [1, 2])

        assert door.feed.figures.heals == heals


async def test_a_lost_message_is_found_by_the_heartbeat(door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)

    door.notebook.write("1")  # and nobody is told

    await eventually(lambda: screen.numbers["page:1"] == [1, 2])
    assert door.feed.figures.heals == 1


async def test_what_was_committed_while_redis_was_dead_arrives_in_order(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    async with watched_page(own_redis, notebook) as (door, worker, screen):
        own_redis.kill()
        for _ in range(20):
            worker.publish("page:1", notebook.write("1"))
        await worker.published()
        await own_redis.start()
        await eventually(lambda: screen.position("page:1") == 21)
        await eventually(lambda: door.feed.figures.subscriptions == 2)
        worker.publish("page:1", notebook.write("1"))
        await eventually(lambda: screen.position("page:1") == 22)

        assert flaws(screen.numbers["page:1"], 22) == ""


async def test_nothing_is_lost_doubled_or_out_of_order_through_churn_and_a_dead_redis(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    dice = random.Random(7)  # noqa: S311 - repeatable
    pages = [str(n) for n in range(8)]
    notebook.slow = 0.002
    for page in pages:
        notebook.write(page)
    async with (
        Door.opened(own_redis.url, notebook) as one,
        Door.opened(own_redis.url, notebook) as two,
        worker_feed(own_redis.url) as worker,
        screens(one.url, 40) as first,
        screens(two.url, 40) as second,
    ):
        crowd = first + second
        watched = {screen: [f"page:{page}" for page in dice.sample(pages, 3)] for screen in crowd}
        await asyncio.gather(*(screen.come(*watched[screen]) for screen in crowd))
        done = asyncio.Event()

        async def churn(screen: Screen) -> None:
            while not done.is_set():
                await asyncio.sleep(dice.uniform(0.2, 1.0))
                screen.cut()
                await screen.gone()
                await screen.come(*watched[screen])

        async def write() -> None:
            for n in range(400):
                if n == 100:
                    own_redis.kill()
                if n == 250:
                    await worker.published()
                    await own_redis.start()
                page = dice.choice(pages)
                worker.publish(f"page:{page}", notebook.write(page))
                await asyncio.sleep(0.004)

        churning = [asyncio.ensure_future(churn(screen)) for screen in crowd[::3]]
        await write()
        done.set()
        await asyncio.gather(*churning)

        last = {f"page:{page}": len(notebook.pages[page]) for page in pages}
        await eventually(lambda: all(screen.position(t) == last[t] for screen in crowd for t in watched[screen]))
        assert [flaws(screen.numbers[t], last[t]) for screen in crowd for t in watched[screen]] == [""] * 240
        assert worker.figures.publish_failures >= 150


async def test_a_frozen_redis_keeps_nobody_and_what_could_not_be_told_is_counted(own_redis: MortalRedis) -> None:
    async with worker_feed(own_redis.url) as feed:
        feed.publish("page:1", 1)
        await feed.published()
        own_redis.process.send_signal(signal.SIGSTOP)
        try:
            for seq in range(50):
                feed.publish("page:1", seq)
            await feed.published()
        finally:
            own_redis.process.send_signal(signal.SIGCONT)
        feed.publish("page:1", 51)
        await feed.published()

        assert (feed.figures.published, feed.figures.publish_failures) == (2, 50)


async def test_a_redis_that_hangs_is_noticed_and_left(own_redis: MortalRedis, door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)

    own_redis.process.send_signal(signal.SIGSTOP)
    try:
        with capture_logs() as said:
            door.notebook.write("1")
            await eventually(lambda: screen.position("page:1") == 2)  # by the heartbeat alone
            await eventually(lambda: "live_cannot_hear" in {line["event"] for line in said})
    finally:
        own_redis.process.send_signal(signal.SIGCONT)

    await eventually(lambda: door.feed.figures.subscriptions > 1)
    async with worker_feed(own_redis.url) as worker:
        worker.publish("page:1", door.notebook.write("1"))
        await eventually(lambda: screen.numbers["page:1"] == [1, 2, 3])


async def test_an_event_is_read_and_encoded_once_for_all_who_share_a_view(own_redis: MortalRedis) -> None:
    notebook = Notebook()
    async with (
        Door.opened(own_redis.url, notebook, heartbeat=60) as door,
        screens(door.url, 100) as crowd,
    ):
        for screen in crowd[50:]:
            screen.token += "/en"
        notebook.write("1")
        await asyncio.gather(*(screen.come("page:1") for screen in crowd))
        await eventually(lambda: all(screen.caught_up for screen in crowd))
        assert door.feed.figures.events_encoded == 2
        assert notebook.history_reads["1"] == 2

        for _ in range(10):
            door.feed.publish("page:1", notebook.write("1"))
            await eventually(lambda: all(len(p.numbers["page:1"]) == len(notebook.pages["1"]) for p in crowd))

        assert door.feed.figures.events_encoded == 22
        assert notebook.history_reads["1"] == 22
        assert {event["for"] for event in crowd[0].events["page:1"]} == {"zh-Hans"}
        assert {event["for"] for event in crowd[-1].events["page:1"]} == {"en"}


async def test_a_long_history_comes_whole_while_new_events_reach_the_others(door: Door) -> None:
    for _ in range(950):
        door.notebook.write("1")
    async with screens(door.url, 2) as (old, new):
        new.numbers["page:1"] = list(range(1, 951))
        await asyncio.gather(old.come("page:1"), new.come("page:1"))
        for _ in range(30):
            door.feed.publish("page:1", door.notebook.write("1"))
        await eventually(lambda: old.position("page:1") == new.position("page:1") == 980)

        assert flaws(old.numbers["page:1"], 980) == ""
        assert flaws(new.numbers["page:1"], 980) == ""


async def test_a_false_message_is_corrected_and_harms_nobody(door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)

    door.feed.publish("page:1", 99_999)
    for nonsense in (
        "page:1 x",
        "page:1",
        "",
        "page:1 -5",
        "page:1 ²",
        "nothing:1 5",
        "page:1 " + "9" * 400,
        "\n\npage:1 0\n",
    ):
        await door.feed._redis.publish("linli:live", nonsense)  # noqa: SLF001
    late = await Screen(screen._session, door.url, "resident-2").come("page:1")  # noqa: SLF001
    await eventually(lambda: late.caught_up)
    door.feed.publish("page:1", door.notebook.write("1"))

    await eventually(lambda: screen.numbers["page:1"] == late.numbers["page:1"] == [1, 2])
    assert late.caught_up == {"page:1": 1}
    await late.leave()


async def test_a_database_that_fails_is_made_up_for(door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)

    door.notebook.broken = True
    for _ in range(5):
        door.feed.publish("page:1", door.notebook.write("1"))
    await asyncio.sleep(0.5)
    assert screen.numbers["page:1"] == [1]
    door.notebook.broken = False

    await eventually(lambda: screen.numbers["page:1"] == [1, 2, 3, 4, 5, 6])


async def test_publishing_without_any_redis_never_raises(tmp_path: Path) -> None:
    async with open_redis(f"unix://{tmp_path}/nothing.sock") as redis:
        feed = LiveFeed(redis)

        feed.publish("page:1", 1)
        await feed.published()

        assert feed.figures.publish_failures == 1
