"""One socket as the feed sees it: raw writes, how much waits, and how it ends."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from foundation.access import Actor
from foundation.errors import LinliError
from foundation.live.figures import LiveFigures
from foundation.live.frames import PING
from foundation.live.line import ROOM_BELOW, Line
from foundation.tasks import spawn

if TYPE_CHECKING:
    from foundation.live.streams import Watcher

MOST_WAITING = 2 * ROOM_BELOW
"""Bytes that may wait in this process for one reader."""
KERNEL_BYTES = 64 * 1024
"""What the kernel may hold for one reader (it doubles this); by itself it would take megabytes."""
GRACE_SECONDS = 5.0
"""How long a reader with too much waiting has to make room."""
ASKED_AT = 2
DEAD_AT = 3
"""Silent pulses after which a client is asked whether it is there, and let go."""
FLUSH_SECONDS = 5.0
FLUSH_LOOKS = 250

GOING_AWAY = 1001
CRASHED = 1011
TRY_LATER = 1013
SIGNED_OUT = 4401
TOO_SLOW = 4408
TOO_MANY = 4409

Recheck = Callable[[Collection[str]], Awaitable[set[str]]]
"""Gives those of some sessions that are still good."""


class Peer:
    """A socket to which whole frames are written. `writable` is False while too much waits, and for ever once it ends."""

    __slots__ = (
        "_ending",
        "_figures",
        "_grace",
        "_holding",
        "_line",
        "_transport",
        "actor",
        "recheck",
        "refuse",
        "session",
        "silent",
        "watchers",
        "writable",
    )

    def __init__(
        self,
        line: Line,
        transport: asyncio.Transport,
        *,
        figures: LiveFigures,
        refuse: Callable[[str, LinliError], None],
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._line = line
        self._transport = transport
        self._figures = figures
        self._grace = grace
        self._ending: asyncio.Task[None] | None = None
        self._holding: _Holding | None = None
        self.refuse = refuse
        """Tells the client that it may not watch a topic (any more)."""
        self.actor: Actor | None = None
        self.session = ""
        self.recheck: Recheck | None = None
        self.watchers: dict[str, Watcher] = {}
        self.writable = True
        self.silent = 0
        """Pulses since the client last said anything."""
        _limit_kernel(transport)

    @property
    def is_ending(self) -> bool:
        """Whether it was told to end, or has ended by itself."""
        return self._ending is not None or self._line.is_closing or self._transport.is_closing()

    def room(self) -> int:
        """Give how many bytes may be written now."""
        if self.is_ending:
            self.writable = False
            return 0
        return MOST_WAITING - self._transport.get_write_buffer_size()

    def offer(self, frames: bytes) -> bool:
        """Write whole frames, if there is room for all of them; tell whether they were written."""
        transport = self._transport
        if not self.writable or self._line.is_closing or transport.is_closing():
            return False
        if transport.get_write_buffer_size() + len(frames) > MOST_WAITING:
            return False
        transport.write(frames)
        return True

    def write(self, frames: bytes) -> None:
        """Write whole frames; the caller has looked at `room`."""
        self._transport.write(frames)

    def tell(self, frame: bytes) -> None:
        """Write an answer, unless the socket is ending; the next frame is read when there is room for more."""
        if not self.is_ending:
            self._transport.write(frame)
        if self.room() <= 0:
            self.hold()

    def pulse(self) -> None:
        """Count silence: ask a silent client whether it is there, and let go of one that does not answer."""
        self.silent += 1
        if self.silent >= DEAD_AT and not self.is_ending:
            self._transport.abort()
        elif self.silent == ASKED_AT and not self.offer(PING):
            self.silent -= 1  # it could not be asked: `hold` sees to one that does not read

    def hold(self) -> None:
        """Write nothing more until the reader has made room; end it if it does not."""
        if self.writable:
            self.writable = False
            loop = asyncio.get_running_loop()
            self._holding = _Holding(loop.create_future(), loop.call_later(self._grace, self._give_up))
            self._line.when_room(self._go_on)

    async def has_room(self) -> None:
        """Wait while too much waits, so that nobody makes us answer faster than they read."""
        if self._holding is not None:
            await asyncio.wait([self._holding.over])

    def end(self, code: int, reason: str) -> "asyncio.Task[None]":
        """Close it with a code once everything written has gone out; ending it twice is the same ending."""
        self.writable = False
        self.leave_all()
        if self._ending is None:
            self._ending = spawn(self._end(code, reason), name="live-end")
            self._hold_no_more()
        return self._ending

    async def ended(self) -> None:
        """Wait until an ending that was begun is complete; without one the line is simply closed."""
        self.writable = False
        self.leave_all()
        self._hold_no_more()
        if self._ending is not None:
            await asyncio.wait([self._ending])
        self._transport.close()

    def leave_all(self) -> None:
        """Watch nothing any more."""
        for watcher in self.watchers.values():
            watcher.leave()
        self.watchers.clear()

    async def _end(self, code: int, reason: str) -> None:
        await self._line.part(code, reason.encode())
        for _ in range(FLUSH_LOOKS):
            if not self._transport.get_write_buffer_size():
                self._transport.close()
                return
            await asyncio.sleep(FLUSH_SECONDS / FLUSH_LOOKS)
        self._transport.abort()

    def _go_on(self) -> None:
        """Write again: the reader has made room."""
        if self._hold_no_more() and not self.is_ending:
            self.writable = True
            for watcher in self.watchers.values():
                watcher.stream.kick()

    def _give_up(self) -> None:
        """End it: the reader has made no room in time."""
        if self._hold_no_more() and not self.is_ending:
            self._figures.slow_closes += 1
            self.end(TOO_SLOW, "too slow")

    def _hold_no_more(self) -> bool:
        holding, self._holding = self._holding, None
        if holding is None:
            return False
        holding.deadline.cancel()
        holding.over.set_result(None)
        return True


class _Holding(NamedTuple):
    """A wait for room: until it is over, or the deadline comes. It costs nothing meanwhile."""

    over: asyncio.Future[None]
    deadline: asyncio.TimerHandle


def _limit_kernel(transport: asyncio.Transport) -> None:
    wire = transport.get_extra_info("socket")
    if wire is not None:
        with suppress(OSError):
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
