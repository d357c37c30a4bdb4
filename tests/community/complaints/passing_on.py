"""What tests of the line to the core share: letting messages go out, and looking at what the core holds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from community.complaints.dispatch_models import DispatchMessage, MessageState
from tests.core import DispatchCore
from tests.jobs import Worker

REQUESTS = "/open311/v2/requests.json"
UPDATES = "/open311/v2/servicerequestupdates.json"


async def pass_on_everything(worker: Worker) -> None:
    """Let retries come due and messages go out, until none waits."""

    async def nothing_waits() -> bool:
        await worker.run_until_idle()
        return not await DispatchMessage.filter(state=MessageState.WAITING).exists()

    await until(nothing_waits)


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    """Ask again and again until it holds."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def fault(core: DispatchCore, do: str, value: Any = None, *, path: str = REQUESTS, times: int | None = 1) -> None:
    """Let something go wrong at the core's doors."""
    rule = {"match": {"path": path, "method": "POST"}, "do": do, "value": value, "times": times}
    await core.control("/faults", [rule], method="PUT")


async def held_by(core: DispatchCore, complaint: dict[str, Any]) -> dict[str, Any]:
    """Give everything the core holds of a complaint: one request."""
    held = (await core.control(f"/requests?external_id={complaint['id']}", method="GET"))["items"]
    assert len(held) == 1, held
    found: dict[str, Any] = held[0]
    return found


async def heard_of(core: DispatchCore, complaint: dict[str, Any]) -> list[dict[str, Any]]:
    """Give what the core heard from us after the request, in its order."""
    return [each for each in (await held_by(core, complaint))["updates"] if each["origin"] == "linli"]


async def posted(core: DispatchCore, path: str = "") -> int:
    """Count the calls the core got from us at a door."""
    journal = (await core.control("/journal?after=0&limit=5000", method="GET"))["items"]
    return sum(each["direction"] == "in" and path in each["path"] for each in journal)
