"""An outside system that fails again and again is left alone for a while."""

import asyncio

import pytest

from foundation.breaker import Breaker, BreakerOpenError
from foundation.clock import real_now

SHORT = 0.03
LONG = 3600.0


async def closed_again(breaker: Breaker) -> None:
    async with asyncio.timeout(30):
        while breaker.is_open:
            await asyncio.sleep(0.005)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.ask()
        breaker.failed()


def test_it_opens_after_so_many_failures_in_a_row_and_says_until_when() -> None:
    breaker = Breaker(failures=3, seconds=LONG)
    fail(breaker, 2)
    breaker.ask()
    assert not breaker.is_open

    breaker.failed()

    assert breaker.is_open
    with pytest.raises(BreakerOpenError) as caught:
        breaker.ask()
    assert 0 < (caught.value.until - real_now()).total_seconds() <= LONG


def test_one_success_begins_the_count_anew() -> None:
    breaker = Breaker(failures=3, seconds=LONG)
    for _ in range(5):
        fail(breaker, 2)
        breaker.succeeded()

    assert not breaker.is_open


async def test_afterwards_one_call_may_try_and_the_others_wait_for_what_comes_of_it() -> None:
    breaker = Breaker(failures=1, seconds=SHORT)
    fail(breaker, 1)
    await closed_again(breaker)
    breaker.seconds = LONG

    breaker.ask()

    for _ in range(3):
        with pytest.raises(BreakerOpenError):
            breaker.ask()
    breaker.succeeded()
    for _ in range(3):
        breaker.ask()


async def test_a_try_that_fails_opens_it_again_at_once() -> None:
    breaker = Breaker(failures=5, seconds=SHORT)
    fail(breaker, 5)
    await closed_again(breaker)
    breaker.seconds = LONG

    fail(breaker, 1)

    assert breaker.is_open


async def test_a_try_of_which_nothing_is_heard_leaves_it_open_only_for_as_long_again() -> None:
    breaker = Breaker(failures=1, seconds=SHORT)
    fail(breaker, 1)
    await closed_again(breaker)
    breaker.ask()  # whoever asked was cancelled

    await closed_again(breaker)

    breaker.ask()
