"""Asking for many things in one question, however many ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from foundation.tasks import spawn

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LONGEST_PAUSE_SECONDS = 0.25
PAUSE_SECONDS_EACH = 0.001
"""The more have asked, the longer the next question waits for more of them: a thousand who come back in a
second are some questions, and one who comes alone waits for nobody."""
RELEASED_AT_ONCE = 50
"""Answers given out in one turn of the loop: each lets somebody go on."""


class Batch(Generic[K, V]):
    """Collects keys, asks one question for all of them, and gives each its own part of the answer.

    An answer always comes from a question that began after the key was given, so it is never older than the
    asking. When it is quiet a question is asked at once; otherwise not more often than every `pause` seconds.
    One question is about as many keys as weigh `most` together, and about one at least.
    """

    def __init__(self, question: Callable[[Sequence[K]], Awaitable[Sequence[V]]], *, pause: float, most: int) -> None:
        self._question = question
        self._pause = pause
        self._most = most
        self._waiting: dict[K, tuple[asyncio.Future[V], int]] = {}
        self._task: asyncio.Task[None] | None = None
        self._next_at = 0.0

    async def ask(self, key: K, *, weight: int = 1) -> V:
        """Return what was answered about the key; raises what the question raised."""
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = (asyncio.get_running_loop().create_future(), weight)
        if self._task is None:
            self._task = spawn(self._run(), name="live-batch")
        return await asyncio.shield(waiting[0])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(max(0.0, self._next_at - loop.time()))
            asked = self._take()
            pause = max(self._pause, min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS_EACH * len(asked)))
            self._next_at = loop.time() + pause
            await self._put(asked)
        self._task = None

    def _take(self) -> dict[K, asyncio.Future[V]]:
        """Take those that have waited longest, as many as one question may be about."""
        taken: dict[K, asyncio.Future[V]] = {}
        left = self._most
        for key, (future, weight) in self._waiting.items():
            left -= weight
            if taken and left < 0:
                break
            taken[key] = future
        for key in taken:
            del self._waiting[key]
        return taken

    async def _put(self, asked: dict[K, asyncio.Future[V]]) -> None:
        try:
            answers = await self._question(list(asked))
            if len(answers) != len(asked):
                raise ValueError(f"{len(answers)} answers about {len(asked)}")  # noqa: TRY301 - theirs too
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            for future in asked.values():
                future.set_exception(error)
                future.exception()  # seen, also if nobody waits any more
        else:
            for count, (future, answer) in enumerate(zip(asked.values(), answers, strict=True), 1):
                future.set_result(answer)
                if not count % RELEASED_AT_ONCE:
                    await asyncio.sleep(0)
