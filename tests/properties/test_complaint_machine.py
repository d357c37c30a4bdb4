"""Whatever happens to a complaint, in whatever order: a machine of hypothesis walks through its life and checks all of it.

The machine runs in a thread of its own, as hypothesis knows no loop; each rule is done on the session's loop.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from community.complaints.dispatch.protocol import BY_EVENT
from foundation.clock import FrozenClock
from foundation.ground import Ground
from tests.conftest import Client
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.properties.life import Life

SOAK = bool(os.environ.get("LINLI_TEST_SOAK"))
EXAMPLES, STEPS = (150, 60) if SOAK else (3, 14)
COMMON = ("assigned", "accepted", "in_progress", "answered", "answered", "answered")
RARE = sorted({*BY_EVENT, "inspected"} - {"closed", "not_accepted", "merged"})
ENDS = ("closed", "not_accepted", "merged")

pytestmark = pytest.mark.timeout(3600 if SOAK else 300)


@pytest.fixture(autouse=True)
def quick_heartbeat(ground: Ground) -> None:
    """Let what was lost be found after a third of a second: the feed begins to listen with the doors."""
    ground.live._heartbeat = 0.3  # noqa: SLF001


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class ComplaintMachine(RuleBasedStateMachine):
    """Does one rule after another, each on the loop of the session."""

    make: Callable[[], Life]
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.life = type(self).make()
        self.begun = False

    def on_loop(self, act: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(act, self.loop).result(60)

    @initialize(trouble=st.sampled_from(["", "drop", "accept_then_drop", "status"]))
    def file(self, trouble: str) -> None:
        self.on_loop(self.life.begin(trouble))
        self.begun = True

    @rule(event=st.sampled_from(COMMON) | st.sampled_from(RARE), ago=st.sampled_from([0, 0, 0, 1, 40, 300]))
    def the_core_does_something(self, event: str, ago: int) -> None:
        self.on_loop(self.life.core_says(event, ago))

    @rule(event=st.sampled_from(COMMON), lost=st.booleans())
    def the_core_does_something_and_calls_at_once(self, event: str, lost: bool) -> None:
        async def whole() -> None:
            await self.life.core_says(event, 0)
            await self.life.call_back([len(self.life.written) - 1])
            await (self.life.lose_the_word(self.life.work) if lost else self.life.work())

        self.on_loop(whole())

    @precondition(lambda self: len(self.life.written) > 5)
    @rule(event=st.sampled_from(ENDS))
    def the_core_ends_it(self, event: str) -> None:
        self.on_loop(self.life.core_says(event, 0))

    @precondition(lambda self: self.life.written)
    @rule(order=st.lists(st.integers(0, 30), min_size=1, max_size=8))
    def the_core_calls_in_any_order_again_and_again(self, order: list[int]) -> None:
        self.on_loop(self.life.call_back(order))

    @rule()
    def the_worker_works(self) -> None:
        self.on_loop(self.life.work())

    @rule(lost=st.booleans())
    def the_owner_supplements(self, lost: bool) -> None:
        self.on_loop(self.life.lose_the_word(self.life.supplement) if lost else self.life.supplement())

    @rule()
    def the_owner_urges(self) -> None:
        self.on_loop(self.life.urge())

    @rule(good=st.booleans())
    def the_owner_rates(self, good: bool) -> None:
        self.on_loop(self.life.rate(good=good))

    @rule()
    def the_owner_asks_for_a_redo(self) -> None:
        self.on_loop(self.life.redo())

    @precondition(lambda self: len(self.life.written) > 3)
    @rule()
    def the_owner_withdraws(self) -> None:
        self.on_loop(self.life.withdraw())

    @rule(minutes=st.sampled_from([1, 31, 240, 24 * 60, 8 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.on_loop(self.life.wait(minutes))

    @rule()
    def a_worker_is_killed(self) -> None:
        self.on_loop(self.life.kill_worker())

    @rule()
    def a_worker_is_killed_before_it_noted_what_it_told(self) -> None:
        self.on_loop(self.life.die_before_marking())

    @rule()
    def the_screens_lose_their_line(self) -> None:
        self.on_loop(self.life.cut())

    @precondition(lambda self: self.life.written)
    @rule()
    def everything_is_compared_by_night(self) -> None:
        self.on_loop(self.life.compare())

    @invariant()
    def everything_holds(self) -> None:
        if self.begun:
            self.on_loop(self.life.check())

    def teardown(self) -> None:
        if self.begun:
            self.on_loop(self.life.settle())
            self.on_loop(self.life.check())
            self.on_loop(self.life.end())


@pytest.fixture
def life(
    *, api: Client, ground: Ground, core: DispatchCore, worker: Worker, clock: FrozenClock, http: aiohttp.ClientSession
) -> Callable[[], Life]:
    """Make lives, each of another complaint."""
    return lambda: Life(api, ground, core, worker, clock, http)


TROUBLES = {"worker killed", "told twice", "word lost", "line cut", "compared", "called back twice", "time passed"}
DONE = {"supplements 201", "urgings 201", "rating 201", "withdrawal 201", "reopening 201"}
REFUSED = {"supplements 409", "urgings 409", "rating 409", "withdrawal 409", "reopening 409"}
ALL_WAYS = {"the core says", "called back", "worked", *TROUBLES, *DONE, *REFUSED}
Acts = list[Callable[[], Coroutine[Any, Any, None]]]


async def live_through(lived: Life, trouble: str, acts: Acts) -> None:
    """Do one thing after another, and see after each that everything holds."""
    await lived.begin(trouble)
    for act in acts:
        await act()
        await lived.check()
    await lived.settle()
    await lived.check()
    await lived.end()


async def test_a_life_in_which_everything_happens_once(life: Callable[[], Life]) -> None:
    lived = life()

    await live_through(lived, "accept_then_drop", everything_once(lived))

    assert lived.shown["status"] == "closed"
    assert lived.ways == ALL_WAYS - {"withdrawal 201", "reopening 201"}


async def test_a_life_that_ends_with_a_withdrawal_is_not_brought_back_by_a_late_answer(
    life: Callable[[], Life],
) -> None:
    lived = life()

    await live_through(lived, "drop", [
        partial(lived.core_says, "assigned", 0), partial(lived.core_says, "accepted", 0), partial(lived.call_back, [0, 1]), lived.work,
        partial(lived.wait, 60), lived.withdraw, partial(lived.core_says, "answered", 0), partial(lived.core_says, "feedback", 40),
        partial(lived.call_back, [2, 3, 2]), lived.work, lived.withdraw, lived.supplement, lived.urge, lived.rate_well, lived.redo,
    ])  # fmt: skip

    assert lived.shown["status"] == "withdrawn"
    assert lived.ways >= {"withdrawal 201", *REFUSED}


async def test_a_life_with_a_redo_that_was_asked_for_is_closed_in_its_second_round(life: Callable[[], Life]) -> None:
    lived = life()

    await live_through(lived, "status", [
        partial(lived.core_says, "assigned", 0), partial(lived.core_says, "answered", 0), partial(lived.call_back, [0, 1]), lived.work,
        partial(lived.core_says, "accepted", 0), partial(lived.wait, 60), lived.redo, partial(lived.call_back, [2]), lived.work,
        lived.rate_well, partial(lived.core_says, "assigned", 0), partial(lived.core_says, "answered", 0), partial(lived.call_back, [4, 3]),
        lived.work, lived.redo, lived.rate_well,
    ])  # fmt: skip

    assert (lived.shown["status"], lived.shown["round"]) == ("closed", 2)
    assert lived.ways >= {"reopening 201", "reopening 409", "rating 201", "rating 409"}


def everything_once(life: Life) -> Acts:
    """Give two rounds of a complaint with every trouble in them."""
    return [
        partial(life.core_says, "assigned", 0), partial(life.wait, 31), partial(life.core_says, "accepted", 5),
        partial(life.call_back, [1, 1, 0, 1]), life.kill_worker, life.work, life.supplement, life.urge, life.urge, life.rate_badly,
        partial(life.core_says, "waiting_for_resident", 0), partial(life.core_says, "inspected", 300), life.compare, life.cut,
        partial(life.lose_the_word, life.supplement), life.die_before_marking, partial(life.core_says, "answered", 0),
        partial(life.call_back, [4]), partial(life.lose_the_word, life.work),
        partial(life.core_says, "accepted", 0), partial(life.call_back, [5]), life.work, life.withdraw, life.rate_badly, life.rate_badly,
        life.work, partial(life.core_says, "feedback", 40), partial(life.core_says, "answered", 0),
        partial(life.call_back, [7, 6, 7]), life.work, life.redo, life.rate_badly, life.supplement, partial(life.wait, 8 * 24 * 60),
        partial(life.call_back, list(range(8))), life.work,
    ]  # fmt: skip


async def test_whatever_happens_everybody_sees_one_true_story(life: Callable[[], Life]) -> None:
    lives: list[Life] = []

    def begin() -> Life:
        lives.append(life())
        return lives[-1]

    made = type("Machine", (ComplaintMachine,), {"make": staticmethod(begin), "loop": asyncio.get_running_loop()})
    profile = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None,
        phases=[Phase.generate, Phase.shrink] if SOAK else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    await asyncio.to_thread(run_state_machine_as_test, made, settings=profile)

    assert len(lives) >= EXAMPLES
    tried = {way for lived in lives for way in lived.ways}
    assert tried  # which ones is chance, with a few lives; that none is missing, with many
    assert tried >= ALL_WAYS or not SOAK, ALL_WAYS - tried
