"""Many who ask at the same moment share one question.

Who comes alone is asked for at once. Those who come while a question is under way gather meanwhile, and are one
question when it is answered: so nobody waits for company, and the busier it is the less each costs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from foundation.tasks import spawn

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Asks one question about all that came; the answers are in the order of what was asked."""

    def __init__(self, question: Callable[[list[Q]], Awaitable[Sequence[A]]], *, most: int = 200) -> None:
        self._question = question
        self._most = most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, about: Q) -> A:
        """Return the answer; raises what the question raised. Who is cancelled meanwhile has been asked for all the same."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((about, future))
        if self._asking is None:
            self._asking = spawn(self._ask(), name="together")
        return await future

    async def _ask(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._question([about for about, _ in asked])
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), answer in zip(asked, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
