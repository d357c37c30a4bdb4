"""A small WeChat for tests of signing in: the two calls we make of it, in its own shapes, over real HTTP.

Codes say what they stand for: `login-<name>` is the openid `openid-<name>`, `phone-<number>` a number. Each
is good once, as with the real one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer

INVALID_CODE, USED_CODE, BUSY, RISKY = 40029, 40163, -1, 40226


@dataclass
class SmallWechat:
    """What it knows, and what it was told to answer next."""

    base_url: str = ""
    app_id: str = ""
    used: set[str] = field(default_factory=set)
    next_error: int | None = None

    @staticmethod
    def login_code(name: str) -> str:
        """Make a fresh code of a person."""
        return f"login-{name}-{uuid4().hex}"

    @staticmethod
    def phone_code(number: str) -> str:
        """Make a fresh code of a phone number."""
        return f"phone-{number}-{uuid4().hex}"

    def refusal(self, code: str, kind: str) -> int | None:
        """Tell why a code is refused, and use it up."""
        if self.next_error is not None:
            error, self.next_error = self.next_error, None
            return error
        if not code.startswith(f"{kind}-"):
            return INVALID_CODE
        if code in self.used:
            return USED_CODE if kind == "login" else INVALID_CODE
        self.used.add(code)
        return None

    async def session(self, request: web.Request) -> web.Response:
        """Answer `GET /sns/jscode2session`."""
        code = request.query["js_code"]
        if error := self.refusal(code, "login"):
            return web.json_response({"errcode": error, "errmsg": "refused, rid: 00000000-00000000-00000000"})
        return web.json_response({"openid": f"openid-{code.split('-')[1]}", "session_key": "c2Vzc2lvbmtleQ=="})

    async def phone(self, request: web.Request) -> web.Response:
        """Answer `POST /wxa/business/getuserphonenumber`."""
        code = (await request.json())["code"]
        if error := self.refusal(code, "phone"):
            return web.json_response({"errcode": error, "errmsg": "refused, rid: 00000000-00000000-00000000"})
        number = code.split("-")[1]
        found = {
            "phoneNumber": number,
            "purePhoneNumber": number,
            "countryCode": 86,
            "watermark": {"timestamp": 1, "appid": self.app_id},
        }
        return web.json_response({"errcode": 0, "errmsg": "ok", "phone_info": found})

    async def token(self, _request: web.Request) -> web.Response:
        """Answer either way of asking for an access token."""
        return web.json_response({"access_token": "token-of-small-wechat", "expires_in": 7200})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["SmallWechat"]:
        """Serve while the block lasts."""
        app = web.Application()
        app.router.add_get("/sns/jscode2session", self.session)
        app.router.add_post("/wxa/business/getuserphonenumber", self.phone)
        app.router.add_get("/cgi-bin/token", self.token)
        app.router.add_post("/cgi-bin/stable_token", self.token)
        async with TestServer(app) as server:
            self.base_url = str(server.make_url("")).rstrip("/")
            yield self
