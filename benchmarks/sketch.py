"""What one would write first: filing with aiohttp and asyncpg, one statement after another, without an ORM.

It does what Linli's filing does to the same tables: who asks, the key, where it is, the number, the complaint, its
first event, its character pairs, the message to the core, the job, the stored answer. It has no limits, no consents,
no languages, no description of itself, no log and no metrics. Run by `.venv-bench`, so it imports nothing of ours.
"""

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

WHO = """SELECT resident_id FROM sign_in WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > now()"""
KEY = """INSERT INTO idempotency_key (actor_key, key, request_hash, created_at) VALUES ($1, $2, $3, now())
    ON CONFLICT (actor_key, key) DO NOTHING RETURNING id"""
HOME = "SELECT place_id FROM home WHERE resident_id = $1 AND to_at IS NULL"
NUMBER = "SELECT nextval('complaint_number')"
COMPLAINT = """INSERT INTO complaint (id, number, resident_id, channel, text, place_id, confidential, anonymous, answers,
    result_days, filed_at, status, round, last_seq)
    VALUES ($1, $2, $3, 'miniprogram', $4, $5, false, false, '{}', 5, $6, 'submitted', 1, 1)"""
EVENT = """INSERT INTO complaint_event (complaint_id, seq, type, source, round, occurred_at, received_at, media, detail,
    text) VALUES ($1, 1, 'submitted', 'resident', 1, $2, $2, '[]', '{}', $3)"""
PAIRS = "INSERT INTO complaint_likeness (complaint_id, filed_at, pairs) VALUES ($1, $2, $3)"
MESSAGE = """INSERT INTO dispatch_message (id, complaint_id, kind, seq, state, attempts, created_at, next_try_at)
    VALUES ($1, $2, 'request', 1, 'waiting', 0, $3, $3)"""
JOB = """INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, args)
    VALUES ('sketch', 'sketch.push', 0, $1, $2)"""
ANSWER = "UPDATE idempotency_key SET status = 201, body = $1 WHERE id = $2"
POOL = web.AppKey("POOL", object)


async def file(request: web.Request) -> web.Response:
    """File one complaint."""
    token, key = request.headers["Authorization"].removeprefix("Bearer "), request.headers["Idempotency-Key"]
    raw = await request.read()
    text = json.loads(raw)["text"]
    if not isinstance(text, str) or not 5 <= len(text) <= 4000:
        return web.json_response({"error": "text"}, status=422)
    pool: Any = request.app[POOL]
    async with pool.acquire() as connection:
        resident_id = await connection.fetchval(WHO, hashlib.sha256(token.encode()).digest())
        if resident_id is None:
            return web.json_response({"error": "session"}, status=401)
        async with connection.transaction():
            body = await _store(connection, resident_id, key, raw, text)
    return web.json_response(body, status=201)


async def _store(connection: Any, resident_id: int, key: str, raw: bytes, text: str) -> dict[str, Any]:
    key_id = await connection.fetchval(KEY, f"resident:{resident_id}", key, hashlib.sha256(raw).digest())
    if key_id is None:
        raise web.HTTPConflict
    place_id = await connection.fetchval(HOME, resident_id)
    number = f"s{await connection.fetchval(NUMBER)}"
    now, complaint_id = datetime.now(UTC), uuid.uuid4()
    await connection.execute(COMPLAINT, complaint_id, number, resident_id, text, place_id, now)
    await connection.execute(EVENT, complaint_id, now, text)
    await connection.execute(PAIRS, complaint_id, now, sorted({text[at : at + 2] for at in range(len(text) - 1)}))
    await connection.execute(MESSAGE, uuid.uuid4(), complaint_id, now)
    await connection.execute(JOB, str(complaint_id), json.dumps({"complaint_id": str(complaint_id)}))
    body = {"id": str(complaint_id), "number": number, "text": text, "created_at": now.isoformat()}
    await connection.execute(ANSWER, json.dumps(body), key_id)
    return body


async def _pool(app: web.Application) -> Any:
    import asyncpg  # type: ignore[import-not-found] # noqa: PLC0415 - only in .venv-bench

    app[POOL] = pool = await asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=16, max_size=16)
    yield
    await pool.close()


def main() -> None:
    """Serve on the port that was named."""
    import uvloop  # noqa: PLC0415 - as above

    app = web.Application()
    app.cleanup_ctx.append(_pool)
    app.router.add_post("/api/v1/complaints", file)
    loop = uvloop.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main()
