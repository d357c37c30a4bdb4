"""The line of one open socket, once HTTP is done with it. Start at `take_over`.

aiohttp keeps a parser, a request with all its headers, a response and two tasks for every connection that is open,
which is most of what a silent socket weighs. So the handshake is aiohttp's, its frames are read by aiohttp's reader,
and in between the connection is taken out of its hands.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha1
from typing import cast

from aiohttp import WSMessage, WSMsgType, hdrs, web
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_websocket import WS_CLOSING_MESSAGE, WS_KEY, WebSocketError, WebSocketReader
from aiohttp.streams import EofStream

from foundation.live.frames import close_frame

CLOSE_SECONDS = 5.0
"""How long we wait for their goodbye after ours."""
MOST_UNREAD = 16 * 1024
"""Bytes of frames that are read and not yet answered, after which the kernel keeps what comes."""
ROOM_BELOW = 32 * 1024
"""Bytes that wait to be written, below which a reader has room for more."""
NORMAL = 1000
VERSION = "13"
KEY = re.compile("[A-Za-z0-9+/]{22}==")
"""Sixteen bytes in base64."""


class Line(BaseProtocol):
    """Frames of one client, read one after another by one reader; what is written goes to `transport`."""

    __slots__ = ("_queue", "_reader", "_relief", "is_closing")

    def __init__(self, loop: asyncio.AbstractEventLoop, *, longest: int) -> None:
        super().__init__(loop)
        self._upgraded = True  # there is no parser of HTTP to be paused
        self._queue = WebSocketDataQueue(self, MOST_UNREAD, loop=loop)
        self._reader = WebSocketReader(self._queue, longest, compress=False, decode_text=True)
        self._relief: Callable[[], None] | None = None
        self.is_closing = False
        """Whether a goodbye was said, by them or by us."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection over; it has been set up for small messages before."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=ROOM_BELOW, low=ROOM_BELOW)

    def when_room(self, then: Callable[[], None]) -> None:
        """Call this once, soon, when the reader has taken most of what was written or is gone."""
        self._relief = then
        if not self.writing_paused:
            self._loop.call_soon(self._relieve)

    def resume_writing(self) -> None:
        """Hear that the reader has taken most of what was written."""
        super().resume_writing()
        self._relieve()

    def _relieve(self) -> None:
        then, self._relief = self._relief, None
        if then is not None:
            then()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take what came right behind the handshake; aiohttp calls it so, while the connection is its own."""
        return self._reader.feed_data(data)

    def feed_eof(self) -> None:
        """Hear that aiohttp has let go of the connection, which is no end of it."""

    def data_received(self, data: bytes) -> None:
        """Take what comes."""
        self._reader.feed_data(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Hear that there is no connection any more."""
        super().connection_lost(exc)
        self.is_closing = True
        self._reader.feed_eof()
        self._relieve()

    def has_more(self) -> bool:
        """Whether the next message is here already, so that nobody has to wait for it."""
        return bool(self._queue._buffer)  # noqa: SLF001 - the queue does not tell otherwise

    async def receive(self) -> WSMessage | None:
        """Give the next message; None when no more will come."""
        if self.is_closing:
            return None
        try:
            message = await self._queue.read()
        except EofStream:
            return None
        except WebSocketError as error:
            await self.part(error.code, b"")
            return None
        if message.type is WSMsgType.CLOSE:
            self._say_goodbye(int(message.data or NORMAL), b"")
            return None
        return None if message.type is WSMsgType.CLOSING else message  # type: ignore[return-value] # texts are decoded

    async def part(self, code: int, reason: bytes) -> None:
        """Say goodbye behind whatever still waits, and hear theirs, if it comes soon."""
        if self.is_closing:
            return
        self._say_goodbye(code, reason)
        self._queue.feed_data(WS_CLOSING_MESSAGE, 0)  # whoever is reading stops, and we read on
        with suppress(TimeoutError, EofStream, WebSocketError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while (await self._queue.read()).type is not WSMsgType.CLOSE:
                    pass

    def _say_goodbye(self, code: int, reason: bytes) -> None:
        self.is_closing = True
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(close_frame(code, reason))


class HandedOver(web.StreamResponse):
    """What a handler returns whose connection is no more aiohttp's: nothing is left to be written."""

    def __init__(self) -> None:
        super().__init__(status=101)
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write nothing: the handshake has been answered."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""


def take_over(request: web.Request, *, longest: int) -> Line:
    """Answer a WebSocket's handshake, and take its connection; the handler then returns `HandedOver`.

    `longest` is how many bytes a frame may have.

    Raises:
        HTTPBadRequest: it is no proper handshake.
        ConnectionResetError: they have left.

    """
    answer = _answer(request)
    theirs, transport = request.protocol, request.transport
    if transport is None:
        raise ConnectionResetError
    line = Line(request._loop, longest=longest)  # noqa: SLF001 - the one that runs
    transport.write(answer)
    theirs.set_parser(line)  # type: ignore[arg-type] # it is only fed
    line.connection_made(transport)
    transport.set_protocol(line)
    theirs.transport = None  # or it would close it
    theirs.connection_lost(None)  # it lets go of everything, as if the client had left
    return line


def _answer(request: web.Request) -> bytes:
    """Answer a handshake (RFC 6455, 4.2.2), without compression: so whole frames may be written that were made for many.

    aiohttp's own answer is made of a response that would be thrown away; a crowd that comes back feels it.
    """
    headers = request.headers
    upgrade = headers.get(hdrs.UPGRADE, "").strip().lower() == "websocket" and request._message.upgrade  # noqa: SLF001 - its parser has stopped
    key = headers.get(hdrs.SEC_WEBSOCKET_KEY, "")
    if not (upgrade and headers.get(hdrs.SEC_WEBSOCKET_VERSION) == VERSION and KEY.fullmatch(key)):
        raise web.HTTPBadRequest(text="no WebSocket handshake of version 13")
    accept = b64encode(sha1(key.encode() + WS_KEY).digest())  # noqa: S324 - the standard says so
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: "
    return head + accept + b"\r\n\r\n"
