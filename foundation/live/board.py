"""Which number each topic has reached, as far as this process knows. Start at `Board`.

A number is heard from Redis or read from the database; the higher one counts. What was read while we listened
stays true for as long as we listen: whatever came later was heard. Every heartbeat compares all numbers with
the database, in one query for each kind, and so finds what was lost on the way.
"""

import asyncio
from collections.abc import Awaitable, Hashable, Iterable, Sequence
from functools import partial
from itertools import islice

import structlog
from psycopg import OperationalError

from foundation.access import Actor
from foundation.errors import NotFoundError
from foundation.ground import Ground
from foundation.live.batches import Batch
from foundation.live.figures import LiveFigures
from foundation.live.streams import Stream
from foundation.live.topics import Asked, NumberedEvents, Topic

log = structlog.get_logger(__name__)

MOST_IDLE = 30_000
"""Topics nobody watches whose numbers are still kept, for those who come back: three for each of ten thousand phones."""
MOST_IDLE_BYTES = 64 * 1024 * 1024
MOST_IN_QUERY = 20_000
"""Topics compared in one query; more would hold up the loop."""
MOST_PAIRS = 5_000
MOST_EVENTS = 1_000
"""Events read in one query, as far as can be told before; each has to be put into words."""
AT_ONCE = 100
"""Topics looked at in one turn of the loop, where there may be thousands."""

Pair = tuple[Actor, str]
"""Somebody, and the id of a thing they want to watch."""


class Subject:
    """One topic on the board."""

    __slots__ = ("id", "known", "read_in", "streams", "topic", "waiting")

    def __init__(self, topic: Topic, id: str) -> None:  # noqa: A002 - it is one
        self.topic = topic
        self.id = id
        self.known = 0
        self.read_in = 0
        """The listening in which the number was read from the database."""
        self.streams: dict[Hashable, Stream] = {}
        self.waiting: dict[asyncio.Future[None], int] = {}
        """Long polls, and the number each has already."""

    def at_least(self, seq: int) -> bool:
        """Note that it has a number; tell whether that is new, and start whoever is behind."""
        if seq <= self.known:
            return False
        self.known = seq
        for stream in self.streams.values():
            stream.kick()
        for future, after in self.waiting.items():
            if seq > after and not future.done():
                future.set_result(None)
        return True

    def go_back_to(self, last: int) -> None:
        """Correct a number that was said but never was, or is gone with a restored database."""
        self.known = last
        for stream in self.streams.values():
            stream.go_back_to(last)
            stream.kick()

    def is_idle(self) -> bool:
        """Whether nobody needs it now."""
        return not self.waiting and not any(map(Stream.is_needed, self.streams.values()))

    def size(self) -> int:
        """Give the bytes of its frames."""
        return sum(stream.ring.size for stream in self.streams.values())


class Board:
    """All topics this process knows about, those used last at the end."""

    def __init__(self, ground: Ground, topics: Iterable[Topic], figures: LiveFigures) -> None:
        self.figures = figures
        self.topics = {topic.kind: topic for topic in topics}
        self._ground = ground
        self._subjects: dict[str, Subject] = {}
        self._numbers = {
            kind: Batch[Subject, bool](partial(self._read_numbers, topic), most=MOST_IN_QUERY)
            for kind, topic in self.topics.items()
        }
        self._rights = {
            kind: Batch[Pair, Hashable | None](partial(self.views, topic), most=MOST_PAIRS)
            for kind, topic in self.topics.items()
            if topic.watch_many
        }
        self._histories = {
            kind: Batch[Asked, NumberedEvents](partial(self._read_histories, topic), most=MOST_EVENTS)
            for kind, topic in self.topics.items()
            if topic.history_many
        }
        self._listening = 0
        self._hears = False

    def began_to_listen(self) -> None:
        """Note that from now on everything published is heard; what was published before may have been missed."""
        self._listening += 1
        self._hears = True

    def stopped_to_listen(self) -> None:
        """Nothing is heard until further notice."""
        self._hears = False

    def subject(self, key: str) -> Subject | None:
        """Give a topic's place on the board, a new one if need be; None for a kind that does not exist."""
        subject = self._subjects.pop(key, None)
        if subject is None:
            kind, _, id_ = key.partition(":")
            topic = self.topics.get(kind)
            if topic is None:
                return None
            subject = Subject(topic, id_)
        self._subjects[key] = subject  # the last one again
        return subject

    def stream(self, key: str, view: Hashable, wire: str) -> Stream:
        """Give the stream of a topic in a view; `wire` is the topic's name in frames."""
        subject = self.subject(key)
        if subject is None:
            raise KeyError(key)
        if view not in subject.streams:
            subject.streams[view] = Stream(self, subject, view, wire)
        return subject.streams[view]

    def heard(self, key: str, seq: int) -> None:
        """Note what was published; topics that nobody here needed of late do not matter."""
        subject = self._subjects.get(key)
        if subject is not None:
            subject.at_least(seq)

    def is_sure(self, subject: Subject) -> bool:
        """Whether its number cannot have grown unheard since it was read."""
        return self._hears and subject.read_in == self._listening

    async def ask(self, subject: Subject) -> None:
        """Read its number from the database, together with whoever else asks."""
        await self._numbers[subject.topic.kind].ask(subject)

    def view(self, topic: Topic, actor: Actor, id_: str) -> Awaitable[Hashable]:
        """Begin to ask how somebody sees a thing, together with whoever else asks.

        Awaited, it gives the view, or raises NotFoundError if they may not see it.
        """
        if topic.watch_many is None:
            self.figures.right_reads += 1
            return topic.watch(self._ground, actor, id_)
        return _found(self._rights[topic.kind].ask((actor, id_)))

    async def views(self, topic: Topic, pairs: Sequence[Pair]) -> Sequence[Hashable | None]:
        """Ask for many at once; only of topics that can."""
        self.figures.right_reads += 1
        return await topic.watch_many(self._ground, pairs) if topic.watch_many else ()

    async def history(self, subject: Subject, after: int, view: Hashable, *, urgent: bool) -> NumberedEvents:
        """Read its events after a number, together with whoever else reads; at once if somebody waits for news."""
        together = self._histories.get(subject.topic.kind)
        if together is not None:
            try:
                missed = max(1, min(subject.known - after, MOST_EVENTS))
                return await together.ask((subject.id, after, view), weight=missed, urgent=urgent)
            except (OperationalError, OSError):
                raise
            except Exception:
                # What is wrong with one must not keep the events of all others back.
                log.warning("live_histories_failed", kind=subject.topic.kind, exc_info=True)
        self.figures.history_reads += 1
        return await subject.topic.history(self._ground, subject.id, after, view)

    async def _read_histories(self, topic: Topic, asked: Sequence[Asked]) -> Sequence[NumberedEvents]:
        self.figures.history_reads += 1
        return await topic.history_many(self._ground, asked) if topic.history_many else ()

    async def compare(self) -> None:
        """Compare every number with the database, and start whoever is behind."""
        for topic in self.topics.values():
            subjects = iter([s for s in self._subjects.values() if s.topic is topic])
            while some := list(islice(subjects, MOST_IN_QUERY)):
                try:
                    self.figures.heals += sum(await self._read_numbers(topic, some))
                except Exception:
                    log.warning("live_comparison_failed", kind=topic.kind, exc_info=True)
                    break
                for count, subject in enumerate(some, 1):
                    for stream in subject.streams.values():
                        stream.kick_if_due()
                    if not count % AT_ONCE:
                        await asyncio.sleep(0)

    async def forget_idle(self) -> None:
        """Let go of the topics that nobody needed for longest, as far as there are too many."""
        idle: list[tuple[str, int]] = []
        for count, (key, subject) in enumerate(list(self._subjects.items()), 1):
            if subject.is_idle():
                idle.append((key, subject.size()))
            if not count % AT_ONCE:
                await asyncio.sleep(0)
        count, size = len(idle), sum(size for _, size in idle)
        for key, its_size in idle:
            if count <= MOST_IDLE and size <= MOST_IDLE_BYTES:
                return
            if self._subjects[key].is_idle():  # still
                del self._subjects[key]
            count, size = count - 1, size - its_size

    def let_go(self) -> None:
        """End every long poll."""
        for subject in self._subjects.values():
            for future in subject.waiting:
                if not future.done():
                    future.set_result(None)

    async def _read_numbers(self, topic: Topic, subjects: Sequence[Subject]) -> list[bool]:
        """Read numbers in one query; tell of each whether somebody watched it and was behind."""
        self.figures.number_reads += 1
        listening = self._listening if self._hears else 0
        before = [subject.known for subject in subjects]
        found = await topic.last_numbers(self._ground, [subject.id for subject in subjects])
        behind = []
        for subject, earlier in zip(subjects, before, strict=True):
            last = found.get(subject.id, 0)
            behind.append(subject.at_least(last) and earlier > 0 and not subject.is_idle())
            if last < earlier == subject.known:
                subject.go_back_to(last)  # said before the query began, and yet not there
            subject.read_in = listening
            if not len(behind) % AT_ONCE:
                await asyncio.sleep(0)
        return behind


async def _found(view: Awaitable[Hashable | None]) -> Hashable:
    found = await view
    if found is None:
        raise NotFoundError
    return found
