"""Asking for many things in one question, however many ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from foundation.tasks import spawn

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Batch(Generic[K, V]):
    """Collects keys, asks one question for all of them, and gives each its own part of the answer.

    An answer always comes from a question that began after the key was given, so it is never older than the
    asking. When it is quiet a question is asked at once; otherwise not more often than every `pause` seconds.
    """

    def __init__(self, question: Callable[[Sequence[K]], Awaitable[Sequence[V]]], *, pause: float, most: int) -> None:
        self._question = question
        self._pause = pause
        self._most = most
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._task: asyncio.Task[None] | None = None
        self._next_at = 0.0

    async def ask(self, key: K) -> V:
        """Return what was answered about the key; raises what the question raised."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = spawn(self._run(), name="live-batch")
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(max(0.0, self._next_at - loop.time()))
            keys = list(self._waiting)[: self._most]
            asked = {key: self._waiting.pop(key) for key in keys}
            self._next_at = loop.time() + self._pause
            await self._put(asked)
        self._task = None

    async def _put(self, asked: dict[K, asyncio.Future[V]]) -> None:
        try:
            answers = await self._question(list(asked))
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            for future in asked.values():
                future.set_exception(error)
                future.exception()  # seen, also if nobody waits any more
        else:
            for future, answer in zip(asked.values(), answers, strict=True):
                future.set_result(answer)
