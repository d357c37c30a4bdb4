"""What others would build the live feed of: servers that give every message of a Redis channel to all their sockets.

Run as an agent (`agent.py`), in the Python that has the libraries: `serve(peer="websockets", redis_url=…)`
opens one and gives its port. `raw` is the least that can be done at all: the frame is built once and handed to
every transport, nothing is kept about anybody, and nobody is asked who they are.
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, cast

from benchmarks.agent import obey

CHANNEL = "bench:live"
ROOM = "room"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BACKLOG = 4096
QUIET_SECONDS = 3600
"""Nobody is pinged while it is measured, so that nothing but the messages is."""
_SHORT = 126
_keep: list[Any] = []

Serve = Callable[[str], Awaitable[int]]


def frame(text: bytes) -> bytes:
    """Wrap a text as one WebSocket frame."""
    size = len(text)
    head = bytes((0x81, size)) if size < _SHORT else b"\x81\x7e" + size.to_bytes(2, "big")
    return head + text


async def _hear(redis_url: str, peer: str, heard: Callable[[bytes], Any]) -> None:
    from redis.asyncio import Redis  # noqa: PLC0415 - not all peers need it

    pubsub = Redis.from_url(redis_url).pubsub()
    await pubsub.subscribe(f"{CHANNEL}:{peer}")
    _keep.append(pubsub)

    async def listen() -> None:
        async for message in pubsub.listen():
            if message["type"] == "message":
                heard(message["data"])

    _keep.append(asyncio.get_running_loop().create_task(listen()))


class _Raw(asyncio.Protocol):
    """A socket of the raw server."""

    everybody: set[asyncio.Transport] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.everybody.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        for line in data.split(b"\r\n"):
            if line.lower().startswith(b"sec-websocket-key:"):
                key = line.split(b":", 1)[1].strip()
                accept = base64.b64encode(hashlib.sha1(key + GUID).digest())  # noqa: S324 - the standard says so
                head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                self.transport.write(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
                self.everybody.add(self.transport)


async def _serve_raw(redis_url: str) -> int:
    def tell(message: bytes) -> None:
        whole = frame(message)
        for transport in _Raw.everybody:
            transport.write(whole)

    server = await asyncio.get_running_loop().create_server(_Raw, "127.0.0.1", 0, backlog=BACKLOG)
    _keep.append(server)
    await _hear(redis_url, "raw", tell)
    return int(server.sockets[0].getsockname()[1])


async def _serve_aiohttp(redis_url: str) -> int:
    """Serve as aiohttp's documentation shows it: `send_str` to each."""
    from aiohttp import web  # noqa: PLC0415

    everybody: set[web.WebSocketResponse] = set()
    sending: set[asyncio.Future[Any]] = set()

    async def talk(request: web.Request) -> web.WebSocketResponse:
        opened = web.WebSocketResponse(compress=False)
        await opened.prepare(request)
        everybody.add(opened)
        try:
            async for _ in opened:
                pass
        finally:
            everybody.discard(opened)
        return opened

    def tell(message: bytes) -> None:
        text = message.decode()
        told = asyncio.gather(*(opened.send_str(text) for opened in everybody))
        sending.add(told)
        told.add_done_callback(sending.discard)

    await _hear(redis_url, "aiohttp", tell)
    app = web.Application()
    app.router.add_get("/live", talk)
    return await _listen(app)


async def _listen(app: Any) -> int:
    from aiohttp import web  # noqa: PLC0415

    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=BACKLOG).start()
    _keep.append(runner)
    return int(runner.addresses[0][1])


async def _serve_websockets(redis_url: str) -> int:
    library = import_module("websockets.asyncio.server")
    everybody: set[Any] = set()

    async def talk(connection: Any) -> None:
        everybody.add(connection)
        try:
            await connection.wait_closed()
        finally:
            everybody.discard(connection)

    server = await library.serve(talk, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=BACKLOG)
    _keep.append(server)
    await _hear(redis_url, "websockets", lambda message: library.broadcast(everybody, message.decode()))
    return int(next(iter(server.sockets)).getsockname()[1])


async def _serve_socketio(redis_url: str) -> int:
    from aiohttp import web  # noqa: PLC0415

    socketio = import_module("socketio")
    server = socketio.AsyncServer(
        async_mode="aiohttp",
        client_manager=socketio.AsyncRedisManager(redis_url, channel=CHANNEL),
        ping_interval=QUIET_SECONDS,
        http_compression=False,
        cors_allowed_origins="*",
    )

    async def connect(sid: str, _: Any) -> None:
        await server.enter_room(sid, ROOM)

    server.on("connect", connect)
    app = web.Application()
    server.attach(app)
    _keep.append(server)
    return await _listen(app)


PEERS: dict[str, Serve] = {
    "raw": _serve_raw,
    "aiohttp": _serve_aiohttp,
    "websockets": _serve_websockets,
    "socketio": _serve_socketio,
}


async def serve(*, peer: str, redis_url: str) -> dict[str, Any]:
    """Open one peer's server; give its port."""
    return {"port": await PEERS[peer](redis_url)}


async def emit(*, redis_url: str, text: str) -> dict[str, Any]:
    """Give a message to everybody the way python-socketio's other processes do."""
    socketio = import_module("socketio")
    if not any(isinstance(each, socketio.AsyncRedisManager) for each in _keep):
        _keep.append(socketio.AsyncRedisManager(redis_url, channel=CHANNEL, write_only=True))
    manager = next(each for each in _keep if isinstance(each, socketio.AsyncRedisManager))
    began = time.monotonic()
    await manager.emit("live", text, room=ROOM)
    return {"began": began}


if __name__ == "__main__":
    obey({"serve": serve, "emit": emit})
