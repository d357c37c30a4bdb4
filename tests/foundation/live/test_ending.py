"""Slow readers, ended rights and a process that goes: who is cut, and how."""

import asyncio

import aiohttp

from tests.live import Door, MortalRedis, Notebook, Screen, eventually, flaws, screens


async def test_a_reader_that_reads_nothing_is_cut_and_the_others_notice_nothing(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    notebook.write("1")
    async with (
        Door.opened(own_redis.url, notebook, grace=0.3) as door,
        screens(door.url, 5) as crowd,
        aiohttp.ClientSession() as session,
    ):
        await asyncio.gather(*(screen.come("page:1") for screen in crowd))
        stuck = await Screen(session, door.url, "resident-9").come("page:1")
        await eventually(lambda: all(screen.caught_up for screen in [*crowd, stuck]))
        assert stuck.socket is not None
        connection = stuck.socket._response.connection  # noqa: SLF001
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()

        most = 0
        while not door.feed.figures.slow_closes:
            door.feed.publish("page:1", notebook.write("1", "x" * 20_000))
            seq = len(notebook.pages["1"])
            await eventually(lambda: all(screen.position("page:1") == seq for screen in crowd))  # noqa: B023
            most = max(most, *(peer._transport.get_write_buffer_size() for peer in door.feed._peers))  # noqa: SLF001
            assert seq < 2000
        connection.transport.resume_reading()

        assert await stuck.gone() == 4408
        assert most < 64 * 1024 + 25_000
        await stuck.come("page:1")
        await eventually(lambda: stuck.position("page:1") == len(notebook.pages["1"]))
        assert flaws(stuck.numbers["page:1"], len(notebook.pages["1"])) == ""


async def test_a_dead_reader_does_not_stay(own_redis: MortalRedis, notebook: Notebook) -> None:
    async with Door.opened(own_redis.url, notebook, grace=0.1) as door, screens(door.url, 1) as (screen,):
        for _ in range(100):
            notebook.write("1", "x" * 50_000)
        await screen.come()
        assert screen.socket is not None
        connection = screen.socket._response.connection  # noqa: SLF001
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()
        await screen.watch("page:1")

        await eventually(lambda: door.feed.figures.sockets == 0)
        assert door.feed.figures.slow_closes == 1
        connection.transport.resume_reading()
        assert await screen.gone() in {4408, 1006}


async def test_a_big_history_does_not_count_as_slow_reading(door: Door, screen: Screen) -> None:
    for _ in range(300):
        door.notebook.write("1", "x" * 20_000)

    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)

    assert flaws(screen.numbers["page:1"], 300) == ""


async def test_hanging_up_says_1001_to_all_and_takes_no_new_ones(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook) as door, screens(door.url, 200) as crowd:
        await asyncio.gather(*(screen.come("page:1") for screen in crowd[1:]))
        await eventually(lambda: all(screen.caught_up for screen in crowd[1:]))
        poll = asyncio.ensure_future(door.feed.wait("page:1", 1, 25))
        began = asyncio.get_running_loop().time()

        await door.feed.hang_up()
        await poll

        assert asyncio.get_running_loop().time() - began < 20  # the poll would wait for 25
        assert [await screen.gone() for screen in crowd[1:]] == [1001] * 199
        await crowd[0].come("page:1")
        assert await crowd[0].gone() == 1001
        await eventually(lambda: door.feed.figures.sockets == 0)


async def test_ended_sign_ins_lose_their_sockets_in_one_question(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook) as door, screens(door.url, 20) as crowd:
        await asyncio.gather(*(screen.come("page:1") for screen in crowd))
        await eventually(lambda: all(screen.caught_up for screen in crowd))
        before = door.people.checks

        door.people.ended.update({"resident-3", "resident-4"})

        assert [await crowd[2].gone(), await crowd[3].gone()] == [4401, 4401]
        assert door.people.checks - before <= 2
        door.feed.publish("page:1", notebook.write("1"))
        await eventually(lambda: sum(screen.position("page:1") == 2 for screen in crowd) == 18)


async def test_a_thousand_rights_are_asked_for_in_a_few_questions(own_redis: MortalRedis, notebook: Notebook) -> None:
    for n in range(30):
        notebook.write(str(n))
    notebook.slow = 0.002
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 100) as crowd:
        topics = [f"leaf:{n}" for n in range(30)]
        await asyncio.gather(*(screen.come(*topics[:10]) for screen in crowd))
        await eventually(lambda: all(len(screen.caught_up) == 10 for screen in crowd))

        # A thousand watches; the questions are paced, so their number goes by time and not by clients.
        assert notebook.right_reads < 100
        assert notebook.number_reads < 50


async def test_a_right_that_ends_ends_the_watch_within_a_heartbeat(door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    door.notebook.write("2")
    await screen.come("leaf:1", "leaf:2")
    await eventually(lambda: len(screen.caught_up) == 2)

    door.notebook.hidden.add("1")
    await eventually(lambda: len(screen.others) == 2)
    door.feed.publish("leaf:1", door.notebook.write("1"))
    door.feed.publish("leaf:2", door.notebook.write("2"))
    await eventually(lambda: screen.numbers["leaf:2"] == [1, 2])

    assert screen.others[1]["topic"] == "leaf:1"
    assert screen.others[1]["problem"]["type"] == "/problems/not-found"
    assert screen.numbers["leaf:1"] == [1]


async def test_who_sees_it_otherwise_now_goes_on_where_they_were(door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    await screen.come("leaf:1")
    await eventually(lambda: screen.caught_up)
    reads = door.notebook.right_reads

    door.notebook.plain.add("1")
    await eventually(lambda: door.notebook.right_reads > reads + 1)
    door.feed.publish("leaf:1", door.notebook.write("1"))
    await eventually(lambda: len(screen.events["leaf:1"]) == 2)

    assert [event["for"] for event in screen.events["leaf:1"]] == ["zh-Hans", "plain"]
    assert screen.numbers["leaf:1"] == [1, 2]


async def test_who_watches_anew_what_was_taken_away_hears_no_more(door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)
    door.notebook.hidden.add("1")

    await screen.watch("page:1")
    await eventually(lambda: len(screen.others) == 2)
    door.feed.publish("page:1", door.notebook.write("1"))
    await screen.say(type="ping")
    await eventually(lambda: {"type": "pong"} in screen.others)

    assert screen.numbers["page:1"] == [1]


async def test_a_silent_client_is_asked_and_one_that_does_not_answer_is_let_go(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    async with (
        Door.opened(own_redis.url, notebook, pulse=0.1) as door,
        screens(door.url, 1) as (answering,),
        aiohttp.ClientSession() as session,
        session.ws_connect(door.url, autoping=False) as mute,
    ):
        await answering.come()
        await mute.send_json({"type": "hello", "token": "resident-2"})

        kinds = [(await mute.receive(timeout=5)).type for _ in range(3)]

        assert kinds == [aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.PING, aiohttp.WSMsgType.CLOSED]
        await eventually(lambda: door.feed.figures.sockets == 1)
        assert answering.closed_with is None


async def test_a_clients_own_ping_is_answered_with_its_words(door: Door, screen: Screen) -> None:
    await screen.come()
    async with aiohttp.ClientSession() as session, session.ws_connect(door.url, autoping=False) as socket:
        await socket.ping(b"are you there")
        message = await socket.receive(timeout=5)

    assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"are you there")
