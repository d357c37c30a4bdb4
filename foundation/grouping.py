"""Once for many: `Grouped` for callers who wait for what comes of it, `Later` for those who do not.

Who comes alone goes at once. Callers that come while a batch is under way share the next one, so under load the
batches grow by themselves.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from foundation.tasks import spawn, stop

T = TypeVar("T")
R = TypeVar("R")


class Grouped(Generic[T, R]):
    """Does `work` for many callers at once; it gets what waits, in order, and gives one result for each."""

    def __init__(self, work: Callable[[list[T]], Awaitable[list[R]]], *, most: int = 200) -> None:
        self._work = work
        self._most = most
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._running = False

    async def add(self, one: T) -> R:
        """Wait until `one` was done with its batch, and give its result; a failed batch fails for each.

        Call it outside of every transaction.
        """
        if not self._running:
            return await self._do_alone(one)
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        return await done

    async def _do_alone(self, one: T) -> R:
        """Do it without a task: each would send the caller twice to the end of the loop's queue."""
        self._running = True
        try:
            [result] = await self._work([one])
        finally:
            if self._waiting:
                spawn(self._run(), name="grouped")
            else:
                self._running = False
        return result

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._do(batch)
        finally:
            self._running = False

    async def _do(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._work([one for one, _ in batch])
            pairs = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 - each caller gets it and answers for itself
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), result in pairs:
            if not done.done():
                done.set_result(result)


class Later(Generic[T]):
    """Does `work` for all that was put down, in a moment and once for many; nobody waits for it.

    It is done at most once in `pause` seconds. What `work` cannot do it must answer for itself: nobody is told.
    """

    def __init__(self, work: Callable[[list[T]], Awaitable[None]], *, pause: float) -> None:
        self._work = work
        self._pause = pause
        self._waiting: list[T] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, one: T) -> None:
        """Put something down to be done."""
        self._waiting.append(one)
        if self._task is None or self._task.done():
            self._task = spawn(self._run(), name="later")

    async def done(self) -> None:
        """Wait until all is done that was put down."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def drop(self) -> None:
        """Let go of what was not done yet."""
        if self._task is not None:
            await stop(self._task)

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._work(batch)
            await asyncio.sleep(self._pause)
