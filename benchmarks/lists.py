"""Lists and searches in a district with ten thousand, a hundred thousand and a million complaints."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import psycopg

from benchmarks import crowd
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.load import Line, request
from benchmarks.plans import faults_in_plans
from benchmarks.stage import Stage

SIZES = (10_000, 100_000, 1_000_000)
TIMES = 30
LONGEST_FILL = 150.0
"""A size is left out if its filling would take longer, as far as the one before it tells."""
ASKED = {
    "mine": "/api/v1/complaints?scope=mine&limit=20",
    "followed": "/api/v1/complaints?scope=followed&limit=20",
    "nearby": "/api/v1/complaints?scope=nearby&limit=20",
    "similar": f"/api/v1/complaints/similar?text={quote('电梯又停了，老人出不了门')}",
    "places": f"/api/v1/places?q={quote('北站 5栋')}",
}
QUESTION = (
    "The same five questions of one resident, one after another: one's own complaints, those one follows, what is open "
    "nearby, what is like a new one, and a search for a building. As many are filed a day in each, and all have a whole "
    "month behind them, so what grows is the history. Medians in milliseconds, over HTTP."
)


async def measure(stage: Stage, *, seconds: float) -> list[Filled]:
    """Fill the table; the plans of what is asked are looked at in the largest."""
    crowds, took = [], 0.0
    for size in SIZES if seconds >= 60 else SIZES[:2]:
        if took * 10 > LONGEST_FILL:  # on a busy machine rather without the largest than for ever
            break
        began = time.perf_counter()
        crowds.append(await asyncio.to_thread(crowd.fill, await stage.database(), complaints=size))
        took = time.perf_counter() - began if size > SIZES[0] else 0.0
    peers = [Peer(_key(each), f"{each.complaints:,} complaints", await _asking(stage, each)) for each in crowds]
    largest = _key(crowds[-1])
    table = Table(
        name="lists",
        title="Lists and searches as the district grows",
        question=QUESTION,
        columns=tuple(Column(name, f"{name} ms", 2, True) for name in ASKED),
        peers=peers,
        goals=tuple(Goal(largest, name, at_most=1.2, to=_key(crowds[0])) for name in ASKED),
        base=_key(crowds[0]),
    )
    filled = await run(table, seconds=seconds * 0.3, rounds=7)
    with psycopg.connect(crowds[-1].url, autocommit=True) as connection:
        faults = faults_in_plans(connection)
    filled.remarks.append(
        f"Plans that read a whole table: {', '.join(faults)}."
        if faults
        else "No plan reads a whole table of complaints."
    )
    return [filled]


def _key(each: crowd.Crowd) -> str:
    return f"linli-{each.complaints}"


async def _asking(stage: Stage, each: crowd.Crowd) -> Callable[[], Awaitable[Figures]]:
    _, address = await stage.linli(database_url=each.url, LINLI_DATABASE__POOL="2")
    line = await Line.to(address)
    headers = {"Authorization": f"Bearer {each.token}"}

    async def ask() -> Figures:
        return {name: await _median(line, request("GET", path, headers=headers)) for name, path in ASKED.items()}

    return ask


async def _median(line: Line, asked: bytes) -> float:
    waits = []
    for _ in range(TIMES):
        began = time.perf_counter()
        status, body = await line.ask(asked)
        waits.append((time.perf_counter() - began) * 1000)
        if status != 200:
            raise RuntimeError(f"{status}: {body[:300]!r}")
    return statistics.median(waits)
