"""The mini-program as a test object: it signs in, files, watches, rates."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp.test_utils import TestClient

API = "/api/v1"


@dataclass
class Answer:
    """A status and the JSON that came with it."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Phone:
    """One resident's phone, signed in."""

    api: TestClient[Any, Any]
    token: str
    resident_id: int

    async def call(self, method: str, path: str, *, key: str | None = None, **options: Any) -> Answer:
        """Call a door with this phone's token."""
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        if key:
            headers["Idempotency-Key"] = key
        async with self.api.request(method, API + path, headers=headers, **options) as response:
            body = await response.json(content_type=None) if await response.read() else None
            return Answer(response.status, body, dict(response.headers))

    async def get(self, path: str, **options: Any) -> Answer:
        """Read."""
        return await self.call("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        """Send."""
        return (
            await self.call("POST", path, json=body, **options)
            if body is not None
            else await self.call("POST", path, **options)
        )

    async def file(self, text: str = "三号楼二单元的楼道灯坏了，晚上看不见路", **fields: Any) -> dict[str, Any]:
        """File a complaint that must be taken."""
        answer = await self.post("/complaints", {"text": text, **fields}, key=uuid4().hex)
        assert answer.status == 201, answer.body
        filed: dict[str, Any] = answer.body
        return filed

    async def show(self, complaint: dict[str, Any]) -> dict[str, Any]:
        """Read a complaint again."""
        shown: dict[str, Any] = (await self.get(f"/complaints/{complaint['id']}")).body
        return shown

    async def timeline(self, complaint: dict[str, Any]) -> list[dict[str, Any]]:
        """Read all its events."""
        listed = (await self.get(f"/complaints/{complaint['id']}/events")).body
        events: list[dict[str, Any]] = listed["items"]
        assert [event["seq"] for event in events] == list(range(1, listed["last_seq"] + 1))
        return events
