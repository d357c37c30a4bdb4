"""Applying the dispatch core's signed updates: taken in at the door, stored, and turned into events by the desk."""

import asyncio
import json
import time
from itertools import count
from uuid import UUID

import psycopg

from benchmarks import town as towns
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.load import Line, request
from benchmarks.stage import Stage
from community.complaints.dispatch.signature import sign
from foundation.clock import real_now

AT_ONCE = 16
UPDATES = 600
COMPLAINTS = 3_000
PATH = "/api/v1/callbacks/dispatch"
KEY, SECRET = "bench-1", "a secret of this run"
QUESTION = (
    f"{UPDATES} signed updates of as many complaints come in over {AT_ONCE} connections; measured until the last of them is "
    "an event, with state and promises made anew. Door and desk are one process on one core, and each update is its own "
    "transaction. Beside it one durable insert of one row through the same driver and pool."
)
_FILL = """
INSERT INTO complaint (id, number, resident_id, channel, text, place_id, confidential, anonymous, answers, result_days,
                       filed_at, status, round, last_seq)
SELECT gen_random_uuid(), 'b' || n, %s, 'miniprogram', '三号楼二单元的楼道灯坏了', %s, false, false, '{}', 5, now(),
       'submitted', 1, 1
FROM generate_series(1, %s::int) n RETURNING id
"""
_FIRST = """
INSERT INTO complaint_event (complaint_id, seq, type, source, round, occurred_at, received_at, media, detail)
SELECT id, 1, 'submitted', 'resident', 1, filed_at, filed_at, '[]', '{}' FROM complaint
"""


async def measure(stage: Stage, *, seconds: float) -> list[Filled]:
    """Fill the table."""
    url = await stage.database()
    town = await towns.build(url, residents=10)
    ids = _fill(url, town)
    raw = await stage.agent("benchmarks.raw", BENCH_DATABASE_URL=url)
    _, address = await stage.linli("all", database_url=url, LINLI_DISPATCH__CALLBACK_KEYS=json.dumps({KEY: SECRET}))
    lines = [await Line.to(address) for _ in range(AT_ONCE)]
    numbers = count()

    async def updates() -> Figures:
        calls = [_call(ids, next(numbers)) for _ in range(UPDATES)]
        began = time.perf_counter()
        await asyncio.gather(*(_post(lines[lane], calls[lane::AT_ONCE]) for lane in range(AT_ONCE)))
        taken = time.perf_counter() - began
        await _all_applied(url)
        return {"per_second": UPDATES / (time.perf_counter() - began), "taken": UPDATES / taken}

    async def raw_inserts() -> Figures:
        return await raw.ask("insert", at_once=AT_ONCE, seconds=1.0)

    table = Table(
        name="applying",
        title="Applying signed updates",
        question=QUESTION,
        columns=(Column("per_second", "applied a second"), Column("taken", "taken in a second")),
        peers=(Peer("raw", "one durable insert", raw_inserts), Peer("linli", "Linli: updates", updates)),
        goals=(Goal("linli", "per_second", at_least=0.15),),
    )
    try:
        return [await run(table, seconds=seconds * 0.7)]
    finally:
        for line in lines:
            line.close()


def _fill(url: str, town: towns.Town) -> list[UUID]:
    with psycopg.connect(url) as connection:
        values = [town.resident_ids[0], town.building_id, COMPLAINTS]
        ids = [row[0] for row in connection.execute(_FILL, values).fetchall()]
        connection.execute(_FIRST)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    return ids


def _call(ids: list[UUID], number: int) -> bytes:
    """Write a signed update: first each complaint is assigned, later units tell how it goes."""
    kind = ("assigned", "accepted", "in_progress", "note")[min(3, number // len(ids))]
    now = real_now()
    body = json.dumps(
        {
            "update_id": f"bench-{number}",
            "external_id": str(ids[number % len(ids)]),
            "event": kind,
            "updated_datetime": now.isoformat(),
            "agency_responsible": "民治街道办事处",
            "description": "已经安排人到现场看过，正在处理",
        }
    ).encode()
    timestamp, nonce = str(int(now.timestamp())), str(number)
    headers = {
        "X-Linli-Key-Id": KEY,
        "X-Linli-Timestamp": timestamp,
        "X-Linli-Nonce": nonce,
        "X-Linli-Signature": sign(SECRET, timestamp=timestamp, nonce=nonce, method="POST", path=PATH, body=body),
    }
    return request("POST", PATH, body=body, headers=headers)


async def _post(line: Line, calls: list[bytes]) -> None:
    for call in calls:
        status, body = await line.ask(call)
        if status != 200:
            raise RuntimeError(f"{status}: {body[:300]!r}")


async def _all_applied(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        async with asyncio.timeout(60):
            while True:
                cursor = await connection.execute("SELECT 1 FROM dispatch_update WHERE state = 'waiting' LIMIT 1")
                if await cursor.fetchone() is None:
                    break
                await asyncio.sleep(0.01)
        cursor = await connection.execute("SELECT count(*) FROM dispatch_update WHERE state <> 'done'")
        row = await cursor.fetchone()
        if row and row[0]:
            raise RuntimeError(f"{row[0]} updates were not applied")
