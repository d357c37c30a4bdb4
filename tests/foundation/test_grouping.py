"""Callers that come while a batch is under way share the next one."""

import asyncio

import pytest

from foundation.grouping import Grouped, Later
from foundation.tasks import spawn


class Work:
    """What is done to batches: each is kept, and waits for its leave."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.leave = asyncio.Event()
        self.begun = asyncio.Event()

    async def __call__(self, batch: list[int]) -> list[int]:
        self.batches.append(batch)
        self.begun.set()
        await self.leave.wait()
        if 13 in batch:
            raise ZeroDivisionError
        return [each * 2 for each in batch if each != 404]


@pytest.fixture
async def work() -> Work:
    return Work()


async def test_who_comes_alone_goes_at_once(work: Work) -> None:
    work.leave.set()
    grouped = Grouped(work)

    assert [await grouped.add(1), await grouped.add(2)] == [2, 4]
    assert work.batches == [[1], [2]]


async def test_who_comes_meanwhile_shares_the_next_batch_in_order(work: Work) -> None:
    grouped = Grouped(work)
    first = spawn(grouped.add(1))
    await work.begun.wait()
    others = [spawn(grouped.add(n)) for n in range(2, 7)]
    await asyncio.sleep(0)
    work.leave.set()

    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10, 12]
    assert work.batches == [[1], [2, 3, 4, 5, 6]]


async def behind_another(grouped: Grouped[int, int], work: Work, *numbers: int) -> list[int | BaseException]:
    """Let some come while another one's work is under way, and give what each of them got."""
    first = spawn(grouped.add(0))
    await work.begun.wait()
    others = [spawn(grouped.add(n)) for n in numbers]
    await asyncio.sleep(0)
    work.leave.set()
    async with asyncio.timeout(30):
        await first
        return await asyncio.gather(*others, return_exceptions=True)


async def test_a_batch_holds_only_so_many(work: Work) -> None:
    assert await behind_another(Grouped(work, most=3), work, *range(7)) == [n * 2 for n in range(7)]
    assert [len(batch) for batch in work.batches] == [1, 3, 3, 1]


async def test_a_batch_that_fails_fails_for_each_of_it_and_for_nobody_else(work: Work) -> None:
    grouped = Grouped(work, most=2)
    results = await behind_another(grouped, work, 13, 1, 2, 3)

    assert [type(each) for each in results[:2]] == [ZeroDivisionError, ZeroDivisionError]
    assert results[2:] == [4, 6]
    assert await grouped.add(5) == 10


async def test_who_fails_alone_fails_alone(work: Work) -> None:
    work.leave.set()
    grouped = Grouped(work)

    with pytest.raises(ZeroDivisionError):
        await grouped.add(13)
    assert await grouped.add(5) == 10


async def test_work_that_forgets_a_result_leaves_nobody_waiting(work: Work) -> None:
    grouped = Grouped(work)
    results = await behind_another(grouped, work, 404, 1)

    assert all(isinstance(each, ValueError) for each in results)
    with pytest.raises(ValueError, match="not enough values"):
        await grouped.add(404)
    assert await grouped.add(5) == 10


async def test_who_is_cut_off_leaves_the_work_to_those_behind(work: Work) -> None:
    grouped = Grouped(work)
    first = spawn(grouped.add(1))
    await work.begun.wait()
    second = spawn(grouped.add(2))
    await asyncio.sleep(0)
    first.cancel()
    work.leave.set()

    assert await second == 4
    assert first.cancelled()
    assert work.batches == [[1], [2]]


async def test_who_gives_up_waiting_disturbs_nobody(work: Work) -> None:
    grouped = Grouped(work)
    first, second, third = (spawn(grouped.add(n)) for n in (1, 2, 3))
    await work.begun.wait()
    second.cancel()
    work.leave.set()

    assert [await first, await third] == [2, 6]
    assert second.cancelled()


class Noting:
    """Work for whom nobody waits: each batch is noted, and waits for its leave."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.leave = asyncio.Event()

    async def __call__(self, batch: list[int]) -> None:
        self.batches.append(batch)
        await self.leave.wait()


async def test_what_is_put_down_meanwhile_is_done_together_later() -> None:
    noting = Noting()
    later = Later(noting, pause=0)
    later.put(1)
    await asyncio.sleep(0)
    for each in (2, 3):
        later.put(each)

    assert noting.batches == [[1]]
    noting.leave.set()
    await later.done()

    assert noting.batches == [[1], [2, 3]]


async def test_it_is_done_at_most_once_in_a_pause() -> None:
    noting = Noting()
    noting.leave.set()
    later = Later(noting, pause=3600)
    later.put(1)
    for _ in range(20):
        await asyncio.sleep(0)
        later.put(2)

    assert noting.batches == [[1]]
    await later.drop()


async def test_after_work_that_failed_later_work_is_done() -> None:
    done: list[int] = []

    async def work(batch: list[int]) -> None:
        if 13 in batch:
            raise ZeroDivisionError
        done.extend(batch)

    later = Later(work, pause=0)
    later.put(13)
    await later.done()
    later.put(1)
    await later.done()

    assert done == [1]
