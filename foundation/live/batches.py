"""Asking for many things in one question, however many ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from foundation.tasks import spawn

K = TypeVar("K")


class Batch(Generic[K]):
    """Collects keys and asks one question for all of them.

    An answer always comes from a question that began after the key was given, so it is never older than the
    asking. When it is quiet a question is asked at once; otherwise not more often than every `pause` seconds.
    """

    def __init__(self, question: Callable[[Sequence[K]], Awaitable[object]], *, pause: float) -> None:
        self._question = question
        self._pause = pause
        self._keys: dict[K, None] = {}
        self._answer: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._next_at = 0.0

    async def ask(self, key: K) -> None:
        """Return when a question about the key, begun after now, was answered; raises what it raised."""
        if self._answer is None:
            self._answer = asyncio.get_running_loop().create_future()
        self._keys[key] = None
        answer = self._answer
        if self._task is None:
            self._task = spawn(self._run(), name="live-batch")
        await asyncio.shield(answer)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._answer is not None:
            await asyncio.sleep(max(0.0, self._next_at - loop.time()))
            keys, answer = list(self._keys), self._answer
            self._keys, self._answer = {}, None
            self._next_at = loop.time() + self._pause
            try:
                await self._question(keys)
            except Exception as error:  # noqa: BLE001 - it belongs to those who asked
                answer.set_exception(error)
                answer.exception()  # seen, also if nobody waits any more
            else:
                answer.set_result(None)
        self._task = None
