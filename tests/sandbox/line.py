"""Both ends of the line for these tests. Start at `Line` (calls a stand-in) and `Inbox` (stands where Linli would)."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from aiohttp import ClientResponse, ClientSession, web

from sandbox.signing import signature

API_KEY, KEY_ID, SECRET = "key-for-tests", "k1", "secret-for-tests"
BASE = "/open311/v2"
CALLBACKS = "/api/v1/callbacks/dispatch"


@dataclass
class Received:
    """One callback as it arrived."""

    body: dict[str, Any]
    raw: bytes
    headers: dict[str, str]
    genuine: bool


@dataclass
class Inbox:
    """Receives callbacks; answers with the statuses laid out, then 200."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """The door."""
        raw, headers = await request.read(), {name.lower(): value for name, value in request.headers.items()}
        expected = signature(
            SECRET,
            timestamp=headers["x-linli-timestamp"],
            nonce=headers["x-linli-nonce"],
            method=request.method,
            path=request.path,
            body=raw,
        )
        genuine = headers["x-linli-signature"] == expected and headers["x-linli-key-id"] == KEY_ID
        self.received.append(Received(json.loads(raw), raw, headers, genuine))
        self.arrived.set()
        status = self.statuses.pop(0) if self.statuses else 200 if genuine else 401
        return web.json_response({}, status=status)

    @property
    def events(self) -> list[str]:
        """What arrived, in order."""
        return [one.body["event"] for one in self.received]

    async def until(self, count: int) -> list[Received]:
        """Wait for so many callbacks."""
        async with asyncio.timeout(30):
            while len(self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.received


@dataclass
class Line:
    """A line to a stand-in."""

    session: ClientSession
    url: str

    async def get(self, path: str, **params: str) -> Any:
        """A GET whose JSON is read whatever the status."""
        async with self.session.get(self.url + path, params=params) as response:
            return await response.json(content_type=None)

    async def raw(self, method: str, path: str, **more: Any) -> tuple[ClientResponse, str]:
        """The answer itself and its text."""
        async with self.session.request(method, self.url + path, **more) as response:
            return response, await response.text()

    async def xml(self, path: str, **params: str) -> ET.Element:
        """A GET of XML."""
        _, text = await self.raw("GET", path, params=params)
        return parsed(text)

    async def steer(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """A control call that must succeed."""
        async with self.session.request(method, f"{self.url}/control{path}", json=body) as response:
            answer = await response.json()
            assert response.status == 200, answer
            return answer

    async def file(self, external_id: str = "", fmt: str = "json", **fields: str) -> Any:
        """File a request; the answer's JSON, or its text for XML."""
        form = {"api_key": API_KEY, "service_code": "general", "address_string": "民治街道某花园3栋", **fields}
        if external_id:
            form["attribute[external_id]"] = external_id
        _, text = await self.raw("POST", f"{BASE}/requests.{fmt}", data=form)
        return json.loads(text) if fmt == "json" else text

    async def filed(self, external_id: str, **fields: str) -> str:
        """File a request and give its id."""
        return str((await self.file(external_id, **fields))[0]["service_request_id"])

    async def play(self, case: str, event: str, **more: Any) -> str:
        """Play the unit; the update's id."""
        return str((await self.steer(f"/requests/{case}/updates", {"event": event, **more}))["update_id"])

    async def say(self, case: str, update_id: str, event: str, **more: str) -> tuple[int, Any]:
        """Hand in an update as Linli does."""
        form = {
            "api_key": API_KEY,
            "service_request_id": case,
            "update_id": update_id,
            "updated_datetime": (await self.get("/control/clock"))["now"],
            "status": "UNCHANGED",
            "event": event,
            **more,
        }
        response, text = await self.raw("POST", f"{BASE}/servicerequestupdates.json", data=form)
        return response.status, json.loads(text)


def parsed(text: str) -> ET.Element:
    """An XML document that begins with its declaration."""
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    return ET.fromstring(text.encode())  # noqa: S314 - our own stand-in wrote it


async def eventually(true: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < end, "did not become true in time"
        await asyncio.sleep(0.02)
