"""From the commit of an event to one phone: a filed word, over Redis and one WebSocket."""

import asyncio
import json
import time
from itertools import count

import aiohttp
import psycopg

from benchmarks import town as towns
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.load import Line, latencies, open_loop, request
from benchmarks.stage import Stage
from foundation.tasks import spawn, stop

A_SECOND = 50
SECONDS = 2.0
LANES = 5
QUESTION = (
    f"{A_SECOND} supplements a second through the API of one process; the owner's phone watches over a WebSocket at another "
    "one. Counted from when PostgreSQL wrote the event's row, which is a moment before the commit, until the phone held the "
    "event; beside it from the sending of the supplement, with all of its storing."
)
STAMPED = """
CREATE TABLE bench_told (complaint_id uuid, seq int, at float8);
CREATE FUNCTION bench_stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO bench_told VALUES (NEW.complaint_id, NEW.seq, extract(epoch FROM clock_timestamp()));
    RETURN NULL;
END $$;
CREATE TRIGGER bench_stamp AFTER INSERT ON complaint_event FOR EACH ROW EXECUTE FUNCTION bench_stamp();
"""
"""A row's instant by the server's clock, which is the phone's too: both are on this machine."""
Events = dict[tuple[str, int], float]


async def measure(stage: Stage, *, seconds: float) -> list[Filled]:
    """Fill the table."""
    url = await stage.database()
    town = await towns.build(url, residents=10)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(STAMPED)
    _, writing = await stage.linli(database_url=url)
    _, telling = await stage.linli(database_url=url)
    lines = [await Line.to(writing) for _ in range(LANES)]
    headers = {"Authorization": f"Bearer {town.next_token()}"}
    complaints = [await _file(lines[0], headers) for _ in range(20)]

    async def told() -> Figures:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{telling}/api/v1/live") as phone:
            await _watch(phone, headers, complaints)
            arrived: Events = {}
            reader = spawn(_note(phone, arrived), name="phone")
            sent_at = await _supplement(lines, headers, complaints)
            async with asyncio.timeout(5):
                while not sent_at.keys() <= arrived.keys():  # noqa: ASYNC110 - the phone has no bell
                    await asyncio.sleep(0.01)
            await stop(reader)
        stored_at = await asyncio.to_thread(_stamps, url)
        from_sending = latencies([arrived[each] - at for each, at in sent_at.items()])
        return latencies([arrived[each] - stored_at[each] for each in sent_at]) | {
            f"sent_{name}": value for name, value in from_sending.items()
        }

    table = Table(
        name="telling",
        title="From the commit to one phone",
        question=QUESTION,
        columns=(
            Column("p50", "p50 ms", 1, True),
            Column("p99", "p99 ms", 1, True),
            Column("sent_p50", "from sending, p50 ms", 1),
            Column("sent_p99", "from sending, p99 ms", 1),
        ),
        peers=(Peer("linli", "Linli: one phone", told),),
        goals=(Goal("linli", "p50", at_most=10, to=None), Goal("linli", "p99", at_most=50, to=None)),
        base=None,
    )
    try:
        return [await run(table, seconds=seconds, rounds=3)]
    finally:
        for line in lines:
            line.close()


def _stamps(url: str) -> Events:
    with psycopg.connect(url) as connection:
        return {(str(row[0]), row[1]): row[2] for row in connection.execute("SELECT * FROM bench_told").fetchall()}


async def _file(line: Line, headers: dict[str, str]) -> str:
    body = json.dumps({"text": "三号楼二单元的楼道灯坏了"}).encode()
    status, answer = await line.ask(request("POST", "/api/v1/complaints", body=body, headers=headers))
    if status != 201:
        raise RuntimeError(f"{status}: {answer[:300]!r}")
    return str(json.loads(answer)["id"])


async def _watch(phone: aiohttp.ClientWebSocketResponse, headers: dict[str, str], complaints: list[str]) -> None:
    """Say hello, and watch until everything that was is there."""
    await phone.send_json({"type": "hello", "token": headers["Authorization"].removeprefix("Bearer ")})
    for complaint in complaints:
        await phone.send_json({"type": "watch", "topic": f"complaint:{complaint}", "after": 0})
    missing = len(complaints)
    async with asyncio.timeout(10):
        while missing:
            missing -= (await phone.receive_json())["type"] == "caught_up"


async def _note(phone: aiohttp.ClientWebSocketResponse, arrived: Events) -> None:
    """Write down when each event came."""
    while True:
        frame = await phone.receive_json()
        if frame["type"] == "event":
            arrived[frame["topic"].partition(":")[2], frame["seq"]] = time.time()


async def _supplement(lines: list[Line], headers: dict[str, str], complaints: list[str]) -> Events:
    """Send them at fixed instants; give when each was sent."""
    sent_at: Events = {}
    turns = count()
    body = json.dumps({"text": "今天又去看了，还是老样子"}).encode()

    async def once(lane: int) -> None:
        complaint = complaints[next(turns) % len(complaints)]
        path = f"/api/v1/complaints/{complaint}/supplements"
        sent = time.time()
        status, answer = await lines[lane].ask(request("POST", path, body=body, headers=headers))
        if status != 201:
            raise RuntimeError(f"{status}: {answer[:300]!r}")
        sent_at[complaint, int(json.loads(answer)["last_seq"])] = sent

    await open_loop(once, a_second=A_SECOND, seconds=SECONDS, lanes=len(lines))
    return sent_at
