"""A core that only writes down what reaches it, byte for byte, and answers as little as the contract allows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class Call:
    """One call as it came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The form's fields in their order, read strictly."""
        return parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")


@dataclass
class Recorder:
    """What came so far."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Answer with an id, whatever is asked."""
        query = [(name, value) for name, value in request.query.items()]
        self.calls.append(Call(request.method, request.path, query, dict(request.headers), await request.read()))
        rows = {
            "/v2/requests.json": [{"service_request_id": f"R-{len(self.calls)}"}] if request.method == "POST" else [],
            "/v2/servicerequestupdates.json": [{"update_id": "1"}] if request.method == "POST" else [],
            "/v2/tokens/T-1.json": [{"service_request_id": "R-1", "token": "T-1"}],
        }
        return web.json_response(rows.get(request.path, []))

    def posted(self, name: str) -> list[Call]:
        """Give the calls that handed something in at a door."""
        return [call for call in self.calls if call.method == "POST" and call.path == f"/v2/{name}.json"]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Recorder"]:
        """Listen while the block lasts."""
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", self.take)
        async with TestServer(app) as server:
            self.url = str(server.make_url("/v2"))
            yield self
