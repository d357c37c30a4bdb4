"""The dispatch core's stand-in as a test object: the test plays the unit."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import ClientSession

API_KEY = "sandbox-open311-key"


@dataclass
class DispatchCore:
    """A real stand-in on a real port; nobody in it acts by himself."""

    session: ClientSession
    url: str

    async def control(self, path: str, body: Any = None, *, method: str = "POST") -> Any:
        """Turn one of its knobs."""
        async with self.session.request(
            method, f"{self.url}/control{path}", json={} if body is None else body
        ) as response:
            assert response.status < 300, await response.text()
            return await response.json(content_type=None) if await response.read() else None

    async def reset(self) -> None:
        """Forget everything, and let nobody act."""
        await self.control("/reset")
        await self.control("/faults", [], method="PUT")
        await self.control("/units", {"speed": 0}, method="PUT")

    async def call_back_to(self, url: str) -> None:
        """Send signed callbacks there."""
        target = {"url": url, "key_id": "sandbox-1", "secret": "sandbox-callback-secret"}
        await self.control("/configure", {"callback": target})

    async def requests(self, complaint: dict[str, Any]) -> list[dict[str, Any]]:
        """Give the core's requests for a complaint: one, if all is well."""
        path = f"{self.url}/open311/v2/requests.json"
        query = {"external_id": complaint["id"], "extensions": "true"}
        async with self.session.get(path, params=query) as response:
            found: list[dict[str, Any]] = await response.json(content_type=None)
            return found

    async def request_id(self, complaint: dict[str, Any]) -> str:
        """Give the core's id of a complaint."""
        found = await self.requests(complaint)
        assert len(found) == 1, found
        return str(found[0]["service_request_id"])

    async def play(
        self, complaint: dict[str, Any], event: str, *, at: datetime | None = None, deliver: bool = True, **fields: Any
    ) -> str:
        """Let one thing happen; give the update's id."""
        body = {"event": event, **fields} | ({} if deliver else {"deliver": False})
        if at:
            body["updated_datetime"] = at.isoformat()
        number = await self.request_id(complaint)
        answer = await self.control(f"/requests/{number}/updates", body)
        return str(answer["update_id"])

    async def deliver(self, update_ids: list[str]) -> Any:
        """Deliver updates in exactly this order, repeats and all."""
        return await self.control("/callbacks", {"update_ids": update_ids})

    async def until_heard(self, complaint: dict[str, Any], event: str) -> None:
        """Wait until the core has heard of something from us."""
        async with asyncio.timeout(30):
            while event not in await self._heard(complaint):
                await asyncio.sleep(0.02)

    async def _heard(self, complaint: dict[str, Any]) -> str:
        async with self.session.get(f"{self.url}/control/requests", params={"external_id": complaint["id"]}) as answer:
            return await answer.text()
