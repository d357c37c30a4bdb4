"""The feed of one process: what it tells others, and whom it tells. Start at `LiveFeed`."""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextlib import suppress

import structlog
from redis.asyncio import Redis

from foundation.access import Actor
from foundation.errors import BusyError, LinliError, NotFoundError
from foundation.ground import Ground
from foundation.grouping import Later
from foundation.live.board import Board, Subject
from foundation.live.capacity import most_sockets
from foundation.live.ear import Ear, is_cancelled
from foundation.live.figures import LiveFigures
from foundation.live.line import Line
from foundation.live.peers import GOING_AWAY, GRACE_SECONDS, Peer
from foundation.live.rights import end_signed_out, review_watches
from foundation.live.streams import Stream, Watcher
from foundation.live.topics import Topic, own_topic
from foundation.redis import open_listener
from foundation.settings import LiveSettings
from foundation.tasks import spawn, stop

log = structlog.get_logger(__name__)

CHANNEL = "linli:live"
HEARTBEAT_SECONDS = 3.5
"""Comparison of all numbers with the database, and of all sockets with their rights: whoever lost one is out within
five seconds, also where ten thousand are compared, which takes half a second."""
DEAF_BEATS = 2.5
"""After so many heartbeats of which ours did not come back through Redis, listening begins anew."""
PULSE_SECONDS = 12.5
"""How often silence is counted: a client is asked after 25 seconds without a word, since middle boxes drop a line
that is quiet for longer, and let go after 37.5. One clock for all sockets: a timer in each would weigh more. Idle topics
are let go of as often: where thousands come back, looking at every topic at each heartbeat took a twentieth of the time."""
AT_ONCE = 200
"""Sockets looked at in one turn of the loop."""
LONGEST_NUMBER = 15
LAST_WORDS_SECONDS = 2.0
"""How long we wait at the end for those who talk on sockets that are closed already."""
PUBLISH_SECONDS = 0.5
SILENCE_SECONDS = 1.0
"""So long a Redis that failed is left alone; what is to be told meanwhile goes out together afterwards."""
BETWEEN_PUBLICATIONS = 0.01
"""What is told within this time goes out together, as a message to Redis costs as much as a small request."""


class LiveFeed:
    """Tells everywhere that a topic has a new event, and open sockets and long polls what it is.

    Made by every process, which may then `publish`. The one that serves sockets also spawns `run`.
    """

    def __init__(self, redis: Redis, *, channel: str = CHANNEL, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self.figures = LiveFigures()
        self.grace = GRACE_SECONDS
        self.pulse = PULSE_SECONDS
        self.limits = LiveSettings()
        self._redis = redis
        self._channel = channel
        self._heartbeat = heartbeat
        self._me = f"beat:{secrets.token_hex(8)}"
        self._publications = Later(self._publish, pause=BETWEEN_PUBLICATIONS)
        self._board: Board | None = None
        self._peers: set[Peer] = set()
        self._seats: Counter[str] = Counter()
        self._due = asyncio.Event()
        self._closed = asyncio.Event()
        self._hung_up = False
        self._ear: Ear | None = None

    def publish(self, topic: str, seq: int) -> None:
        """Tell that `topic` (such as `complaint:17`) has event `seq`. Call it after the commit.

        Nobody waits for it. What gets lost is found by the next heartbeat.
        """
        if self._board:
            self._board.heard(topic, seq)  # those at home need no Redis
        self._publications.put(f"{topic} {seq}")

    async def published(self) -> None:
        """Wait until all was told, or could not be."""
        await self._publications.done()

    async def _publish(self, lines: list[str]) -> None:
        """Publish what several have to tell, as one message of a line each."""
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._redis.publish(self._channel, "\n".join(lines))
            self.figures.published += len(lines)
        except Exception as error:  # noqa: BLE001 - nobody may fail because nobody could be told
            self.figures.publish_failures += len(lines)
            log.warning("live_not_told", numbers=len(lines), error=repr(error))
            await asyncio.sleep(SILENCE_SECONDS)

    async def wait(self, topic: str, after: int, seconds: float) -> None:
        """Return when `topic` is known to have more than `after`, or the time is over. For long polls."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wait(topic, after)

    def expect_one_more(self) -> None:
        """Say whether there is room for a socket, before it is opened.

        Raises:
            BusyError: the process holds as many as it may; another one may have room.

        """
        if len(self._peers) >= self.limits.sockets:
            self.figures.refused += 1
            raise BusyError

    def seat(self, peer: Peer, actor: Actor) -> bool:
        """Let an admitted socket be somebody's, unless they have as many as one person may."""
        if self._seats[actor.key] >= self.limits.sockets_per_person:
            self.figures.refused += 1
            return False
        self._seats[actor.key] += 1
        peer.actor = actor
        return True

    def admit(self, line: Line, transport: asyncio.Transport, *, refuse: Callable[[str, LinliError], None]) -> Peer:
        """Take in a socket; `dismiss` it in every case when nobody talks on it any more."""
        peer = Peer(line, transport, figures=self.figures, refuse=refuse, grace=self.grace)
        self._peers.add(peer)
        self.figures.sockets = len(self._peers)
        if self._hung_up:
            peer.end(GOING_AWAY, "going away")
        return peer

    async def dismiss(self, peer: Peer) -> None:
        """Let a socket go, after its ending is complete."""
        try:
            await peer.ended()
        finally:
            self._peers.discard(peer)
            self._unseat(peer)
            self.figures.sockets = len(self._peers)

    def _unseat(self, peer: Peer) -> None:
        if peer.actor is not None:
            self._seats[peer.actor.key] -= 1
            if not self._seats[peer.actor.key]:
                del self._seats[peer.actor.key]

    def find(self, peer: Peer, wire: str) -> Awaitable[Stream]:
        """Begin to ask for a topic as a signed-in socket may see it, which hears no more of it until it may `watch`.

        Awaited, it gives the stream, or raises NotFoundError: there is no such topic, or not for this person. Whoever
        asks for several before they wait for any is answered together.
        """
        self.unwatch(peer, wire)
        board, actor = self._board, peer.actor
        kind, colon, _ = wire.partition(":")
        topic = board.topics.get(kind) if board else None
        if board is None or actor is None or topic is None or topic.personal == bool(colon):
            return _nothing()
        key = own_topic(kind, actor) if topic.personal else wire
        return _stream(board, key, wire, board.view(topic, actor, key.partition(":")[2]))

    def watch(self, peer: Peer, wire: str, stream: Stream, after: int) -> None:
        """Let a socket watch what was found, from the event after `after` on; anew, if it does already."""
        self.unwatch(peer, wire)
        if not peer.is_ending:
            watcher = peer.watchers[wire] = Watcher(peer, stream, after)
            stream.join(watcher)

    def unwatch(self, peer: Peer, wire: str) -> None:
        """Tell a socket nothing more of a topic."""
        if watcher := peer.watchers.pop(wire, None):
            watcher.leave()

    async def run(self, ground: Ground | None = None, topics: Iterable[Topic] = ()) -> None:
        """Listen and compare until cancelled or closed."""
        if ground is None:
            await self._closed.wait()
            return
        wished = ground.settings.live
        self.limits = wished.model_copy(update={"sockets": most_sockets(wished.sockets)})
        self._board = Board(ground, topics, self.figures)
        async with open_listener(ground.settings.redis_url or "") as client:
            self._ear = Ear(
                client,
                self._channel,
                heard=self._heard,
                began=self._began,
                stopped=self._board.stopped_to_listen,
                deaf_after=DEAF_BEATS * self._heartbeat,
            )
            parts = [
                spawn(self._ear.listen(), name="live-ear"),
                spawn(self._beat(), name="live-heart"),
                spawn(self._feel_pulses(), name="live-pulse"),
            ]
            try:
                await self._closed.wait()
            finally:
                await self.hang_up()
                await asyncio.gather(*map(stop, parts))

    async def hang_up(self) -> None:
        """End every socket (1001) and every long poll, and take no new ones; publishing goes on."""
        self._hung_up = True
        if self._board:
            self._board.let_go()
        await asyncio.gather(*(peer.end(GOING_AWAY, "going away") for peer in list(self._peers)))
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                while self._peers:  # noqa: ASYNC110 - whoever talked on them is just about to notice
                    await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Hang up, then stop listening."""
        await self.hang_up()
        self._closed.set()

    def _heard(self, words: str) -> None:
        for line in words.splitlines():
            topic, _, number = line.rpartition(" ")
            if topic == self._me and self._ear:
                self._ear.note_sign_of_life()
            elif self._board and number.isdecimal() and len(number) <= LONGEST_NUMBER:
                self._board.heard(topic, int(number))

    def _began(self) -> None:
        self.figures.subscriptions += 1
        if self._board:
            self._board.began_to_listen()
        self._due.set()

    async def _beat(self) -> None:
        """Compare at every heartbeat, and at once whenever listening began."""
        while not is_cancelled():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._heartbeat * random.uniform(0.9, 1.1)):  # noqa: S311 - spreads load
                    await self._due.wait()
            self._due.clear()
            try:
                await self._tend()
            except Exception:
                log.exception("live_heartbeat_failed")

    async def _tend(self) -> None:
        self.publish(self._me, 0)
        if self._board:
            await self._board.compare()
        self.figures.revoked_closes += await end_signed_out(list(self._peers))
        if self._board:
            await review_watches(self._board, list(self._peers))

    async def _feel_pulses(self) -> None:
        """Let go of clients that are silent and of topics nobody needs, again and again."""
        while not is_cancelled():
            await asyncio.sleep(self.pulse)
            try:
                await self._count_silence()
                if self._board:
                    await self._board.forget_idle()
            except Exception:
                log.exception("live_pulse_failed")

    async def _count_silence(self) -> None:
        for count, peer in enumerate(list(self._peers), 1):
            peer.pulse()
            if not count % AT_ONCE:
                await asyncio.sleep(0)

    async def _wait(self, topic: str, after: int) -> None:
        board = self._board
        subject = board.subject(topic) if board else None
        if self._hung_up:
            return
        if board is None or subject is None:
            await asyncio.Event().wait()  # nothing will ever be heard of it
            return
        future = asyncio.get_running_loop().create_future()
        subject.waiting[future] = after
        try:
            if not board.is_sure(subject):
                await self._ask(board, subject)
            if subject.known <= after:
                await future
        finally:
            del subject.waiting[future]

    async def _ask(self, board: Board, subject: Subject) -> None:
        try:
            await board.ask(subject)
        except Exception:
            log.warning("live_number_unknown", topic=subject.topic.kind, exc_info=True)  # a heartbeat will tell


async def _stream(board: Board, key: str, wire: str, view: Awaitable[Hashable]) -> Stream:
    return board.stream(key, await view, wire)


async def _nothing() -> Stream:
    raise NotFoundError
