"""Filing a complaint through the API, beside one durable insert of one row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks import town as towns
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.load import Line, closed, open_loop
from benchmarks.stage import Agent, Stage

AT_ONCE = 16
QUESTION = (
    "Everything that happens to a complaint when a phone files it: the body is checked, the caller is known, the limit "
    "is counted, and key, complaint, first event, deadlines, message to the core and jobs are one durable commit. Beside "
    f"it one durable insert of one row through the same driver and pool. {AT_ONCE} at once, one process on one core; "
    "PostgreSQL, Redis and the load have the other. `fsync` and `synchronous_commit` are on."
)


async def measure(stage: Stage, *, seconds: float) -> list[Filled]:
    """Fill the table of filing, and the one of its waits at a fixed pace."""
    async with _scene(stage) as scene:
        return [
            await run(_throughput(scene), seconds=seconds * 0.6),
            await run(_waits(scene), seconds=seconds * 0.4, rounds=3),
        ]


@dataclass(frozen=True, slots=True)
class _Scene:
    """A town whose residents file, and who takes it."""

    town: towns.Town
    raw: Agent
    lines: list[Line]
    sketch_lines: list[Line]
    """Empty if what others would build did not come up."""

    async def file(self, lane: int) -> None:
        await self.file_over(self.lines[lane])

    async def file_over(self, line: Line) -> None:
        status, body = await line.ask(self.town.filing())
        if status != 201:
            raise RuntimeError(f"{status}: {body[:300]!r}")


@asynccontextmanager
async def _scene(stage: Stage) -> AsyncIterator[_Scene]:
    url = await stage.database()
    town = await towns.build(url)
    raw = await stage.agent("benchmarks.raw", BENCH_DATABASE_URL=url)
    _, address = await stage.linli(database_url=url)
    lines = [await Line.to(address) for _ in range(AT_ONCE * 2)]
    sketch = await stage.peer("benchmarks.sketch", database_url=url)
    sketch_lines = [await Line.to(sketch) for _ in range(AT_ONCE)] if sketch else []
    try:
        yield _Scene(town, raw, lines, sketch_lines)
    finally:
        for line in (*lines, *sketch_lines):
            line.close()


def _throughput(scene: _Scene) -> Table:
    async def raw_inserts() -> Figures:
        return await scene.raw.ask("insert", at_once=AT_ONCE, seconds=1.0)

    async def filings() -> Figures:
        return await closed(scene.file, at_once=AT_ONCE, seconds=2.0)

    async def sketched() -> Figures:
        return await closed(lambda lane: scene.file_over(scene.sketch_lines[lane]), at_once=AT_ONCE, seconds=1.5)

    return Table(
        name="filing",
        title="Filing a complaint",
        question=QUESTION,
        columns=(Column("per_second", "a second"), Column("p50", "p50 ms", 1), Column("p99", "p99 ms", 1)),
        peers=(
            Peer("raw", "one durable insert", raw_inserts),
            Peer("linli", "Linli: filing", filings),
            *([Peer("sketch", "aiohttp and asyncpg, one by one", sketched)] if scene.sketch_lines else []),
        ),
        goals=(Goal("linli", "per_second", at_least=0.15),),
    )


def _waits(scene: _Scene) -> Table:
    async def raw_paced() -> Figures:
        return await scene.raw.ask("insert", at_once=AT_ONCE * 2, seconds=2.0, a_second=200)

    async def filings_paced() -> Figures:
        return await open_loop(scene.file, a_second=200, seconds=2.5, lanes=AT_ONCE * 2)

    return Table(
        name="filing-waits",
        title="Filing at 200 a second",
        question="The same at a fixed pace, each wait counted from the instant at which the request was due.",
        columns=(Column("p99", "p99 ms", 1, True), Column("p50", "p50 ms", 1, True), Column("per_second", "a second")),
        peers=(
            Peer("raw", "one durable insert", raw_paced),
            Peer("linli", "Linli: filing", filings_paced),
        ),
        goals=(Goal("linli", "p99", at_most=25, to=None),),
    )
