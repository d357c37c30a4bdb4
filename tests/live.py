"""What the tests of the live feed stand on: a Redis that can be killed, a toy topic, and screens.

`Notebook` is a table of numbered lines kept in memory; `Door` serves the true live door over it, on a real
port; `Screen` is a client of it.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast

import aiohttp
from aiohttp import web
from psycopg import OperationalError
from redis.asyncio import Redis

from foundation.access import Actor
from foundation.clock import FrozenClock
from foundation.embedded.children import Child
from foundation.embedded.folders import open_folders
from foundation.embedded.redis import EmbeddedRedis
from foundation.errors import NotFoundError
from foundation.ground import Ground
from foundation.live import LiveFeed, Topic
from foundation.parts import Part
from foundation.redis import open_redis
from foundation.settings import Settings
from foundation.tasks import spawn, stop
from foundation.web.app import create_app
from foundation.web.keys import AUTHENTICATE_TOKEN, CHECK_SESSIONS, SignedIn
from miniprogram_api import live as live_door

DEADLINE = 20.0
NOW = datetime(2026, 11, 20, 13, 6, tzinfo=UTC)


async def eventually(condition: Callable[[], object], *, seconds: float = DEADLINE) -> None:
    """Return as soon as the condition holds; fail when it never does."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class MortalRedis:
    """A Redis of its own that can be killed, frozen and brought back under the same address."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedRedis(open_folders(folder))
        self._child: Child | None = None
        self.url = self._server.address

    async def start(self) -> None:
        self._child = self._server.start(patience=10)
        await eventually(self._server.make_ready)

    @property
    def process(self) -> Any:
        assert self._child is not None
        return self._child.process

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()


@dataclass
class Notebook:
    """Pages with numbered lines; hidden ones are for nobody, and each language is a view of its own."""

    pages: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    history_reads: Counter[str] = field(default_factory=Counter)
    number_reads: int = 0
    right_reads: int = 0
    hidden: set[str] = field(default_factory=lambda: {"secret"})
    plain: set[str] = field(default_factory=set)
    """Pages that everybody sees in one view, whatever their language."""
    slow: float = 0.0
    broken: bool = False

    def write(self, page: str, line: str = "") -> int:
        """Commit a line; give its number."""
        self.pages[page].append(line or f"line {len(self.pages[page]) + 1}")
        return len(self.pages[page])

    async def watch(self, _ground: Ground, actor: Actor, page: str) -> Hashable:
        self.right_reads += 1
        await self._read()
        view = self._view(actor, page)
        if view is None:
            raise NotFoundError
        return view

    async def watch_many(self, _ground: Ground, pairs: Sequence[tuple[Actor, str]]) -> list[Hashable | None]:
        self.right_reads += 1
        await self._read()
        return [self._view(actor, page) for actor, page in pairs]

    def _view(self, actor: Actor, page: str) -> str | None:
        if page not in self.pages or page in self.hidden:
            return None
        return "plain" if page in self.plain else actor.language

    async def history(self, _ground: Ground, page: str, after: int, view: Hashable) -> list[tuple[int, dict[str, Any]]]:
        self.history_reads[page] += 1
        lines = list(enumerate(self.pages[page], 1))[after : after + 200]
        await self._read()
        return [(seq, {"text": line, "for": view}) for seq, line in lines]

    async def history_many(
        self, _ground: Ground, asked: Sequence[tuple[str, int, Hashable]]
    ) -> list[list[tuple[int, dict[str, Any]]]]:
        self.history_reads["many"] += 1
        await self._read()
        if any(self.pages[page][after:] and self.pages[page][-1] == "unreadable" for page, after, _ in asked):
            raise ValueError("unreadable")
        return [
            [
                (seq, {"text": line, "for": view})
                for seq, line in list(enumerate(self.pages[page], 1))[after : after + 30]
            ]
            for page, after, view in asked
        ]

    async def last_numbers(self, _ground: Ground, pages: Collection[str]) -> dict[str, int]:
        self.number_reads += 1
        numbers = {page: len(self.pages[page]) for page in pages if page in self.pages}
        await self._read()
        return numbers

    async def _read(self) -> None:
        await asyncio.sleep(self.slow)
        if self.broken:
            raise OSError("the notebook is in the rain")

    def topics(self) -> tuple[Topic, ...]:
        return (
            Topic("page", self.watch, self.history, self.last_numbers),
            Topic("leaf", self.watch, self.history, self.last_numbers, self.watch_many, self.history_many),
            Topic("me", self.watch_own, self.history, self.last_numbers, personal=True),
        )

    async def watch_own(self, _ground: Ground, actor: Actor, page: str) -> Hashable:
        assert page == f"{actor.kind}:{actor.id}"
        return actor.language


@dataclass
class People:
    """Who may come in: token → actor. Sessions can be ended."""

    ended: set[str] = field(default_factory=set)
    checks: int = 0
    broken: bool = False

    async def whose(self, token: str) -> Actor | None:
        if self.broken:
            raise OperationalError
        if token == "crash":  # noqa: S105 - what happens, not what is secret
            raise RuntimeError(token)
        name, _, language = token.partition("/")
        if not name.startswith("resident-") or name in self.ended:
            return None
        number = int(name.removeprefix("resident-"))
        return SignedIn("resident", number, language=language or "zh-Hans", session=name)

    async def still_good(self, sessions: Collection[str]) -> set[str]:
        self.checks += 1
        return set(sessions) - self.ended


@dataclass
class Door:
    """One process's live door on a real port."""

    feed: LiveFeed
    notebook: Notebook
    people: People
    url: str
    app: web.Application

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, redis_url: str, notebook: Notebook, *, heartbeat: float = 0.3, grace: float = 5.0, pulse: float = 12.5
    ) -> AsyncIterator[Self]:
        async with open_redis(redis_url) as redis:
            feed = LiveFeed(redis, heartbeat=heartbeat)
            feed.grace = grace
            feed.pulse = pulse
            ground = ground_of(redis_url, redis, feed)
            people = People()
            app = create_app(ground, [Part(name="toy", routes=live_door.routes)])
            app[AUTHENTICATE_TOKEN] = people.whose
            app[CHECK_SESSIONS] = people.still_good
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
            await site.start()
            running = spawn(feed.run(ground, notebook.topics()), name="live")
            try:
                await eventually(lambda: feed.figures.subscriptions)
                port = runner.addresses[0][1]
                yield cls(feed, notebook, people, f"http://127.0.0.1:{port}/api/v1/live", app)
            finally:
                await feed.hang_up()
                await runner.cleanup()
                await feed.close()
                await stop(running)


def ground_of(redis_url: str, redis: Redis, feed: LiveFeed) -> Ground:
    """Make as much ground as the live door stands on."""
    settings = Settings(environment="test", redis_url=redis_url)
    nothing = cast("Any", None)
    return Ground(
        settings=settings, clock=FrozenClock(NOW), redis=redis, live=feed, media=nothing, vault=nothing, http=nothing
    )


@asynccontextmanager
async def worker_feed(redis_url: str) -> AsyncIterator[LiveFeed]:
    """Open the feed of a process that only publishes, as a worker does."""
    async with open_redis(redis_url) as redis:
        yield LiveFeed(redis)


class Screen:
    """An open screen: a client that keeps every number it heard, and comes back from where it was."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str = "resident-1") -> None:  # noqa: S107
        self._session = session
        self._url = url
        self.token = token
        self._reading: asyncio.Task[None] | None = None
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.numbers: dict[str, list[int]] = defaultdict(list)
        self.events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.caught_up: dict[str, int] = {}
        self.others: list[dict[str, Any]] = []
        self.closed_with: int | None = None
        self.came_in = 0

    def position(self, topic: str) -> int:
        return self.numbers[topic][-1] if self.numbers[topic] else 0

    async def come(self, *topics: str, **options: Any) -> Self:
        """Connect, say hello, and watch from where it was, all at once."""
        self.caught_up.clear()
        self.closed_with = None
        self.socket = await self._session.ws_connect(self._url, **options)
        self._reading = spawn(self._read(self.socket), name="screen")
        await self.say(type="hello", token=self.token)
        for topic in topics:
            await self.watch(topic)
        return self

    async def watch(self, topic: str, after: int | None = None) -> None:
        await self.say(type="watch", topic=topic, after=self.position(topic) if after is None else after)

    async def say(self, **frame: Any) -> None:
        assert self.socket is not None
        await self.socket.send_json(frame)

    def cut(self) -> None:
        """Lose the connection, as in a tunnel."""
        assert self.socket is not None
        transport = self.socket.get_extra_info("socket")
        assert transport is not None
        response = self.socket._response  # noqa: SLF001 - no goodbye is the point
        assert response.connection is not None
        assert response.connection.transport is not None
        response.connection.transport.abort()

    async def leave(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def gone(self) -> int | None:
        """Wait for the end of the connection; give the code it ended with."""
        assert self._reading is not None
        await asyncio.wait_for(asyncio.shield(self._reading), DEADLINE)
        return self.closed_with

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(json.loads(message.data))
            else:
                self.closed_with = message.data if message.type is aiohttp.WSMsgType.CLOSE else 1006
                return

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "event":
            self.numbers[frame["topic"]].append(frame["seq"])
            self.events[frame["topic"]].append(frame["event"])
        elif frame["type"] == "caught_up":
            self.caught_up[frame["topic"]] = frame["last_seq"]
        else:
            self.others.append(frame)


@asynccontextmanager
async def screens(url: str, count: int) -> AsyncIterator[list[Screen]]:
    """Make so many screens of so many people; none is connected yet."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        made = [Screen(session, url, f"resident-{n}") for n in range(1, count + 1)]
        try:
            yield made
        finally:
            await asyncio.gather(*(screen.leave() for screen in made))


def flaws(numbers: list[int], last: int) -> str:
    """Describe what is wrong with a list that should be 1, 2, … last; empty if nothing."""
    lost = set(range(1, last + 1)) - set(numbers)
    doubled = [seq for seq, times in Counter(numbers).items() if times > 1]
    disordered = numbers != sorted(numbers)
    return f"lost {sorted(lost)} doubled {doubled} disordered {disordered}" if lost or doubled or disordered else ""
