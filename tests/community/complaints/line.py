"""The core's end of the line: it signs callbacks and sends them, also wrong ones."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from community.complaints.dispatch.signature import sign
from foundation.clock import FrozenClock, real_now
from tests.conftest import Client
from tests.jobs import Worker
from tests.phone import API, Answer

PATH = f"{API}/callbacks/dispatch"
KEY, SECRET = "sandbox-1", "sandbox-callback-secret"


@dataclass
class Line:
    """Calls our callback door as the core does."""

    api: Client

    async def tell(
        self,
        told: Any,
        *,
        key: str = KEY,
        secret: str = SECRET,
        age: int = 0,
        signed_path: str = PATH,
        headers: dict[str, str] | None = None,
        sent: bytes | None = None,
    ) -> Answer:
        """Sign and send an update; `sent` is what arrives in its place."""
        body = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
        timestamp, nonce = str(int(real_now().timestamp()) - age), uuid4().hex
        signature = sign(secret, timestamp=timestamp, nonce=nonce, method="POST", path=signed_path, body=body)
        signed = {
            "X-Linli-Key-Id": key,
            "X-Linli-Timestamp": timestamp,
            "X-Linli-Nonce": nonce,
            "X-Linli-Signature": signature,
            "Content-Type": "application/json; charset=utf-8",
        }
        async with self.api.post(
            PATH, data=body if sent is None else sent, headers=signed | (headers or {})
        ) as response:
            return Answer(response.status, await response.json(content_type=None), dict(response.headers))


@dataclass
class Unit:
    """A unit as seen from our side: what it does is told by callback and applied at once."""

    line: Line
    worker: Worker
    clock: FrozenClock

    async def does(self, complaint: dict[str, Any], *events: str, **fields: Any) -> None:
        """Do these things now, one after another."""
        for event in events:
            told = update(complaint, event, self.clock.now(), **{"agency_responsible": "环卫所", **fields})
            answer = await self.line.tell(told)
            assert answer.status == 200, answer.body
        await self.worker.clear_desks()

    async def brings(self, complaint: dict[str, Any], status: str) -> None:
        """Bring a fresh complaint to a status only the core can give."""
        way = {"answered": ("assigned", "accepted", "answered"), "in_progress": ("assigned", "in_progress")}
        await self.does(complaint, *way.get(status, ("assigned", status)))


def update(complaint: dict[str, Any], event: str, at: datetime | str, **fields: Any) -> dict[str, Any]:
    """Write an update of a complaint as the core would."""
    when = at if isinstance(at, str) else at.isoformat()
    return {
        "update_id": f"U-{uuid4().hex}",
        "external_id": complaint["id"],
        "updated_datetime": when,
        "event": event,
        "status": "OPEN",
        **fields,
    }
