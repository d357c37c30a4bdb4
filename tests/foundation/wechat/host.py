"""WeChat's host as these tests need it: the wire format to the letter, and faults on demand."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

APP_ID, APP_SECRET = "wx0123456789abcdef", "fedcba9876543210fedcba9876543210"
RID = "5f8a9b0c-1d2e3f40-51627384"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def said(fields: object, *, status: int = 200) -> web.Response:
    """Answer as WeChat does: JSON that calls itself plain text."""
    body = json.dumps(fields, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, headers={"Content-Type": "text/plain"})


def refused(errcode: int, errmsg: str = "no") -> web.Response:
    """Refuse: HTTP 200, with the decoration."""
    return said({"errcode": errcode, "errmsg": f"{errmsg} rid: {RID}"})


@dataclass
class Seen:
    """One request that came in."""

    method: str
    path: str
    query: dict[str, str]
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Host:
    """Keeps one stable token, and answers what the test says."""

    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, list[web.Response | Answer]] = field(default_factory=dict)
    """By path; the last one stays."""
    token: str = "token-1"  # noqa: S105
    expires_in: int = 7200
    token_delay: float = 0
    rolls_by_itself: bool = False
    """Whether the next ordinary call for a token gives a new one."""
    base: str = ""
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(2))

    def answer(self, path: str, *answers: web.Response | Answer) -> None:
        """Say what the path answers, one after another."""
        self.answers[path] = list(answers)

    def calls(self, path: str) -> list[Seen]:
        """Give what came in at a path."""
        return [call for call in self.seen if call.path == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(
            Seen(request.method, request.path, dict(request.query), request.content_type, await request.read())
        )
        if answers := self.answers.get(request.path):
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            return _copy(answer) if isinstance(answer, web.Response) else await answer(request)
        if request.path == "/cgi-bin/stable_token":
            return await self.stable_token(self.seen[-1].json)
        if request.query.get("access_token") != self.token:
            return refused(42001, "access_token expired")
        return said({"errcode": 0, "errmsg": "ok"})

    async def stable_token(self, given: dict[str, Any]) -> web.Response:
        await asyncio.sleep(self.token_delay)
        if given.get("appid") != APP_ID:
            return refused(40013, "invalid appid")
        if given.get("secret") != APP_SECRET:
            return refused(40125, "invalid appsecret")
        if given.get("force_refresh") or self.rolls_by_itself:
            self.token, self.rolls_by_itself = f"token-{next(self.numbers)}", False
        return said({"access_token": self.token, "expires_in": self.expires_in})


def _copy(answer: web.Response) -> web.Response:
    """A response can be sent once."""
    return web.Response(
        body=answer.body, status=answer.status, headers={"Content-Type": answer.headers["Content-Type"]}
    )


@asynccontextmanager
async def listening() -> AsyncIterator[Host]:
    """Open a host on a free port."""
    host = Host()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", host.handle)
    async with TestServer(app) as server:
        host.base = str(server.make_url("")).rstrip("/")
        yield host
