"""Open screens that collect what they are told, as it comes, with every double. Start at `Screen`."""

import asyncio
from contextlib import suppress
from typing import Any, Literal

import aiohttp

from tests.phone import Phone

BROKEN_LINE = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
POLL_SECONDS = 5


class Screen:
    """A screen with one complaint open, over a socket or by long polls; it comes back from where it was."""

    def __init__(self, url: str, phone: Phone, complaint: str, how: Literal["socket", "poll"]) -> None:
        self.phone = phone
        self.name = f"{how} on {complaint}"
        self.complaint = complaint
        self.collected: list[dict[str, Any]] = []
        self._url, self._token = url, phone.token
        self._read = self._listen if how == "socket" else self._poll
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        """The number of the last event it was told."""
        return int(self.collected[-1]["seq"]) if self.collected else 0

    def open(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._stay())

    async def close(self) -> None:
        """Go."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _stay(self) -> None:
        connector = aiohttp.TCPConnector(force_close=True)
        headers = {"Authorization": f"Bearer {self._token}"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            while True:
                with suppress(*BROKEN_LINE):
                    await self._read(session)
                await asyncio.sleep(0.1)

    async def _listen(self, session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(f"{self._url}/api/v1/live") as socket:
            await socket.send_json({"type": "hello", "token": self._token})
            await socket.send_json({"type": "watch", "topic": f"complaint:{self.complaint}", "after": self.position})
            async for message in socket:
                frame = message.json()
                if frame["type"] == "event":
                    self.collected.append(frame["event"])
                elif frame["type"] == "error":
                    return  # not now: it comes back

    async def _poll(self, session: aiohttp.ClientSession) -> None:
        path = f"{self._url}/api/v1/complaints/{self.complaint}/events"
        query = {"after": str(self.position), "wait": str(POLL_SECONDS)}
        async with session.get(path, params=query, timeout=aiohttp.ClientTimeout(total=POLL_SECONDS + 20)) as answer:
            if answer.status == 200:
                self.collected += (await answer.json())["items"]
