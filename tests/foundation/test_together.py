"""Who comes while a question is under way is asked for with the others in the next one."""

import asyncio

import pytest

from foundation.tasks import spawn
from foundation.together import Together


class Teller:
    """Answers with the double; a question waits until it is let go."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.go = asyncio.Event()

    async def __call__(self, numbers: list[int]) -> list[int]:
        self.asked.append(numbers)
        await self.go.wait()
        if 13 in numbers:
            raise LookupError
        return [2 * number for number in numbers]


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_come_meanwhile_are_one_question_and_each_gets_their_own_answer() -> None:
    teller = Teller()
    together = Together[int, int](teller, most=3)
    first = spawn(together.ask(1))
    await settled()
    others = [spawn(together.ask(number)) for number in (2, 2, 3, 4)]
    await settled()
    assert teller.asked == [[1]]

    teller.go.set()

    assert await asyncio.gather(first, *others) == [2, 4, 4, 6, 8]
    assert teller.asked == [[1], [2, 2, 3], [4]]


async def test_a_failure_is_told_to_those_it_was_about_and_to_nobody_else() -> None:
    teller = Teller()
    together = Together[int, int](teller, most=2)
    asking = [spawn(together.ask(number)) for number in (12, 13, 14)]
    teller.go.set()

    answers = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(each) for each in answers] == [LookupError, LookupError, int]
    with pytest.raises(LookupError):
        await together.ask(13)
    assert await together.ask(1) == 2


async def test_who_gives_up_keeps_no_other_from_its_answer() -> None:
    teller = Teller()
    together = Together[int, int](teller)
    asking = [spawn(together.ask(number)) for number in (1, 2)]
    await settled()
    asking[0].cancel()
    await settled()
    teller.go.set()

    assert await asking[1] == 4
    assert asking[0].cancelled()
