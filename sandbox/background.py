"""The one place where a stand-in starts something that runs beside its calls. Start at `running`."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

logger = logging.getLogger(__name__)


@asynccontextmanager
async def running(work: Callable[[], Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Work goes on until the block is left; a failure is logged and the work starts again."""
    task = asyncio.create_task(_without_end(work))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _without_end(work: Callable[[], Coroutine[None, None, None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            logger.exception("background work failed, starting it again")
            await asyncio.sleep(1)
