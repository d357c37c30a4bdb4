"""One complaint's life for the state machine: everything that may happen to it, and what must be true after each thing.

`Life` acts through the true doors, on the true worker and the core's stand-in. It
keeps a small model beside that: what was done, and what was seen before.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aiohttp

from community.calendar.queries import current_calendar
from community.complaints.dispatch.comparing import compare
from community.complaints.dispatch.inbound import INBOX
from community.complaints.dispatch.outbound import pass_on_message
from community.complaints.lifecycle import RANK
from community.complaints.models import Complaint, ComplaintEvent, Deadline, ResponsibilityInterval, Status
from community.complaints.rebuilding import values_of
from community.complaints.timeline import reproject
from foundation.clock import FrozenClock
from foundation.database import query, transaction
from foundation.ground import Ground
from foundation.leader import revive_stalled_jobs
from tests import live
from tests.community.complaints.passing_on import fault, held_by
from tests.conftest import STARTED_AT, Client, empty_database
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.miniprogram_api.complaint_fixtures import BAD, GOOD, of
from tests.phone import Answer, Phone
from tests.town import Town

ENDED = {"closed", "not_accepted", "withdrawn", "merged"}
MAY_FALL = {"returned", "merged", "unmerged"}
"""After these a status may be lower than before."""
OURS = ("supplemented", "urged", "rated", "redone", "withdrawn")


@dataclass
class Life:
    """A complaint, its owner, a neighbour who follows it, and everything around them."""

    api: Client
    ground: Ground
    core: DispatchCore
    worker: Worker
    clock: FrozenClock
    http: aiohttp.ClientSession
    done: Counter[str] = field(default_factory=Counter)
    """What residents did, by the event it must have left."""
    written: list[str] = field(default_factory=list)
    """Updates the core has, by their ids."""
    delivered: set[str] = field(default_factory=set)
    urged_at: datetime | None = None
    rated: set[int] = field(default_factory=set)
    known: int = 0
    """How long the list was when everything was checked last."""
    ways: set[str] = field(default_factory=set)
    """What was tried at all, so that the test of the tests can see that it was."""

    async def begin(self, trouble: str) -> None:
        """Let somebody file while something may go wrong on the way to the core."""
        await empty_database()
        self.clock.set(STARTED_AT)
        town = await Town.build(self.ground)
        self.owner, self.neighbour = await town.resident(self.api, "陈"), await town.resident(self.api, "李")
        if trouble:
            await fault(self.core, trouble, 500 if trouble == "status" else None)
        self.complaint = await self.owner.file()
        await self.neighbour.call("PUT", of(self.complaint, "follow"))
        self.seen: dict[int, list[dict[str, Any]]] = {id(self.owner): [], id(self.neighbour): []}
        self.shown = await self.owner.show(self.complaint)
        self.screens = [await self._screen(who) for who in (self.owner, self.neighbour)]
        await self._until_pushed()

    async def _screen(self, who: Phone) -> live.Screen:
        opened = live.Screen(self.http, str(self.api.make_url("/api/v1/live")), who.token)
        await opened.come(self.topic)
        return opened

    async def _until_pushed(self) -> None:
        async with asyncio.timeout(20):
            while (await Complaint.get(id=self.complaint["id"])).remote_id is None:
                await self.worker.run_until_idle()
                await asyncio.sleep(0.02)

    async def end(self) -> None:
        """Close the screens."""
        for opened in self.screens:
            await opened.leave()

    @property
    def topic(self) -> str:
        return f"complaint:{self.complaint['id']}"

    # ---- what may happen

    async def core_says(self, event: str, ago: int) -> None:
        """Let the core do something some minutes ago, without calling us."""
        at = self.clock.now() - timedelta(minutes=ago)
        unit = {"agency_responsible": "城管队" if event == "transferred" else "环卫所"}
        due = {"due_datetime": (at + timedelta(days=20)).isoformat()} if event == "extension_granted" else {}
        self.written.append(await self.core.play(self.complaint, event, at=at, deliver=False, **unit, **due))
        self.ways.add("the core says")

    async def call_back(self, order: list[int]) -> None:
        """Deliver written updates in an order, some perhaps again."""
        if self.written:
            ids = [self.written[number % len(self.written)] for number in order]
            answer = await self.core.deliver(ids)
            assert set(answer["statuses"]) == {200}, answer
            self.ways |= {"called back", *({"called back twice"} if len(set(ids)) < len(ids) else ())}
            self.delivered |= set(ids)

    async def work(self) -> None:
        """Let the worker do what waits; then every update that was called in is in the list, once."""
        await self.worker.run_until_idle()
        stored = await ComplaintEvent.filter(complaint_id=self.complaint["id"], source="core")
        assert Counter(event.update_id for event in stored) == Counter(self.delivered)
        self.ways.add("worked")

    async def supplement(self) -> None:
        await self._do("supplements", {"text": "又多了一处"}, self.shown["status"] not in ENDED, "supplemented")

    async def urge(self) -> None:
        waited = self.urged_at is None or self.clock.now() >= self.urged_at + timedelta(hours=4)
        allowed = self.shown["status"] not in {*ENDED, "answered"} and waited
        await self._do("urgings", None, allowed, "urged")
        self.urged_at = self.clock.now() if allowed else self.urged_at

    async def withdraw(self) -> None:
        allowed = self.shown["status"] not in {*ENDED, "answered"}
        await self._do("withdrawal", {"reason": "好了"}, allowed, "withdrawn")

    async def rate(self, *, good: bool) -> None:
        round_ = self.shown["round"]
        allowed = self.shown["status"] == "answered" and round_ not in self.rated
        await self._do("rating", GOOD if good else BAD, allowed, "rated")
        if allowed:
            self.rated.add(round_)
            self.done["redone"] += not good and round_ == 1

    async def rate_badly(self) -> None:
        await self.rate(good=False)

    async def rate_well(self) -> None:
        await self.rate(good=True)

    async def redo(self) -> None:
        allowed = self.shown["status"] == "answered" and self.shown["round"] == 1
        await self._do("reopening", {"reason": "没修好"}, allowed, "redone")

    async def _do(self, what: str, body: Any, allowed: bool, leaves: str) -> None:
        answer: Answer = await self.owner.post(of(self.complaint, what), body)
        assert (answer.status < 300) is allowed, (what, self.shown["status"], answer.body)
        assert allowed or answer.status == 409, answer.body
        self.done[leaves] += allowed
        self.ways.add(f"{what} {answer.status}")

    async def wait(self, minutes: int) -> None:
        """Let time pass and due rows be swept."""
        self.clock.advance(minutes=minutes)
        await self.worker.sweep()
        self.ways.add("time passed")

    async def kill_worker(self) -> None:
        """Let a worker die with rows and jobs in its hands; others take them when it has been silent long enough."""
        held = await INBOX.take()
        await query(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
            " RETURNING id) UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead"
            " WHERE procrastinate_jobs.id IN (SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo' GROUP BY lock)"
            " RETURNING procrastinate_jobs.id"
        )
        await self.worker.clear_desks()
        await query(
            "UPDATE dispatch_update SET claimed_until = now() - interval '1 second' WHERE id = ANY(%s) RETURNING id",
            [row["id"] for row in held],
        )
        await revive_stalled_jobs(60)
        self.ways.add("worker killed")

    async def die_before_marking(self) -> None:
        """Let a worker die after it told the core and before it noted that: everything is told again."""
        again = await query(
            "UPDATE dispatch_message SET state = 'waiting', sent_at = NULL WHERE state = 'sent' RETURNING seq"
        )
        for row in again:
            await pass_on_message(self.ground, (await self._row()).id, row["seq"])
        self.ways.add("told twice")

    async def lose_the_word(self, act: Callable[[], Awaitable[None]]) -> None:
        """Let something happen of which the live feed is not told; the heartbeat has to find it."""

        def lost(_topic: str, _seq: int) -> None:
            return

        feed: Any = self.ground.live
        feed.publish = lost
        try:
            await act()
        finally:
            del feed.publish
        self.ways.add("word lost")

    async def cut(self) -> None:
        """Let both screens lose their line and come back from where they were."""
        for opened in self.screens:
            opened.cut()
            await opened.gone()
            await opened.come(self.topic)
        self.ways.add("line cut")

    async def compare(self) -> None:
        """Compare everything by night: whatever the core has, we have afterwards."""
        await compare(self.ground)
        kept = await query("SELECT update_id FROM dispatch_update")
        self.delivered |= {row["update_id"] for row in kept} & set(self.written)
        await self.work()
        self.ways.add("compared")

    # ---- what must be true

    async def check(self) -> None:
        """See that everything holds."""
        before, self.shown = self.shown, await self.owner.show(self.complaint)
        fresh = await self._new_list(self.owner)
        await self._check_live(fresh)
        self._check_status(before, fresh)
        await self._check_table()
        await self._check_rebuilding()
        assert len(await self.core.requests(self.complaint)) == 1
        self._check_promises(before)
        self.known = len(fresh)

    async def _new_list(self, who: Phone) -> list[dict[str, Any]]:
        """Read the whole list: gapless, and what was in it before is in it unchanged."""
        fresh = await who.timeline(self.complaint)
        known = self.seen[id(who)]
        assert fresh[: len(known)] == known
        self.seen[id(who)] = fresh
        return fresh

    async def _check_live(self, own: list[dict[str, Any]]) -> None:
        theirs = await self._new_list(self.neighbour)
        for who, opened, fresh in zip((self.owner, self.neighbour), self.screens, (own, theirs), strict=True):
            await live.eventually(partial(_has_heard, opened, self.topic, len(fresh)))
            assert opened.events[self.topic] == fresh
            assert opened.numbers[self.topic] == list(range(1, len(fresh) + 1))
            middle = len(fresh) // 2
            rest = (await who.get(of(self.complaint, f"events?after={middle}"))).body["items"]
            assert fresh[:middle] + rest == fresh

    def _check_status(self, before: dict[str, Any], fresh: list[dict[str, Any]]) -> None:
        new = {event["type"] for event in fresh[self.known :]}
        if before["round"] == self.shown["round"] and not new & MAY_FALL and before["status"] != "merged":
            assert rank(self.shown["status"]) >= rank(before["status"]), (before["status"], self.shown["status"])
        assert self.shown["round"] >= before["round"]

    def _check_promises(self, before: dict[str, Any]) -> None:
        """What was met stays met at its instant, unless the core now tells of something that came before that."""
        last = self.seen[id(self.owner)][self.known :]
        earliest = min((event["at"] for event in last if event["type"] != "redone"), default="9")
        met = [each for each in before["deadlines"] if each["met_at"] and each["met_at"] <= earliest]
        assert [each for each in met if each not in self.shown["deadlines"]] == []

    async def _check_table(self) -> None:
        rows = await ComplaintEvent.filter(complaint_id=self.complaint["id"]).order_by("seq")
        own = self.seen[id(self.owner)]
        assert [(row.seq, row.type, row.text or None, row.round) for row in rows] == [
            (event["seq"], event["type"], event["text"], event["round"]) for event in own
        ]
        kinds = Counter(row.type.value for row in rows)
        assert {kind: kinds[kind] for kind in OURS} == {kind: self.done[kind] for kind in OURS}
        assert {row.update_id for row in rows if row.update_id} <= self.delivered | set(self.written)

    async def _check_rebuilding(self) -> None:
        async with transaction():
            complaint = await self._row(lock=True)
            before = await _picture(complaint)
            await reproject(complaint, at=self.clock.now(), calendar=await current_calendar())
            assert await _picture(complaint) == before

    async def _row(self, *, lock: bool = False) -> Complaint:
        rows = Complaint.filter(id=self.complaint["id"])
        return await (rows.select_for_update(no_key=True) if lock else rows).get()

    async def settle(self) -> None:
        """Let everything arrive: then the core and we say the same."""
        await self.call_back(list(range(len(self.written))))
        await self.work()
        await self.work()
        heard = [each for each in (await held_by(self.core, self.complaint))["updates"] if each["origin"] == "linli"]
        told = [each for each in self.seen[id(self.owner)] if each["type"] in OURS]
        assert Counter(each["event"] for each in heard if each["event"] in OURS) == Counter(e["type"] for e in told)


def _has_heard(opened: live.Screen, topic: str, last: int) -> bool:
    return opened.position(topic) >= last


def rank(status: str) -> int:
    return RANK.get(Status(status), 7)


async def _picture(complaint: Complaint) -> list[Any]:
    """Give everything that is a projection, but for what only the passing of time has made of it."""
    rows: list[Any] = [complaint.status, complaint.round, complaint.unit, complaint.answered_at, complaint.rate_by]
    for model in (Deadline, ResponsibilityInterval):
        rows += [values_of(row) for row in await model.filter(complaint_id=complaint.id).order_by("position")]
    return rows
