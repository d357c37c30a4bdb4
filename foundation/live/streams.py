"""Serving those who watch one topic with one view.

The rule that makes everything true: each watcher has a position, and is only ever written what comes right
after it. One task per stream, the pump, brings all who are behind to the topic's last number: from the ring
of recent frames, or from the history, read and encoded once for all of them.

Nearly everybody stands at the same number and waits for nothing: they are `abreast`, and a new event is the
same bytes for each of them. Only the others are looked at one by one.
"""

import asyncio
import time
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

from foundation.live.frames import caught_up_frame, event_frame
from foundation.live.peers import MOST_WAITING, Peer
from foundation.live.windows import EMPTY, Window
from foundation.tasks import spawn

if TYPE_CHECKING:
    from foundation.live.board import Board, Subject

log = structlog.get_logger(__name__)

RING_FRAMES = 50
RING_SECONDS = 60.0
"""How long frames are kept: what is in them, such as a signed address of a photo, grows old."""
SLICE = 50
"""Writes after which the loop gets to do other things. A write is a system call at the end of the turn, a millisecond for so
many."""
TURNS = 4
"""Turns of the loop between two slices. Whoever asks for something else meanwhile needs several, and a turn without writes
costs nearly nothing: so they wait for a quarter as many slices."""


async def _give_way() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


class StalledHistoryError(Exception):
    """A topic is said to have more events than its history gives."""


class Watcher:
    """One socket's watch over one topic. Whoever drops it calls `leave`."""

    __slots__ = ("checked", "peer", "position", "stream", "waiting")

    def __init__(self, peer: Peer, stream: "Stream", position: int) -> None:
        self.peer = peer
        self.stream = stream
        self.position = position
        self.waiting = True
        """Whether `caught_up` is still to be said."""
        self.checked = False
        """Whether the topic's last number is known from after this watch began."""

    def leave(self) -> None:
        """Get nothing more."""
        self.stream.abreast.discard(self)
        self.stream.apart.discard(self)

    def needs(self, known: int) -> bool:
        """Whether anything is to be done for it that can be done now."""
        return self.peer.writable and (self.position < known or self.waiting or not self.checked)


class Stream:
    """A topic in one view: its recent frames and its watchers."""

    __slots__ = (
        "_board",
        "_front",
        "_hindmost_next",
        "_pump",
        "_ring_began_at",
        "_wire",
        "abreast",
        "apart",
        "ring",
        "subject",
        "view",
    )

    def __init__(self, board: "Board", subject: "Subject", view: Hashable, wire: str) -> None:
        self._board = board
        self.subject = subject
        self.view = view
        self._wire = wire
        self._pump: asyncio.Task[None] | None = None
        self._hindmost_next = False
        self._ring_began_at = 0.0
        self.ring = EMPTY
        self._front = 0
        """Where those abreast stand."""
        self.abreast: set[Watcher] = set()
        """Who stands at the front, was told so, and waits for the next event only."""
        self.apart: set[Watcher] = set()
        """Who came just now, is behind, or does not read."""

    def join(self, watcher: Watcher) -> None:
        """Begin to serve: at once, if the topic's last number is surely known and the ring is enough."""
        self.apart.add(watcher)
        # A client ahead of what we know may know better: then the database is asked.
        if self._board.is_sure(self.subject) and watcher.position <= self.subject.known:
            watcher.checked = True
            self._drop_old_ring()
            self._serve(watcher, self.ring, {})
        if not watcher.checked or watcher.waiting or watcher.position < self.subject.known:
            self.kick()
        elif self._pump is None:
            self._line_up(watcher)

    def kick(self) -> None:
        """Start the pump, unless it runs or there is nobody; it ends by itself when nothing is to do."""
        if self._pump is None and (self.abreast or self.apart):
            self._pump = spawn(self._run(), name="live-pump")

    def kick_if_due(self) -> None:
        """Start the pump if anybody is behind."""
        if self._pump is None and self._is_due():
            self.kick()

    def go_back_to(self, last: int) -> None:
        """Forget numbers that turned out not to exist, and tell everybody how far it goes."""
        if self.ring.end > last:
            self.ring = EMPTY
        for watcher in [*self.abreast, *self.apart]:
            if watcher.position > last:
                self._set_apart(watcher)
                watcher.waiting = True

    def is_needed(self) -> bool:
        """Whether anybody needs it now."""
        return bool(self.abreast or self.apart or self._pump)

    def _is_due(self) -> bool:
        known = self.subject.known
        if self.abreast and self._front < known:
            return True
        return bool(self.apart) and any(watcher.needs(known) for watcher in self.apart)

    async def _run(self) -> None:
        try:
            while self._is_due():
                await self._round()
                self._line_up_all()
        except StalledHistoryError:
            log.warning("live_history_stalled", topic=self._wire, known=self.subject.known)
        except Exception:
            log.warning("live_pump_failed", topic=self._wire, exc_info=True)  # the heartbeat begins again
        finally:
            self._pump = None

    async def _round(self) -> None:
        unchecked = [watcher for watcher in self.apart if not watcher.checked]
        if unchecked:
            await self._board.ask(self.subject)
            for watcher in unchecked:
                watcher.checked = True
        self._drop_old_ring()
        await self._serve_all(self.ring)
        start = self._start()
        if start is not None and not self.ring.covers(start):
            await self._serve_all(await self._read(start))

    def _start(self) -> int | None:
        """Choose after which number to read: in turn for those near the front and for the hindmost."""
        known = self.subject.known
        behind = [w.position for w in self.apart if w.position < known and w.checked and w.peer.writable]
        if self.abreast and self._front < known:
            behind.append(self._front)
        if not behind:
            return None
        near = [position for position in behind if position >= known - RING_FRAMES]
        self._hindmost_next = not self._hindmost_next
        return min(behind) if self._hindmost_next or not near else min(near)

    async def _read(self, after: int) -> Window:
        """Read history into frames; each frame is made once, as long as the ring has it.

        Raises:
            StalledHistoryError: nothing comes after the number, though something should.

        """
        frames: list[bytes] = []
        news = bool(self.abreast) and self._front < self.subject.known
        for seq, event in await self._board.history(self.subject, after, self.view, urgent=news):
            if seq != after + 1 + len(frames):
                break
            frames.append(self.ring.frame(seq) or self._made(seq, event))
        if not frames:
            raise StalledHistoryError
        window = Window(after + 1, frames)
        self.subject.at_least(window.end)
        if window.end >= self.subject.known - RING_FRAMES:
            if not self.ring.frames:
                self._ring_began_at = time.monotonic()
            self.ring = self.ring.joined(window, RING_FRAMES)
        return window

    def _drop_old_ring(self) -> None:
        if time.monotonic() - self._ring_began_at > RING_SECONDS:
            self.ring = EMPTY

    def _made(self, seq: int, event: Mapping[str, Any]) -> bytes:
        self._board.figures.events_encoded += 1
        return event_frame(self._wire, seq, event)

    async def _serve_all(self, window: Window) -> None:
        """Write to everybody what the window has for them; others get the loop after every few."""
        if self.abreast and window.covers(self._front):
            await self._advance(window)
        joined: Joined = {}
        count = 0
        for watcher in list(self.apart):
            if watcher.checked and (watcher.waiting or window.covers(watcher.position)):
                self._serve(watcher, window, joined)
                count += 1
                if not count % SLICE:
                    await _give_way()

    async def _advance(self, window: Window) -> None:
        """Write the same bytes to everybody abreast; who has no room for them is served apart."""
        front = self._front
        frames, reached = window.after(front, MOST_WAITING)
        count = reached - front
        everybody = list(self.abreast)
        for start in range(0, len(everybody), SLICE):
            if start:
                await _give_way()
            told = 0
            for watcher in everybody[start : start + SLICE]:
                if watcher not in self.abreast:
                    continue  # left meanwhile
                if watcher.position == front and watcher.peer.offer(frames):
                    watcher.position = reached
                    told += 1
                else:
                    self._set_apart(watcher)
            self._board.figures.frames_sent += told * count
        self._front = reached
        if reached > self.subject.known:
            self.go_back_to(self.subject.known)  # it was taken back meanwhile

    def _set_apart(self, watcher: Watcher) -> None:
        self.abreast.discard(watcher)
        self.apart.add(watcher)

    def _line_up_all(self) -> None:
        for watcher in list(self.apart):
            self._line_up(watcher)

    def _line_up(self, watcher: Watcher) -> None:
        """Let somebody who has everything stand with the others; the pump may not be in the middle of them."""
        if not self.abreast:
            self._front = self.subject.known
        if watcher.position == self._front and watcher.checked and not watcher.waiting:
            self.apart.discard(watcher)
            self.abreast.add(watcher)

    def _serve(self, watcher: Watcher, window: Window, joined: "Joined") -> None:
        """Write one watcher what comes right after its position, and `caught_up` when that is due."""
        peer = watcher.peer
        if not peer.writable or watcher not in self.apart:
            return
        room = peer.room()
        if room <= 0:
            peer.hold()
            return
        frames, reached = b"", watcher.position
        if window.covers(reached):
            frames, reached = self._after(window, reached, room, joined)
            self._board.figures.frames_sent += reached - watcher.position
        if watcher.waiting and reached >= self.subject.known:
            watcher.waiting = False
            reached = self.subject.known
            frames += caught_up_frame(self._wire, reached)
        watcher.position = reached
        if frames:
            peer.write(frames)
        if window.covers(reached):
            peer.hold()  # the rest when the reader has made room

    def _after(self, window: Window, position: int, room: int, joined: "Joined") -> tuple[bytes, int]:
        if position not in joined:
            joined[position] = window.after(position, MOST_WAITING)
        frames, reached = joined[position]
        return (frames, reached) if len(frames) <= room else window.after(position, room)


Joined = dict[int, tuple[bytes, int]]
"""The frames after each position, joined once for all who stand there."""
