"""Talking to the product and the stand-ins. Start at `Product`, `DispatchCore` and `WeChat`; all speak over a `Line`."""

import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

PATIENCE = aiohttp.ClientTimeout(total=30, connect=5)
PAGE = 1000


@dataclass(frozen=True)
class Spoken:
    """One call that was made and answered."""

    began: float
    """Real unix seconds."""
    method: str
    path: str
    status: int
    asked: Any
    told: Any


class RefusedError(Exception):
    """A door answered with something else than success."""

    def __init__(self, spoken: Spoken) -> None:
        """Keep what was said."""
        told = json.dumps(spoken.told, ensure_ascii=False)[:300] if spoken.told is not None else ""
        super().__init__(f"{spoken.method} {spoken.path} → {spoken.status} {told}")
        self.status = spoken.status
        self.told = spoken.told


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open connections that ignore proxies of the environment: everything is on this machine."""
    async with aiohttp.ClientSession(
        timeout=PATIENCE, trust_env=False, connector=aiohttp.TCPConnector(limit=60)
    ) as session:
        yield session


@dataclass
class Line:
    """One base address."""

    session: aiohttp.ClientSession
    base: str
    heard: Callable[[Spoken], None] | None = None

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Make one call and give its JSON."""
        began = time.time()
        async with self.session.request(method, self.base + path, json=body, headers=headers, params=query) as response:
            raw = await response.read()
            told = _read(raw)
            spoken = Spoken(began, method, path, response.status, body, told)
        if self.heard:
            self.heard(spoken)
        if spoken.status >= 300:  # noqa: PLR2004
            raise RefusedError(spoken)
        return told


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


class Product:
    """The product's doors: several web processes, asked in turn, as behind a load balancer."""

    def __init__(self, session: aiohttp.ClientSession, webs: list[str]) -> None:
        """Know the web processes; a browser uses the first."""
        self.session = session
        self.webs = webs
        self.lines = [Line(session, f"{web}/api/v1") for web in webs]
        self._turn: Iterator[Line] = itertools.cycle(self.lines)

    @property
    def api(self) -> str:
        """The first process's API."""
        return self.lines[0].base

    def live(self, which: int = 0) -> str:
        """Give the address of a process's live socket."""
        return self.lines[which].base.replace("http://", "ws://", 1) + "/live"

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
        through: Line | None = None,
    ) -> Any:
        """Call a door, of the next process or of the one given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        return await (through or next(self._turn)).call(method, path, body, headers=headers, query=query)

    async def listed(self, path: str, *, token: str, **query: str) -> list[dict[str, Any]]:
        """Read a list to its end."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await self.call("GET", path, token=token, query={"limit": "100", **query, **more})
            rows += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return rows


@dataclass
class StandIn:
    """What every stand-in can be asked."""

    session: aiohttp.ClientSession
    url: str
    read_up_to: int = field(default=0, init=False)

    async def control(self, path: str, body: Any = None, *, method: str = "POST", **query: str) -> Any:
        """Turn one of its knobs."""
        sent = None if method == "GET" else ({} if body is None else body)
        return await Line(self.session, self.url).call(method, f"/control{path}", sent, query=query or None)

    async def journal(self) -> list[dict[str, Any]]:
        """Give what was said since this was last asked."""
        entries: list[dict[str, Any]] = []
        while True:
            page = await self.control("/journal", method="GET", after=str(self.read_up_to), limit=str(PAGE))
            self.read_up_to = page["last"]
            entries += page["items"]
            if len(page["items"]) < PAGE:
                return entries


class DispatchCore(StandIn):
    """The dispatch core, as its operators and units see it."""

    async def work_at(self, speed: float) -> None:
        """Let the units work so many times as fast as people."""
        await self.control("/units", {"speed": speed}, method="PUT")

    async def waiting(self) -> int:
        """How many updates it has not delivered yet."""
        return len((await self.control("/callbacks", method="GET", state="waiting"))["items"])

    async def delivered(self) -> Counter[str]:
        """How many updates of each request were delivered."""
        items = (await self.control("/callbacks", method="GET", state="done"))["items"]
        return Counter(item["service_request_id"] for item in items)

    async def cases(self, complaint_id: str) -> list[dict[str, Any]]:
        """Give the requests it has under our id, with their updates: one, if all is well."""
        found = await self.control("/requests", method="GET", external_id=complaint_id)
        items: list[dict[str, Any]] = found["items"]
        return items

    async def play(self, request_id: str, event: str, **fields: str) -> None:
        """Do by hand what the core or a unit does."""
        await self.control(f"/requests/{request_id}/updates", {"event": event, **fields})


class WeChat(StandIn):
    """The mini-program platform, as its users see it."""

    async def login_code(self, *, openid: str | None = None, nickname: str | None = None, expires: bool = True) -> Any:
        """Open the mini-program on a phone: `wx.login` gives a code."""
        given = {"openid": openid, "nickname": nickname, "expires": expires}
        body = {name: value for name, value in given.items() if value is not None}
        return await self.control("/actors/resident/open", body)

    async def phone_code(self, openid: str, phone: str) -> str:
        """Press the button that shares the phone's number."""
        answer = await self.control("/actors/resident/share_phone", {"openid": openid, "phone": phone})
        return str(answer["code"])
