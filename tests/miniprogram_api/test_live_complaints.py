"""Complaints on an open screen: what follows a number and what was there make up exactly the table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import aiohttp
import pytest

from community.calendar.models import CalendarDay
from community.complaints.dispatch.protocol import BY_EVENT
from community.complaints.models import EventType
from community.complaints.recounting import recount_results
from foundation.clock import FrozenClock
from foundation.ground import Ground
from tests import live
from tests.community.complaints.line import Unit
from tests.community.complaints.passing_on import pass_on_everything
from tests.conftest import Client
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.live import eventually
from tests.miniprogram_api.complaint_fixtures import BAD, GOOD, of, unit
from tests.phone import Phone

__all__ = ["unit"]
ENDS = ("closed", "not_accepted", "merged", "unmerged")
STEPS = [event for event in BY_EVENT if event not in (*ENDS, "answered")]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@asynccontextmanager
async def screen(
    http: aiohttp.ClientSession, phone: Phone, complaint: dict[str, Any], after: int = 0
) -> AsyncIterator[live.Screen]:
    """Open a screen that watches a complaint from a number on, until it has caught up."""
    opened = live.Screen(http, str(phone.api.make_url("/api/v1/live")), phone.token)
    await opened.come()
    await opened.watch(topic(complaint), after)
    await eventually(lambda: opened.caught_up or opened.others[1:])
    try:
        yield opened
    finally:
        await opened.leave()


def topic(complaint: dict[str, Any]) -> str:
    return f"complaint:{complaint['id']}"


def has_heard(opened: live.Screen, complaint: dict[str, Any], last: int) -> bool:
    return opened.position(topic(complaint)) >= last


async def listed(phone: Phone, complaint: dict[str, Any], after: int = 0) -> list[dict[str, Any]]:
    """Read the events after a number from the door."""
    items: list[dict[str, Any]] = (await phone.get(of(complaint, f"events?after={after}"))).body["items"]
    return items


async def heard_from(opened: live.Screen, complaint: dict[str, Any], after: int) -> list[dict[str, Any]]:
    """Watch anew from a number on; give what is told until the screen has caught up."""
    name = topic(complaint)
    opened.events[name].clear()
    opened.caught_up.clear()
    await opened.say(type="unwatch", topic=name)
    await opened.watch(name, after)
    await eventually(lambda: name in opened.caught_up)
    return list(opened.events[name])


@dataclass
class Life:
    """Four complaints to which everything happens that can."""

    phone: Phone
    unit: Unit
    clock: FrozenClock
    ground: Ground

    async def through_two_rounds(self, complaint: dict[str, Any]) -> None:
        await self.unit.does(complaint, *STEPS, public_text="说明")
        await self.phone.post(of(complaint, "supplements"), {"text": "厨房也漏"})
        await self.phone.post(of(complaint, "urgings"))
        await self.unit.does(complaint, "answered", public_text="办好了")
        await self.phone.post(of(complaint, "rating"), BAD | {"text": "一点没动"})
        self.clock.advance(hours=1)
        await self.unit.does(complaint, "assigned", "answered", round=2)
        await self.phone.post(of(complaint, "rating"), GOOD | {"text": "满意极了"})

    async def to_a_withdrawal(self, complaint: dict[str, Any]) -> None:
        await self.unit.does(complaint, "assigned", "merged", "unmerged")
        await self.phone.post(of(complaint, "withdrawal"), {"reason": "不用了"})

    async def to_a_refusal(self, complaint: dict[str, Any]) -> None:
        await self.unit.does(complaint, "assigned", "not_accepted")

    async def to_a_holiday(self, complaint: dict[str, Any]) -> None:
        await self.unit.does(complaint, "assigned", "accepted")
        monday = date(2026, 11, 23)
        await CalendarDay.create(
            day=monday, is_off=True, name="临时放假", source="test", announced=True, notice_year=2026
        )
        assert await recount_results(self.ground) == 1


async def test_every_kind_of_event_arrives_live_as_the_door_lists_it_for_owner_and_supporter(
    *,
    phone: Phone,
    neighbour: Phone,
    core: DispatchCore,
    worker: Worker,
    unit: Unit,
    clock: FrozenClock,
    ground: Ground,
    http: aiohttp.ClientSession,
) -> None:
    life = Life(phone, unit, clock, ground)
    seen: set[str] = set()
    for live_through in (life.through_two_rounds, life.to_a_withdrawal, life.to_a_refusal, life.to_a_holiday):
        complaint = await phone.file()
        await neighbour.call("PUT", of(complaint, "follow"))
        async with screen(http, phone, complaint) as own, screen(http, neighbour, complaint) as theirs:
            await pass_on_everything(worker)
            await live_through(complaint)
            for who, opened in ((phone, own), (neighbour, theirs)):
                expected = await listed(who, complaint)
                await eventually(partial(has_heard, opened, complaint, len(expected)))
                assert opened.events[topic(complaint)] == expected
                assert opened.numbers[topic(complaint)] == list(range(1, len(expected) + 1))
        for who in (phone, neighbour):
            await state_and_what_follows_are_the_whole(http, who, complaint)
        seen |= {event["type"] for event in await listed(phone, complaint)}

    assert seen == {each.value for each in EventType}


async def state_and_what_follows_are_the_whole(
    http: aiohttp.ClientSession, who: Phone, complaint: dict[str, Any]
) -> None:
    """See at every number that the list up to it and what is told from it on are the list."""
    whole = await listed(who, complaint)
    async with screen(http, who, complaint) as opened:
        for number in range(len(whole) + 1):
            assert whole[:number] + await heard_from(opened, complaint, number) == whole
            assert whole[:number] + await listed(who, complaint, number) == whole


async def test_a_state_at_a_number_and_what_follows_it_are_the_whole(
    phone: Phone, neighbour: Phone, unit: Unit, clock: FrozenClock, http: aiohttp.ClientSession
) -> None:
    complaint = await phone.file()
    await neighbour.call("PUT", of(complaint, "follow"))
    await unit.does(complaint, "assigned", "accepted", "note")
    for who in (phone, neighbour):
        for number in range(5):
            state = (await listed(who, complaint))[:number]
            async with screen(http, who, complaint, after=number) as opened:
                await unit.does(complaint, "feedback")
                whole = await listed(who, complaint)
                await eventually(partial(has_heard, opened, complaint, len(whole)))
                assert state + opened.events[topic(complaint)] == whole
                assert whole[number:] == await listed(who, complaint, number)


async def test_a_promise_that_becomes_late_doubles_no_event(
    phone: Phone, worker: Worker, unit: Unit, clock: FrozenClock, http: aiohttp.ClientSession
) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "assigned")
    async with screen(http, phone, complaint) as opened:
        clock.advance(hours=25)
        await worker.sweep()
        await unit.does(complaint, "accepted")
        await eventually(lambda: opened.position(topic(complaint)) == 3)

        assert opened.numbers[topic(complaint)] == [1, 2, 3]
    assert [each["state"] for each in (await phone.show(complaint))["deadlines"]] == ["late", "late", "running"]


async def test_what_a_stranger_asks_for_answers_like_what_does_not_exist(
    api: Client, phone: Phone, neighbour: Phone, http: aiohttp.ClientSession
) -> None:
    complaint = await phone.file()
    opened = await live.Screen(http, str(api.make_url("/api/v1/live")), neighbour.token).come()
    wrong = (complaint["id"], "018f0000-0000-7000-8000-000000000000", complaint["id"].upper(), "x", "")
    for each in wrong:
        await opened.say(type="watch", topic=f"complaint:{each}", after=0)
    await eventually(lambda: len(opened.others) > len(wrong))
    await opened.leave()

    problems = [frame["problem"] for frame in opened.others if frame["type"] == "error"]
    assert len(problems) == len(wrong)
    assert problems == [problems[0]] * len(wrong)
    assert problems[0]["status"] == 404
    assert not opened.events


async def test_supporters_hear_no_word_of_the_owner(
    *, phone: Phone, neighbour: Phone, unit: Unit, clock: FrozenClock, ground: Ground, http: aiohttp.ClientSession
) -> None:
    complaint = await phone.file("我家302室漏水三天了")
    await neighbour.call("PUT", of(complaint, "follow"))
    async with screen(http, phone, complaint) as own, screen(http, neighbour, complaint) as theirs:
        await Life(phone, unit, clock, ground).through_two_rounds(complaint)
        last = (await phone.show(complaint))["last_seq"]
        await eventually(lambda: own.position(topic(complaint)) == theirs.position(topic(complaint)) == last)

    heard = str(theirs.events)
    assert [word for word in ("302室", "厨房也漏", "一点没动", "满意极了", "您说解决了") if word in heard] == []
    assert "302室" in str(own.events)
