"""A district whose programs are real processes on servers of their own. Start at `District`.

The dispatch core and WeChat are the stand-ins, in the test's own process but over real HTTP, so that a test can
make them slow, and look at what reached them.
"""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import aiohttp
import psycopg
from aiohttp.test_utils import TestServer
from psycopg.rows import dict_row

from foundation.embedded import EmbeddedServers
from foundation.leader import LOCK
from sandbox.dispatch_core.app import Plan
from sandbox.dispatch_core.app import build as build_core
from sandbox.dispatch_core.core import Rules, Target
from sandbox.wechat import app as wechat_app
from tests.core import DispatchCore
from tests.phone import Answer, Phone
from tests.processes.programs import Copy, Program, Secrets, until
from tests.sandbox.line import Line

CALLBACKS = "/api/v1/callbacks/dispatch"
HERE = {"lng": 114.03, "lat": 22.65, "datum": "wgs84"}
DRAIN_SECONDS = 3.0
DEAD_AFTER_SECONDS = 6.0
PACE = {
    "LINLI_LOG_LEVEL": "debug",
    "LINLI_WEB__DRAIN_SECONDS": str(DRAIN_SECONDS),
    "LINLI_JOBS__FIRST_RETRY_SECONDS": "0.1",
    "LINLI_JOBS__LONGEST_RETRY_SECONDS": "1",
    "LINLI_JOBS__DEAD_AFTER_SECONDS": str(DEAD_AFTER_SECONDS),
    "LINLI_DISPATCH__BREAKER_SECONDS": "0.2",
}
"""So that what takes minutes in a district takes seconds here."""
TO_THE_CORE = {"path": "/open311/v2/requests.json", "method": "POST", "direction": "in"}


@dataclass
class StandIns:
    """The outside systems of this test run."""

    core: DispatchCore
    wechat: Line
    secrets: Secrets

    def settings(self) -> dict[str, str]:
        """Where they are, and with which keys."""
        return self.secrets.settings() | {
            "LINLI_DISPATCH__BASE_URL": f"{self.core.url}/open311/v2",
            "LINLI_MINIPROGRAM__API_BASE": self.wechat.url,
        }

    async def be_slow(self, seconds: float) -> None:
        """Let the core keep the next new complaint so long before it answers."""
        await self.core.control(
            "/faults", [{"match": TO_THE_CORE, "do": "delay", "value": seconds, "times": 1}], method="PUT"
        )

    async def has_been_slow(self) -> None:
        """Wait until a call hangs in the fault laid out last."""
        await until(lambda: struck(self.core.session, self.core.url), what="the stand-in got the call")


async def struck(session: aiohttp.ClientSession, url: str) -> bool:
    """Tell whether every fault of a stand-in has hit."""
    async with session.get(f"{url}/control/faults") as answer:
        return all(rule["times"] == 0 for rule in (await answer.json())["items"])


@asynccontextmanager
async def stand_ins(folder: Path) -> AsyncIterator[StandIns]:
    """Run both."""
    held = Secrets()
    core = build_core(
        Plan(
            folder / "core.db", Rules(held.api_key, retry_base_seconds=0.1), Target("", "core-1", held.callback_secret)
        )
    )
    wechat = wechat_app.build(wechat_app.Plan("wx-processes", held.app_secret))
    async with aiohttp.ClientSession() as session, TestServer(core) as one, TestServer(wechat) as other:
        yield StandIns(
            DispatchCore(session, str(one.make_url("")).rstrip("/")),
            Line(session, str(other.make_url("")).rstrip("/")),
            held,
        )


class Handset:
    """A phone's connection: a new one for each call, as the doors may have been restarted in between."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Call a door."""
        return self._session.request(method, self._url + path, **options)


@dataclass
class District:
    """One copy of Linli on its own servers, with the stand-ins."""

    copy: Copy
    outside: StandIns
    servers: EmbeddedServers
    session: aiohttp.ClientSession

    @property
    def core(self) -> DispatchCore:
        """The dispatch core."""
        return self.outside.core

    async def up(self, *, workers: int = 1) -> tuple[Program, list[Program]]:
        """Give the doors and so many workers, running, and nothing wrong on any line."""
        await self.core.control("/faults", [], method="PUT")
        await self.outside.wechat.steer("/faults", [], "PUT")
        target = {"url": self.copy.url + CALLBACKS, "key_id": "core-1", "secret": self.outside.secrets.callback_secret}
        await self.core.control("/configure", {"callback": target})
        for command, count in (("serve", 1), ("work", workers)):
            for _ in range(count - sum(p.alive for p in self.copy.programs if p.command == command)):
                self.copy.start(command)  # all at once: each needs some seconds
        return (await self.copy.running("serve"))[0], await self.copy.running("work", workers)

    async def sign_in(self) -> Phone:
        """Let a new resident sign in."""
        opened = await self.outside.wechat.steer("/actors/resident/open")
        async with self.session.post(f"{self.copy.url}/api/v1/sessions", json={"code": opened["code"]}) as answer:
            assert answer.status == 201, await answer.text()
            told = await answer.json()
        return Phone(cast("Any", Handset(self.session, self.copy.url)), told["token"], told["resident"]["id"])

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Look into the database, beside the programs."""
        with psycopg.connect(self.servers.addresses.database_url, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def leaders(self) -> int:
        """Count who holds the leader's lock."""
        return int(
            self.rows("SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = %s", LOCK)[0][
                "n"
            ]
        )

    def state_of_push(self, complaint: dict[str, Any]) -> str:
        """Tell how far the message about a new complaint has come."""
        return str(
            self.rows("SELECT state FROM dispatch_message WHERE complaint_id = %s AND seq = 1", complaint["id"])[0][
                "state"
            ]
        )

    async def until_pushed(self, complaint: dict[str, Any], *, seconds: float = 30.0) -> None:
        """Wait until a complaint has been passed on, and see that the core has it exactly once."""

        async def sent() -> bool:
            return self.state_of_push(complaint) == "sent"

        await until(sent, seconds=seconds, what="the complaint is passed on")
        await self.core.request_id(complaint)

    def server(self, name: str) -> subprocess.Popen[bytes]:
        """Give the process of one of the servers that were started for this district."""
        (kept,) = [kept for kept in self.servers._kept if kept.server.name == name]  # noqa: SLF001 - to end it
        assert kept._child is not None  # noqa: SLF001
        return kept._child.process  # noqa: SLF001

    async def bring_back(self, name: str) -> None:
        """Start a dead server again."""

        async def restarted() -> bool:
            return name in self.servers.restart_dead()

        await until(restarted, what=f"{name} is started again")


async def file(phone: Phone, text: str = "三号楼二单元的楼道灯坏了，晚上看不见路", *, key: str = "") -> Answer:
    """File a complaint at a point of the map."""
    return await phone.post("/complaints", {"text": text, "location": HERE}, key=key or uuid4().hex)


async def filed(phone: Phone, text: str = "三号楼二单元的楼道灯坏了，晚上看不见路") -> dict[str, Any]:
    """File a complaint that must be taken."""
    answer = await file(phone, text)
    assert answer.status == 201, answer.body
    complaint: dict[str, Any] = answer.body
    return complaint
