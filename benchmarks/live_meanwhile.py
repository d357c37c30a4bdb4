"""Ten thousand open sockets, and what everybody else notices: who reads, who does not, who lost a right, who asks.

One event goes to all phones of one process, with and without a hundred that read nothing, and to the same number
spread over two processes. While it is written out, ordinary requests of the same process are timed: that is how long
its loop was busy. Then one person signs out and one unfollows, and their sockets are watched.
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from benchmarks import town
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, quantile, run
from benchmarks.live import PAUSE_SECONDS, PHONES, Complaints
from benchmarks.load import Line, request
from benchmarks.stage import Agent, Stage
from foundation.tasks import spawn, stop

MESSAGES = 12
"""One sample is the median of so many: what a few stuck readers cost is less than one message differs from the next."""
ASKED_DURING = 4
"""Messages during which others ask. By themselves, as who asks all the time holds up the message, too."""
STUCK_OF = 100
"""One phone in so many reads nothing."""
HISTORY = 600
"""Events that who reads nothing asks for: more than we and the kernel keep for them."""
HELD_SECONDS = 0.5
"""After so long whatever is kept for who reads nothing is full."""
BETWEEN_SECONDS = 0.003
SIGNED_OUT = 4401


@dataclass(slots=True)
class Server:
    """One of Linli's processes and the phones on it."""

    url: str
    phones: Agent

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0


class Meanwhile:
    """The servers, who is on them, and what everybody watches."""

    def __init__(self, complaints: Complaints, place: town.Town, topic: str, history: str) -> None:
        self.complaints = complaints
        self.place = place
        self.topic = topic
        self.history = history
        self.alone: Server | None = None
        self.pair: list[Server] = []

    async def open(self, stage: Stage, url: str, tokens: Sequence[str]) -> Server:
        """Start a process and let so many come in."""
        _, address = await stage.linli("serve", database_url=url)
        server = Server(address, await stage.agent("benchmarks.live_phones", near=False))
        came = await server.phones.ask(
            "come",
            port=server.port,
            kind="linli",
            count=len(tokens),
            tokens=list(tokens),
            topics=[[f"complaint:{self.topic}"]],
        )
        if came["refused"] or came["errors"] or came["ready"] != len(tokens):
            raise RuntimeError(f"{came}")
        return server

    async def all_well(self) -> Figures:
        """Tell everybody on one process."""
        return await self._told([self._only()])

    async def some_stuck(self) -> Figures:
        """Tell everybody on one process while one in a hundred reads nothing."""
        server = self._only()
        count = len(self.place.tokens) // STUCK_OF
        await server.phones.ask(
            "stick",
            count=count,
            port=server.port,
            tokens=self.place.tokens,
            topics=[f"complaint:{self.history}", f"complaint:{self.topic}"],
        )
        await asyncio.sleep(HELD_SECONDS)
        try:
            return await self._told([server])
        finally:
            await server.phones.ask("unstick")

    async def two_processes(self) -> Figures:
        """Tell the same number of phones, half of them on each of two processes."""
        return await self._told(self.pair)

    def _only(self) -> Server:
        if self.alone is None:
            raise RuntimeError("nobody has come in")
        return self.alone

    async def _told(self, servers: Sequence[Server]) -> Figures:
        lasts = [await self._last(servers, contextlib.nullcontext()) for _ in range(MESSAGES)]
        waits: list[float] = []
        for _ in range(ASKED_DURING):
            await self._last(servers, asking(servers[0].url, waits))
        return {
            "last": statistics.median(lasts),
            "others_p99": quantile(waits, 0.99) * 1000,
            "others": max(waits) * 1000,
        }

    async def _last(self, servers: Sequence[Server], meanwhile: contextlib.AbstractAsyncContextManager[None]) -> float:
        """Tell everybody once; give the milliseconds until the last phone held it."""
        for server in servers:
            await server.phones.ask("expect")
        async with meanwhile:
            await asyncio.sleep(PAUSE_SECONDS)
            seq = self.complaints.happens(self.topic)
            began = time.monotonic()
            await self.complaints.tell(self.topic, seq)
            heard = await asyncio.gather(*(server.phones.ask("hear", began=began) for server in servers))
        for each in heard:
            if each["missing"] or each["doubled"] or each["lost"]:
                raise RuntimeError(f"{each}")
        return float(max(each["last"] for each in heard))

    async def rights(self) -> Figures:
        """Sign one person out and let another unfollow; give how long their sockets still heard."""
        server = self._only()
        leaver, stranger = self.place.tokens[-2:]
        async with aiohttp.ClientSession(server.url) as session:
            signed_out = await self._until(
                session, leaver, lambda: _call(session, leaver, "DELETE", "/api/v1/sessions/current"), _is_signed_out
            )
            path = f"/api/v1/complaints/{self.topic}/follow"
            unfollowed = await self._until(
                session, stranger, lambda: _call(session, stranger, "DELETE", path), _is_refused
            )
        return {"signed_out": signed_out, "unfollowed": unfollowed}

    async def _until(
        self,
        session: aiohttp.ClientSession,
        token: str,
        act: Callable[[], Awaitable[None]],
        seen: Callable[[aiohttp.WSMessage], bool],
    ) -> float:
        async with session.ws_connect("/api/v1/live") as socket:
            await socket.send_json({"type": "hello", "token": token})
            await socket.send_json({"type": "watch", "topic": f"complaint:{self.topic}", "after": 0})
            while (await socket.receive_json())["type"] != "caught_up":
                pass
            await act()
            began = time.monotonic()
            async with asyncio.timeout(30):
                while not seen(await socket.receive()):
                    pass
            return time.monotonic() - began


async def _call(session: aiohttp.ClientSession, token: str, method: str, path: str) -> None:
    async with session.request(method, path, headers={"Authorization": f"Bearer {token}"}) as answer:
        answer.raise_for_status()


def _is_signed_out(message: aiohttp.WSMessage) -> bool:
    return message.type is aiohttp.WSMsgType.CLOSE and message.data == SIGNED_OUT


def _is_refused(message: aiohttp.WSMessage) -> bool:
    return message.type is aiohttp.WSMsgType.TEXT and message.json()["type"] == "error"


@contextlib.asynccontextmanager
async def asking(url: str, waits: list[float]) -> AsyncIterator[None]:
    """Ask a process again and again while the block lasts, and note how long each answer took."""
    line = await Line.to(url)
    question = request("GET", "/healthz")

    async def ask() -> None:
        while True:
            began = time.perf_counter()
            await line.ask(question)
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(BETWEEN_SECONDS)

    task = spawn(ask(), name="asking")
    try:
        yield
    finally:
        await stop(task)
        line.close()


def told_table(meanwhile: Meanwhile, count: int) -> Table:
    """Lay out what the others notice of one event to all."""
    return Table(
        name="live-meanwhile",
        title=f"What others notice of one event to {count:,} sockets",
        question=(
            "Milliseconds until the last phone that reads holds the message, and, during other messages, how long ordinary "
            f"requests of the same process took, asked one after another. One in {STUCK_OF} that reads nothing has asked for {HISTORY} "
            "events and took none. Over two processes each has half of the phones; both share one core."
        ),
        columns=(
            Column("last", "last phone, ms", 0, less_is_better=True),
            Column("others_p99", "others p99, ms", 1, less_is_better=True),
            Column("others", "others at most, ms", 1, less_is_better=True),
        ),
        peers=(
            Peer("well", "one process", meanwhile.all_well),
            Peer("stuck", f"one in {STUCK_OF} reads nothing", meanwhile.some_stuck),
            Peer("two", "two processes", meanwhile.two_processes),
        ),
        goals=(
            Goal("well", "others_p99", at_most=20, to=None, words="other requests wait ≤ 20 ms (p99)"),
            Goal("stuck", "last", at_most=1.05, to="well", words="who reads nothing slows the rest by ≤ 5 %"),
        ),
        base="well",
    )


def rights_table(meanwhile: Meanwhile, count: int) -> Table:
    """Lay out how soon a right that was taken away is gone."""
    return Table(
        name="live-rights",
        title=f"A right that is taken away while {count:,} sockets are open",
        question="Seconds from the answer of the request that ends it until the open socket is told.",
        columns=(
            Column("signed_out", "signed out, s", 1, less_is_better=True),
            Column("unfollowed", "unfollowed, s", 1, less_is_better=True),
        ),
        peers=(Peer("linli", "Linli", meanwhile.rights),),
        goals=(
            Goal("linli", "signed_out", at_most=5, to=None),
            Goal("linli", "unfollowed", at_most=5, to=None),
        ),
        base=None,
    )


async def measure(stage: Stage, *, seconds: float, count: int = PHONES) -> list[Filled]:
    """Fill both tables."""
    began = time.monotonic()
    url = await stage.database()
    place = await town.build(url, residents=count + 2)
    complaints = Complaints(url, stage.redis_url, place_id=place.building_id)
    topic = complaints.file(place.resident_ids, owner=place.resident_ids[0])
    history = complaints.file(place.resident_ids, owner=place.resident_ids[0])
    complaints.happen([history], [HISTORY])
    meanwhile = Meanwhile(complaints, place, topic, history)
    phones, half = place.tokens[:count], count // 2
    try:
        meanwhile.alone = await meanwhile.open(stage, url, phones)
        rights = await run(rights_table(meanwhile, count), seconds=1.0, rounds=1, warm_up=False)
        meanwhile.pair = [await meanwhile.open(stage, url, some) for some in (phones[:half], phones[half:])]
        left = max(20.0, seconds - (time.monotonic() - began))
        told = await run(told_table(meanwhile, count), seconds=left, rounds=5)
    finally:
        await complaints.redis.aclose()
    return [told, rights]
