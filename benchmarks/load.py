"""A load that costs little: keep-alive connections that send prepared requests and read answers with a length.

The core of the load is also PostgreSQL's, so a client library would measure itself. `closed` keeps so many
requests under way; `open_loop` sends at fixed instants, and counts the wait from the instant that was planned.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import cast
from urllib.parse import urlsplit

from benchmarks.harness import quantile
from foundation.tasks import spawn

HEAD_ENDS = b"\r\n\r\n"
LENGTH = b"content-length:"


class Line(asyncio.Protocol):
    """One connection, with one request under way at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._read = b""

    @classmethod
    async def to(cls, url: str) -> "Line":
        """Connect."""
        address = urlsplit(url)
        _, line = await asyncio.get_running_loop().create_connection(cls, address.hostname or "", address.port or 80)
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Collect until the answer is whole."""
        self._read += data
        head_ends = self._read.find(HEAD_ENDS)
        if head_ends < 0:
            return
        head = self._read[:head_ends].lower()
        found = head.find(LENGTH)
        length = int(head[found + len(LENGTH) :].split(b"\r\n", 1)[0]) if found >= 0 else 0
        whole = head_ends + len(HEAD_ENDS) + length
        if len(self._read) < whole:
            return
        body, self._read = self._read[head_ends + len(HEAD_ENDS) : whole], self._read[whole:]
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError())

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and give status and body."""
        if self._transport is None:
            raise ConnectionError
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


def request(method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Write a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


Do = Callable[[int], Awaitable[object]]
"""Do the work once, as the so-manieth of the workers."""


async def closed(do: Do, *, at_once: int, seconds: float) -> dict[str, float]:
    """Do it again and again, so many at once; give how often in a second, and the latencies in milliseconds."""
    waits: list[float] = []
    began = time.perf_counter()
    ends = began + seconds

    async def work(number: int) -> None:
        while (start := time.perf_counter()) < ends:
            await do(number)
            waits.append(time.perf_counter() - start)

    await asyncio.gather(*(work(number) for number in range(at_once)))
    return {"per_second": len(waits) / (time.perf_counter() - began)} | latencies(waits)


async def open_loop(do: Do, *, a_second: float, seconds: float, lanes: int) -> dict[str, float]:
    """Do it at fixed instants, whatever becomes of the last; the wait counts from when it was due."""
    free: asyncio.Queue[int] = asyncio.Queue()
    for lane in range(lanes):
        free.put_nowait(lane)
    waits: list[float] = []

    async def once(due: float) -> None:
        lane = await free.get()
        try:
            await do(lane)
        finally:
            free.put_nowait(lane)
        waits.append(time.perf_counter() - due)

    under_way: set[asyncio.Task[None]] = set()
    for due in _instants(a_second, seconds):
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        task = spawn(once(due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return {"per_second": len(waits) / seconds} | latencies(waits)


def _instants(a_second: float, seconds: float) -> Iterator[float]:
    began = time.perf_counter()
    return (began + number / a_second for number in range(int(a_second * seconds)))


def latencies(waits: list[float]) -> dict[str, float]:
    """Give median and 99th percentile in milliseconds."""
    return {"p50": quantile(waits, 0.5) * 1000, "p99": quantile(waits, 0.99) * 1000}
