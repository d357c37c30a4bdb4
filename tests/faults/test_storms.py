"""Something dies while people file and units work; afterwards everything answered is there, once, and told the same."""

from uuid import uuid4

from tests.faults import breaking
from tests.faults.checker import flaws_of
from tests.faults.conftest import MEDIA_IN_AN_HOUR
from tests.faults.story import Story, storm
from tests.faults.tight import upload


async def test_postgresql_killed_in_the_middle_of_everything(story: Story) -> None:
    async with storm(story):
        await breaking.kill_postgres(story)
        await breaking.until_filed(story, 2)

    assert await flaws_of(story.district, story) == []
    assert story.turned_away > 0


async def test_redis_flushed_hung_and_away(story: Story) -> None:
    async with storm(story):
        await breaking.flush_redis(story)
        await breaking.hang_redis(story)
        await breaking.kill_redis(story)

    assert await flaws_of(story.district, story) == []
    assert story.turned_away == 0


async def test_worker_and_doors_killed_and_drained_under_load(story: Story) -> None:
    async with storm(story):
        await breaking.kill_worker(story)
        await breaking.kill_doors(story)
        await breaking.drain(story)

    assert await flaws_of(story.district, story) == []


async def test_every_line_to_the_database_cut_and_every_callback_garbled(story: Story) -> None:
    async with storm(story):
        await breaking.cut_connections(story)
        await breaking.garble_callbacks(story)

    assert await flaws_of(story.district, story) == []


async def test_without_redis_a_limit_still_holds(story: Story) -> None:
    phone = await story.district.sign_in()
    server = story.district.server("redis")
    server.kill()
    server.wait(30)

    answers = [await upload(phone, key=uuid4().hex) for _ in range(MEDIA_IN_AN_HOUR + 1)]

    await story.district.bring_back("redis")
    await breaking.until_ready(story.district, redis="ok")
    assert [answer.status for answer in answers] == [201] * MEDIA_IN_AN_HOUR + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
