"""Coming back costs little, and what is remembered is never believed too long."""

import asyncio

import pytest

from foundation.live import board, streams
from tests.live import Door, MortalRedis, Notebook, Screen, eventually, flaws, screens


async def test_coming_back_with_nothing_new_reads_nothing(own_redis: MortalRedis, notebook: Notebook) -> None:
    for n in range(3):
        for _ in range(5):
            notebook.write(str(n))
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 30) as crowd:
        topics = ["page:0", "page:1", "page:2"]
        await asyncio.gather(*(screen.come(*topics) for screen in crowd))
        await eventually(lambda: all(len(screen.caught_up) == 3 for screen in crowd))
        await asyncio.gather(*(screen.leave() for screen in crowd))
        numbers, histories = notebook.number_reads, notebook.history_reads.total()

        await asyncio.gather(*(screen.come(*topics) for screen in crowd))
        await eventually(lambda: all(len(screen.caught_up) == 3 for screen in crowd))

        assert (notebook.number_reads, notebook.history_reads.total()) == (numbers, histories)


async def test_what_many_missed_is_read_once_for_all_of_them(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 50) as crowd:
        await asyncio.gather(*(screen.come("page:1") for screen in crowd))
        await eventually(lambda: all(screen.caught_up for screen in crowd))
        await asyncio.gather(*(screen.leave() for screen in crowd))
        for _ in range(20):
            door.feed.publish("page:1", notebook.write("1"))
        numbers, histories = notebook.number_reads, notebook.history_reads["1"]

        await asyncio.gather(*(screen.come("page:1") for screen in crowd))
        await eventually(lambda: all(screen.position("page:1") == 21 for screen in crowd))

        assert notebook.number_reads == numbers
        assert notebook.history_reads["1"] <= histories + 2
        assert [flaws(screen.numbers["page:1"], 21) for screen in crowd] == [""] * 50


async def test_what_each_missed_of_their_own_is_read_in_a_few_questions(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 100) as crowd:
        for n in range(100):
            for _ in range(2 + n):
                notebook.write(str(n))
        notebook.slow = 0.002

        await asyncio.gather(*(screen.come(f"leaf:{n}") for n, screen in enumerate(crowd)))
        await eventually(lambda: all(screen.caught_up for screen in crowd))

        # 5,150 events of 100 pages; a question gives thirty of each page, and is about a thousand at most.
        assert notebook.history_reads.total() < 40
        assert [flaws(screen.numbers[f"leaf:{n}"], 2 + n) for n, screen in enumerate(crowd)] == [""] * 100


async def test_what_is_watched_together_is_asked_about_together(own_redis: MortalRedis, notebook: Notebook) -> None:
    for n in range(40):
        notebook.write(str(n))
    topics = [f"leaf:{n}" for n in range(40)]
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 1) as (screen,):
        await screen.come(*topics, "leaf:secret")
        await eventually(lambda: len(screen.caught_up) == 40 and len(screen.others) == 2)

        assert [flaws(screen.numbers[topic], 1) for topic in topics] == [""] * 40
        assert screen.others[1]["topic"] == "leaf:secret"
        assert notebook.right_reads <= 4  # the first heartbeat asks too


async def test_one_page_that_cannot_be_read_keeps_no_other_back(own_redis: MortalRedis, notebook: Notebook) -> None:
    notebook.write("1", "unreadable")
    notebook.write("2")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 2) as crowd:
        await asyncio.gather(*(screen.come("leaf:1", "leaf:2") for screen in crowd))

        await eventually(lambda: all(screen.caught_up == {"leaf:1": 1, "leaf:2": 1} for screen in crowd))


async def test_frames_are_not_kept_beyond_their_time(
    own_redis: MortalRedis, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "RING_SECONDS", 0.05)
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 2) as (first, second):
        await first.come("page:1")
        await eventually(lambda: first.caught_up)
        await asyncio.sleep(0.06)

        await second.come("page:1")
        await eventually(lambda: second.caught_up)

        assert notebook.history_reads["1"] == 2


async def test_topics_nobody_watches_are_let_go_of_and_told_anew_to_who_comes_back(
    own_redis: MortalRedis, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MOST_IDLE", 2)
    numbers = "123456"
    pages = [f"page:{number}" for number in numbers]
    for number in numbers:
        notebook.write(number)
    async with Door.opened(own_redis.url, notebook, pulse=0.1) as door, screens(door.url, 2) as (leaving, staying):
        await asyncio.gather(leaving.come(*pages), staying.come("page:1"))
        await eventually(lambda: len(leaving.caught_up) == 6 and staying.caught_up)

        await leaving.leave()

        kept = door.feed._board._subjects  # type: ignore[union-attr] # noqa: SLF001 - nothing else shows it
        await eventually(lambda: set(kept) == {"page:1", "page:5", "page:6"})
        notebook.write("2")
        await leaving.come(*pages)
        await eventually(lambda: leaving.caught_up == {page: 2 if page == "page:2" else 1 for page in pages})
        assert flaws(leaving.numbers["page:2"], 2) == ""


async def test_what_is_remembered_is_not_believed_after_listening_was_interrupted(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 1) as (screen,):
        await screen.come("page:1")
        await eventually(lambda: screen.caught_up)
        await screen.leave()
        own_redis.kill()
        await asyncio.sleep(0.1)
        notebook.write("1")

        await screen.come("page:1")
        await eventually(lambda: screen.caught_up)

        assert screen.caught_up == {"page:1": 2}


async def test_a_client_that_knows_more_than_this_process_is_not_told_again(
    own_redis: MortalRedis, notebook: Notebook
) -> None:
    notebook.write("1")
    async with Door.opened(own_redis.url, notebook, heartbeat=60) as door, screens(door.url, 2) as (other, screen):
        await other.come("page:1")
        await eventually(lambda: other.caught_up)
        notebook.write("1")  # the message is lost, and this screen has read it elsewhere
        screen.numbers["page:1"] = [1, 2]

        await screen.come("page:1")
        await eventually(lambda: screen.caught_up)
        door.feed.publish("page:1", notebook.write("1"))
        await eventually(lambda: screen.position("page:1") == other.position("page:1") == 3)

        assert screen.caught_up == {"page:1": 2}
        assert screen.numbers["page:1"] == [1, 2, 3]
        assert other.numbers["page:1"] == [1, 2, 3]


async def test_a_client_from_before_a_restored_backup_learns_how_far_it_goes(door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    screen.numbers["page:1"] = [7]

    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)
    assert screen.caught_up == {"page:1": 1}
    door.feed.publish("page:1", door.notebook.write("1"))

    await eventually(lambda: screen.numbers["page:1"] == [7, 2])
