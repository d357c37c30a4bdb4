"""The live feed over real Redis and real sockets: nothing lost, doubled or out of order."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from foundation.live import LiveCollector, LiveFeed
from foundation.live.batches import Batch
from foundation.live.windows import Window
from foundation.redis import open_redis
from tests.live import Door, MortalRedis, Notebook, Phone, eventually, flaws, phones, worker_feed


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
async def phone(door: Door) -> AsyncIterator[Phone]:
    async with phones(door.url, 1) as (only,):
        yield only


async def test_a_watcher_gets_history_then_caught_up_then_what_is_new(door: Door, phone: Phone) -> None:
    for _ in range(3):
        door.notebook.write("1")

    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)
    assert phone.caught_up == {"page:1": 3}
    await door.feed.publish("page:1", door.notebook.write("1"))

    await eventually(lambda: phone.position("page:1") == 4)
    assert phone.numbers["page:1"] == [1, 2, 3, 4]


async def test_another_process_is_heard_through_redis(own_redis: MortalRedis, door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)
    heals = door.feed.figures.heals

    async with worker_feed(own_redis.url) as worker:
        await worker.publish("page:1", door.notebook.write("1"))
        await eventually(lambda: phone.numbers["page:1"] == [1, 2], seconds=0.2)

    assert door.feed.figures.heals == heals


async def test_a_lost_message_is_found_by_the_heartbeat(door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)

    door.notebook.write("1")  # and nobody is told

    await eventually(lambda: phone.numbers["page:1"] == [1, 2])
    assert door.feed.figures.heals == 1


async def test_what_was_committed_while_redis_was_dead_arrives_in_order(
    own_redis: MortalRedis, door: Door, phone: Phone
) -> None:
    door.notebook.write("1")
    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)

    async with worker_feed(own_redis.url) as worker:
        own_redis.kill()
        for _ in range(20):
            await worker.publish("page:1", door.notebook.write("1"))
        await own_redis.start()
        await eventually(lambda: phone.position("page:1") == 21)
        await eventually(lambda: door.feed.figures.subscriptions == 2)
        await asyncio.sleep(1.1)  # the publisher leaves a broken Redis alone for a second
        await worker.publish("page:1", door.notebook.write("1"))
        await eventually(lambda: phone.position("page:1") == 22, seconds=0.25)

    assert flaws(phone.numbers["page:1"], 22) == ""


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
        phones(one.url, 40) as first,
        phones(two.url, 40) as second,
    ):
        crowd = first + second
        watched = {phone: [f"page:{page}" for page in dice.sample(pages, 3)] for phone in crowd}
        await asyncio.gather(*(phone.come(*watched[phone]) for phone in crowd))
        done = asyncio.Event()

        async def churn(phone: Phone) -> None:
            while not done.is_set():
                await asyncio.sleep(dice.uniform(0.2, 1.0))
                phone.cut()
                await phone.gone()
                await phone.come(*watched[phone])

        async def write() -> None:
            for n in range(400):
                if n == 100:
                    own_redis.kill()
                if n == 250:
                    await own_redis.start()
                page = dice.choice(pages)
                await worker.publish(f"page:{page}", notebook.write(page))
                await asyncio.sleep(0.004)

        churning = [asyncio.ensure_future(churn(phone)) for phone in crowd[::3]]
        await write()
        done.set()
        await asyncio.gather(*churning)

        last = {f"page:{page}": len(notebook.pages[page]) for page in pages}
        await eventually(lambda: all(phone.position(t) == last[t] for phone in crowd for t in watched[phone]))
        assert [flaws(phone.numbers[t], last[t]) for phone in crowd for t in watched[phone]] == [""] * 240
        assert worker.figures.publish_failures > 50


async def test_a_frozen_redis_costs_one_request_a_second_half_a_second(own_redis: MortalRedis) -> None:
    async with worker_feed(own_redis.url) as feed:
        await feed.publish("page:1", 1)
        own_redis.process.send_signal(signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        try:
            began, longest = loop.time(), 0.0
            for seq in range(50):
                before = loop.time()
                await feed.publish("page:1", seq)
                longest = max(longest, loop.time() - before)
            assert longest < 0.7
            assert loop.time() - began < 0.8
        finally:
            own_redis.process.send_signal(signal.SIGCONT)


async def test_a_redis_that_hangs_is_noticed_and_left(own_redis: MortalRedis, door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)

    own_redis.process.send_signal(signal.SIGSTOP)
    try:
        door.notebook.write("1")
        await eventually(lambda: phone.position("page:1") == 2)  # by the heartbeat alone
        await asyncio.sleep(2.0)
    finally:
        own_redis.process.send_signal(signal.SIGCONT)

    await eventually(lambda: door.feed.figures.subscriptions > 1)
    async with worker_feed(own_redis.url) as worker:
        await worker.publish("page:1", door.notebook.write("1"))
        await eventually(lambda: phone.numbers["page:1"] == [1, 2, 3])


async def test_an_event_is_read_and_encoded_once_for_all_who_share_a_view(own_redis: MortalRedis) -> None:
    notebook = Notebook()
    async with (
        Door.opened(own_redis.url, notebook, heartbeat=60) as door,
        phones(door.url, 100) as crowd,
    ):
        for phone in crowd[50:]:
            phone.token += "/en"
        notebook.write("1")
        await asyncio.gather(*(phone.come("page:1") for phone in crowd))
        await eventually(lambda: all(phone.caught_up for phone in crowd))
        assert door.feed.figures.events_encoded == 2
        assert notebook.history_reads["1"] == 2

        for _ in range(10):
            await door.feed.publish("page:1", notebook.write("1"))
            await eventually(lambda: all(len(p.numbers["page:1"]) == len(notebook.pages["1"]) for p in crowd))

        assert door.feed.figures.events_encoded == 22
        assert notebook.history_reads["1"] == 22
        assert {event["for"] for event in crowd[0].events["page:1"]} == {"zh-Hans"}
        assert {event["for"] for event in crowd[-1].events["page:1"]} == {"en"}


async def test_a_long_history_comes_whole_while_new_events_reach_the_others(door: Door) -> None:
    for _ in range(950):
        door.notebook.write("1")
    async with phones(door.url, 2) as (old, new):
        new.numbers["page:1"] = list(range(1, 951))
        await asyncio.gather(old.come("page:1"), new.come("page:1"))
        for _ in range(30):
            await door.feed.publish("page:1", door.notebook.write("1"))
        await eventually(lambda: old.position("page:1") == new.position("page:1") == 980)

        assert flaws(old.numbers["page:1"], 980) == ""
        assert flaws(new.numbers["page:1"], 980) == ""


async def test_coming_back_with_nothing_new_reads_nothing(own_redis: MortalRedis, notebook: Notebook) -> None:
    for n in range(3):
        for _ in range(5):
            notebook.write(str(n))
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, phones(door.url, 30) as crowd:
        topics = ["page:0", "page:1", "page:2"]
        await asyncio.gather(*(phone.come(*topics) for phone in crowd))
        await eventually(lambda: all(len(phone.caught_up) == 3 for phone in crowd))
        await asyncio.gather(*(phone.leave() for phone in crowd))
        numbers, histories = notebook.number_reads, notebook.history_reads.total()

        await asyncio.gather(*(phone.come(*topics) for phone in crowd))
        await eventually(lambda: all(len(phone.caught_up) == 3 for phone in crowd))

        assert (notebook.number_reads, notebook.history_reads.total()) == (numbers, histories)


async def test_what_many_missed_is_read_once_for_all_of_them(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, phones(door.url, 50) as crowd:
        await asyncio.gather(*(phone.come("page:1") for phone in crowd))
        await eventually(lambda: all(phone.caught_up for phone in crowd))
        await asyncio.gather(*(phone.leave() for phone in crowd))
        for _ in range(20):
            await door.feed.publish("page:1", notebook.write("1"))
        numbers, histories = notebook.number_reads, notebook.history_reads["1"]

        await asyncio.gather(*(phone.come("page:1") for phone in crowd))
        await eventually(lambda: all(phone.position("page:1") == 21 for phone in crowd))

        assert notebook.number_reads == numbers
        assert notebook.history_reads["1"] <= histories + 2
        assert [flaws(phone.numbers["page:1"], 21) for phone in crowd] == [""] * 50


async def test_what_is_remembered_is_not_believed_after_listening_was_interrupted(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, phones(door.url, 1) as (phone,):
        await phone.come("page:1")
        await eventually(lambda: phone.caught_up)
        await phone.leave()
        own_redis.kill()
        await asyncio.sleep(0.1)
        notebook.write("1")

        await phone.come("page:1")
        await eventually(lambda: phone.caught_up)

        assert phone.caught_up == {"page:1": 2}


async def test_a_client_that_knows_more_than_this_process_is_not_told_again(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, phones(door.url, 2) as (other, phone):
        await other.come("page:1")
        await eventually(lambda: other.caught_up)
        notebook.write("1")  # the message is lost, and this phone has read it elsewhere
        phone.numbers["page:1"] = [1, 2]

        await phone.come("page:1")
        await eventually(lambda: phone.caught_up)
        await door.feed.publish("page:1", notebook.write("1"))
        await eventually(lambda: phone.position("page:1") == other.position("page:1") == 3)

        assert phone.caught_up == {"page:1": 2}
        assert phone.numbers["page:1"] == [1, 2, 3]
        assert other.numbers["page:1"] == [1, 2, 3]


async def test_a_client_from_before_a_restored_backup_learns_how_far_it_goes(door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    phone.numbers["page:1"] = [7]

    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)
    assert phone.caught_up == {"page:1": 1}
    await door.feed.publish("page:1", door.notebook.write("1"))

    await eventually(lambda: phone.numbers["page:1"] == [7, 2])


async def test_a_false_message_is_corrected_and_harms_nobody(door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)

    await door.feed.publish("page:1", 99_999)
    for nonsense in ("page:1 x", "page:1", "", "page:1 -5", "page:1 ²", "nothing:1 5", "page:1 " + "9" * 400):
        await door.feed._redis.publish("linli:live", nonsense)  # noqa: SLF001
    late = await Phone(phone._session, door.url, "resident-2").come("page:1")  # noqa: SLF001
    await eventually(lambda: late.caught_up)
    await door.feed.publish("page:1", door.notebook.write("1"))

    await eventually(lambda: phone.numbers["page:1"] == late.numbers["page:1"] == [1, 2])
    assert late.caught_up == {"page:1": 1}
    await late.leave()


async def test_a_database_that_fails_is_made_up_for(door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)

    door.notebook.broken = True
    for _ in range(5):
        await door.feed.publish("page:1", door.notebook.write("1"))
    await asyncio.sleep(0.5)
    assert phone.numbers["page:1"] == [1]
    door.notebook.broken = False

    await eventually(lambda: phone.numbers["page:1"] == [1, 2, 3, 4, 5, 6])


async def test_a_reader_that_reads_nothing_is_cut_and_the_others_notice_nothing(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    notebook.write("1")
    async with (
        Door.opened(own_redis.url, notebook, grace=0.3) as door,
        phones(door.url, 5) as crowd,
        aiohttp.ClientSession() as session,
    ):
        await asyncio.gather(*(phone.come("page:1") for phone in crowd))
        stuck = await Phone(session, door.url, "resident-9").come("page:1")
        await eventually(lambda: all(phone.caught_up for phone in [*crowd, stuck]))
        assert stuck.socket is not None
        connection = stuck.socket._response.connection  # noqa: SLF001
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()

        most = 0
        while not door.feed.figures.slow_closes:
            await door.feed.publish("page:1", notebook.write("1", "x" * 20_000))
            seq = len(notebook.pages["1"])
            await eventually(lambda: all(phone.position("page:1") == seq for phone in crowd))  # noqa: B023
            most = max(most, *(peer._transport.get_write_buffer_size() for peer in door.feed._peers))  # noqa: SLF001
            assert seq < 2000
        connection.transport.resume_reading()

        assert await stuck.gone() == 4408
        assert most < 64 * 1024 + 25_000
        await stuck.come("page:1")
        await eventually(lambda: stuck.position("page:1") == len(notebook.pages["1"]))
        assert flaws(stuck.numbers["page:1"], len(notebook.pages["1"])) == ""


async def test_a_dead_reader_does_not_stay(own_redis: MortalRedis, notebook: Notebook) -> None:
    async with Door.opened(own_redis.url, notebook, grace=0.1) as door, phones(door.url, 1) as (phone,):
        for _ in range(100):
            notebook.write("1", "x" * 50_000)
        await phone.come()
        assert phone.socket is not None
        connection = phone.socket._response.connection  # noqa: SLF001
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()
        await phone.watch("page:1")

        await eventually(lambda: door.feed.figures.sockets == 0)
        assert door.feed.figures.slow_closes == 1
        connection.transport.resume_reading()
        assert await phone.gone() in {4408, 1006}


async def test_a_big_history_does_not_count_as_slow_reading(door: Door, phone: Phone) -> None:
    for _ in range(300):
        door.notebook.write("1", "x" * 20_000)

    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)

    assert flaws(phone.numbers["page:1"], 300) == ""


async def test_hanging_up_says_1001_to_all_and_takes_no_new_ones(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook) as door, phones(door.url, 200) as crowd:
        await asyncio.gather(*(phone.come("page:1") for phone in crowd[1:]))
        await eventually(lambda: all(phone.caught_up for phone in crowd[1:]))
        poll = asyncio.ensure_future(door.feed.wait("page:1", 1, 25))
        began = asyncio.get_running_loop().time()

        await door.feed.hang_up()
        await poll

        assert asyncio.get_running_loop().time() - began < 3
        assert [await phone.gone() for phone in crowd[1:]] == [1001] * 199
        await crowd[0].come("page:1")
        assert await crowd[0].gone() == 1001
        await eventually(lambda: door.feed.figures.sockets == 0)


async def test_waiting_ends_with_the_event(door: Door) -> None:
    door.notebook.write("1")
    waiting = asyncio.ensure_future(door.feed.wait("page:1", 1, 20))
    await asyncio.sleep(0.05)
    assert not waiting.done()

    await door.feed.publish("page:1", door.notebook.write("1"))

    await asyncio.wait_for(waiting, 0.2)


async def test_waiting_for_what_is_there_already_ends_at_once(door: Door) -> None:
    door.notebook.write("1")  # committed between the reader's look and its waiting, and never told

    async with asyncio.timeout(0.2):
        await door.feed.wait("page:1", 0, 20)


async def test_waiting_survives_a_lost_message(door: Door) -> None:
    door.notebook.write("1")
    waiting = asyncio.ensure_future(door.feed.wait("page:1", 1, 20))
    await asyncio.sleep(0.05)

    door.notebook.write("1")

    await asyncio.wait_for(waiting, 3)


@pytest.mark.parametrize("topic", ["page:1", "nothing:1", "nonsense"])
async def test_waiting_ends_with_the_time(door: Door, topic: str) -> None:
    began = asyncio.get_running_loop().time()

    await door.feed.wait(topic, 0, 0.3)

    assert 0.25 < asyncio.get_running_loop().time() - began < 1


async def test_waiting_does_without_the_database_and_without_running(own_redis: MortalRedis, door: Door) -> None:
    door.notebook.broken = True
    await door.feed.wait("page:1", 0, 0.2)

    async with worker_feed(own_redis.url) as worker:
        await worker.wait("page:1", 0, 0.1)


async def test_publishing_without_any_redis_never_raises(tmp_path: Path) -> None:
    async with open_redis(f"unix://{tmp_path}/nothing.sock") as redis:
        feed = LiveFeed(redis)

        await feed.publish("page:1", 1)

        assert feed.figures.publish_failures == 1


async def test_ended_sign_ins_lose_their_sockets_in_one_question(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook) as door, phones(door.url, 20) as crowd:
        await asyncio.gather(*(phone.come("page:1") for phone in crowd))
        await eventually(lambda: all(phone.caught_up for phone in crowd))
        before = door.people.checks

        door.people.ended.update({"resident-3", "resident-4"})

        assert [await crowd[2].gone(), await crowd[3].gone()] == [4401, 4401]
        assert door.people.checks - before <= 2
        await door.feed.publish("page:1", notebook.write("1"))
        await eventually(lambda: sum(phone.position("page:1") == 2 for phone in crowd) == 18)


async def test_a_thousand_rights_are_asked_for_in_a_few_questions(own_redis: MortalRedis, notebook: Notebook) -> None:
    for n in range(30):
        notebook.write(str(n))
    notebook.slow = 0.002
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, phones(door.url, 100) as crowd:
        topics = [f"leaf:{n}" for n in range(30)]
        await asyncio.gather(*(phone.come(*topics[:10]) for phone in crowd))
        await eventually(lambda: all(len(phone.caught_up) == 10 for phone in crowd))

        # A thousand watches; the questions are paced, so their number goes by time and not by clients.
        assert notebook.right_reads < 100
        assert notebook.number_reads < 50


async def test_a_right_that_ends_ends_the_watch_within_a_heartbeat(door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    door.notebook.write("2")
    await phone.come("leaf:1", "leaf:2")
    await eventually(lambda: len(phone.caught_up) == 2)

    door.notebook.hidden.add("1")
    await eventually(lambda: len(phone.others) == 2)
    await door.feed.publish("leaf:1", door.notebook.write("1"))
    await door.feed.publish("leaf:2", door.notebook.write("2"))
    await eventually(lambda: phone.numbers["leaf:2"] == [1, 2])

    assert phone.others[1]["topic"] == "leaf:1"
    assert phone.others[1]["problem"]["type"] == "/problems/not-found"
    assert phone.numbers["leaf:1"] == [1]


async def test_who_sees_it_otherwise_now_goes_on_where_they_were(door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    await phone.come("leaf:1")
    await eventually(lambda: phone.caught_up)
    reads = door.notebook.right_reads

    door.notebook.plain.add("1")
    await eventually(lambda: door.notebook.right_reads > reads + 1)
    await door.feed.publish("leaf:1", door.notebook.write("1"))
    await eventually(lambda: len(phone.events["leaf:1"]) == 2)

    assert [event["for"] for event in phone.events["leaf:1"]] == ["zh-Hans", "plain"]
    assert phone.numbers["leaf:1"] == [1, 2]


async def test_who_watches_anew_what_was_taken_away_hears_no_more(door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)
    door.notebook.hidden.add("1")

    await phone.watch("page:1")
    await eventually(lambda: len(phone.others) == 2)
    await door.feed.publish("page:1", door.notebook.write("1"))
    await phone.say(type="ping")
    await eventually(lambda: {"type": "pong"} in phone.others)

    assert phone.numbers["page:1"] == [1]


@given(first=st.integers(1, 5), count=st.integers(0, 12), position=st.integers(0, 20), room=st.integers(0, 80))
def test_a_window_gives_what_follows_and_as_much_as_fits(first: int, count: int, position: int, room: int) -> None:
    window = Window(first, [f"[{n}]".encode() for n in range(first, first + count)])
    if not window.covers(position):
        return

    frames, reached = window.after(position, room)

    assert frames == b"".join(f"[{n}]".encode() for n in range(position + 1, reached + 1))
    assert reached > position
    assert len(frames) <= room or reached == position + 1
    assert reached == window.end or len(frames) + len(f"[{reached + 1}]") > room


@given(
    first=st.integers(1, 20), count=st.integers(0, 12), second=st.integers(1, 40), more=st.integers(1, 12),
    keep=st.integers(1, 10),
)
def test_joined_windows_keep_the_newest_without_a_gap(
    first: int, count: int, second: int, more: int, keep: int
) -> None:
    def window(start: int, size: int) -> Window:
        return Window(start, [f"[{n}]".encode() for n in range(start, start + size)])

    older, newer = window(first, count).last(keep), window(second, more)

    both = older.joined(newer, keep)

    assert list(both.frames) == [f"[{n}]".encode() for n in range(both.first, both.end + 1)]
    assert len(both.frames) <= keep
    assert both.end == (max(older.end, newer.end) if older.frames else newer.end)


async def test_a_batch_never_answers_with_what_was_asked_before() -> None:
    asked: list[list[str]] = []
    now = 0

    async def question(keys: Sequence[str]) -> list[int]:
        asked.append(list(keys))
        seen = now
        await asyncio.sleep(0.01)
        return [seen for _ in keys]

    batch: Batch[str, int] = Batch(question, pause=0.0, most=3)
    first = asyncio.ensure_future(batch.ask("a"))
    await asyncio.sleep(0.005)
    now = 1
    later = await asyncio.gather(*(batch.ask(key) for key in ("a", "a", "b", "c", "d")))

    assert await first == 0
    assert later == [1, 1, 1, 1, 1]
    assert asked == [["a"], ["a", "b", "c"], ["d"]]


async def test_a_failed_question_fails_for_all_who_asked_and_for_nobody_else() -> None:
    async def question(keys: Sequence[str]) -> list[str]:
        if "bad" in keys:
            raise OSError
        return list(keys)

    batch: Batch[str, str] = Batch(question, pause=0.0, most=10)

    both = await asyncio.gather(batch.ask("bad"), batch.ask("good"), return_exceptions=True)

    assert [type(answer) for answer in both] == [OSError, OSError]
    assert await batch.ask("good") == "good"


async def test_the_figures_are_shown_to_prometheus(door: Door, phone: Phone) -> None:
    door.notebook.write("1")
    await phone.come("page:1")
    await eventually(lambda: phone.caught_up)
    registry = CollectorRegistry()
    registry.register(LiveCollector(door.feed.figures))

    text = generate_latest(registry).decode()

    assert "linli_live_sockets 1.0" in text
    assert "linli_live_frames_sent_total 1.0" in text
