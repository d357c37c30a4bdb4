"""Taking the core's word: stored at once and durably, applied a moment later, each update exactly once.

`take_in` stores many calls in one commit and is all that a callback waits for.
The desk then turns each stored update into one event. An update that fits no
complaint, or cannot be applied, is looked at again for a while, then parked
with an alarm.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from psycopg import OperationalError
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from community.calendar.queries import ask_version, calendar_asked_for
from community.complaints.actions import ToldOf, lock_told_of, record_progress
from community.complaints.dispatch.pictures import THE_CORE, PicturesNotYetError, fetch_pictures
from community.complaints.dispatch.protocol import CoreUpdate, body_hash
from community.complaints.dispatch_models import DispatchUpdate, UpdateState
from foundation import claims
from foundation.claims import Claims, Row
from foundation.clock import real_now
from foundation.database import Transaction, transaction
from foundation.ground import Ground
from foundation.media.actions import attach_media

log = structlog.get_logger(__name__)
TABLE = "dispatch_update"
PICTURE_TRIES = 3
"""At so many an update is shown without the pictures that cannot be had."""
MEANING = {
    "event",
    "status",
    "sequence",
    "round",
    "description",
    "public_text",
    "agency_responsible",
    "due_datetime",
}
"""What two updates of one id must agree on, besides their time; pictures and telephones are told as each way can."""
TRIES = 12
"""How often an update that fits no complaint is looked at again, with doubling waits: about half an hour."""


def _body(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = row["body"] if isinstance(row["body"], dict) else json.loads(row["body"])
    return body


def _complaint_named(row: Row) -> str:
    body = _body(row)
    return str(body.get("external_id") or body.get("service_request_id") or row["id"])


INBOX = Claims(TABLE, lease_seconds=30, batch=50, line=_complaint_named)


class Taken(StrEnum):
    """What became of one update that came in."""

    STORED = "stored"
    KNOWN = "known"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Told:
    """One update as it came, `by` callback or pull."""

    update_id: str
    body: dict[str, Any]
    by: str
    at: datetime
    """Domain time of its arrival."""


async def take_in(told: Sequence[Told]) -> list[Taken]:
    """Store what is new, in one commit; say for each what it was.

    A known id with another body is kept apart and never applied.
    """
    async with transaction() as tx:
        fresh = await _store(tx, told)
        first = await _first_of_each(tx, told) if len(fresh) < len(told) else {}
        taken = [_taken(each, fresh, first) for each in told]
        conflicting = [each for each, what in zip(told, taken, strict=True) if what is Taken.CONFLICT]
        for each in sorted(conflicting, key=_complaint_told_of):  # each locks its complaint: always in one order
            await _keep_apart(tx, each)
    return taken


def _taken(told: Told, fresh: set[str], first: dict[str, Row]) -> Taken:
    """Say what one update was, of those told in this order; of several with one fresh id the first was stored."""
    if told.update_id in fresh:
        fresh.remove(told.update_id)
        return Taken.STORED
    return Taken.CONFLICT if _differs(told, first[told.update_id]) else Taken.KNOWN


def _complaint_told_of(told: Told) -> str:
    return str(told.body.get("external_id"))


async def _first_of_each(tx: Transaction, told: Sequence[Told]) -> dict[str, Row]:
    """Give what is stored under each id; its body only where a pull is in it, as hashes do for the rest."""
    rows = await tx.query(
        "SELECT update_id, body_hash, came_by, CASE WHEN came_by = 'pull' OR %s THEN body END AS body"
        " FROM dispatch_update WHERE update_id = ANY(%s)",
        any(each.by == "pull" for each in told),
        [each.update_id for each in told],
    )
    return {row["update_id"]: row for row in rows}


async def _store(tx: Transaction, told: Sequence[Told]) -> set[str]:
    now = real_now()
    rows = await tx.query(
        """WITH arrived AS MATERIALIZED (  -- numbered as they came, which is the order they are applied in
               SELECT nextval(pg_get_serial_sequence('dispatch_update', 'id')) AS id, t.*
               FROM ROWS FROM (jsonb_to_recordset(%s) AS (u text, h text, b jsonb, c text, d timestamptz))
                   WITH ORDINALITY AS t(u, h, b, c, d, place))
           INSERT INTO dispatch_update
               (id, update_id, body_hash, body, came_by, state, received_at, domain_at, not_before, attempts)
           SELECT id, u, decode(h, 'hex'), b, c, 'waiting', %s, d, %s, 0 FROM arrived
           ORDER BY u, place  -- in one order everywhere, so that two processes never wait for one another
           ON CONFLICT (update_id) DO NOTHING RETURNING update_id""",
        Jsonb([_arrived(each) for each in told]),
        now,
        now,
    )
    return {row["update_id"] for row in rows}


def _arrived(told: Told) -> dict[str, Any]:
    return {
        "u": told.update_id,
        "h": body_hash(told.body).hex(),
        "b": told.body,
        "c": told.by,
        "d": told.at.isoformat(),
    }


def _differs(told: Told, stored: Row) -> bool:
    """Whether one id stands for two things: for callbacks in any field, where a pull is in it in what it means."""
    if body_hash(told.body) == bytes(stored["body_hash"]):
        return False
    return told.by == "callback" == stored["came_by"] or _contradict(told.body, _body(stored))


def _contradict(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both say of one thing something else; what only one of them says is none, as a pull carries less."""
    first, second = _meaning(one), _meaning(other)
    return any(first[name] != second[name] for name in first.keys() & second.keys())


def _meaning(body: dict[str, Any]) -> dict[str, object]:
    """Give what an update says, without what it leaves open; nothing of one that was emptied."""
    try:
        update = CoreUpdate.model_validate(body)
    except ValidationError:
        return {}
    told = update.model_dump(include=MEANING, exclude_defaults=True)
    told["updated_datetime"] = update.updated_datetime.replace(microsecond=0)  # lists may tell whole seconds only
    told |= {name: str(told[name]).lower() for name in ("event", "status") if name in told}
    return told


async def _keep_apart(tx: Transaction, told: Told) -> None:
    """Keep it for a person; the alarm is raised once, however often it comes."""
    kept = await tx.query(
        "INSERT INTO dispatch_conflict (update_id, body_hash, body, received_at) VALUES (%s, %s, %s::jsonb, %s)"
        " ON CONFLICT (update_id, body_hash) DO NOTHING RETURNING id",
        told.update_id,
        body_hash(told.body),
        json.dumps(told.body, ensure_ascii=True),
        real_now(),
    )
    if kept:
        log.error("dispatch_update_conflict", update_id=told.update_id)


async def is_known(update_id: str) -> bool:
    """Whether an update with this id was stored before."""
    return await DispatchUpdate.filter(update_id=update_id).exists()


async def serve_inbox(ground: Ground) -> None:
    """Apply what is stored, until cancelled."""
    await claims.serve(ground, INBOX, lambda row: _apply(ground, row))


async def clear_inbox(ground: Ground) -> int:
    """Apply what waits now, once."""
    return await claims.clear(INBOX, lambda row: _apply(ground, row))


async def _apply(ground: Ground, row: Row) -> None:
    try:
        await _turn_into_event(ground, row)
    except OperationalError:
        raise  # the database's trouble, not the update's
    except Exception as error:
        if row["attempts"] < TRIES:
            raise
        log.exception("dispatch_update_parked", update_id=row["update_id"])
        await _finish(row, UpdateState.PARKED, outcome=f"cannot be applied: {type(error).__name__}")


async def _turn_into_event(ground: Ground, row: Row) -> None:
    update = CoreUpdate.model_validate(_body(row))
    try:
        pictures = await fetch_pictures(ground, update.media_url, last_try=row["attempts"] >= PICTURE_TRIES)
    except PicturesNotYetError:
        await _look_again(row)
        return
    async with transaction() as tx:
        version = ask_version(tx)
        found = await _complaint_of(tx, update)
        if found is None:
            await _wait_or_park(row)
            return
        media = await attach_media(THE_CORE, [each.id for each in pictures], at=real_now())
        seq = await record_progress(
            found,
            replace(update.as_event(), media=media),
            at=row["domain_at"],
            calendar=await calendar_asked_for(version),
            live=ground.live,
        )
        unknown = seq and update.event_type() is None
        state = UpdateState.NOTED if unknown else UpdateState.DONE
        await _finish(row, state, outcome=f"event {seq}" if seq else "known")
    if unknown:
        log.error("dispatch_event_unknown", update_id=update.update_id, word=update.event or update.status)


async def _complaint_of(tx: Transaction, update: CoreUpdate) -> ToldOf | None:
    """Find the complaint by our own id first: the core may be quicker than our storing of its id."""
    if update.complaint_id and (found := await lock_told_of(tx, update.complaint_id, update.update_id)):
        return found
    rows = await tx.query("SELECT id FROM complaint WHERE remote_id = %s", update.service_request_id or None)
    return await lock_told_of(tx, rows[0]["id"], update.update_id) if rows else None


async def _wait_or_park(row: Row) -> None:
    if row["attempts"] >= TRIES:
        log.error("dispatch_update_parked", update_id=row["update_id"])
        await _finish(row, UpdateState.PARKED, outcome="fits no complaint")
        return
    await _look_again(row)


async def _look_again(row: Row) -> None:
    """Put a row back, with a wait that doubles."""
    wait = timedelta(seconds=2 ** (row["attempts"] - 1))
    await DispatchUpdate.filter(id=row["id"]).update(not_before=real_now() + wait, claimed_until=None)


async def _finish(row: Row, state: UpdateState, *, outcome: str) -> None:
    async with transaction() as tx:
        tx.order(
            "UPDATE dispatch_update SET state = %s, outcome = %s, claimed_until = NULL WHERE id = %s",
            state.value,
            outcome,
            row["id"],
        )


async def wake_desk(ground: Ground) -> None:
    """Tell the workers that updates wait."""
    await claims.wake(ground.redis, TABLE)
