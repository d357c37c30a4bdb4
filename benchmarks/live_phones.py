"""Ten thousand phones in one process: sockets that are really open, and as little client as can be.

Run as an agent (`agent.py`) on the far core. `come` opens them, `hear` waits until each has one more message and
tells when the first, the middle and the last had it, `come_back` cuts all and lets them resume. Every event is
looked at: what a phone has not heard or hears a second time is counted.
"""

import asyncio
import os
import random
import resource
import socket
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from benchmarks.agent import obey
from benchmarks.harness import quantile

AT_ONCE = 200
"""Connections under way at a time."""
PATIENCE_SECONDS = 120.0
_SHORT, _MEDIUM = 126, 127
_TEXT, _CLOSE, _PING = 1, 8, 9
_EVENT, _CAUGHT_UP, _ERROR = b'{"type":"event"', b'{"type":"caught_up"', b'{"type":"error"'
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: https://bench\r\n"
    "User-Agent: Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36\r\n"
    "Accept-Language: zh-CN,zh;q=0.9\r\nSec-WebSocket-Version: 13\r\n"
    f"{OFFER}"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def client_frame(payload: bytes, kind: int = _TEXT) -> bytes:
    """Write a frame as clients do, masked with zeros."""
    size = len(payload)
    head = bytes((0x80 | kind, 0x80 | size)) if size < _SHORT else bytes((0x80 | kind, 0xFE)) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


class Phone(asyncio.Protocol):
    """One socket, and the number it has of each topic."""

    __slots__ = ("_rest", "caught_up", "crowd", "number", "positions", "transport", "up")

    def __init__(self, crowd: "Crowd", number: int) -> None:
        self.crowd = crowd
        self.number = number
        self.transport: asyncio.Transport | None = None
        self.up = False
        self.caught_up = 0
        self.positions: dict[bytes, int] = {}
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket, and say at once what is to be said."""
        self.transport = cast("asyncio.Transport", transport)
        self.up = False
        self.caught_up = 0
        self._rest = b""
        self.transport.write(self.crowd.handshake)

    def connection_lost(self, _: Exception | None) -> None:
        """Count it, unless we hung up."""
        if self.transport is not None:
            self.crowd.lost += 1
        self.transport = None

    def data_received(self, data: bytes) -> None:
        """Take whole frames."""
        data = self._rest + data if self._rest else data
        if not self.up:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            if b" 101 " not in data[:20]:
                self.crowd.refused += 1
                self.hang_up()
                return
            self.up = True
            data = data[end + 4 :]
            self.crowd.stands(self)
        self._rest = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        start, length = 0, len(data)
        while length - start >= 2:
            size, head = data[start + 1] & 0x7F, 2
            if size >= _SHORT:
                head = 4 if size == _SHORT else 10
                if length - start < head:
                    break
                size = int.from_bytes(data[start + 2 : start + head], "big")
            if length - start < head + size:
                break
            self._take(data[start] & 0x0F, data[start + head : start + head + size])
            start += head + size
        return data[start:] if start < length else b""

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == _PING and self.transport is not None:
            self.transport.write(client_frame(payload, 10))
        elif kind == _TEXT:
            self.crowd.take(self, payload)
        elif kind == _CLOSE:
            self.crowd.said = payload

    def hang_up(self) -> None:
        """Vanish as in a tunnel."""
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.abort()


class Crowd:
    """All phones of this process, and what they have heard together."""

    def __init__(self, port: int, kind: str, tokens: Sequence[str], topics: Sequence[Sequence[str]]) -> None:
        path = {"socketio": "/socket.io/?EIO=4&transport=websocket", "linli": "/api/v1/live"}.get(kind, "/live")
        # python-socketio would compress whatever it tells those who offer it; here nobody compresses.
        self.handshake = HANDSHAKE.format(path=path).replace(OFFER if kind == "socketio" else "\0", "").encode()
        self.port = port
        self.kind = kind
        self.tokens = tokens
        self.topics = topics
        self.phones: list[Phone] = []
        self.ready = self.lost = self.refused = self.errors = 0
        self.missing = self.doubled = self.events = self.bytes = 0
        self.heard_at: list[float] = []
        self.expected = 0
        self.said = b""
        """The last refusal, or code and reason of the last closing."""
        self.changed = asyncio.Event()
        self.stuck: list[socket.socket] = []

    def stands(self, phone: Phone) -> None:
        """Note that a socket is up; a phone of Linli's says who it is and what it watches."""
        if self.kind != "linli":
            if self.kind != "socketio":
                self._one_more()
            return
        said = [b'{"type":"hello","token":"%s"}' % self.tokens[phone.number].encode()]
        for topic in self.topics[phone.number % len(self.topics)]:
            name = topic.encode()
            said.append(b'{"type":"watch","topic":"%s","after":%d}' % (name, phone.positions.setdefault(name, 0)))
        if phone.transport is not None:
            phone.transport.write(b"".join(map(client_frame, said)))

    def take(self, phone: Phone, payload: bytes) -> None:
        """Note a message."""
        if self.kind != "socketio":
            self._take_frame(phone, payload)
        elif not payload.startswith(b"42"):
            if payload[:1] == b"0" and phone.transport is not None:
                phone.transport.write(client_frame(b"40"))
            elif payload[:2] == b"40":
                self._one_more()
        else:
            self._heard(payload)

    def _take_frame(self, phone: Phone, payload: bytes) -> None:
        if payload.startswith(_EVENT):
            topic = payload[payload.index(b'"topic":"') + 9 :]
            name, rest = topic.split(b'"', 1)
            seq = int(rest[rest.index(b":") + 1 : rest.index(b",", 2)])
            expected = phone.positions.get(name, seq - 1) + 1
            self.missing += max(0, seq - expected)
            self.doubled += seq < expected
            phone.positions[name] = max(seq, expected - 1)
            self._heard(payload)
        elif payload.startswith(_CAUGHT_UP):
            phone.caught_up += 1
            if phone.caught_up == len(self.topics[phone.number % len(self.topics)]):
                self._one_more()
        elif payload.startswith(_ERROR):
            self.errors += 1
            self.said = payload

    def _heard(self, payload: bytes) -> None:
        self.events += 1
        self.bytes += len(payload)
        self.heard_at.append(time.monotonic())
        if len(self.heard_at) == self.expected:
            self.changed.set()

    def _one_more(self) -> None:
        self.ready += 1
        if self.ready + self.refused >= len(self.phones):
            self.changed.set()


_crowds: list[Crowd] = []


def raise_descriptors() -> int:
    """Let this process open as many sockets as the system gives it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


async def come(
    *, port: int, kind: str, count: int, tokens: Sequence[str] = (), topics: Sequence[Sequence[str]] = ()
) -> dict[str, Any]:
    """Open so many sockets; give how long it took until all were ready."""
    limit = raise_descriptors()
    crowd = Crowd(port, kind, tokens, topics)
    _crowds[:] = [crowd]
    crowd.phones = [Phone(crowd, number) for number in range(count)]
    seconds = await _connect_all(crowd, within=0.0)
    return {"seconds": seconds, "descriptors": limit} | _found(crowd)


async def come_back(*, within: float = 0.0, seed: int = 1) -> dict[str, Any]:
    """Cut all, and let them come back in a random order; give how long it took until all had caught up."""
    crowd = _crowds[0]
    for phone in crowd.phones:
        phone.hang_up()
    await asyncio.sleep(1.0)
    random.Random(seed).shuffle(crowd.phones)  # noqa: S311 - repeatable
    crowd.ready = crowd.events = 0
    crowd.heard_at.clear()
    return {"seconds": await _connect_all(crowd, within=within)} | _found(crowd)


async def cut() -> dict[str, Any]:
    """Cut all and leave them so."""
    for phone in _crowds[0].phones:
        phone.hang_up()
    return {}


async def _connect_all(crowd: Crowd, *, within: float) -> float:
    loop = asyncio.get_running_loop()
    crowd.changed.clear()
    began = time.monotonic()
    for start in range(0, len(crowd.phones), AT_ONCE):
        early = began + within * start / len(crowd.phones) - time.monotonic()
        if early > 0:
            await asyncio.sleep(early)
        some = crowd.phones[start : start + AT_ONCE]
        await asyncio.gather(
            *(loop.create_connection(partial(_same, phone), "127.0.0.1", crowd.port) for phone in some)
        )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await crowd.changed.wait()
    except TimeoutError:
        raise RuntimeError(f"not all came in: {_found(crowd)} {crowd.said[:300]!r}") from None
    return time.monotonic() - began


def _same(phone: Phone) -> Phone:
    return phone


async def expect(*, each: int = 1) -> dict[str, Any]:
    """Get ready for so many messages to each phone."""
    crowd = _crowds[0]
    crowd.heard_at.clear()
    crowd.changed.clear()
    crowd.bytes = 0
    crowd.expected = each * sum(phone.transport is not None for phone in crowd.phones)
    return {}


async def hear(*, began: float) -> dict[str, Any]:
    """Wait until everybody has heard; give when the middle one and the last one had, in milliseconds."""
    crowd = _crowds[0]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(crowd.heard_at) < crowd.expected:
            await crowd.changed.wait()
    waits = [(at - began) * 1000 for at in crowd.heard_at]
    size = crowd.bytes / max(1, len(waits))
    return {"last": max(waits), "p50": quantile(waits, 0.5), "bytes": size} | _found(crowd)


async def stick(*, count: int, port: int, tokens: Sequence[str], topics: Sequence[str]) -> dict[str, Any]:
    """Open sockets more that watch topics from their beginning and read nothing."""
    stuck = [_open_stuck(port, token, topics) for token in tokens[:count]]
    _crowds[0].stuck += stuck
    return {"open": len(stuck)}


def _open_stuck(port: int, token: str, topics: Sequence[str]) -> socket.socket:
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.connect(("127.0.0.1", port))
    said = [b'{"type":"hello","token":"%s"}' % token.encode()]
    said += [b'{"type":"watch","topic":"%s","after":0}' % topic.encode() for topic in topics]
    wire.sendall(HANDSHAKE.format(path="/api/v1/live").encode() + b"".join(map(client_frame, said)))
    return wire


async def unstick() -> dict[str, Any]:
    """Close those that read nothing."""
    while _crowds[0].stuck:
        _crowds[0].stuck.pop().close()
    return {}


def _found(crowd: Crowd) -> dict[str, Any]:
    return {
        "lost": crowd.lost,
        "refused": crowd.refused,
        "errors": crowd.errors,
        "missing": crowd.missing,
        "doubled": crowd.doubled,
        "events": crowd.events,
        "ready": crowd.ready,
    }


def memory_kib(pid: int) -> float:
    """Tell what a process holds by itself: its proportional share of what is in memory."""
    for line in (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1])
    raise LookupError(pid)


def cpu_seconds(pid: int) -> float:
    """Tell how much processor a process has used."""
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    obey(
        {
            "come": come,
            "come_back": come_back,
            "cut": cut,
            "expect": expect,
            "hear": hear,
            "stick": stick,
            "unstick": unstick,
        }
    )
