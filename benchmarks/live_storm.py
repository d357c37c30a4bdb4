"""Ten thousand phones lose their sockets at once and come back inside five seconds, each a few events behind.

Every phone watches a complaint of its own and two that many follow. While all are away, events are committed:
nought to twenty on each followed complaint, one on every other phone's own. What counts is how long it takes until
every phone has caught up, beside the bare opening of as many sockets on aiohttp; that nothing is lost or doubled;
and how often the database was asked.
"""

import asyncio
import random
import time
from urllib.parse import urlsplit

from benchmarks import town
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.live import PHONES, Complaints
from benchmarks.stage import PEERS, Agent, Stage

WITHIN_SECONDS = 5.0
FOLLOWED = 200
STATISTICS_SECONDS = 2.5
"""After so long PostgreSQL has counted what was done."""
ALONE_SECONDS = 5.0
"""How long we count what a process asks before anybody came: the movable clock of development reads its row."""


class Storm:
    """Phones on Linli and on the bare server, and what happens while they are away."""

    def __init__(self, complaints: Complaints, own: list[str], followed: list[str]) -> None:
        self.complaints = complaints
        self.own = own
        self.followed = followed
        self.phones: dict[str, Agent] = {}
        self.turn = 0
        self.always = 0.0
        """What the process asks in a second whoever is there."""

    async def rest(self) -> None:
        """Count what the process asks while it is alone."""
        await asyncio.sleep(STATISTICS_SECONDS)
        before, began = self.complaints.commits(), time.monotonic()
        await asyncio.sleep(ALONE_SECONDS)
        self.always = (self.complaints.commits() - before) / (time.monotonic() - began)

    async def sample(self, peer: str) -> Figures:
        """Cut everybody, let something happen, and let them come back."""
        self.turn += 1
        phones = self.phones[peer]
        await phones.ask("cut")
        expected = 0
        if peer == "linli":
            expected = await self._happen()
        await asyncio.sleep(STATISTICS_SECONDS)
        before, began = self.complaints.commits(), time.monotonic()
        back = await phones.ask("come_back", within=WITHIN_SECONDS, seed=self.turn)
        if back["refused"] or back["errors"] or back["missing"] or back["doubled"]:
            raise RuntimeError(f"{peer}: {back}")
        if back["events"] != expected:
            raise RuntimeError(f"{peer}: heard {back['events']} of {expected}")
        await asyncio.sleep(STATISTICS_SECONDS)
        figures = {"seconds": back["seconds"], "events": float(back["events"])}
        if peer == "linli":
            asked = self.complaints.commits() - before - self.always * (time.monotonic() - began)
            figures["reads"] = asked * 100 / back["ready"]
        return figures

    async def _happen(self) -> int:
        """Commit and tell; give how many events all phones together have missed."""
        chance = random.Random(self.turn)  # noqa: S311 - repeatable
        news = {each: chance.randint(0, 20) for each in self.followed}
        news |= dict.fromkeys(self.own[self.turn % 2 :: 2], 1)
        ids = [each for each, count in news.items() if count]
        await self.complaints.tell_all(self.complaints.happen(ids, [news[each] for each in ids]))
        return sum(news.get(each, 0) for topics in topics_of(self.own, self.followed) for each in topics)


def topics_of(own: list[str], followed: list[str]) -> list[list[str]]:
    """Give the three complaints that each phone watches."""
    count = len(followed)
    return [[mine, followed[n % count], followed[(n + 1 + n // count) % count]] for n, mine in enumerate(own)]


def table(storm: Storm, count: int) -> Table:
    """Lay out the table."""
    return Table(
        name="live_storm",
        title=f"{count:,} phones come back inside five seconds",
        question=(
            "Seconds from the first connection until every phone has everything it missed on its three topics. Bare: "
            "as many sockets opened on aiohttp, nothing said. Asked of the database: every statement, sign-ins, rights "
            "and heartbeats included, for a hundred phones; less what the process asks while nobody is there, which is "
            "the clock of development that can be moved."
        ),
        columns=(
            Column("seconds", "all caught up, s", 1, less_is_better=True),
            Column("reads", "statements for 100 phones", 2, less_is_better=True),
            Column("events", "events caught up on", 0),
        ),
        peers=(
            Peer("raw", "bare sockets on aiohttp", lambda: storm.sample("raw")),
            Peer("linli", "Linli, resumed", lambda: storm.sample("linli")),
        ),
        goals=(
            Goal("linli", "seconds", at_most=2.0),
            Goal("linli", "reads", at_most=1.0, to=None, words="statements for 100 phones ≤ 1"),
        ),
        remarks=("Every number of every phone is looked at: none lost, none doubled, or the run fails.",),
    )


async def measure(stage: Stage, *, seconds: float, count: int = PHONES) -> list[Filled]:
    """Fill the table."""
    began = time.monotonic()
    url = await stage.database()
    place = await town.build(url, residents=count)
    complaints = Complaints(url, stage.redis_url, place_id=place.building_id)
    own = complaints.file_many(place.resident_ids, "own")
    followed = complaints.file_many(place.resident_ids[:FOLLOWED], "followed")
    watched = topics_of(own, followed)
    pairs = zip(watched, place.resident_ids, strict=True)
    complaints.follow([(each, resident) for topics, resident in pairs for each in dict.fromkeys(topics[1:])])
    storm = Storm(complaints, own, followed)
    _, address = await stage.linli("serve", database_url=url)
    await storm.rest()
    bare = await stage.agent("benchmarks.live_peers", python=PEERS)
    port = (await bare.ask("serve", peer="aiohttp", redis_url=stage.redis_url))["port"]
    for peer, peer_port in (("linli", urlsplit(address).port), ("raw", port)):
        storm.phones[peer] = await stage.agent("benchmarks.live_phones", near=False)
        names = [[f"complaint:{each}" for each in topics] for topics in watched]
        came = await storm.phones[peer].ask(
            "come",
            port=peer_port,
            kind="linli" if peer == "linli" else "aiohttp",
            count=count,
            tokens=place.tokens,
            topics=names,
        )
        if came["refused"] or came["errors"]:
            raise RuntimeError(f"{peer}: {came}")
    try:
        left = max(15.0, seconds - (time.monotonic() - began))
        return [await run(table(storm, count), seconds=left, rounds=5, warm_up=False)]
    finally:
        await complaints.redis.aclose()
