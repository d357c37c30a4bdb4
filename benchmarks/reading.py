"""Reading a complaint through the API, beside one indexed read of one row."""

import json

from benchmarks import town as towns
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.load import Line, closed, request
from benchmarks.stage import Stage

AT_ONCE = 16
COMPLAINTS = 200
QUESTION = (
    "`GET /complaints/{id}` as its owner: who asks, may they see it, the complaint with place, promises, result, rating, "
    "how far passing on has come and who follows. Beside it one row read by its key through the same driver and pool. "
    f"{AT_ONCE} at once, one process on one core."
)


async def measure(stage: Stage, *, seconds: float) -> list[Filled]:
    """Fill the table."""
    url = await stage.database()
    town = await towns.build(url)
    raw = await stage.agent("benchmarks.raw", BENCH_DATABASE_URL=url)
    _, address = await stage.linli(database_url=url)
    lines = [await Line.to(address) for _ in range(AT_ONCE)]
    requests = [await _read_back(lines[0], town) for _ in range(COMPLAINTS)]
    turns = iter(range(10**9))

    async def read(lane: int) -> None:
        status, body = await lines[lane].ask(requests[next(turns) % COMPLAINTS])
        if status != 200:
            raise RuntimeError(f"{status}: {body[:300]!r}")

    async def raw_reads() -> Figures:
        return await raw.ask("read", at_once=AT_ONCE, seconds=0.8)

    async def reads() -> Figures:
        return await closed(read, at_once=AT_ONCE, seconds=1.2)

    table = Table(
        name="reading",
        title="Reading a complaint",
        question=QUESTION,
        columns=(Column("per_second", "a second"), Column("p50", "p50 ms", 1), Column("p99", "p99 ms", 1)),
        peers=(Peer("raw", "one indexed row", raw_reads), Peer("linli", "Linli: a complaint", reads)),
        goals=(Goal("linli", "per_second", at_least=0.3),),
    )
    try:
        return [await run(table, seconds=seconds * 0.6)]
    finally:
        for line in lines:
            line.close()


async def _read_back(line: Line, town: towns.Town) -> bytes:
    """File a complaint and give the request that reads it."""
    token = town.next_token()
    headers = {"Authorization": f"Bearer {token}"}
    body = json.dumps({"text": "三号楼二单元的楼道灯坏了"}).encode()
    status, answer = await line.ask(request("POST", "/api/v1/complaints", body=body, headers=headers))
    if status != 201:
        raise RuntimeError(f"{status}: {answer[:300]!r}")
    return request("GET", f"/api/v1/complaints/{json.loads(answer)['id']}", headers=headers)
