"""Starting background tasks safely.

A task made inside a transaction would inherit its connection and write into
whoever's transaction holds that connection next. `spawn` starts with an empty
context, so it never does; bare `create_task` is refused by `make lint`.
"""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger(__name__)
_running: set[asyncio.Task[Any]] = set()


def spawn(work: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """Start `work` beside the caller, outside every transaction, and log it if it fails."""
    task = asyncio.get_running_loop().create_task(work, name=name, context=contextvars.Context())
    _running.add(task)  # the loop keeps only a weak reference
    task.add_done_callback(_finished)
    return task


async def stop(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it is gone.

    Before Python 3.12 `asyncio.wait_for`, which libraries use, can swallow a
    cancellation: so it is asked again each second.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1.0)
    await asyncio.gather(task, return_exceptions=True)


def _finished(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.error("task_failed", task=task.get_name(), exc_info=error)
