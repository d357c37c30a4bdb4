"""Through the true doors: however the core's callbacks are shuffled and repeated, people see one and the same."""

import os
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.clock import FrozenClock
from tests.conftest import STARTED_AT, Client
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone
from tests.town import Town

SOAK = bool(os.environ.get("LINLI_TEST_SOAK"))
pytestmark = pytest.mark.timeout(3600 if SOAK else 300)
_names = count(1)
BAD = {"solved": False, "speed": 2, "result": 1, "service": 2, "answer": 2}


@dataclass(frozen=True)
class Step:
    """What the core says, so many minutes after the beginning."""

    event: str
    minutes: float
    fields: dict[str, Any] = field(default_factory=dict)


def step(event: str, minutes: float, unit: str = "环卫所", **fields: Any) -> Step:
    return Step(event, minutes, {"agency_responsible": unit, "public_text": f"{event} {minutes} {unit}", **fields})


STRAIGHT = [
    step("assigned", 1),
    step("accepted", 20),
    step("feedback", 60),
    step("in_progress", 90),
    step("note", 95),
    step("answered", 200),
]
DETOUR = [
    step("assigned", 1),
    step("accepted", 35),
    step("returned", 40),
    step("assigned", 50, "城管队"),
    step("accepted", 70, "城管队"),
    step("feedback", 90, "城管队"),
    step("answered", 150, "城管队"),
]
LONG = [
    step("assigned", 1),
    step("urging_letter", 31),
    step("accepted", 40),
    step("waiting_for_resident", 50),
    step("resumed", 80),
    step("transferred", 90, "城管队"),
    step("extension_requested", 100, "城管队"),
    step("extension_granted", 110, "城管队", due_datetime=(STARTED_AT + timedelta(days=40)).isoformat()),
]
WAITS = [
    step("assigned", 1),
    step("accepted", 10),
    step("waiting_for_resident", 20),
    step("waiting_for_resident", 30),
    step("resumed", 100),
    step("feedback", 110),
    step("waiting_for_resident", 120),
    step("answered", 240),
]
HOLED = [
    Step(each.event, each.minutes, {**each.fields, "sequence": None if place % 3 == 0 else 10 * place})
    for place, each in enumerate(DETOUR, start=1)
]
"""Some numbers are missing, and those that are there have holes."""
WRONG_CLOCK = [
    Step(each.event, minutes, {**each.fields, "sequence": place})
    for place, (each, minutes) in enumerate(zip(DETOUR, (50, 50, 20, 20.4, 20.9, 90, 10), strict=True), start=1)
]
"""The core's clock goes backwards and forwards; its numbers do not."""
TWO_OF_A_SECOND = [Step(each.event, 5 + place // 2 / 60, each.fields) for place, each in enumerate(LONG)]
"""To the second, with two updates in each."""
ONE_SECOND = [Step(each.event, 5, each.fields) for each in DETOUR]
UNNUMBERED = [Step(each.event, each.minutes, {**each.fields, "sequence": None}) for each in DETOUR]
ONE_SECOND_UNNUMBERED = [Step(each.event, 5, {**each.fields, "sequence": None}) for each in STRAIGHT]
ENDED = [*STRAIGHT, step("closed", 210)]
REFUSED = [
    step("assigned", 1),
    step("co_handler_added", 2, "水务所"),
    step("accepted", 3),
    step("merged", 4),
    step("unmerged", 5),
    step("not_accepted", 6),
]
HISTORIES = [
    STRAIGHT, DETOUR, LONG, ONE_SECOND, UNNUMBERED, ONE_SECOND_UNNUMBERED, ENDED, REFUSED,
    WAITS, HOLED, WRONG_CLOCK, TWO_OF_A_SECOND,
]  # fmt: skip
ENDING = ("closed", "not_accepted", "merged", "unmerged")
FIRST_ROUND = [step("assigned", 1), step("accepted", 2), step("answered", 10)]
SECOND_ROUND = [
    step("feedback", 8),
    step("in_progress", 9),
    step("note", 30, round=2),
    step("feedback", 40, round=2),
    step("in_progress", 50, round=2),
    step("answered", 60, round=2),
]


@dataclass
class Stage:
    """A core, a worker and the phones of the neighbourhood."""

    api: Client
    town: Town
    core: DispatchCore
    worker: Worker
    clock: FrozenClock

    async def pair(self) -> tuple[Phone, dict[str, Any], dict[str, Any]]:
        """Let somebody new file two complaints, both passed on."""
        self.clock.set(STARTED_AT)
        phone = await self.town.resident(self.api, f"居民{next(_names)}")
        pair = (await phone.file(), await phone.file())
        await self.worker.run_until_idle()
        self.clock.set(STARTED_AT + timedelta(hours=6))
        return phone, *pair

    async def write(self, complaint: dict[str, Any], steps: list[Step]) -> list[str]:
        """Let the core say these things without calling us; give the updates' ids."""
        return [
            await self.core.play(
                complaint, each.event, at=STARTED_AT + timedelta(minutes=each.minutes), deliver=False, **each.fields
            )
            for each in steps
        ]

    async def deliver(self, update_ids: list[str]) -> None:
        """Call us with these, in this order, and let what was stored be applied."""
        answer = await self.core.deliver(update_ids)
        assert set(answer["statuses"]) <= {200}
        await self.worker.clear_desks()


async def picture(phone: Phone, complaint: dict[str, Any]) -> dict[str, Any]:
    """Give what people see, but for what the order of arrival may show: the numbers of the events."""
    shown = await phone.show(complaint)
    seen = {name: shown[name] for name in ("status", "round", "responsible", "deadlines", "result", "can")}
    events = [{**event, "seq": 0} for event in await phone.timeline(complaint)]
    return seen | {"timeline": sorted(events, key=lambda event: (event["at"], event["type"], event["text"] or ""))}


def shuffled(ids: list[str], order: list[int], repeats: list[int]) -> list[str]:
    """Bring ids into an order (by rank of a longer permutation), some of them again."""
    mixed = [ids[at] for at in order if at < len(ids)]
    return mixed + [ids[at % len(ids)] for at in repeats]


orders = st.permutations(range(max(map(len, HISTORIES))))
again = st.lists(st.integers(0, 7), max_size=4)
few = settings(
    max_examples=200 if SOAK else 5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(history=st.sampled_from(HISTORIES), order=orders, repeats=again)
@few
async def test_any_order_and_any_repetition_of_callbacks_shows_the_same(
    *,
    api: Client,
    town: Town,
    core: DispatchCore,
    worker: Worker,
    clock: FrozenClock,
    history: list[Step],
    order: list[int],
    repeats: list[int],
) -> None:
    stage = Stage(api, town, core, worker, clock)
    phone, straight, mixed = await stage.pair()
    await stage.deliver(await stage.write(straight, history))

    await stage.deliver(shuffled(await stage.write(mixed, history), order, repeats))

    assert await picture(phone, mixed) == await picture(phone, straight)
    assert len(await phone.timeline(mixed)) == 2 + len(history)


@given(order=orders, repeats=again)
@settings(few, max_examples=40 if SOAK else 2)
async def test_after_a_redo_late_words_of_the_first_round_and_new_ones_may_come_mixed(
    *,
    api: Client,
    town: Town,
    core: DispatchCore,
    worker: Worker,
    clock: FrozenClock,
    order: list[int],
    repeats: list[int],
) -> None:
    stage = Stage(api, town, core, worker, clock)
    phone, straight, mixed = await stage.pair()
    for complaint in (straight, mixed):
        clock.set(STARTED_AT + timedelta(minutes=20))
        await stage.deliver(await stage.write(complaint, FIRST_ROUND))
        rated = await phone.post(f"/complaints/{complaint['id']}/rating", BAD)
        assert rated.body["round"] == 2
        await worker.run_until_idle()
        clock.set(STARTED_AT + timedelta(hours=6))
    first = [Step(each.event, each.minutes, {"round": 1} | each.fields) for each in SECOND_ROUND]
    await stage.deliver(await stage.write(straight, first))

    await stage.deliver(shuffled(await stage.write(mixed, first), order, repeats))

    assert await picture(phone, mixed) == await picture(phone, straight)
    assert (await phone.show(mixed))["status"] == "answered"


@given(history=st.sampled_from(HISTORIES), order=orders, repeats=again, supplemented_after=st.integers(0, 7))
@settings(few, max_examples=100 if SOAK else 3)
async def test_what_the_owner_adds_in_between_has_its_place_wherever_the_callbacks_fall(
    *,
    api: Client,
    town: Town,
    core: DispatchCore,
    worker: Worker,
    clock: FrozenClock,
    history: list[Step],
    order: list[int],
    repeats: list[int],
    supplemented_after: int,
) -> None:
    stage = Stage(api, town, core, worker, clock)
    phone, straight, mixed = await stage.pair()
    history = [each for each in history if each.event not in ENDING]
    words = {straight["id"]: await stage.write(straight, history)}
    words[mixed["id"]] = shuffled(await stage.write(mixed, history), order, repeats)

    for complaint in (straight, mixed):
        clock.set(STARTED_AT + timedelta(hours=6))
        told = words[complaint["id"]]
        await stage.deliver(told[:supplemented_after])
        answer = await phone.post(f"/complaints/{complaint['id']}/supplements", {"text": "厨房也漏"})
        assert answer.status == 201
        await stage.deliver(told[supplemented_after:])

    assert await picture(phone, mixed) == await picture(phone, straight)
    assert [event["type"] for event in await phone.timeline(mixed)].count("supplemented") == 1
