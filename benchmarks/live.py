"""One event to ten thousand open sockets of one process, beside the raw protocol and what others would build.

Linli is measured whole: `linli serve` over PostgreSQL, phones that signed in, each with its right to watch. An
event is committed, told through Redis, read, put into words and written to all. The others get the same text
through Redis and write it. Every phone's list is checked: nothing missing, nothing twice.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from redis.asyncio import Redis

from benchmarks import town
from benchmarks.harness import Column, Figures, Filled, Goal, Peer, Table, run
from benchmarks.live_peers import CHANNEL
from benchmarks.live_phones import cpu_seconds, memory_kib
from benchmarks.stage import PEERS, Agent, Stage
from foundation.clock import real_now

PHONES = 10_000
MESSAGES = 3
"""One sample is the median of so many."""
PAUSE_SECONDS = 0.15
TEXT = (
    "已联系物业，明天上午派人到三号楼检修，请居民留意门口的通知，修好之前晚上出入请走西边楼梯，带好手电，谢谢大家配合"
)
INSERT = """
INSERT INTO complaint_event
    (complaint_id, seq, type, source, round, occurred_at, received_at, text, media, detail, unit)
SELECT id, last_seq + 1, 'note', 'core', 1, now(), now(), %s, '[]', '{"public": true}', '民治街道综合执法队'
FROM complaint WHERE id = %s RETURNING seq"""


class Complaints:
    """Complaints that everybody follows, and what happens to them, written as the rows the product writes."""

    def __init__(self, url: str, redis_url: str, *, place_id: int) -> None:
        self._place_id = place_id
        self._database = psycopg.connect(url, autocommit=True)
        self.redis = Redis.from_url(redis_url)

    def file(self, resident_ids: list[int], *, owner: int, followed: bool = True) -> str:
        """File one, with its first event; everybody follows it if so wished."""
        complaint_id, now = str(uuid4()), real_now()
        with self._database.transaction():
            self._database.execute(
                """INSERT INTO complaint (id, number, resident_id, channel, text, place_id, confidential, anonymous, answers,
                       result_days, filed_at, status, round, last_seq)
                   VALUES (%s, %s, %s, 'miniprogram', %s, %s, false, false, '{}', 5, %s, 'submitted', 1, 0)""",
                [complaint_id, complaint_id[:18], owner, TEXT, self._place_id, now],
            )
            if followed:
                self._database.execute(
                    """INSERT INTO complaint_follow (complaint_id, resident_id, followed_at)
                       SELECT %s, id, %s FROM unnest(%s::bigint[]) AS id WHERE id <> %s""",
                    [complaint_id, now, resident_ids, owner],
                )
        self.happens(complaint_id)
        return complaint_id

    def happens(self, complaint_id: str, text: str = TEXT) -> int:
        """Commit one more event; give its number."""
        with self._database.transaction():
            row = self._database.execute(INSERT, [text, complaint_id]).fetchone()
            seq = row[0] if row else 0
            self._database.execute("UPDATE complaint SET last_seq = %s WHERE id = %s", [seq, complaint_id])
        return int(seq)

    async def tell(self, complaint_id: str, seq: int) -> None:
        """Say that it is so, as the process does that committed it."""
        await self.redis.publish("linli:live", f"complaint:{complaint_id} {seq}")

    def file_many(self, resident_ids: list[int], name: str) -> list[str]:
        """File one for each of these, with its first event."""
        rows = self._database.execute(
            """INSERT INTO complaint (id, number, resident_id, channel, text, place_id, confidential, anonymous, answers,
                   result_days, filed_at, status, round, last_seq)
               SELECT gen_random_uuid(), %s || place, id, 'miniprogram', %s, %s, false, false, '{}', 5, now(),
                   'submitted', 1, 0
               FROM unnest(%s::bigint[]) WITH ORDINALITY AS owner(id, place) RETURNING id""",
            [name, TEXT, self._place_id, resident_ids],
        ).fetchall()
        ids = [str(row[0]) for row in rows]
        self.happen(ids, [1] * len(ids))
        return ids

    def follow(self, pairs: list[tuple[str, int]]) -> None:
        """Let residents follow complaints that are not their own."""
        self._database.execute(
            """INSERT INTO complaint_follow (complaint_id, resident_id, followed_at)
               SELECT w.complaint_id, w.resident_id, now() FROM unnest(%s::uuid[], %s::bigint[]) AS w(complaint_id, resident_id)
               JOIN complaint c ON c.id = w.complaint_id WHERE c.resident_id <> w.resident_id""",
            [[each for each, _ in pairs], [each for _, each in pairs]],
        )

    def happen(self, ids: list[str], counts: list[int]) -> dict[str, int]:
        """Commit so many more events of each; give the last numbers."""
        with self._database.transaction():
            self._database.execute(
                """INSERT INTO complaint_event
                       (complaint_id, seq, type, source, round, occurred_at, received_at, text, media, detail, unit)
                   SELECT c.id, c.last_seq + g, 'note', 'core', 1, now(), now(), %s, '[]', '{"public": true}', '民治街道'
                   FROM unnest(%s::uuid[], %s::int[]) AS new(id, count) JOIN complaint c ON c.id = new.id
                   CROSS JOIN LATERAL generate_series(1, new.count) AS g""",
                [TEXT, ids, counts],
            )
            rows = self._database.execute(
                """UPDATE complaint SET last_seq = last_seq + new.count
                   FROM unnest(%s::uuid[], %s::int[]) AS new(id, count)
                   WHERE complaint.id = new.id RETURNING complaint.id, last_seq""",
                [ids, counts],
            ).fetchall()
        return {str(row[0]): int(row[1]) for row in rows}

    async def tell_all(self, numbers: Mapping[str, int]) -> None:
        """Say of many that it is so."""
        async with self.redis.pipeline(transaction=False) as told:
            for complaint_id, seq in numbers.items():
                told.publish("linli:live", f"complaint:{complaint_id} {seq}")
            await told.execute()

    def commits(self) -> int:
        """Count what the database has done, statement for statement."""
        row = self._database.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int((row.fetchone() or [0])[0])


@dataclass(slots=True)
class Crowded:
    """One server with its ten thousand phones."""

    peer: str
    server: Agent | None
    pid: int
    port: int
    phones: Agent
    kib: float = 0.0
    came_in: float = 0.0


class Square:
    """All servers of the table, each with its own crowd."""

    def __init__(self, stage: Stage, complaints: Complaints) -> None:
        self.stage = stage
        self.complaints = complaints
        self.topic = ""
        self.crowded: dict[str, Crowded] = {}
        self.size = 400
        self._seqs: Counter[str] = Counter()

    async def open(self, peer: str, count: int, *, tokens: list[str], url: str) -> Crowded:
        """Start a server and let its crowd come in."""
        phones = await self.stage.agent("benchmarks.live_phones", near=False)
        if peer == "linli":
            process, address = await self.stage.linli("serve", database_url=url)
            crowded = Crowded(peer, None, process.pid, urlsplit(address).port or 0, phones)
        else:
            server = await self.stage.agent("benchmarks.live_peers", python=PEERS)
            port = (await server.ask("serve", peer=peer, redis_url=self.stage.redis_url))["port"]
            crowded = Crowded(peer, server, server.process.pid, port, phones)
        before = memory_kib(crowded.pid)
        kind = {"linli": tokens, "socketio": []}.get(peer, [])
        came = await phones.ask(
            "come", port=crowded.port, kind=peer, count=count, tokens=kind, topics=[[f"complaint:{self.topic}"]]
        )
        if came["refused"] or came["errors"] or came["ready"] != count:
            raise RuntimeError(f"{peer}: {came}")
        await asyncio.sleep(0.5)
        crowded.kib = (memory_kib(crowded.pid) - before) / count
        crowded.came_in = came["seconds"]
        self.crowded[peer] = crowded
        return crowded

    async def sample(self, peer: str) -> Figures:
        """Tell everybody something a few times."""
        crowded = self.crowded[peer]
        heard: list[Mapping[str, Any]] = []
        before = cpu_seconds(crowded.pid)
        for _ in range(MESSAGES):
            await crowded.phones.ask("expect")
            await asyncio.sleep(PAUSE_SECONDS)
            began = await self._tell(peer)
            heard.append(await crowded.phones.ask("hear", began=began))
        used = cpu_seconds(crowded.pid) - before
        if heard[-1]["missing"] or heard[-1]["doubled"] or heard[-1]["lost"]:
            raise RuntimeError(f"{peer}: {heard[-1]}")
        if peer == "linli":
            self.size = int(heard[-1]["bytes"])
        return {
            "last": statistics.median(each["last"] for each in heard),
            "p50": statistics.median(each["p50"] for each in heard),
            "cpu": used * 1e6 / MESSAGES / heard[-1]["ready"],
            "kib": crowded.kib,
            "came_in": crowded.came_in,
        }

    async def _tell(self, peer: str) -> float:
        if peer == "linli":
            seq = self.complaints.happens(self.topic)
            began = time.monotonic()
            await self.complaints.tell(self.topic, seq)
            return began
        self._seqs[peer] += 1
        text = f'{{"type":"event","topic":"complaint:{self.topic}","seq":{self._seqs[peer]},"event":'
        text += '"' + "x" * max(0, self.size - len(text) - 3) + '"}'
        if peer == "socketio":
            server = self.crowded[peer].server
            if server is None:
                raise RuntimeError(peer)
            return float((await server.ask("emit", redis_url=self.stage.redis_url, text=text))["began"])
        began = time.monotonic()
        await self.complaints.redis.publish(f"{CHANNEL}:{peer}", text)
        return began


def table(square: Square, peers: Mapping[str, str], count: int) -> Table:
    """Lay out the table."""
    return Table(
        name="live",
        title=f"One event to {count:,} open sockets of one process",
        question=(
            "Milliseconds from the publication until the last phone holds the whole message. All phones of a peer are "
            "one client process on the other core, which reads as many sockets: raw is the limit of this pair."
        ),
        columns=(
            Column("last", "last phone, ms", 0, less_is_better=True),
            Column("p50", "middle phone, ms", 0, less_is_better=True),
            Column("cpu", "server µs for each", 1, less_is_better=True),
            Column("kib", "KiB for each socket", 1, less_is_better=True),
            Column("came_in", "all connected, s", 1, less_is_better=True),
        ),
        peers=tuple(Peer(key, title, partial(square.sample, key)) for key, title in peers.items()),
        goals=(
            Goal("linli", "last", at_most=1.3),
            Goal("linli", "kib", at_most=16.0, to=None),
            Goal("socketio", "last", at_least=10.0, to="linli", words="python-socketio takes ≥ 10 × Linli"),
        ),
    )


NAMES = {
    "raw": "raw protocol",
    "linli": "Linli, with PostgreSQL and rights",
    "aiohttp": "aiohttp, send_str to each",
    "websockets": "websockets, broadcast()",
    "socketio": "python-socketio, Redis manager",
}


async def measure(
    stage: Stage, *, seconds: float, count: int = PHONES, peers: tuple[str, ...] = tuple(NAMES)
) -> list[Filled]:
    """Fill the table."""
    began = time.monotonic()
    url = await stage.database()
    place = await town.build(url, residents=count)
    complaints = Complaints(url, stage.redis_url, place_id=place.building_id)
    square = Square(stage, complaints)
    square.topic = complaints.file(place.resident_ids, owner=place.resident_ids[0])
    for peer in peers:
        await square.open(peer, count, tokens=place.tokens, url=url)
    laid_out = table(square, {peer: NAMES[peer] for peer in peers}, count)
    left = max(15.0, seconds - (time.monotonic() - began))
    try:
        return [await run(laid_out, seconds=left, rounds=7)]
    finally:
        await complaints.redis.aclose()
