"""Asking for many things in one question, however many ask at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from foundation.tasks import spawn

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

TIMES_AS_LONG = 20
LONGEST_PAUSE_SECONDS = 0.5
"""A question is asked a twentieth of the time at most. So the more come, and the slower the database or we ourselves
become, the more are asked about together: a thousand who come back in a second are a few questions, and one who comes
alone waits for nobody."""
RELEASED_AT_ONCE = 50
"""Answers given out in one turn of the loop: each lets somebody go on."""


@dataclass(slots=True)
class _Asked(Generic[V]):
    """One key that waits for its question, and who asked; each asker may leave without the others."""

    weight: int
    askers: list[asyncio.Future[V]] = field(default_factory=list)

    def answer(self, value: V) -> None:
        for asker in self.askers:
            if not asker.done():
                asker.set_result(value)

    def fail(self, error: Exception) -> None:
        for asker in self.askers:
            if not asker.done():
                asker.set_exception(error)
                asker.exception()  # seen, also if nobody waits any more


class Batch(Generic[K, V]):
    """Collects keys, asks one question for all of them, and gives each its own part of the answer.

    An answer always comes from a question that began after the key was given, so it is never older than the
    asking. One question is under way at a time, about as many keys as weigh `most` together, and about one at least.
    """

    def __init__(self, question: Callable[[Sequence[K]], Awaitable[Sequence[V]]], *, most: int) -> None:
        self._question = question
        self._most = most
        self._waiting: dict[K, _Asked[V]] = {}
        self._task: asyncio.Task[None] | None = None
        self._next_at = 0.0
        self._urgent = asyncio.Event()

    def ask(self, key: K, *, weight: int = 1, urgent: bool = False) -> asyncio.Future[V]:
        """Begin to ask about a key; awaited, it gives the answer or raises what the question raised.

        What is urgent waits for no pause, and takes along whoever waits.
        """
        asked = self._waiting.get(key)
        if asked is None:
            asked = self._waiting[key] = _Asked(weight)
        asker: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        asked.askers.append(asker)
        if urgent:
            self._urgent.set()
        if self._task is None:
            self._task = spawn(self._run(), name="live-batch")
        return asker

    async def _run(self) -> None:
        while self._waiting:
            await self._pause()
            asked, began = self._take(), time.monotonic()
            full = bool(self._waiting)  # then the next question is full too, or nearly: there is nothing to wait for
            await self._put(asked)
            pause = min(LONGEST_PAUSE_SECONDS, TIMES_AS_LONG * (time.monotonic() - began))
            self._next_at = began if full else began + pause
        self._task = None

    async def _pause(self) -> None:
        left = self._next_at - time.monotonic()
        if left > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._urgent.wait()
        self._urgent.clear()

    def _take(self) -> dict[K, _Asked[V]]:
        """Take those that have waited longest, as many as one question may be about."""
        taken: dict[K, _Asked[V]] = {}
        left = self._most
        for key, asked in self._waiting.items():
            left -= asked.weight
            if taken and left < 0:
                break
            taken[key] = asked
        for key in taken:
            del self._waiting[key]
        return taken

    async def _put(self, asked: dict[K, _Asked[V]]) -> None:
        try:
            answers = await self._question(list(asked))
            if len(answers) != len(asked):
                raise ValueError(f"{len(answers)} answers about {len(asked)}")  # noqa: TRY301 - theirs too
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            for each in asked.values():
                each.fail(error)
        else:
            for count, (each, answer) in enumerate(zip(asked.values(), answers, strict=True), 1):
                each.answer(answer)
                if not count % RELEASED_AT_ONCE:
                    await asyncio.sleep(0)
