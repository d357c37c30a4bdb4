"""From the commit of an event to one phone: a filed word, over Redis and one WebSocket."""

import asyncio
import json
import time

import aiohttp

from benchmarks import town as towns
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.load import Line, latencies, request
from benchmarks.stage import Stage
from foundation.tasks import spawn, stop

A_SECOND = 50
SECONDS = 3.0
QUESTION = (
    f"{A_SECOND} supplements a second through the API of one process; the owner's phone watches over a WebSocket at another "
    "one. Counted from the instant the first process had committed and answered until the phone held the event; where the "
    "phone was quicker than the answer, that is none."
)


async def measure(stage: Stage, *, seconds: float) -> list[Filled]:
    """Fill the table."""
    url = await stage.database()
    town = await towns.build(url, residents=10)
    _, writing = await stage.linli(database_url=url)
    _, telling = await stage.linli(database_url=url)
    line = await Line.to(writing)
    headers = {"Authorization": f"Bearer {town.next_token()}"}
    complaints = [await _file(line, headers) for _ in range(5)]

    async def told() -> Figures:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{telling}/api/v1/live") as phone:
            await _watch(phone, headers, complaints)
            arrived: dict[tuple[str, int], float] = {}
            reader = spawn(_note(phone, arrived), name="phone")
            answered = await _supplement(line, headers, complaints)
            async with asyncio.timeout(5):
                while not answered.keys() <= arrived.keys():  # noqa: ASYNC110 - the phone has no bell
                    await asyncio.sleep(0.01)
            await stop(reader)
        return latencies([max(0.0, arrived[each] - at) for each, at in answered.items()])

    table = Table(
        name="telling",
        title="From the commit to one phone",
        question=QUESTION,
        columns=(Column("p50", "p50 ms", 1, True), Column("p99", "p99 ms", 1, True)),
        peers=(Peer("linli", "Linli: one phone", told),),
        goals=(Goal("linli", "p50", at_most=10, to=None), Goal("linli", "p99", at_most=50, to=None)),
        base=None,
    )
    try:
        return [await run(table, seconds=seconds, rounds=3)]
    finally:
        line.close()


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


async def _note(phone: aiohttp.ClientWebSocketResponse, arrived: dict[tuple[str, int], float]) -> None:
    """Write down when each event came."""
    while True:
        frame = await phone.receive_json()
        if frame["type"] == "event":
            arrived[frame["topic"].partition(":")[2], frame["seq"]] = time.perf_counter()


async def _supplement(line: Line, headers: dict[str, str], complaints: list[str]) -> dict[tuple[str, int], float]:
    """Send them at fixed instants; give when each was answered."""
    answered: dict[tuple[str, int], float] = {}
    began = time.perf_counter()
    for number in range(int(A_SECOND * SECONDS)):
        if (early := began + number / A_SECOND - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        complaint = complaints[number % len(complaints)]
        body = json.dumps({"text": "今天又去看了，还是老样子"}).encode()
        status, answer = await line.ask(
            request("POST", f"/api/v1/complaints/{complaint}/supplements", body=body, headers=headers)
        )
        if status != 201:
            raise RuntimeError(f"{status}: {answer[:300]!r}")
        answered[(complaint, int(json.loads(answer)["last_seq"]))] = time.perf_counter()
    return answered
