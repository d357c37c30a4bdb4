"""The inside of a process that does as it is asked: one JSON line in, one out.

A module says `obey({"insert": insert})` in its `__main__` block; `stage.agent("benchmarks.raw")` starts it and
`agent.ask("insert", seconds=1)` runs `await insert(seconds=1)` there.
"""

import asyncio
import gc
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Task = Callable[..., Awaitable[Mapping[str, Any]]]


def obey(tasks: Mapping[str, Task]) -> None:
    """Do tasks as they are asked for until the other side ends."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_obey(tasks))


async def _obey(tasks: Mapping[str, Task]) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        asked = json.loads(line)
        try:
            answer = dict(await tasks[asked["task"]](**asked["how"]))
        except Exception:  # noqa: BLE001 - whoever asked is told
            answer = {"failed": traceback.format_exc(limit=6)}
        gc.collect()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _loop_factory() -> Any:
    try:
        import uvloop  # noqa: PLC0415 - the peers' Python may have none
    except ImportError:
        return None
    return uvloop.new_event_loop
