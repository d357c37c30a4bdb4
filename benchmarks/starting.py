"""How long a process needs to be ready, and how much memory it takes with nothing to do."""

import asyncio
import time

from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.stage import Stage

QUESTION = (
    "`linli serve` on a database that is up to date: from the start of the process until it has announced its address, "
    "and the memory it holds a second later (resident, with everything shared counted as its own)."
)


async def measure(stage: Stage, *, seconds: float) -> list[Filled]:
    """Fill the table."""
    url = await stage.database()

    async def start(command: str) -> Figures:
        began = time.perf_counter()
        process, _ = await stage.linli(command, database_url=url, LINLI_DATABASE__POOL="12")
        ready = time.perf_counter() - began
        await asyncio.sleep(1.0)
        resident = process.resident_mib()
        await asyncio.to_thread(process.end)
        return {"seconds": ready, "mib": resident}

    table = Table(
        name="starting",
        title="Starting, and waiting for work",
        question=QUESTION,
        columns=(Column("seconds", "s to ready", 2, True), Column("mib", "MiB idle", 0, True)),
        peers=(
            Peer("linli", "linli serve", lambda: start("serve")),
            Peer("linli-work", "linli work", lambda: start("work")),
        ),
        goals=(
            Goal("linli", "seconds", at_most=3.0, to=None),
            Goal("linli", "mib", at_most=150.0, to=None),
        ),
        base=None,
    )
    return [await run(table, seconds=seconds, rounds=3, warm_up=False)]
